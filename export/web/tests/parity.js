/**
 * @file How far a model's numbers are from TensorFlow's, in Node and in pages.
 */

import {tensor2d} from '@tensorflow/tfjs-core';

import {load} from '../sketch_rnn.js';
import {loadExport} from '../src/loading.js';

/**
 * @typedef {object} Expected What TensorFlow gave.
 * @property {import('../sketch_rnn.js').Sketch[]} sketches
 * @property {number[][]} [mu]
 * @property {number[][]} [log_var]
 * @property {number[][]} points float [B, 5], a step's input.
 * @property {number[][]} [z]
 * @property {number[][]} params Its output.
 * @property {{seed: number, temperature: number, word?: string[]}} settings
 * @property {number[]} [labels] Of the words, if it is class-conditioned.
 * @property {import('../sketch_rnn.js').Sketch[]} sampled
 * @property {import('../sketch_rnn.js').Sketch[]} completed Of the first halves.
 */

/**
 * Compares a model with what TensorFlow gave.
 *
 * @param {string} url The export's directory.
 * @param {Expected} expected
 * @param {import('../sketch_rnn.js').LoadOptions} options
 * @returns {Promise<Record<string, number>>} The largest differences: of mu,
 *   log_var and params, of drawings' offsets in scale_factor units; `pens`
 *   counts drawings that differ in a pen state or in length.
 */
export async function differences(url, expected, options) {
  const model = await load(url, options);
  /** @type {Record<string, number>} */
  const found = {pens: 0};
  if (model.conditional) {
    const {mu, logVar} = await model.encode(expected.sketches);
    found.mu = largest(mu, expected.mu ?? []);
    found.log_var = largest(logVar, expected.log_var ?? []);
  }
  const {steps} = await loadExport(url, options);
  const z = expected.z ? tensor2d(expected.z) : null;
  const places = steps.start(z, expected.points.length, expected.labels);
  const next = steps.decode(
    tensor2d(expected.points), places.condition, places.state,
  );
  const params = /** @type {number[][]} */ (await next.params.array());
  found.params = largest(params, expected.params);
  const scale = model.config.scale_factor;
  const sampled = await model.generate(expected.sampled.length, expected.settings);
  const halves = expected.sketches.map((rows) =>
    rows.slice(0, Math.floor(rows.length / 2)),
  );
  const completed = await model.complete(halves, expected.settings);
  for (const [name, drawn, wanted] of /** @type {const} */ ([
    ['sampled', sampled.sketches, expected.sampled],
    ['completed', completed.sketches, expected.completed],
  ])) {
    found[name] = 0;
    drawn.forEach((rows, b) => {
      const pens = rows.map((row) => row[2]).join('');
      if (pens !== wanted[b].map((row) => row[2]).join('')) {
        found.pens += 1;
        return;
      }
      found[name] = Math.max(found[name], largest(rows, wanted[b]) / scale);
    });
  }
  model.dispose();
  steps.dispose();
  return found;
}

/** Returns the largest difference of two lists of rows. */
function largest(
  /** @type {ArrayLike<number>[]} */ rows,
  /** @type {ArrayLike<number>[]} */ wanted,
) {
  if (rows.length !== wanted.length) {
    return Infinity;
  }
  let most = 0;
  rows.forEach((row, k) => {
    for (let n = 0; n < Math.max(row.length, wanted[k].length); n++) {
      const away = Math.abs(row[n] - wanted[k][n]);
      most = Number.isNaN(away) ? Infinity : Math.max(most, away);
    }
  });
  return most;
}
