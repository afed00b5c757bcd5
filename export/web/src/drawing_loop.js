/** @file The loop that draws a batch, each drawing from its own seed. */

import {dispose, tensor2d} from '@tensorflow/tfjs-core';

import {SketchRnnError} from './errors.js';
import {paramsSize, samplePoint, temperatures} from './mixture.js';
import {POINTS, uniforms} from './noise.js';
import {POINT_SIZE, writePoint, writeRow} from './strokes.js';

const END = 2;

// Steps between two looks at the signal, and two calls of onPoints.
const CHUNK = 8;

/**
 * @typedef {object} Drawn
 * @property {import('./strokes.js').Sketch[]} sketches Given points included,
 *   the end row left out, data units.
 * @property {number[]} lengths Points of each.
 * @property {number[]} prefixLengths How many of them were given.
 * @property {number[]} seeds
 * @property {Float32Array[]} zs None of an unconditional model.
 */

/**
 * Draws.
 *
 * @param {import('./graph_steps.js').Steps} steps
 * @param {import('./loading.js').BrowserConfig} config
 * @param {Float32Array[]} zs One a drawing; none of an unconditional model.
 * @param {import('./strokes.js').Sketch[]} given Where each begins; may be empty.
 * @param {import('./options.js').Settings} options
 * @param {number[] | null} labels One a drawing, of a class-conditioned model.
 * @returns {Promise<Drawn>}
 */
export async function draw(steps, config, zs, given, options, labels) {
  const batch = options.seeds.length;
  const width = paramsSize(config.num_mixtures);
  const {max_len: longest, scale_factor: scale} = config;
  const limit = Math.min(options.maxLen, longest);
  const heat = temperatures(
    options.temperature,
    options.softmaxTemperature,
    config.compatibility,
  );
  const u = options.seeds.map((seed) => uniforms(seed, POINTS, 4 * limit));
  const points = new Float32Array(POINT_SIZE * batch);
  for (let b = 0; b < batch; b++) {
    points.set(config.start_point, POINT_SIZE * b);
  }
  const sketches = given.map((rows) => /** @type {import('./strokes.js').Sketch} */ (
    rows.slice(0, 0)
  ));
  const told = given.map(() => 0);
  const ended = given.map(() => false);
  // Before all of these, no prediction is read.
  const shortest = Math.min(...given.map((rows) => rows.length));
  let {condition, state} = start(steps, zs, batch, labels);
  try {
    for (let t = 0; t < limit && ended.includes(false); t++) {
      const point = tensor2d(points, [batch, POINT_SIZE]);
      const next = steps.decode(point, condition, state);
      dispose([point, state]);
      state = next.state;
      const y = t < shortest ? null : await read(next.params);
      next.params.dispose();
      for (let b = 0; b < batch; b++) {
        const at = POINT_SIZE * b;
        if (ended[b]) {
          continue;
        }
        if (t < given[b].length) {
          writeRow(points, at, given[b][t], scale);
          sketches[b].push(given[b][t]);
          continue;
        }
        const drawn = samplePoint(
          /** @type {Float32Array} */ (y), width * b, config.num_mixtures,
          u[b], 4 * t, heat,
        );
        const [dx, dy, pen] = drawn;
        if (pen === END) {
          ended[b] = true;
          writePoint(points, at, 0, 0, END);
          continue;
        }
        writePoint(points, at, dx, dy, pen);
        sketches[b].push([points[at] * scale, points[at + 1] * scale, pen]);
      }
      if (t % CHUNK === CHUNK - 1) {
        tell(options, sketches, told, t);
        await breathe(options.signal);
      }
    }
  } finally {
    dispose([state, condition ?? []]);
  }
  tell(options, sketches, told, limit);
  return {
    sketches,
    lengths: sketches.map((rows) => rows.length),
    prefixLengths: given.map((rows) => rows.length),
    seeds: options.seeds,
    zs,
  };
}

/**
 * Reads what the decoder predicts after a beginning, [6 M + 3].
 *
 * @param {import('./graph_steps.js').Steps} steps
 * @param {import('./loading.js').BrowserConfig} config
 * @param {Float32Array[]} zs One; none of an unconditional model.
 * @param {import('./strokes.js').Sketch} sketch
 * @param {number[] | null} labels One, of a class-conditioned model.
 * @returns {Promise<Float32Array>}
 */
export async function predict(steps, config, zs, sketch, labels) {
  const points = Float32Array.from(config.start_point);
  let {condition, state} = start(steps, zs, 1, labels);
  try {
    for (let t = 0; ; t++) {
      const point = tensor2d(points, [1, POINT_SIZE]);
      const next = steps.decode(point, condition, state);
      dispose([point, state]);
      state = next.state;
      if (t === sketch.length) {
        const y = await read(next.params);
        next.params.dispose();
        return y;
      }
      next.params.dispose();
      writeRow(points, 0, sketch[t], config.scale_factor);
    }
  } finally {
    dispose([state, condition ?? []]);
  }
}

/**
 * Gives others a turn, and ends if they said so.
 *
 * @param {AbortSignal | undefined} signal
 */
export async function breathe(signal) {
  await new Promise((resolve) => {
    // A timer would wait 4 ms.
    const {port1, port2} = new MessageChannel();
    port1.onmessage = () => {
      port1.close();
      resolve(undefined);
    };
    port2.postMessage(0);
  });
  if (signal?.aborted) {
    throw new SketchRnnError('aborted', 'the drawing was aborted');
  }
}

function start(
  /** @type {import('./graph_steps.js').Steps} */ steps,
  /** @type {Float32Array[]} */ zs,
  /** @type {number} */ batch,
  /** @type {number[] | null} */ labels,
) {
  if (!zs.length) {
    return steps.start(null, batch, labels);
  }
  const z = tensor2d(zs.map((one) => Array.from(one)));
  const places = steps.start(z, batch, labels);
  z.dispose();
  return places;
}

/** Tells what was drawn since the last time. */
function tell(
  /** @type {import('./options.js').Settings} */ options,
  /** @type {import('./strokes.js').Sketch[]} */ sketches,
  /** @type {number[]} */ told,
  /** @type {number} */ t,
) {
  options.onPoints?.(sketches.map((rows, b) => rows.slice(told[b])), t);
  sketches.forEach((rows, b) => (told[b] = rows.length));
}

/**
 * @param {import('@tensorflow/tfjs-core').Tensor} tensor
 * @returns {Promise<Float32Array>}
 */
export async function read(tensor) {
  return /** @type {Promise<Float32Array>} */ (tensor.data());
}
