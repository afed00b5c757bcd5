/**
 * @file The page in Chromium, used as a person uses it.  $SKETCH_RNN_PAGE is a
 * page with a conditional and an unconditional model (tests/test_page.py makes
 * it), $CHROMIUM the browser, $SCREENSHOTS where pictures go.
 */

import assert from 'node:assert/strict';
import fs from 'node:fs/promises';
import path from 'node:path';
import {after, before, test} from 'node:test';

import {chromium} from 'playwright-core';

import {serve} from './server.js';

const folder = process.env.SKETCH_RNN_PAGE ?? '';
const skip = folder ? false : 'needs $SKETCH_RNN_PAGE';
const SLOW = 30_000;

/** @type {import('playwright-core').Browser} */
let browser;

before(async () => {
  if (skip) {
    return;
  }
  browser = await chromium.launch({
    executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
    args: ['--no-sandbox'],
  });
});

after(() => browser?.close());

/** Opens a page; its errors and requests elsewhere fail the test. */
async function open(
  /** @type {string} */ url,
  /** @type {import('playwright-core').BrowserContextOptions} */ options = {},
) {
  const context = await browser.newContext({viewport: {width: 1280, height: 860}, ...options});
  const page = await context.newPage();
  /** @type {string[]} */
  const errors = [];
  page.on('pageerror', (error) => errors.push(String(error)));
  page.on('request', (request) => {
    const to = request.url();
    if (!to.startsWith(url.split('#')[0].split('?')[0]) && !/^(data|blob):/.test(to)) {
      errors.push(`asked for ${to}`);
    }
  });
  await page.goto(url);
  return {page, context, errors};
}

/** Draws with the mouse: points as fractions of the sheet. */
async function draw(
  /** @type {import('playwright-core').Page} */ page,
  /** @type {[number, number][]} */ points,
) {
  const box = /** @type {{x: number, y: number, width: number, height: number}} */ (
    await page.locator('#sheet').boundingBox()
  );
  const to = (/** @type {[number, number]} */ [x, y]) =>
    /** @type {const} */ ([box.x + x * box.width, box.y + y * box.height]);
  await page.mouse.move(...to(points[0]));
  await page.mouse.down();
  for (const point of points.slice(1)) {
    await page.mouse.move(...to(point), {steps: 4});
  }
  await page.mouse.up();
}

const ROUND = /** @type {[number, number][]} */ (
  Array.from({length: 17}, (_, k) => [
    0.5 + 0.2 * Math.cos((k * Math.PI) / 8), 0.45 + 0.2 * Math.sin((k * Math.PI) / 8),
  ])
);

const status = (/** @type {import('playwright-core').Page} */ page, /** @type {RegExp} */ text) =>
  page.locator('#status').filter({hasText: text}).waitFor({timeout: SLOW});

const attribute = (
  /** @type {import('playwright-core').Page} */ page, /** @type {string} */ id,
) => page.locator(`#${id}`).getAttribute('d');

async function shot(
  /** @type {import('playwright-core').Page} */ page, /** @type {string} */ name,
) {
  if (process.env.SCREENSHOTS) {
    await page.screenshot({path: path.join(process.env.SCREENSHOTS, `${name}.png`), fullPage: true});
  }
}

