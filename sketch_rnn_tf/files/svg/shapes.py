"""SVG's basic shapes as path data."""

import math
import reprlib
from collections.abc import Callable, Mapping

from sketch_rnn_tf.files.svg import geometry as svg_geometry


def path_data(
    name: str, attributes: Mapping[str, str], size: svg_geometry.Size
) -> str:
    """Writes a shape as path data.

    As SVG 2, chapter 10: each shape starts and turns as it is said there.

    Args:
      name: Of the element, one of `SHAPES`.
      attributes: Of the element.
      size: The viewport that it is in.

    Returns:
      Path data; "" where the shape draws nothing.

    Raises:
      ValueError: If an attribute is not what it should be.

    >>> path_data("line", {"x2": "3", "y2": "50%"}, (10, 10))
    'M0.0 0.0L3.0 5.0'
    """
    return SHAPES[name](attributes, size)


def _path(attributes, size):
    data = attributes.get("d", "")
    return "" if data.strip() == "none" else data


def _polyline(attributes, size):
    points = attributes.get("points", "")
    if not set(points) <= set("0123456789.eE+-, \t\r\n\f"):
        raise ValueError(f"expected points, got {reprlib.repr(points)}")
    return "M" + points if points.strip(" \t\r\n\f,") else ""


def _polygon(attributes, size):
    data = _polyline(attributes, size)
    return data and data + "z"


def _line(attributes, size):
    x1, x2 = (
        svg_geometry.length(attributes, name, size[0]) for name in ("x1", "x2")
    )
    y1, y2 = (
        svg_geometry.length(attributes, name, size[1]) for name in ("y1", "y2")
    )
    return f"M{x1} {y1}L{x2} {y2}"


def _rect(attributes, size):
    x, w = (
        svg_geometry.length(attributes, name, size[0])
        for name in ("x", "width")
    )
    y, h = (
        svg_geometry.length(attributes, name, size[1])
        for name in ("y", "height")
    )
    if w <= 0 or h <= 0:
        return ""
    rx, ry = _radii(attributes, size)
    rx, ry = min(rx, w / 2), min(ry, h / 2)
    if rx <= 0 or ry <= 0:
        return f"M{x} {y}H{x + w}V{y + h}H{x}z"
    corner = f"A{rx} {ry} 0 0 1 "
    return (
        f"M{x + rx} {y}H{x + w - rx}{corner}{x + w} {y + ry}V{y + h - ry}"
        f"{corner}{x + w - rx} {y + h}H{x + rx}{corner}{x} {y + h - ry}"
        f"V{y + ry}{corner}{x + rx} {y}z"
    )


def _circle(attributes, size):
    diagonal = math.hypot(*size) / math.sqrt(2)
    r = svg_geometry.length(attributes, "r", diagonal)
    return _ellipse_around(attributes, size, r, r)


def _ellipse(attributes, size):
    return _ellipse_around(attributes, size, *_radii(attributes, size))


def _ellipse_around(attributes, size, rx, ry):
    x = svg_geometry.length(attributes, "cx", size[0])
    y = svg_geometry.length(attributes, "cy", size[1])
    if rx <= 0 or ry <= 0:
        return ""
    arc = f"A{rx} {ry} 0 0 1 "
    return (
        f"M{x + rx} {y}{arc}{x} {y + ry}{arc}{x - rx} {y}"
        f"{arc}{x} {y - ry}{arc}{x + rx} {y}z"
    )


def _radii(attributes, size):
    """Reads rx and ry; one that is missing or auto is the other one."""
    known = svg_geometry.without_auto(attributes)
    rx = svg_geometry.length(known, "rx", size[0]) if "rx" in known else None
    ry = svg_geometry.length(known, "ry", size[1]) if "ry" in known else None
    if rx is None:
        rx = 0.0 if ry is None else ry
    return rx, rx if ry is None else ry


SHAPES: Mapping[str, Callable[[Mapping[str, str], svg_geometry.Size], str]] = {
    "path": _path,
    "polyline": _polyline,
    "polygon": _polygon,
    "line": _line,
    "rect": _rect,
    "circle": _circle,
    "ellipse": _ellipse,
}
"""Elements that are drawn, with what writes each as path data."""
