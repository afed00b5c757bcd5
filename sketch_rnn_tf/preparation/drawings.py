"""Many drawings in absolute coordinates, side by side.  NumPy only."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from sketch_rnn_tf.preparation import simplify


class Drawings(NamedTuple):
    """Drawings as one array, so that each step is one for all of them.

    Attributes:
      points: float64 [N, 2], absolute, pixels, y downwards.
      strokes: int64 [S], the point that each stroke begins with.
      first_strokes: int64 [D], the stroke that each drawing begins with.
    """

    points: np.ndarray
    strokes: np.ndarray
    first_strokes: np.ndarray

    @property
    def starts(self) -> np.ndarray:
        """The point that each drawing begins with, int64 [D]."""
        return self.strokes[self.first_strokes]

    @property
    def lengths(self) -> np.ndarray:
        """Rows of each drawing's stroke3, N_s: int64 [D]."""
        return np.diff(np.append(self.starts, len(self.points))) - 1

    def kept(self, keep: np.ndarray) -> "Drawings":
        """Leaves out points.

        Args:
          keep: bool [N], some of each stroke.

        Returns:
          What remains.
        """
        strokes = np.cumsum(keep)[self.strokes] - keep[self.strokes]
        return self._replace(points=self.points[keep], strokes=strokes)

    def chosen(self, choose: np.ndarray) -> "Drawings":
        """Leaves out drawings.

        Args:
          choose: bool [D].

        Returns:
          What remains.
        """
        strokes_each = _counts(self.first_strokes, len(self.strokes))
        of_strokes = np.repeat(choose, strokes_each)
        points_each = _counts(self.strokes, len(self.points))
        return Drawings(
            self.points[np.repeat(of_strokes, points_each)],
            _starts(points_each[of_strokes]),
            _starts(strokes_each[choose]),
        )

    def boxed(self, size: float) -> "Drawings":
        """Moves each drawing to the corner and scales its longest side.

        Args:
          size: That side.
        """
        points = simplify.aligned(self.points, self.starts, box=size)
        return self._replace(points=points)

    def stroke3(self, dtype: str = "float64") -> list[np.ndarray]:
        """Converts to stroke-3, each from its own first point.

        Args:
          dtype: Of the arrays; whole numbers are cut to fit.

        Returns:
          D arrays: [N, 3], pixels; they share memory.
        """
        rows = np.empty((len(self.points), 3), dtype)
        rows[1:, :2] = np.diff(self.points, axis=0)
        rows[:, 2] = 0
        rows[np.append(self.strokes, len(rows))[1:] - 1, 2] = 1
        starts = self.starts.tolist()
        ends = [*starts, len(rows)][1:]
        # The first point is where the pen starts: an offset of none.
        return [
            rows[start + 1 : end]
            for start, end in zip(starts, ends, strict=True)
        ]

    def polylines(self) -> list[list[np.ndarray]]:
        """Returns each drawing's polylines, float64 [K, 2], pixels."""
        strokes = np.split(self.points, self.strokes[1:])
        starts = self.first_strokes.tolist()
        ends = [*starts, len(strokes)][1:]
        return [
            strokes[start:end] for start, end in zip(starts, ends, strict=True)
        ]


def from_polylines(drawings: Sequence[Sequence[np.ndarray]]) -> Drawings:
    """Puts drawings side by side.

    A stroke of one point, a dot, becomes one of two, as in Google's
    simplified drawings.

    Args:
      drawings: Of each, its polylines, [K, 2], K >= 1, pixels: one at least.

    Returns:
      The same.

    >>> from_polylines([[[[1, 2], [4, 6]], [[5, 5]]]]).stroke3()[0].tolist()
    [[3.0, 4.0, 1.0], [1.0, -1.0, 0.0], [0.0, 0.0, 1.0]]
    """
    polylines = [
        np.asarray(polyline, np.float64).reshape(-1, 2)
        for drawing in drawings
        for polyline in drawing
    ]
    polylines = [np.repeat(p, 1 + (len(p) == 1), axis=0) for p in polylines]
    return Drawings(
        np.concatenate([np.empty((0, 2)), *polylines]),
        _starts(np.array([len(p) for p in polylines], np.int64)),
        _starts(np.array([len(d) for d in drawings], np.int64)),
    )


def _starts(counts):
    return np.cumsum(counts) - counts


def _counts(starts, total):
    return np.diff(np.append(starts, total))
