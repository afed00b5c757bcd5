/** @file How this project bundles for browsers. */

/**
 * Settings of esbuild that all bundles share.
 *
 * @type {import('esbuild').BuildOptions & {write: false}}
 */
export const SETTINGS = {
  bundle: true,
  format: 'esm',
  write: false,
  minify: true,
  target: 'es2022',
  // What TensorFlow.js would load in Node.
  external: [
    'fs', 'path', 'worker_threads', 'perf_hooks', 'util', 'crypto', 'os',
    'string_decoder',
  ],
};
