"""Ink: a sketch as coloured SVG paths, fitted into a square."""

import numpy as np

from sketch_rnn_tf import strokes

ORDER_COLORS = ("#27296d", "#6b2c91", "#b83280", "#e0555a", "#ee9336")
"""Anchors from the first to the last stroke.

Lightness rises all the way, so the order is legible without hues.
"""

BLACK = "#111418"
PREFIX_COLOR, COMPLETION_COLOR = "#24292f", "#df2935"

MARGIN = 0.12
"""Space around a sketch within its cell, as a part of the cell's side."""

MIN_EXTENT = 1e-9
"""Sketches smaller than this, in their own units, are drawn as dots."""


def paths(
    stroke3: np.ndarray, size: float, colors: str, prefix_length: int, name: str
) -> list[tuple[str, str]]:
    """Lists the path of each stroke of a sketch, in the order drawn.

    Args:
      stroke3: [N, 3], N >= 0, any unit.
      size: Side of the square that it is fitted into, pixels.
      colors: "order", "black" or "#rrggbb".
      prefix_length: If positive, this many first points are dark, the rest
        red.
      name: What to call the sketch in messages.

    Returns:
      Pairs of path data, within [0, size] squared, and colour.

    Raises:
      ValueError: If the sketch is not valid or an argument is out of range.
    """
    if prefix_length < 0:
        raise ValueError(
            f"{name}: expected prefix_length of 0 or more, got {prefix_length}"
        )
    palette = _palette(colors, 0)
    stroke3 = np.asarray(stroke3)
    if stroke3.shape == (0, 3):
        return []
    strokes.validate_stroke3(stroke3, name=name)
    # Offsets fit float32, so that their sums in float64 cannot overflow.
    polylines = strokes.stroke3_to_polylines(stroke3)
    points = np.concatenate(polylines)
    low, high = points.min(axis=0), points.max(axis=0)
    extent = float((high - low).max())
    scale = size * (1 - 2 * MARGIN) / max(extent, MIN_EXTENT)
    center = (low + high) / 2

    if prefix_length:
        polylines, palette = _split_at_prefix(polylines, prefix_length)
    else:
        palette = _palette(colors, len(polylines))
    paths = []
    for polyline, color in zip(polylines, palette, strict=True):
        placed = (polyline - center) * scale + size / 2
        coordinates = [f"{number(x)},{number(y)}" for x, y in placed.tolist()]
        # A line to itself: round caps turn a single point into a dot.
        rest = coordinates[1:] or coordinates
        paths.append((f"M{coordinates[0]}L{' '.join(rest)}", color))
    return paths


def _split_at_prefix(
    polylines: list[np.ndarray], prefix_length: int
) -> tuple[list[np.ndarray], list[str]]:
    """Parts polylines after the prefix; both sides keep the point between."""
    parts, palette = [], []
    # Polylines start with the origin, which is not a point of stroke3.
    given = prefix_length + 1
    for polyline in polylines:
        count = len(polyline)
        # The single given point of a stroke that goes on lies under the rest.
        if given >= min(count, 2):
            parts.append(polyline[:given])
            palette.append(PREFIX_COLOR)
        if given < count:
            parts.append(polyline[max(given - 1, 0) :])
            palette.append(COMPLETION_COLOR)
        given = max(given - count, 0)
    return parts, palette


def _palette(colors: str, count: int) -> list[str]:
    """Lists the colours of `count` strokes."""
    if colors == "black":
        return [BLACK] * count
    if colors != "order":
        digits = colors[1:]
        if (
            len(colors) != 7
            or colors[0] != "#"
            or not set(digits) <= set("0123456789abcdefABCDEF")
        ):
            raise ValueError(
                f'colors: expected "order", "black" or "#rrggbb", '
                f"got {colors!r}"
            )
        return [colors] * count
    anchors = np.array(
        [list(bytes.fromhex(color[1:])) for color in ORDER_COLORS], np.float64
    )
    places = np.linspace(0, len(anchors) - 1, count)
    grid = np.arange(len(anchors))
    channels = [np.interp(places, grid, anchors[:, c]) for c in range(3)]
    rgb = np.rint(np.stack(channels, axis=1)).astype(int)  # [count, 3]
    return [f"#{r:02x}{g:02x}{b:02x}" for r, g, b in rgb.tolist()]


def number(value: float) -> str:
    """Writes a coordinate with two decimals at most."""
    text = f"{value:.2f}".rstrip("0").rstrip(".")
    return "0" if text == "-0" else text
