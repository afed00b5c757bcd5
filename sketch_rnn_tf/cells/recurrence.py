"""Running a cell over time, plainly."""

import tensorflow as tf

from sketch_rnn_tf.backend import keras

State = tuple[tf.Tensor, ...]


def zero_state(cell: keras.layers.Layer, batch_size: tf.Tensor) -> State:
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
    cell: keras.layers.Layer,
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
