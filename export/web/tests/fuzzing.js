/**
 * @file Fuzzes what the page loads, guided by V8's coverage.
 *
 *     node --disallow-code-generation-from-strings tests/fuzzing.js KIND RUNS \
 *       SEED REPORT CURRENT [EXPORT ...]
 *
 * KIND is `tfjs` (the files of an export, in the folders EXPORT),
 * `sketch_rnn_js`, or `planted` for faults that have to be found.  Each input is written to CURRENT before it is tried, and
 * what was found to REPORT, so that whoever started this can tell which input
 * it hangs at.
 */

import fs from 'node:fs';
import inspector from 'node:inspector';
import path from 'node:path';
import {fileURLToPath} from 'node:url';

import {memory, zeros as zerosOf} from '@tensorflow/tfjs-core';

import {SketchRnnError, load} from '../sketch_rnn.js';
import {start} from '../src/backend.js';

const [kind, runs, seed, report, current, ...folders] = process.argv.slice(2);
const SOURCES = new URL('../src/', import.meta.url).href;
const LONGEST_LINE = 1000;
const SECONDS = 10;
const MEMORY = 2 ** 29;
const REPORT_EVERY = 50;

// Random numbers: mulberry32, as those of JavaScript have no seed.
let state = (Number(seed) + 1) >>> 0;
function random() {
  state = (state + 0x6d2b79f5) >>> 0;
  let t = Math.imul(state ^ (state >>> 15), 1 | state);
  t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
  return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
}
const below = (/** @type {number} */ n) => Math.floor(random() * n);
const pick = (/** @type {any} */ from) => from[below(from.length)];

/** @type {any[]} */
const VALUES = [
  null, true, false, 0, 1, -1, 2, 3, 5, 20, 255, 1e5, 2 ** 31, 2 ** 31 - 1, 2 ** 53, 1e300,
  -0, 0.5, 1e-320, '', 'a', 'a\nb', '\u001b[31m', '\u2028', '\ud800', '20', 'AAAA', 'gen',
  'x'.repeat(3000), '../../a', 'lstm', 'float32', 'uint16', [], {}, [[]], [0], [1, 2, 3, 4, 5],
  {a: 1}, {toString: 1}, {toString: 1, valueOf: 1}, {length: 5}, [['a']],
];

/** Changes one place of a JSON value, or bytes of its text. */
function mutated(/** @type {Buffer} */ bytes) {
  let value;
  try {
    value = JSON.parse(bytes.toString());
  } catch {
    return changedBytes(bytes);
  }
  if (!below(4)) {
    return changedBytes(bytes);
  }
  for (let k = pick([1, 1, 1, 2, 3]); k > 0; k--) {
    value = changed(value);
  }
  return Buffer.from(JSON.stringify(value) ?? 'null');
}

/** @returns {Generator<[any, string]>} */
function* places(/** @type {any} */ value, depth = 0) {
  if (value && typeof value === 'object' && depth < 30) {
    for (const key of Object.keys(value).slice(0, 60)) {
      yield [value, key];
      yield* places(value[key], depth + 1);
    }
  }
}

function changed(/** @type {any} */ value) {
  const found = [...places(value)];
  if (!found.length) {
    return structuredClone(pick(VALUES));
  }
  const [holder, key] = pick(found);
  const [other, otherKey] = pick(found);
  const how = below(7);
  if (how === 0) {
    if (Array.isArray(holder)) {
      holder.splice(Number(key), 1);
    } else {
      delete holder[key];
    }
  } else if (how === 1) {
    holder[key] = structuredClone(other[otherKey]);
  } else if (how === 2 && Array.isArray(holder)) {
    holder.splice(Number(key), 0, structuredClone(holder[key]));
  } else if (how === 3 && typeof holder[key] === 'number') {
    holder[key] *= pick([-1, 2, 10, 0.1, 1000]);
  } else if (how === 4) {
    holder[key] = pick([[holder[key]], {a: holder[key]}]);
  } else {
    holder[key] = structuredClone(pick(VALUES));
  }
  return value;
}

function changedBytes(/** @type {Buffer} */ bytes) {
  const made = Buffer.from(bytes);
  const at = below(made.length + 1);
  const to = Math.min(made.length, at + 1 + below(40));
  const how = below(4);
  if (how === 0) {
    return made.subarray(0, at);
  }
  if (how === 1) {
    return Buffer.concat([made.subarray(0, at), made.subarray(to)]);
  }
  if (how === 2) {
    return Buffer.concat([made.subarray(0, to), made.subarray(at)]);
  }
  for (let k = 1 + below(6); k > 0 && made.length; k--) {
    made[below(made.length)] = pick([below(256), 34, 44, 91, 123, 10, 0, 127, 128, 255]);
  }
  return made;
}

