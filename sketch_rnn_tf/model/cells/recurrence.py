"""Running a cell over time, plainly."""

import itertools
from collections.abc import Sequence
from typing import NamedTuple

import tensorflow as tf

from sketch_rnn_tf.backend import keras

State = tuple[tf.Tensor, ...]


def zero_state(cell: keras.layers.Layer, batch_size: tf.Tensor) -> State:
    """Returns the state of zeros, a tuple of float [B, n]."""
    return tuple(
        tf.zeros([batch_size, width], cell.compute_dtype)
        for width in cell.state_sizes
    )


class Masks(NamedTuple):
    """Inverted dropout of the candidates of all steps.

    Kept as random bits, since a float a unit and step is slow to read.

    Attributes:
      bits: uint16 [T, rows, n], uniform.
      rate: Drop rate.
      first: int32, the first row that is read.
      count: How many rows are read, B; None reads all.
    """

    bits: tf.Tensor
    rate: float
    first: int | tf.Tensor = 0
    count: int | None = None

    @property
    def threshold(self) -> int:
        """The least bits that keep a candidate."""
        return round(self.rate * 2**16)

    @property
    def scale(self) -> float:
        """What a kept candidate is multiplied by."""
        return 1.0 / (1.0 - self.rate)

    def at(self, t: tf.Tensor, dtype: tf.DType) -> tf.Tensor:
        """Returns the mask of a step, [B, n]: 0, or 1 / (1 - rate)."""
        bits = self.bits[t]
        if self.count is not None:
            bits = tf.slice(bits, [self.first, 0], [self.count, bits.shape[1]])
        # In int32, as XLA's GPU and older CPU kernels lack uint16.
        kept = tf.cast(bits, tf.int32) >= self.threshold
        return tf.cast(kept, dtype) * self.scale


def split_masks(
    masks: Masks | None, sizes: list[int] | int
) -> list[Masks | None]:
    """Returns the masks of a batch's parts, of which nothing is copied.

    What is drawn for a row so does not depend on how a batch is divided.

    Args:
      masks: Those of the batch; None keeps all.
      sizes: The parts' sizes; 1 leaves the batch whole.
    """
    if sizes == 1:
        return [masks]
    if masks is None:
        return [None] * len(sizes)
    ends = itertools.accumulate(sizes)
    return [
        masks._replace(first=end - size, count=size)
        for size, end in zip(sizes, ends, strict=True)
    ]


def candidate_masks(
    shape: Sequence[int | tf.Tensor], *, rate: float, seed: tf.Tensor
) -> Masks:
    """Draws dropout masks, fresh for each step and unit.

    Args:
      shape: [T, B, n], of which n is no tensor.
      rate: Drop rate, taken to the nearest multiple of 2 ** -16.
      seed: int32 [2].
    """
    *leading, n = shape
    bits = tf.random.stateless_uniform(
        [*leading, (n + 1) // 2], seed, None, None, tf.uint32
    )
    bits = tf.reshape(tf.bitcast(bits, tf.uint16), [*leading, -1])[..., :n]
    bits.set_shape([*[None] * len(leading), n])
    return Masks(bits, rate)


def run(
    cell: keras.layers.Layer,
    projected: tf.Tensor,
    state: State,
    *,
    masks: Masks | None = None,
    lengths: tf.Tensor | None = None,
    keep_outputs: bool = True,
) -> tuple[tf.Tensor | None, State]:
    """Runs a cell over time.

    Args:
      cell: The cell.
      projected: float [T, B, P], its projected inputs, time first.
      state: The state before the first step.
      masks: Candidate masks of all steps; None keeps all.
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
        mask = None if masks is None else masks.at(t, projected.dtype)
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
