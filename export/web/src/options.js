/** @file What a drawing is asked for with. */

import {badInput} from './errors.js';
import {MAX_SEED, checkedSeed} from './noise.js';

/**
 * @typedef {object} DrawOptions
 * @property {number} [seed] Of the first drawing; the k-th has this plus k.
 *   0 if neither this nor `seeds` is given.
 * @property {number[]} [seeds] One a drawing.
 * @property {number} [temperature] tau >= 0; 0 is greedy. 0.5 if not given.
 * @property {number} [softmaxTemperature] Divides the logits in place of tau.
 * @property {number} [maxLen] Points at most, given ones included; N_max if
 *   not given, and at most.
 * @property {ArrayLike<number>[]} [z] For `complete`: one a drawing, in place
 *   of the encodings' means.
 * @property {AbortSignal} [signal] Ends the drawing with an error.
 * @property {(points: import('./strokes.js').Sketch[], step: number) => void}
 *   [onPoints] Called now and then with each drawing's new points.
 */

/**
 * @typedef {object} Settings Checked options.
 * @property {number[]} seeds
 * @property {number} temperature
 * @property {number | undefined} softmaxTemperature
 * @property {number} maxLen
 * @property {AbortSignal | undefined} signal
 * @property {DrawOptions['onPoints']} onPoints
 */

/**
 * @param {DrawOptions} options
 * @param {number} count Drawings.
 * @param {number} longest N_max.
 * @returns {Settings}
 */
export function settings(options, count, longest) {
  const {seed = 0, temperature = 0.5, softmaxTemperature, maxLen = longest} = options;
  let seeds = options.seeds;
  if (seeds === undefined) {
    checkedSeed(seed);
    checkedSeed(seed + Math.max(0, count - 1));
    seeds = Array.from({length: count}, (_, k) => seed + k);
  }
  if (!Array.isArray(seeds) || seeds.length !== count) {
    badInput(`seeds: expected ${count} of at most ${MAX_SEED}, got ${seeds?.length}`);
  }
  seeds.forEach(checkedSeed);
  if (!(temperature >= 0 && Number.isFinite(temperature))) {
    badInput(`temperature: expected 0 or more, got ${temperature}`);
  }
  if (
    softmaxTemperature !== undefined &&
    !(softmaxTemperature >= 0 && Number.isFinite(softmaxTemperature))
  ) {
    badInput(`softmaxTemperature: expected 0 or more, got ${softmaxTemperature}`);
  }
  if (!Number.isInteger(maxLen) || maxLen < 1 || maxLen > longest) {
    badInput(`maxLen: expected 1 to ${longest}, got ${maxLen}`);
  }
  const {signal, onPoints} = options;
  return {seeds, temperature, softmaxTemperature, maxLen, signal, onPoints};
}
