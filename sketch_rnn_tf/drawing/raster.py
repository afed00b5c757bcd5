"""Raster: a picture as pixels, rendered from its SVG.

The labels are set in the Roboto font that is installed beside this package,
so that a machine without fonts renders the same ones.
"""

import font_roboto
import resvg_py
import svgwrite

from sketch_rnn_tf.drawing import canvas

MAX_PIXELS = 100_000_000
"""Larger pictures are refused."""


def to_svg(drawing: svgwrite.Drawing) -> str:
    """Gives the SVG source of a drawing, to be encoded as UTF-8."""
    return drawing.tostring()


def size(drawing: svgwrite.Drawing, scale: float) -> tuple[int, int]:
    """Says how large a drawing is rendered.

    Args:
      drawing: The drawing; its width and height are pixels.
      scale: Pixels rendered per pixel of the drawing.

    Returns:
      Width and height, at least 1.

    Raises:
      ValueError: If `scale` is not positive, or there are more than
        `MAX_PIXELS`.
    """
    scale = canvas.positive(scale, "scale")
    # Compared as floats: what does not fit an integer is too large.
    sides = [
        max(float(drawing[side]) * scale, 1.0) for side in ("width", "height")
    ]
    if sides[0] * sides[1] > MAX_PIXELS:
        raise ValueError(
            f"expected a picture of at most {MAX_PIXELS:,} pixels, got "
            f"{sides[0]:,.0f} x {sides[1]:,.0f}; a smaller scale, smaller "
            "cells or fewer sketches make less"
        )
    return round(sides[0]), round(sides[1])


def to_png(drawing: svgwrite.Drawing, *, scale: float = 1.0) -> bytes:
    """Renders a drawing of this package as PNG.

    Args:
      drawing: The drawing; its width and height are pixels.
      scale: PNG pixels per pixel of the drawing.

    Returns:
      The bytes of an opaque RGBA PNG file.

    Raises:
      ValueError: If `scale` is not positive, or the PNG would have more than
        `MAX_PIXELS`.
    """
    width, height = size(drawing, scale)
    return resvg_py.svg_to_bytes(
        svg_string=to_svg(drawing),
        width=width,
        height=height,
        background=canvas.paper(drawing),
        skip_system_fonts=True,
        font_files=[font_roboto.Roboto, font_roboto.RobotoMedium],
        font_family="Roboto",
        sans_serif_family="Roboto",
    )
