/** @file Bad input, and what needs no model of TensorFlow's. */

import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import test from 'node:test';
import {pathToFileURL} from 'node:url';

import {memory} from '@tensorflow/tfjs-core';

import {
  SketchRnnError, linesToSketch, load, prior, simplify, sketchToLines, slerp,
} from '../sketch_rnn.js';
import {samplePoint, temperatures} from '../src/mixture.js';
import {fetchFile} from './files.js';

const folder = process.env.SKETCH_RNN_EXPORTS;
const skip = folder ? false : 'needs $SKETCH_RNN_EXPORTS';
const name = 'lstm_conditional';

/** Throws unless a call throws a typed error of one line. */
async function refused(
  /** @type {() => unknown} */ call,
  /** @type {string} */ code,
  /** @type {RegExp} */ message,
) {
  await assert.rejects(async () => call(), (error) => {
    assert.ok(error instanceof SketchRnnError, String(error));
    assert.equal(error.code, code);
    assert.match(error.message, message);
    assert.ok(!error.message.includes('\n'));
    return true;
  });
}

/** Serves an export with some files changed. */
function changed(/** @type {Record<string, (bytes: Buffer) => any>} */ changes) {
  return async (/** @type {string} */ url) => {
    const file = path.basename(new URL(url).pathname);
    const response = await fetchFile(url);
    const change = changes[file];
    if (!change) {
      return response;
    }
    return new Response(change(Buffer.from(await response.arrayBuffer())));
  };
}

const url = (of = name) => pathToFileURL(path.join(folder ?? '', of)).href;

test('files that are missing or damaged', {skip}, async () => {
  const json = (/** @type {(value: any) => void} */ edit) =>
    (/** @type {Buffer} */ bytes) => {
      const value = JSON.parse(bytes.toString());
      edit(value);
      return JSON.stringify(value);
    };
  await refused(
    () => load(`${url()}_none`, {fetch: fetchFile}), 'not_found', /config\.json.*404/,
  );
  const shard = fs.readdirSync(path.join(folder ?? '', name)).find((f) => f.endsWith('.bin')) ?? '';
  /** @type {[Record<string, any>, string, RegExp][]} */
  const cases = [
    [{[shard]: (/** @type {Buffer} */ b) => b.subarray(0, 1000)}, 'bad_weights', /got 1000/],
    [{[shard]: (/** @type {Buffer} */ b) => Buffer.concat([b, b])}, 'bad_weights', /bytes of weights/],
    [{'config.json': () => '{'}, 'bad_config', /config\.json: expected JSON/],
    [{'config.json': () => '{}'}, 'bad_config', /sketch-rnn export tfjs/],
    [{'config.json': json((c) => (c.format_version = 99))}, 'bad_version', /got 99/],
    [{'config.json': json((c) => (c.max_len = -1))}, 'bad_config', /max_len/],
    [{'config.json': json((c) => (c.scale_factor = 0))}, 'bad_config', /scale_factor/],
    // No number, nor text that can be made of it.
    [{'config.json': json((c) => (c.scale_factor = '5'))}, 'bad_config', /scale_factor/],
    [{'config.json': json((c) => (c.scale_factor = {toString: 1}))}, 'bad_config', /scale_factor/],
    [{'model.json': () => '[]'}, 'bad_config', /graph model/],
    [{'model.json': json((m) => (m.weightsManifest[0].paths = ['../../x']))}, 'bad_config', /shards/],
  ];
  for (const [changes, code, message] of cases) {
    await refused(() => load(url(), {fetch: changed(changes)}), code, message);
  }
  // It goes on working.
  const model = await load(url(), {fetch: fetchFile});
  assert.equal((await model.generate(1, {maxLen: 3})).sketches.length, 1);
});

