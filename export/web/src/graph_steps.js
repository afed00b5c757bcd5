/**
 * @file An exported model's functions, one step at a time, in a TensorFlow.js
 * graph model.
 */

import {tensor2d, zeros} from '@tensorflow/tfjs-core';

import {plan} from './plan.js';

/** @typedef {import('@tensorflow/tfjs-core').Tensor} Tensor */
/** @typedef {import('@tensorflow/tfjs-core').Tensor2D} Tensor2D */
/** @typedef {import('@tensorflow/tfjs-converter').GraphModel<any>} GraphModel */
/** @typedef {import('./loading.js').BrowserConfig} BrowserConfig */

/**
 * What a drawing loop needs of a model; all in scale_factor units.
 *
 * Tensors that come out are the caller's to dispose; what goes in stays.
 *
 * @typedef {object} Steps
 * @property {(batch: number) => Tensor[]} encoderZeros
 * @property {(forward: Tensor2D, backward: Tensor2D, live: Tensor2D,
 *   state: Tensor[]) => Tensor[]} encode Reads a point from each side.
 * @property {(state: Tensor[]) => [Tensor, Tensor]} head mu and log_var.
 * @property {(z: Tensor2D | null, batch: number, labels?: number[] | null) =>
 *   {condition: Tensor | null, state: Tensor[]}} start
 * @property {(point: Tensor2D, condition: Tensor | null, state: Tensor[]) =>
 *   {params: Tensor, state: Tensor[]}} decode
 * @property {() => void} dispose
 */

/**
 * @param {GraphModel} model
 * @param {BrowserConfig} config
 * @param {import('./plan.js').GraphNode[]} [nodes] The model's, by which what is
 *   done at every point is planned; without them TensorFlow.js looks it up.
 * @returns {Steps}
 */
export function graphSteps(model, config, nodes = []) {
  const encoderIn = names('encoder_state', config.encoder_states);
  const encoderOut = names('encoder_next_state', config.encoder_states);
  const initial = names('initial_state', config.decoder_states);
  const decoderIn = names('decoder_state', config.decoder_states);
  const decoderOut = ['params', ...names('decoder_next_state', config.decoder_states)];

  const run = (
    /** @type {Record<string, Tensor>} */ inputs,
    /** @type {string[]} */ outputs,
  ) => /** @type {Tensor[]} */ (model.execute(inputs, outputs));

  const planned = (/** @type {string[]} */ outputs) =>
    (nodes.length && plan(nodes, model.weights, outputs)) ||
    ((/** @type {Record<string, Tensor>} */ inputs) => run(inputs, outputs));
  const encodePoints = planned(encoderOut);
  const decodePoint = planned(decoderOut);

  const zeroState = (/** @type {number[]} */ sizes, /** @type {number} */ batch) =>
    sizes.map((size) => zeros([batch, size]));

  return {
    encoderZeros: (batch) => zeroState(config.encoder_states, batch),
    encode(forward, backward, live, state) {
      /** @type {Record<string, Tensor>} */
      const inputs = {forward_point: forward, backward_point: backward, live};
      encoderIn.forEach((name, k) => (inputs[name] = state[k]));
      return encodePoints(inputs);
    },
    head(state) {
      const [forward, backward] = config.encoder_outputs.map((k) => state[k]);
      const [mu, logVar] = run(
        {forward_output: forward, backward_output: backward},
        ['mu', 'log_var'],
      );
      return [mu, logVar];
    },
    start(z, batch, labels = null) {
      /** @type {Record<string, Tensor>} */
      const inputs = z ? {z} : {};
      if (labels) {
        inputs.word = oneHot(labels, config.words.length);
      }
      if (!Object.keys(inputs).length) {
        return {condition: null, state: zeroState(config.decoder_states, batch)};
      }
      const [condition, ...state] = run(inputs, ['condition', ...initial]);
      inputs.word?.dispose();
      return {condition, state};
    },
    decode(point, condition, state) {
      /** @type {Record<string, Tensor>} */
      const inputs = {point};
      if (condition) {
        inputs.step_condition = condition;
      }
      decoderIn.forEach((name, k) => (inputs[name] = state[k]));
      const [params, ...after] = decodePoint(inputs);
      return {params, state: after};
    },
    dispose: () => model.dispose(),
  };
}

function oneHot(/** @type {number[]} */ labels, /** @type {number} */ size) {
  const values = new Float32Array(labels.length * size);
  labels.forEach((label, b) => (values[b * size + label] = 1));
  return tensor2d(values, [labels.length, size]);
}

function names(/** @type {string} */ name, /** @type {number[]} */ sizes) {
  return sizes.map((_, k) => `${name}_${k}`);
}
