"""The hand that draws doodles: chance, curves, tremor.  NumPy only.

Drawers (`animals`, `things`) put strokes on an imaginary sheet about 200
pixels wide with a `Pen`; `Pen.trace` gives them size, slant and tremor and
rounds them to stroke-3 (see `strokes`).

Angles are in *turns*: 0 points right, 0.25 down, 0.5 left, 0.75 up, as y
grows downwards; so a growing angle runs clockwise on the screen.

The same random numbers give the same drawing on every machine: nothing but
uniform numbers, + - * /, square roots and comparisons, which IEEE 754 fixes to
the last bit, and one rounded table of cosines.  No libm call, whose last bit
differs between machines and could tip a coordinate over a rounding edge.
"""

from collections.abc import Iterator

import numpy as np

Point = tuple[float, float]
"""(x, y) on the imaginary sheet, pixels."""

_TURN = 4096
# Rounded to 2**-24, far coarser than the error of any libm.
_COSINE = (
    np.round(np.cos(np.arange(_TURN) * (2 * np.pi / _TURN)) * 2**24) / 2**24
)
_COSINE_LIST = _COSINE.tolist()


def cosine(turns: float) -> float:
    """Looks up a cosine, the angle rounded to 1/4096 of a turn."""
    return _COSINE_LIST[round(turns * _TURN) % _TURN]


def sine(turns: float) -> float:
    """Looks up a sine, the angle rounded to 1/4096 of a turn."""
    return _COSINE_LIST[round((turns - 0.25) * _TURN) % _TURN]


def _uniforms(rng: np.random.Generator) -> Iterator[float]:
    while True:
        yield from rng.random(256).tolist()


