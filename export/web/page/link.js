/** @file A drawing and its settings as the hash of a link, and back. */

import {simplify} from '../src/strokes.js';

/**
 * @typedef {object} Linked
 * @property {import('../src/strokes.js').Line[]} lines
 * @property {string} [model]
 * @property {number} [temperature]
 * @property {number} [seed]
 * @property {string} [word] Of a class-conditioned model.
 */

// A coordinate is two digits of base 36: halves of a unit from -150 on.
const SHIFT = 150;
const LAST = 36 ** 2 - 1;
const MOST = 20_000;

/**
 * @param {Linked} state
 * @returns {string} Without the #.
 */
export function toHash({lines, model, temperature, seed, word}) {
  const drawn = lines
    .map((line) => simplify(line, 0.5).flat().map(digits).join(''))
    .join('-');
  const parts = new URLSearchParams({
    d: drawn, m: model ?? '', t: String(temperature), s: String(seed),
  });
  if (word) {
    parts.set('w', word);
  }
  return parts.toString();
}

/**
 * Reads a hash; what is not right in it is an error.
 *
 * @param {string} hash Without the #.
 * @returns {Linked | null} null of an empty one.
 */
export function fromHash(hash) {
  if (!hash) {
    return null;
  }
  const parts = new URLSearchParams(hash);
  const drawn = parts.get('d') ?? '';
  if (drawn.length > MOST || !/^(([0-9a-z]{4})+(-([0-9a-z]{4})+)*)?$/.test(drawn)) {
    throw new Error('the link holds no drawing that can be read');
  }
  const lines = (drawn ? drawn.split('-') : []).map((text) =>
    Array.from({length: text.length / 4}, (_, k) =>
      /** @type {[number, number]} */ ([
        coordinate(text.slice(4 * k, 4 * k + 2)),
        coordinate(text.slice(4 * k + 2, 4 * k + 4)),
      ]),
    ),
  );
  const temperature = Number(parts.get('t') ?? 0.3);
  const seed = Number(parts.get('s') ?? 1);
  if (!(temperature >= 0 && temperature <= 2)) {
    throw new Error('the link holds no temperature that can be read');
  }
  if (!Number.isInteger(seed) || seed < 0 || seed > 2 ** 31 - 1) {
    throw new Error('the link holds no seed that can be read');
  }
  const [model, word] = ['m', 'w'].map((name) => parts.get(name) ?? undefined);
  return {lines, temperature, seed, model, word};
}

function digits(/** @type {number} */ value) {
  const whole = Math.round(2 * (value + SHIFT));
  return Math.min(LAST, Math.max(0, whole)).toString(36).padStart(2, '0');
}

function coordinate(/** @type {string} */ text) {
  return parseInt(text, 36) / 2 - SHIFT;
}
