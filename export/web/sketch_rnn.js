/**
 * @file Draws with sketch-rnn models in browsers and Node.
 *
 *     import {load} from './sketch_rnn.js';
 *
 *     const model = await load('models/doodles/');
 *     const {sketches} = await model.generate(9, {seed: 0, temperature: 0.3});
 *
 * Sketches are rows [dx, dy, lift] in data units (stroke-3).  The same model,
 * seed and temperature draw what `sketch-rnn` draws.
 */

import {dispose, tensor2d, tidy} from '@tensorflow/tfjs-core';

import {start as startBackend} from './src/backend.js';
import {breathe, draw, predict, read} from './src/drawing_loop.js';
import {badInput} from './src/errors.js';
import {between} from './src/latent.js';
import {loadExport} from './src/loading.js';
import {density as densityOf, temperatures} from './src/mixture.js';
import {prior} from './src/noise.js';
import {labelsOf, settings} from './src/options.js';
import {readSketchRnnJs} from './src/sketch_rnn_js.js';
import {POINT_SIZE, checkedSketch, writeRow} from './src/strokes.js';

export {SketchRnnError} from './src/errors.js';
export {slerp} from './src/latent.js';
export {prior} from './src/noise.js';
export {EPSILON, linesToSketch, simplify, sketchToLines} from './src/strokes.js';

/** @typedef {import('./src/strokes.js').Sketch} Sketch */
/** @typedef {import('./src/options.js').DrawOptions} DrawOptions */
/** @typedef {import('./src/drawing_loop.js').Drawn} Drawn */
/** @typedef {import('./src/loading.js').BrowserConfig} BrowserConfig */
/** @typedef {import('./src/loading.js').LoadOptions} LoadOptions */
/** @typedef {import('./src/mixture.js').Density} Density */

// Steps of the encoder between two turns of others.
const CHUNK = 16;

/**
 * Loads a model.
 *
 * @param {string} url The directory that `sketch-rnn export tfjs` wrote, or a
 *   weight file of sketch-rnn-js, which ends in .json.
 * @param {LoadOptions} [options]
 * @returns {Promise<SketchRNN>}
 * @throws {SketchRnnError} not_found, bad_config, bad_version, bad_weights,
 *   no_backend or aborted.
 */
export async function load(url, options = {}) {
  if (typeof url !== 'string' || !url) {
    badInput(`load: expected a URL, got ${JSON.stringify(url)}`);
  }
  const backend = await startBackend(options.backend ?? 'auto', options.wasmPath);
  const read = url.endsWith('.json') ? readSketchRnnJs : loadExport;
  const {config, steps} = await read(url, options);
  return new SketchRNN(config, steps, backend);
}

/** A model that encodes and draws; `load` makes one. */
export class SketchRNN {
  /** @type {import('./src/graph_steps.js').Steps} */
  #steps;

  /**
   * @param {BrowserConfig} config
   * @param {import('./src/graph_steps.js').Steps} steps
   * @param {import('./src/backend.js').Backend} backend
   */
  constructor(config, steps, backend) {
    this.#steps = steps;
    /** What the model is. */
    this.config = config;
    /** Where it is computed. */
    this.backend = backend;
    /** Whether it has an encoder. */
    this.conditional = config.conditional;
    /** N_max: points of a drawing, at most. */
    this.maxLen = config.max_len;
    /** N_z; 0 without an encoder. */
    this.zSize = config.z_size;
    /** What it can be asked for; none if it is not class-conditioned. */
    this.words = config.class_size ? config.words : [];
  }

  /** Frees the weights. */
  dispose() {
    this.#steps.dispose();
  }

