"""The recurrence as the reference implementation runs it: a plain loop.

`run` is a time-major `tf.while_loop` which stops at the longest sketch, as
`tf.nn.dynamic_rnn` does, over the cells in the form that they have there: a
product of the concatenated [x, h] with one kernel, dropout drawn in each step,
and automatic differentiation through all of it.

One thing was done to make it fast: the kernels are transposed once, before
the loop.  The gradient's product with the kernel then has no transposed
operand, which is slow in TensorFlow (half of the rate).  On two cores with
oneDNN an LSTM of 512 units at batch 100, forward and backward, so came from
0.49 to 0.60 of the matmul peak.  What was tried as well and gained nothing:
another number of parallel iterations, the input projected for all steps at
once, and an unrolled loop.
"""

from collections.abc import Callable

import tensorflow as tf

from sketch_rnn_tf.model import cells
from sketch_rnn_tf.model.cells import hyper

EPSILON = 1e-3
"""Of the layer normalisation."""

Step = Callable[[tf.Tensor, cells.State], tuple[tf.Tensor, cells.State]]


def make_runner(cell: cells.Cell, *, dropout: float) -> Callable:
    """Makes a function that runs a cell over time.

    Args:
      cell: The cell, whose weights it reads.
      dropout: Drop rate on the candidate in training.

    Returns:
      A `baseline.Runner`.
    """
    make_step = {
        cells.LSTMCell: lstm,
        cells.LayerNormLSTMCell: layer_norm_lstm,
        cells.HyperLSTMCell: hyper_lstm,
    }[type(cell)]

    def runner(inputs, state, *, lengths, training):
        step = make_step(cell, dropout if training else 0.0)
        return run(step, inputs, state, lengths=lengths)

    return runner


def run(
    step: Step,
    inputs: tf.Tensor,
    state: cells.State,
    *,
    lengths: tf.Tensor | None = None,
) -> tuple[tf.Tensor | None, cells.State]:
    """Runs a cell over time.

    Args:
      step: One step, from x float [B, X] and a state to the output float
        [B, n] and the next state.
      inputs: float [B, T, X].
      state: The state before the first step.
      lengths: int32 [B]; a row's state stops changing after that many steps,
        and the loop stops with the longest row.  None runs all to the end.

    Returns:
      Outputs float [B, T, n], None if there are lengths, since no one reads
      them then, and the last state.
    """
    batch_size, num_steps, width = inputs.shape
    points = tf.TensorArray(
        inputs.dtype, num_steps, element_shape=[batch_size, width]
    ).unstack(tf.transpose(inputs, [1, 0, 2]))
    outputs = tf.TensorArray(
        inputs.dtype,
        num_steps if lengths is None else 0,
        element_shape=[batch_size, None],
    )
    last = num_steps if lengths is None else tf.reduce_max(lengths)

    def body(t, state, outputs):
        output, new_state = step(points.read(t), state)
        if lengths is None:
            return t + 1, new_state, outputs.write(t, output)
        going = (t < lengths)[:, None]
        new_state = tuple(
            tf.where(going, new, old)
            for new, old in zip(new_state, state, strict=True)
        )
        return t + 1, new_state, outputs

    _, state, outputs = tf.while_loop(
        lambda t, *_: t < last,
        body,
        (tf.constant(0), state, outputs),
        maximum_iterations=num_steps,
    )
    if lengths is not None:
        return None, state
    return tf.transpose(outputs.stack(), [1, 0, 2]), state


def lstm(cell: cells.LSTMCell, rate: float) -> Step:
    """Makes the LSTM's step; its state is (c, h)."""
    kernel = _joined_kernel(cell)
    bias = tf.convert_to_tensor(cell.bias)

    def step(x, state):
        c, h = state
        gates = _product(tf.concat([x, h], axis=1), kernel)
        gates = tf.nn.bias_add(gates, bias)
        c, output_gate = _remember(gates, c, rate)
        h = tf.tanh(c) * output_gate
        return h, (c, h)

    return step


def layer_norm_lstm(cell: cells.LayerNormLSTMCell, rate: float) -> Step:
    """Makes the layer-norm LSTM's step; its state is (h, c)."""
    return _normalised_lstm(
        _joined_kernel(cell),
        [
            tf.convert_to_tensor(weight)
            for weight in (
                cell.gates_gamma,
                cell.gates_beta,
                cell.memory_gamma,
                cell.memory_beta,
            )
        ],
        rate,
    )