class Pen:
    """A hand with its habits, and the strokes that it has drawn so far.

    Habits are drawn once a drawing, so that a whole drawing is by one hand:
    `clockwise` (the direction of loops) and `sides` (left or right first).

    Args:
      rng: Source of all that varies.

    Attributes:
      strokes: Lists of `Point`, one list a pen-down run.
      num_eyes: Eyes drawn so far, see `eye`.
      num_legs: Legs drawn so far, see `leg`.
      num_parts: Optional parts chosen so far, see `part`.
      full_body: Set by drawers of animals that drew more than a head.
      clockwise: Whether loops run clockwise.
      sides: (-1, 1) for left before right, or (1, -1).
      mirrored: Whether `trace` swaps left and right; set by drawers.
    """

    def __init__(self, rng: np.random.Generator) -> None:
        self._uniforms = _uniforms(rng)
        self.strokes: list[list[Point]] = []
        self.num_eyes = 0
        self.num_legs = 0
        self.num_parts = 0
        self.full_body = False
        self.mirrored = False
        self.clockwise = self.chance(0.75)
        self.sides = (-1, 1) if self.chance(0.85) else (1, -1)
        self._round_eyes = self.chance(0.5)

    def uniform(self, low: float, high: float) -> float:
        """Draws a number between `low` and `high`."""
        return low + (high - low) * next(self._uniforms)

    def chance(self, probability: float) -> bool:
        """Returns True with the given probability."""
        return next(self._uniforms) < probability

    def part(self, probability: float) -> bool:
        """Decides, and counts in `num_parts`, whether to draw a part."""
        drawn = self.chance(probability)
        self.num_parts += drawn
        return drawn

    def line(self, *points: Point) -> None:
        """Draws one stroke through the points."""
        self.strokes.append(list(points))

    def polygon(self, *corners: Point) -> None:
        """Draws a closed shape that ends close to where it began."""
        first, rest = corners[0], corners[1:]
        if not self.clockwise:
            rest = rest[::-1]
        end = (
            first[0] + self.uniform(-3, 3),
            first[1] + self.uniform(-3, 3),
        )
        self.line(first, *rest, end)

    def arc(
        self,
        x: float,
        y: float,
        x_radius: float,
        y_radius: float,
        *,
        start: float,
        sweep: float,
        num_points: int,
    ) -> list[Point]:
        """Finds points along part of an ellipse, a little unevenly spaced.

        Args:
          x: Centre, pixels.
          y: Centre, pixels.
          x_radius: Half width, pixels.
          y_radius: Half height, pixels.
          start: Angle of the first point, turns.
          sweep: From the first point's angle to the last one's, turns;
            negative is counterclockwise.
          num_points: At least 2.

        Returns:
          List of `num_points` points; nothing is drawn.
        """
        step = sweep / (num_points - 1)
        points = []
        for index in range(num_points):
            inner = 0 < index < num_points - 1
            place = index + (self.uniform(-0.15, 0.15) if inner else 0.0)
            turns = start + step * place
            points.append(
                (x + x_radius * cosine(turns), y + y_radius * sine(turns))
            )
        return points

    def loop(
        self,
        x: float,
        y: float,
        x_radius: float,
        y_radius: float,
        *,
        num_points: int,
        start: float = 0.75,
    ) -> None:
        """Draws an ellipse by hand; it never closes quite.

        Args:
          x: Centre, pixels.
          y: Centre, pixels.
          x_radius: Half width, pixels.
          y_radius: Half height, pixels.
          num_points: With both ends.
          start: Where it starts, give or take, turns.
        """
        sweep = self.uniform(0.96, 1.03)
        points = self.arc(
            x,
            y,
            x_radius,
            y_radius,
            start=start + self.uniform(-0.06, 0.06),
            sweep=sweep if self.clockwise else -sweep,
            num_points=num_points,
        )
        # The last point drifts off, as the hand's circle is a spiral.
        drift = 1 + self.uniform(-0.08, 0.08)
        end_x, end_y = points[-1]
        points[-1] = (x + (end_x - x) * drift, y + (end_y - y) * drift)
        self.line(*points)

    def dot(self, x: float, y: float, *, radius: float = 4.0) -> None:
        """Draws a dot as people do, a dab of the pen: two points."""
        lean = self.uniform(-0.3, 0.3) * radius
        self.line((x - lean, y - radius), (x + lean, y + radius))

    def eye(self, x: float, y: float, *, radius: float = 7.0) -> None:
        """Draws one eye and counts it: rings or dots, as the hand's habit."""
        self.num_eyes += 1
        if self._round_eyes:
            num_points = 6 if radius > 6.5 else 5
            self.loop(x, y, radius, radius, num_points=num_points)
        else:
            self.dot(x, y, radius=0.7 * radius)

    def leg(self, *points: Point) -> None:
        """Draws one leg and counts it."""
        self.num_legs += 1
        self.line(*points)

    def trace(
        self, *, size: float, stretch: float, slant: float, wobble: float
    ) -> np.ndarray:
        """Turns the strokes into whole-number offsets.

        The tremor is a smooth function of how far the pen has travelled, on
        the paper or above it, so that it bends long curves, leaves small
        parts in shape, and keeps loops from closing.

        Args:
          size: Longer side of the drawing before slant and tremor, pixels.
          stretch: Factor on the width.
          slant: Angle by which to turn the drawing clockwise, turns.
          wobble: Amplitude of the tremor, pixels.

        Returns:
          int16 [N, 3], stroke-3.
        """
        points = np.array([p for stroke in self.strokes for p in stroke])
        points[:, 0] *= -stretch if self.mirrored else stretch
        low, high = points.min(axis=0), points.max(axis=0)
        points *= size / (high - low).max()
        x, y = points.T  # [P] each
        along, across = cosine(slant), sine(slant)
        points = np.stack([along * x - across * y, across * x + along * y], 1)

        steps = np.diff(points, axis=0, prepend=points[:1])
        travelled = np.cumsum(np.sqrt((steps * steps).sum(axis=1)))  # [P]
        for share, shortest in ((0.75, 110.0), (0.35, 45.0)):
            for axis in range(2):
                wavelength = self.uniform(shortest, 1.6 * shortest)
                phase = travelled * (_TURN / wavelength) + self.uniform(
                    0, _TURN
                )
                wave = _COSINE[phase.astype(np.int64) % _TURN]
                points[:, axis] += share * wobble * wave
        points = np.rint(points).astype(np.int16)

        ends = np.zeros(len(points), bool)
        ends[np.cumsum([len(s) for s in self.strokes]) - 1] = True
        starts = np.concatenate([[True], ends[:-1]])
        offsets = np.diff(points, axis=0, prepend=points[:1])
        stays = ~offsets.any(axis=1)
        # A stroke that starts where the last one ended is moved aside, and a
        # point on top of its predecessor is left out.
        aside = stays & starts
        aside[0] = False
        points[aside, 0] += 1
        kept = ~(stays & ~starts)
        # The pen lifts before each start, so leaving out an end loses none.
        lifted = np.append(starts[kept][1:], True)
        stroke3 = np.empty((kept.sum() - 1, 3), np.int16)
        stroke3[:, :2] = np.diff(points[kept], axis=0)
        stroke3[:, 2] = lifted[1:]
        return stroke3
