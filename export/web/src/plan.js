/**
 * @file Runs parts of a graph as straight lists of kernels.
 *
 * `GraphModel.execute` looks up, checks and tidies at every node: at a batch of
 * one it takes a quarter of an LSTM's step. Here all of that is done once.
 */

import {engine} from '@tensorflow/tfjs-core';

/** @typedef {import('@tensorflow/tfjs-core').Tensor} Tensor */

/**
 * @typedef {object} GraphNode As `model.json` writes it.
 * @property {string} name
 * @property {string} op
 * @property {string[]} [input]
 * @property {Record<string, any>} [attr]
 */

/** @typedef {(inputs: Tensor[]) => Tensor[]} Run */

/**
 * Kernels by operation: from a node, and the values of its inputs that are
 * numbers, to a function of its inputs that are tensors.
 *
 * @type {Record<string, (node: GraphNode, numbers: (k: number) => number[]) => Run>}
 */
const OPERATIONS = {
  MatMul: ({attr}) => product(attr?.transpose_a?.b, attr?.transpose_b?.b),
  BatchMatMulV2: ({attr}) => product(attr?.adj_x?.b, attr?.adj_y?.b),
  AddV2: () => ([a, b]) => run('Add', {a, b}),
  Sub: () => ([a, b]) => run('Sub', {a, b}),
  Mul: () => ([a, b]) => run('Multiply', {a, b}),
  Sigmoid: () => ([x]) => run('Sigmoid', {x}),
  Tanh: () => ([x]) => run('Tanh', {x}),
  Square: () => ([x]) => run('Square', {x}),
  Rsqrt: () => ([x]) => run('Rsqrt', {x}),
  Mean: ({attr}, numbers) => {
    const attributes = {axis: numbers(1), keepDims: Boolean(attr?.keep_dims?.b)};
    return ([x]) => run('Mean', {x}, attributes);
  },
  Reshape: (_, numbers) => {
    const attributes = {shape: numbers(1)};
    return ([x]) => run('Reshape', {x}, attributes);
  },
  Transpose: (_, numbers) => {
    const attributes = {perm: numbers(1)};
    return ([x]) => run('Transpose', {x}, attributes);
  },
  ConcatV2: ({input = []}, numbers) => {
    const attributes = {axis: numbers(input.length - 1)[0]};
    return (inputs) => {
      const {rank} = inputs[0];
      const axis = (attributes.axis + rank) % rank;
      return run('Concat', inputs.slice(0, -1), {axis});
    };
  },
  Split: ({attr}, numbers) => {
    const [axis] = numbers(0);
    const count = Number(attr?.num_split?.i);
    return ([, x]) =>
      run('SplitV', {x}, {numOrSizeSplits: count, axis: (axis + x.rank) % x.rank});
  },
  StridedSlice: ({attr}, numbers) => {
    const mask = (/** @type {string} */ name) => Number(attr?.[name]?.i ?? 0);
    const attributes = {
      begin: numbers(1), end: numbers(2), strides: numbers(3),
      beginMask: mask('begin_mask'), endMask: mask('end_mask'),
      ellipsisMask: mask('ellipsis_mask'), newAxisMask: mask('new_axis_mask'),
      shrinkAxisMask: mask('shrink_axis_mask'),
    };
    return ([x]) => run('StridedSlice', {x}, attributes);
  },
};

/**
 * Makes a function that computes outputs of a graph.
 *
 * @param {GraphNode[]} nodes The graph's.
 * @param {Record<string, Tensor[]>} weights Its constants, by name.
 * @param {string[]} outputs Names of nodes.
 * @returns {((inputs: Record<string, Tensor>) => Tensor[]) | null} Its results
 *   are the caller's to dispose, and none of the inputs; null if there is an
 *   operation that is not known here.
 */
export function plan(nodes, weights, outputs) {
  const byName = new Map(nodes.map((node) => [node.name, node]));
  /** @type {{run: Run, name: string, inputs: string[]}[]} */
  const lines = [];
  const known = new Set();
  /** Adds what a node needs, then the node; false if that cannot be. */
  const visit = (/** @type {string} */ name) => {
    if (known.has(name)) {
      return true;
    }
    known.add(name);
    const node = byName.get(name);
    if (!node || node.op === 'Const' || node.op === 'Placeholder') {
      return Boolean(node);
    }
    const inputs = node.input ?? [];
    if (!inputs.every((input) => visit(input.split(':')[0]))) {
      return false;
    }
    if (node.op === 'Identity') {
      return true;
    }
    const make = OPERATIONS[node.op];
    if (!make) {
      return false;
    }
    const numbers = (/** @type {number} */ k) =>
      Array.from(weights[inputs[k]][0].dataSync());
    lines.push({run: make(node, numbers), name, inputs: inputs.map(source)});
    return true;
  };
  /**
   * Names the tensor that an input is: less Identities, with its number.
   *
   * @type {(input: string) => string}
   */
  const source = (input) => {
    const [name, number = '0'] = input.split(':');
    const node = byName.get(name);
    return node?.op === 'Identity' ? source((node.input ?? [])[0]) : `${name}:${number}`;
  };
  if (!outputs.every(visit)) {
    return null;
  }
  const wanted = outputs.map(source);
  const made = new Set(lines.map(({name}) => name));
  if (!wanted.every((name) => made.has(name.split(':')[0]))) {
    return null;
  }
  // Those of other parts of the graph would be copied at every step.
  const read = new Set(lines.flatMap(({inputs}) => inputs));
  const constants = Object.entries(weights)
    .map(([name, [tensor]]) => /** @type {[string, Tensor]} */ ([`${name}:0`, tensor]))
    .filter(([name]) => read.has(name));
  const kept = new Set(wanted);
  return (inputs) => {
    const values = new Map(constants);
    for (const name in inputs) {
      values.set(`${name}:0`, inputs[name]);
    }
    /** @type {Tensor[]} */
    const dropped = [];
    for (const line of lines) {
      const found = line.run(
        line.inputs.map((name) => /** @type {Tensor} */ (values.get(name))),
      );
      for (let k = 0; k < found.length; k++) {
        const name = `${line.name}:${k}`;
        values.set(name, found[k]);
        if (!kept.has(name)) {
          dropped.push(found[k]);
        }
      }
    }
    dropped.forEach((tensor) => tensor.dispose());
    return wanted.map((name) => /** @type {Tensor} */ (values.get(name)));
  };
}

/** @returns {Run} */
function product(transposeA = false, transposeB = false) {
  const attributes = {transposeA, transposeB};
  return ([a, b]) => run('BatchMatMul', {a, b}, attributes);
}

/** @returns {Tensor[]} */
function run(
  /** @type {string} */ kernel,
  /** @type {any} */ inputs,
  /** @type {any} */ attributes = {},
) {
  const found = /** @type {Tensor | Tensor[]} */ (
    /** @type {unknown} */ (engine().runKernel(kernel, inputs, attributes))
  );
  return Array.isArray(found) ? found : [found];
}
