/**
 * @file Weight files of sketch-rnn-js, the published models' format.
 *
 * A file is the JSON list [info, shapes, weights]: the arrays are base64 of
 * int16, little-endian, row by row, where 32767 stands for 10, in the
 * reference implementation's order of variables.
 */

import {tensor} from '@tensorflow/tfjs-core';

import {SketchRnnError} from './errors.js';
import {fetchJson} from './loading.js';
import {lstmSteps} from './lstm_steps.js';
import {paramsSize} from './mixture.js';

const NUM_MIXTURES = 20;
const RANGE = 10;
const LARGEST = 32767;
const GEN_ARRAYS = 5;
const VAE_ARRAYS = 17;
const FIRST_UNSQUASHED = 6;

/**
 * Reads a weight file.
 *
 * @param {string} url
 * @param {import('./loading.js').LoadOptions} options
 * @returns {Promise<{config: import('./loading.js').BrowserConfig,
 *   steps: import('./graph_steps.js').Steps}>}
 * @throws {SketchRnnError} not_found, bad_config, bad_weights or aborted.
 */
export async function readSketchRnnJs(url, options) {
  const content = await fetchJson(url, options);
  if (
    !Array.isArray(content) || content.length !== 3 ||
    typeof content[0] !== 'object' || !content[0] ||
    !Array.isArray(content[1]) || !Array.isArray(content[2])
  ) {
    throw new SketchRnnError(
      'bad_config', `${url}: expected [info, shapes, weights]`,
    );
  }
  const [info, shapes, encoded] = content;
  const conditional = info.mode !== 2 && info.mode !== 'gen';
  const wanted = conditional ? VAE_ARRAYS : GEN_ARRAYS;
  if (shapes.length !== wanted || encoded.length !== wanted) {
    throw new SketchRnnError(
      'bad_config',
      `${url}: expected ${wanted} weights for mode ` +
        `${JSON.stringify(info.mode)}, got ${encoded.length}`,
    );
  }
  const arrays = encoded.map((/** @type {any} */ text, /** @type {number} */ k) =>
    decoded(text, shapes[k], `${url}: weights[${k}]`),
  );
  const config = configuration(url, info, shapes, conditional);
  // Of the ranks that `configuration` has checked.
  /** @type {any[]} */
  const tensors = arrays.map(
    (/** @type {Float32Array} */ values, /** @type {number} */ k) =>
      tensor(values, shapes[k]),
  );
  options.onProgress?.(1);
  const cell = (/** @type {any[]} */ [kernel, recurrentKernel, bias]) =>
    ({kernel, recurrentKernel, bias});
  const [outputKernel, outputBias] = tensors.slice(-GEN_ARRAYS);
  const decoder = {cell: cell(tensors.slice(-3)), outputKernel, outputBias};
  let encoder = null;
  if (conditional) {
    const [muKernel, muBias, logVarKernel, logVarBias, initialKernel, initialBias] =
      tensors.slice(6);
    encoder = {
      forward: cell(tensors),
      backward: cell(tensors.slice(3)),
      muKernel, muBias, logVarKernel, logVarBias, initialKernel, initialBias,
    };
  }
  const squashZ = conditional && (info.version ?? 1) < FIRST_UNSQUASHED;
  return {config, steps: lstmSteps(encoder, decoder, {squashZ})};
}

/**
 * Reads what the model is, and checks that the shapes fit.
 *
 * @param {string} url
 * @param {any} info
 * @param {number[][]} shapes
 * @param {boolean} conditional
 * @returns {import('./loading.js').BrowserConfig}
 */
