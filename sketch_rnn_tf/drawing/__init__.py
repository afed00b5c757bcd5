"""Sketches drawn as SVG and PNG.  No TensorFlow.

A sketch is stroke3 (see `strokes`) in any unit: it is fitted into its square
cell.  Lengths of the picture are SVG user units: *pixels* of the picture at
scale 1, not those of the sketch.

Strokes are coloured by their order, as in Figure 4 of Ha & Eck (2017); a
sketch that a model went on with shows the given part in dark ink and the
rest in red, as in its Figure 19.

    picture = drawing.draw_grid(sketches, labels=["a", "b"], title="Cats")
    drawing.write("cats.png", picture)

The same input gives the same bytes.  The PNG is rendered from the SVG with
the Roboto font that is installed beside this package, so that a machine
without fonts writes the same labels; characters that Roboto lacks (Chinese,
say) come out as boxes there, and in full in the SVG.
"""

import math
import os
import pathlib
from collections.abc import Sequence

import font_roboto
import numpy as np
import resvg_py
import svgwrite

from sketch_rnn_tf.drawing import ink, lettering

FONT_FAMILY = "Roboto, sans-serif"

HAIRLINE_COLOR = "#e4e7eb"


def draw_sketch(
    stroke3: np.ndarray,
    *,
    size: float = 256,
    stroke_width: float | None = None,
    colors: str = "order",
    prefix_length: int = 0,
) -> svgwrite.Drawing:
    """Draws one sketch, fitted into a square.

    Args:
      stroke3: [N, 3], N >= 0, any unit.  No points: an empty square.
      size: Side of the square, pixels.
      stroke_width: Pixels; 1 % of `size` by default, at least 1.
      colors: "order" colours the strokes from the first to the last one,
        "black" or "#rrggbb" draws all of them alike.
      prefix_length: If positive, this many first points are drawn dark and
        the rest red, whatever `colors` says.  More than N means all.

    Returns:
      A drawing with one path a stroke, and one more where the prefix ends
      within a stroke.

    Raises:
      ValueError: If the sketch is not valid (see
        `strokes.validate_stroke3`) or another argument is out of range.

    >>> sketch = np.array([[3, 4, 1], [1, 1, 0], [2, 0, 1]])
    >>> to_svg(draw_sketch(sketch, size=100)).count("<path")
    2
    """
    size = _positive(size, "size")
    drawing = _new_drawing(size, size)
    group = drawing.add(_pen_group(drawing, size, stroke_width))
    for path, color in ink.paths(
        stroke3, size, colors, prefix_length, "stroke3"
    ):
        group.add(drawing.path(d=path, stroke=color))
    return drawing


