"""Deformation: drawings drawn again, worse, for a classifier to learn from.

What a model draws wobbles in its own ways, and misses a part or two; people's
drawings of one thing differ in proportions, slant and the order of strokes.
NumPy only.
"""

import numpy as np

from sketch_rnn_tf.quality import inks as inks_lib

# Standard deviations, where half of a drawing's longer side is 1.
_TURN = 0.06  # radians
_STRETCH = 0.09  # of the logarithm of a factor
_SHEAR = 0.06
_BEND = 0.03  # of slow waves across the drawing
_SHIFT = 0.018  # of each stroke
_JITTER = 0.012  # of each point

_SHUFFLED = 0.1
"""Share of the drawings whose neighbouring strokes change places."""

_DROPPED = 0.1
"""Most of the strokes' share that is left out, of drawings of three or more."""


def deformed(inks: inks_lib.Inks, rng: np.random.Generator) -> inks_lib.Inks:
    """Draws each drawing again.

    Strokes are left out and change places; the drawing is turned, stretched,
    sheared and bent; strokes and points move.

    Args:
      inks: Fitted drawings, see `inks.fitted`.
      rng: Draws the deformations.

    Returns:
      As many drawings, each of at least one stroke where it had one; no
      longer fitted.
    """
    inks = _rearranged(inks, rng)
    of_point = inks.drawing_of_point
    warps = _warps(inks.count, rng)
    points = np.einsum("pij,pj->pi", warps[of_point], inks.points)
    for _ in range(2):
        frequency = rng.normal(0, 2, (inks.count, 2))
        phase = rng.uniform(0, 2 * np.pi, inks.count)
        push = rng.normal(0, _BEND, (inks.count, 2))
        angle = (points * frequency[of_point]).sum(axis=1) + phase[of_point]
        points += np.sin(angle)[:, None] * push[of_point]
    shift = rng.normal(0, _SHIFT, (len(inks.drawings), 2))
    points += np.repeat(shift, np.diff(inks.strokes), axis=0)
    jitter = np.abs(rng.normal(0, _JITTER, inks.count))[of_point, None]
    points += rng.normal(0, 1, points.shape) * jitter
    return inks._replace(points=points.astype(np.float32))


def _warps(count, rng):
    """Draws matrices near the identity, [count, 2, 2]."""
    angle = rng.normal(0, _TURN, count)
    stretch = np.exp(rng.normal(0, _STRETCH, count))
    shear = rng.normal(0, _SHEAR, (count, 2))
    cos, sin = np.cos(angle), np.sin(angle)
    rows = [
        [cos * stretch, -sin + shear[:, 0]],
        [sin + shear[:, 1], cos / stretch],
    ]
    return np.moveaxis(np.array(rows), 2, 0)


def _rearranged(inks, rng):
    """Leaves out strokes, and lets neighbours change places."""
    drawings = inks.drawings
    place = np.arange(len(drawings), dtype=np.float64)
    shuffled = (rng.random(inks.count) < _SHUFFLED)[drawings]
    place += shuffled * rng.uniform(-2.5, 2.5, len(drawings))
    rate = rng.uniform(0, _DROPPED, inks.count)[drawings]
    few = np.bincount(drawings, minlength=inks.count)[drawings] < 3
    kept = few | (rng.random(len(drawings)) >= rate)
    # Never all of a drawing's.
    kept |= ~np.isin(drawings, drawings[kept])
    order = np.lexsort((place, drawings))
    order = order[kept[order]]
    return inks_lib.restroked(inks, order, drawings[order], inks.count)
