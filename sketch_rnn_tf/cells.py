"""Recurrent cells, and the loop that runs one over time.

A cell separates what depends on its input alone, a product that can be
computed for all steps at once, from what depends on its state:

    kernel, bias = cell.input_projection()       # [X, P], [P]
    projected = inputs @ kernel + bias           # [..., P]
    output, state = cell.step(projected, state)  # one step

The state is a tuple of tensors [B, n], ordered as the reference
implementation packs it, with the widths `cell.state_sizes`.
"""

import tensorflow as tf

from sketch_rnn_tf import bptt
from sketch_rnn_tf.backend import keras

State = tuple[tf.Tensor, ...]


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
        state: State,
        *,
        candidate_mask: tf.Tensor | None = None,
    ) -> tuple[tf.Tensor, State]:
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
        state: State,
        *,
        masks: tf.Tensor | None = None,
        lengths: tf.Tensor | None = None,
    ) -> tuple[tf.Tensor, State]:
        """Computes what `run` does, with a faster gradient (see `bptt`).

        Args:
          projected: float32 [T, B, 4 n], time first.
          state: (c, h), float32 [B, n] each.
          masks: float32 [T, B, n], candidate masks; None keeps all.
          lengths: int32 [B], as of `run`.

        Returns:
          Outputs float32 [T, B, n] and the last state.
        """
        if not projected.shape.is_fully_defined():
            # XLA compiles for static shapes; slower, the same numbers.
            return run(self, projected, state, masks=masks, lengths=lengths)
        return bptt.lstm(
            projected,
            tf.convert_to_tensor(self.recurrent_kernel),
            state,
            masks=masks,
            lengths=lengths,
        )

    def output_of(self, state: State) -> tf.Tensor:
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


def make(kind: str, size: int, *, name: str) -> LSTMCell:
    """Makes a cell.

    Args:
      kind: One of `config.CELLS`.
      size: Units.
      name: The layer's name.

    Raises:
      ValueError: If there is no such kind.
    """
    if kind == "lstm":
        return LSTMCell(size, name=name)
    raise ValueError(f"unknown cell {kind!r}: expected 'lstm'")


def zero_state(cell: LSTMCell, batch_size: tf.Tensor) -> State:
    """Returns the state of zeros, a tuple of float [B, n]."""
    return tuple(
        tf.zeros([batch_size, width], cell.compute_dtype)
        for width in cell.state_sizes
    )


def candidate_masks(
    shape: tf.Tensor, *, rate: float, seed: tf.Tensor, dtype: str
) -> tf.Tensor:
    """Draws inverted dropout masks, fresh for each step and unit.

    Args:
      shape: [T, B, n].
      rate: Drop rate.
      seed: int32 [2].
      dtype: Of the masks.

    Returns:
      [T, B, n]: 0 with probability `rate`, else 1 / (1 - rate).
    """
    uniforms = tf.random.stateless_uniform(shape, seed)
    return tf.cast(uniforms >= rate, dtype) / (1.0 - rate)


def run(
    cell: LSTMCell,
    projected: tf.Tensor,
    state: State,
    *,
    masks: tf.Tensor | None = None,
    lengths: tf.Tensor | None = None,
    keep_outputs: bool = True,
) -> tuple[tf.Tensor | None, State]:
    """Runs a cell over time.

    Args:
      cell: The cell.
      projected: float [T, B, P], its projected inputs, time first.
      state: The state before the first step.
      masks: float [T, B, n], candidate masks; None keeps all.
      lengths: int32 [B]; a row's state, and with it its output, stops
        changing after that many steps.  None runs all rows to the end.
      keep_outputs: Whether to return the output of each step.

    Returns:
      Outputs float [T, B, n] (None unless kept), and the last state.
    """
    num_steps = tf.shape(projected)[0]
    outputs = tf.TensorArray(
        projected.dtype,
        size=num_steps if keep_outputs else 0,
        element_shape=[None, cell.size],
    )

    def body(t, state, outputs):
        mask = None if masks is None else masks[t]
        output, new_state = cell.step(projected[t], state, candidate_mask=mask)
        if lengths is not None:
            going = (t < lengths)[:, None]
            new_state = tuple(
                tf.where(going, new, old)
                for new, old in zip(new_state, state, strict=True)
            )
            output = cell.output_of(new_state)
        if keep_outputs:
            outputs = outputs.write(t, output)
        return t + 1, new_state, outputs

    _, state, outputs = tf.while_loop(
        lambda t, *_: t < num_steps,
        body,
        (tf.constant(0), state, outputs),
        maximum_iterations=num_steps,
    )
    if not keep_outputs:
        return None, state
    stacked = outputs.stack()
    stacked.set_shape([projected.shape[0], None, cell.size])
    return stacked, state
