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
 * @property {string | string[]} [word] For a class-conditioned model: what to
 *   draw, or one a drawing. `generate` goes round the model's words if not given.
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

/**
 * Returns the labels of drawings: indices of the model's words.
 *
 * @param {string | string[] | undefined} word
 * @param {number} count Drawings.
 * @param {import('./loading.js').BrowserConfig} config
 * @param {boolean} [inTurn] Whether they go round the words if none is given.
 * @returns {number[] | null} null of a model that is not class-conditioned.
 */
export function labelsOf(word, count, {class_size: size, words}, inTurn = false) {
  if (!size) {
    if (word !== undefined) {
      badInput('word: expected none, as the model is not class-conditioned');
    }
    return null;
  }
  if (word === undefined && !inTurn) {
    badInput(`word: expected one of ${words.join(', ')}, got none`);
  }
  if (Array.isArray(word) && word.length !== count) {
    badInput(`word: expected one or ${count}, got ${word.length}`);
  }
  return Array.from({length: count}, (_, b) => {
    const asked = Array.isArray(word) ? word[b] : (word ?? words[b % words.length]);
    const label = words.indexOf(asked);
    if (label < 0) {
      badInput(`word: expected one of ${words.join(', ')}, got ${JSON.stringify(asked)}`);
    }
    return label;
  });
}
