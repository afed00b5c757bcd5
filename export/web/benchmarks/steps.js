/** @file How many steps a second: this library and plain typed arrays, in turn. */

import {load} from '../sketch_rnn.js';
import {draw, randomWeights} from './plain.js';

/**
 * Measures, in the page that calls it.
 *
 * @param {{url: string, wasmPath: string, backend: 'wasm' | 'webgl',
 *   rounds: number, batches: number[]}} settings The model's drawings do not end.
 * @returns {Promise<{plain: number[], library: Record<string, number[]>}>}
 *   Sketch-steps a second, of each round.
 */
export async function measure({url, wasmPath, backend, rounds, batches}) {
  const model = await load(url, {backend, wasmPath});
  const {decoder_size: size, num_mixtures: m} = model.config;
  const weights = randomWeights(size, m);
  const library = /** @type {Record<string, number[]>} */ (
    Object.fromEntries(batches.map((batch) => [batch, []]))
  );
  const plain = [];
  for (let round = -1; round < rounds; round++) {
    for (const batch of batches) {
      const from = performance.now();
      const {lengths} = await model.generate(batch, {seed: 1, temperature: 0.4});
      const rate = lengths.reduce((a, b) => a + b, 0) / (performance.now() - from);
      // The first round compiles.
      if (round >= 0) {
        library[batch].push(1000 * rate);
      }
    }
    const from = performance.now();
    draw(weights, model.maxLen, 1);
    if (round >= 0) {
      plain.push((1000 * model.maxLen) / (performance.now() - from));
    }
  }
  return {plain, library};
}

Object.assign(globalThis, {measure});
