"""Axes: a plot on a board, with ticks at round numbers."""

import itertools
import math
from collections.abc import Sequence

from sketch_rnn_tf.diagrams import board as board_lib

_FONT = 12.5


class Axes:
    """Two linear axes and what is plotted in them.

    Args:
      board: What it is drawn on.
      box: Left, top, width and height of the plot without its texts, pixels.
      x: Values that have to fit; none is as good as from 0 to 1.
      y: As `x`.
      pad: Room around the values, as a part of their extent.

    Attributes:
      left: Where the plot begins, pixels.
      right: Where it ends.
    """

    def __init__(
        self,
        board: board_lib.Board,
        box: board_lib.Box,
        *,
        x: Sequence[float],
        y: Sequence[float],
        pad: float = 0.04,
    ):
        self.left, self._top, width, height = box
        self.right, self._bottom = self.left + width, self._top + height
        self._board = board
        self._x, self._y = _extent(x, pad), _extent(y, pad)
        self._taken = []
        # The name says where it is, since a board may have several plots.
        clip = board.drawing.clipPath(id=f"plot-{self.left:g}-{self._top:g}")
        clip.add(board.drawing.rect(box[:2], box[2:]))
        board.drawing.defs.add(clip)
        self._clip = clip.get_funciri()

    def place(self, x: float, y: float) -> board_lib.Point:
        """Gives the pixel of a value."""
        across = (x - self._x[0]) / (self._x[1] - self._x[0])
        up = (y - self._y[0]) / (self._y[1] - self._y[0])
        return (
            self.left + across * (self.right - self.left),
            self._bottom - up * (self._bottom - self._top),
        )

    def draw(self, title: str, x_name: str, y_name: str) -> None:
        """Draws the ticks and their lines, and the names.

        Args:
          title: Plain text above the plot.
          x_name: A formula under it.
          y_name: A formula above it, on the left.
        """
        board, theme = self._board, self._board.theme
        middle, width = (self.left + self.right) / 2, self.right - self.left
        board.text(
            title, (self.left, self._top - 36), 18, theme.title, width=width
        )
        board.formula(
            y_name, (self.left, self._top - 14), 13, theme.label, width=width
        )
        board.formula(
            x_name,
            (middle, self._bottom + 42),
            13,
            theme.label,
            anchor="middle",
        )
        for value, text in ticks(*self._x):
            x = self.place(value, 0)[0]
            board.line([(x, self._top), (x, self._bottom)], theme.hairline)
            place = (x, self._bottom + 19)
            board.text(text, place, _FONT, theme.label, anchor="middle")
        for value, text in ticks(*self._y):
            y = self.place(0, value)[1]
            board.line([(self.left, y), (self.right, y)], theme.hairline)
            place = (self.left - 9, y + 4)
            board.text(text, place, _FONT, theme.label, anchor="end")
        corners = [(self.left, self._bottom), (self.right, self._bottom)]
        board.line([(self.left, self._top), *corners], theme.frame)

    def line(
        self,
        points: Sequence[board_lib.Point],
        color: str,
        *,
        dashed: bool = False,
    ) -> None:
        """Draws a line through pixels, cut off where the plot ends.

        Labels keep off it.
        """
        if len(points) < 2:
            return
        self._board.line(
            points, color, width=1.8, dashed=dashed, clip=self._clip
        )
        for (x0, y0), (x1, y1) in itertools.pairwise(points):
            count = math.ceil(math.hypot(x1 - x0, y1 - y0) / 5) + 1
            for step in range(count):
                x = x0 + (x1 - x0) * step / count
                y = y0 + (y1 - y0) * step / count
                self._taken.append((x - 3, y - 3, x + 3, y + 3))

    def mark(self, place: board_lib.Point, color: str) -> None:
        """Draws a disk, which labels keep off."""
        self._board.disk(place, 7, self._board.theme.paper)
        self._board.disk(place, 5, color)
        x, y = place
        self._taken.append((x - 6, y - 6, x + 6, y + 6))

    def label(
        self,
        text: str,
        place: board_lib.Point,
        color: str,
        *,
        end: bool = False,
    ) -> None:
        """Writes a formula beside a pixel, where nothing else is if it can.

        Args:
          text: The formula.
          place: The pixel.
          color: "#rrggbb".
          end: Whether the text ends above or under the pixel instead.
        """
        width, (x, y) = board_lib.formula_width(text, _FONT), place
        left, right, middle = x - width - 10, x + 10, x - width / 2
        choices = [
            *((right, y - 5), (right, y + 15), (left, y - 5), (left, y + 15)),
            *((middle, y - 13), (middle, y + 23)),
            *((right, y - 19), (right, y + 29), (left, y - 19), (left, y + 29)),
        ]
        if end:
            choices = [(x - width, y - 6), (x - width, y + 16)]
        boxes = [(a, b - 11, a + width, b + 3) for a, b in choices]
        best = min(range(len(boxes)), key=lambda i: self._cost(boxes[i]))
        self._taken.append(boxes[best])
        self._board.formula(text, choices[best], _FONT, color)

    def _cost(self, box):
        """Measures what a label would cover, or how far it sticks out."""
        x0, y0, x1, y1 = box
        cost = sum(
            max(min(x1, right) - max(x0, left), 0)
            * max(min(y1, bottom) - max(y0, top), 0)
            for left, top, right, bottom in self._taken
        )
        out = max(self.left - x0, x1 - self.right, 0)
        return cost + 20 * (out + max(self._top - y0, y1 - self._bottom, 0))


def ticks(low: float, high: float, most: int = 7) -> list[tuple[float, str]]:
    """Chooses round numbers within a range.

    Args:
      low: Where the range begins.
      high: Where it ends; larger than `low`.
      most: How many numbers there may be, at least 2.

    Returns:
      The numbers, with how they are written.

    >>> [text for _, text in ticks(-0.31, 0.42)]
    ['−0.3', '−0.2', '−0.1', '0.0', '0.1', '0.2', '0.3', '0.4']
    >>> ticks(0, 10000)[1]
    (2000.0, '2,000')
    """
    exponent = math.floor(math.log10((high - low) / most))
    steps = (m * 10.0**e for e in (exponent, exponent + 1) for m in (1, 2, 5))
    step = next(s for s in steps if (high - low) / s <= most + 0.5)
    decimals = max(-math.floor(math.log10(step) + 1e-9), 0)
    first, last = math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9)
    # The sum turns a negative zero into a positive one.
    values = [index * step + 0.0 for index in range(first, last + 1)]
    return [
        (value, f"{value:,.{decimals}f}".replace("-", "−")) for value in values
    ]


def _extent(values, pad):
    low, high = min(values, default=0.0), max(values, default=1.0)
    if high - low < 1e-9 * max(abs(low), abs(high), 1.0):
        wide = max(abs(low), 1.0) / 10
        low, high = low - wide, high + wide
    room = pad * (high - low)
    return low - room, high + room
