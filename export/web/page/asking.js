/** @file What is asked of the worker, one thing at a time. */

import {linesToSketch} from '../src/strokes.js';
import {Client} from './client.js';
import {$, page, say, warn} from './state.js';

/** @typedef {import('../src/strokes.js').Line} Line */

/** Drawings at once. */
export const NINE = 9;

const client = new Client(new Worker(new URL('worker.js', document.baseURI), {type: 'module'}));

/** Returns the seed, the temperature and, if there are any, the word. */
export function settings() {
  const seed = Number($('seed').value);
  if (!Number.isInteger(seed) || seed < 0 || seed > 2 ** 31 - 1 - NINE) {
    throw new Error('Seed: expected a whole number from 0 to 2147483638.');
  }
  // Of a class-conditioned model one is always chosen, at first the first.
  const word = $('word').value || undefined;
  return {seed, temperature: Number($('temperature').value), word};
}

/** Returns the drawing as the model reads it. */
export function sketchOf(/** @type {Line[]} */ lines) {
  const {max_len: longest} = /** @type {any} */ (page.config);
  // Room for an ending, in the longest drawings too.
  return linesToSketch(lines, {maxLen: Math.max(1, Math.floor(0.8 * longest))});
}

/** Asks the worker, after whatever it does now; says what goes wrong. */
export async function ask(
  /** @type {string} */ method,
  /** @type {object} */ args,
  /** @type {(event: any) => void} */ on = () => {},
) {
  page.asked?.abort();
  const asked = client.ask(method, args, (event) => {
    if (page.asked === asked) {
      on(event);
    }
  });
  page.asked = asked;
  try {
    const result = await asked.done;
    return page.asked === asked ? result : null;
  } finally {
    if (page.asked === asked) {
      page.asked = null;
    }
  }
}

/** Runs what a button does; nothing that it throws breaks the page. */
export async function act(/** @type {() => unknown} */ action) {
  warn('');
  try {
    await action();
  } catch (error) {
    const {code, message} = /** @type {any} */ (error);
    if (code !== 'aborted') {
      warn(message);
      say('');
    }
  }
}
