/** @file Tries a loaded model, so that files that do not fit are told at once. */

import {tensor2d, tidy, zeros} from '@tensorflow/tfjs-core';

import {paramsSize} from './mixture.js';
import {POINT_SIZE} from './strokes.js';

/** @typedef {import('@tensorflow/tfjs-core').Tensor} Tensor */
/** @typedef {import('./graph_steps.js').Steps} Steps */
/** @typedef {import('./loading.js').BrowserConfig} BrowserConfig */

// Two sizes, as a graph may hold one as a constant.
const BATCHES = [1, 3];

/**
 * Reads and draws one point; leaves no tensor.
 *
 * @param {Steps} steps
 * @param {BrowserConfig} config
 * @throws {Error} If something is not there, cannot be computed, or has
 *   another shape than the configuration says.
 */
export function tryOut(steps, config) {
  for (const batch of BATCHES) {
    tidy(() => {
      if (config.conditional) {
        encode(steps, config, batch);
      }
      decode(steps, config, batch);
    });
  }
}

function encode(
  /** @type {Steps} */ steps,
  /** @type {BrowserConfig} */ config,
  /** @type {number} */ batch,
) {
  const point = startPoints(config, batch);
  const live = /** @type {import('@tensorflow/tfjs-core').Tensor2D} */ (zeros([batch, 1]));
  const state = steps.encode(point, point, live, steps.encoderZeros(batch));
  expectWidths('encoder state', state, config.encoder_states, batch);
  expectWidths('posterior', steps.head(state), [config.z_size, config.z_size], batch);
}

function decode(
  /** @type {Steps} */ steps,
  /** @type {BrowserConfig} */ config,
  /** @type {number} */ batch,
) {
  const z = config.conditional ? zeros([batch, config.z_size]) : null;
  const labels = config.class_size ? Array(batch).fill(0) : null;
  const {condition, state} = steps.start(
    /** @type {import('@tensorflow/tfjs-core').Tensor2D | null} */ (z), batch, labels,
  );
  expectWidths('decoder state', state, config.decoder_states, batch);
  const {params, state: after} = steps.decode(startPoints(config, batch), condition, state);
  expectWidths('parameters', [params], [paramsSize(config.num_mixtures)], batch);
  expectWidths('decoder state', after, config.decoder_states, batch);
}

function startPoints(/** @type {BrowserConfig} */ config, /** @type {number} */ batch) {
  const rows = Array(batch).fill(config.start_point).flat();
  return tensor2d(rows, [batch, POINT_SIZE]);
}

function expectWidths(
  /** @type {string} */ name,
  /** @type {Tensor[]} */ found,
  /** @type {number[]} */ widths,
  /** @type {number} */ batch,
) {
  const shapes = found.map((tensor) => `[${tensor?.shape}]`).join(' ');
  const wanted = widths.map((width) => `[${batch},${width}]`).join(' ');
  if (shapes !== wanted) {
    throw new Error(`${name}: expected ${wanted}, got ${shapes}`);
  }
}