function configuration(url, info, shapes, conditional) {
  const refuse = (/** @type {string} */ what) => {
    throw new SketchRnnError('bad_config', `${url}: ${what}`);
  };
  const same = (/** @type {number} */ k, /** @type {number[]} */ shape) => {
    if (JSON.stringify(shapes[k]) !== JSON.stringify(shape)) {
      refuse(`shapes[${k}]: expected ${JSON.stringify(shape)}, got ` +
        JSON.stringify(shapes[k]));
    }
  };
  const last = shapes.length;
  const size = shapes[last - 2][0];
  const zSize = conditional ? shapes[6]?.[1] : 0;
  const encoderSize = conditional ? shapes[1][0] : 0;
  const width = paramsSize(NUM_MIXTURES);
  same(last - 5, [size, width]);
  same(last - 4, [width]);
  const recurrent = (
    /** @type {number} */ first,
    /** @type {number} */ inputs,
    /** @type {number} */ n,
  ) => {
    same(first, [inputs, 4 * n]);
    same(first + 1, [n, 4 * n]);
    same(first + 2, [4 * n]);
  };
  recurrent(last - 3, 5 + zSize, size);
  if (conditional) {
    recurrent(0, 5, encoderSize);
    recurrent(3, 5, encoderSize);
    same(6, [2 * encoderSize, zSize]);
    same(7, [zSize]);
    same(8, [2 * encoderSize, zSize]);
    same(9, [zSize]);
    same(10, [zSize, 2 * size]);
    same(11, [2 * size]);
  }
  const maxLen = wholeOf(info.max_seq_len ?? 250);
  const scale = info.scale_factor ?? 1;
  // The library starts from zeros, not from S_0.
  const start = info.start_point ?? [0, 0, 0, 0, 0];
  if (!(maxLen >= 1 && maxLen < 1e5)) {
    refuse(`max_seq_len: expected 1 or more, got ${JSON.stringify(info.max_seq_len)}`);
  }
  if (!(Number.isFinite(scale) && scale > 0)) {
    refuse(`scale_factor: expected above 0, got ${JSON.stringify(scale)}`);
  }
  // Older files have none.
  const version = info.version ?? 1;
  if (!(Number.isFinite(version) && version >= 0)) {
    refuse(`version: expected 0 or more, got ${JSON.stringify(info.version)}`);
  }
  if (!Array.isArray(start) || start.length !== 5 || !start.every(Number.isFinite)) {
    refuse('start_point: expected 5 numbers');
  }
  return {
    name: typeof info.name === 'string' ? info.name : '',
    words: [],
    conditional,
    decoder_cell: 'lstm',
    decoder_size: size,
    z_size: zSize,
    num_mixtures: NUM_MIXTURES,
    max_len: maxLen,
    scale_factor: scale,
    start_point: start,
    compatibility: 'sketch_rnn_js',
    encoder_states: Array(conditional ? 4 : 0).fill(encoderSize),
    encoder_outputs: conditional ? [1, 3] : [],
    decoder_states: [size, size],
    weight_bytes: 0,
  };
}

/** Rounds a number down; NaN of what is none. */
function wholeOf(/** @type {unknown} */ value) {
  return typeof value === 'number' ? Math.floor(value) : NaN;
}

/**
 * @param {string} text
 * @param {number[]} shape
 * @param {string} where
 */
function decoded(text, shape, where) {
  const good =
    Array.isArray(shape) && (shape.length === 1 || shape.length === 2) &&
    shape.every((n) => Number.isInteger(n) && n > 0);
  if (!good) {
    throw new SketchRnnError(
      'bad_config', `${where}: shape: expected one or two whole numbers`,
    );
  }
  let bytes;
  try {
    bytes = Uint8Array.from(atob(text), (c) => c.charCodeAt(0));
  } catch {
    throw new SketchRnnError('bad_weights', `${where}: expected base64`);
  }
  const count = shape.reduce((a, b) => a * b, 1);
  if (bytes.length !== 2 * count) {
    throw new SketchRnnError(
      'bad_weights',
      `${where}: expected ${2 * count} bytes, got ${bytes.length}`,
    );
  }
  const view = new DataView(bytes.buffer);
  return Float32Array.from(
    {length: count},
    (_, k) => view.getInt16(2 * k, true) * (RANGE / LARGEST),
  );
}
