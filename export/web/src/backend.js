/** @file Where TensorFlow.js computes: WebAssembly first. */

import {env, ready, setBackend} from '@tensorflow/tfjs-core';
import {setWasmPaths} from '@tensorflow/tfjs-backend-wasm';

import {SketchRnnError} from './errors.js';

/** @typedef {'wasm' | 'webgl' | 'cpu'} Backend */

/** @type {Backend[]} The fastest for one drawing or nine, first. */
const ORDER = ['wasm', 'webgl', 'cpu'];

/**
 * Starts a backend.
 *
 * @param {Backend | 'auto'} wanted "auto" is the first one that starts.
 * @param {string} [wasmPath] The folder, a URL that ends in a slash, of the
 *   .wasm files; where the bundle looks for them if not given.
 * @returns {Promise<Backend>} The one that was started.
 * @throws {SketchRnnError} no_backend, if it does not start.
 */
export async function start(wanted, wasmPath) {
  const tried = wanted === 'auto' ? ORDER : [wanted];
  if (wanted !== 'auto' && !ORDER.includes(wanted)) {
    throw new SketchRnnError(
      'no_backend',
      `backend: expected auto, ${ORDER.join(', ')}, got ${wanted}`,
    );
  }
  const problems = [];
  for (const name of tried) {
    try {
      if (await started(name, wasmPath)) {
        return name;
      }
      problems.push(`${name} is not to be had`);
    } catch (error) {
      problems.push(`${name}: ${/** @type {Error} */ (error).message}`);
    }
  }
  throw new SketchRnnError(
    'no_backend',
    `no backend starts: ${problems.join('; ')}`,
  );
}

async function started(
  /** @type {Backend} */ name,
  /** @type {string | undefined} */ wasmPath,
) {
  if (name === 'wasm') {
    if (typeof WebAssembly === 'undefined') {
      return false;
    }
    if (wasmPath && !pathsSet) {
      // The steps are too small to be worth several threads.
      env().set('WASM_HAS_MULTITHREAD_SUPPORT', false);
      setWasmPaths(wasmPath);
      pathsSet = true;
    }
  } else if (name === 'webgl') {
    await import('@tensorflow/tfjs-backend-webgl');
  } else {
    await import('@tensorflow/tfjs-backend-cpu');
  }
  if (!(await setBackend(name))) {
    return false;
  }
  await ready();
  return true;
}

// They can be set once only, before the first start.
let pathsSet = false;
