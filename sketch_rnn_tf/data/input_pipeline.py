"""From sketches to batches: clamp, filter, scale, augment, S_0 first, pad.

A source is a sequence of stroke-3 arrays, held in memory, or a
`tf.data.Dataset` of TFDS records, streamed.  A batch is a dict of

    strokes   float32 [B, T + 1, 5], stroke-5 in scale_factor units; S_0
              first, end rows from the sketch's end on.  A sketch of N_max
              points has no end row.
    lengths   int32 [B], N_s: points without S_0 and without the end row.
    labels    int32 [B], indices of `config.words`; for class-conditioned
              models alone, of `labels.Labelled` sketches or of records.

T is N_max, but in training one of `config.bucket_boundaries`, if any.
"""

from collections.abc import Sequence

import numpy as np
import tensorflow as tf

from sketch_rnn_tf import (
    config as config_lib,
    labels as labels_lib,
    strategies,
    strokes,
)
from sketch_rnn_tf.data import (
    augmentation,
    bucketing,
    measurement,
    padding,
    sources,
    tuning,
)

Source = measurement.Source
MAX_OFFSET = measurement.MAX_OFFSET

# Streams of random numbers, folded into the seed.
_SCALE, _DROP, _ARRANGE, _NUM_STREAMS = range(sources.ORDER + 1, 5)


def batches(
    source: Source,
    config: config_lib.Config,
    *,
    training: bool = False,
    start_step: int = 0,
    count: int | None = None,
) -> tf.data.Dataset:
    """Makes batches of a source.

    In training the batches never end: they are full, of sketches of like
    lengths (see `bucketing`), shuffled anew in each pass and augmented.  Batch
    number k depends on the source, the configuration and k alone, so that a
    resumed training goes on where it was.  Otherwise the sketches come once,
    in order, and the last batch may be smaller.

    Args:
      source: Sketches in pixels.  Records must come in the same order in each
        pass.  For a class-conditioned model they know their labels:
        `labels.Labelled`, or records whose `label` is an index of
        `config.words`.
      config: Its max_len and scale_factor must be set.
      training: Whether to shuffle, augment and repeat.
      start_step: The first training batch to make.
      count: Records of at most N_max points, if known.  Evaluation and
        resumed training count them otherwise, in a pass of its own.

    Returns:
      Dataset of dicts `strokes` float32 [B, T + 1, 5] and `lengths` int32
      [B], and `labels` int32 [B] if `config.class_size` is above 0.

    Raises:
      ValueError: If no sketch is short enough (records to evaluate may be
        none), one in memory is not valid, or labels are wanted and there are
        none.
    """
    streamed = isinstance(source, tf.data.Dataset)
    if config.class_size:
        sources.check_labelled(source)
    if training:
        make = sources.stream_windows if streamed else sources.memory_windows
        windows, first_step = make(source, config, start_step, count)
        made = _training(windows, config).skip(start_step - first_step)
    elif streamed:
        made = _stream_evaluation(source, config, count)
    else:
        labelled = sources.in_memory(source, config)
        count = labelled[0].nrows()
        rows = tf.data.Dataset.range(count).batch(config.batch_size)
        made = rows.map(
            lambda rows: padding.batch(sources.chosen(labelled, rows), config)
        )
    # AUTOTUNE would hold ever more batches, as windows come in bursts.
    return tuning.untuned(strategies.by_rows(made).prefetch(8))


def to_batch(
    sketches: Sequence[np.ndarray], config: config_lib.Config
) -> dict[str, tf.Tensor]:
    """Makes one batch of a few sketches, as `batches` does.

    Args:
      sketches: Stroke-3 arrays of at most N_max points, pixels.
      config: Its max_len and scale_factor must be set.

    Returns:
      Dict of `strokes` and `lengths`, and of `labels` where the configuration
      is class-conditioned and the sketches are `labels.Labelled`.

    Raises:
      ValueError: If a sketch is not valid, or longer than N_max.
    """
    check(sketches, config)
    if not isinstance(sketches, labels_lib.Labelled):
        config = config.replace(class_size=0)
    return padding.batch(sources.in_memory(sketches, config), config)


def check(sketches: Sequence[np.ndarray], config: config_lib.Config) -> None:
    """Raises a ValueError if a sketch is not valid, or longer than N_max."""
    for index, sketch in enumerate(sketches):
        strokes.validate_stroke3(sketch, name=f"sketch {index}")
        if len(sketch) > config.max_len:
            raise ValueError(
                f"sketch {index}: expected at most {config.max_len} points, "
                f"got {len(sketch)}"
            )


def _stream_evaluation(records, config, count):
    if count is None:
        count, _ = measurement.count_kept(records, config.max_len)
    made = sources.streamed(records, config).ragged_batch(config.batch_size)
    made = made.map(
        lambda sketches, labels: padding.batch(
            (padding.normalised(sketches, config), labels), config
        )
    )
    # Keras warns of an end that it could not know of.
    num_batches = -(-count // config.batch_size)
    return made.apply(tf.data.experimental.assert_cardinality(num_batches))


def _training(windows, config):
    """Augments, arranges and cuts windows into batches, one after another."""

    def arrange(number, labelled):
        sketches, labels = labelled

        def seed(stream):
            step = tf.cast(number, tf.int32) * _NUM_STREAMS + stream
            return tf.stack([config.seed, step])

        sketches = _augmented(sketches, config, seed)
        if config.bucket_boundaries:
            order = bucketing.arrange(
                padding.lengths(sketches),
                batch_size=config.batch_size,
                seed=seed(_ARRANGE),
            )
        else:
            order = tf.range(sketches.nrows(tf.int32))
            order = tf.reshape(order, [-1, config.batch_size])
        return (sketches, labels), order

    def cut(labelled, order):
        def batch(rows):
            chosen = sources.chosen(labelled, rows)
            steps = config.max_len
            if config.bucket_boundaries:
                steps = bucketing.num_steps(padding.lengths(chosen[0]), config)
            made = padding.batch(chosen, config, num_steps=steps)
            for value in made.values():
                value.set_shape([config.batch_size, *value.shape[1:]])
            return made

        return tf.data.Dataset.from_tensor_slices(order).map(batch)

    # A window is made while the one before it is trained on.
    made = windows.map(arrange).prefetch(1).flat_map(cut)
    return made.apply(
        tf.data.experimental.assert_cardinality(tf.data.INFINITE_CARDINALITY)
    )


def _augmented(sketches, config, seed):
    stroke3, lengths = sketches.values, sketches.row_lengths()
    if config.random_scale:
        factors = tf.random.stateless_uniform(
            [tf.size(lengths), 2],
            seed(_SCALE),
            minval=1.0 - config.random_scale,
            maxval=1.0 + config.random_scale,
        )
        stroke3 = augmentation.random_scale(stroke3, lengths, factors=factors)
    if config.point_drop_rate:
        uniforms = tf.random.stateless_uniform(
            tf.shape(stroke3)[:1], seed(_DROP)
        )
        stroke3, lengths = augmentation.drop_points(
            stroke3, lengths, uniforms=uniforms, rate=config.point_drop_rate
        )
    return tf.RaggedTensor.from_row_lengths(stroke3, lengths, validate=False)
