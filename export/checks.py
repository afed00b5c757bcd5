"""The checks of a request's rows, in the graph: each gives bool [B].

What a row's check gives must not depend on the requests that its own is
merged with.  TensorFlow Serving pads the shorter ones' strokes to the longest
of the batch, with a request's very first number: so padding is a row of five
equal numbers, which no point is, and a length that goes over it is wrong.
"""

import tensorflow as tf

from export import status as status_lib
from sketch_rnn_tf import strokes as strokes_lib


def first_failed(*checks: tuple[int, tf.Tensor]) -> tf.Tensor:
    """Returns the code of the first check that a row fails.

    Args:
      *checks: Pairs of a code and bool [B], whether the row is good.

    Returns:
      int32 [B], `status.OK` where all are good.
    """
    found = tf.fill(tf.shape(checks[0][1]), status_lib.OK)
    for code, good in reversed(checks):
        found = tf.where(good, found, code)
    return found


def good_strokes(strokes: tf.Tensor, lengths: tf.Tensor) -> tf.Tensor:
    """Checks the points before each row's length, bool [B].

    Args:
      strokes: float32 [B, T, 5].
      lengths: int32 [B].
    """
    finite = tf.reduce_all(tf.math.is_finite(strokes[..., :2]), axis=-1)
    pen = strokes[..., 2:]
    binary = tf.reduce_all((pen == 0) | (pen == 1), axis=-1)
    one_hot = binary & (tf.reduce_sum(pen, axis=-1) == 1)
    drawn = pen[..., strokes_lib.END] == 0
    outside = ~_inside(strokes, lengths)
    return tf.reduce_all(finite & one_hot & drawn | outside, axis=-1)


def good_lengths(
    strokes: tf.Tensor, lengths: tf.Tensor, max_len: int
) -> tf.Tensor:
    """Checks that lengths are from 1 to T and N_max, over no padding, bool [B].

    Args:
      strokes: float32 [B, T, 5].
      lengths: int32 [B].
      max_len: N_max.
    """
    longest = tf.minimum(tf.shape(strokes)[1], max_len)
    equal = tf.reduce_all(strokes == strokes[..., :1], axis=-1)  # [B, T]
    # Padding goes on to the end.
    padding = tf.math.cumprod(tf.cast(equal, tf.int32), axis=1, reverse=True)
    over = tf.reduce_any((padding > 0) & _inside(strokes, lengths), axis=-1)
    return (lengths >= 1) & (lengths <= longest) & ~over


def good_temperature(temperature: tf.Tensor) -> tf.Tensor:
    """Checks that temperatures are finite and not negative, bool [B]."""
    return tf.math.is_finite(temperature) & (temperature >= 0)


def good_z(z: tf.Tensor) -> tf.Tensor:
    """Checks that latent vectors are finite, bool [B]."""
    return tf.reduce_all(tf.math.is_finite(z), axis=-1)


def good_t(t: tf.Tensor) -> tf.Tensor:
    """Checks that places between two ends are from 0 to 1, bool [B]."""
    # NaN is neither.
    return (t >= 0) & (t <= 1)


def good_labels(labels: tf.Tensor, num_words: int) -> tf.Tensor:
    """Checks that labels are those of words, bool [B]."""
    return (labels >= 0) & (labels < num_words)


def _inside(strokes, lengths):
    return tf.sequence_mask(lengths, tf.shape(strokes)[1])
