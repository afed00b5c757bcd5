"""Sources: sketches in memory or streamed, short enough, in windows.

A window is its number and its sketches in scale_factor units, ragged
[W * B, None, 3], with their labels, int32 [W * B] (see `bucketing`).
"""

from collections.abc import Sequence

import numpy as np
import tensorflow as tf

from sketch_rnn_tf import config as config_lib, labels as labels_lib, strokes
from sketch_rnn_tf.data import bucketing, measurement, padding

Windows = tuple[tf.data.Dataset, int]
"""Windows from that of a step on, and the first one's first step."""

ORDER = 0
"""The stream of random numbers that shuffles."""

# Sketches of a stream.  The windows that follow mix as many again.
SHUFFLE_BUFFER = 10_000
_NONE_KEPT = "expected sketches of at most {} points, got none"


def check_labelled(source: measurement.Source) -> None:
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


def in_memory(
    sketches: Sequence[np.ndarray], config: config_lib.Config
) -> padding.Labelled:
    """Returns the sketches of at most N_max points, and their labels.

    Labels are zeros where none are wanted.

    Raises:
      ValueError: If no sketch is short enough, one is not valid, or a label
        is no word's.
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
    return padding.normalised(ragged, config), tf.constant(labels)


def chosen(labelled: padding.Labelled, rows: tf.Tensor) -> padding.Labelled:
    """Returns some of the sketches, with their labels."""
    sketches, labels = labelled
    return tf.gather(sketches, rows), tf.gather(labels, rows)


def memory_windows(
    sketches: Sequence[np.ndarray],
    config: config_lib.Config,
    start_step: int,
    _: int | None,
) -> Windows:
    """Returns windows of sketches in memory, in an order of each pass's own."""
    labelled = in_memory(sketches, config)
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
            seed=tf.stack([passes, ones * config.seed, ones * ORDER], axis=1),
            max_index=count - 1,
        )
        return number, chosen(labelled, index)

    first = windows.window(start_step)
    made = tf.data.Dataset.counter(first).map(gather)
    return made, windows.first_batch(first)


def streamed(
    records: tf.data.Dataset, config: config_lib.Config
) -> tf.data.Dataset:
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


def stream_windows(
    records: tf.data.Dataset,
    config: config_lib.Config,
    start_step: int,
    count: int | None,
) -> Windows:
    """Returns windows of streamed sketches; counts them if it has to.

    Raises:
      ValueError: If no sketch is short enough.
    """
    sketches = streamed(records, config)
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
            padding.normalised(sketches.merge_dims(0, 1), config),
            tf.reshape(labels, [-1]),
        )
    )
    made = tf.data.Dataset.zip(tf.data.Dataset.counter(first), made)
    return made, windows.first_batch(first)
