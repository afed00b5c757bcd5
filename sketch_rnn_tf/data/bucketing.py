"""Batches of sketches of like lengths, so that little is spent on padding.

The endless order of the training sketches is cut into windows, each window
sorted by length, and the sorted sketches into batches, which then come in
any order.  A batch is padded to the first boundary that has room for its
longest sketch and a few end rows.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

import numpy as np
import tensorflow as tf

from sketch_rnn_tf import config as config_lib

# Sketches in a window, at most.  More waste less, since a window's last batch
# is padded to its longest sketch: of 70,000 sketches of 50 points on average,
# N_max 200, in batches of 100 and 24 buckets, windows of 5,000 waste 14.7 % of
# the steps, of 20,000 11.8 % and of 40,000 11.3 %.  20,000 take 12 MB.
WINDOW_SKETCHES = 20_000
# Of a stream fewer, since the first batch waits for all of them.
STREAM_WINDOW_SKETCHES = 10_000


def boundaries(
    histogram: Sequence[int], *, max_len: int, count: int, end_steps: int
) -> tuple[int, ...]:
    """Chooses the numbers of steps that batches are padded to.

    They minimise the padding of all sketches, each padded alone to the first
    boundary of at least min(length + end_steps, N_max) steps: a dynamic
    programme over the boundaries and, for each, the highest one.

    Args:
      histogram: How many sketches have 0, 1, ... points.
      max_len: N_max, points.
      count: How many boundaries to choose at most, at least 1.
      end_steps: Steps to keep after a sketch.

    Returns:
      Numbers of steps, ascending, the last N_max.

    >>> boundaries([0, 0, 9, 9, 1, 0, 5], max_len=6, count=2, end_steps=1)
    (4, 6)
    """
    needed = np.minimum(np.arange(len(histogram)) + end_steps, max_len)
    rows = np.bincount(needed, histogram, minlength=max_len + 1)
    steps = np.union1d(np.flatnonzero(rows), max_len)  # [S]
    if count >= len(steps):
        return tuple(steps.tolist())
    below = np.cumsum(rows[steps]) - rows[steps]
    # Steps of a bucket up to steps[j] whose lower neighbour is steps[i - 1].
    cost = steps * (below + rows[steps] - below[:, None])  # [S, S]
    cost[np.tril_indices(len(steps), -1)] = np.inf
    best = cost[0]  # by the highest boundary
    neighbours = []
    for _ in range(count - 1):
        total = best[:-1, None] + cost[1:]  # [S - 1, S]
        neighbours.append(total.argmin(axis=0))
        best = total.min(axis=0)
    chosen = [len(steps) - 1]
    for neighbour in reversed(neighbours):
        chosen.append(neighbour[chosen[-1]])
    return tuple(steps[chosen[::-1]].tolist())


class Windows(NamedTuple):
    """Where the endless order of training batches is cut into windows.

    Window w starts with batch floor(w * batches / parts).

    Attributes:
      batches: Batches in `parts` windows.
      parts: A number of windows.
    """

    batches: int
    parts: int = 1

    def first_batch(self, window: int | tf.Tensor) -> int | tf.Tensor:
        """Returns the first batch of a window."""
        return window * self.batches // self.parts

    def window(self, batch: int) -> int:
        """Returns the window of a batch."""
        return ((batch + 1) * self.parts - 1) // self.batches


def windows(count: int, batch_size: int) -> Windows:
    """Cuts each pass over the data into equal windows of whole batches.

    A window of two passes would have sketches twice, and sorting would bring
    the copies into one batch.  Here less than a batch is of another pass.

    Args:
      count: Sketches in a pass.
      batch_size: Sketches in a batch, B.
    """
    parts = -(-count // WINDOW_SKETCHES)
    # A batch may be larger than a window.
    return Windows(max(count, parts * batch_size), parts * batch_size)


def stream_windows(cardinality: int, batch_size: int) -> Windows:
    """Cuts a stream into windows of equal size, of about one pass at most.

    Args:
      cardinality: Records in a pass, or negative if that is not known.
      batch_size: Sketches in a batch, B.
    """
    count = STREAM_WINDOW_SKETCHES
    if cardinality >= 0:
        count = min(count, cardinality)
    return Windows(max(1, count // batch_size))


def arrange(
    lengths: tf.Tensor, *, batch_size: int, seed: tf.Tensor
) -> tf.Tensor:
    """Sorts a window into batches, in random order inside and among them.

    Replicas take slices of a batch: within it, too, nothing is sorted.

    Args:
      lengths: int32 [W * B], N_s, in random order, which decides between
        equal lengths.
      batch_size: B.
      seed: int32 [2].

    Returns:
      Indices of `lengths`, int32 [W, B], a row a batch.
    """
    order = tf.argsort(lengths, stable=True)
    order = tf.reshape(order, [-1, batch_size])
    keys = tf.random.stateless_uniform(
        [tf.shape(order)[0], batch_size + 1], seed
    )
    order = tf.gather(order, tf.argsort(keys[:, 1:]), batch_dims=1)
    return tf.gather(order, tf.argsort(keys[:, 0]))


def num_steps(lengths: tf.Tensor, config: config_lib.Config) -> tf.Tensor:
    """Returns the number of steps T to pad a training batch to.

    It is the first boundary that leaves `end_steps` steps after the longest
    sketch, or N_max.

    Args:
      lengths: int32 [B], N_s after augmentation.
      config: With its bucket_boundaries.

    Returns:
      int32, scalar.
    """
    needed = tf.reduce_max(lengths) + config.end_steps
    bounds = tf.constant(config.bucket_boundaries)
    return bounds[tf.reduce_sum(tf.cast(bounds[:-1] < needed, tf.int32))]


class Waste(NamedTuple):
    """What part of the decoder's steps, B * T in a batch, are padding.

    Attributes:
      padding: Steps beyond the sketches' points and one end row each, which
        only a sketch of N_max points lacks.
      beyond_points: Steps beyond the sketches' points.
    """

    padding: float
    beyond_points: float


def waste(batches: Iterable[Mapping[str, tf.Tensor]], *, max_len: int) -> Waste:
    """Measures what part of the decoder's steps batches spend on padding.

    Args:
      batches: As `input_pipeline.batches` makes them, a finite number.
      max_len: N_max, points.
    """
    steps = points = ends = 0
    for batch in batches:
        lengths = np.asarray(batch["lengths"])
        steps += len(lengths) * (batch["strokes"].shape[1] - 1)
        points += int(lengths.sum())
        ends += int((lengths < max_len).sum())
    return Waste(1 - (points + ends) / steps, 1 - points / steps)
