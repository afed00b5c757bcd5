/** @file The models that the page offers. */

import {act, ask} from './asking.js';
import {$, page, say} from './state.js';

/**
 * @typedef {object} Told
 * @property {() => void} onChange A model has come or gone.
 * @property {() => unknown} onLoaded A model has come.
 */

async function loadModel(
  /** @type {{name: string, path: string}} */ entry,
  /** @type {Told} */ told,
) {
  page.config = null;
  told.onChange();
  $('progress').hidden = false;
  $('progress').value = 0;
  say(`Loading ${entry.name}.`);
  const base = document.baseURI.split(/[?#]/)[0];
  try {
    const loaded = await ask(
      'load',
      {
        url: new URL(entry.path, base).href,
        wasmPath: new URL('.', base).href,
        backend: new URLSearchParams(location.search).get('backend') ?? 'auto',
      },
      ({progress}) => ($('progress').value = progress),
    );
    if (!loaded) {
      return;
    }
    page.config = loaded.config;
    page.model = entry.name;
    const {conditional, words, class_size: size} = loaded.config;
    $('word').replaceChildren(
      ...(size ? words : []).map((/** @type {string} */ word) => new Option(word, word)),
    );
    $('word-picker').hidden = !size;
    chooseWord(page.word);
    for (const part of document.querySelectorAll('[data-encoder]')) {
      /** @type {HTMLElement} */ (part).hidden = !conditional;
    }
    $('no-encoder').hidden = conditional;
    say(words.length ? `Ready. It knows ${words.join(', ')}.` : 'Ready.');
  } finally {
    $('progress').hidden = true;
    told.onChange();
  }
  await told.onLoaded();
}

/** Chooses a word, if the model knows it; the one that is chosen stays else. */
export function chooseWord(/** @type {string | undefined} */ word) {
  const picker = $('word');
  if ([...picker.options].some((one) => one.value === word)) {
    picker.value = word;
  }
}

/**
 * Fills the list of models, and loads one of them.
 *
 * @param {string | undefined} wanted Its name; the first one if it is not there.
 * @param {Told} told
 */
export async function offer(wanted, told) {
  const response = await fetch('models/models.json').catch(() => null);
  const entries = response?.ok ? await response.json().catch(() => null) : null;
  const good =
    Array.isArray(entries) && entries.length &&
    entries.every((e) => typeof e?.name === 'string' && /^\w[\w./-]*$/.test(e?.path));
  if (!good) {
    throw new Error(
      'models/models.json: expected a list of models; write one with ' +
        '`sketch-rnn export tfjs --page`',
    );
  }
  const picker = $('model');
  picker.replaceChildren(...entries.map((e, k) => new Option(e.name, String(k))));
  picker.disabled = false;
  const chosen = Math.max(0, entries.findIndex((e) => e.name === wanted));
  picker.value = String(chosen);
  picker.onchange = () => act(() => loadModel(entries[Number(picker.value)], told));
  await loadModel(entries[chosen], told);
}
