/**
 * @file An export of an earlier release draws what it drew then;
 * $SKETCH_RNN_EXPORTS holds it (tests/test_release_fixtures.py says which).
 */

import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import test from 'node:test';
import {pathToFileURL} from 'node:url';

import {fetchFile} from './files.js';
import {differences} from './parity.js';

const folder = process.env.SKETCH_RNN_EXPORTS;
const skip = folder ? false : 'needs $SKETCH_RNN_EXPORTS';

for (const backend of /** @type {const} */ (['wasm', 'cpu'])) {
  test(`earlier exports draw as they did: ${backend}`, {skip}, async (t) => {
    const file = path.join(folder ?? '', 'expected.json');
    /** @type {Record<string, import('./parity.js').Expected>} */
    const kept = JSON.parse(fs.readFileSync(file, 'utf8'));
    for (const [name, expected] of Object.entries(kept)) {
      const url = pathToFileURL(path.join(folder ?? '', name)).href;
      const found = await differences(url, expected, {
        backend, fetch: fetchFile,
      });
      t.diagnostic(`${backend} ${name} ${JSON.stringify(found)}`);
      for (const key of ['mu', 'log_var', 'params']) {
        assert.ok(!(found[key] > 1e-5), `${key}: ${found[key]}`);
      }
      assert.equal(found.pens, 0);
      assert.ok(found.sampled < 1e-3 && found.completed < 1e-3);
    }
  });
}
