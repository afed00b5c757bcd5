"""The HyperLSTM cell: an LSTM whose products a smaller one scales."""

import tensorflow as tf

from sketch_rnn_tf.backend import keras
from sketch_rnn_tf.model.cells import bptt, layer_norm, lstm, recurrence

HYPER_SIZE = 256
EMBEDDING_SIZE = 32
INITIAL_SCALE = 0.1

UPDATE_WEIGHTS = (
    "hyper_gates_gamma",
    "hyper_gates_beta",
    "hyper_memory_gamma",
    "hyper_memory_beta",
    "scale_embedding",
    "scale_bias",
    "scale_kernel",
    "shift_embedding",
    "shift_kernel",
    "bias",
    "gates_gamma",
    "gates_beta",
    "memory_gamma",
    "memory_beta",
)
"""What makes the next state of the large products."""

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
        h, hyper_h, _, _ = state
        hyper_product = tf.matmul(h, self.hyper_kernel[self.x_size :])
        hyper_product += tf.matmul(hyper_h, self.hyper_recurrent_kernel)
        width = 4 * self.size
        state = _updated(
            projected[:, :width],
            projected[:, width:],
            tf.matmul(h, self.recurrent_kernel),
            hyper_product,
            state,
            candidate_mask,
            self._update_weights(),
        )
        return state[0], state

    def _update_weights(self):
        return tuple(
            tf.convert_to_tensor(getattr(self, name)) for name in UPDATE_WEIGHTS
        )

    def training_kernels(
        self, width: int, options: bptt.Options = bptt.DEFAULT
    ) -> tuple[tf.Tensor, ...]:
        """Returns what `run_training` multiplies, for all parts of a batch.

        Args:
          width: k, the inputs that are given to it.
          options: How to compute, see `bptt`.
        """
        del options
        kernel, _ = self.input_projection()
        of_h = tf.concat(
            [
                tf.convert_to_tensor(self.recurrent_kernel),
                tf.convert_to_tensor(self.hyper_kernel)[self.x_size :],
            ],
            axis=1,
        )
        of_hyper_h = tf.convert_to_tensor(self.hyper_recurrent_kernel)
        return of_h, of_hyper_h, kernel[:width]

    def run_training(
        self,
        inputs: tf.Tensor,
        state: recurrence.State,
        *,
        condition: tf.Tensor,
        masks: recurrence.Masks | None = None,
        kernels: tuple[tf.Tensor, ...] | None = None,
        options: bptt.Options = bptt.DEFAULT,
    ) -> tf.Tensor:
        """Computes what `recurrence.run` does, with a faster gradient.

        Args:
          inputs: float [T, B, k], time first: the first k of the X inputs.
          state: The state before the first step.
          condition: float [B, P], what the other inputs add to the projected
            ones, and the bias.
          masks: Candidate masks of all steps; None keeps all.
          kernels: What `training_kernels` returns for k and these options; None
            computes it.
          options: How to compute, see `bptt`.

        Returns:
          Outputs float [T + 1, B, n], from that of `state` on.
        """
        if kernels is None:
            kernels = self.training_kernels(inputs.shape[-1], options)
        *of_state, of_x = kernels
        return _SCAN(
            inputs,
            tuple(of_state),
            (of_x, condition, *self._update_weights()),
            state,
            masks=masks,
            options=options,
        )

    def takes_one_core(self, options: bptt.Options) -> bool:
        """Says whether `run_training` runs on one core of a CPU alone."""
        del options
        return False

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


def _updated(
    projected, hyper_projected, product, hyper_product, state, mask, weights
):
    """Makes the next state of what depends on the input and on the state.

    Args:
      projected: float [B, 4 n], x's product.
      hyper_projected: float [B, 4 m], x's product in the hyper cell.
      product: float [B, 4 n], h @ recurrent_kernel.
      hyper_product: float [B, 4 m], of h and of the hyper cell's h.
      state: (h, h of the hyper cell, c, c of the hyper cell).
      mask: float [B, n] that multiplies the candidate, or None.
      weights: Of `UPDATE_WEIGHTS`.
    """
    w = dict(zip(UPDATE_WEIGHTS, weights, strict=True))
    _, _, c, hyper_c = state
    hyper_gates = layer_norm.normalise(
        hyper_projected + hyper_product,
        w["hyper_gates_gamma"],
        w["hyper_gates_beta"],
        blocks=4,
    )
    u, hyper_c = layer_norm.gated(
        hyper_gates,
        hyper_c,
        w["hyper_memory_gamma"],
        w["hyper_memory_beta"],
        None,
    )
    embedded = tf.matmul(u, w["scale_embedding"]) + w["scale_bias"]
    scales = _expanded(embedded, w["scale_kernel"])  # [B, 8 n]
    x_scales, h_scales = tf.split(scales, 2, axis=-1)
    shifts = _expanded(
        tf.matmul(u, w["shift_embedding"]), w["shift_kernel"]
    )  # [B, 4 n]
    gates = x_scales * projected
    gates += h_scales * product
    gates += shifts + w["bias"]
    gates = layer_norm.normalise(
        gates, w["gates_gamma"], w["gates_beta"], blocks=4
    )
    h, c = layer_norm.gated(gates, c, w["memory_gamma"], w["memory_beta"], mask)
    return h, u, c, hyper_c


def _expanded(embedded, kernel):
    """Multiplies each block's embedding by its kernel, [B, blocks * n]."""
    blocks, e, n = kernel.shape
    parts = tf.reshape(embedded, [-1, blocks, e])
    # The product of einsum("bke,ken->bkn"), which fewer places can run.
    parts = tf.matmul(tf.transpose(parts, [1, 0, 2]), kernel)
    return tf.reshape(tf.transpose(parts, [1, 0, 2]), [-1, blocks * n])


def _scan_step(x, products, state, mask, weights):
    kernel, condition, *others = weights
    of_h, of_hyper_h = products
    n, _, _, m = (part.shape[-1] for part in state)
    # Split, not sliced: the gradient of a slice pads, in a loop that XLA does
    # not vectorise.
    projected, hyper_projected = tf.split(
        tf.matmul(x, kernel) + condition, [4 * n, 4 * m], axis=-1
    )
    product, hyper_product = tf.split(of_h, [4 * n, 4 * m], axis=-1)
    new_state = _updated(
        projected,
        hyper_projected,
        product,
        hyper_product + of_hyper_h,
        state,
        mask,
        others,
    )
    return new_state, products


_SCAN = bptt.Scan(_scan_step, multiplied=(0, 1), with_input=False, output=0)
