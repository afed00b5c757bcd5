"""The LSTM cell with layer normalisation."""

import tensorflow as tf

from sketch_rnn_tf.backend import keras
from sketch_rnn_tf.model.cells import bptt, lstm, recurrence

EPSILON = 1e-3


def normalise(
    values: tf.Tensor, gamma: tf.Tensor, beta: tf.Tensor, *, blocks: int = 1
) -> tf.Tensor:
    """Normalises each block of a vector over its own units.

    (a - mean) / sqrt(var + 1e-3) * gamma + beta, mean and variance (divided
    by n) of each block.

    Args:
      values: float [B, blocks * n].
      gamma: float [blocks * n].
      beta: float [blocks * n].
      blocks: How many blocks there are.

    Returns:
      float [B, blocks * n].

    References:
      Ba et al. (2016), applied to the sum of the products, as the reference
      implementation does.
    """
    width = values.shape[-1]
    # [B, blocks, n]
    parts = tf.reshape(values, [-1, blocks, width // blocks])
    mean = tf.reduce_mean(parts, axis=-1, keepdims=True)
    centred = parts - mean
    variance = tf.reduce_mean(tf.square(centred), axis=-1, keepdims=True)
    parts = centred * tf.math.rsqrt(variance + EPSILON)
    return tf.reshape(parts, [-1, width]) * gamma + beta


def gated(
    gates: tf.Tensor,
    c: tf.Tensor,
    output_gamma: tf.Tensor,
    output_beta: tf.Tensor,
    candidate_mask: tf.Tensor | None,
) -> tuple[tf.Tensor, tf.Tensor]:
    """Updates the memory by normalised gates.

    Args:
      gates: float [B, 4 n], i, j, f, o before their activations.
      c: float [B, n], the memory.
      output_gamma: float [n].
      output_beta: float [n].
      candidate_mask: float [B, n], or None.

    Returns:
      The output h' and the memory c', float [B, n].
    """
    i, j, f, o = tf.split(gates, 4, axis=-1)
    candidate = tf.tanh(j)
    if candidate_mask is not None:
        candidate *= candidate_mask
    c = c * tf.sigmoid(f + 1.0) + tf.sigmoid(i) * candidate
    # c itself goes on without normalisation.
    normalised = normalise(c, output_gamma, output_beta)
    return tf.tanh(normalised) * tf.sigmoid(o), c


@keras.saving.register_keras_serializable("sketch_rnn_tf")
class LayerNormLSTMCell(keras.layers.Layer):
    """LSTM whose gates and output memory are normalised over their units.

        a = x @ kernel + h @ recurrent_kernel
        i, j, f, o = split(layer_norm of each block of a)
        c' = c * sigmoid(f + 1) + sigmoid(i) * dropout(tanh(j))
        h' = tanh(layer_norm(c')) * sigmoid(o)

    The state is (h, c), the other way round than that of `LSTMCell`, as the
    reference implementation packs it.

    Args:
      size: Units, n.
      **kwargs: As of every Keras layer.

    References:
      Ba et al. (2016).
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
            initializer=lstm.BlockOrthogonal(),
        )
        for name, width in (("gates", 4 * n), ("memory", n)):
            for part, start in (("gamma", "ones"), ("beta", "zeros")):
                weight = self.add_weight(
                    name=f"{name}_{part}", shape=(width,), initializer=start
                )
                setattr(self, f"{name}_{part}", weight)

    def input_projection(self) -> tuple[tf.Tensor, tf.Tensor]:
        """Returns the kernel [X, 4 n] and a bias of zeros [4 n]."""
        kernel = tf.convert_to_tensor(self.kernel)
        return kernel, tf.zeros([4 * self.size], kernel.dtype)

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
          state: (h, c), float [B, n] each.
          candidate_mask: float [B, n] that multiplies the candidate; None
            keeps all.

        Returns:
          The output h', float [B, n], and the state (h', c').
        """
        h, c = state
        gates = projected + tf.matmul(h, self.recurrent_kernel)
        gates = normalise(gates, self.gates_gamma, self.gates_beta, blocks=4)
        h, c = gated(
            gates, c, self.memory_gamma, self.memory_beta, candidate_mask
        )
        return h, (h, c)

    def training_kernels(
        self, width: int, options: bptt.Options = bptt.DEFAULT
    ) -> tf.Tensor:
        """Returns what `run_training` multiplies, for all parts of a batch.

        Args:
          width: k, the inputs that are given to it.
          options: How to compute, see `bptt`.
        """
        del options
        kernel = tf.convert_to_tensor(self.kernel)[:width]
        return tf.concat([kernel, self.recurrent_kernel], axis=0)

    def run_training(
        self,
        inputs: tf.Tensor,
        state: recurrence.State,
        *,
        condition: tf.Tensor,
        masks: recurrence.Masks | None = None,
        kernels: tf.Tensor | None = None,
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
        weights = (
            condition,
            self.gates_gamma,
            self.gates_beta,
            self.memory_gamma,
            self.memory_beta,
        )
        return _SCAN(
            inputs,
            (kernels,),
            tuple(tf.convert_to_tensor(weight) for weight in weights),
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
        return {**super().get_config(), "size": self.size}


def _scan_step(x, products, state, mask, weights):
    condition, gamma, beta, *memory = weights
    gates = normalise(products[0] + condition, gamma, beta, blocks=4)
    return gated(gates, state[1], *memory, mask), products


_SCAN = bptt.Scan(_scan_step, multiplied=(0,), with_input=True, output=0)
