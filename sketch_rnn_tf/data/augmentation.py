"""Augmentation of sketches that lie one after the other, vectorised."""

import tensorflow as tf


def random_scale(
    stroke3: tf.Tensor, lengths: tf.Tensor, *, factors: tf.Tensor
) -> tf.Tensor:
    """Scales each axis of each sketch by a factor of its own.

    Args:
      stroke3: float [P, 3], the points of all sketches.
      lengths: int [B], N_s; they sum to P.
      factors: float [B, 2], drawn from U(1 - e, 1 + e).

    Returns:
      float [P, 3].

    References:
      Section 4, Ha & Eck (2017), with e = 0.1.
    """
    factors = tf.pad(factors, [[0, 0], [0, 1]], constant_values=1)  # the pen
    return stroke3 * tf.gather(factors, _sketch_of_point(stroke3, lengths))


def drop_points(
    stroke3: tf.Tensor,
    lengths: tf.Tensor,
    *,
    uniforms: tf.Tensor,
    rate: float,
) -> tuple[tf.Tensor, tf.Tensor]:
    """Drops points inside long strokes, as the reference implementation does.

    A point is dropped if its uniform is below `rate`, it is at least the
    fourth point of its sketch, and neither it nor the three points before it
    lift the pen.  Its offset goes to the last point kept before it, so that
    the vertex that vanishes is that one's.

    The reference walks along the points and counts those where neither the
    point nor the last *kept* point lifts the pen; it may drop from a count of
    three on.  A dropped point never lifts the pen, and the kept point before
    it does not either: the pen of the last kept point is that of the previous
    point, the count depends on the pens alone, and no walk is needed.

    Args:
      stroke3: float [P, 3], the points of all sketches.
      lengths: int [B], N_s; they sum to P.
      uniforms: float [P], in [0, 1), one for each point.
      rate: Drop probability.

    Returns:
      stroke3 float [P', 3], the points kept, and the new lengths, int [B].
    """
    lifted = stroke3[:, 2] > 0
    ends = tf.cumsum(lengths)
    starts = ends - lengths
    first = tf.gather(starts, _sketch_of_point(stroke3, lengths))  # [P]
    droppable = tf.range(tf.size(lifted), dtype=first.dtype) >= first + 3
    for before in range(4):
        droppable &= ~tf.pad(lifted, [[before, 0]])[: tf.size(lifted)]
    kept = tf.cast(~(droppable & (uniforms < rate)), lengths.dtype)
    kept_before = tf.cumsum(tf.pad(kept, [[1, 0]]))  # [P + 1]
    # A dropped point has pen 0, so that summing keeps the kept one's pen.
    summed = tf.math.segment_sum(stroke3, kept_before[1:] - 1)
    new_lengths = tf.gather(kept_before, ends) - tf.gather(kept_before, starts)
    return summed, new_lengths


def _sketch_of_point(stroke3, lengths):
    # `tf.repeat` would make an array of B times the longest length.
    points = tf.range(tf.shape(stroke3)[0])
    ends = tf.cast(tf.cumsum(lengths), tf.int32)
    return tf.searchsorted(ends, points, side="right")
