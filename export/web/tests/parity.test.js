/**
 * @file The numbers of TensorFlow, in Node; $SKETCH_RNN_EXPORTS holds exports
 * and what TensorFlow gave for them (tests/test_web.py writes it).
 */

import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import test from 'node:test';
import {pathToFileURL} from 'node:url';

import {io, memory, ready, setBackend, tensor2d} from '@tensorflow/tfjs-core';
import {loadGraphModel} from '@tensorflow/tfjs-converter';

import {load} from '../sketch_rnn.js';
import {boxMuller, prior, uniforms} from '../src/noise.js';
import {slerp} from '../src/latent.js';
import {plan} from '../src/plan.js';
import {simplify} from '../src/strokes.js';
import {fetchFile} from './files.js';
import {differences} from './parity.js';

const folder = process.env.SKETCH_RNN_EXPORTS;
const skip = folder ? false : 'needs $SKETCH_RNN_EXPORTS';
const read = (/** @type {string} */ name) =>
  JSON.parse(fs.readFileSync(path.join(folder ?? '', name), 'utf8'));
const urlOf = (/** @type {string} */ name) =>
  pathToFileURL(path.join(folder ?? '', name)).href;

/** Gives TensorFlow.js an export's files. */
function ioOf(/** @type {string} */ name) {
  const {modelTopology, weightsManifest, signature} = read(`${name}/model.json`);
  const bytes = Buffer.concat(
    weightsManifest[0].paths.map((/** @type {string} */ one) =>
      fs.readFileSync(path.join(folder ?? '', name, one)),
    ),
  );
  return io.fromMemory({
    modelTopology, signature, weightSpecs: weightsManifest[0].weights,
    weightData: bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length),
  });
}

for (const backend of /** @type {const} */ (['wasm', 'cpu'])) {
  test(`models draw what TensorFlow draws: ${backend}`, {skip}, async (t) => {
    for (const [name, expected] of /** @type {[string, import('./parity.js').Expected][]} */ (
      Object.entries(read('expected.json'))
    )) {
      await t.test(name, async () => {
        const found = await differences(urlOf(name), expected, {
          backend, fetch: fetchFile,
        });
        t.diagnostic(`${backend} ${name} ${JSON.stringify(found)}`);
        for (const key of ['mu', 'log_var', 'params']) {
          assert.ok(!(found[key] > 1e-5), `${key}: ${found[key]}`);
        }
        assert.equal(found.pens, 0);
        assert.ok(found.sampled < 1e-3 && found.completed < 1e-3);
        assert.ok(
          Math.max(...expected.sampled.map((rows) => rows.length)) >= 100,
        );
      });
    }
  });
}

test('uniforms are bit by bit those of TensorFlow', {skip}, () => {
  for (const {seed, stream, values} of read('noise.json').uniforms) {
    assert.deepEqual(Array.from(uniforms(seed, stream, values.length)), values);
  }
});

test('z from the prior is that of TensorFlow', {skip}, () => {
  for (const {seed, z} of read('noise.json').priors) {
    const drawn = prior(seed, z.length);
    z.forEach((/** @type {number} */ value, /** @type {number} */ k) =>
      assert.ok(Math.abs(drawn[k] - value) < 1e-5),
    );
  }
});

test('the arc is that of sketch_rnn_tf', {skip}, () => {
  for (const {a, b, t, z} of read('arcs.json')) {
    const found = slerp(a, b, t);
    z.forEach((/** @type {number} */ value, /** @type {number} */ k) =>
      assert.ok(Math.abs(found[k] - value) < 1e-5),
    );
  }
});

test('lines are simplified as sketch_rnn_tf does', {skip}, () => {
  for (const {line, epsilon, kept} of read('lines.json')) {
    assert.deepEqual(simplify(line, epsilon), kept);
  }
});

test('a batch draws what its drawings draw alone', {skip}, async () => {
  const [name] = Object.keys(read('expected.json'));
  const model = await load(urlOf(name), {fetch: fetchFile});
  const together = await model.generate(5, {seed: 7, maxLen: 30});
  for (let k = 0; k < 5; k++) {
    const alone = await model.generate(1, {seed: 7 + k, maxLen: 30});
    assert.equal(alone.lengths[0], together.lengths[k]);
    alone.sketches[0].forEach((row, n) =>
      row.forEach((value, c) =>
        assert.ok(Math.abs(value - together.sketches[k][n][c]) < 1e-3),
      ),
    );
  }
});

test('plans compute what the graph does, and leave nothing behind', {skip}, async () => {
  for (const backend of ['wasm', 'cpu']) {
    await setBackend(backend);
    await ready();
    for (const name of Object.keys(read('expected.json'))) {
      const {modelTopology: {node}, signature} = read(`${name}/model.json`);
      const graph = await loadGraphModel(ioOf(name));
      for (const part of ['encoder_next_state', 'decoder_next_state']) {
        const outputs = Object.keys(signature.outputs).filter(
          (one) => one.startsWith(part) || (one === 'params' && part === 'decoder_next_state'),
        );
        if (!outputs.length) {
          continue;
        }
        const compute = plan(node, graph.weights, outputs);
        assert.ok(compute, `${name}: ${part}`);
        const inputs = Object.fromEntries(
          Object.entries(signature.inputs).map(([one, {tensorShape}], k) => {
            const width = Number(tensorShape.dim[1].size);
            return [one, tensor2d(uniforms(k, 0, 3 * width), [3, width])];
          }),
        );
        const before = memory().numTensors;
        const found = compute(inputs);
        assert.equal(memory().numTensors, before + outputs.length);
        const expected = /** @type {import('@tensorflow/tfjs-core').Tensor[]} */ (
          [graph.execute(inputs, outputs)].flat()
        );
        found.forEach((tensor, k) => {
          assert.deepEqual(tensor.shape, expected[k].shape);
          assert.deepEqual(tensor.dataSync(), expected[k].dataSync());
        });
      }
      graph.dispose();
    }
  }
});

test('a graph with an operation that is unknown has no plan', () => {
  const nodes = [
    {name: 'x', op: 'Placeholder'}, {name: 'a', op: 'Tanh', input: ['x']},
    {name: 'b', op: 'Erf', input: ['a']},
  ];
  assert.ok(plan(nodes, {}, ['a']));
  assert.equal(plan(nodes, {}, ['b']), null);
});

test('weights as uint16 keep the pen states for many steps', {skip}, async () => {
  const {name, sampled, settings} = read('quantized.json');
  const model = await load(urlOf(name), {fetch: fetchFile});
  const {sketches} = await model.generate(sampled.length, settings);
  sketches.forEach((rows, b) => {
    const scale = model.config.scale_factor;
    for (let k = 0; k < 10; k++) {
      assert.equal(rows[k][2], sampled[b][k][2]);
      assert.ok(Math.abs(rows[k][0] - sampled[b][k][0]) / scale < 2e-2);
    }
  });
});

test('boxMuller takes 0', () => {
  assert.deepEqual(boxMuller(0, 0).map(Math.abs), [0, 0]);
});
