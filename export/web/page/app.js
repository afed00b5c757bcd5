/** @file The page: what is drawn, and what the buttons do. */

import {linesToSketch, sketchToLines} from '../src/strokes.js';
import {NINE, act, ask, settings, sketchOf} from './asking.js';
import * as gallery from './gallery.js';
import {fromHash, toHash} from './link.js';
import {chooseWord, offer} from './models.js';
import {pathOf, pngFile, svgFile, thumbnail} from './picture.js';
import {listen} from './sheet.js';
import {$, page, say} from './state.js';

/** @typedef {import('../src/strokes.js').Line} Line */
/** @typedef {import('../src/strokes.js').Sketch} Sketch */
/** @typedef {import('./gallery.js').Tile} Tile */

const WAY = 11;
const GRID = 5;
const SLOTS = 4;
const CENTRE = 170;

// What is shown.

function show() {
  $('ink').setAttribute('d', pathOf(page.lines));
  $('ghost').setAttribute('d', pathOf(page.ghost));
  const drawn = page.lines.length > 0;
  const ready = page.config !== null;
  $('invitation').hidden = drawn || page.ghost.length > 0;
  $('sheet').setAttribute(
    'aria-label',
    drawn
      ? `Sheet of paper with ${page.lines.length} strokes. Draw with mouse, pen or finger.`
      : 'Sheet of paper, empty. Draw with mouse, pen or finger.',
  );
  $('undo').disabled = !page.past.length;
  $('clear').disabled = !drawn && !page.ghost.length;
  $('keep').disabled = !page.ghost.length;
  for (const id of ['another', 'endings']) {
    $(id).disabled = !(drawn && ready);
  }
  $('invent').disabled = !ready;
  $('vary').disabled = !(drawn && ready);
  for (const id of ['save-svg', 'save-png', 'save-stroke3', 'copy-link']) {
    $(id).disabled = !drawn && !page.ghost.length;
  }
  $('between').disabled = !(ready && (page.slots.length === 2 || page.slots.length === SLOTS));
  $('empty-slots').disabled = !page.slots.length;
  showSlots();
}

function showSlots() {
  $('slots').replaceChildren(
    ...Array.from({length: SLOTS}, (_, k) => {
      const tile = document.createElement('button');
      tile.className = 'tile';
      const held = page.slots[k];
      if (held) {
        tile.append(thumbnail(held, []));
        tile.setAttribute('aria-label', `Drawing ${k + 1}; take it out`);
        tile.onclick = () => {
          page.slots.splice(k, 1);
          show();
        };
      } else {
        tile.textContent = '+';
        tile.setAttribute('aria-label', `Put the drawing into place ${k + 1}`);
        tile.disabled = !page.lines.length || k > page.slots.length;
        tile.onclick = () => {
          page.slots.push(page.lines);
          show();
          $('slots').children[k]?.focus();
          say(`${page.slots.length} of 2 or 4 drawings to go between.`);
        };
      }
      return tile;
    }),
  );
}

function change(/** @type {Line[]} */ lines) {
  page.past.push(page.lines);
  page.lines = lines;
  page.ghost = [];
  show();
}

// What is asked.

/** Returns where the pen is after a sketch's rows. */
function walked(/** @type {Sketch} */ rows, /** @type {[number, number]} */ [x, y]) {
  for (const [dx, dy] of rows) {
    x += dx;
    y += dy;
  }
  return /** @type {[number, number]} */ ([x, y]);
}

/** Returns the lines of what was drawn after the given points. */
function ending(
  /** @type {Sketch} */ rows,
  /** @type {number} */ prefix,
  /** @type {[number, number]} */ origin,
) {
  return sketchToLines(rows.slice(prefix), walked(rows.slice(0, prefix), origin));
}

async function drawOn() {
  if (!page.config || !page.lines.length) {
    return;
  }
  const {sketch, origin} = sketchOf(page.lines);
  say('Drawing on.');
  /** @type {Sketch} */
  const rows = [];
  const result = await ask('complete', {sketches: [sketch], options: settings()}, ({points}) => {
    rows.push(...points[0]);
    page.ghost = ending(rows, sketch.length, origin);
    $('ghost').setAttribute('d', pathOf(page.ghost));
  });
  if (result) {
    page.ghost = ending(result.sketches[0], sketch.length, origin);
    show();
    say(page.ghost.length ? 'An ending is there: keep it, or draw on yourself.' : 'It ends here.');
  }
}

async function many(
  /** @type {string} */ title,
  /** @type {string} */ method,
  /** @type {object} */ args,
  /** @type {(rows: Sketch) => Tile} */ tileOf,
  columns = 3,
) {
  say('Drawing.');
  const from = performance.now();
  /** @type {Sketch[]} */
  const rows = [];
  let waiting = false;
  let done = false;
  const result = await ask(method, args, ({points}) => {
    points.forEach((/** @type {Sketch} */ more, /** @type {number} */ b) =>
      (rows[b] ??= []).push(...more),
    );
    if (!waiting) {
      // Once a frame, however fast the points come.
      waiting = true;
      requestAnimationFrame(() => {
        waiting = false;
        if (!done) {
          gallery.grow(title, rows.map(tileOf), columns);
        }
      });
    }
  });
  done = true;
  if (result) {
    gallery.show(title, result.sketches.map(tileOf), columns, ({given, drawn}) => {
      change([...given, ...drawn]);
      say('Kept. Undo takes it back.');
      $('sheet').focus();
    });
    const seconds = ((performance.now() - from) / 1000).toFixed(1);
    say(`${result.sketches.length} drawings in ${seconds} s. Choose one to keep it.`);
  }
}

