"""Quick, Draw!'s ndjson files, raw and simplified: one drawing a line.

A line is a JSON object whose `drawing` is a list of strokes, each a list of
x, of y and, in raw files, of t; `word`, `key_id`, `countrycode`, `timestamp`
and `recognized` may be missing.

A bad line is skipped and counted.  Single points within a drawing are dots,
as in Google's own files; a drawing of nothing else is bad.
"""

import gzip
import os
import pathlib
import zlib
from collections.abc import Iterable, Iterator
from typing import NamedTuple

import numpy as np
import orjson

from sketch_rnn_tf.files import tally as tally_lib
from sketch_rnn_tf.preparation import drawings as drawings_lib

MAX_LINE = 2**24
"""Longest line, bytes; raw drawings of the game stay below a hundredth."""

MAX_RATIO = 100
"""Most that a file grows by when uncompressed, above 256 MiB; drawings grow
less than tenfold."""

MAX_COORDINATE = 16_000
"""Largest absolute coordinate, pixels: offsets fit in int16."""

_AT_ONCE = 500
"""Lines that `read` parses together."""


class Facts(NamedTuple):
    """What a line says beside the drawing; empty where it does not.

    Attributes:
      word: What was asked for.
      key_id: The drawing's name.
      countrycode: Where the player was.
      recognized: Whether the game recognised it.
      timestamp: When it was drawn.
    """

    word: str = ""
    key_id: str = ""
    countrycode: str = ""
    recognized: bool = False
    timestamp: str = ""


class Drawing(NamedTuple):
    """One drawing.

    Attributes:
      polylines: Its strokes, float64 [K, 2] each, pixels.
      facts: The rest of its line.
    """

    polylines: list[np.ndarray]
    facts: Facts


def read(
    path: str | os.PathLike, *, tally: tally_lib.Tally | None = None
) -> Iterator[Drawing]:
    """Reads the drawings of a file, some at a time.

    Args:
      path: An ndjson file, or one compressed by gzip.
      tally: Counts what is good and bad; a bad line is an error if None.

    Yields:
      The good ones.

    Raises:
      FileNotFoundError: If there is no such file.
      ValueError: If it cannot be read at all; without a tally, if a line is
        bad.
    """
    strict = tally is None
    tally = tally_lib.Tally() if strict else tally
    batch = []
    for numbered in lines(path, tally=tally):
        batch.append(numbered)
        if len(batch) == _AT_ONCE:
            yield from _together(batch, path, tally)
            batch = []
        if strict:
            tally.check(max_bad_share=0.0)
    yield from _together(batch, path, tally)
    if strict:
        tally.check(max_bad_share=0.0)


def _together(batch, path, tally):
    drawings, facts, _ = parse(batch, path, tally=tally)
    for polylines, fact in zip(drawings.polylines(), facts, strict=True):
        yield Drawing(polylines, fact)


def lines(
    path: str | os.PathLike, *, tally: tally_lib.Tally
) -> Iterator[tuple[int, bytes]]:
    """Reads the lines of a file; blank ones are skipped.

    Args:
      path: An ndjson file, or one compressed by gzip.
      tally: Counts lines that are too long, and a compressed file's end
        where it is cut short.

    Yields:
      The line's number, from 1, and the line.

    Raises:
      FileNotFoundError: If there is no such file.
      ValueError: If it is a folder.
    """
    for number, line in _all_lines(path, tally):
        if not line.isspace():
            yield number, line


def _all_lines(path, tally):
    """Reads lines, blank ones and, as such, too long ones included."""
    if os.path.isdir(path):
        raise ValueError(f"{path}: expected an ndjson file, got a folder")
    with open(path, "rb") as head:
        compressed = head.read(2) == b"\x1f\x8b"
    number = 0
    with gzip.open(path) if compressed else open(path, "rb") as file:
        while True:
            try:
                line = file.readline(MAX_LINE)
                number += 1
                if len(line) == MAX_LINE and not line.endswith(b"\n"):
                    tally.skip(
                        f"{path}:{number}",
                        f"expected a line of at most {MAX_LINE:,} bytes, "
                        "got a longer one",
                    )
                    while line and not line.endswith(b"\n"):
                        line = file.readline(MAX_LINE)
                    line = b"\n"
            except (EOFError, gzip.BadGzipFile, zlib.error) as error:
                tally.skip(
                    f"{path}:{number + 1}",
                    f"expected more of the gzip file, got {error}",
                    kind="expected more of the gzip file",
                )
                return
            if not line:
                return
            yield number, line


