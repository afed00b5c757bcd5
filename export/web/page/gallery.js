/** @file The gallery: several drawings, each to be kept. */

import {redraw, thumbnail} from './picture.js';

/** @typedef {import('../src/strokes.js').Line} Line */
/** @typedef {{given: Line[], drawn: Line[]}} Tile */

// What a wide page has room for in a row; a grid of its own width stays one.
const WIDE = 6;
const GRID = 5;

/** @type {Tile[]} */
let shown = [];

/** @returns {any} */
const $ = (/** @type {string} */ id) => document.getElementById(id);

/**
 * Shows drawings.
 *
 * @param {string} title
 * @param {Tile[]} tiles
 * @param {number} columns
 * @param {((tile: Tile) => void) | null} keep What a click on one does; null
 *   while they are being drawn.
 */
export function show(title, tiles, columns, keep) {
  shown = tiles;
  $('results').hidden = false;
  $('results-title').textContent = title;
  $('way').hidden = true;
  const gallery = $('gallery');
  gallery.style.setProperty('--columns', columns);
  gallery.style.setProperty('--wide', columns === GRID ? GRID : WIDE);
  const buttons = reused(tiles.length);
  tiles.forEach((tile, k) => {
    const button = buttons[k];
    redraw(/** @type {Element} */ (button.firstElementChild), tile.given, tile.drawn);
    button.setAttribute('aria-label', `${title}, ${k + 1} of ${tiles.length}: keep it`);
    button.removeAttribute('aria-pressed');
    button.disabled = !keep;
    button.onclick = () => keep?.(tile);
  });
}

/**
 * Shows more of drawings that are being drawn.
 *
 * @param {string} title
 * @param {Tile[]} tiles
 * @param {number} columns
 */
export function grow(title, tiles, columns) {
  const {children} = $('gallery');
  const same = $('results-title').textContent === title && children[0]?.disabled;
  if (!same || children.length !== tiles.length) {
    show(title, tiles, columns, null);
    return;
  }
  tiles.forEach(({given, drawn}, k) => redraw(children[k].firstElementChild, given, drawn));
}

/** Shows a slider over the drawings, and the one that it stands at. */
export function showWay() {
  const slider = $('way-slider');
  const picture = thumbnail([], []);
  $('way-picture').replaceChildren(picture);
  $('way').hidden = false;
  slider.max = shown.length - 1;
  slider.value = 0;
  slider.oninput = () => {
    const at = Number(slider.value);
    redraw(picture, shown[at].given, shown[at].drawn);
    Array.from($('gallery').children).forEach((tile, k) =>
      tile.setAttribute('aria-pressed', String(k === at)),
    );
  };
  slider.oninput();
}

/** Returns as many buttons of the gallery, those that are there among them. */
function reused(/** @type {number} */ count) {
  const gallery = $('gallery');
  while (gallery.children.length > count) {
    gallery.lastElementChild.remove();
  }
  while (gallery.children.length < count) {
    const button = document.createElement('button');
    button.className = 'tile';
    button.append(thumbnail([], []));
    gallery.append(button);
  }
  return /** @type {HTMLButtonElement[]} */ (Array.from(gallery.children));
}
