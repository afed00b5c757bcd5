/** @file Ways between latent vectors. */

import {badInput} from './errors.js';

const ALIGNED = 1e-12;

/**
 * Interpolates on the arc: the direction turns evenly, the norm is linear.
 *
 * Opposite vectors turn by way of the axis that the first has least of, zero
 * takes the other's direction, and both ends are exact.
 *
 * @param {ArrayLike<number>} a [N_z].
 * @param {ArrayLike<number>} b [N_z].
 * @param {number} t From 0 to 1.
 * @returns {Float32Array} [N_z].
 */
export function slerp(a, b, t) {
  if (a.length !== b.length) {
    badInput(`z: expected two of one size, got ${a.length} and ${b.length}`);
  }
  if (!(t >= 0 && t <= 1)) {
    badInput(`t: expected 0 to 1, got ${t}`);
  }
  if (t === 0 || t === 1) {
    return Float32Array.from(t ? b : a);
  }
  let [from, normA] = polar(a);
  let [to, normB] = polar(b);
  from = normA ? from : to;
  to = normB ? to : from;
  const cosine = dot(from, to);
  let [across, sine] = polar(to.map((value, k) => value - cosine * from[k]));
  if (sine < ALIGNED) {
    sine = 0;
    across = perpendicular(from);
  }
  const angle = t * Math.atan2(sine, cosine);
  const norm = (1 - t) * normA + t * normB;
  return Float32Array.from(
    from,
    (value, k) =>
      norm * (Math.cos(angle) * value + Math.sin(angle) * across[k]),
  );
}

/**
 * Interpolates between two vectors, or four at the corners of a grid.
 *
 * @param {ArrayLike<number>[]} zs Two, or four: top left, top right, bottom
 *   left, bottom right.
 * @param {number} steps How many in each direction, both ends among them.
 * @returns {Float32Array[]} `steps`, or `steps` squared row by row.
 */
export function between(zs, steps) {
  if (!Array.isArray(zs) || (zs.length !== 2 && zs.length !== 4)) {
    badInput(`interpolate: expected 2 or 4 of z, got ${zs?.length}`);
  }
  if (!Number.isInteger(steps) || steps < 2) {
    badInput(`steps: expected 2 or more, got ${steps}`);
  }
  const row = (/** @type {ArrayLike<number>} */ a, /** @type {ArrayLike<number>} */ b) =>
    Array.from({length: steps}, (_, k) => slerp(a, b, k / (steps - 1)));
  if (zs.length === 2) {
    return row(zs[0], zs[1]);
  }
  const left = row(zs[0], zs[2]);
  const right = row(zs[1], zs[3]);
  return left.flatMap((z, k) => row(z, right[k]));
}

/** Returns the unit vector, zero for zero, and the norm. */
function polar(/** @type {ArrayLike<number>} */ vector) {
  const values = Float64Array.from(vector);
  const norm = Math.sqrt(dot(values, values));
  return /** @type {[Float64Array, number]} */ ([
    norm ? values.map((value) => value / norm) : values,
    norm,
  ]);
}

/** Returns the unit vector across, towards the axis that there is least of. */
function perpendicular(/** @type {Float64Array} */ unit) {
  let axis = 0;
  unit.forEach((value, k) => {
    axis = Math.abs(value) < Math.abs(unit[axis]) ? k : axis;
  });
  const along = unit[axis];
  return polar(unit.map((value, k) => (k === axis ? 1 : 0) - along * value))[0];
}

function dot(/** @type {Float64Array} */ a, /** @type {Float64Array} */ b) {
  return a.reduce((sum, value, k) => sum + value * b[k], 0);
}
