"""SVG's attributes as geometry: numbers, lengths, transforms, viewports."""

import math
import re
import reprlib
from collections.abc import Callable, Mapping

from sketch_rnn_tf.files.svg import path as svg_path, pen as svg_pen

Size = tuple[float, float]
"""Width and height of a viewport, in its own user units."""

_UNITS = {
    "": 1.0,
    "px": 1.0,
    "in": 96.0,
    "cm": 96 / 2.54,
    "mm": 96 / 25.4,
    "q": 96 / 101.6,
    "pt": 96 / 72,
    "pc": 16.0,
    # Of the default font: fonts are not read.
    "em": 16.0,
    "rem": 16.0,
    "ex": 8.0,
}

_LENGTH = re.compile(rf"\s*+({svg_path.NUMBER})\s*+([A-Za-z%]*+)\s*+")
_NUMBER = re.compile(rf"({svg_path.NUMBER}){svg_path.SEPARATOR}")
_FUNCTION = re.compile(r"[\s,]*+([A-Za-z]++)\s*+\(([^()]*+)\)[\s,]*+")
_CSS_UNITS = re.compile(r"(?<=[0-9])(?:px|deg)(?![a-z])")

MAX_FUNCTIONS = 20
"""Most functions of one transform; editors write one or two."""


def numbers(text: str, count: int) -> list[float]:
    """Reads numbers that white space or commas part.

    Raises:
      ValueError: If there is anything else, one of them is too large for a
        float, or there are more than `count`.

    >>> numbers("0,0 24 2.4e1", 4)
    [0.0, 0.0, 24.0, 24.0]
    """
    text = text.strip()
    found, position = [], 0
    while position < len(text):
        match = _NUMBER.match(text, position)
        if match is None or len(found) == count:
            raise ValueError(
                f"expected {count} numbers, got {reprlib.repr(text)}"
            )
        found.append(_finite(match[1]))
        position = match.end()
    return found


def length(
    attributes: Mapping[str, str],
    name: str,
    whole: float,
    *,
    default: str = "0",
) -> float:
    """Reads a length.

    Args:
      attributes: Of the element.
      name: Of the attribute.
      whole: What 100 % is, user units.
      default: The text to read where there is none.

    Returns:
      The length, user units, 96 of which are an inch.

    Raises:
      ValueError: If it is not a length, or in a unit that needs a window.

    >>> length({"x": "25.4mm", "y": "50%"}, "x", 10)
    96.0
    """
    text = attributes.get(name, default)
    match = _LENGTH.fullmatch(text)
    unit = match[2].lower() if match else None
    if unit == "%":
        return _finite(match[1]) / 100 * whole
    if unit not in _UNITS:
        raise ValueError(
            f"expected a length for {name}, got {reprlib.repr(text)}"
        )
    return _finite(match[1]) * _UNITS[unit]


def transform(text: str) -> svg_pen.Matrix:
    """Reads a list of transforms, as attribute or CSS property.

    Raises:
      ValueError: If it is not one, or has more than `MAX_FUNCTIONS`.

    >>> transform("translate(1 2) scale(3)")
    (3.0, 0.0, 0.0, 3.0, 1.0, 2.0)
    """
    matrix = svg_pen.IDENTITY
    text = text.strip()
    if text == "none":
        return matrix
    position = count = 0
    while position < len(text):
        match = _FUNCTION.match(text, position)
        make = _FUNCTIONS.get(match[1].lower()) if match else None
        if make is None or count == MAX_FUNCTIONS:
            raise ValueError(
                f"expected a transform of at most {MAX_FUNCTIONS} functions, "
                f"got {reprlib.repr(text)}"
            )
        values = numbers(_CSS_UNITS.sub("", match[2]), 6)
        try:
            matrix = svg_pen.multiply(matrix, make(*values))
        except TypeError:  # the function's own check of how many there are
            raise ValueError(
                f"expected other numbers, got {reprlib.repr(match[0])}"
            ) from None
        position = match.end()
        count += 1
    return matrix


