"""Ink: a sketch as coloured lines, placed in a square."""

import dataclasses
from collections.abc import Iterable
from typing import NamedTuple

import numpy as np

from sketch_rnn_tf import strokes
from sketch_rnn_tf.drawing import theme as theme_lib

ORDER_COLORS = theme_lib.LIGHT.order
BLACK = theme_lib.LIGHT.black
PREFIX_COLOR = theme_lib.LIGHT.prefix
COMPLETION_COLOR = theme_lib.LIGHT.completion

MARGIN = 0.12
"""Space around a sketch within its cell, as a part of the cell's side."""

MIN_EXTENT = 1e-9
"""Sketches smaller than this, in their own units, are drawn as dots."""

DOT_LENGTH = 2.0
"""Ink that a line takes at least while it is drawn, pixels."""

Box = tuple[float, float, float, float]
"""Left, top, right and bottom; y grows downwards."""


class Line(NamedTuple):
    """One line of ink.

    Attributes:
      points: float64 [K, 2], K >= 1, pixels.
      color: "#rrggbb".
    """

    points: np.ndarray
    color: str

    def path(self) -> str:
        """Gives the data of an SVG path."""
        coordinates = [
            f"{number(x)},{number(y)}" for x, y in self.points.tolist()
        ]
        # A line to itself: round caps turn a single point into a dot.
        rest = coordinates[1:] or coordinates
        return f"M{coordinates[0]}L{' '.join(rest)}"

    def length(self) -> float:
        """Measures the line, pixels."""
        return float(_steps(self.points).sum())


@dataclasses.dataclass(frozen=True, eq=False)
class Frame:
    """Where the coordinates of a sketch lie within a square.

    Attributes:
      center: float64 [2], the middle of the square, in the sketch's units.
      scale: Pixels a unit.
      size: Side of the square, pixels.
    """

    center: np.ndarray
    scale: float
    size: float

    def place(self, points: np.ndarray) -> np.ndarray:
        """Places points [..., 2] of the sketch: pixels within the square."""
        return (points - self.center) * self.scale + self.size / 2


def fit(box: Box, size: float, *, extent: float | None = None) -> Frame:
    """Fits a box into a square, within its margin.

    Args:
      box: What is fitted, in the sketch's units.
      size: Side of the square, pixels.
      extent: What takes the square's whole side, in the sketch's units; by
        default the box's longer side.

    Returns:
      The frame.
    """
    low, high = np.array(box[:2], np.float64), np.array(box[2:], np.float64)
    if extent is None:
        extent = float((high - low).max())
    scale = size * (1 - 2 * MARGIN) / max(extent, MIN_EXTENT)
    return Frame((low + high) / 2, scale, size)


def lines(
    stroke3: np.ndarray,
    frame: Frame,
    *,
    colors: str = "order",
    prefix_length: int = 0,
    theme: theme_lib.Theme = theme_lib.LIGHT,
) -> list[Line]:
    """Lists the lines of a sketch, in the order drawn.

    Args:
      stroke3: [N, 3], N >= 0, any unit.
      frame: Where they are placed.
      colors: "order", "black" or "#rrggbb".
      prefix_length: If positive, this many first points are dark, the rest
        red.
      theme: What these colours are.

    Returns:
      One line a stroke, and one more where the prefix ends within a stroke.

    Raises:
      ValueError: If `colors` is something else.
    """
    check_colors(colors)
    if not len(stroke3):
        return []
    # Offsets fit float32, so that their sums in float64 cannot overflow.
    polylines = strokes.stroke3_to_polylines(stroke3)
    if prefix_length:
        pieces = _split_at_prefix(polylines, prefix_length, theme)
    else:
        palette = _palette(colors, len(polylines), theme)
        pieces = zip(polylines, palette, strict=True)
    return [Line(frame.place(points), color) for points, color in pieces]


