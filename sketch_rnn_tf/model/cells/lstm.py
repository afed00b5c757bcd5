"""The LSTM cell, and how the recurrent kernels of all cells start."""

import tensorflow as tf

from sketch_rnn_tf.backend import keras
from sketch_rnn_tf.model.cells import bptt, native_lstm, recurrence

Kernels = native_lstm.Kernels | tf.Tensor


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

    def training_kernels(
        self, width: int, options: bptt.Options = bptt.DEFAULT
    ) -> Kernels:
        """Returns what `run_training` multiplies, for all parts of a batch.

        Args:
          width: k, the inputs that are given to it.
          options: How to compute, see `bptt`.
        """
        kernel = tf.convert_to_tensor(self.kernel)[:width]
        recurrent_kernel = tf.convert_to_tensor(self.recurrent_kernel)
        if self.takes_one_core(options):
            return native_lstm.pack(
                kernel, recurrent_kernel, input_gradient=options.input_gradient
            )
        return tf.concat([kernel, recurrent_kernel], axis=0)

    def run_training(
        self,
        inputs: tf.Tensor,
        state: recurrence.State,
        *,
        condition: tf.Tensor,
        masks: recurrence.Masks | None = None,
        kernels: Kernels | None = None,
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
        if isinstance(kernels, native_lstm.Kernels):
            return native_lstm.run(
                inputs, kernels, condition, state, masks=masks
            )
        # Of tanh alone: sigmoid(a) == (1 + tanh(a / 2)) / 2.
        halves = tf.repeat(tf.constant([0.5, 1.0, 0.5, 0.5]), self.size)
        halves = tf.cast(halves, kernels.dtype)
        forget = tf.repeat(tf.constant([0.0, 0.0, 1.0, 0.0]), self.size)
        condition += tf.cast(forget, kernels.dtype)
        return _SCAN(
            inputs,
            (kernels * halves,),
            (condition * halves,),
            state,
            masks=masks,
            options=options,
        )

    def takes_one_core(self, options: bptt.Options) -> bool:
        """Says whether `run_training` runs on one core of a CPU alone."""
        return native_lstm.usable(self.compute_dtype, options)

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


def _scan_step(x, products, state, mask, weights):
    """A step whose gates are i, f, o = (1 + tanh) / 2 and j = tanh."""
    gates = tf.split(tf.tanh(products[0] + weights[0]), 4, axis=-1)
    i, j, f, o = gates
    candidate = j if mask is None else j * mask
    c = 0.5 * ((1.0 + f) * state[0] + (1.0 + i) * candidate)
    h = tf.tanh(c) * (0.5 + 0.5 * o)
    # Kept one by one: loops that read several gates out of one array of all
    # steps are not vectorised by XLA.
    return (c, h), tuple(gates)


def _scan_gradient(x, kept, before, after, d_after, mask, weights):
    (i, j, f, o), (c, _), (new_c, _), (d_c, d_h) = kept, before, after, d_after
    tanh_c = tf.tanh(new_c)
    d_c += d_h * (0.5 + 0.5 * o) * (1.0 - tanh_c * tanh_c)
    d_candidate = d_c if mask is None else d_c * mask
    d_product = tf.concat(
        [
            0.5 * d_candidate * j * (1.0 - i * i),
            d_candidate * (0.5 + 0.5 * i) * (1.0 - j * j),
            0.5 * d_c * c * (1.0 - f * f),
            0.5 * d_h * tanh_c * (1.0 - o * o),
        ],
        axis=-1,
    )
    return None, (d_product,), (d_c * (0.5 + 0.5 * f), None), (d_product,)


_SCAN = bptt.Scan(
    _scan_step, _scan_gradient, multiplied=(1,), with_input=True, output=1
)
