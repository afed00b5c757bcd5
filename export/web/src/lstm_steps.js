/** @file A model's functions, one step at a time, of LSTM weights at hand. */

import {
  add, concat, matMul, mul, sigmoid, slice, split, sub, tanh, tensor1d, tidy,
  zeros,
} from '@tensorflow/tfjs-core';

import {POINT_SIZE} from './strokes.js';

/** @typedef {import('@tensorflow/tfjs-core').Tensor} Tensor */
/** @typedef {import('@tensorflow/tfjs-core').Tensor1D} Tensor1D */
/** @typedef {import('@tensorflow/tfjs-core').Tensor2D} Tensor2D */

/**
 * @typedef {object} LstmWeights
 * @property {Tensor2D} kernel [X, 4 n], gates i, j, f, o.
 * @property {Tensor2D} recurrentKernel [n, 4 n].
 * @property {Tensor1D} bias [4 n].
 */

/**
 * @typedef {object} EncoderWeights
 * @property {LstmWeights} forward
 * @property {LstmWeights} backward
 * @property {Tensor2D} muKernel [2 H, Z].
 * @property {Tensor1D} muBias
 * @property {Tensor2D} logVarKernel [2 H, Z].
 * @property {Tensor1D} logVarBias
 * @property {Tensor2D} initialKernel [Z, 2 n], for (c, h).
 * @property {Tensor1D} initialBias
 */

/**
 * @typedef {object} DecoderWeights
 * @property {LstmWeights} cell
 * @property {Tensor2D} outputKernel [n, 6 M + 3].
 * @property {Tensor1D} outputBias
 */

/**
 * Makes the functions of LSTM weights.
 *
 * @param {EncoderWeights | null} encoder
 * @param {DecoderWeights} decoder
 * @param {{squashZ?: boolean}} [options] Whether the initial state is made of
 *   tanh(z), as in files of sketch-rnn-js before version 6.
 * @returns {import('./graph_steps.js').Steps} It owns the weights.
 */
export function lstmSteps(encoder, decoder, {squashZ = false} = {}) {
  const cells = encoder ? [encoder.forward, encoder.backward] : [];
  const size = decoder.cell.recurrentKernel.shape[0];
  const forget = [decoder.cell, ...cells].map(withForgetBias);
  const zSize = decoder.cell.kernel.shape[0] - POINT_SIZE;
  const ofPoint = tidy(() => slice(decoder.cell.kernel, [0, 0], [POINT_SIZE, -1]));
  const ofZ = zSize
    ? tidy(() => slice(decoder.cell.kernel, [POINT_SIZE, 0], [zSize, -1]))
    : null;
  const owned = [...forget, ofPoint, ...(ofZ ? [ofZ] : [])];

  return {
    encoderZeros: (batch) =>
      cells.flatMap(({recurrentKernel: {shape: [n]}}) => [
        zeros([batch, n]),
        zeros([batch, n]),
      ]),
    encode: (forward, backward, live, state) =>
      tidy(() =>
        [forward, backward].flatMap((point, k) => {
          const before = state.slice(2 * k, 2 * k + 2);
          const projected = add(matMul(point, cells[k].kernel), forget[1 + k]);
          const after = lstm(projected, before, cells[k].recurrentKernel);
          return after.map((next, s) =>
            add(before[s], mul(live, sub(next, before[s]))),
          );
        }),
      ),
    head: (state) =>
      tidy(() => {
        const {muKernel, muBias, logVarKernel, logVarBias} =
          /** @type {EncoderWeights} */ (encoder);
        const hidden = /** @type {Tensor2D} */ (concat([state[1], state[3]], 1));
        return [
          add(matMul(hidden, muKernel), muBias),
          add(matMul(hidden, logVarKernel), logVarBias),
        ];
      }),
    start: (z, batch) => {
      if (!z || !encoder || !ofZ) {
        return {
          condition: null,
          state: [zeros([batch, size]), zeros([batch, size])],
        };
      }
      return tidy(() => {
        const packed = tanh(
          add(
            matMul(squashZ ? tanh(z) : z, encoder.initialKernel),
            encoder.initialBias,
          ),
        );
        const condition = add(matMul(z, ofZ), forget[0]);
        return {condition, state: split(packed, 2, 1)};
      });
    },
    decode: (point, condition, state) =>
      tidy(() => {
        const projected = add(matMul(point, ofPoint), condition ?? forget[0]);
        const [c, h] = lstm(projected, state, decoder.cell.recurrentKernel);
        const output = matMul(/** @type {Tensor2D} */ (h), decoder.outputKernel);
        return {params: add(output, decoder.outputBias), state: [c, h]};
      }),
    dispose() {
      const {cell, ...rest} = decoder;
      const all = [...Object.values(rest), ...owned];
      for (const one of [cell, ...cells]) {
        all.push(...Object.values(one));
      }
      if (encoder) {
        const {forward, backward, ...others} = encoder;
        all.push(...Object.values(others));
      }
      all.forEach((tensor) => tensor.dispose());
    },
  };
}

/** Returns the bias with 1 added for the forget gate. */
function withForgetBias(/** @type {LstmWeights} */ {bias, recurrentKernel}) {
  const [n] = recurrentKernel.shape;
  const forget = new Float32Array(4 * n).fill(1, 2 * n, 3 * n);
  return tidy(() => add(bias, tensor1d(forget)));
}

/** Runs a step on the state (c, h); 1 is in the forget gate's bias already. */
function lstm(
  /** @type {Tensor} */ projected,
  /** @type {Tensor[]} */ [c, h],
  /** @type {Tensor2D} */ recurrentKernel,
) {
  const product = matMul(/** @type {Tensor2D} */ (h), recurrentKernel);
  const [i, j, f, o] = split(add(projected, product), 4, 1);
  const next = add(mul(c, sigmoid(f)), mul(sigmoid(i), tanh(j)));
  return [next, mul(tanh(next), sigmoid(o))];
}
