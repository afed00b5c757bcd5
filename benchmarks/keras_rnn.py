"""The recurrence as a user of Keras would write it: `keras.layers.RNN`."""

from collections.abc import Callable

import tensorflow as tf

from sketch_rnn_tf.backend import keras
from sketch_rnn_tf.model import cells


class RNNCell(keras.layers.Layer):
    """One of our cells, to be run by `keras.layers.RNN`.

    The input is projected in each step, and dropout drawn in each step.

    Args:
      cell: The cell, built.
      dropout: Drop rate on its candidate in training.
      **kwargs: As of every Keras layer.
    """

    def __init__(self, cell: cells.Cell, *, dropout: float, **kwargs):
        super().__init__(**kwargs)
        self.cell = cell
        self.dropout = dropout
        self.state_size = list(cell.state_sizes)
        self.output_size = cell.size
        self.built = True

    def call(self, inputs, states, training=False):
        kernel, bias = self.cell.input_projection()
        mask = None
        if training and self.dropout:
            ones = tf.ones([inputs.shape[0], self.cell.size], inputs.dtype)
            mask = tf.nn.dropout(ones, self.dropout)
        output, state = self.cell.step(
            tf.matmul(inputs, kernel) + bias, tuple(states), candidate_mask=mask
        )
        return output, list(state)


def make_runner(cell: cells.Cell, *, dropout: float) -> Callable:
    """Makes a function that runs a cell over time.

    Args:
      cell: The cell, whose weights it reads.
      dropout: Drop rate on the candidate in training.

    Returns:
      A `baseline.Runner`.
    """
    layers = {
        sequences: keras.layers.RNN(
            RNNCell(cell, dropout=dropout),
            return_sequences=sequences,
            return_state=True,
        )
        for sequences in (False, True)
    }

    def runner(inputs, state, *, lengths, training):
        mask = None
        if lengths is not None:
            mask = tf.sequence_mask(lengths, inputs.shape[1])
        output, *state = layers[lengths is None](
            inputs, initial_state=list(state), mask=mask, training=training
        )
        return output, tuple(state)

    return runner
