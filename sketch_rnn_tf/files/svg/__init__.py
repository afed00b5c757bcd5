"""SVG files: reading their lines as polylines.  NumPy and defusedxml.

Everything that is drawn with a line or an outline is read: paths, the basic
shapes, what groups, nested svg elements, symbols and `use` make of them, in
document order.  What a viewer does not show is left out: display none,
visibility hidden, neither fill nor stroke, definitions that nothing uses;
and so is a background, a rectangle without a stroke over all of the view box.
Colours, widths, dashes, markers, masks and clipping are not read; nor is a
stretch of the whole picture by the outermost svg's preserveAspectRatio.

A file from a stranger is safe to read: nothing in it is run, fetched or
written, entities are refused, and what it may grow to is limited.
"""

import os
import reprlib
from collections import Counter
from collections.abc import Mapping
from typing import NamedTuple
from xml.etree import ElementTree

import numpy as np

from sketch_rnn_tf.files.svg import (
    geometry as svg_geometry,
    path as svg_path,
    pen as svg_pen,
    shapes as svg_shapes,
    style as svg_style,
    tree as svg_tree,
)

IGNORED = frozenset(
    ["text", "image", "foreignObject", "flowRoot", "video", "iframe", "canvas"]
)
"""Elements that show something that is not lines."""

_CONTAINERS = frozenset(["g", "a", "switch"])
_XLINK_HREF = "{http://www.w3.org/1999/xlink}href"
_INHERITED = {"visibility": "visible", "fill": "black", "stroke": "none"}
_NO_PAINT = ("none", "transparent")


class Picture(NamedTuple):
    """What an SVG file shows.

    Attributes:
      polylines: List of float64 [K, 2], K >= 2, user units of the outermost
        view box.  A closed one ends with its first point.
      ignored: How many visible elements were not read, by name: those of
        `IGNORED`, and "use" where it uses another file or what is not there.
    """

    polylines: list[np.ndarray]
    ignored: dict[str, int]


def read(
    path: str | os.PathLike, *, tolerance: float = 0.5
) -> list[np.ndarray]:
    """Reads the lines of an SVG file; see `read_picture`.

    Args:
      path: The file.
      tolerance: Largest distance of a chord from its curve, user units.

    Returns:
      List of float64 [K, 2], K >= 2, user units of the outermost view box.

    Raises:
      OSError: If the file cannot be opened.
      ValueError: As `read_picture`.
    """
    return read_picture(path, tolerance=tolerance).polylines


def read_picture(path: str | os.PathLike, *, tolerance: float = 0.5) -> Picture:
    """Reads the lines of an SVG file and counts what else it shows.

    Args:
      path: The file, not compressed.
      tolerance: Largest distance of a chord from its curve, user units.  For
        a small view box, such as an icon's 24 by 24, give a smaller one.

    Returns:
      The picture; at least one polyline.

    Raises:
      OSError: If the file cannot be opened.
      ValueError: If `tolerance` is not positive, or the file is not SVG,
        declares entities, draws no line, has an attribute that is not what
        it should be, or is larger than the limits of `svg_tree` and
        `svg_pen`.  The message is one line that names the file.
    """
    if not 0 < tolerance < float("inf"):
        raise ValueError(
            f"tolerance: expected a positive number, got {tolerance}"
        )
    path = os.fspath(path)
    with open(path, "rb") as file:
        text = file.read(svg_tree.MAX_BYTES + 1)
    try:
        return _picture(svg_tree.parse(text), tolerance)
    except Exception as error:
        # Besides our own: whatever expat, a codec or arithmetic makes of a
        # hostile file.
        message = " ".join(str(error).split())
        if "expected " not in message:
            message = f"expected SVG, got {type(error).__name__}: {message}"
        raise ValueError(f"{path}: {message}") from error


class _Place(NamedTuple):
    """Where an element is drawn and with what it inherits."""

    matrix: svg_pen.Matrix
    size: svg_geometry.Size
    style: Mapping[str, str]
    depth: int


def _picture(root: ElementTree.Element, tolerance: float) -> Picture:
    reader = _Reader(root, tolerance)
    reader.visit_root(root)
    if not reader.polylines:
        others = ", ".join(f"{n} {name}" for name, n in reader.ignored.items())
        raise ValueError(
            "expected at least one drawn line, got "
            + (f"only what is not one: {others}" if others else "none")
        )
    return Picture(reader.polylines, dict(reader.ignored))


