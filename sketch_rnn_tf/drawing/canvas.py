"""Canvas: an empty SVG picture, and the pen that draws on it."""

import math

import svgwrite

from sketch_rnn_tf.drawing import ink

FONT_FAMILY = "Roboto, sans-serif"


def new(width: float, height: float, paper: str) -> svgwrite.Drawing:
    """Makes an empty picture.

    Args:
      width: Pixels.
      height: Pixels.
      paper: Colour of the background.

    Returns:
      The picture.
    """
    width, height = ink.number(width), ink.number(height)
    # Without debug=False svgwrite validates every attribute, which is slow.
    drawing = svgwrite.Drawing(
        size=(width, height), viewBox=f"0 0 {width} {height}", debug=False
    )
    drawing.add(drawing.rect(insert=(0, 0), size=(width, height), fill=paper))
    return drawing


def paper(drawing: svgwrite.Drawing) -> str:
    """Gives the colour of a picture's background; white if it has none."""
    rectangles = (e for e in drawing.elements if e.elementname == "rect")
    return next((e["fill"] for e in rectangles), "#ffffff")


def pen_group(
    drawing: svgwrite.Drawing, size: float, stroke_width: float | None = None
) -> svgwrite.container.Group:
    """Makes the group that strokes inherit the pen from.

    Args:
      drawing: The picture that it is for.
      size: Side of the square that a sketch is fitted into, pixels.
      stroke_width: Pixels; by default 1.1 % of `size`, at least 1.

    Returns:
      The group.

    Raises:
      ValueError: If `stroke_width` is not positive.
    """
    if stroke_width is None:
        stroke_width = max(0.011 * size, 1.0)
    return drawing.g(
        fill="none",
        stroke_width=ink.number(positive(stroke_width, "stroke_width")),
        stroke_linecap="round",
        stroke_linejoin="round",
    )


def positive(value: float, name: str) -> float:
    """Returns a positive number, or raises a ValueError."""
    if not (math.isfinite(value) and value > 0):
        raise ValueError(f"{name}: expected a positive number, got {value}")
    return float(value)
