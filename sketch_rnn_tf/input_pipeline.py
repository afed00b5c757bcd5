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
    augmentation,
    bucketing,
    config as config_lib,
    labels as labels_lib,
    measurement,
    strategies,
    strokes,
)

Source = measurement.Source
MAX_OFFSET = measurement.MAX_OFFSET

# Sketches of a stream.  The windows that follow mix as many again.
SHUFFLE_BUFFER = 10_000
_NONE_KEPT = "expected sketches of at most {} points, got none"
# Streams of random numbers, folded into the seed.
_ORDER, _SCALE, _DROP, _ARRANGE, _NUM_STREAMS = range(5)


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
        _check_labelled(source)
    if training:
        make = _stream_windows if streamed else _memory_windows
        windows, first_step = make(source, config, start_step, count)
        made = _training(windows, config).skip(start_step - first_step)
    elif streamed:
        made = _stream_evaluation(source, config, count)
    else:
        labelled = _in_memory(source, config)
        count = labelled[0].nrows()
        rows = tf.data.Dataset.range(count).batch(config.batch_size)
        made = rows.map(lambda rows: _batch(_chosen(labelled, rows), config))
    # AUTOTUNE would hold ever more batches, as windows come in bursts.
    return strategies.by_rows(made).prefetch(8)


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
    return _batch(_in_memory(sketches, config), config)


def check(sketches: Sequence[np.ndarray], config: config_lib.Config) -> None:
    """Raises a ValueError if a sketch is not valid, or longer than N_max."""
    for index, sketch in enumerate(sketches):
        strokes.validate_stroke3(sketch, name=f"sketch {index}")
        if len(sketch) > config.max_len:
            raise ValueError(
                f"sketch {index}: expected at most {config.max_len} points, "
                f"got {len(sketch)}"
            )


def _check_labelled(source):
    """Raises a ValueError if sketches do not know their labels."""
    if isinstance(source, tf.data.Dataset):
        if "label" in source.element_spec:
            return
        got = f"records of {', '.join(source.element_spec)}"
    elif isinstance(source, labels_lib.Labelled):
        return
    else:
        got = "sketches alone"
    raise ValueError(
        "labels: expected labels.Labelled sketches or records with a label, "
        f"for a class-conditioned model, got {got}"
    )


def _in_memory(sketches, config):
    """Returns the sketches of at most N_max points, and their labels.

    They are ragged [n, None, 3] and int32 [n], zeros where none are wanted.
    """
    indexes = [i for i, s in enumerate(sketches) if len(s) <= config.max_len]
    if not indexes:
        raise ValueError(_NONE_KEPT.format(config.max_len))
    kept = [sketches[i] for i in indexes]
    ragged = tf.RaggedTensor.from_row_lengths(
        strokes.concatenated(kept, indexes=indexes), [len(s) for s in kept]
    )
    labels = np.zeros(len(kept), np.int32)
    if config.class_size:
        labels_lib.check(sketches.labels, config)
        labels = sketches.labels[indexes]
    return _normalised(ragged, config), tf.constant(labels)


def _chosen(labelled, rows):
    """Returns some of the sketches, with their labels."""
    sketches, labels = labelled
    return tf.gather(sketches, rows), tf.gather(labels, rows)