def unpacked(
    path: str | os.PathLike,
    folder: str | os.PathLike,
    *,
    tally: tally_lib.Tally,
) -> pathlib.Path:
    """Uncompresses a file, if it is compressed, for reading from any place.

    Args:
      path: A file; one that gzip did not make is left where it is.
      folder: Where to write.
      tally: As of `lines`.

    Returns:
      The file, or one in the folder of the same lines.

    Raises:
      ValueError: If it grows more than `MAX_RATIO` times.
    """
    path = pathlib.Path(path)
    with open(path, "rb") as head:
        if head.read(2) != b"\x1f\x8b":
            return path
    out = pathlib.Path(folder) / path.name.removesuffix(".gz")
    most = max(2**28, MAX_RATIO * path.stat().st_size)
    with open(out, "wb") as file:
        for _, line in _all_lines(path, tally):
            file.write(line)
            if file.tell() > most:
                raise ValueError(
                    f"{path}: refused: {path.stat().st_size:,} bytes grow to "
                    f"more than {most:,}"
                )
    return out


def parse(
    numbered: Iterable[tuple[int, bytes]],
    path: str | os.PathLike,
    *,
    tally: tally_lib.Tally,
) -> tuple[drawings_lib.Drawings, list[Facts], list[int]]:
    """Parses lines, all together.

    Args:
      numbered: Numbers and lines.
      path: The file, for messages.
      tally: Counts what is good and bad.

    Returns:
      The good drawings, what their lines say beside, and the lines' numbers.
    """
    xs, ys, stroke_sizes, stroke_counts = [], [], [], []
    facts, numbers = [], []
    for number, line in numbered:
        try:
            record = orjson.loads(line)
            fact = _facts(record)
            x, y, sizes = _strokes(record)
        except ValueError as error:
            reason, kind = str(error), None
            if isinstance(error, orjson.JSONDecodeError):
                kind = "expected JSON"
                reason = f"{kind}, got {reason}"
            tally.skip(f"{path}:{number}", reason, kind=kind)
            continue
        xs += x
        ys += y
        stroke_sizes += sizes
        stroke_counts.append(len(sizes))
        facts.append(fact)
        numbers.append(number)
    tally.good += len(facts)
    sizes = np.array(stroke_sizes, np.int64)
    counts = np.array(stroke_counts, np.int64)
    drawings = drawings_lib.Drawings(
        np.array([xs, ys], np.float64).T,
        np.cumsum(sizes) - sizes,
        np.cumsum(counts) - counts,
    )
    return drawings, facts, numbers


def _facts(record):
    if type(record) is not dict:
        raise ValueError(f"expected a JSON object, got {_kind(record)}")
    texts = []
    for name in ("word", "key_id", "countrycode", "timestamp"):
        text = record.get(name, "")
        if type(text) is int:
            text = str(text)
        if type(text) is not str:
            raise ValueError(f"{name}: expected text, got {_kind(text)}")
        texts.append(text)
    word, key_id, countrycode, timestamp = texts
    recognized = record.get("recognized", False)
    if type(recognized) is not bool:
        raise ValueError(
            f"recognized: expected true or false, got {_kind(recognized)}"
        )
    return Facts(word, key_id, countrycode, recognized, timestamp)


def _strokes(record):
    """Returns all x, all y and the strokes' numbers of points."""
    strokes = record.get("drawing")
    if type(strokes) is not list or not strokes:
        got = "an empty list" if strokes == [] else _kind(strokes)
        raise ValueError(f"drawing: expected strokes, got {got}")
    xs, ys, sizes = [], [], []
    for index, stroke in enumerate(strokes):
        if (
            type(stroke) is not list
            or len(stroke) < 2
            or type(stroke[0]) is not list
            or type(stroke[1]) is not list
        ):
            raise ValueError(
                f"drawing: expected lists of x and y, got something else in "
                f"stroke {index}"
            )
        x, y = stroke[:2]
        if len(x) != len(y) or not x:
            raise ValueError(
                "drawing: expected as many x as y and one at least, got "
                f"{len(x)} and {len(y)} in stroke {index}"
            )
        if len(x) == 1:
            x, y = x * 2, y * 2
        xs += x
        ys += y
        sizes.append(len(x))
    types = {*map(type, xs), *map(type, ys)}
    if not types <= {int, float}:
        raise ValueError(
            "drawing: expected numbers, got "
            f"{', '.join(sorted(t.__name__ for t in types - {int, float}))}"
        )
    low, high = min(min(xs), min(ys)), max(max(xs), max(ys))
    if not -MAX_COORDINATE <= low <= high <= MAX_COORDINATE:
        raise ValueError(
            f"drawing: expected coordinates within {MAX_COORDINATE:,} pixels, "
            f"got {low:g} to {high:g}"
        )
    if max(sizes) == 2 and all(
        xs[at] == xs[at + 1] and ys[at] == ys[at + 1]
        for at in range(0, len(xs), 2)
    ):
        raise ValueError("drawing: expected a line, got nothing but dots")
    return xs, ys, sizes


def _kind(value):
    names = {dict: "an object", list: "a list", str: "text"}
    names |= {int: "a number", float: "a number", bool: "true or false"}
    return names.get(type(value), "nothing")
