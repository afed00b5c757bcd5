"""Sketch: a drawing of a single one."""

import numpy as np
import svgwrite

from sketch_rnn_tf import strokes
from sketch_rnn_tf.drawing import canvas, ink, theme


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
      stroke_width: Pixels; 1.1 % of `size` by default, at least 1.
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
    >>> draw_sketch(sketch, size=100).tostring().count("<path")
    2
    """
    size = canvas.positive(size, "size")
    drawing = canvas.new(size, size, theme.LIGHT.paper)
    group = drawing.add(canvas.pen_group(drawing, size, stroke_width))
    check_prefix(prefix_length, "stroke3")
    stroke3, box = checked(stroke3, "stroke3")
    for line in ink.lines(
        stroke3,
        ink.fit(box, size),
        colors=colors,
        prefix_length=prefix_length,
    ):
        group.add(drawing.path(d=line.path(), stroke=line.color))
    return drawing


def checked(stroke3: np.ndarray, name: str) -> tuple[np.ndarray, ink.Box]:
    """Checks a sketch that is to be drawn.

    Args:
      stroke3: [N, 3], N >= 0, any unit.
      name: What to call it in messages.

    Returns:
      The sketch as an array, and the box around its ink; around the origin
      if there is none.

    Raises:
      ValueError: If it is not valid (see `strokes.validate_stroke3`).
    """
    stroke3 = np.asarray(stroke3)
    if stroke3.shape == (0, 3):
        return stroke3, (0.0, 0.0, 0.0, 0.0)
    strokes.validate_stroke3(stroke3, name=name)
    return stroke3, strokes.bounds(stroke3)


def check_prefix(prefix_length: int, name: str) -> None:
    """Raises a ValueError, naming the sketch, if the length is negative."""
    if prefix_length < 0:
        raise ValueError(
            f"{name}: expected prefix_length of 0 or more, got {prefix_length}"
        )
