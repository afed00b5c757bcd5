/** @file Where a model comes from: its files, checked. */

import {engine, io, keep} from '@tensorflow/tfjs-core';
import {loadGraphModelSync} from '@tensorflow/tfjs-converter';

import {SketchRnnError} from './errors.js';
import {graphSteps} from './graph_steps.js';
import {tryOut} from './trial.js';

const FORMAT = 'sketch_rnn_tf.browser';
// Of class-conditioned models 2, of others 1.
const FORMAT_VERSIONS = [1, 2];

/**
 * `config.json` of an export.
 *
 * @typedef {object} BrowserConfig
 * @property {string} name
 * @property {string[]} words
 * @property {boolean} conditional Whether there is an encoder.
 * @property {string} decoder_cell
 * @property {number} decoder_size
 * @property {number} z_size N_z; 0 without an encoder.
 * @property {number} [class_size] Width of a word's embedding; none of a model
 *   that is not class-conditioned.
 * @property {number} num_mixtures M.
 * @property {number} max_len N_max.
 * @property {number} scale_factor Data units a scale_factor unit.
 * @property {number[]} start_point S_0, stroke-5.
 * @property {string} compatibility
 * @property {number[]} encoder_states Widths.
 * @property {number[]} encoder_outputs Which states hold the outputs.
 * @property {number[]} decoder_states Widths.
 * @property {number} weight_bytes Of all shards.
 */

/**
 * @typedef {(url: string, init?: {signal?: AbortSignal}) => Promise<Response>} Fetch
 */

/**
 * @typedef {object} LoadOptions
 * @property {import('./backend.js').Backend | 'auto'} [backend]
 * @property {string} [wasmPath] Folder of the .wasm files, ends in a slash.
 * @property {(fraction: number) => void} [onProgress] Called from 0 to 1.
 * @property {AbortSignal} [signal]
 * @property {Fetch} [fetch] What reads files; `fetch` if not given.
 */

/**
 * Reads a file as JSON.
 *
 * @param {string} url
 * @param {LoadOptions} options
 * @returns {Promise<any>}
 */
export async function fetchJson(url, options) {
  const bytes = await fetchBytes(url, options);
  try {
    return JSON.parse(new TextDecoder('utf-8', {fatal: true}).decode(bytes));
  } catch (error) {
    throw new SketchRnnError(
      'bad_config',
      `${url}: expected JSON, got ${/** @type {Error} */ (error).message}`,
    );
  }
}

/**
 * Loads an exported model's files.
 *
 * @param {string} url The export's directory.
 * @param {LoadOptions} options
 * @returns {Promise<{config: BrowserConfig, steps: import('./graph_steps.js').Steps}>}
 * @throws {SketchRnnError} not_found, bad_config, bad_version, bad_weights or
 *   aborted.
 */
export async function loadExport(url, options) {
  const folder = url.endsWith('/') ? url : `${url}/`;
  const config = checkedConfig(
    await fetchJson(`${folder}config.json`, options),
    `${folder}config.json`,
  );
  const file = `${folder}model.json`;
  const model = await fetchJson(file, options);
  const manifest = model?.weightsManifest;
  if (
    model?.format !== 'graph-model' ||
    !Array.isArray(model?.modelTopology?.node) ||
    !Array.isArray(manifest) ||
    !manifest.every((group) => Array.isArray(group?.paths) && Array.isArray(group?.weights))
  ) {
    throw new SketchRnnError('bad_config', `${file}: expected a graph model`);
  }
  const paths = manifest.flatMap((group) => group.paths);
  if (!paths.every((path) => /^[\w.-]+$/.test(path))) {
    throw new SketchRnnError('bad_config', `${file}: expected names of shards`);
  }
  const weights = await fetchWeights(
    paths.map((path) => folder + path),
    config.weight_bytes,
    options,
  );
  const specs = manifest.flatMap((group) => group.weights);
  let graph;
  try {
    graph = readGraph({
      modelTopology: model.modelTopology,
      signature: model.signature,
      weightSpecs: specs,
      weightData: weights,
    });
    const steps = graphSteps(graph, config, model.modelTopology.node);
    tryOut(steps, config);
    return {config, steps};
  } catch (error) {
    graph?.dispose();
    throw new SketchRnnError(
      'bad_weights',
      `${file}: ${/** @type {Error} */ (error).message}`,
    );
  }
}

/** Reads a graph; where it cannot be read, none of its weights is left. */
function readGraph(/** @type {import('@tensorflow/tfjs-core').io.ModelArtifacts} */ artifacts) {
  engine().startScope();
  try {
    const graph = loadGraphModelSync(io.fromMemorySync(artifacts));
    Object.values(graph.weights).flat().forEach(keep);
    return graph;
  } finally {
    engine().endScope();
  }
}

