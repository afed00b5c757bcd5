"""Augmentation of a batch of sketches, vectorised."""

import tensorflow as tf


def random_scale(offsets: tf.Tensor, *, factors: tf.Tensor) -> tf.Tensor:
    """Scales each axis of each sketch by a factor of its own.

    Args:
      offsets: float [B, T, 2].
      factors: float [B, 2], drawn from U(1 - e, 1 + e).

    Returns:
      float [B, T, 2].

    References:
      Section 4, Ha & Eck (2017), with e = 0.1.
    """
    return offsets * factors[:, None]


def drop_points(
    stroke3: tf.Tensor,
    lengths: tf.Tensor,
    *,
    uniforms: tf.Tensor,
    rate: float,
) -> tuple[tf.Tensor, tf.Tensor]:
    """Drops points inside long strokes, as the reference implementation does.

    A point is dropped if its uniform is below `rate`, neither it nor the
    point before it lifts the pen, and it is at least the third such point in
    a row.  Its offset goes to the last point kept before it, so that the
    vertex that vanishes is that one's.

    The reference walks along the points with a counter and the pen of the
    last *kept* point.  A dropped point never lifts the pen, and the kept
    point before it does not either: the pen of the last kept point is that
    of the previous point, the counter depends on the pens alone, and no walk
    is needed.

    Args:
      stroke3: float [B, T, 3]; rows from a sketch's length on are ignored.
      lengths: int32 [B], N_s.
      uniforms: float [B, T], in [0, 1), one for each point.
      rate: Drop probability.

    Returns:
      stroke3 float [B, T, 3], zeros from the new length on, and the new
      lengths int32 [B].
    """
    batch_size, num_steps = tf.unstack(tf.shape(stroke3)[:2])
    steps = tf.range(num_steps)
    inside = tf.sequence_mask(lengths, num_steps)  # [B, T]
    lifted = stroke3[..., 2] > 0
    # The pen counts as lifted before the first point.
    lifted_before = tf.pad(
        lifted[:, :-1], [[0, 0], [1, 0]], constant_values=True
    )
    resets = tf.cast(lifted | lifted_before, tf.int32)
    last_reset = _running_max(resets * (steps + 1))
    counter = steps[None] + 1 - last_reset
    dropped = inside & (resets == 0) & (counter > 2) & (uniforms < rate)
    kept = inside & ~dropped
    position = tf.cumsum(tf.cast(kept, tf.int32), axis=1) - 1
    # One segment a kept point; points outside go to a segment that is cut.
    position = tf.where(inside, position, num_steps)
    segments = position + tf.range(batch_size)[:, None] * (num_steps + 1)
    # A dropped point has pen 0, so that summing keeps its segment's pen.
    summed = tf.math.unsorted_segment_sum(
        tf.reshape(stroke3, [-1, 3]),
        tf.reshape(segments, [-1]),
        batch_size * (num_steps + 1),
    )
    summed = tf.reshape(summed, [batch_size, num_steps + 1, 3])[:, :-1]
    summed.set_shape(stroke3.shape)
    return summed, tf.reduce_sum(tf.cast(kept, tf.int32), axis=1)


def _running_max(values: tf.Tensor) -> tf.Tensor:
    """Returns the maximum over all earlier columns and this one, [B, T]."""
    width = tf.shape(values)[1]
    shift = tf.constant(1)

    def double(shift, values):
        moved = tf.pad(values[:, :-shift], [[0, 0], [shift, 0]])
        return 2 * shift, tf.maximum(values, moved)

    _, values = tf.while_loop(
        lambda shift, _: shift < width,
        double,
        (shift, values),
        shape_invariants=(shift.shape, tf.TensorShape([None, None])),
    )
    return values
