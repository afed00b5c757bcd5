/**
 * @file The numbers of TensorFlow, in Chromium; needs $SKETCH_RNN_EXPORTS as
 * parity.test.js does, and $CHROMIUM.
 */

import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import test from 'node:test';
import {fileURLToPath} from 'node:url';

import {build} from 'esbuild';
import {chromium} from 'playwright-core';

import {SETTINGS} from '../bundling.js';
import {serve} from './server.js';

const HERE = path.dirname(fileURLToPath(import.meta.url));
const folder = process.env.SKETCH_RNN_EXPORTS ?? '';
const skip = folder ? false : 'needs $SKETCH_RNN_EXPORTS';
// WebGL without a graphics card.
const WEBGL = [
  '--use-gl=angle', '--use-angle=swiftshader', '--enable-unsafe-swiftshader',
  '--ignore-gpu-blocklist',
];

for (const backend of ['wasm', 'webgl']) {
  test(`models draw what TensorFlow draws: ${backend}`, {skip}, async (t) => {
    const {outputFiles: [bundle]} = await build({
      stdin: {
        contents: "import {differences} from './parity.js'; globalThis.differences = differences;",
        resolveDir: HERE,
      },
      ...SETTINGS,
    });
    const dist = path.join(HERE, '../dist');
    const {url, close} = await serve(folder, undefined, {
      'index.html': async () => Buffer.from('<!doctype html><script type="module" src="parity.js"></script>'),
      'parity.js': async () => Buffer.from(bundle.contents),
      ...Object.fromEntries(
        fs.readdirSync(dist).filter((name) => name.endsWith('.wasm')).map((name) =>
          [name, async () => fs.readFileSync(path.join(dist, name))]),
      ),
    });
    const browser = await chromium.launch({
      executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
      args: ['--no-sandbox', ...WEBGL],
    });
    t.after(async () => {
      await browser.close();
      close();
    });
    const page = await browser.newPage();
    await page.goto(url);
    await page.waitForFunction('globalThis.differences');
    const expected = JSON.parse(fs.readFileSync(path.join(folder, 'expected.json'), 'utf8'));
    for (const [name, wanted] of Object.entries(expected)) {
      await t.test(name, async () => {
        const found = await page.evaluate(
          ([to, given, where, base]) =>
            /** @type {any} */ (globalThis).differences(to, given, {backend: where, wasmPath: base}),
          /** @type {any[]} */ ([url + name, wanted, backend, url]),
        );
        t.diagnostic(`${backend} ${name} ${JSON.stringify(found)}`);
        for (const key of ['mu', 'log_var', 'params']) {
          assert.ok(!(found[key] > 1e-5), `${key}: ${found[key]}`);
        }
        assert.equal(found.pens, 0);
        assert.ok(found.sampled < 1e-3 && found.completed < 1e-3);
      });
    }
  });
}
