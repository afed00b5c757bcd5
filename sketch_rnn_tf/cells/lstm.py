"""The LSTM cell, and how the recurrent kernels of all cells start."""

import tensorflow as tf

from sketch_rnn_tf.backend import keras
from sketch_rnn_tf.cells import bptt, recurrence


@keras.saving.register_keras_serializable("sketch_rnn_tf")
class LSTMCell(keras.layers.Layer):
    """LSTM with recurrent dropout on the candidate.

        i, j, f, o = split(x @ kernel + h @ recurrent_kernel + bias)
        c' = c * sigmoid(f + 1) + sigmoid(i) * dropout(tanh(j))
        h' = tanh(c') * sigmoid(o)

    Dropout acts on the candidate alone, so that the memory c is never
    dropped.  The state is (c, h).

    Args:
      size: Units, n.
      **kwargs: As of every Keras layer.

    References:
      Hochreiter & Schmidhuber (1997); the dropout is that of Semeniuta et
      al. (2016), reference [27] of Ha & Eck (2017).
    """

    def __init__(self, size: int, **kwargs):
        super().__init__(**kwargs)
        self.size = size

    @property
    def state_sizes(self) -> tuple[int, ...]:
        """Widths of the state's tensors, in packed order."""
        return (self.size, self.size)

    def build(self, input_shape):
        n = self.size
        self.kernel = self.add_weight(
            name="kernel",
            shape=(input_shape[-1], 4 * n),
            initializer="glorot_uniform",
        )
        self.recurrent_kernel = self.add_weight(
            name="recurrent_kernel",
            shape=(n, 4 * n),
            initializer=BlockOrthogonal(),
        )
        self.bias = self.add_weight(
            name="bias", shape=(4 * n,), initializer="zeros"
        )

    def input_projection(self) -> tuple[tf.Tensor, tf.Tensor]:
        """Returns the kernel [X, 4 n] and the bias [4 n] of the projection."""
        return (
            tf.convert_to_tensor(self.kernel),
            tf.convert_to_tensor(self.bias),
        )

    def step(
        self,
        projected: tf.Tensor,
        state: recurrence.State,
        *,
        candidate_mask: tf.Tensor | None = None,
    ) -> tuple[tf.Tensor, recurrence.State]:
        """Runs one step.

        Args:
          projected: float [B, 4 n], the projected input.
          state: (c, h), float [B, n] each.
          candidate_mask: float [B, n] that multiplies the candidate: 0 or
            1 / keep probability; None keeps all.

        Returns:
          The output h', float [B, n], and the state (c', h').
        """
        c, h = state
        gates = projected + tf.matmul(h, self.recurrent_kernel)
        i, j, f, o = tf.split(gates, 4, axis=-1)
        candidate = tf.tanh(j)
        if candidate_mask is not None:
            candidate *= candidate_mask
        c = c * tf.sigmoid(f + 1.0) + tf.sigmoid(i) * candidate
        h = tf.tanh(c) * tf.sigmoid(o)
        return h, (c, h)

    def run_training(
        self,
        projected: tf.Tensor,
        state: recurrence.State,
        *,
        masks: tf.Tensor | None = None,
        lengths: tf.Tensor | None = None,
    ) -> tuple[tf.Tensor, recurrence.State]:
        """Computes what `run` does, with a faster gradient (see `bptt`).

        Args:
          projected: float [T, B, 4 n], time first.
          state: (c, h), float [B, n] each.
          masks: float [T, B, n], candidate masks; None keeps all.
          lengths: int32 [B], as of `run`.

        Returns:
          Outputs float [T, B, n] and the last state.
        """
        if not projected.shape.is_fully_defined():
            # XLA compiles for static shapes; slower, the same numbers.
            return recurrence.run(
                self, projected, state, masks=masks, lengths=lengths
            )
        return bptt.lstm(
            projected,
            tf.convert_to_tensor(self.recurrent_kernel),
            state,
            masks=masks,
            lengths=lengths,
        )

    def output_of(self, state: recurrence.State) -> tf.Tensor:
        """Returns the output h that a state holds, float [B, n]."""
        return state[1]

    def get_config(self):
        return {**super().get_config(), "size": self.size}


@keras.saving.register_keras_serializable("sketch_rnn_tf")
class BlockOrthogonal(keras.initializers.Initializer):
    """Makes each square block of a [n, k n] kernel orthogonal by itself.

    Args:
      seed: Of the blocks; None draws one.
    """

    def __init__(self, seed: int | None = None):
        self.seed = keras.random.SeedGenerator() if seed is None else seed

    def __call__(self, shape, dtype=None):
        """Returns the initial kernel, float [n, k n]."""
        n, width = shape
        block = keras.initializers.Orthogonal(seed=self.seed)
        blocks = []
        for index in range(width // n):
            if not isinstance(self.seed, keras.random.SeedGenerator):
                block = keras.initializers.Orthogonal(seed=self.seed + index)
            blocks.append(block((n, n), dtype=dtype))
        return tf.concat(blocks, axis=1)

    def get_config(self):
        """Returns the constructor's arguments."""
        seeded = isinstance(self.seed, int)
        return {"seed": self.seed if seeded else None}
