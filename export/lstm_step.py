"""The LSTM's step in few operations, for interpreters of graphs.

To these an operation costs more than its arithmetic: a step of 512 units in
WebAssembly spends half of its time outside of the products.  So there is one
product for input and state and one sigmoid for all four gates, by

    tanh(a) == 2 * sigmoid(2 * a) - 1

whose factor and the forget gate's 1 stand in kernel and condition, which are
constants of an exported graph.  It is what `LSTMCell.step` computes, but for
rounding.
"""

import tensorflow as tf

from sketch_rnn_tf.model import cells

# Of the gates i, j, f, o.
_FACTORS = (1.0, 2.0, 1.0, 1.0)
_FORGET = (0.0, 0.0, 1.0, 0.0)


def kernel(cell: "cells.LSTMCell", x_size: int) -> tf.Tensor:
    """Returns what multiplies [x ; h], float [x_size + n, 4 n].

    Args:
      cell: The cell.
      x_size: How many of its inputs x holds; the others, and the bias, are
        the condition's.
    """
    of_input, _ = cell.input_projection()
    both = tf.concat([of_input[:x_size], cell.recurrent_kernel], axis=0)
    return both * _gates(cell, _FACTORS)


def condition(cell: "cells.LSTMCell", projected: tf.Tensor) -> tf.Tensor:
    """Returns the condition of a step, of the shape of `projected`.

    Args:
      cell: The cell.
      projected: float [B, 4 n] or [4 n], what the inputs that x leaves out
        and the bias add to the projected input.
    """
    shifted = projected + _gates(cell, _FORGET)
    return shifted * _gates(cell, _FACTORS)


def step(
    x: tf.Tensor,
    conditioned: tf.Tensor,
    state: tuple[tf.Tensor, ...],
    both: tf.Tensor,
) -> tuple[tf.Tensor, tuple[tf.Tensor, ...]]:
    """Runs a step.

    Args:
      x: float [B, x_size].
      conditioned: What `condition` gave.
      state: (c, h), float [B, n] each.
      both: What `kernel` gave.

    Returns:
      The output h', float [B, n], and the state (c', h').
    """
    c, h = state
    product = tf.matmul(tf.concat([x, h], axis=-1), both)
    i, j, f, o = tf.split(tf.sigmoid(product + conditioned), 4, axis=-1)
    # i * (2 j - 1), and below o * (2 sigmoid - 1), without constants.
    c = c * f + (i * (j + j) - i)
    squashed = tf.sigmoid(c + c)
    h = o * (squashed + squashed) - o
    return h, (c, h)


def _gates(cell, values):
    """Returns a value a gate, repeated for its units, float [4 n]."""
    return tf.repeat(tf.constant(values, cell.dtype), cell.size)
