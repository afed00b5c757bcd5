"""The HyperLSTM cell: an LSTM whose products a smaller one scales."""

import tensorflow as tf

from sketch_rnn_tf.backend import keras
from sketch_rnn_tf.cells import layer_norm, lstm, recurrence

HYPER_SIZE = 256
EMBEDDING_SIZE = 32
INITIAL_SCALE = 0.1

BLOCKS = ("ix", "jx", "fx", "ox", "ih", "jh", "fh", "oh")
"""The blocks that are scaled: gates i, j, f, o of x's and of h's product."""


@keras.saving.register_keras_serializable("sketch_rnn_tf")
class HyperLSTMCell(keras.layers.Layer):
    """LSTM whose gates are scaled and shifted by a smaller, "hyper" LSTM.

    The hyper cell, a layer-norm LSTM of m units, reads [x ; h].  Its output u
    makes a scale for each of the eight blocks of x @ kernel and
    h @ recurrent_kernel, and a shift for each of the latter's four:

        alpha_b = (u @ scale_embedding_b + bias_b) @ scale_kernel_b
        beta_b = (u @ shift_embedding_b) @ shift_kernel_b
        gate = alpha_x * x block + alpha_h * h block + beta_h + bias
        i, j, f, o = layer_norm of each gate
        c' = c * sigmoid(f + 1) + sigmoid(i) * dropout(tanh(j))
        h' = tanh(layer_norm(c')) * sigmoid(o)

    The state is (h, h of the hyper cell, c, c of the hyper cell).  No dropout
    acts in the hyper cell.

    Args:
      size: Units, n.
      hyper_size: Units of the hyper cell, m.
      embedding_size: Width of each block's embedding, e.
      **kwargs: As of every Keras layer.

    References:
      Ha et al. (2016), reference [10] of Ha & Eck (2017), in the form of the
      reference implementation.
    """

    def __init__(
        self,
        size: int,
        hyper_size: int = HYPER_SIZE,
        embedding_size: int = EMBEDDING_SIZE,
        **kwargs,
    ):
        super().__init__(**kwargs)
        self.size = size
        self.hyper_size = hyper_size
        self.embedding_size = embedding_size

    @property
    def state_sizes(self) -> tuple[int, ...]:
        """Widths of the state's tensors, in packed order."""
        return (self.size, self.hyper_size, self.size, self.hyper_size)

    def build(self, input_shape):
        n, m, e = self.size, self.hyper_size, self.embedding_size
        x_size = input_shape[-1]
        normal = keras.initializers.RandomNormal(stddev=0.01)
        scale = keras.initializers.Constant(INITIAL_SCALE / e)
        orthogonal = lstm.BlockOrthogonal()
        for name, shape, start in (
            ("kernel", (x_size, 4 * n), "glorot_uniform"),
            ("recurrent_kernel", (n, 4 * n), orthogonal),
            ("bias", (4 * n,), "zeros"),
            ("hyper_kernel", (x_size + n, 4 * m), "glorot_uniform"),
            ("hyper_recurrent_kernel", (m, 4 * m), orthogonal),
            ("hyper_gates_gamma", (4 * m,), "ones"),
            ("hyper_gates_beta", (4 * m,), "zeros"),
            ("hyper_memory_gamma", (m,), "ones"),
            ("hyper_memory_beta", (m,), "zeros"),
            # One column block a block of BLOCKS, in that order.
            ("scale_embedding", (m, 8 * e), "zeros"),
            ("scale_bias", (8 * e,), "ones"),
            ("scale_kernel", (8, e, n), scale),
            ("shift_embedding", (m, 4 * e), normal),
            ("shift_kernel", (4, e, n), "zeros"),
            ("gates_gamma", (4 * n,), "ones"),
            ("gates_beta", (4 * n,), "zeros"),
            ("memory_gamma", (n,), "ones"),
            ("memory_beta", (n,), "zeros"),
        ):
            weight = self.add_weight(name=name, shape=shape, initializer=start)
            setattr(self, name, weight)
        self.x_size = x_size

    def input_projection(self) -> tuple[tf.Tensor, tf.Tensor]:
        """Returns the kernel [X, 4 n + 4 m] and a bias of zeros.

        The biases come after the scaling, in `step`.
        """
        kernel = tf.concat(
            [
                tf.convert_to_tensor(self.kernel),
                tf.convert_to_tensor(self.hyper_kernel)[: self.x_size],
            ],
            axis=1,
        )
        return kernel, tf.zeros(kernel.shape[-1:], kernel.dtype)

    def step(
        self,
        projected: tf.Tensor,
        state: recurrence.State,
        *,
        candidate_mask: tf.Tensor | None = None,
    ) -> tuple[tf.Tensor, recurrence.State]:
        """Runs one step.

        Args:
          projected: float [B, 4 n + 4 m], the projected input.
          state: (h, h of the hyper cell, c, c of the hyper cell).
          candidate_mask: float [B, n] that multiplies the candidate; None
            keeps all.

        Returns:
          The output h', float [B, n], and the next state.
        """
        n, e = self.size, self.embedding_size
        h, hyper_h, c, hyper_c = state
        x_blocks, hyper_gates = projected[:, : 4 * n], projected[:, 4 * n :]
        hyper_gates += tf.matmul(h, self.hyper_kernel[self.x_size :])
        hyper_gates += tf.matmul(hyper_h, self.hyper_recurrent_kernel)
        hyper_gates = layer_norm.normalise(
            hyper_gates, self.hyper_gates_gamma, self.hyper_gates_beta, blocks=4
        )
        u, hyper_c = layer_norm.gated(
            hyper_gates,
            hyper_c,
            self.hyper_memory_gamma,
            self.hyper_memory_beta,
            None,
        )
        embedded = tf.matmul(u, self.scale_embedding) + self.scale_bias
        scales = _expanded(embedded, self.scale_kernel, e)  # [B, 8 n]
        shifts = _expanded(
            tf.matmul(u, self.shift_embedding), self.shift_kernel, e
        )  # [B, 4 n]
        gates = scales[:, : 4 * n] * x_blocks
        gates += scales[:, 4 * n :] * tf.matmul(h, self.recurrent_kernel)
        gates += shifts + self.bias
        gates = layer_norm.normalise(
            gates, self.gates_gamma, self.gates_beta, blocks=4
        )
        h, c = layer_norm.gated(
            gates, c, self.memory_gamma, self.memory_beta, candidate_mask
        )
        return h, (h, u, c, hyper_c)

    def run_training(
        self,
        projected: tf.Tensor,
        state: recurrence.State,
        *,
        masks: tf.Tensor | None = None,
        lengths: tf.Tensor | None = None,
    ) -> tuple[tf.Tensor, recurrence.State]:
        """Runs over time, as `recurrence.run`."""
        return recurrence.run(
            self, projected, state, masks=masks, lengths=lengths
        )

    def output_of(self, state: recurrence.State) -> tf.Tensor:
        """Returns the output h that a state holds, float [B, n]."""
        return state[0]

    def get_config(self):
        return {
            **super().get_config(),
            "size": self.size,
            "hyper_size": self.hyper_size,
            "embedding_size": self.embedding_size,
        }


def _expanded(embedded, kernel, embedding_size):
    """Multiplies each block's embedding by its kernel, [B, blocks * n]."""
    blocks = kernel.shape[0]
    parts = tf.reshape(embedded, [-1, blocks, embedding_size])
    parts = tf.einsum("bke,ken->bkn", parts, tf.convert_to_tensor(kernel))
    return tf.reshape(parts, [-1, blocks * kernel.shape[-1]])
