/**
 * @file The same LSTM step in plain typed arrays: what one would write without
 * a library, with four rows of the kernel at a time, so that it is a fair one.
 */

import {samplePoint, temperatures} from '../src/mixture.js';
import {uniforms} from '../src/noise.js';
import {writePoint} from '../src/strokes.js';

/**
 * @typedef {object} Weights Row by row.
 * @property {number} size n.
 * @property {number} numMixtures M.
 * @property {Float32Array} kernel [5, 4 n].
 * @property {Float32Array} recurrentKernel [n, 4 n].
 * @property {Float32Array} bias [4 n].
 * @property {Float32Array} outputKernel [n, 6 M + 3].
 * @property {Float32Array} outputBias [6 M + 3].
 */

/**
 * Makes weights.
 *
 * @param {number} size
 * @param {number} numMixtures
 * @returns {Weights}
 */
export function randomWeights(size, numMixtures) {
  const width = 6 * numMixtures + 3;
  const random = (/** @type {number} */ count) =>
    Float32Array.from(uniforms(1, 0, count), (u) => 0.1 * (u - 0.5));
  return {
    size, numMixtures,
    kernel: random(5 * 4 * size), recurrentKernel: random(size * 4 * size),
    bias: random(4 * size), outputKernel: random(size * width),
    outputBias: random(width),
  };
}

/**
 * Draws one drawing of so many points.
 *
 * @param {Weights} weights
 * @param {number} count
 * @param {number} seed
 * @returns {Float32Array} The last point.
 */
export function draw(weights, count, seed) {
  const {size: n, numMixtures} = weights;
  const width = 6 * numMixtures + 3;
  const gates = new Float32Array(4 * n);
  const y = new Float32Array(width);
  const c = new Float32Array(n);
  const h = new Float32Array(n);
  const point = Float32Array.of(0, 0, 1, 0, 0);
  const u = uniforms(seed, 0, 4 * count);
  const heat = temperatures(0.4, undefined, 'none');
  for (let t = 0; t < count; t++) {
    gates.set(weights.bias);
    addProduct(gates, point, weights.kernel);
    addProduct(gates, h, weights.recurrentKernel);
    for (let k = 0; k < n; k++) {
      const next =
        c[k] * sigmoid(gates[2 * n + k] + 1) +
        sigmoid(gates[k]) * Math.tanh(gates[n + k]);
      c[k] = next;
      h[k] = Math.tanh(next) * sigmoid(gates[3 * n + k]);
    }
    y.set(weights.outputBias);
    addProduct(y, h, weights.outputKernel);
    const [dx, dy, pen] = samplePoint(y, 0, numMixtures, u, 4 * t, heat);
    writePoint(point, 0, dx, dy, pen % 2);
  }
  return point;
}

/** Adds x @ kernel to `sums`. */
function addProduct(
  /** @type {Float32Array} */ sums,
  /** @type {Float32Array} */ x,
  /** @type {Float32Array} */ kernel,
) {
  const width = sums.length;
  let row = 0;
  for (; row + 4 <= x.length; row += 4) {
    const [a, b, c, d] = [x[row], x[row + 1], x[row + 2], x[row + 3]];
    const first = row * width;
    for (let k = 0; k < width; k++) {
      const at = first + k;
      sums[k] +=
        a * kernel[at] + b * kernel[at + width] + c * kernel[at + 2 * width] +
        d * kernel[at + 3 * width];
    }
  }
  for (; row < x.length; row++) {
    for (let k = 0; k < width; k++) {
      sums[k] += x[row] * kernel[row * width + k];
    }
  }
}

function sigmoid(/** @type {number} */ value) {
  return 1 / (1 + Math.exp(-value));
}