  /**
   * Encodes sketches (Eqs. 1 and 2).
   *
   * @param {Sketch[]} sketches Of at most N_max points each.
   * @param {{signal?: AbortSignal}} [options]
   * @returns {Promise<{mu: Float32Array[], logVar: Float32Array[]}>} [N_z] each.
   * @throws {SketchRnnError} bad_input; aborted.
   */
  async encode(sketches, options = {}) {
    this.#needEncoder('encode');
    const given = this.#checked(sketches);
    const batch = given.length;
    const most = Math.max(...given.map((rows) => rows.length));
    let state = this.#steps.encoderZeros(batch);
    try {
      for (let t = 0; t < most; t++) {
        const before = state;
        state = tidy(() => this.#steps.encode(...this.#sides(given, t), before));
        dispose(before);
        if (t % CHUNK === CHUNK - 1) {
          await breathe(options.signal);
        }
      }
      const head = tidy(() => this.#steps.head(state));
      const [mu, logVar] = await Promise.all(head.map(read));
      dispose(head);
      const rows = (/** @type {Float32Array} */ values) =>
        given.map((_, b) => values.slice(b * this.zSize, (b + 1) * this.zSize));
      return {mu: rows(mu), logVar: rows(logVar)};
    } finally {
      dispose(state);
    }
  }

  /**
   * Draws latent vectors.
   *
   * @param {ArrayLike<number>[]} zs [N_z] each.
   * @param {DrawOptions} [options]
   * @returns {Promise<Drawn>}
   * @throws {SketchRnnError} bad_input; aborted.
   */
  async decode(zs, options = {}) {
    this.#needEncoder('decode');
    const checked = this.#checkedZs(zs);
    return this.#draw(checked, checked.map(() => []), options);
  }

  /**
   * Invents drawings: z from the prior, by each one's seed.
   *
   * @param {number} [count]
   * @param {DrawOptions} [options]
   * @returns {Promise<Drawn>}
   * @throws {SketchRnnError} bad_input; aborted.
   */
  async generate(count = 1, options = {}) {
    if (!Number.isInteger(count) || count < 1) {
      badInput(`count: expected 1 or more, got ${count}`);
    }
    const {seeds} = settings(options, count, this.maxLen);
    const zs = this.conditional ? seeds.map((seed) => prior(seed, this.zSize)) : [];
    return this.#draw(zs, seeds.map(() => []), options, true);
  }

  /**
   * Goes on where sketches end.  z is the mean of their encoding, if not given.
   *
   * @param {Sketch[]} sketches Of fewer than `maxLen` points each.
   * @param {DrawOptions} [options]
   * @returns {Promise<Drawn>} The given points included.
   * @throws {SketchRnnError} bad_input; aborted.
   */
  async complete(sketches, options = {}) {
    const given = this.#checked(sketches);
    const {maxLen} = settings(options, given.length, this.maxLen);
    given.forEach((rows, b) => {
      if (rows.length >= maxLen) {
        badInput(
          `sketch ${b}: expected fewer than ${maxLen} points, got ${rows.length}`,
        );
      }
    });
    if (!this.conditional) {
      return this.#draw([], given, options);
    }
    const zs = options.z
      ? this.#checkedZs(options.z, given.length)
      : await this.#means(given, options);
    return this.#draw(zs, given, options);
  }

  /**
   * Draws sketches again: z from the posterior, by each one's seed (Eq. 2).
   *
   * @param {Sketch[]} sketches
   * @param {DrawOptions} [options]
   * @returns {Promise<Drawn>}
   * @throws {SketchRnnError} bad_input; aborted.
   */
  async reconstruct(sketches, options = {}) {
    this.#needEncoder('reconstruct');
    const given = this.#checked(sketches);
    const {seeds} = settings(options, given.length, this.maxLen);
    const {mu, logVar} = await this.encode(given, options);
    const zs = mu.map((mean, b) => {
      const noise = prior(seeds[b], this.zSize);
      return mean.map((value, k) => value + Math.exp(logVar[b][k] / 2) * noise[k]);
    });
    return this.#draw(zs, given.map(() => []), options);
  }

  /**
   * Draws the way between two latent vectors, or the grid between four.
   *
   * All have the same seed, `options.seed`, so that they differ by z alone.
   *
   * @param {ArrayLike<number>[]} zs Two, or four: top left, top right, bottom
   *   left, bottom right.
   * @param {number} steps How many in each direction, ends included.
   * @param {DrawOptions} [options]
   * @returns {Promise<Drawn>} `steps`, or `steps` squared row by row.
   * @throws {SketchRnnError} bad_input; aborted.
   */
  async interpolate(zs, steps, options = {}) {
    this.#needEncoder('interpolate');
    const way = between(this.#checkedZs(zs), steps);
    const seeds = options.seeds ?? way.map(() => options.seed ?? 0);
    return this.#draw(way, way.map(() => []), {...options, seeds});
  }

  /**
   * Returns where the next point may fall.
   *
   * @param {Sketch} sketch What is drawn already; may be empty.
   * @param {{z?: ArrayLike<number>, temperature?: number,
   *   softmaxTemperature?: number, word?: string}} [options] z is the mean of the sketch's
   *   encoding, if not given; the temperature is 1.
   * @returns {Promise<Density>}
   * @throws {SketchRnnError} bad_input.
   */
  async density(sketch, options = {}) {
    const [given] = this.#checked([sketch]);
    const {temperature, softmaxTemperature} = settings(
      {temperature: 1, ...options, z: undefined}, 1, this.maxLen,
    );
    let zs = /** @type {Float32Array[]} */ ([]);
    if (this.conditional) {
      zs = options.z ? this.#checkedZs([options.z], 1) : await this.#means([given], {});
    }
    const labels = labelsOf(options.word, 1, this.config);
    const y = await predict(this.#steps, this.config, zs, given, labels);
    const {num_mixtures, compatibility, scale_factor} = this.config;
    const heat = temperatures(temperature, softmaxTemperature, compatibility);
    return densityOf(y, num_mixtures, heat, scale_factor);
  }

  /**
   * @param {Float32Array[]} zs
   * @param {Sketch[]} given
   * @param {DrawOptions} options
   * @param {boolean} [inTurn]
   */
  async #draw(zs, given, options, inTurn) {
    const checked = settings(options, given.length, this.maxLen);
    const labels = labelsOf(options.word, given.length, this.config, inTurn);
    return draw(this.#steps, this.config, zs, given, checked, labels);
  }

  async #means(/** @type {Sketch[]} */ given, /** @type {DrawOptions} */ options) {
    // One sketch is often asked to be ended many ways.
    if (given.every((rows) => rows === given[0])) {
      const {mu} = await this.encode(given.slice(0, 1), options);
      return given.map(() => mu[0]);
    }
    return (await this.encode(given, options)).mu;
  }

  /** Returns the t-th points from the front and the back, and who has them. */
  #sides(/** @type {Sketch[]} */ sketches, /** @type {number} */ t) {
    const batch = sketches.length;
    const forward = new Float32Array(POINT_SIZE * batch);
    const backward = new Float32Array(POINT_SIZE * batch);
    const live = new Float32Array(batch);
    sketches.forEach((rows, b) => {
      if (t < rows.length) {
        const {scale_factor: scale} = this.config;
        writeRow(forward, POINT_SIZE * b, rows[t], scale);
        writeRow(backward, POINT_SIZE * b, rows[rows.length - 1 - t], scale);
        live[b] = 1;
      }
    });
    return /** @type {const} */ ([
      tensor2d(forward, [batch, POINT_SIZE]),
      tensor2d(backward, [batch, POINT_SIZE]),
      tensor2d(live, [batch, 1]),
    ]);
  }

  #needEncoder(/** @type {string} */ what) {
    if (!this.conditional) {
      badInput(`${what}: expected a conditional model, got one without an encoder`);
    }
  }

  /** @returns {Sketch[]} */
  #checked(/** @type {unknown} */ sketches) {
    if (!Array.isArray(sketches) || !sketches.length) {
      badInput('sketches: expected a list of one or more');
    }
    return sketches.map((rows, b) => checkedSketch(rows, this.maxLen, `sketch ${b}`));
  }

  /** @returns {Float32Array[]} */
  #checkedZs(/** @type {ArrayLike<number>[]} */ zs, count = zs?.length) {
    if (!Array.isArray(zs) || !zs.length || zs.length !== count) {
      badInput(`z: expected ${count || 'one or more'}, got ${zs?.length}`);
    }
    return zs.map((z, b) => {
      const values = Float32Array.from(z ?? []);
      if (values.length !== this.zSize || !values.every(Number.isFinite)) {
        badInput(
          `z ${b}: expected ${this.zSize} finite numbers, got ${values.length}`,
        );
      }
      return values;
    });
  }
}
