/**
 * @file Compares two graph models with the same inputs and outputs; prints the
 * largest difference of each output as JSON, null where one cannot be run.
 *
 *     node benchmarks/compare.js OURS OTHER
 */

import fs from 'node:fs';
import path from 'node:path';

import {io, ready, setBackend, tensor2d} from '@tensorflow/tfjs-core';
import {loadGraphModel} from '@tensorflow/tfjs-converter';
import '@tensorflow/tfjs-backend-cpu';

import {uniforms} from '../src/noise.js';

const BATCH = 3;

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

// Not wasm, which has not all that the stock converter's optimizer makes.
await setBackend('cpu');
await ready();
const [ours, other] = await Promise.all(process.argv.slice(2, 4).map(read));
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
const differences = Object.fromEntries(
  outputs.map((name, k) => {
    const [a, b] = [first[k], second[k]];
    if (!a || !b || a.length !== b.length) {
      return [name, null];
    }
    return [name, Math.max(...Array.from(a, (value, n) => Math.abs(value - b[n])))];
  }),
);
console.log(JSON.stringify(differences));
