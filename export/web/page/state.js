/** @file What the page holds, and what it says. */

/** @typedef {import('../src/strokes.js').Line} Line */

export const page = {
  /** @type {Line[]} */ lines: [],
  /** @type {Line[][]} */ past: [],
  /** @type {Line[]} The ending that is shown. */ ghost: [],
  /** @type {import('../src/loading.js').BrowserConfig | null} */ config: null,
  model: '',
  /** What a link asks for. @type {string | undefined} */ word: undefined,
  /** @type {Line[][]} */ slots: [],
  /** @type {import('./client.js').Answer | null} */ asked: null,
};

/** @returns {any} */
export const $ = (/** @type {string} */ id) => document.getElementById(id);

/** Says what happens, to readers of the screen as well. */
export function say(/** @type {string} */ text) {
  $('status').textContent = text;
}

/** Says what went wrong; nothing takes it back. */
export function warn(/** @type {string} */ text) {
  $('alert').textContent = text;
  $('alert').hidden = !text;
}
