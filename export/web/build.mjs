/**
 * @file Builds the page: `node build.mjs` writes dist/, `node build.mjs --check`
 * says whether dist/ is what it would write.
 */

import fs from 'node:fs';
import path from 'node:path';
import {fileURLToPath} from 'node:url';

import {build} from 'esbuild';

import {SETTINGS} from './bundling.js';
import {licences} from './licences.js';

const HERE = path.dirname(fileURLToPath(import.meta.url));
const DIST = path.join(HERE, 'dist');
const WASM = path.join(HERE, 'node_modules/@tensorflow/tfjs-backend-wasm/dist');

/** Returns the content of each file of the page. */
async function built() {
  const {outputFiles, metafile} = await build({
    ...SETTINGS,
    absWorkingDir: HERE,
    entryPoints: {page: 'page/app.js', worker: 'page/worker.js'},
    outdir: 'dist',
    metafile: true,
    // Only what is needed is loaded: WebGL's kernels are half of it all.
    splitting: true,
    chunkNames: '[name]-[hash]',
    legalComments: 'none',
    banner: {js: '/* Apache-2.0: sketch_rnn_tf, TensorFlow.js */'},
    define: {'process.env.NODE_ENV': '"production"'},
  });
  /** @type {Map<string, Uint8Array>} */
  const files = new Map();
  for (const {path: name, contents} of outputFiles) {
    files.set(path.basename(name), contents);
  }
  for (const name of ['index.html', 'page.css']) {
    files.set(name, fs.readFileSync(path.join(HERE, 'page', name)));
  }
  for (const name of ['tfjs-backend-wasm.wasm', 'tfjs-backend-wasm-simd.wasm']) {
    files.set(name, fs.readFileSync(path.join(WASM, name)));
  }
  const own = fs.readFileSync(path.join(HERE, '../../LICENSE'), 'utf8');
  files.set('LICENSES.txt', Buffer.from(licences(metafile, HERE, own)));
  return files;
}

const files = await built();
if (process.argv.includes('--check')) {
  const there = fs.existsSync(DIST) ? fs.readdirSync(DIST) : [];
  const other = [...new Set([...there, ...files.keys()])].filter((name) => {
    const wanted = files.get(name);
    const file = path.join(DIST, name);
    return !wanted || !fs.existsSync(file) || !fs.readFileSync(file).equals(Buffer.from(wanted));
  });
  if (other.length) {
    console.error(`dist/${other[0]}: not what the build gives; run \`npm run build\``);
    process.exitCode = 1;
  }
} else {
  fs.rmSync(DIST, {recursive: true, force: true});
  fs.mkdirSync(DIST);
  for (const [name, content] of files) {
    fs.writeFileSync(path.join(DIST, name), content);
    console.log(`dist/${name}`.padEnd(48), content.length);
  }
}
