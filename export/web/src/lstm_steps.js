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
  const sizes = cells.map(({recurrentKernel}) => recurrentKernel.shape[0]);
  const [ours, ...theirs] = [decoder.cell, ...cells].map(prepared);
  const owned = [ours, ...theirs].flatMap(({both, ofZ, bias}) => [both, bias, ...ofZ]);
  // Nothing reads them any more, and they are most of the memory.
  [decoder.cell, ...cells].forEach((cell) => {
    Object.values(cell).forEach((tensor) => tensor.dispose());
  });

  return {
    encoderZeros: (batch) =>
      sizes.flatMap((n) => [
        zeros([batch, n]),
        zeros([batch, n]),
      ]),
    encode: (forward, backward, live, state) =>
      tidy(() =>
        [forward, backward].flatMap((point, k) => {
          const before = state.slice(2 * k, 2 * k + 2);
          const after = lstm(point, before, theirs[k].both, theirs[k].bias);
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
      const [ofZ] = ours.ofZ;
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
        const condition = add(matMul(z, ofZ), ours.bias);
        return {condition, state: split(packed, 2, 1)};
      });
    },
    decode: (point, condition, state) =>
      tidy(() => {
        const [c, h] = lstm(point, state, ours.both, condition ?? ours.bias);
        const output = matMul(/** @type {Tensor2D} */ (h), decoder.outputKernel);
        return {params: add(output, decoder.outputBias), state: [c, h]};
      }),
    dispose() {
      const {cell, ...rest} = decoder;
      const all = [...Object.values(rest), ...owned];
      if (encoder) {
        const {forward, backward, ...others} = encoder;
        all.push(...Object.values(others));
      }
      all.forEach((tensor) => tensor.dispose());
    },
  };
}

/**
 * @typedef {object} PreparedWeights One product for point and state, one sigmoid
 *   for all gates, by tanh(a) = 2 sigmoid(2 a) - 1, as `export/lstm_step.py`.
 * @property {Tensor2D} both [5 + n, 4 n].
 * @property {Tensor2D[]} ofZ [Z, 4 n]; none where the cell does not see z.
 * @property {Tensor} bias [4 n], the forget gate's 1 in it.
 */

/** @returns {PreparedWeights} */
function prepared(/** @type {LstmWeights} */ {kernel, recurrentKernel, bias}) {
  const [n] = recurrentKernel.shape;
  const zSize = kernel.shape[0] - POINT_SIZE;
  return tidy(() => {
    const factors = tensor1d(new Float32Array(4 * n).fill(1).fill(2, n, 2 * n));
    const forget = tensor1d(new Float32Array(4 * n).fill(1, 2 * n, 3 * n));
    const scaled = (/** @type {Tensor} */ part) =>
      /** @type {Tensor2D} */ (mul(part, factors));
    const ofPoint = slice(kernel, [0, 0], [POINT_SIZE, -1]);
    return {
      both: scaled(concat([ofPoint, recurrentKernel], 0)),
      ofZ: zSize ? [scaled(slice(kernel, [POINT_SIZE, 0], [zSize, -1]))] : [],
      bias: scaled(add(bias, forget)),
    };
  });
}

/** Runs a step on the state (c, h). */
function lstm(
  /** @type {Tensor2D} */ point,
  /** @type {Tensor[]} */ [c, h],
  /** @type {Tensor2D} */ both,
  /** @type {Tensor} */ condition,
) {
  const product = matMul(concat([point, /** @type {Tensor2D} */ (h)], 1), both);
  const [i, j, f, o] = split(sigmoid(add(product, condition)), 4, 1);
  const next = add(mul(c, f), sub(mul(i, add(j, j)), i));
  const squashed = sigmoid(add(next, next));
  return [next, sub(mul(o, add(squashed, squashed)), o)];
}