def draw_grid(
    sketches: Sequence[np.ndarray],
    *,
    labels: Sequence[str | None] | None = None,
    columns: int | None = None,
    cell: float = 160,
    row_labels: Sequence[str] | None = None,
    column_labels: Sequence[str] | None = None,
    title: str | None = None,
    colors: str = "order",
    prefix_lengths: Sequence[int] | None = None,
) -> svgwrite.Drawing:
    """Draws sketches in a grid, row by row, each fitted into its own cell.

    Text that is too long for its place ends in an ellipsis; a viewer shows
    all of it as a tooltip.

    Args:
      sketches: Sequence of stroke3 [N, 3], N >= 0, any unit.
      labels: One a sketch, written under it; None leaves one out.
      columns: Columns of the grid; by default as many as there are
        `column_labels`, or as `row_labels` leave, or near a square.
      cell: Side of a cell, pixels.
      row_labels: One a row, written to the left of it.
      column_labels: One a column, written above it.
      title: Written on top.
      colors: As for `draw_sketch`.
      prefix_lengths: One a sketch, as for `draw_sketch`; 0 draws a sketch
        in `colors`.

    Returns:
      The drawing; one group a sketch.

    Raises:
      ValueError: If there is no sketch, a sketch is not valid, labels do not
        match in number, or another argument is out of range.

    >>> sketch = np.array([[3, 4, 1]])
    >>> grid = draw_grid([sketch] * 5, cell=100)
    >>> float(grid["width"]), float(grid["height"])
    (316.0, 216.0)
    """
    cell = _positive(cell, "cell")
    count = len(sketches)
    if not count:
        raise ValueError("sketches: expected at least one, got none")
    if columns is None:
        if column_labels is not None:
            columns = len(column_labels)
        elif row_labels is not None:
            columns = math.ceil(count / max(len(row_labels), 1))
        else:
            columns = math.ceil(math.sqrt(count))
    if columns < 1:
        raise ValueError(f"columns: expected a positive integer, got {columns}")
    rows = math.ceil(count / columns)
    for name, values, expected in (
        ("labels", labels, count),
        ("prefix_lengths", prefix_lengths, count),
        ("row_labels", row_labels, rows),
        ("column_labels", column_labels, columns),
    ):
        if values is not None and len(values) != expected:
            raise ValueError(f"{name}: expected {expected}, got {len(values)}")

    font = min(max(0.075 * cell, 8.0), 14.0)
    title_font = 1.5 * font
    pad = 0.05 * cell + 3
    gap = 0.06 * cell
    row_height = cell + (2.0 * font if labels is not None else 0.0)
    left, top = pad, pad
    if row_labels is not None:
        widest = max(
            lettering.text_width(lettering.plain_text(r), font)
            for r in row_labels
        )
        left += min(widest, cell) + gap
    if title:
        top += 1.8 * title_font
    if column_labels is not None:
        top += 1.9 * font
    width = left + columns * cell + pad
    if title:
        # A title may widen a narrow grid, within reason.
        wanted = (
            lettering.text_width(lettering.plain_text(title), title_font)
            + 2 * pad
        )
        width = max(width, min(wanted, 30 * font))
    height = top + rows * row_height + pad

    drawing = _new_drawing(width, height)
    drawing.add(
        drawing.path(
            d=_hairlines(count, columns, cell, row_height, left, top),
            fill="none",
            stroke=HAIRLINE_COLOR,
            stroke_width=1,
        )
    )
    pens = drawing.add(_pen_group(drawing, cell, None))
    texts = drawing.add(drawing.g(font_family=FONT_FAMILY))
    if title:
        place = (pad, pad + title_font)
        texts.add(
            lettering.label(
                drawing, title, place, width - 2 * pad, title_font, "start"
            )
        )
    for column, label in enumerate(column_labels or ()):
        place = (left + (column + 0.5) * cell, top - 0.7 * font)
        texts.add(
            lettering.label(drawing, label, place, cell - gap, font, "middle")
        )
    for row, label in enumerate(row_labels or ()):
        # Lowered by a third of an em, capitals are centred on the row.
        place = (left - gap, top + row * row_height + cell / 2 + 0.35 * font)
        texts.add(lettering.label(drawing, label, place, cell, font, "end"))
    for index, sketch in enumerate(sketches):
        row, column = divmod(index, columns)
        x, y = left + column * cell, top + row * row_height
        group = pens.add(
            drawing.g(transform=f"translate({ink.number(x)},{ink.number(y)})")
        )
        prefix = 0 if prefix_lengths is None else prefix_lengths[index]
        for path, color in ink.paths(
            sketch, cell, colors, prefix, f"sketch {index}"
        ):
            group.add(drawing.path(d=path, stroke=color))
        if labels is not None and labels[index] is not None:
            place = (x + cell / 2, y + cell + 0.85 * font)
            texts.add(
                lettering.label(
                    drawing, labels[index], place, cell - gap, font, "label"
                )
            )
    return drawing


def to_svg(drawing: svgwrite.Drawing) -> str:
    """Gives the SVG source of a drawing, to be encoded as UTF-8."""
    return drawing.tostring()


