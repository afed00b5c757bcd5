"""A pen that draws SVG's lines, curves and arcs as polylines.  No libraries.

Points are complex numbers, x + iy, y downwards.  What the pen is told is in
the units of the shape; what it draws has gone through its `matrix`.

A curve becomes n chords.  A chord over a parameter step h stays within
h**2 / 8 * max|P''| of its curve, which gives the least n for a tolerance;
as this is computed after the transform, it holds in the units of the result.
"""

import cmath
import math

import numpy as np

Matrix = tuple[float, float, float, float, float, float]
"""(a, b, c, d, e, f) as in SVG: x' = a x + c y + e, y' = b x + d y + f."""

IDENTITY: Matrix = (1.0, 0.0, 0.0, 1.0, 0.0, 0.0)

MAX_POINTS = 200_000
"""Most points of a picture; moves and closed ends count as one each."""

MAX_COORDINATE = 1e6
"""Largest magnitude of a coordinate or control point, units of the result."""

MAX_RADIUS = 1e12
"""Largest radius of an arc, units of the shape; editors write some that are
next to straight."""

_SAME = 1e-9
"""Ends nearer than this are one point; rounding at 1e6 is a tenth of it."""


class Pen:
    """Draws polylines.

    Attributes:
      matrix: What points are transformed by; may change between shapes.
      tolerance: Largest distance of a chord from its curve, units of the
        result.
    """

    def __init__(self, tolerance: float):
        self.matrix = IDENTITY
        self.tolerance = tolerance
        self._lines: list[list[complex]] = []
        self._count = 0

    def take(self) -> list[np.ndarray]:
        """Takes what was drawn since the last time: float64 [K, 2], K >= 2."""
        lines, self._lines = self._lines, []
        return [
            np.array(line, np.complex128).view(np.float64).reshape(-1, 2)
            for line in lines
            if len(line) > 1
        ]

    def move(self, point: complex) -> None:
        """Starts a polyline."""
        self._spend(1)
        if self._lines and len(self._lines[-1]) == 1:
            self._lines.pop()  # it was moved away from without a line
        self._lines.append([self._place(point)])

    def line(self, end: complex) -> None:
        """Draws a straight line."""
        self._spend(1)
        self._lines[-1].append(self._place(end))

    def close(self) -> None:
        """Goes back to the first point of the polyline."""
        self._spend(1)
        line = self._lines[-1]
        if len(line) > 1 and abs(line[-1] - line[0]) <= _SAME:
            line[-1] = line[0]
        else:
            line.append(line[0])

    def cubic(self, control1: complex, control2: complex, end: complex) -> None:
        """Draws a cubic Bezier curve."""
        p0 = self._lines[-1][-1]
        p1, p2, p3 = map(self._place, (control1, control2, end))
        bend = 6 * max(abs(p0 - 2 * p1 + p2), abs(p1 - 2 * p2 + p3))
        count = self._chords(math.sqrt(bend / (8 * self.tolerance)))
        a, b, c = (
            p3 - 3 * p2 + 3 * p1 - p0,
            3 * (p0 - 2 * p1 + p2),
            3 * (p1 - p0),
        )
        line = self._lines[-1]
        for k in range(1, count):
            t = k / count
            line.append(((a * t + b) * t + c) * t + p0)
        line.append(p3)

    def arc(
        self,
        start: complex,
        radii: tuple[float, float],
        *,
        rotation: float,
        large: bool,
        clockwise: bool,
        end: complex,
    ) -> None:
        """Draws an elliptical arc, as SVG 2, section 9.5.1 and B.2.

        Args:
          start: The current point, before the transform.
          radii: Of the ellipse, along its own axes; too small ones grow.
          rotation: Of the ellipse, degrees.
          large: Whether it turns by more than 180 degrees.
          clockwise: Whether angles grow, seen on a screen.
          end: The last point.
        """
        rx, ry = abs(radii[0]), abs(radii[1])
        if max(rx, ry) > MAX_RADIUS or not math.isfinite(rotation):
            raise ValueError(
                f"expected radii of an arc within {MAX_RADIUS:g}, "
                f"got {rx:g}, {ry:g} and a rotation of {rotation:g}"
            )
        if start == end:
            self._spend(1)
            return
        if rx == 0 or ry == 0:
            self.line(end)
            return
        axis = cmath.rect(1.0, math.radians(rotation % 360))
        # The chord of the unit circle that the ellipse is an image of.
        chord = (end - start) / axis
        chord = complex(chord.real / rx, chord.imag / ry)
        grow = max(abs(chord) / 2, 1.0)
        rx, ry, chord = rx * grow, ry * grow, chord / grow
        turn = 2 * math.asin(min(abs(chord) / 2, 1.0))
        if large:
            turn = 2 * math.pi - turn
        middle = cmath.phase(chord) - math.pi / 2
        if not clockwise:
            turn, middle = -turn, middle + math.pi
        first = middle - turn / 2
        a = self._turn(axis * rx)
        b = self._turn(axis * 1j * ry)
        # The larger half-axis of the ellipse a cos(t) + b sin(t), max|P''|.
        bend = (abs(a - 1j * b) + abs(a + 1j * b)) / 2
        count = self._chords(
            # At least one chord a quarter, or a tiny circle would be a line.
            abs(turn) * max(math.sqrt(bend / (8 * self.tolerance)), 2 / math.pi)
        )
        line = self._lines[-1]
        origin, last = line[-1], self._place(end)
        for k in range(1, count):
            # Differences of sines and cosines as products: from the first
            # point, not the centre, so that vast radii lose no digits.
            half = turn * k / count / 2
            reach = 2 * math.sin(half)
            point = (
                origin
                - a * reach * math.sin(first + half)
                + b * reach * math.cos(first + half)
            )
            line.append(_checked(point))
        line.append(last)

    def _chords(self, count: float) -> int:
        if not count <= MAX_POINTS:  # NaN as well
            self._spend(MAX_POINTS + 1)
        count = max(math.ceil(count), 1)
        self._spend(count)
        return count

    def _spend(self, count: int) -> None:
        self._count += count
        if self._count > MAX_POINTS:
            raise ValueError(
                f"expected at most {MAX_POINTS:,} points, got more"
            )

    def _place(self, point: complex) -> complex:
        e, f = self.matrix[4:]
        return _checked(self._turn(point) + complex(e, f))

    def _turn(self, point: complex) -> complex:
        a, b, c, d = self.matrix[:4]
        x, y = point.real, point.imag
        return complex(a * x + c * y, b * x + d * y)


def multiply(outer: Matrix, inner: Matrix) -> Matrix:
    """Composes two transforms; `inner` comes first.

    >>> multiply((2, 0, 0, 2, 0, 0), (1, 0, 0, 1, 3, 4))
    (2, 0, 0, 2, 6, 8)
    """
    a, b, c, d, e, f = outer
    g, h, i, j, k, m = inner
    return (
        a * g + c * h,
        b * g + d * h,
        a * i + c * j,
        b * i + d * j,
        a * k + c * m + e,
        b * k + d * m + f,
    )


def _checked(point: complex) -> complex:
    size = max(abs(point.real), abs(point.imag))
    # `max` lets a NaN through or not, by its place.
    if not size <= MAX_COORDINATE or point != point:
        raise ValueError(
            f"expected coordinates within {MAX_COORDINATE:,.0f}, "
            f"got ({point.real:g}, {point.imag:g})"
        )
    return point