// An input is the files of a model, by their names.
/** @typedef {Record<string, Buffer>} Files */

/** @returns {Files[]} */
function seeds() {
  if (kind === 'tfjs') {
    return folders.map((folder) => Object.fromEntries(
      fs.readdirSync(folder).map((n) => [n, fs.readFileSync(path.join(folder, n))]),
    ));
  }
  if (kind === 'planted') {
    return [{'model.json': Buffer.from('{"fault": 0}')}];
  }
  const zeros = (/** @type {number} */ count) => Buffer.alloc(2 * count).toString('base64');
  const gen = [[2, 123], [123], [5, 8], [2, 8], [8]];
  const vae = [
    [5, 4], [1, 4], [4], [5, 4], [1, 4], [4], [2, 1], [1], [2, 1], [1], [1, 4], [4],
    [2, 123], [123], [6, 8], [2, 8], [8],
  ];
  return [gen, vae].map((shapes) => {
    const info = {
      mode: shapes === gen ? 'gen' : 'vae', version: 6, max_seq_len: 9, name: 'a',
      scale_factor: 2.5, start_point: [0, 0, 1, 0, 0],
    };
    const weights = shapes.map((s) => zeros(s.reduce((a, b) => a * b, 1)));
    return {'model.json': Buffer.from(JSON.stringify([info, shapes, weights]))};
  });
}

/** @returns {Files} */
function next(/** @type {Files} */ files) {
  const name = pick(Object.keys(files));
  const change = name.endsWith('.json') ? mutated : changedBytes;
  return {...files, [name]: change(files[name])};
}

// Coverage: ranges of the library's own functions, and how often they ran.
const session = new inspector.Session();
session.connect();
const post = (/** @type {string} */ method, /** @type {object} */ options = {}) => {
  /** @type {any} */
  let found;
  session.post(/** @type {any} */ (method), options, (error, result) => {
    if (error) {
      throw new Error(JSON.stringify(error));
    }
    found = result;
  });
  return found;
};
post('Profiler.enable');
post('Profiler.startPreciseCoverage', {callCount: true, detailed: true});

/** @type {Set<string>} */
const edges = new Set();
/** @type {Set<string>} */
const features = new Set();

function covered() {
  const before = features.size;
  for (const script of post('Profiler.takePreciseCoverage').result) {
    if (!script.url.startsWith(SOURCES)) {
      continue;
    }
    for (const {ranges} of script.functions) {
      for (const {startOffset, endOffset, count} of ranges) {
        if (count) {
          const edge = `${script.url}:${startOffset}:${endOffset}`;
          edges.add(edge);
          features.add(`${edge}:${Math.min(8, Math.ceil(Math.log2(count + 1)))}`);
        }
      }
    }
  }
  return features.size > before;
}

/** @type {Map<string, any>} */
const found = new Map();
let tried = 0;
let read = 0;

// What would reach out; Node has no other that is built in.
globalThis.fetch = async () => {
  throw new Broken('network', 'fetch was called');
};

class Broken extends Error {
  constructor(/** @type {string} */ what, /** @type {string} */ message) {
    super(message);
    this.what = what;
  }
}

/** Does what the library must not, by the number in the file. */
async function plantedFault(/** @type {Files} */ files) {
  let fault;
  try {
    ({fault} = JSON.parse(files['model.json'].toString()));
  } catch {
    throw new SketchRnnError('bad_config', 'expected JSON');
  }
  switch (fault) {
    case 1:
      return fault.a.b;
    case 2:
      return new Function('return 1')();
    case 3:
      // The library's own makes one line of it.
      throw Object.assign(new SketchRnnError('bad_config', ''), {message: 'two\nlines'});
    case 5:
      return zerosOf([2]);
    case 20:
      return fetch('http://a/');
  }
}