async function fetchWeights(
  /** @type {string[]} */ urls,
  /** @type {number} */ bytes,
  /** @type {LoadOptions} */ options,
) {
  // What there is, not what the configuration says: that may be 2 GiB.
  const shards = [];
  let at = 0;
  for (const url of urls) {
    const shard = await fetchBytes(url, options, (/** @type {number} */ got) =>
      options.onProgress?.(Math.min(1, (at + got) / bytes)),
    );
    shards.push(shard);
    at += shard.length;
    if (at > bytes) {
      break;
    }
  }
  if (at !== bytes) {
    throw new SketchRnnError(
      'bad_weights',
      `${urls[0]}: expected ${bytes} bytes of weights in all, got ${at}: ` +
        'the files are cut off or of another export',
    );
  }
  const weights = new Uint8Array(bytes);
  let start = 0;
  for (const shard of shards) {
    weights.set(shard, start);
    start += shard.length;
  }
  options.onProgress?.(1);
  return weights.buffer;
}

/**
 * Reads a file, and says how much of it is there.
 *
 * @param {string} url
 * @param {LoadOptions} options
 * @param {(bytes: number) => void} [progress]
 * @returns {Promise<Uint8Array>}
 */
export async function fetchBytes(url, options, progress) {
  const read = options.fetch ?? ((link, init) => fetch(link, init));
  let response;
  try {
    response = await read(url, {signal: options.signal});
    if (response.ok) {
      return await body(response, progress);
    }
  } catch (error) {
    if (options.signal?.aborted) {
      throw new SketchRnnError('aborted', `${url}: loading was aborted`);
    }
    throw new SketchRnnError(
      'not_found',
      `${url}: cannot be read: ${/** @type {Error} */ (error).message}`,
    );
  }
  throw new SketchRnnError(
    'not_found',
    `${url}: cannot be read: status ${response.status}`,
  );
}

async function body(
  /** @type {Response} */ response,
  /** @type {((bytes: number) => void) | undefined} */ progress,
) {
  if (!progress || !response.body) {
    return new Uint8Array(await response.arrayBuffer());
  }
  const parts = [];
  let got = 0;
  const reader = response.body.getReader();
  for (let next = await reader.read(); !next.done; next = await reader.read()) {
    parts.push(next.value);
    got += next.value.length;
    progress(got);
  }
  const bytes = new Uint8Array(got);
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}

/**
 * @param {any} config
 * @param {string} url
 * @returns {BrowserConfig}
 */
function checkedConfig(config, url) {
  if (config?.format !== FORMAT) {
    throw new SketchRnnError(
      'bad_config',
      `${url}: expected the configuration of \`sketch-rnn export tfjs\``,
    );
  }
  if (!FORMAT_VERSIONS.includes(config.format_version)) {
    throw new SketchRnnError(
      'bad_version',
      `${url}: expected format version ${FORMAT_VERSIONS.join(' or ')}, got ` +
        `${JSON.stringify(config.format_version)}; export the model again`,
    );
  }
  const whole = (/** @type {any} */ value) => Number.isInteger(value) && value >= 0;
  const wholes = (/** @type {any} */ value) =>
    Array.isArray(value) && value.every(whole);
  const checks = {
    conditional: typeof config.conditional === 'boolean',
    z_size: whole(config.z_size),
    class_size: config.class_size === undefined || whole(config.class_size),
    words: !config.class_size || (
      Array.isArray(config.words) && config.words.length > 0 &&
      config.words.every((/** @type {any} */ word) => typeof word === 'string')
    ),
    num_mixtures: whole(config.num_mixtures) && config.num_mixtures > 0,
    max_len: whole(config.max_len) && config.max_len > 0,
    scale_factor: Number.isFinite(config.scale_factor) && config.scale_factor > 0,
    start_point:
      Array.isArray(config.start_point) &&
      config.start_point.length === 5 &&
      config.start_point.every(Number.isFinite),
    encoder_states: wholes(config.encoder_states),
    encoder_outputs: wholes(config.encoder_outputs),
    decoder_states: wholes(config.decoder_states),
    weight_bytes: whole(config.weight_bytes) && config.weight_bytes < 2 ** 31,
  };
  for (const [name, good] of Object.entries(checks)) {
    if (!good) {
      throw new SketchRnnError(
        'bad_config',
        `${url}: ${name}: cannot be ${JSON.stringify(config[name])}`,
      );
    }
  }
  return config;
}
