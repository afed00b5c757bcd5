"""Slots: many sketches drawn with few places, all of them kept busy.

Sketches end at different points.  A batch that waits for its last one wastes
three steps in four at lengths near 50 of 200; here a sketch that has ended
leaves its place to the next one, and the batch shrinks when none is left.
Everything here is in scale_factor units.
"""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import tensorflow as tf

from sketch_rnn_tf import randomness, strokes
from sketch_rnn_tf.generation import sampler as sampler_lib
from sketch_rnn_tf.model import decoder as decoder_lib

SLOTS = 256
"""Places; more gain little, and each takes memory."""


class Requests(NamedTuple):
    """What to draw.

    Attributes:
      z: float32 [B, Z]; Z is 0 for an unconditional model.
      temperature: float32 [B], tau >= 0; 0 is greedy.
      softmax_temperature: float32 [B], see `next_point.sample_point`.
      seeds: int32 [B].
      prefixes: B arrays, stroke-5 [P, 5], what each begins with; None if none
        is given.
      max_len: Points at most, those of the prefixes included.
    """

    z: np.ndarray
    temperature: np.ndarray
    softmax_temperature: np.ndarray
    seeds: np.ndarray
    prefixes: list[np.ndarray] | None
    max_len: int


def draw(
    sampler: "sampler_lib.Sampler",
    requests: Requests,
    *,
    slots: int = SLOTS,
    progress: Callable[[int], None] | None = None,
) -> list[np.ndarray]:
    """Draws sketches; none depends on the others, nor on its slot.

    Args:
      sampler: Of the model.
      requests: What to draw.
      slots: Places, sketches drawn at a time.
      progress: Called with the number of sketches that have ended since it
        was last called.

    Returns:
      B sketches, stroke-5 float32 [N, 5], without the end row.
    """
    count, max_len = len(requests.seeds), requests.max_len
    if count == 1:
        # No place falls idle; one loop in the graph costs less.
        sketch = _draw_one(sampler, requests)
        if progress:
            progress(1)
        return [sketch]
    steps, width = sampler_lib.STEPS, decoder_lib.POINT_SIZE
    slots = min(slots, count)
    drawn: list[np.ndarray | None] = [None] * count
    # Of each slot: its sketch, how far it is, what was given, its random
    # numbers and its points.
    owner, at, given = np.zeros((3, slots), np.int64)
    u = np.zeros((slots, max_len + steps, 4), np.float32)
    points = np.zeros((slots, max_len + steps, width), np.float32)
    # Slots in the order of the rows of `places`, and those without a sketch.
    live, free = np.arange(0), np.arange(slots)
    places = sampler.no_places()
    kept = live
    following = 0
    while len(kept) or following < count:
        taken = free[: count - following]
        sketches = np.arange(following, following + len(taken))
        following += len(taken)
        if len(taken):
            owner[taken], at[taken] = sketches, 0
            u[taken, :max_len] = _uniforms(requests.seeds[sketches], max_len)
            if requests.prefixes is not None:
                for slot, sketch in zip(taken, sketches, strict=True):
                    prefix = requests.prefixes[sketch]
                    given[slot] = len(prefix)
                    points[slot, : len(prefix)] = prefix
        chosen = np.concatenate([kept, len(live) + np.arange(len(taken))])
        live = np.concatenate([live[kept], taken])
        window = at[live, None] + np.arange(steps)  # [S, K]
        rows, owners = live[:, None], owner[live]
        new, places = sampler.advance(
            places,
            requests.z[sketches],
            chosen.astype(np.int32),
            _time_first(u[rows, window]),
            _time_first(points[rows, window]),
            (window < given[rows]).T,
            requests.temperature[owners],
            requests.softmax_temperature[owners],
        )
        new = _time_first(new.numpy())  # [S, K, 5]
        points[rows, window] = new
        over = new[..., 2 + strokes.END] > 0
        over |= window >= max_len
        ended = over.any(axis=1)
        # A sketch that fills its last step goes on to nothing.
        ended |= at[live] + steps >= max_len
        lengths = at[live] + np.where(over.any(1), over.argmax(1), steps)
        at[live] += steps
        for row in np.flatnonzero(ended):
            drawn[owners[row]] = points[live[row], : lengths[row]].copy()
        free, kept = live[ended], np.flatnonzero(~ended)
        if progress and len(free):
            progress(len(free))
    return drawn


def _draw_one(sampler, requests):
    prefix = np.zeros((1, 0, decoder_lib.POINT_SIZE), np.float32)
    if requests.prefixes is not None:
        prefix = requests.prefixes[0][None]
    drawn, lengths = sampler.draw(
        requests.z,
        requests.temperature,
        requests.softmax_temperature,
        requests.seeds,
        tf.constant([requests.max_len]),
        prefix,
        tf.constant([prefix.shape[1]]),
    )
    return drawn[0, : lengths[0]].numpy()


def _uniforms(seeds, max_len):
    seeds = tf.constant(seeds, tf.int32)
    return _drawn(seeds, tf.constant(max_len)).numpy()


@tf.function(
    input_signature=[
        tf.TensorSpec([None], tf.int32),
        tf.TensorSpec([], tf.int32),
    ]
)
def _drawn(seeds, max_len):
    return randomness.uniforms(seeds, randomness.POINTS, [max_len, 4])


def _time_first(values):
    return np.ascontiguousarray(values.swapaxes(0, 1))