async function judged(/** @type {Files} */ files) {
  const read = async (/** @type {string} */ url) => {
    const bytes = files[path.basename(new URL(url).pathname)];
    return bytes ? new Response(new Uint8Array(bytes)) : new Response('', {status: 404});
  };
  const url = kind === 'tfjs' ? 'http://a/model/' : 'http://a/model.json';
  const before = process.memoryUsage().rss;
  const tensors = memory().numTensors;
  const began = process.cpuUsage();
  let good = true;
  try {
    await (kind === 'planted' ? plantedFault(files) : used(url, read));
  } catch (error) {
    good = false;
    judge(/** @type {any} */ (error));
  }
  if (memory().numTensors > tensors) {
    throw new Broken('memory', `${memory().numTensors - tensors} tensors are left`);
  }
  const {user, system} = process.cpuUsage(began);
  if ((user + system) / 1e6 > SECONDS) {
    throw new Broken('time', `${(user + system) / 1e6} s`);
  }
  if (process.memoryUsage().rss - before > MEMORY) {
    throw new Broken('memory', `${(process.memoryUsage().rss - before) >> 20} MiB more`);
  }
  return good;
}

/** Loads a model and draws with it. */
async function used(
  /** @type {string} */ url,
  /** @type {import('../src/loading.js').Fetch} */ fetch,
) {
  const model = await load(url, {backend: 'cpu', fetch});
  try {
    const maxLen = Math.min(3, model.maxLen);
    const {sketches} = await model.generate(1, {maxLen, word: model.words[0]});
    if (!sketches[0].every((row) => row.every(Number.isFinite))) {
      throw new Broken('error', 'a drawing that is not finite');
    }
  } finally {
    model.dispose();
  }
}

function judge(/** @type {any} */ error) {
  if (error instanceof Broken) {
    throw error;
  }
  const message = String(error?.message);
  if (error instanceof EvalError) {
    throw Object.assign(new Broken('code', message), {stack: error.stack});
  }
  if (!(error instanceof SketchRnnError)) {
    throw Object.assign(new Broken('error', `${error?.name}: ${message}`), {stack: error?.stack});
  }
  if (!message || /[\u0000-\u001f\u007f-\u009f\u2028\u2029\ud800-\udfff]/.test(message)) {
    throw Object.assign(
      new Broken('line', `not one printable line: ${JSON.stringify(message.slice(0, 300))}`),
      {stack: error.stack},
    );
  }
  if (message.length > LONGEST_LINE) {
    throw Object.assign(
      new Broken('line', `${message.length} characters: ${message.slice(0, 100)}`),
      {stack: error.stack},
    );
  }
}

function place(/** @type {any} */ error) {
  const lines = String(error?.stack).split('\n').filter((line) => /\/web\/(src\/|sketch_rnn)/.test(line));
  return lines[0]?.match(/([\w.]+:\d+):\d+\)?$/)?.[1] ?? '';
}

function packed(/** @type {Files} */ files) {
  return JSON.stringify(
    Object.fromEntries(Object.entries(files).map(([n, b]) => [n, b.toString('base64')])),
  );
}

function write() {
  fs.writeFileSync(`${report}.part`, JSON.stringify({
    tried, read, found: [...found.values()],
    edges: edges.size, features: features.size, corpus: corpus.length,
  }));
  fs.renameSync(`${report}.part`, report);
}

/** @type {Files[]} */
const corpus = seeds();

async function attempt(/** @type {Files} */ files, isSeed = false) {
  const input = packed(files);
  fs.writeFileSync(current, input);
  tried += 1;
  try {
    const good = await judged(files);
    read += Number(good);
    if (isSeed && !good) {
      throw new Error('a seed was refused');
    }
  } catch (error) {
    if (!(error instanceof Broken)) {
      throw error;
    }
    const key = `${error.what} ${place(error)}`;
    const known = found.get(key);
    if (known) {
      known.times += 1;
    } else if (found.size < 50) {
      found.set(key, {
        kind: error.what, what: error.message.slice(0, 400), place: place(error), times: 1,
        input: Buffer.from(input).toString('hex'),
      });
    }
  }
  return covered();
}

await start('cpu');
for (const files of [...corpus]) {
  await attempt(files, true);
}
write();
while (tried < Number(runs)) {
  // Late finds are tried more often.
  const at = Math.floor(corpus.length * (1 - random() ** 2));
  let files = next(corpus[Math.min(at, corpus.length - 1)]);
  while (!below(3)) {
    files = next(files);
  }
  if (await attempt(files)) {
    corpus.push(files);
  }
  if (!(tried % REPORT_EVERY)) {
    write();
  }
}
write();
console.log(`${fileURLToPath(import.meta.url)}: ${tried} inputs`);
