/**
 * @file The next point, as the decoder predicts it: a mixture of M bivariate
 * normals and three pen states (Eqs. 3 to 9, Ha & Eck, 2017).
 *
 * The decoder's output y is laid out in blocks: [pen logits 3 | mixture logits
 * M | mu_x M | mu_y M | log sigma_x M | log sigma_y M | atanh rho M].
 */

import {boxMuller} from './noise.js';

// Larger ones of log sigma and atanh rho are not what training gives.
const BOUND = 10;

/** Numbers that parametrise a point of M components: 6 M + 3 (Eq. 6). */
export function paramsSize(/** @type {number} */ numMixtures) {
  return 6 * numMixtures + 3;
}

/**
 * @typedef {object} Temperatures What divides the logits, what multiplies the
 *   variances, and whether the likeliest is taken.
 * @property {number} logits
 * @property {number} variance
 * @property {boolean} likeliest Component and pen state.
 * @property {boolean} mean The component's mean, without noise.
 */

/**
 * Reads a temperature as a model does (Eq. 9).
 *
 * @param {number} tau 0 is greedy.
 * @param {number | undefined} softmax Divides the logits in place of tau.
 * @param {string} compatibility Of the model's configuration.
 * @returns {Temperatures}
 */
export function temperatures(tau, softmax, compatibility) {
  const mean = tau <= 0;
  const known = mean ? 1 : tau;
  let [logits, variance] = [known, known];
  if (compatibility === 'magenta') {
    // The reference implementation scales sigma, not its square, by tau.
    variance = known * known;
  } else if (compatibility === 'sketch_rnn_js') {
    logits = 0.5 + 0.5 * known;
  }
  let likeliest = mean;
  if (softmax !== undefined) {
    likeliest = softmax === 0;
    logits = likeliest ? logits : softmax;
  }
  return {logits, variance, likeliest, mean};
}

/**
 * Draws the next point.
 *
 * @param {ArrayLike<number>} y Many drawings' outputs.
 * @param {number} offset Where this one's begins in `y`.
 * @param {number} numMixtures M.
 * @param {ArrayLike<number>} u Uniforms.
 * @param {number} at Where this point's four begin in `u`.
 * @param {Temperatures} heat
 * @returns {[number, number, number]} dx and dy in scale_factor units, and the
 *   pen state: 0 draws on, 1 lifts the pen, 2 ends the drawing.
 */
export function samplePoint(y, offset, numMixtures, u, at, heat) {
  const m = numMixtures;
  const pen = pick(y, offset, 3, u[at + 1], heat);
  const k = pick(y, offset + 3, m, u[at], heat);
  const first = offset + 3 + m + k;
  const [x, yMean] = [y[first], y[first + m]];
  if (heat.mean) {
    return [x, yMean, pen];
  }
  const halfLog = 0.5 * Math.log(heat.variance);
  const sigmaX = Math.exp(bounded(y[first + 2 * m] + halfLog));
  const sigmaY = Math.exp(bounded(y[first + 3 * m] + halfLog));
  const r = bounded(y[first + 4 * m]);
  const [n1, n2] = boxMuller(u[at + 2], u[at + 3]);
  // sqrt(1 - tanh(r) ** 2), which cancels where it is small.
  const mixed = Math.tanh(r) * n1 + n2 / Math.cosh(r);
  return [x + sigmaX * n1, yMean + sigmaY * mixed, pen];
}

/**
 * @typedef {object} Component One bivariate normal of a mixture.
 * @property {number} weight
 * @property {number} muX
 * @property {number} muY
 * @property {number} sigmaX
 * @property {number} sigmaY
 * @property {number} rho
 */

/**
 * @typedef {object} Density Where the next point may fall.
 * @property {Component[]} components Offsets in data units.
 * @property {[number, number, number]} pen Probabilities of drawing on, lifting
 *   the pen and ending.
 */

/**
 * Reads the decoder's output as a density.
 *
 * @param {ArrayLike<number>} y [6 M + 3].
 * @param {number} numMixtures M.
 * @param {Temperatures} heat
 * @param {number} scale scale_factor.
 * @returns {Density}
 */
export function density(y, numMixtures, heat, scale) {
  const m = numMixtures;
  const weights = softmax(y, 3, m, heat.logits);
  const pen = softmax(y, 0, 3, heat.logits);
  const halfLog = 0.5 * Math.log(heat.variance);
  const components = Array.from(weights, (weight, k) => {
    const at = 3 + m + k;
    return {
      weight,
      muX: y[at] * scale,
      muY: y[at + m] * scale,
      sigmaX: Math.exp(bounded(y[at + 2 * m] + halfLog)) * scale,
      sigmaY: Math.exp(bounded(y[at + 3 * m] + halfLog)) * scale,
      rho: Math.tanh(bounded(y[at + 4 * m])),
    };
  });
  return {components, pen: [pen[0], pen[1], pen[2]]};
}

/** Picks an index by inverse CDF in index order, or the likeliest one. */
function pick(
  /** @type {ArrayLike<number>} */ y,
  /** @type {number} */ first,
  /** @type {number} */ count,
  /** @type {number} */ u,
  /** @type {Temperatures} */ heat,
) {
  if (heat.likeliest) {
    let best = 0;
    for (let k = 1; k < count; k++) {
      best = y[first + k] > y[first + best] ? k : best;
    }
    return best;
  }
  const weights = softmax(y, first, count, heat.logits);
  // In float32 as there, where the sums decide.
  let sum = 0;
  for (let k = 0; k < count; k++) {
    sum = Math.fround(sum + weights[k]);
    if (sum > u) {
      return k;
    }
  }
  return count - 1;
}

function softmax(
  /** @type {ArrayLike<number>} */ y,
  /** @type {number} */ first,
  /** @type {number} */ count,
  /** @type {number} */ temperature,
) {
  let largest = -Infinity;
  for (let k = 0; k < count; k++) {
    largest = Math.max(largest, y[first + k]);
  }
  const weights = new Float32Array(count);
  let total = 0;
  for (let k = 0; k < count; k++) {
    weights[k] = Math.exp((y[first + k] - largest) / temperature);
    total += weights[k];
  }
  for (let k = 0; k < count; k++) {
    weights[k] /= total;
  }
  return weights;
}

function bounded(/** @type {number} */ value) {
  return Math.min(BOUND, Math.max(-BOUND, value));
}