def to_png(drawing: svgwrite.Drawing, *, scale: float = 1.0) -> bytes:
    """Renders a drawing of this module as PNG.

    Args:
      drawing: The drawing; its width and height are pixels.
      scale: PNG pixels per pixel of the drawing.

    Returns:
      The bytes of an opaque RGBA PNG file.

    Raises:
      ValueError: If `scale` is not positive.
    """
    scale = _positive(scale, "scale")
    width, height = float(drawing["width"]), float(drawing["height"])
    return resvg_py.svg_to_bytes(
        svg_string=to_svg(drawing),
        width=max(round(width * scale), 1),
        height=max(round(height * scale), 1),
        background="#ffffff",
        skip_system_fonts=True,
        font_files=[font_roboto.Roboto, font_roboto.RobotoMedium],
        font_family="Roboto",
        sans_serif_family="Roboto",
    )


def write(
    path: str | os.PathLike,
    drawing: svgwrite.Drawing,
    *,
    scale: float = 2.0,
) -> pathlib.Path:
    """Writes a drawing as SVG or PNG, by the file's ending.

    The file appears whole or not at all; its folder is made if missing.

    Args:
      path: File ending in .svg or .png.
      drawing: The drawing.
      scale: As for `to_png`; SVG has no use for it.

    Returns:
      The path written.

    Raises:
      ValueError: If the file has another ending.

    >>> write("x.bmp", draw_sketch(np.array([[3, 4, 1]])))
    Traceback (most recent call last):
    ...
    ValueError: expected a file ending in .svg or .png, got 'x.bmp'
    """
    path = pathlib.Path(path)
    if path.suffix.lower() == ".svg":
        data = to_svg(drawing).encode("utf-8")
    elif path.suffix.lower() == ".png":
        data = to_png(drawing, scale=scale)
    else:
        raise ValueError(
            f"expected a file ending in .svg or .png, got {str(path)!r}"
        )
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        part.write_bytes(data)
        os.replace(part, path)
    except BaseException:
        part.unlink(missing_ok=True)
        raise
    return path


def _hairlines(
    count: int,
    columns: int,
    cell: float,
    row_height: float,
    left: float,
    top: float,
) -> str:
    """Gives path data of the lines around the grid's occupied cells."""
    rows, last = math.ceil(count / columns), (count - 1) % columns + 1
    lines = []
    for row in range(rows + 1):
        # Line k closes row k - 1, and a lone row has the top line to itself.
        width = cell * (last if row == rows or rows == 1 else columns)
        y = ink.number(top + row * row_height)
        lines.append(f"M{ink.number(left)},{y}H{ink.number(left + width)}")
    for column in range(columns + 1):
        height = row_height * (rows if column <= last else rows - 1)
        x = ink.number(left + column * cell)
        if height:
            lines.append(f"M{x},{ink.number(top)}V{ink.number(top + height)}")
    return "".join(lines)


def _new_drawing(width: float, height: float) -> svgwrite.Drawing:
    """Makes a white drawing."""
    width, height = ink.number(width), ink.number(height)
    # Without debug=False svgwrite validates every attribute, which is slow.
    drawing = svgwrite.Drawing(
        size=(width, height), viewBox=f"0 0 {width} {height}", debug=False
    )
    drawing.add(
        drawing.rect(insert=(0, 0), size=(width, height), fill="#ffffff")
    )
    return drawing


def _pen_group(
    drawing: svgwrite.Drawing, size: float, stroke_width: float | None
) -> svgwrite.container.Group:
    """Makes the group that strokes inherit the pen from."""
    if stroke_width is None:
        stroke_width = max(0.011 * size, 1.0)
    return drawing.g(
        fill="none",
        stroke_width=ink.number(_positive(stroke_width, "stroke_width")),
        stroke_linecap="round",
        stroke_linejoin="round",
    )


def _positive(value: float, name: str) -> float:
    """Returns a positive number, or raises a ValueError."""
    if not (math.isfinite(value) and value > 0):
        raise ValueError(f"{name}: expected a positive number, got {value}")
    return float(value)
