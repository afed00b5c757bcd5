"""The way between two latent vectors, in the graph."""

import tensorflow as tf


def slerp(a: tf.Tensor, b: tf.Tensor, t: tf.Tensor) -> tf.Tensor:
    """Interpolates on the arc, as `sketch_rnn_tf.latent.slerp` does.

    The direction turns evenly and the norm is linear; opposite vectors turn by
    way of the axis that a has least of, zero takes the other's direction, and
    both ends are exact.

    Args:
      a: float32 [B, Z].
      b: float32 [B, Z].
      t: float32 [B], from 0 to 1.

    Returns:
      float32 [B, Z].
    """
    # In float64 as there, where the angle of near vectors does not cancel.
    first, last = tf.cast(a, tf.float64), tf.cast(b, tf.float64)
    t = tf.cast(t, tf.float64)[:, None]
    (from_a, norm_a), (from_b, norm_b) = _polar(first), _polar(last)
    from_a = tf.where(norm_a > 0, from_a, from_b)
    from_b = tf.where(norm_b > 0, from_b, from_a)
    cosine = tf.reduce_sum(from_a * from_b, axis=-1, keepdims=True)
    across, sine = _polar(from_b - cosine * from_a)
    aligned = sine < _ALIGNED
    across = tf.where(aligned, _perpendicular(from_a), across)
    angle = t * tf.atan2(tf.where(aligned, tf.zeros_like(sine), sine), cosine)
    turned = tf.cos(angle) * from_a + tf.sin(angle) * across
    made = ((1.0 - t) * norm_a + t * norm_b) * turned
    made = tf.where(t == 0, first, tf.where(t == 1, last, made))
    return tf.cast(made, tf.float32)


_ALIGNED = 1e-12


def _polar(vectors):
    """Returns the unit vectors, zero for zero, and the norms [B, 1]."""
    norms = tf.norm(vectors, axis=-1, keepdims=True)
    safe = tf.where(norms > 0, norms, tf.ones_like(norms))
    return vectors / safe, norms


def _perpendicular(unit):
    """Returns the unit vector across each, towards the axis it has least of."""
    axis = tf.one_hot(
        tf.argmin(tf.abs(unit), axis=-1), unit.shape[-1], dtype=unit.dtype
    )
    along = tf.reduce_sum(axis * unit, axis=-1, keepdims=True)
    return _polar(axis - unit * along)[0]
