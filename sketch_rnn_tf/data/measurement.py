"""What a model has to know of its training data, measured in one pass.

A source is a sequence of stroke-3 arrays, held in memory, or a
`tf.data.Dataset` of TFDS records, streamed; pixels.
"""

import collections
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
import tensorflow as tf

from sketch_rnn_tf import config as config_lib
from sketch_rnn_tf.data import bucketing, tuning

Source = Sequence[np.ndarray] | tf.data.Dataset

# Larger offsets are errors in the recording (reference implementation).
MAX_OFFSET = 1000.0


class Statistics(NamedTuple):
    """What a model has to know of its training split.

    Attributes:
      scale_factor: Standard deviation of the kept offsets, dx and dy pooled,
        pixels.
      max_len: N_max, points: the longest kept sketch.
      count: Sketches kept.
      dropped: Sketches left out, as longer than the limit.
      histogram: How many of those kept have 0, 1, ... points.
    """

    scale_factor: float
    max_len: int
    count: int
    dropped: int
    histogram: tuple[int, ...]


def statistics(source: Source, *, max_len: int = 0) -> Statistics:
    """Measures a training split, in one pass.

    Args:
      source: Sketches in pixels.
      max_len: Longest sketch to keep, points; 0 keeps all.

    Returns:
      The statistics of the sketches kept.

    Raises:
      ValueError: If no sketch is left, an offset is not finite, or all are
        equal.
    """
    dropped = 0
    counts = collections.Counter()  # of lengths
    sums = np.zeros(3)  # number, sum and sum of squares of the offsets
    for index, offsets in enumerate(_offsets(source)):
        if max_len and len(offsets) > max_len:
            dropped += 1
            continue
        if not np.isfinite(offsets).all():
            raise ValueError(
                f"sketch {index}: expected finite offsets, got NaN or infinity"
            )
        counts[len(offsets)] += 1
        offsets = np.clip(offsets, -MAX_OFFSET, MAX_OFFSET)
        offsets = offsets.astype(np.float64).ravel()
        sums += offsets.size, offsets.sum(), offsets @ offsets
    if not counts:
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
    longest = max(counts)
    histogram = tuple(counts[length] for length in range(longest + 1))
    return Statistics(scale_factor, longest, counts.total(), dropped, histogram)


def fit_config(config: config_lib.Config, source: Source) -> config_lib.Config:
    """Sets N_max, scale factor and bucket boundaries from the training split.

    Args:
      config: Its max_len, if positive, is the longest sketch to keep.
      source: The training split, pixels.

    Returns:
      A copy with max_len, scale_factor and bucket_boundaries set.

    Raises:
      ValueError: If no sketch is left, an offset is not finite, or all are
        equal or so small that float32 cannot hold them scaled.
    """
    return apply(statistics(source, max_len=config.max_len), config)


def apply(measured: Statistics, config: config_lib.Config) -> config_lib.Config:
    """Sets what was measured; `fit_config` measures and applies.

    Args:
      measured: Statistics of the training split.
      config: Its num_buckets and end_steps say how to choose boundaries.

    Returns:
      A copy with max_len, scale_factor and bucket_boundaries set.
    """
    bounds = ()
    if config.num_buckets > 1:
        # Points that augmentation drops are not counted: boundaries fitted
        # to what it leaves waste no less (0.5 % of the steps at most).
        bounds = bucketing.boundaries(
            measured.histogram,
            max_len=measured.max_len,
            count=config.num_buckets,
            end_steps=config.end_steps,
        )
    return config.replace(
        max_len=measured.max_len,
        scale_factor=measured.scale_factor,
        bucket_boundaries=bounds,
    )


def count_kept(source: Source, max_len: int) -> tuple[int, int]:
    """Counts the sketches of at most N_max points, and the others."""
    lengths = [len(offsets) for offsets in _offsets(source)]
    kept = sum(length <= max_len for length in lengths)
    return kept, len(lengths) - kept


def _offsets(source: Source) -> Iterator[np.ndarray]:
    """Yields the offsets of each sketch, [N, 2]."""
    if not isinstance(source, tf.data.Dataset):
        yield from (np.asarray(sketch)[:, :2] for sketch in source)
        return
    # In batches, since each element costs a call into TensorFlow.
    ragged = source.map(lambda record: record["strokes"][:-1, :2])
    for batch in tuning.untuned(ragged.ragged_batch(256).prefetch(2)):
        values = batch.values.numpy()
        yield from np.split(values, batch.row_splits.numpy()[1:-1])