def hyper_lstm(cell: cells.HyperLSTMCell, rate: float) -> Step:
    """Makes the HyperLSTM's step; its state is (h, hyper h, c, hyper c)."""
    hyper_step = _normalised_lstm(
        tf.transpose(
            tf.concat([cell.hyper_kernel, cell.hyper_recurrent_kernel], axis=0)
        ),
        [
            tf.convert_to_tensor(weight)
            for weight in (
                cell.hyper_gates_gamma,
                cell.hyper_gates_beta,
                cell.hyper_memory_gamma,
                cell.hyper_memory_beta,
            )
        ],
        0.0,
    )
    input_kernel = tf.transpose(cell.kernel)
    recurrent_kernel = tf.transpose(cell.recurrent_kernel)
    bias = tf.convert_to_tensor(cell.bias)
    norms = [
        tf.convert_to_tensor(weight)
        for weight in (
            cell.gates_gamma,
            cell.gates_beta,
            cell.memory_gamma,
            cell.memory_beta,
        )
    ]
    # Small matrices of each block's own, as in the reference.
    blocks = len(hyper.BLOCKS)
    embeddings = tf.split(tf.convert_to_tensor(cell.scale_embedding), blocks, 1)
    biases = tf.split(tf.convert_to_tensor(cell.scale_bias), blocks)
    scales = tf.unstack(tf.convert_to_tensor(cell.scale_kernel))
    shift_embeddings = tf.split(
        tf.convert_to_tensor(cell.shift_embedding), blocks // 2, 1
    )
    shifts = tf.unstack(tf.convert_to_tensor(cell.shift_kernel))

    def scaled(values, u, first):
        """Scales the four blocks of a product by u."""
        results = []
        for index, value in enumerate(tf.split(values, 4, axis=1), first):
            embedded = tf.matmul(u, embeddings[index]) + biases[index]
            results.append(tf.matmul(embedded, scales[index]) * value)
        return results

    def step(x, state):
        h, hyper_h, c, hyper_c = state
        u, (_, hyper_c) = hyper_step(
            tf.concat([x, h], axis=1), (hyper_h, hyper_c)
        )
        of_x = scaled(_product(x, input_kernel), u, 0)
        of_h = scaled(_product(h, recurrent_kernel), u, 4)
        gates = []
        for index, part in enumerate(tf.split(bias, 4)):
            shift = tf.matmul(u, shift_embeddings[index])
            shift = tf.matmul(shift, shifts[index])
            gates.append(of_x[index] + of_h[index] + shift + part)
        gates = _normalised(tf.concat(gates, axis=1), *norms[:2], blocks=4)
        c, output_gate = _remember(gates, c, rate)
        h = tf.tanh(_normalised(c, *norms[2:])) * output_gate
        return h, (h, u, c, hyper_c)

    return step


def _normalised_lstm(kernel, norms, rate):
    def step(x, state):
        h, c = state
        gates = _product(tf.concat([x, h], axis=1), kernel)
        gates = _normalised(gates, *norms[:2], blocks=4)
        c, output_gate = _remember(gates, c, rate)
        h = tf.tanh(_normalised(c, *norms[2:])) * output_gate
        return h, (h, c)

    return step


def _joined_kernel(cell):
    """Returns the kernel of [x, h], transposed: [4 n, X + n]."""
    return tf.transpose(tf.concat([cell.kernel, cell.recurrent_kernel], axis=0))


def _product(values, transposed_kernel):
    return tf.matmul(values, transposed_kernel, transpose_b=True)


def _remember(gates, c, rate):
    """Returns the next memory, and the activated output gate."""
    i, j, f, o = tf.split(gates, 4, axis=1)
    candidate = tf.tanh(j)
    if rate:
        candidate = tf.nn.dropout(candidate, rate)
    c = c * tf.sigmoid(f + 1.0) + tf.sigmoid(i) * candidate
    return c, tf.sigmoid(o)


def _normalised(values, gamma, beta, *, blocks=1):
    batch_size, width = values.shape
    parts = tf.reshape(values, [batch_size, blocks, width // blocks])
    mean = tf.reduce_mean(parts, axis=2, keepdims=True)
    variance = tf.reduce_mean(tf.square(parts - mean), axis=2, keepdims=True)
    parts = (parts - mean) * tf.math.rsqrt(variance + EPSILON)
    return tf.reshape(parts, [batch_size, width]) * gamma + beta
