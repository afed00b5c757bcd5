"""Inks: many drawings at once, as the points that their pens went through.

Drawings of any unit, size and way of simplifying become comparable here: each
is fitted into a box, and its ink is gone along in equal steps, so that
neither the scale nor the number of points counts.  NumPy only.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

CHANNELS = 6
"""Numbers that `sampled` gives of a step along the ink."""

_DOT = 0.06
"""Ink that a stroke has at least, as a part of half the box: a dot is seen."""

_PATH_STEPS = 64


class Inks(NamedTuple):
    """Strokes of many drawings, one after the other.

    Attributes:
      points: float32 [P, 2], absolute.
      strokes: int64 [S + 1], where each stroke begins in `points`, and P.
      drawings: int64 [S], the drawing of each stroke, ascending.
      count: Drawings; some may have no stroke.
    """

    points: np.ndarray
    strokes: np.ndarray
    drawings: np.ndarray
    count: int

    @property
    def drawing_of_point(self) -> np.ndarray:
        """The drawing of each point, int64 [P]."""
        return np.repeat(self.drawings, np.diff(self.strokes))


def of(sketches: Sequence[np.ndarray]) -> Inks:
    """Gathers the ink of sketches.

    Args:
      sketches: Stroke-3 [N, 3], N >= 0, any unit.  One of no points is a dot.

    Returns:
      The inks.

    >>> of([np.array([[3, 4, 1], [1, 1, 0], [2, 0, 1]])]).strokes
    array([0, 2, 4])
    """
    lengths = np.array([len(sketch) for sketch in sketches], np.int64)
    flat = np.zeros((lengths.sum() + len(sketches), 3))
    # The pen starts down at the origin: a point before the first row.
    first = np.cumsum(lengths + 1) - lengths - 1
    rows = np.ones(len(flat), bool)
    rows[first] = False
    if lengths.sum():
        flat[rows] = np.concatenate([s for s in sketches if len(s)])
    points = np.cumsum(flat[:, :2], axis=0)
    points -= np.repeat(points[first], lengths + 1, axis=0)
    # After a row that lifts the pen begins a stroke, if its sketch goes on.
    begins = np.zeros(len(flat), bool)
    begins[1:] = flat[:-1, 2] > 0
    begins[first] = True
    starts = np.flatnonzero(begins)
    return Inks(
        points.astype(np.float32),
        np.append(starts, len(flat)),
        np.searchsorted(first, starts, side="right") - 1,
        len(sketches),
    )


def fitted(inks: Inks) -> Inks:
    """Moves and scales each drawing into the square from -1 to 1.

    Its proportions stay; the longer side fills the square.
    """
    centers, halves = _boxes(inks)
    of_point = inks.drawing_of_point
    points = (inks.points - centers[of_point]) / halves[of_point, None]
    return inks._replace(points=points.astype(np.float32))


def sampled(inks: Inks, steps: int) -> np.ndarray:
    """Goes along the ink of each drawing in equal steps.

    Args:
      inks: Fitted drawings.
      steps: T, how many.

    Returns:
      float32 [B, T, 6]: the point (x, y); the way from the point before it,
      (dx, dy), in units of the mean step; 1 where a stroke begins; the
      logarithm of the drawing's ink.  All zero where a drawing has no stroke.
    """
    out = np.zeros((inks.count, steps, CHANNELS), np.float32)
    if not len(inks.drawings):
        return out
    # Each stroke's first point comes twice, a dot's length apart.
    counts = np.diff(inks.strokes)
    source = np.insert(
        np.arange(len(inks.points)), inks.strokes[:-1], inks.strokes[:-1]
    )
    points = inks.points[source].astype(np.float64)
    stroke = np.repeat(np.arange(len(counts)), counts + 1)
    first = inks.strokes[:-1] + np.arange(len(counts))
    way = np.linalg.norm(np.diff(points, axis=0, prepend=points[:1]), axis=1)
    way[first] = 0
    way[first + 1] = _DOT
    along = np.cumsum(way)
    present = np.unique(inks.drawings)
    bounds = np.searchsorted(inks.drawings, present)
    begin = along[first[bounds]]
    end = np.append(begin[1:], along[-1])
    share = (np.arange(steps) + 0.5) / steps
    wanted = begin[:, None] + (end - begin)[:, None] * share  # [B', T]
    right = np.searchsorted(along, wanted.ravel(), side="right")
    right = np.clip(right, 1, len(along) - 1)
    left = right - 1
    part = (wanted.ravel() - along[left]) / np.maximum(way[right], 1e-12)
    part = np.clip(part, 0, 1)[:, None]
    found = points[left] * (1 - part) + points[right] * part
    found = found.reshape(len(present), steps, 2)
    of_step = stroke[right].reshape(len(present), steps)
    ink = (end - begin)[:, None]
    values = np.zeros((len(present), steps, CHANNELS))
    values[..., :2] = found
    values[:, 1:, 2:4] = np.diff(found, axis=1) * (steps / ink)[..., None]
    np.clip(values[..., 2:4], -4, 4, out=values[..., 2:4])
    values[:, 0, 4] = 1
    values[:, 1:, 4] = np.diff(of_step, axis=1) > 0
    values[..., 5] = np.log(ink) - 2
    out[present] = values
    return out


def pictures(ink: np.ndarray, side: int) -> np.ndarray:
    """Draws what `sampled` gave into small pictures.

    Each step falls on the four pixels around it, bilinearly.

    Args:
      ink: float32 [B, T, 6].
      side: G, pixels.

    Returns:
      float32 [B, G, G, 4], rows from the top: how much ink there is; the
      cosine and sine of twice its direction, which do not depend on which way
      the pen went; how many strokes begin there.  All saturate within -1, 1.
    """
    # The square from -1 to 1 leaves a margin of a tenth.
    place = (ink[..., :2] / 1.1 + 1) * ((side - 1) / 2)
    place = np.clip(place, 0, side - 1)[..., None]  # [B, T, 2, 1]
    pixel = np.arange(side, dtype=np.float32)
    near = np.maximum(1 - np.abs(place - pixel), 0)  # [B, T, 2, G]
    dx, dy, begins = ink[..., 2], ink[..., 3], ink[..., 4]
    squared = np.maximum(dx**2 + dy**2, 1e-6)
    inked = 1 - begins  # The way to where a stroke begins is no ink.
    values = np.stack(
        [
            np.ones_like(dx),
            inked * (dx**2 - dy**2) / squared,
            inked * 2 * dx * dy / squared,
            begins,
        ],
        axis=-1,
    )  # [B, T, 4]
    across = near[:, :, 0, :, None] * values[:, :, None]  # [B, T, G, 4]
    across = across.reshape(*ink.shape[:2], -1)
    found = np.matmul(np.swapaxes(near[:, :, 1], 1, 2), across)
    return np.tanh(found).reshape(len(ink), side, side, 4)


def paths(sketches: Sequence[np.ndarray]) -> np.ndarray:
    """Gives the ways of pens, to compare drawings point by point.

    Args:
      sketches: Stroke-3 [N, 3], N >= 0, any unit.

    Returns:
      float32 [B, 128], 64 points: each drawing is fitted into the same box,
      its longer side being 1, and its ink gone along in equal steps.
    """
    ink = sampled(fitted(of(sketches)), _PATH_STEPS)
    points = ink[..., :2] / 2
    return points.reshape(len(points), -1)


def points_and_strokes(sketches: Sequence[np.ndarray]) -> np.ndarray:
    """Counts the points and the strokes of sketches.

    A stroke that the sketch leaves open counts.

    Args:
      sketches: Stroke-3 [N, 3], N >= 0.

    Returns:
      int64 [2, B].

    >>> points_and_strokes([np.array([[3, 4, 1], [1, 1, 0]])]).tolist()
    [[2], [2]]
    """
    strokes = [
        int((s[:-1, 2] > 0).sum()) + 1 if len(s) else 0 for s in sketches
    ]
    return np.array([[len(s) for s in sketches], strokes], np.int64)


def _boxes(inks):
    """Returns centers [B, 2] and half of the longer sides [B]."""
    low = np.zeros((inks.count, 2))
    high = np.zeros((inks.count, 2))
    if len(inks.drawings):
        present = np.unique(inks.drawings)
        starts = inks.strokes[np.searchsorted(inks.drawings, present)]
        low[present] = np.minimum.reduceat(inks.points, starts, axis=0)
        high[present] = np.maximum.reduceat(inks.points, starts, axis=0)
    halves = (high - low).max(axis=1) / 2
    return (low + high) / 2, np.where(halves > 0, halves, 1.0)


def taken(inks: Inks, drawings: np.ndarray) -> Inks:
    """Takes some drawings, in any order, also again and again.

    Args:
      inks: All drawings.
      drawings: int [D], which ones.

    Returns:
      D drawings.
    """
    first = np.searchsorted(inks.drawings, np.arange(inks.count + 1))
    counts = np.diff(first)[drawings]
    strokes = _ranges(first[drawings], counts)
    return restroked(inks, strokes, np.repeat(np.arange(len(drawings)), counts),
                     len(drawings))  # fmt: skip


def restroked(
    inks: Inks, strokes: np.ndarray, drawings: np.ndarray, count: int
) -> Inks:
    """Makes drawings of strokes of others.

    Args:
      inks: The others.
      strokes: int [S], which strokes.
      drawings: int [S], the drawing that each is of now, ascending.
      count: Drawings.

    Returns:
      The drawings.
    """
    lengths = np.diff(inks.strokes)[strokes]
    points = inks.points[_ranges(inks.strokes[strokes], lengths)]
    ends = np.concatenate([[0], np.cumsum(lengths)])
    return Inks(points, ends, np.asarray(drawings, np.int64), count)


def _ranges(starts, lengths):
    """Joins the ranges of so many whole numbers from each start."""
    ends = np.cumsum(lengths)
    total = int(ends[-1]) if len(ends) else 0
    return np.arange(total) + np.repeat(starts - ends + lengths, lengths)