test('weight files of sketch-rnn-js that are damaged', async () => {
  const serve = (/** @type {unknown} */ value) => async () => new Response(JSON.stringify(value));
  const zeros = (/** @type {number} */ count) => Buffer.alloc(2 * count).toString('base64');
  const shapes = [[4, 123], [123], [5, 16], [4, 16], [16]];
  const weights = shapes.map((s) => zeros(s.reduce((a, b) => a * b, 1)));
  const info = {mode: 2, version: 6, max_seq_len: 20, scale_factor: 10};
  const at = (/** @type {any} */ content) => () => load('x.json', {fetch: serve(content)});
  await refused(at({}), 'bad_config', /info, shapes, weights/);
  await refused(at([info, shapes, weights.slice(1)]), 'bad_config', /expected 5/);
  await refused(
    at([info, shapes, weights.with(1, 'AAAA')]), 'bad_weights', /expected 246 bytes, got 3/,
  );
  await refused(at([info, shapes, weights.with(1, '%')]), 'bad_weights', /base64/);
  await refused(
    at([info, shapes.with(2, [6, 16]), weights.with(2, zeros(96))]), 'bad_config', /shapes\[2\]/,
  );
  await refused(at([{...info, scale_factor: 0}, shapes, weights]), 'bad_config', /scale_factor/);
  // No number, nor text that can be made of it.
  const odd = {toString: 1, valueOf: 1};
  for (const key of ['scale_factor', 'max_seq_len', 'version']) {
    for (const value of [odd, 'two\nlines', '\u001b[31m', '20', []]) {
      await refused(at([{...info, [key]: value}, shapes, weights]), 'bad_config', new RegExp(key));
    }
  }
  const unnamed = await load('x.json', {fetch: serve([{...info, name: odd}, shapes, weights])});
  assert.equal(unnamed.config.name, '');
  unnamed.dispose();
  const model = await load('x.json', {fetch: serve([info, shapes, weights])});
  assert.equal(model.conditional, false);
  const {lengths} = await model.generate(20, {temperature: 1});
  assert.ok(Math.max(...lengths) > 0);
});

test('a message is one printable line of some length', async () => {
  for (const text of ['{"a":\n}', '[1,\u0000]', '{"a": \u001b[31m}', '\u2028{']) {
    const error = await load('x.json', {fetch: async () => new Response(text)}).catch((e) => e);
    assert.equal(error.code, 'bad_config');
    assert.match(error.message, /^x\.json: expected JSON, got [^\p{C}\p{Zl}\p{Zp}]+$/u);
  }
  const long = new SketchRnnError('bad_input', 'x'.repeat(10_000));
  assert.ok(long.message.length < 600);
});

test('what a configuration says is not allocated before it is there', {skip}, async () => {
  const large = (/** @type {Buffer} */ bytes) =>
    JSON.stringify({...JSON.parse(bytes.toString()), weight_bytes: 2 ** 31 - 1});
  const before = process.memoryUsage().arrayBuffers;
  let most = 0;
  const options = {
    fetch: changed({'config.json': large}),
    onProgress: () => (most = Math.max(most, process.memoryUsage().arrayBuffers)),
  };
  await refused(() => load(url(), options), 'bad_weights', /expected 2147483647 bytes/);
  assert.ok(most - before < 2 ** 28, `${most - before} bytes`);
});

test('an export whose parts do not fit is refused when it is loaded', {skip}, async () => {
  await (await load(url(), {fetch: fetchFile})).dispose();
  const {numTensors} = memory();
  const edit = (/** @type {(value: any) => void} */ change) =>
    (/** @type {Buffer} */ bytes) => {
      const value = JSON.parse(bytes.toString());
      change(value);
      return JSON.stringify(value);
    };
  const node = (/** @type {any} */ m, /** @type {string} */ name) =>
    m.modelTopology.node.find((/** @type {any} */ n) => n.name === name);
  /** @type {[Record<string, any>, RegExp][]} */
  const cases = [
    [{'config.json': edit((c) => (c.num_mixtures += 1))}, /parameters: expected/],
    [{'config.json': edit((c) => (c.decoder_states[0] += 1))}, /./],
    [{'model.json': edit((m) => (node(m, 'params').name = 'other'))}, /params/],
    [{'model.json': edit((m) => (m.weightsManifest[0].weights[0].shape = [1]))}, /./],
  ];
  for (const [changes, message] of cases) {
    await refused(() => load(url(), {fetch: changed(changes)}), 'bad_weights', message);
    assert.equal(memory().numTensors, numTensors);
  }
});