/** Puts a drawing into the middle of the sheet. */
function centred(/** @type {Sketch} */ rows) {
  const lines = sketchToLines(rows);
  const points = lines.flat();
  if (!points.length) {
    return [];
  }
  const middle = (/** @type {number} */ axis) => {
    const values = points.map((point) => point[axis]);
    return CENTRE - (Math.min(...values) + Math.max(...values)) / 2;
  };
  const [right, down] = [middle(0), middle(1)];
  return lines.map((line) =>
    line.map(([x, y]) => /** @type {[number, number]} */ ([x + right, y + down])),
  );
}

async function nineEndings() {
  const {sketch, origin} = sketchOf(page.lines);
  const given = page.lines;
  await many(
    'Nine endings', 'complete',
    {sketches: Array(NINE).fill(sketch), options: settings()},
    (rows) => ({given, drawn: ending(rows, Math.min(rows.length, sketch.length), origin)}),
  );
}

const alone = (/** @type {Sketch} */ rows) => ({given: [], drawn: centred(rows)});

async function between() {
  const sketches = page.slots.map((lines) => sketchOf(lines).sketch);
  const way = sketches.length === 2;
  await many(
    way ? 'From one to the other' : 'Between four drawings', 'between',
    {sketches, steps: way ? WAY : GRID, options: settings()}, alone, way ? 4 : GRID,
  );
  if (way) {
    gallery.showWay();
  }
}

// Files.

function save(/** @type {string} */ name, /** @type {Blob} */ blob) {
  const link = document.createElement('a');
  link.href = URL.createObjectURL(blob);
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
  say(`Saved ${name}.`);
}

const all = () => [...page.lines, ...page.ghost];

async function copyLink() {
  const hash = toHash({lines: all(), model: page.model, ...settings()});
  history.replaceState(null, '', `#${hash}`);
  try {
    await navigator.clipboard.writeText(location.href);
    say('The link is copied.');
  } catch {
    say('The link stands in the address bar.');
  }
}

// Start.

function undo() {
  const before = page.past.pop();
  if (before) {
    page.asked?.abort();
    page.lines = before;
    page.ghost = [];
    show();
    say('Undone.');
  }
}

function start() {
  const actions = {
    undo,
    clear: () => {
      page.asked?.abort();
      change([]);
      say('Cleared. Undo brings it back.');
    },
    another: async () => {
      newSeed();
      await drawOn();
    },
    keep: () => {
      change(all());
      say('Kept. Undo takes it back.');
    },
    endings: nineEndings,
    vary: () =>
      many('Variations', 'reconstruct', {
        sketches: Array(NINE).fill(sketchOf(page.lines).sketch), options: settings(),
      }, alone),
    invent: () => many('Inventions', 'generate', {count: NINE, options: settings()}, alone),
    between,
    'empty-slots': () => {
      page.slots = [];
      show();
    },
    'save-svg': () => save('drawing.svg', new Blob([svgFile(all())], {type: 'image/svg+xml'})),
    'save-png': async () => save('drawing.png', await pngFile(all())),
    'save-stroke3': () => {
      const {sketch} = linesToSketch(all(), {epsilon: 0});
      save('drawing.json', new Blob([JSON.stringify(sketch)], {type: 'application/json'}));
    },
    'copy-link': copyLink,
    'new-seed': async () => {
      newSeed();
      await drawOn();
    },
  };
  for (const [id, action] of Object.entries(actions)) {
    $(id).addEventListener('click', () => act(action));
  }
  const temperature = $('temperature');
  temperature.oninput = () => {
    $('temperature-value').textContent = Number(temperature.value).toFixed(2);
  };
  temperature.onchange = () => act(drawOn);
  $('seed').onchange = () => act(drawOn);
  $('word').onchange = () => act(drawOn);
  document.addEventListener('keydown', (event) => {
    const typing = event.target instanceof HTMLInputElement && event.target.type === 'number';
    if ((event.ctrlKey || event.metaKey) && event.key === 'z' && !typing) {
      event.preventDefault();
      act(undo);
    }
  });
  listen($('sheet'), {
    onMove: (line) => {
      if (line.length === 1) {
        // The ending is of a drawing that goes on now.
        page.asked?.abort();
        page.ghost = [];
        show();
      }
      $('invitation').hidden = true;
      $('live').setAttribute('d', pathOf([line]));
    },
    onLift: (line) => {
      $('live').setAttribute('d', '');
      change([...page.lines, line]);
      if ($('live-endings').checked) {
        act(drawOn);
      }
    },
  });
  window.addEventListener('hashchange', () => act(restore));
}

function newSeed() {
  $('seed').value = String(crypto.getRandomValues(new Uint32Array(1))[0] % 1_000_000);
}

/** Shows what the link holds. */
function restore() {
  const linked = fromHash(location.hash.slice(1));
  if (!linked) {
    return undefined;
  }
  $('temperature').value = String(linked.temperature);
  $('seed').value = String(linked.seed);
  page.word = linked.word;
  chooseWord(linked.word);
  $('temperature').oninput();
  if (linked.lines.length) {
    change(linked.lines);
  }
  return linked.model;
}

start();
$('temperature').oninput();
show();
act(async () => {
  /** @type {string | undefined} */
  let wanted;
  let problem = null;
  try {
    wanted = restore();
  } catch (error) {
    problem = error;
  }
  await offer(wanted, {
    onChange: show,
    onLoaded: () =>
      page.lines.length && $('live-endings').checked ? drawOn() : undefined,
  });
  if (problem) {
    throw problem;
  }
});
