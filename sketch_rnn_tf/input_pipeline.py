"""From sketches to batches: clamp, filter, scale, augment, S_0 first, pad.

A source is a sequence of stroke-3 arrays, held in memory, or a
`tf.data.Dataset` of TFDS records, streamed.  A batch is a dict of

    strokes   float32 [B, N_max + 1, 5], stroke-5 in scale_factor units; S_0
              first, end rows from the sketch's end on.  A sketch of N_max
              points has no end row.
    lengths   int32 [B], N_s: points without S_0 and without the end row.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import tensorflow as tf

from sketch_rnn_tf import (
    augmentation,
    config as config_lib,
    strokes,
)

Source = Sequence[np.ndarray] | tf.data.Dataset

# Larger offsets are errors in the recording (reference implementation).
MAX_OFFSET = 1000.0
SHUFFLE_BUFFER = 20_000
# Streams of random numbers, folded into the seed.
_ORDER, _SCALE, _DROP = 0, 1, 2


class Statistics(NamedTuple):
    """What a model has to know of its training split.

    Attributes:
      scale_factor: Standard deviation of the kept offsets, dx and dy pooled,
        pixels.
      max_len: N_max, points: the longest kept sketch.
      count: Sketches kept.
      dropped: Sketches left out, as longer than the limit.
    """

    scale_factor: float
    max_len: int
    count: int
    dropped: int


def statistics(source: Source, *, max_len: int = 0) -> Statistics:
    """Measures a training split, in one pass.

    Args:
      source: Sketches in pixels.
      max_len: Longest sketch to keep, points; 0 keeps all.

    Returns:
      The statistics of the sketches kept.

    Raises:
      ValueError: If no sketch is left, or all offsets are equal.
    """
    count = dropped = longest = 0
    sums = np.zeros(3)  # number, sum and sum of squares of the offsets
    for offsets in _offsets(source):
        if max_len and len(offsets) > max_len:
            dropped += 1
            continue
        offsets = np.clip(offsets, -MAX_OFFSET, MAX_OFFSET)
        offsets = offsets.astype(np.float64).ravel()
        sums += offsets.size, offsets.sum(), offsets @ offsets
        longest = max(longest, offsets.size // 2)
        count += 1
    if not count:
        raise ValueError(
            f"expected sketches of at most {max_len} points, got none: "
            f"all {dropped} are longer"
            if dropped
            else "expected sketches, got none"
        )
    mean, square = sums[1:] / sums[0]
    scale_factor = float(np.sqrt(max(square - mean * mean, 0.0)))
    if not scale_factor > 0:
        raise ValueError(
            "expected offsets that vary, got sketches whose offsets are all "
            f"{mean:g}"
        )
    return Statistics(scale_factor, longest, count, dropped)


def fit_config(config: config_lib.Config, source: Source) -> config_lib.Config:
    """Sets N_max and the scale factor from the training split.

    Args:
      config: Its max_len, if positive, is the longest sketch to keep.
      source: The training split, pixels.

    Returns:
      A copy with max_len and scale_factor set.

    Raises:
      ValueError: If no sketch is left, or all offsets are equal.
    """
    measured = statistics(source, max_len=config.max_len)
    return config.replace(
        max_len=measured.max_len, scale_factor=measured.scale_factor
    )


def count_kept(source: Source, max_len: int) -> tuple[int, int]:
    """Counts the sketches of at most N_max points, and the others."""
    lengths = [len(offsets) for offsets in _offsets(source)]
    kept = sum(length <= max_len for length in lengths)
    return kept, len(lengths) - kept


def batches(
    source: Source,
    config: config_lib.Config,
    *,
    training: bool = False,
    start_step: int = 0,
) -> tf.data.Dataset:
    """Makes batches of a source.

    In training the batches never end: they are full, shuffled anew in each
    pass and augmented.  From memory, batch number k depends on the seed and
    k alone, so that a resumed training goes on where it was.  Otherwise the
    sketches come once, in order, and the last batch may be smaller.

    Args:
      source: Sketches in pixels.
      config: Its max_len and scale_factor must be set.
      training: Whether to shuffle, augment and repeat.
      start_step: The first training batch to make.

    Returns:
      Dataset of dicts `strokes` float32 [B, N_max + 1, 5] and `lengths`
      int32 [B].

    Raises:
      ValueError: If no sketch in memory is short enough.
    """
    if isinstance(source, tf.data.Dataset):
        examples = _stream(source, config, training, start_step)
    else:
        examples = _memory(source, config, training, start_step)

    def finish(step, stroke3, lengths):
        if training:
            stroke3, lengths = _augmented(stroke3, lengths, step, config)
        return _batch(stroke3, lengths, config)

    return examples.map(
        finish, num_parallel_calls=tf.data.AUTOTUNE, deterministic=True
    ).prefetch(tf.data.AUTOTUNE)


def to_batch(
    sketches: Sequence[np.ndarray], config: config_lib.Config
) -> dict[str, tf.Tensor]:
    """Makes one batch of a few sketches, as `batches` does.

    Args:
      sketches: Stroke-3 arrays of at most N_max points, pixels.
      config: Its max_len and scale_factor must be set.

    Returns:
      Dict of `strokes` and `lengths`.

    Raises:
      ValueError: If a sketch is not valid, or longer than N_max.
    """
    for index, sketch in enumerate(sketches):
        strokes.validate_stroke3(sketch, name=f"sketch {index}")
        if len(sketch) > config.max_len:
            raise ValueError(
                f"sketch {index}: expected at most {config.max_len} points, "
                f"got {len(sketch)}"
            )
    flat, starts, lengths = _flat(sketches)
    stroke3 = _gather(flat, starts, lengths, config)
    return _batch(stroke3, tf.constant(lengths), config)


def _offsets(source: Source):
    """Yields the offsets of each sketch, [N, 2]."""
    if not isinstance(source, tf.data.Dataset):
        yield from (np.asarray(sketch)[:, :2] for sketch in source)
        return
    # In batches, since each element costs a call into TensorFlow.
    ragged = source.map(lambda record: record["strokes"][:-1, :2])
    for batch in ragged.ragged_batch(256).prefetch(2):
        values = batch.values.numpy()
        yield from np.split(values, batch.row_splits.numpy()[1:-1])


def _flat(sketches):
    lengths = np.array([len(sketch) for sketch in sketches], np.int32)
    starts = np.concatenate([[0], np.cumsum(lengths, dtype=np.int64)])[:-1]
    flat = np.concatenate(sketches).astype(np.float32)
    return flat, starts, lengths


def _memory(sketches, config, training, start_step):
    """Yields (step, stroke3 [B, N_max, 3] in scale_factor units, lengths)."""
    kept = [s for s in sketches if len(s) <= config.max_len]
    if not kept:
        raise ValueError(
            f"expected sketches of at most {config.max_len} points, got none"
        )
    arrays = _flat(kept)
    flat, starts, lengths = (tf.constant(array) for array in arrays)
    count, size = len(kept), config.batch_size

    if training:
        numbers = tf.data.Dataset.counter(start_step)
    else:
        numbers = tf.data.Dataset.range(-(-count // size))

    def gather(step):
        step = tf.cast(step, tf.int64)
        index = step * size + tf.range(size, dtype=tf.int64)
        if training:
            # The pass over the data is part of the seed: each has a
            # permutation of its own.
            seed = tf.stack(
                [
                    tf.cast(index // count, tf.int32),
                    tf.fill([size], config.seed),
                    tf.fill([size], _ORDER),
                ],
                axis=1,
            )
            # `tf.random.experimental.index_shuffle` pads a batch of seeds
            # along the wrong axis (seen on TF 2.21).
            index = tf.raw_ops.RandomIndexShuffle(
                index=index % count, seed=seed, max_index=count - 1
            )
        else:
            index = index[: tf.minimum(count - step * size, size)]
        rows = tf.gather(lengths, index)
        stroke3 = _gather(flat, tf.gather(starts, index), rows, config)
        return step, stroke3, rows

    return numbers.map(
        gather, num_parallel_calls=tf.data.AUTOTUNE, deterministic=True
    )


def _stream(records, config, training, start_step):
    """Yields (step, stroke3 [B, N_max, 3] in scale_factor units, lengths)."""

    def read(record):
        stroke5 = record["strokes"][:-1]
        pen = stroke5[:, 2 + strokes.PEN_UP, None]
        return tf.concat([stroke5[:, :2], pen], axis=1)

    sketches = records.map(read, num_parallel_calls=tf.data.AUTOTUNE).filter(
        lambda stroke3: tf.shape(stroke3)[0] <= config.max_len
    )
    if training:
        # The stream starts anew where training resumes, in another order.
        sketches = sketches.shuffle(
            SHUFFLE_BUFFER, seed=config.seed + start_step
        ).repeat()

    def pad(stroke3):
        length = tf.shape(stroke3)[0]
        stroke3 = _normalised(stroke3, config)
        missing = config.max_len - length
        stroke3 = tf.pad(stroke3, [[0, missing], [0, 0]])
        return tf.ensure_shape(stroke3, [config.max_len, 3]), length

    grouped = sketches.map(
        pad, num_parallel_calls=tf.data.AUTOTUNE, deterministic=True
    ).batch(config.batch_size, drop_remainder=training)
    return grouped.enumerate(start_step).map(lambda step, pair: (step, *pair))


def _gather(flat, starts, lengths, config):
    """Returns stroke3 [B, N_max, 3], zeros from each length on."""
    steps = tf.range(config.max_len, dtype=tf.int64)
    inside = steps < tf.cast(lengths, tf.int64)[:, None]
    positions = tf.where(inside, starts[:, None] + steps, 0)
    stroke3 = tf.gather(flat, positions)
    stroke3 = tf.where(inside[..., None], stroke3, 0.0)
    return _normalised(stroke3, config)


def _normalised(stroke3, config):
    offsets = tf.clip_by_value(stroke3[..., :2], -MAX_OFFSET, MAX_OFFSET)
    offsets /= config.scale_factor
    return tf.concat([offsets, stroke3[..., 2:]], axis=-1)


def _augmented(stroke3, lengths, step, config):
    batch_size, num_steps = tf.unstack(tf.shape(stroke3)[:2])
    step = tf.cast(step, tf.int32)
    if config.random_scale:
        factors = tf.random.stateless_uniform(
            [batch_size, 2],
            seed=tf.stack([step, config.seed * 8 + _SCALE]),
            minval=1.0 - config.random_scale,
            maxval=1.0 + config.random_scale,
        )
        offsets = augmentation.random_scale(stroke3[..., :2], factors=factors)
        stroke3 = tf.concat([offsets, stroke3[..., 2:]], axis=-1)
    if config.point_drop_rate:
        uniforms = tf.random.stateless_uniform(
            [batch_size, num_steps],
            seed=tf.stack([step, config.seed * 8 + _DROP]),
        )
        stroke3, lengths = augmentation.drop_points(
            stroke3, lengths, uniforms=uniforms, rate=config.point_drop_rate
        )
    return stroke3, lengths


def _batch(stroke3, lengths, config):
    """Returns stroke-5 with S_0 first and end rows after each sketch."""
    inside = tf.sequence_mask(lengths, config.max_len, tf.float32)[..., None]
    lifted = stroke3[..., 2:]
    stroke5 = tf.concat(
        [
            stroke3[..., :2] * inside,
            (1.0 - lifted) * inside,
            lifted * inside,
            1.0 - inside,
        ],
        axis=-1,
    )
    start = tf.constant(config.start_point, tf.float32)
    start = tf.tile(start[None, None], [tf.shape(stroke5)[0], 1, 1])
    strokes5 = tf.concat([start, stroke5], axis=1)
    static = stroke3.shape[0]
    strokes5.set_shape([static, config.max_len + 1, 5])
    return {"strokes": strokes5, "lengths": lengths}