test('bad input', {skip}, async () => {
  const model = await load(url(), {fetch: fetchFile});
  const dot = /** @type {[number, number, number][]} */ ([[0, 0, 1]]);
  const many = Array.from({length: 10_000}, () => dot[0]);
  const bad = /** @type {[() => unknown, RegExp][]} */ ([
    [() => model.complete([]), /one or more/],
    [() => model.complete([many]), /at most \d+ points, got 10000/],
    [() => model.complete([[[0, NaN, 0]]]), /sketch 0: point 0/],
    [() => model.complete([[[0, 0, 2]]]), /point 0/],
    [() => model.complete([dot], {maxLen: 1}), /fewer than 1 points/],
    [() => model.complete([dot], {temperature: -1}), /temperature/],
    [() => model.complete([dot], {softmaxTemperature: NaN}), /softmaxTemperature/],
    [() => model.complete([dot], {seed: 0.5}), /seed/],
    [() => model.complete([dot], {seed: 2 ** 31}), /seed/],
    [() => model.complete([dot], {seeds: [1, 2]}), /seeds/],
    [() => model.complete([dot], {maxLen: 10_000}), /maxLen/],
    [() => model.generate(0), /count/],
    [() => model.decode([[1, 2]]), /z 0/],
    [() => model.decode([]), /one or more/],
    [() => model.interpolate([new Float32Array(model.zSize)], 3), /2 or 4/],
    [() => load(''), /URL/],
  ]);
  for (const [call, message] of bad) {
    await refused(call, 'bad_input', message);
  }
  await refused(
    () => load(url(), {backend: /** @type {any} */ ('gpu')}), 'no_backend', /gpu/,
  );
  // An empty drawing, and a stroke of one point, are drawings.
  const {sketches, prefixLengths} = await model.complete([[], dot]);
  assert.deepEqual(prefixLengths, [0, 1]);
  assert.deepEqual(sketches[1][0], dot[0]);
});

test('nothing stays in memory, and a drawing may be aborted', {skip}, async () => {
  const model = await load(url(), {fetch: fetchFile});
  const call = () => model.complete([[[1, 2, 0]], [[3, 4, 1]]], {seed: 3});
  await call();
  const {numTensors} = memory();
  await call();
  await model.density([[1, 2, 0]]);
  const stop = new AbortController();
  let told = 0;
  await refused(
    () => model.generate(2, {
      signal: stop.signal,
      onPoints: () => {
        told += 1;
        stop.abort();
      },
    }),
    'aborted', /aborted/,
  );
  assert.equal(told, 1);
  assert.equal(memory().numTensors, numTensors);
});

test('onPoints tells every point once', {skip}, async () => {
  const model = await load(url(), {fetch: fetchFile});
  /** @type {number[][][]} */
  const told = [[], []];
  const {sketches} = await model.generate(2, {
    seed: 4,
    onPoints: (points) => points.forEach((rows, b) => told[b].push(...rows)),
  });
  assert.deepEqual(told, sketches);
});

test('density adds up, and softmax temperature sharpens it', {skip}, async () => {
  const model = await load(url(), {fetch: fetchFile});
  const sketch = /** @type {[number, number, number][]} */ ([[5, 5, 0], [9, -3, 1]]);
  const {components, pen} = await model.density(sketch);
  const sum = (/** @type {number[]} */ values) => values.reduce((a, b) => a + b, 0);
  assert.ok(Math.abs(sum(components.map((c) => c.weight)) - 1) < 1e-5);
  assert.ok(Math.abs(sum(pen) - 1) < 1e-5);
  const sharp = await model.density(sketch, {softmaxTemperature: 0.1});
  const heaviest = (/** @type {{weight: number}[]} */ all) =>
    Math.max(...all.map((c) => c.weight));
  assert.ok(heaviest(sharp.components) > heaviest(components));
});