test('a person draws, chooses, undoes, saves and shares', {skip}, async () => {
  const {url, close} = await serve(folder);
  const {page, context, errors} = await open(url, {acceptDownloads: true});
  await status(page, /Ready/);
  await shot(page, 'empty');
  assert.ok(await page.locator('#endings').isDisabled());
  await draw(page, ROUND);
  await status(page, /An ending|It ends here/);
  const first = await attribute(page, 'ghost');
  // The same seed and temperature draw the same; another temperature does not.
  await page.locator('#seed').fill('1');
  await page.locator('#temperature').fill('0.9');
  await page.locator('#temperature').dispatchEvent('change');
  await page.waitForFunction(
    (was) => document.getElementById('ghost')?.getAttribute('d') !== was, first,
  );
  await status(page, /An ending|It ends here/);
  await page.locator('#temperature').fill('0.3');
  await page.locator('#temperature').dispatchEvent('change');
  await page.waitForFunction(
    (was) => document.getElementById('ghost')?.getAttribute('d') === was, first,
    {timeout: SLOW},
  );
  await page.locator('#endings').click();
  await status(page, /9 drawings in/);
  assert.equal(await page.locator('#gallery .tile').count(), 9);
  await shot(page, 'endings');
  const before = await attribute(page, 'ink');
  await page.locator('#gallery .tile').nth(4).click();
  await status(page, /Kept/);
  assert.notEqual(await attribute(page, 'ink'), before);
  await page.locator('#undo').click();
  assert.equal(await attribute(page, 'ink'), before);
  await page.keyboard.press('Control+z');
  assert.equal(await attribute(page, 'ink'), '');
  await draw(page, ROUND);
  await status(page, /An ending|It ends here/);
  for (const [id, name, start] of /** @type {const} */ ([
    ['save-svg', 'drawing.svg', '<svg'],
    ['save-png', 'drawing.png', '\x89PNG'],
    ['save-stroke3', 'drawing.json', '[[0,0,'],
  ])) {
    const [download] = await Promise.all([
      page.waitForEvent('download'), page.locator(`#${id}`).click(),
    ]);
    assert.equal(download.suggestedFilename(), name);
    const content = await fs.readFile(await download.path(), 'latin1');
    assert.ok(content.startsWith(start), content.slice(0, 20));
  }
  await page.locator('#copy-link').click();
  await status(page, /link/);
  const drawn = (await attribute(page, 'ink') ?? '') + (await attribute(page, 'ghost') ?? '');
  const link = page.url();
  assert.match(link, /#d=[0-9a-z-]+&m=/);
  assert.deepEqual(errors, []);
  await context.close();

  const again = await open(link);
  await status(again.page, /Ready|An ending|It ends here/);
  const strokes = (/** @type {string} */ d) => d.split('M').length - 1;
  assert.equal(strokes(await attribute(again.page, 'ink') ?? ''), strokes(drawn));
  assert.equal(await again.page.locator('#seed').inputValue(), '1');
  assert.deepEqual(again.errors, []);
  await again.context.close();
  close();
});

test('vary, invent, and go between', {skip}, async () => {
  const {url, close} = await serve(folder);
  const {page, context, errors} = await open(url);
  await status(page, /Ready/);
  await page.locator('#live-endings').uncheck();
  await draw(page, ROUND);
  await page.locator('#vary').click();
  await status(page, /9 drawings in/);
  await page.locator('#invent').click();
  await status(page, /9 drawings in/);
  await page.locator('#slots .tile').nth(0).click();
  await page.locator('#gallery .tile').nth(0).click();
  await page.locator('#slots .tile').nth(1).click();
  await page.locator('#between').click();
  await status(page, /11 drawings in/);
  await page.locator('#way-slider').fill('6');
  assert.equal(await page.locator('#gallery .tile[aria-pressed=true]').count(), 1);
  await page.locator('#slots .tile').nth(2).click();
  assert.ok(await page.locator('#between').isDisabled());
  await page.locator('#slots .tile').nth(3).click();
  await page.locator('#between').click();
  await status(page, /25 drawings in/);
  await shot(page, 'between');
  // The other model has no encoder.
  await page.locator('#model').selectOption({index: 1});
  await status(page, /Ready/);
  assert.ok(await page.locator('#vary').isHidden());
  assert.ok(await page.locator('#no-encoder').isVisible());
  await page.locator('#invent').click();
  await status(page, /9 drawings in/);
  assert.deepEqual(errors, []);
  await context.close();
  close();
});

test('on a phone, with a finger, in the dark', {skip}, async () => {
  const {url, close} = await serve(folder);
  const {page, context, errors} = await open(url, {
    viewport: {width: 360, height: 760}, hasTouch: true, isMobile: true,
    colorScheme: 'dark', deviceScaleFactor: 2,
  });
  await status(page, /Ready/);
  await draw(page, ROUND);
  await status(page, /An ending|It ends here/);
  await page.locator('#endings').click();
  await status(page, /9 drawings in/);
  const wide = await page.evaluate(() => document.documentElement.scrollWidth);
  assert.ok(wide <= 360, `${wide} wide`);
  await shot(page, 'phone');
  assert.deepEqual(errors, []);
  await context.close();
  close();
});

test('everything has a name and can be reached by keyboard', {skip}, async () => {
  const {url, close} = await serve(folder);
  const {page, context} = await open(url);
  await status(page, /Ready/);
  const nameless = await page.evaluate(() =>
    [...document.querySelectorAll('button, input, select')]
      .filter((e) => !e.getAttribute('aria-label') && !e.textContent?.trim() &&
        !(/** @type {HTMLInputElement} */ (e).labels?.length))
      .map((e) => e.id),
  );
  assert.deepEqual(nameless, []);
  const reached = new Set();
  for (let k = 0; k < 30; k++) {
    await page.keyboard.press('Tab');
    reached.add(await page.evaluate(() => document.activeElement?.id));
  }
  for (const id of ['model', 'sheet', 'temperature', 'seed', 'new-seed', 'live-endings', 'invent']) {
    assert.ok(reached.has(id), id);
  }
  await context.close();
  close();
});

test('bad input gets a message, and the page goes on working', {skip}, async () => {
  const {url, close} = await serve(folder);
  const {page, context, errors} = await open(`${url}#d=zz&t=1&s=1`);
  await page.locator('#alert').filter({hasText: /link/}).waitFor({timeout: SLOW});
  await status(page, /^$|Ready/);
  await draw(page, [[0.5, 0.5]]);
  await status(page, /An ending|It ends here/);
  await page.locator('#seed').fill('-3');
  await page.locator('#seed').dispatchEvent('change');
  await page.locator('#alert').filter({hasText: /Seed: expected/}).waitFor();
  await page.locator('#seed').fill('3');
  await page.locator('#seed').dispatchEvent('change');
  await status(page, /An ending|It ends here/);
  assert.ok(await page.locator('#alert').isHidden());
  // Ten thousand points.
  await page.locator('#clear').click();
  // As events of the page: a driven mouse would take minutes.
  await page.evaluate(() => {
    const sheet = /** @type {Element} */ (document.getElementById('sheet'));
    sheet.setPointerCapture = () => {};
    const {left, top, width} = sheet.getBoundingClientRect();
    const send = (/** @type {string} */ type, /** @type {number} */ k) =>
      sheet.dispatchEvent(new PointerEvent(type, {
        bubbles: true, pointerId: 1, button: 0, isPrimary: true,
        clientX: left + width * (0.5 + (k / 28_000) * Math.cos(k / 90)),
        clientY: top + width * (0.5 + (k / 28_000) * Math.sin(k / 90)),
      }));
    send('pointerdown', 0);
    for (let k = 1; k < 10_000; k++) {
      send('pointermove', k);
    }
    send('pointerup', 10_000);
  });
  await status(page, /An ending|It ends here/);
  assert.deepEqual(errors, []);
  await context.close();
  close();
});

test('a model that is damaged or missing', {skip}, async () => {
  /** @type {[(name: string, content: Buffer) => Buffer | null, RegExp][]} */
  const cases = [
    [(name, content) => (name.endsWith('.bin') ? content.subarray(0, 100) : content), /bytes of weights/],
    [(name, content) => (name.endsWith('.bin') ? null : content), /cannot be read: status 404/],
    [(name, content) => (name.endsWith('config.json')
      ? Buffer.from(content.toString().replace('"format_version": 1', '"format_version": 7'))
      : content), /version 1 or 2, got 7/],
    [(name, content) => (name.endsWith('models.json') ? null : content), /expected a list of models/],
  ];
  for (const [change, message] of cases) {
    let damaged = true;
    const {url, close} = await serve(folder, (name, content) =>
      damaged ? change(name, content) : content,
    );
    const {page, context, errors} = await open(url);
    await page.locator('#alert').filter({hasText: message}).waitFor({timeout: SLOW});
    await draw(page, ROUND);
    assert.notEqual(await attribute(page, 'ink'), '');
    damaged = false;
    if (await page.locator('#model').isEnabled()) {
      await page.locator('#model').selectOption({index: 1});
      await status(page, /An ending|It ends here/);
    }
    assert.deepEqual(errors, []);
    await context.close();
    close();
  }
});

test('without WebAssembly it draws all the same', {skip}, async () => {
  // Imports run first: what takes it away has to be a module of its own.
  const {url, close} = await serve(folder, (name, content) => {
    if (name === 'worker.js') {
      return Buffer.from("import './none.js'; import './real.js';");
    }
    return content;
  }, {
    'none.js': async () => Buffer.from('delete globalThis.WebAssembly;'),
    'real.js': (read) => read('worker.js'),
  });
  const {page, context} = await open(url);
  await status(page, /Ready/);
  await draw(page, ROUND);
  await status(page, /An ending|It ends here/);
  await context.close();
  close();
});
