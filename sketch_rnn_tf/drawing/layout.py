"""Layout: where the cells and the text of a grid are."""

import dataclasses
import math
from collections.abc import Sequence

from sketch_rnn_tf.drawing import ink, lettering

LEADING = 1.5
"""Distance of the caption's lines, in its font size."""


@dataclasses.dataclass(frozen=True)
class Layout:
    """A grid's measures, all in pixels.

    Attributes:
      count: Occupied cells.
      columns: Cells in a row.
      cell: Side of a cell.
      row_height: Distance of the rows, with room for labels.
      font: Font size; the title's is half as large again.
      pad: Space around everything.
      gap: Space between text and what is beside it.
      left: Left of the cells.
      top: Top of the cells.
      width: Of the picture.
      height: Of the picture.
      caption: Lines of the caption.
    """

    count: int
    columns: int
    cell: float
    row_height: float
    font: float
    pad: float
    gap: float
    left: float
    top: float
    width: float
    height: float
    caption: tuple[str, ...]

    @property
    def rows(self) -> int:
        return math.ceil(self.count / self.columns)

    def corner(self, index: int) -> tuple[float, float]:
        """Gives the left top of a cell."""
        row, column = divmod(index, self.columns)
        return (
            self.left + column * self.cell,
            self.top + row * self.row_height,
        )

    def hairlines(self) -> str:
        """Gives path data of the lines around the occupied cells."""
        rows, last = self.rows, (self.count - 1) % self.columns + 1
        lines = []
        for row in range(rows + 1):
            # Line k closes row k - 1, and a lone row has the top line to
            # itself.
            width = self.cell * (
                last if row == rows or rows == 1 else self.columns
            )
            y = ink.number(self.top + row * self.row_height)
            end = ink.number(self.left + width)
            lines.append(f"M{ink.number(self.left)},{y}H{end}")
        for column in range(self.columns + 1):
            height = self.row_height * (rows if column <= last else rows - 1)
            x = ink.number(self.left + column * self.cell)
            if height:
                end = ink.number(self.top + height)
                lines.append(f"M{x},{ink.number(self.top)}V{end}")
        return "".join(lines)


def lay_out(
    count: int,
    columns: int,
    cell: float,
    *,
    labelled: bool = False,
    row_labels: Sequence[str] | None = None,
    has_column_labels: bool = False,
    title: str | None = None,
    caption: str | None = None,
) -> Layout:
    """Lays a grid out.

    Args:
      count: Occupied cells.
      columns: Cells in a row.
      cell: Side of a cell, pixels.
      labelled: Whether there is text under the cells.
      row_labels: What is written on the left.
      has_column_labels: Whether there is text above the cells.
      title: What is written on top.
      caption: What is written under the grid, in lines of its width.

    Returns:
      The layout.
    """
    font = min(max(0.075 * cell, 8.0), 14.0)
    title_font = 1.5 * font
    pad = 0.05 * cell + 3
    gap = 0.06 * cell
    row_height = cell + (2.0 * font if labelled else 0.0)
    left, top = pad, pad
    if row_labels is not None:
        widest = max(
            lettering.text_width(lettering.plain_text(r), font)
            for r in row_labels
        )
        left += min(widest, cell) + gap
    if title:
        top += 1.8 * title_font
    if has_column_labels:
        top += 1.9 * font
    width = left + columns * cell + pad
    if title:
        # A title may widen a narrow grid, within reason.
        wanted = (
            lettering.text_width(lettering.plain_text(title), title_font)
            + 2 * pad
        )
        width = max(width, min(wanted, 30 * font))
    height = top + math.ceil(count / columns) * row_height + pad
    lines = ()
    if caption:
        lines = tuple(lettering.wrapped(caption, width - 2 * pad, font))
        height += (LEADING * len(lines) + 0.3) * font if lines else 0
    return Layout(
        count=count,
        columns=columns,
        cell=cell,
        row_height=row_height,
        font=font,
        pad=pad,
        gap=gap,
        left=left,
        top=top,
        width=width,
        height=height,
        caption=lines,
    )