test('a word is what is drawn', {skip}, async () => {
  const classes = url('lstm_class_conditional');
  const model = await load(classes, {fetch: fetchFile});
  assert.deepEqual(model.words, ['cat', 'pig']);
  const drawn = async (/** @type {string | string[] | undefined} */ word) =>
    (await model.generate(2, {seeds: [3, 3], maxLen: 20, word})).sketches;
  const [cat, pig] = await drawn(undefined);
  assert.notDeepEqual(cat, pig);
  assert.deepEqual(await drawn('pig'), [pig, pig]);
  assert.deepEqual(await drawn(['pig', 'cat']), [pig, cat]);
  const dot = /** @type {[number, number, number][]} */ ([[0, 0, 1]]);
  const {numTensors} = memory();
  await refused(() => model.complete([dot]), 'bad_input', /word: expected one of cat, pig, got none/);
  await refused(() => model.generate(1, {word: 'dog'}), 'bad_input', /cat, pig, got "dog"/);
  await refused(() => model.generate(2, {word: ['cat']}), 'bad_input', /one or 2, got 1/);
  const sure = await model.density(dot, {word: 'cat'});
  assert.notDeepEqual(sure, await model.density(dot, {word: 'pig'}));
  assert.equal(memory().numTensors, numTensors);
  const plain = await load(url(), {fetch: fetchFile});
  await refused(() => plain.generate(1, {word: 'cat'}), 'bad_input', /not class-conditioned/);
});

test('interpolation ends at its ends', {skip}, async () => {
  const model = await load(url(), {fetch: fetchFile});
  const zs = [1, 2, 3, 4].map((seed) => prior(seed, model.zSize));
  const row = await model.interpolate(zs.slice(0, 2), 3, {maxLen: 5});
  assert.deepEqual(row.zs[0], zs[0]);
  assert.deepEqual(row.zs[2], zs[1]);
  const grid = await model.interpolate(zs, 3, {maxLen: 5});
  assert.equal(grid.zs.length, 9);
  assert.deepEqual([0, 2, 6, 8].map((k) => grid.zs[k]), zs);
  assert.deepEqual(slerp([1, 0], [-1, 0], 0.5).map(Math.abs).map(Math.round), new Float32Array([0, 1]));
});

test('greedy drawings take means, whatever the noise', () => {
  const y = Float32Array.from([0, 3, 1, 0, 1, 7, 8, 5, 6, 0, 0, 0, 0, 0, 0]);
  const heat = temperatures(0, undefined, 'none');
  assert.deepEqual(samplePoint(y, 0, 2, [0.1, 0.1, 0.9, 0.9], 0, heat), [8, 6, 1]);
});

test('lines become sketches, and lines again', () => {
  const lines = /** @type {[number, number][][]} */ ([
    [[10, 10], [20, 10], [30, 10], [30, 40]], [], [[5, 5]],
  ]);
  const {sketch, origin} = linesToSketch(lines);
  assert.deepEqual(origin, [10, 10]);
  assert.deepEqual(sketch, [[0, 0, 0], [20, 0, 0], [0, 30, 1], [-25, -35, 1]]);
  assert.deepEqual(sketchToLines(sketch, origin), [
    [[10, 10], [30, 10], [30, 40]], [[5, 5]],
  ]);
  assert.deepEqual(linesToSketch([]), {sketch: [], origin: [0, 0]});
});

test('ten thousand points are made to fit', async () => {
  const line = Array.from({length: 10_000}, (_, k) =>
    /** @type {[number, number]} */ ([k / 40, (k / 150) * Math.sin(k / 50)]),
  );
  const {sketch} = linesToSketch([line], {maxLen: 40});
  assert.ok(sketch.length > 2 && sketch.length <= 40);
  const dots = line.map((point) => [point]);
  await refused(() => linesToSketch(dots, {maxLen: 40}), 'bad_input', /10000 strokes/);
  await refused(() => linesToSketch([[[0, NaN]]]), 'bad_input', /line 0/);
  await refused(() => linesToSketch(/** @type {any} */ ('x')), 'bad_input', /lists/);
  assert.deepEqual(simplify([[0, 0]]), [[0, 0]]);
});
