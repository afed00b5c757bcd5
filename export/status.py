"""Status codes of the served signatures, and the checks that set them.

A bad row of a request gets its code and an empty drawing; an error in the
graph would fail every other request of the same merged batch.
"""

import tensorflow as tf

from sketch_rnn_tf import strokes as strokes_lib

OK = 0
BAD_STROKES = 1
BAD_LENGTH = 2
BAD_Z = 3
BAD_TEMPERATURE = 4
BAD_SEED = 5
BAD_MAX_LEN = 6

MEANINGS = {
    OK: "good",
    BAD_STROKES: "strokes: an offset is not finite, or a pen state not "
    "one-hot or an end, before the row's length",
    BAD_LENGTH: "lengths: not from 1 to T, or not below max_len",
    BAD_Z: "z: not finite",
    BAD_TEMPERATURE: "temperature: not finite, or negative",
    BAD_SEED: "seed: negative",
    BAD_MAX_LEN: "max_len: not from 1 to N_max",
}


def first(*checks: tuple[int, tf.Tensor]) -> tf.Tensor:
    """Returns the code of the first check that a row fails.

    Args:
      *checks: Pairs of a code and bool [B], whether the row is good.

    Returns:
      int32 [B], `OK` where all are good.
    """
    status = tf.zeros_like(checks[0][1], tf.int32)
    for code, good in reversed(checks):
        status = tf.where(good, status, code)
    return status


def good_strokes(strokes: tf.Tensor, lengths: tf.Tensor) -> tf.Tensor:
    """Checks the points before each row's length.

    Args:
      strokes: float32 [B, T, 5].
      lengths: int32 [B].

    Returns:
      bool [B].
    """
    finite = tf.reduce_all(tf.math.is_finite(strokes[..., :2]), axis=-1)
    pen = strokes[..., 2:]
    binary = tf.reduce_all((pen == 0) | (pen == 1), axis=-1)
    one_hot = binary & (tf.reduce_sum(pen, axis=-1) == 1)
    drawn = pen[..., strokes_lib.END] == 0
    inside = tf.sequence_mask(lengths, tf.shape(strokes)[1])
    return tf.reduce_all(finite & one_hot & drawn | ~inside, axis=-1)


def good_lengths(lengths: tf.Tensor, num_steps: tf.Tensor) -> tf.Tensor:
    """Checks that lengths are from 1 to T, bool [B]."""
    return (lengths >= 1) & (lengths <= num_steps)


def good_temperature(temperature: tf.Tensor) -> tf.Tensor:
    """Checks that temperatures are finite and not negative, bool [B]."""
    return tf.math.is_finite(temperature) & (temperature >= 0)


def good_z(z: tf.Tensor) -> tf.Tensor:
    """Checks that latent vectors are finite, bool [B]."""
    return tf.reduce_all(tf.math.is_finite(z), axis=-1)