def times(drawn: Iterable[Line]) -> list[tuple[float, float]]:
    """Says when each line is drawn, by a pen that moves at an even speed.

    Args:
      drawn: Lines, in the order drawn.

    Returns:
      Beginning and end of each, from 0 to 1.  Where the pen is up, no time
      passes.
    """
    lengths = [max(line.length(), DOT_LENGTH) for line in drawn]
    ends = np.cumsum([0.0, *lengths])
    ends /= max(ends[-1], DOT_LENGTH)
    return list(zip(ends[:-1].tolist(), ends[1:].tolist(), strict=True))


def until(drawn: list[Line], progress: float) -> list[Line]:
    """Cuts lines off where the pen is after a part of the ink.

    Args:
      drawn: Lines, in the order drawn.
      progress: From 0, nothing, to 1, everything.

    Returns:
      The lines that have begun, the last of them as far as it has come.

    >>> line = Line(np.array([[0.0, 0.0], [8.0, 0.0]]), "#000000")
    >>> [part.path() for part in until([line, line], 0.75)]
    ['M0,0L8,0', 'M0,0L4,0']
    """
    if progress >= 1:
        return drawn
    begun = []
    for line, (start, end) in zip(drawn, times(drawn), strict=True):
        if start >= progress:
            break
        if end > progress:
            line = _part(line, (progress - start) / (end - start))
        begun.append(line)
    return begun


def check_progress(progress: float) -> None:
    """Raises a ValueError if a progress is not between 0 and 1."""
    if not 0 <= progress <= 1:
        raise ValueError(f"progress: expected 0 to 1, got {progress}")


def check_colors(colors: str) -> None:
    """Raises a ValueError unless it is "order", "black" or "#rrggbb"."""
    digits = colors[1:] if isinstance(colors, str) else ""
    if colors in ("order", "black") or (
        len(digits) == 6
        and colors[0] == "#"
        and set(digits) <= set("0123456789abcdefABCDEF")
    ):
        return
    raise ValueError(
        f'colors: expected "order", "black" or "#rrggbb", got {colors!r}'
    )


def number(value: float) -> str:
    """Writes a coordinate with two decimals at most."""
    text = f"{value:.2f}".rstrip("0").rstrip(".")
    return "0" if text == "-0" else text


def _steps(points: np.ndarray) -> np.ndarray:
    """Measures the distances between neighbours: [K - 1]."""
    return np.linalg.norm(np.diff(points, axis=0), axis=1)


def _part(line: Line, share: float) -> Line:
    """Keeps the first part of a line, a share of its length."""
    reached = np.concatenate([[0.0], np.cumsum(_steps(line.points))])
    stop = share * reached[-1]
    tip = [np.interp(stop, reached, line.points[:, axis]) for axis in (0, 1)]
    passed = line.points[: np.searchsorted(reached, stop)]
    return Line(np.concatenate([passed, [tip]]), line.color)


def _split_at_prefix(
    polylines: list[np.ndarray], prefix_length: int, theme: theme_lib.Theme
) -> list[tuple[np.ndarray, str]]:
    """Parts polylines after the prefix; both sides keep the point between."""
    parts = []
    # Polylines start with the origin, which is not a point of stroke3.
    given = prefix_length + 1
    for polyline in polylines:
        count = len(polyline)
        # The single given point of a stroke that goes on lies under the rest.
        if given >= min(count, 2):
            parts.append((polyline[:given], theme.prefix))
        if given < count:
            parts.append((polyline[max(given - 1, 0) :], theme.completion))
        given = max(given - count, 0)
    return parts


def _palette(colors: str, count: int, theme: theme_lib.Theme) -> list[str]:
    """Lists the colours of `count` strokes."""
    if colors == "black":
        return [theme.black] * count
    if colors != "order":
        return [colors] * count
    anchors = np.array(
        [list(bytes.fromhex(color[1:])) for color in theme.order], np.float64
    )
    places = np.linspace(0, len(anchors) - 1, count)
    grid = np.arange(len(anchors))
    channels = [np.interp(places, grid, anchors[:, c]) for c in range(3)]
    rgb = np.rint(np.stack(channels, axis=1)).astype(int)  # [count, 3]
    return [f"#{r:02x}{g:02x}{b:02x}" for r, g, b in rgb.tolist()]