class _Reader:
    """Walks through what is drawn.

    Attributes:
      polylines: See `Picture`.
      ignored: See `Picture`.
    """

    def __init__(self, root, tolerance):
        self.polylines = []
        self.ignored = Counter()
        self._pen = svg_pen.Pen(tolerance)
        self._view = None
        self._by_id = {}
        sheets = []
        for element in root.iter():
            if "id" in element.attrib:
                self._by_id.setdefault(element.attrib["id"], element)
            if svg_tree.local_name(element) == "style":
                sheets.append("".join(element.itertext()))
        self._sheet = svg_style.rules(sheets)
        self._elements = self._characters = 0
        self._in_use = set()

    def visit_root(self, root):
        """Draws the outermost svg, in its own user units."""
        box = svg_geometry.view_box(root.attrib)
        size = (100.0, 100.0)
        if box is None and {"width", "height"} <= root.attrib.keys():
            inside = svg_geometry.viewport(root.attrib, size, given={})
            box = (0.0, 0.0, *inside[1]) if inside else None
        if box is not None:
            size, self._view = box[2:], np.array(box)
        place = _Place(svg_pen.IDENTITY, size, _INHERITED, 1)
        place = self._enter(root, "svg", place)
        if place:
            self._visit_children(root, place)

    def _visit(self, element, place, given=None):
        name = svg_tree.local_name(element)
        place = self._enter(element, name, place)
        if place is None:
            return
        if name in svg_shapes.SHAPES:
            self._draw(element, name, place)
        elif name in _CONTAINERS:
            self._visit_children(element, place)
        elif name == "svg" or (name == "symbol" and given is not None):
            inside = svg_geometry.viewport(
                element.attrib, place.size, given=given or {}
            )
            if inside:
                matrix = svg_pen.multiply(place.matrix, inside[0])
                place = place._replace(matrix=matrix, size=inside[1])
                self._visit_children(element, place)
        elif name == "use":
            self._use(element, place)
        elif name in IGNORED and place.style["visibility"] == "visible":
            self.ignored[name] += 1

    def _visit_children(self, element, place):
        children = iter(element)
        if svg_tree.local_name(element) == "switch":
            children = [c for c in children if _is_for_everybody(c)][:1]
        for child in children:
            self._visit(child, place)

    def _enter(self, element, name, place):
        """Applies an element's style and transform; None if not displayed."""
        attributes = element.attrib
        self._elements += 1
        self._characters += sum(map(len, attributes.values()))
        svg_tree.check_limit(
            self._elements, svg_tree.MAX_ELEMENTS, "elements drawn"
        )
        svg_tree.check_limit(
            self._characters,
            svg_tree.MAX_BYTES,
            "characters of attributes drawn",
        )
        svg_tree.check_limit(
            place.depth, svg_tree.MAX_DEPTH, "levels of elements drawn"
        )
        own = svg_style.specified(name, attributes, self._sheet)
        if own.get("display") == "none":
            return None
        style = {
            key: own[key] if own.get(key, "inherit") != "inherit" else value
            for key, value in place.style.items()
        }
        matrix = place.matrix
        if own.get("transform"):
            try:
                inner = svg_geometry.transform(own["transform"])
            except ValueError as error:
                raise ValueError(
                    f"{svg_tree.label(element)}: {error}"
                ) from None
            matrix = svg_pen.multiply(matrix, inner)
        return place._replace(matrix=matrix, style=style, depth=place.depth + 1)

    def _draw(self, element, name, place):
        style = place.style
        unpainted = style["fill"] in _NO_PAINT and style["stroke"] in _NO_PAINT
        a, b, c, d = place.matrix[:4]
        if style["visibility"] != "visible" or unpainted or a * d == b * c:
            return
        self._pen.matrix = place.matrix
        try:
            data = svg_shapes.path_data(name, element.attrib, place.size)
            svg_path.draw(data, self._pen)
        except ValueError as error:
            raise ValueError(f"{svg_tree.label(element)}: {error}") from None
        lines = self._pen.take()
        unstroked = style["stroke"] in _NO_PAINT
        if not (unstroked and _is_background(lines, self._view)):
            self.polylines += lines

    def _use(self, element, place):
        attributes = element.attrib
        href = attributes.get("href", attributes.get(_XLINK_HREF, "")).strip()
        target = self._by_id.get(href[1:]) if href.startswith("#") else None
        if target is None:
            self.ignored["use"] += 1
            return
        if target in self._in_use:
            raise ValueError(
                f"{svg_tree.label(element)}: expected no element that uses "
                f"itself, got {reprlib.repr(href)}"
            )
        x = svg_geometry.length(attributes, "x", place.size[0])
        y = svg_geometry.length(attributes, "y", place.size[1])
        matrix = svg_pen.multiply(place.matrix, (1.0, 0.0, 0.0, 1.0, x, y))
        given = {
            k: attributes[k] for k in ("width", "height") if k in attributes
        }
        self._in_use.add(target)
        self._visit(target, place._replace(matrix=matrix), given)
        self._in_use.discard(target)


def _is_background(lines: list[np.ndarray], view: np.ndarray | None) -> bool:
    """Whether it is an upright rectangle over all of the view box."""
    if view is None or [len(line) for line in lines] != [5]:
        return False
    (line,) = lines
    slack = 0.01 * view[2:]
    low, high = line.min(axis=0), line.max(axis=0)
    return bool(
        (np.minimum(line - low, high - line) <= slack).all()
        and (low <= view[:2] + slack).all()
        and (high >= view[:2] + view[2:] - slack).all()
    )


def _is_for_everybody(element: ElementTree.Element) -> bool:
    """Whether a switch shows it in every program and language."""
    tests = ("requiredExtensions", "requiredFeatures", "systemLanguage")
    return not any(name in element.attrib for name in tests)
