"""Oddities: drawings as nobody draws them, to see what a model makes of them.

They are doodles of a hand with odd habits: the face gets a third eye, each
leg a second one beside it, or the face of one animal is put into the head of
another.

References:
  Figures 9, 10 and 13, Ha & Eck (2017).
"""

import functools

import numpy as np

from sketch_rnn_tf import doodles
from sketch_rnn_tf.doodles import pen as pen_lib


class OddPen(pen_lib.Pen):
    """A hand that draws eyes and legs in other numbers.

    Args:
      rng: Source of all that varies.
      eyes: How many, 1 to 3, where a face has two.
      extra_legs: How many legs get another one beside them.
    """

    def __init__(
        self,
        rng: np.random.Generator,
        *,
        eyes: int = 2,
        extra_legs: int = 0,
    ) -> None:
        super().__init__(rng)
        self._eyes, self._extra_legs = eyes, extra_legs

    def eye(self, x: float, y: float, *, radius: float = 7.0) -> None:
        if self.num_eyes == self._eyes:
            return
        super().eye(x, y, radius=radius)
        if self.num_eyes == 2 and self._eyes == 3:
            # Between the others and above them.
            super().eye(0.0, y - 2.2 * radius, radius=radius)

    def leg(self, *points: pen_lib.Point) -> None:
        super().leg(*points)
        if self._extra_legs:
            self._extra_legs -= 1
            super().leg(*((x + 9, y) for x, y in points))


def with_eyes(kind: str, count: int, *, seed: int) -> doodles.Doodle:
    """Draws a doodle whose face has so many eyes, 1 to 3."""
    return doodles.draw(
        kind, seed=seed, make_pen=functools.partial(OddPen, eyes=count)
    )


def with_extra_legs(kind: str, count: int, *, seed: int) -> doodles.Doodle:
    """Draws a doodle of which so many legs have another one beside them."""
    return doodles.draw(
        kind, seed=seed, make_pen=functools.partial(OddPen, extra_legs=count)
    )


def joined(
    first: np.ndarray, second: np.ndarray, *, share: float
) -> np.ndarray:
    """Puts strokes of two drawings on one sheet, as one mixed drawing.

    Args:
      first: Stroke-3, pixels; its first strokes are taken.
      second: Stroke-3, pixels; its last strokes are taken, fitted into the
        box of the first one.
      share: Of the strokes, that come from each, 0 to 1.

    Returns:
      float64 [N, 3], pixels.
    """
    parts = []
    for sketch in (first, second):
        points = np.cumsum(np.asarray(sketch)[:, :2].astype(np.float64), 0)
        low, high = points.min(axis=0), points.max(axis=0)
        points = (points - low) / max((high - low).max(), 1.0)
        ends = np.flatnonzero(np.asarray(sketch)[:, 2]) + 1
        parts.append(np.split(points, ends[:-1]))
    head = parts[0][: max(1, round(share * len(parts[0])))]
    tail = parts[1][-max(1, round(share * len(parts[1]))) :]
    lines = [200 * line for line in [*head, *tail] if len(line)]
    points = np.concatenate(lines)
    lifted = np.zeros(len(points))
    lifted[np.cumsum([len(line) for line in lines]) - 1] = 1
    offsets = np.diff(points, axis=0, prepend=0)
    return np.concatenate([offsets, lifted[:, None]], axis=1)
