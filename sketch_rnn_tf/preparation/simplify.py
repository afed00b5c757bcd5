"""Fewer points for the same lines: resampling and Ramer-Douglas-Peucker.

All functions work on many strokes at once, one after another in one array
[N, 2] whose strokes begin at `starts`: a drawing has few points and there are
millions of drawings.  NumPy only.

Deviation: distances are to the line through a part's ends, without bounds,
as in the `rdp` package of sketch-rnn's time; libraries (GEOS, Rust's geo)
take those to the segment.  It is what Google's simplified drawings were made
with: 568 of 609 come out the same, within a pixel; by segment, 128.

References:
  Ramer (1972), Douglas & Peucker (1973); section 3.1 of Ha & Eck (2017);
  the description of Quick, Draw!'s simplified drawings.
"""

import numpy as np

EPSILON = 2.0
"""The paper's epsilon, and Google's, pixels."""

BOX = 255
"""Longest side of Google's simplified drawings, pixels."""


def rdp(points: np.ndarray, *, epsilon: float = EPSILON) -> np.ndarray:
    """Simplifies one polyline.

    Args:
      points: [K, 2], K >= 1.
      epsilon: Largest distance of a point left out from the line that takes
        its place, in the units of the points.

    Returns:
      Some of the points, [k, 2]: first and last among them.

    >>> rdp(np.array([[0, 0], [1, 0.5], [2, 0], [9, 9]]), epsilon=1).tolist()
    [[0.0, 0.0], [2.0, 0.0], [9.0, 9.0]]
    """
    points = np.asarray(points)
    return points[kept(points, np.array([0]), epsilon=epsilon)]


def kept(
    points: np.ndarray,
    starts: np.ndarray,
    *,
    epsilon: float | np.ndarray = EPSILON,
) -> np.ndarray:
    """Finds the points that Ramer-Douglas-Peucker keeps of each stroke.

    All strokes are split side by side, once a pass, which gives what the
    recursion over each gives.  Where points are equally far, the first is
    kept.

    Args:
      points: [N, 2].
      starts: int [S], where strokes begin, from 0, rising: none is empty.
      epsilon: Of all strokes, or float [S] of each; in the points' units.

    Returns:
      bool [N].
    """
    points = np.asarray(points, np.float64)
    first = np.asarray(starts)
    last = np.append(first[1:], len(points)) - 1
    limit = np.broadcast_to(np.asarray(epsilon, np.float64), first.shape)
    keep = np.zeros(len(points), bool)
    keep[first] = keep[last] = True
    while True:
        long = last - first > 1
        first, last, limit = first[long], last[long], limit[long]
        if not len(first):
            return keep
        farthest, distance = _farthest(points, first, last)
        split = distance > limit
        first, last, limit = first[split], last[split], limit[split]
        farthest = farthest[split]
        keep[farthest] = True
        first, last = np.append(first, farthest), np.append(farthest, last)
        limit = np.tile(limit, 2)


def _farthest(points, first, last):
    """Finds the point between each two that is farthest from their line."""
    counts = last - first - 1
    ends = np.cumsum(counts)
    begins = ends - counts
    index = np.arange(ends[-1]) + np.repeat(first + 1 - begins, counts)
    x, y = points.T
    dx, dy = x[last] - x[first], y[last] - y[first]
    length = np.hypot(dx, dy)
    # A closed part has no line: there it is the distance from its ends.
    closed = length == 0
    length[closed] = 1
    away_x = x[index] - np.repeat(x[first], counts)
    away_y = y[index] - np.repeat(y[first], counts)
    distances = np.abs(
        np.repeat(dx, counts) * away_y - np.repeat(dy, counts) * away_x
    ) / np.repeat(length, counts)
    if closed.any():
        loop = np.repeat(closed, counts)
        distances[loop] = np.hypot(away_x[loop], away_y[loop])
    distance = np.maximum.reduceat(distances, begins)
    equal = np.flatnonzero(distances == np.repeat(distance, counts))
    return index[equal[np.searchsorted(equal, begins)]], distance


def resample(
    points: np.ndarray, starts: np.ndarray, *, spacing: float = 1.0
) -> tuple[np.ndarray, np.ndarray]:
    """Puts points at equal distances along each stroke.

    Args:
      points: [N, 2].
      starts: int [S], as of `kept`.
      spacing: Between new points along the stroke, in the points' units; the
        last point, which stays, may be nearer.

    Returns:
      float64 [M, 2], where each stroke has two points at least, and where
      its strokes begin, int64 [S].
    """
    points = np.asarray(points, np.float64)
    starts = np.asarray(starts)
    ends = np.append(starts[1:], len(points))
    along = np.hypot(*np.diff(points, axis=0, prepend=points[:1]).T)
    along[starts] = 0
    # Stroke by stroke: what a stroke becomes must not depend on those before.
    for start, end in zip(starts.tolist(), ends.tolist(), strict=True):
        np.cumsum(along[start:end], out=along[start:end])
    total = along[ends - 1]
    # Whole spacings, and the last point unless one of them ends there.
    whole = np.floor((total + 1e-9) / spacing).astype(np.int64)
    counts = np.maximum(whole + 1 + (total - whole * spacing > 1e-9), 2)
    new_ends = np.cumsum(counts)
    new_starts = new_ends - counts
    wanted = np.arange(new_ends[-1]) - np.repeat(new_starts, counts)
    wanted = np.minimum(wanted * spacing, np.repeat(total, counts))
    # Each old point but a stroke's first and last opens a segment, with the
    # first new point that is not before it.
    opening = np.ones(len(points), bool)
    opening[starts] = opening[ends - 1] = False
    reached = np.ceil(along / spacing).astype(np.int64)
    first = np.repeat(new_starts, ends - starts) + reached
    opened = np.bincount(first[opening], minlength=new_ends[-1] + 1)[:-1]
    # Each stroke's first segment, too, and the last point that opens none.
    opened[new_starts[1:]] += 2 - (ends - starts == 1)[:-1]
    before = np.cumsum(opened)
    after = np.minimum(before + 1, np.repeat(ends - 1, counts))
    step = along[after] - along[before]
    step[step == 0] = 1
    slope = (points[after] - points[before]) / step[:, None]
    new = slope * (wanted - along[before])[:, None] + points[before]
    new[new_ends - 1] = points[ends - 1]
    return new, new_starts


def aligned(
    points: np.ndarray, starts: np.ndarray, *, box: float = BOX
) -> np.ndarray:
    """Moves drawings to the corner and scales their longest side.

    Args:
      points: [N, 2].
      starts: int [D], where *drawings* begin, from 0, rising.
      box: The longest side.  A drawing of one place stays one.

    Returns:
      float64 [N, 2], from 0 to `box`.
    """
    points = np.asarray(points, np.float64)
    starts = np.asarray(starts)
    counts = np.diff(np.append(starts, len(points)))
    low = np.minimum.reduceat(points, starts)
    size = (np.maximum.reduceat(points, starts) - low).max(axis=1)
    size[size == 0] = 1
    moved = points - np.repeat(low, counts, axis=0)
    return moved * box / np.repeat(size, counts)[:, None]
