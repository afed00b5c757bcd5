/**
 * @file Compares what the stock converter made with what we wrote; prints the
 * largest difference of each output as JSON, null where one cannot be run.
 *
 *     node benchmarks/compare.js OURS BROWSER [ENCODE]
 *
 * BROWSER is of the signature `browser`, whose graph is also ours; ENCODE is of
 * `encode`, which we do with steps of ours.
 */

import fs from 'node:fs';
import path from 'node:path';
import {pathToFileURL} from 'node:url';

import {io, ready, setBackend, tensor1d, tensor2d, tensor3d} from '@tensorflow/tfjs-core';
import {loadGraphModel} from '@tensorflow/tfjs-converter';
import '@tensorflow/tfjs-backend-cpu';

import {load} from '../sketch_rnn.js';
import {uniforms} from '../src/noise.js';
import {fetchFile} from '../tests/files.js';

const BATCH = 3;
const POINTS = [40, 7, 1];

/** @typedef {ArrayLike<number> | null} Values */

/** Loads a graph model from a folder. */
async function read(/** @type {string} */ folder) {
  const model = JSON.parse(fs.readFileSync(path.join(folder, 'model.json'), 'utf8'));
  const groups = /** @type {{paths: string[], weights: any[]}[]} */ (model.weightsManifest);
  const data = Buffer.concat(
    groups.flatMap(({paths}) => paths.map((one) => fs.readFileSync(path.join(folder, one)))),
  );
  const {signature} = model;
  return {
    signature,
    stock: !String(model.convertedBy).startsWith('sketch_rnn_tf'),
    graph: await loadGraphModel(io.fromMemory({
      modelTopology: model.modelTopology,
      weightSpecs: groups.flatMap(({weights}) => weights),
      weightData: data.buffer.slice(data.byteOffset, data.byteOffset + data.length),
      signature,
    })),
  };
}

/**
 * Runs a model, inputs and outputs by the names of `export.steps`.
 *
 * The stock converter loses most of them: it leaves inputs their nodes' names,
 * and calls the k-th output, in the order of their names, Identity_k.
 */
async function run(
  /** @type {Awaited<ReturnType<typeof read>>} */ {graph, stock},
  /** @type {Record<string, import('@tensorflow/tfjs-core').Tensor>} */ inputs,
  /** @type {string[]} */ outputs,
) {
  const sorted = [...outputs].sort();
  const nodeOf = (/** @type {string} */ name) => {
    const k = sorted.indexOf(name);
    return stock ? `Identity${k ? `_${k}` : ''}` : name;
  };
  return Promise.all(outputs.map(async (name) => {
    try {
      const found = graph.execute(inputs, nodeOf(name));
      return await [found].flat()[0].data();
    } catch {
      // The stock converter fuses tanh into a product, which no backend runs.
      return null;
    }
  }));
}

/** Compares the step functions, on random inputs. */
async function browserDifferences(
  /** @type {string} */ ourFolder,
  /** @type {string} */ otherFolder,
) {
  const [ours, other] = await Promise.all([ourFolder, otherFolder].map(read));
  const inputs = Object.fromEntries(
    Object.entries(ours.signature.inputs).map(([name, {tensorShape}], k) => {
      const width = Number(/** @type {any} */ (tensorShape).dim[1].size);
      const values = uniforms(k, 0, BATCH * width).map((u) => 2 * u - 1);
      return [name, tensor2d(values, [BATCH, width])];
    }),
  );
  const outputs = Object.keys(ours.signature.outputs);
  const [first, second] = await Promise.all(
    [ours, other].map((model) => run(model, inputs, outputs)),
  );
  return outputs.map((name, k) => [name, largest(first[k], second[k])]);
}

/** Compares the encodings of random sketches, in the user's units. */
async function encodeDifferences(
  /** @type {string} */ ourFolder,
  /** @type {string} */ otherFolder,
) {
  const model = await load(pathToFileURL(`${ourFolder}/`).href, {
    backend: 'cpu', fetch: fetchFile,
  });
  const sketches = POINTS.map((count, b) => {
    const u = uniforms(b, 0, 3 * count);
    return Array.from({length: count}, (_, t) => {
      const [dx, dy, lift] = u.slice(3 * t, 3 * t + 3);
      // Float32, as in TensorFlow, before either of them divides.
      const [x, y] = [100 * dx - 50, 100 * dy - 50].map(Math.fround);
      return /** @type {[number, number, number]} */ ([x, y, lift < 0.2 ? 1 : 0]);
    });
  });
  const longest = Math.max(...POINTS);
  const rows = sketches.map((sketch) => [
    ...sketch.map(([dx, dy, lift]) => [dx, dy, 1 - lift, lift, 0]),
    ...Array(longest - sketch.length).fill([0, 0, 0, 0, 1]),
  ]);
  const ours = await model.encode(sketches);
  const {graph} = await read(otherFolder);
  const found = /** @type {import('@tensorflow/tfjs-core').Tensor[]} */ (
    // In the order of their names.
    await graph.executeAsync(
      {strokes: tensor3d(rows), lengths: tensor1d(POINTS, 'int32')},
      ['Identity', 'Identity_1', 'Identity_2'],
    )
  );
  const [logVar, mu, status] = await Promise.all(found.map((one) => one.data()));
  return [
    ['encode mu', largest(ours.mu.flatMap((one) => [...one]), mu)],
    ['encode log_var', largest(ours.logVar.flatMap((one) => [...one]), logVar)],
    ['encode status', largest(POINTS.map(() => 0), status)],
  ];
}

function largest(/** @type {Values} */ a, /** @type {Values} */ b) {
  if (!a || !b || a.length !== b.length) {
    return null;
  }
  return Math.max(...Array.from(a, (value, n) => Math.abs(value - b[n])));
}

// Not wasm, which has not all that the stock converter's optimizer makes.
await setBackend('cpu');
await ready();
const [ours, browser, encode] = process.argv.slice(2);
const differences = await browserDifferences(ours, browser);
if (encode) {
  differences.push(...(await encodeDifferences(ours, encode)));
}
console.log(JSON.stringify(Object.fromEntries(differences)));
