"""What preparing has to know of a user's own files before it reads them."""

import hashlib
import itertools
import pathlib
from collections.abc import Iterable, Mapping

import numpy as np

from sketch_rnn_tf.files import ndjson, sketchrnn_npz, tally


def dtype_of(paths: Iterable[pathlib.Path], source: str) -> str:
    """Finds in what type the files' offsets are stored without loss.

    Args:
      paths: The files.
      source: Their format, of `sources`.

    Returns:
      "int16" or "float32".
    """
    is_int16 = _npz_is_int16 if source == "sketchrnn" else _ndjson_is_int16
    return "int16" if all(map(is_int16, paths)) else "float32"


def fingerprint(
    files: Mapping[str, pathlib.Path], dtype: str | None = None
) -> str:
    """Tells files of other contents, or stored in another type, apart.

    Args:
      files: A file for each word.
      dtype: The type in which offsets are stored.

    Returns:
      Eight hexadecimal digits.
    """
    marks = [(word, _fingerprint(file)) for word, file in files.items()]
    return short_hash(repr((dtype, marks)))


def short_hash(text: str) -> str:
    """Returns eight hexadecimal digits that depend on a text."""
    return hashlib.sha256(text.encode()).hexdigest()[:8]


def _npz_is_int16(path: pathlib.Path) -> bool:
    """Whether all sketches of a file are stored as int16 without loss."""
    # What is bad is left to preparing.
    for found in sketchrnn_npz.read(path, tally=tally.Tally()).values():
        if found:
            return found[0].dtype == "int16"
    return True


def _ndjson_is_int16(path: pathlib.Path) -> bool:
    """Whether the first drawings of a file have whole numbers, or are raw.

    Pixels are whole numbers, or fractions of screens of which nothing is lost
    by rounding; drawings in units of their own may have no more than those.
    """
    found = ndjson.read(path, tally=tally.Tally())
    for drawing in itertools.islice(found, 1000):
        points = np.concatenate(drawing.polylines)
        size = np.ptp(points, axis=0).max()
        if size < 100 and (points != np.rint(points)).any():
            return False
    return True


def _fingerprint(path: pathlib.Path) -> str:
    if path.suffix == ".npz":
        return sketchrnn_npz.fingerprint(path)
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()[:16]