def view_box(
    attributes: Mapping[str, str],
) -> tuple[float, float, float, float] | None:
    """Reads a view box: its least x and y, width and height; None if absent."""
    text = attributes.get("viewBox")
    if text is None or text.strip() == "none":
        return None
    box = numbers(text, 4)
    if len(box) != 4 or min(box[2:]) < 0:
        raise ValueError(
            f"expected four numbers as viewBox, got {reprlib.repr(text)}"
        )
    return tuple(box)


def viewport(
    attributes: Mapping[str, str], outer: Size, *, given: Mapping[str, str]
) -> tuple[svg_pen.Matrix, Size] | None:
    """Places what a nested svg or a used symbol has in it.

    As SVG 2, section 8.2.

    Args:
      attributes: Of the svg or symbol.
      outer: The viewport that it is in.
      given: Attributes of a `use`, whose width and height come first.

    Returns:
      The transform from inside to outside and the viewport inside; None
      where it has no area, which draws nothing.

    Raises:
      ValueError: If an attribute is not what it should be.
    """
    sizes = {**attributes, **given}
    x = length(attributes, "x", outer[0])
    y = length(attributes, "y", outer[1])
    width = length(without_auto(sizes), "width", outer[0], default="100%")
    height = length(without_auto(sizes), "height", outer[1], default="100%")
    if width <= 0 or height <= 0:
        return None
    box = view_box(attributes)
    if box is None:
        return (1.0, 0.0, 0.0, 1.0, x, y), (width, height)
    left, top, box_width, box_height = box
    if not box_width or not box_height:
        return None
    scale_x, scale_y = width / box_width, height / box_height
    words = attributes.get("preserveAspectRatio", "xMidYMid").split(None, 2)
    align = words[0].lower() if words else "xmidymid"
    if align != "none":
        fit = max if words[1:2] == ["slice"] else min
        scale_x = scale_y = fit(scale_x, scale_y)
        part = {"min": 0.0, "mid": 0.5, "max": 1.0}
        if align[1:4] not in part or align[5:] not in part:
            raise ValueError(
                "expected a preserveAspectRatio such as xMidYMid, "
                f"got {reprlib.repr(words[0])}"
            )
        x += part[align[1:4]] * (width - scale_x * box_width)
        y += part[align[5:]] * (height - scale_y * box_height)
    matrix = (scale_x, 0.0, 0.0, scale_y, x - scale_x * left, y - scale_y * top)
    return matrix, (box_width, box_height)


def without_auto(attributes: Mapping[str, str]) -> dict[str, str]:
    """Leaves out attributes that say auto, which is their default."""
    return {k: v for k, v in attributes.items() if v.strip() != "auto"}


def _finite(text):
    value = float(text)
    if not math.isfinite(value):
        raise ValueError(f"expected a finite number, got {reprlib.repr(text)}")
    return value


def _rotate(degrees, x=0.0, y=0.0):
    angle = math.radians(degrees % 360)
    cos, sin = math.cos(angle), math.sin(angle)
    return cos, sin, -sin, cos, x - cos * x + sin * y, y - sin * x - cos * y


def _skew(degrees):
    return math.tan(math.radians(degrees % 180))


def _matrix(a, b, c, d, e, f):
    return a, b, c, d, e, f


_FUNCTIONS: Mapping[str, Callable[..., svg_pen.Matrix]] = {
    "matrix": _matrix,
    "translate": lambda x, y=0.0: (1.0, 0.0, 0.0, 1.0, x, y),
    "translatex": lambda x: (1.0, 0.0, 0.0, 1.0, x, 0.0),
    "translatey": lambda y: (1.0, 0.0, 0.0, 1.0, 0.0, y),
    "scale": lambda x, y=None: (x, 0.0, 0.0, x if y is None else y, 0.0, 0.0),
    "scalex": lambda x: (x, 0.0, 0.0, 1.0, 0.0, 0.0),
    "scaley": lambda y: (1.0, 0.0, 0.0, y, 0.0, 0.0),
    "rotate": _rotate,
    "skewx": lambda x: (1.0, 0.0, _skew(x), 1.0, 0.0, 0.0),
    "skewy": lambda y: (1.0, _skew(y), 0.0, 1.0, 0.0, 0.0),
}
