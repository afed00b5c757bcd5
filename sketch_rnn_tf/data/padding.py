"""Padding: ragged sketches to stroke-5 batches, S_0 first."""

import tensorflow as tf

from sketch_rnn_tf import config as config_lib
from sketch_rnn_tf.data import measurement

Labelled = tuple[tf.RaggedTensor, tf.Tensor]
"""Stroke-3 sketches, float32 [n, None, 3], and their labels, int32 [n]."""


def normalised(
    sketches: tf.RaggedTensor, config: config_lib.Config
) -> tf.RaggedTensor:
    """Clamps offsets in pixels, and brings them to scale_factor units."""
    offsets = tf.clip_by_value(
        sketches.values[:, :2], -measurement.MAX_OFFSET, measurement.MAX_OFFSET
    )
    offsets /= config.scale_factor
    return sketches.with_values(
        tf.concat([offsets, sketches.values[:, 2:]], axis=1)
    )


def lengths(sketches: tf.RaggedTensor) -> tf.Tensor:
    """Returns N_s, int32 [n]."""
    return tf.cast(sketches.row_lengths(), tf.int32)


def batch(
    labelled: Labelled,
    config: config_lib.Config,
    *,
    num_steps: tf.Tensor | int | None = None,
) -> dict[str, tf.Tensor]:
    """Makes a batch: stroke-5, S_0 first, end rows after each sketch.

    Args:
      labelled: Sketches in scale_factor units, and their labels.
      config: A complete configuration.
      num_steps: T; N_max if None.

    Returns:
      The dict that `input_pipeline` describes.
    """
    sketches, labels = labelled
    num_steps = config.max_len if num_steps is None else num_steps
    length = lengths(sketches)
    batch_size = tf.size(length)
    stroke3 = sketches.to_tensor(shape=tf.stack([batch_size, num_steps, 3]))
    inside = tf.sequence_mask(length, num_steps, tf.float32)[..., None]
    lifted = stroke3[..., 2:]
    stroke5 = tf.concat(
        [stroke3[..., :2], inside - lifted, lifted, 1.0 - inside], axis=-1
    )
    start = tf.constant(config.start_point, tf.float32)
    start = tf.broadcast_to(start, [batch_size, 1, 5])
    made = {"strokes": tf.concat([start, stroke5], axis=1), "lengths": length}
    return made | ({"labels": labels} if config.class_size else {})
