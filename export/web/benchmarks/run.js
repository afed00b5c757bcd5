/**
 * @file Runs `steps.js` in Chromium, and nine endings on the page; prints JSON.
 *
 *     node benchmarks/run.js STEPS_MODEL PAGE ROUNDS
 */

import fs from 'node:fs';
import path from 'node:path';
import {fileURLToPath} from 'node:url';

import {build} from 'esbuild';
import {chromium} from 'playwright-core';

import {SETTINGS} from '../bundling.js';
import {serve} from '../tests/server.js';

const HERE = path.dirname(fileURLToPath(import.meta.url));
const [model, pageFolder, rounds] = process.argv.slice(2);

const {outputFiles: [bundle]} = await build({
  ...SETTINGS, entryPoints: [path.join(HERE, 'steps.js')],
});
const wasm = path.join(HERE, '../dist/');
const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
  args: ['--no-sandbox'],
});

/** Measures steps, in a page of its own. */
async function steps() {
  const more = Object.fromEntries([
    ['index.html', async () => Buffer.from('<!doctype html><script type="module" src="steps.js"></script>')],
    ['steps.js', async () => Buffer.from(bundle.contents)],
    ...fs.readdirSync(wasm).filter((name) => name.endsWith('.wasm')).map((name) =>
      [name, async () => fs.readFileSync(path.join(wasm, name))]),
  ]);
  const {url, close} = await serve(model, undefined, more);
  const page = await browser.newPage();
  await page.goto(url);
  await page.waitForFunction('globalThis.measure');
  const found = await page.evaluate(
    ([base, count]) => /** @type {any} */ (globalThis).measure({
      url: base, wasmPath: base, backend: 'wasm', rounds: count, batches: [1, 9],
    }),
    /** @type {const} */ ([url, Number(rounds)]),
  );
  await page.close();
  close();
  return found;
}

/** Clicks "Nine endings", and counts frames meanwhile. */
async function endings() {
  const {url, close} = await serve(pageFolder);
  const page = await browser.newPage();
  await page.goto(url);
  const ready = (/** @type {RegExp} */ text) =>
    page.locator('#status').filter({hasText: text}).waitFor();
  await ready(/Ready/);
  await page.locator('#live-endings').uncheck();
  const box = /** @type {{x: number, y: number}} */ (await page.locator('#sheet').boundingBox());
  await page.mouse.move(box.x + 100, box.y + 100);
  await page.mouse.down();
  await page.mouse.move(box.x + 200, box.y + 180, {steps: 3});
  await page.mouse.up();
  const found = [];
  for (let round = -1; round < Number(rounds); round++) {
    const one = await page.evaluate(async () => {
      const status = /** @type {HTMLElement} */ (document.getElementById('status'));
      status.textContent = '';
      let frames = 0;
      let longest = 0;
      let last = performance.now();
      const from = last;
      let going = true;
      let seconds = 0;
      const count = (/** @type {number} */ now) => {
        frames += 1;
        longest = Math.max(longest, now - last);
        last = now;
        if (going) {
          requestAnimationFrame(count);
        }
      };
      requestAnimationFrame(count);
      document.getElementById('endings')?.click();
      // A second at least, as a tenth of one has few frames to count.
      while (!seconds || performance.now() - from < 1000) {
        await new Promise((resolve) => setTimeout(resolve, 5));
        if (!seconds && /drawings in/.test(status.textContent ?? '')) {
          seconds = (performance.now() - from) / 1000;
        }
      }
      going = false;
      const rate = (1000 * frames) / (performance.now() - from);
      return {seconds, framesPerSecond: rate, longest};
    });
    if (round >= 0) {
      found.push(one);
    }
  }
  await page.close();
  close();
  return found;
}

try {
  console.log(JSON.stringify({...(await steps()), endings: await endings()}));
} finally {
  await browser.close();
}
