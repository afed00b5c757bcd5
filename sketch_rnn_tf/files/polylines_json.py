"""Drawings as plain JSON, by anybody's program.

Understood are, told apart by how deep the lists go and how wide they end:

    one drawing     [[[x, y], ...], ...]               polylines, or
                    [[dx, dy, pen_lifted], ...]        stroke3
    many            a list of either
    what `sketch-rnn sample --also json` writes: [{"stroke3": ...}, ...]
"""

import os
import reprlib

import numpy as np
import orjson

from sketch_rnn_tf import strokes
from sketch_rnn_tf.files import ndjson, tally as tally_lib

MAX_BYTES = 2**28
"""Of a file; more drawings than that go into ndjson."""


def read(
    path: str | os.PathLike, *, tally: tally_lib.Tally
) -> list[list[np.ndarray]]:
    """Reads the drawings of a file.

    Args:
      path: A JSON file.
      tally: Counts what is good and bad.

    Returns:
      Each good drawing's polylines, float64 [K, 2], in its own units.

    Raises:
      FileNotFoundError: If there is no such file.
      ValueError: If it is not JSON, or has nothing like drawings in it.
    """
    if os.path.getsize(path) > MAX_BYTES:
        raise ValueError(
            f"{path}: expected at most {MAX_BYTES:,} bytes of JSON, got "
            f"{os.path.getsize(path):,}; ndjson files may be larger"
        )
    with open(path, "rb") as file:
        try:
            value = orjson.loads(file.read())
        except ValueError as error:
            raise ValueError(f"{path}: expected JSON, got {error}") from None
    if type(value) is dict:
        value = [value]
    if type(value) is not list or not value:
        raise ValueError(
            f"{path}: expected a list of drawings, got {reprlib.repr(value)}"
        )
    if _depth(value) in (2, 3) and not (
        _depth(value) == 3 and _width(value) == 3
    ):
        value = [value]
    drawings = []
    for index, item in enumerate(value):
        where = f"{path}: [{index}]"
        try:
            drawings.append(_polylines(item))
            tally.good += 1
        except (ValueError, TypeError) as error:
            tally.skip(where, str(error))
    return drawings


def _polylines(item):
    if type(item) is dict:
        item = item.get("stroke3", item.get("polylines", item))
    depth = _depth(item)
    if depth == 2 and _width(item) == 3:
        stroke3 = np.array(item, np.float64)
        strokes.validate_stroke3(stroke3)
        polylines = strokes.stroke3_to_polylines(stroke3)
    elif depth == 3 and _width(item) == 2:
        polylines = [_points(polyline) for polyline in item]
    else:
        raise ValueError(
            "expected polylines of [x, y], or rows of stroke3, got "
            f"{reprlib.repr(item)}"
        )
    points = np.concatenate(polylines)
    if not np.abs(points).max() <= ndjson.MAX_COORDINATE:
        raise ValueError(
            f"expected coordinates within {ndjson.MAX_COORDINATE:,}, got "
            f"{np.abs(points).max():g}"
        )
    if (points == points[0]).all():
        raise ValueError("expected a line, got nothing but dots")
    return polylines


def _points(polyline):
    if not all(
        type(point) is list
        and len(point) == 2
        and {*map(type, point)} <= {int, float}
        for point in polyline
    ):
        raise ValueError(
            f"expected points [x, y], got {reprlib.repr(polyline)}"
        )
    if not polyline:
        raise ValueError("expected a point in each polyline, got none")
    return np.array(polyline, np.float64)


def _depth(value):
    depth = 0
    while type(value) is list and depth < 6:
        depth += 1
        value = value[0] if value else None
    return depth


def _width(value):
    while type(value) is list and value and type(value[0]) is list:
        value = value[0]
    return len(value)