def _memory_windows(sketches, config, start_step, _):
    """Returns windows from that of a step on, and the first one's first step.

    A window is its number and its sketches, ragged [W * B, None, 3], with
    their labels, int32 [W * B].
    """
    labelled = _in_memory(sketches, config)
    count, size = int(labelled[0].nrows()), config.batch_size
    windows = bucketing.windows(count, size)

    def gather(number):
        index = tf.range(
            windows.first_batch(number) * size,
            windows.first_batch(number + 1) * size,
        )
        # The pass over the data is part of the seed: each has a permutation
        # of its own.  `tf.random.experimental.index_shuffle` pads a batch of
        # seeds along the wrong axis (seen on TF 2.21).
        passes = tf.cast(index // count, tf.int32)
        ones = tf.ones_like(passes)
        index = tf.raw_ops.RandomIndexShuffle(
            index=index % count,
            seed=tf.stack([passes, ones * config.seed, ones * _ORDER], axis=1),
            max_index=count - 1,
        )
        return number, _chosen(labelled, index)

    first = windows.window(start_step)
    made = tf.data.Dataset.counter(first).map(gather)
    return made, windows.first_batch(first)


def _streamed(records, config):
    """Returns a data set of stroke3 of at most N_max points, and of labels."""

    def read(record):
        stroke5 = record["strokes"][:-1]
        pen = stroke5[:, 2 + strokes.PEN_UP, None]
        stroke3 = tf.concat([stroke5[:, :2], pen], axis=1)
        if not config.class_size:
            return stroke3, tf.constant(0)
        label = tf.cast(record["label"], tf.int32)
        known = tf.debugging.assert_less(
            label, len(config.words), message="label: expected one of the words"
        )
        with tf.control_dependencies([known]):
            return stroke3, tf.identity(label)

    return records.map(read, num_parallel_calls=tf.data.AUTOTUNE).filter(
        lambda stroke3, _: tf.shape(stroke3)[0] <= config.max_len
    )


def _stream_windows(records, config, start_step, count):
    """Returns windows as `_memory_windows` does, of streamed sketches."""
    sketches = _streamed(records, config)
    if next(iter(sketches.take(1)), None) is None:
        raise ValueError(_NONE_KEPT.format(config.max_len))
    windows = bucketing.stream_windows(
        int(records.cardinality()), config.batch_size
    )
    size = windows.batches * config.batch_size
    first = windows.window(start_step)
    if first and count is None:
        count, _ = measurement.count_kept(records, config.max_len)
    first_pass, skipped = divmod(first * size, count) if first else (0, 0)

    def shuffled(number):
        # The seed of this function's graph alone: else `tf.random.set_seed`
        # would change the order.  It may not be 0 where `shuffle` gets a
        # tensor, and TensorFlow takes both modulo 2**31 - 1.
        tf.compat.v1.set_random_seed(config.seed // 2 + 1)
        return sketches.shuffle(
            SHUFFLE_BUFFER,
            seed=2 * number + config.seed % 2,
            reshuffle_each_iteration=False,
        )

    passes = tf.data.Dataset.counter(first_pass).flat_map(shuffled)
    # In two steps, as a ragged batch costs much memory for each element.
    made = passes.skip(skipped).ragged_batch(config.batch_size)
    made = made.batch(windows.batches, drop_remainder=True).map(
        lambda sketches, labels: (
            _normalised(sketches.merge_dims(0, 1), config),
            tf.reshape(labels, [-1]),
        )
    )
    made = tf.data.Dataset.zip(tf.data.Dataset.counter(first), made)
    return made, windows.first_batch(first)


def _stream_evaluation(records, config, count):
    if count is None:
        count, _ = measurement.count_kept(records, config.max_len)
    made = _streamed(records, config).ragged_batch(config.batch_size)
    made = made.map(
        lambda sketches, labels: _batch(
            (_normalised(sketches, config), labels), config
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
                _lengths(sketches),
                batch_size=config.batch_size,
                seed=seed(_ARRANGE),
            )
        else:
            order = tf.range(sketches.nrows(tf.int32))
            order = tf.reshape(order, [-1, config.batch_size])
        return (sketches, labels), order

    def cut(labelled, order):
        def batch(rows):
            chosen = _chosen(labelled, rows)
            steps = config.max_len
            if config.bucket_boundaries:
                steps = bucketing.num_steps(_lengths(chosen[0]), config)
            made = _batch(chosen, config, num_steps=steps)
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


def _normalised(sketches, config):
    offsets = tf.clip_by_value(sketches.values[:, :2], -MAX_OFFSET, MAX_OFFSET)
    offsets /= config.scale_factor
    return sketches.with_values(
        tf.concat([offsets, sketches.values[:, 2:]], axis=1)
    )


def _lengths(sketches):
    return tf.cast(sketches.row_lengths(), tf.int32)


def _batch(labelled, config, *, num_steps=None):
    """Returns stroke-5 with S_0 first and end rows after each sketch."""
    sketches, labels = labelled
    num_steps = config.max_len if num_steps is None else num_steps
    lengths = _lengths(sketches)
    batch_size = tf.size(lengths)
    stroke3 = sketches.to_tensor(shape=tf.stack([batch_size, num_steps, 3]))
    inside = tf.sequence_mask(lengths, num_steps, tf.float32)[..., None]
    lifted = stroke3[..., 2:]
    stroke5 = tf.concat(
        [stroke3[..., :2], inside - lifted, lifted, 1.0 - inside], axis=-1
    )
    start = tf.constant(config.start_point, tf.float32)
    start = tf.broadcast_to(start, [batch_size, 1, 5])
    made = {"strokes": tf.concat([start, stroke5], axis=1), "lengths": lengths}
    return made | ({"labels": labels} if config.class_size else {})
