"""Board: what diagrams are drawn on, with boxes, arrows and formulas."""

import itertools
import math
import re
from collections.abc import Sequence

import svgwrite

from sketch_rnn_tf.drawing import (
    canvas,
    ink,
    lettering,
    palette,
    theme as themes,
)

SUBSCRIPT = 0.74
"""Size of a subscript, as a part of the font's."""

LINE_WIDTH = 1.4

Point = tuple[float, float]
Box = tuple[float, float, float, float]
"""Left, top, width and height, pixels."""


def formula(
    drawing: svgwrite.Drawing,
    text: str,
    place: Point,
    size: float,
    color: str,
    anchor: str = "start",
) -> svgwrite.text.Text:
    """Makes a text element in which "_x" and "_{xy}" are subscripts.

    Args:
      drawing: The drawing that it is for.
      text: Plain text of one line.
      place: Baseline point (x, y), pixels.
      size: Of the font, pixels.
      color: "#rrggbb".
      anchor: "start", "middle" or "end".

    Returns:
      The element.

    >>> x = formula(svgwrite.Drawing(), "a_{ij}b", (0, 0), 10, "#000000")
    >>> [(span.text, span["dy"]) for span in x.elements]
    [('a', '0'), ('ij', '2.2'), ('b', '-2.2')]
    """
    element = drawing.text(
        "",
        insert=_numbers(place),
        font_size=ink.number(size),
        fill=color,
        text_anchor=anchor,
    )
    lowered = False
    for part, is_subscript in _runs(text):
        shift = 0.22 * size * (is_subscript - lowered)
        span = drawing.tspan(part, dy=[ink.number(shift)])
        if is_subscript:
            span["font-size"] = ink.number(SUBSCRIPT * size)
        element.add(span)
        lowered = is_subscript
    return element


def formula_width(text: str, size: float) -> float:
    """Estimates the width of a formula, pixels, from above."""
    return sum(
        lettering.text_width(part, size * (SUBSCRIPT if small else 1))
        for part, small in _runs(text)
    )


def _runs(text: str) -> list[tuple[str, bool]]:
    """Parts a formula into runs of text and whether they are subscripts."""
    pieces = re.split(r"_(\{[^}]*\}|\w)", text)
    runs = [(p.strip("{}"), bool(i % 2)) for i, p in enumerate(pieces)]
    return [run for run in runs if run[0]]


def ramp(anchors: Sequence[str], count: int) -> list[str]:
    """Chooses colours that are evenly spread from the first to the last.

    Args:
      anchors: "#rrggbb", at least two.
      count: How many; a single one is the first.

    Returns:
      Colours, "#rrggbb".

    >>> ramp(["#000000", "#808080", "#ffffff"], 3)
    ['#000000', '#808080', '#ffffff']
    """
    mixed = [anchors[0]]
    for pair in itertools.pairwise(anchors):
        mixed += palette.between(*pair, 25)[1:]
    last = len(mixed) - 1
    return [mixed[round(i * last / max(count - 1, 1))] for i in range(count)]


class Board:
    """A picture that boxes, lines and formulas are put on, one on another.

    Args:
      width: Pixels.
      height: Pixels.
      theme: "light" or "dark".

    Attributes:
      drawing: The picture.
      theme: Its colours.

    Raises:
      ValueError: If there is no such theme.
    """

    def __init__(self, width: float, height: float, theme: str):
        self.theme = themes.named(theme)
        self.drawing = canvas.new(width, height, self.theme.paper)
        self._group = self.drawing.add(
            self.drawing.g(font_family=canvas.FONT_FAMILY)
        )

    def add(self, element: svgwrite.base.BaseElement) -> None:
        """Puts any element of the picture on top."""
        self._group.add(element)

    def tint(self, color: str, percent: int) -> str:
        """Mixes a colour into that of the paper."""
        return palette.between(self.theme.paper, color, 101)[percent]

    def text(
        self,
        text: str,
        place: Point,
        size: float,
        color: str,
        *,
        width: float = math.inf,
        anchor: str = "start",
    ) -> None:
        """Writes what users call things, on one line, cut off at a width."""
        text = lettering.shortened(lettering.plain_text(text), width, size)
        self.add(
            self.drawing.text(
                text,
                insert=_numbers(place),
                font_size=ink.number(size),
                fill=color,
                text_anchor=anchor,
            )
        )

    def formula(
        self,
        text: str,
        place: Point,
        size: float,
        color: str,
        *,
        width: float = math.inf,
        anchor: str = "start",
    ) -> None:
        """Writes a formula, smaller if it is too long for a width."""
        size *= min(1.0, width / formula_width(text, size))
        self.add(formula(self.drawing, text, place, size, color, anchor))

    def rect(
        self,
        box: Box,
        fill: str,
        *,
        stroke: str = "none",
        radius: float = 7,
    ) -> None:
        """Draws a rectangle with round corners."""
        self.add(
            self.drawing.rect(
                insert=_numbers(box[:2]),
                size=_numbers(box[2:]),
                rx=ink.number(radius),
                fill=fill,
                stroke=stroke,
                stroke_width=LINE_WIDTH,
            )
        )

    def box(
        self,
        box: Box,
        lines: Sequence[str],
        color: str,
        *,
        radius: float = 7,
    ) -> None:
        """Draws a box with one or two formulas, which shrink to its width."""
        x, y, width, height = box
        self.rect(box, self.tint(color, 16), stroke=color, radius=radius)
        baseline = y + height / 2 + (5 if len(lines) == 1 else -3)
        for line, size in zip(lines, (15, 12.5), strict=False):
            self.formula(
                line,
                (x + width / 2, baseline),
                size,
                self.theme.title,
                width=width - 10,
                anchor="middle",
            )
            baseline += 17

    def line(
        self,
        points: Sequence[Point],
        color: str,
        *,
        width: float = LINE_WIDTH,
        dashed: bool = False,
        clip: str | None = None,
    ) -> None:
        """Draws a line through points; `clip` is what it is cut off by."""
        line = self.drawing.polyline(
            [_numbers(point) for point in points],
            fill="none",
            stroke=color,
            stroke_width=width,
            stroke_linejoin="round",
        )
        if dashed:
            line["stroke-dasharray"] = "5 4"
        if clip:
            line["clip-path"] = clip
        self.add(line)

    def arrow(
        self, *points: Point, dashed: bool = False, color: str | None = None
    ) -> None:
        """Draws a line of upright and level pieces that ends in a head."""
        color = color or self.theme.frame
        (x0, y0), (x, y) = points[-2:]
        dx, dy = (x > x0) - (x < x0), (y > y0) - (y < y0)
        foot = x - 7 * dx, y - 7 * dy
        self.line([*points[:-1], foot], color, dashed=dashed)
        head = [
            (x, y),
            (foot[0] - 4 * dy, foot[1] - 4 * dx),
            (foot[0] + 4 * dy, foot[1] + 4 * dx),
        ]
        self.add(self.drawing.polygon([_numbers(p) for p in head], fill=color))

    def disk(self, place: Point, radius: float, color: str) -> None:
        """Draws a disk."""
        self.add(self.drawing.circle(_numbers(place), radius, fill=color))

    def dots(self, x: float, y: float) -> None:
        """Draws an ellipsis around a point."""
        for step in (-7, 0, 7):
            self.disk((x + step, y), 2, self.theme.frame)


def _numbers(values: Sequence[float]) -> tuple[str, ...]:
    return tuple(map(ink.number, values))
