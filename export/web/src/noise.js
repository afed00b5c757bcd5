/**
 * @file The random numbers of drawings, bit by bit those of TensorFlow.
 *
 * The generator is Philox4x32-10 (Salmon et al., 2011).  A drawing's uniforms
 * are those of `tf.random.stateless_uniform(shape, [seed, stream], alg="philox")`:
 * the key and the counter's upper half are the first block of a fixed key at the
 * counter (seed, stream).
 */

import {badInput} from './errors.js';

const SCRAMBLE_KEY = [0x3ec8f720, 0x02461e29];
const ROUNDS = 10;

/** The streams of a drawing's random numbers. */
export const POINTS = 0;
export const PRIOR = 1;

/** The largest seed: int32, as in TensorFlow. */
export const MAX_SEED = 2 ** 31 - 1;

/**
 * @param {number} seed
 * @returns {number} The seed, if it is one.
 */
export function checkedSeed(seed) {
  if (!Number.isInteger(seed) || seed < 0 || seed > MAX_SEED) {
    badInput(`seed: expected a whole number from 0 to ${MAX_SEED}, got ${seed}`);
  }
  return seed;
}

/**
 * Draws uniforms.
 *
 * @param {number} seed From 0 to MAX_SEED.
 * @param {number} stream `POINTS` or `PRIOR`.
 * @param {number} count How many.
 * @returns {Float32Array} In [0, 1); the first ones do not depend on `count`.
 */
export function uniforms(seed, stream, count) {
  const mixed = new Uint32Array([checkedSeed(seed), 0, stream, 0]);
  philox(SCRAMBLE_KEY[0], SCRAMBLE_KEY[1], mixed);
  const blocks = Math.ceil(count / 4);
  const bits = new Uint32Array(4 * blocks);
  const block = new Uint32Array(4);
  for (let b = 0; b < blocks; b++) {
    block.set([b, 0, mixed[2], mixed[3]]);
    philox(mixed[0], mixed[1], block);
    bits.set(block, 4 * b);
  }
  for (let k = 0; k < bits.length; k++) {
    // The mantissa of a number from 1 to 2.
    bits[k] = (bits[k] & 0x7fffff) | 0x3f800000;
  }
  const found = new Float32Array(bits.buffer, 0, count);
  for (let k = 0; k < count; k++) {
    found[k] -= 1;
  }
  return found;
}

/**
 * Makes two independent standard normals of two uniforms (Box-Muller).
 *
 * @param {number} u2 In [0, 1).
 * @param {number} u3 In [0, 1).
 * @returns {[number, number]}
 */
export function boxMuller(u2, u3) {
  const radius = Math.sqrt(-2 * Math.log1p(-u2));
  const angle = 2 * Math.PI * u3;
  return [radius * Math.cos(angle), radius * Math.sin(angle)];
}

/**
 * Draws z from N(0, I).
 *
 * @param {number} seed
 * @param {number} size N_z.
 * @returns {Float32Array} [N_z].
 */
export function prior(seed, size) {
  const pairs = Math.ceil(size / 2);
  const u = uniforms(seed, PRIOR, 2 * pairs);
  const z = new Float32Array(2 * pairs);
  for (let k = 0; k < pairs; k++) {
    z.set(boxMuller(u[2 * k], u[2 * k + 1]), 2 * k);
  }
  return z.slice(0, size);
}

/**
 * Ten rounds of Philox, in place.
 *
 * @param {number} key0
 * @param {number} key1
 * @param {Uint32Array} counter [4].
 */
function philox(key0, key1, counter) {
  let [a, b, c, d] = counter;
  for (let turn = 0; turn < ROUNDS; turn++) {
    if (turn) {
      key0 = (key0 + 0x9e3779b9) >>> 0;
      key1 = (key1 + 0xbb67ae85) >>> 0;
    }
    const leftHigh = high(a, 0xd2511f53);
    const rightHigh = high(c, 0xcd9e8d57);
    const left = Math.imul(a, 0xd2511f53) >>> 0;
    const right = Math.imul(c, 0xcd9e8d57) >>> 0;
    a = (rightHigh ^ b ^ key0) >>> 0;
    b = right;
    c = (leftHigh ^ d ^ key1) >>> 0;
    d = left;
  }
  counter[0] = a;
  counter[1] = b;
  counter[2] = c;
  counter[3] = d;
}

/** Returns the upper 32 bits of a product of two uint32. */
function high(/** @type {number} */ x, /** @type {number} */ y) {
  const [x0, x1] = [x & 0xffff, x >>> 16];
  const [y0, y1] = [y & 0xffff, y >>> 16];
  // Below 2 ** 53 each, so that nothing is rounded.
  const low = x0 * y0;
  const middle = x1 * y0 + Math.floor(low / 0x10000);
  const carried = x0 * y1 + (middle % 0x10000);
  return x1 * y1 + Math.floor(middle / 0x10000) + Math.floor(carried / 0x10000);
}
