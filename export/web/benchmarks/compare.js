/**
 * @file Compares two graph models with the same inputs and outputs; prints the
 * largest difference of each output as JSON.
 *
 *     node benchmarks/compare.js OURS OTHER
 */

import fs from 'node:fs';
import path from 'node:path';

import {io, ready, setBackend, tensor2d} from '@tensorflow/tfjs-core';
import {loadGraphModel} from '@tensorflow/tfjs-converter';
import '@tensorflow/tfjs-backend-wasm';

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
    graph: await loadGraphModel(io.fromMemory({
      modelTopology: model.modelTopology,
      weightSpecs: groups.flatMap(({weights}) => weights),
      weightData: data.buffer.slice(data.byteOffset, data.byteOffset + data.length),
      signature,
    })),
  };
}

/** Runs a model, inputs and outputs by the signature's names. */
async function run(
  /** @type {Awaited<ReturnType<typeof read>>} */ {graph, signature},
  /** @type {Record<string, import('@tensorflow/tfjs-core').Tensor>} */ inputs,
  /** @type {string[]} */ outputs,
) {
  const nodes = Object.fromEntries(
    Object.entries(inputs).map(([name, value]) => [signature.inputs[name].name, value]),
  );
  const found = graph.execute(nodes, outputs.map((name) => signature.outputs[name].name));
  return Promise.all([found].flat().map((tensor) => tensor.data()));
}

await setBackend('wasm');
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
    if (first[k].length !== second[k].length) {
      return [name, 1e9];
    }
    return [name, Math.max(...Array.from(first[k], (v, n) => Math.abs(v - second[k][n])))];
  }),
);
console.log(JSON.stringify(differences));
