"""From whatever people draw with to sketches in three splits.

    found = conversion.read(["drawings/"])

Files are SVG, PNG and JPEG scans, ndjson, npz and JSON; a folder is searched
for all of these.  A file that cannot be read is a bad record, as is a bad
line, and is counted.
"""

import os
import pathlib
from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np

from sketch_rnn_tf import partials, strokes, workers
from sketch_rnn_tf.files import (
    ndjson,
    polylines_json,
    scan,
    sketchrnn_npz,
    splits as splits_lib,
    svg,
    tally as tally_lib,
)
from sketch_rnn_tf.preparation import drawings as drawings_lib, recipes

KINDS = {
    ".npz": "npz",
    ".ndjson": "ndjson",
    ".gz": "ndjson",
    ".json": "json",
    ".svg": "svg",
    ".png": "scan",
    ".jpg": "scan",
    ".jpeg": "scan",
}
"""What files' names end with."""

BOX = 255.0
"""Longest side of what had no pixels of its own: that of Quick, Draw!'s."""

EPSILON = 1.0
"""Of Ramer-Douglas-Peucker for curves and scans, in a box of `BOX`."""

_TOLERANCE = 0.25
"""Of flattened curves, in a box of `BOX`."""


class Options(NamedTuple):
    """How drawings are converted; None is by the kind of file.

    Attributes:
      box: Longest side to scale each drawing to; 0 keeps its units.  By
        default npz and ndjson keep theirs, and others get `BOX`.
      epsilon: Of Ramer-Douglas-Peucker, in units of the result.  By default
        npz, ndjson and JSON keep their points, and others get `EPSILON`,
        scaled with the box.
      max_points: Most points of a sketch; no limit by default.
      too_long: One of `recipes.TOO_LONG`.
      whole: Whether points are rounded to whole numbers.
    """

    box: float | None = None
    epsilon: float | None = None
    max_points: int | None = None
    too_long: str = "drop"
    whole: bool = False


class Converted(NamedTuple):
    """Sketches in splits.

    Attributes:
      words: Names of the labels.
      splits: Sketches by split: stroke3, int16 or float32 [N, 3].
      labels: Indices of `words` by split, int64 [number of sketches].
      tally: What was read and left out.
      same: Whether all splits hold the same sketches, being too few.
    """

    words: tuple[str, ...]
    splits: dict[str, list[np.ndarray]]
    labels: dict[str, np.ndarray]
    tally: tally_lib.Tally
    same: bool


class _Found(NamedTuple):
    path: str
    kind: str
    word: str
    name: str


def find(sources: Sequence[str | os.PathLike]) -> list[tuple[str, ...]]:
    """Finds the files that sources stand for.

    A file is labelled by its name, but pictures in a folder by the folder's.

    Args:
      sources: Files and folders.

    Returns:
      Of each file its path, kind, label and name below its source.

    Raises:
      ValueError: If there is no such file, or none that can be read.
    """
    found = []
    for source in map(pathlib.Path, sources):
        if source.is_dir():
            files = [
                path
                for path in sorted(source.rglob("*"))
                if path.suffix.lower() in KINDS
                and path.is_file()
                # A killed process may have left half a file there.
                and not partials.is_partial(path.relative_to(source))
            ]
            if not files:
                raise ValueError(
                    f"{source}: expected files of {', '.join(KINDS)} in this "
                    "folder, found none"
                )
        elif source.is_file():
            files = [source]
        else:
            raise ValueError(f"{source}: no such file or folder")
        for path in files:
            kind = KINDS.get(path.suffix.lower())
            if kind is None:
                raise ValueError(
                    f"{path}: expected a file of {', '.join(KINDS)}, got "
                    "another name"
                )
            word = path.name.split(".")[0]
            if kind in ("svg", "scan") and path is not source:
                word = path.absolute().parent.name
            name = os.path.relpath(path, source)
            if path == source:
                name = path.name
            found.append(_Found(str(path), kind, word, name))
    return found


def read(
    sources: Sequence[str | os.PathLike],
    options: Options = Options(),  # noqa: B008 (immutable)
    *,
    progress: Callable | None = None,
) -> Converted:
    """Reads and converts files.

    Splits of npz files stay as they are; other drawings are divided by a hash
    of their names or keys (see `splits`), label by label.

    Args:
      sources: Files and folders.
      options: How.
      progress: Wraps an iterable over the files, as `tqdm.tqdm` does; it is
        called with `total` as well.

    Returns:
      The sketches.

    Raises:
      ValueError: If a source is not there or no record is good.
    """
    files = find(sources)
    words = tuple(dict.fromkeys(file.word for file in files))
    tally = tally_lib.Tally()
    done = workers.in_order(_convert, [(file, options) for file in files])
    if progress:
        done = progress(done, total=len(files))
    fixed = {name: [] for name in splits_lib.NAMES}
    free = {word: [] for word in words}
    for file, (by_split, by_digest, counted) in zip(files, done, strict=True):
        tally.add(counted)
        label = words.index(file.word)
        for name, sketches in by_split.items():
            fixed[name] += [(label, sketch) for sketch in sketches]
        free[file.word] += by_digest
    for label, word in enumerate(words):
        digests = np.array([digest for digest, _ in free[word]], np.int64)
        ends = splits_lib.make(digests, max_drawings=None)
        for digest, sketch in free[word]:
            fixed[ends.of(digest)].append((label, sketch))
    if not any(fixed.values()):
        tally.check(max_bad_share=1.0)
        raise ValueError(
            f"{', '.join(map(os.fspath, sources))}: expected a drawing, got "
            "none"
        )
    return _divided(words, fixed, tally)


def _divided(words, pairs, tally):
    every = [pair for found in pairs.values() for pair in found]
    few = len(every) < len(splits_lib.NAMES)
    if few:
        pairs = dict.fromkeys(splits_lib.NAMES, every)
    # Such files of ours may be read again.
    same = few or _are_same(list(pairs.values()))
    whole = all(sketch.dtype == np.int16 for _, sketch in every)
    dtype = np.int16 if whole else np.float32
    return Converted(
        words,
        {
            name: [sketch.astype(dtype, copy=False) for _, sketch in found]
            for name, found in pairs.items()
        },
        {
            name: np.array([label for label, _ in found], np.int64)
            for name, found in pairs.items()
        },
        tally,
        same,
    )


def _are_same(splits):
    first, *others = splits
    return len(first) < len(splits) and all(
        len(first) == len(other)
        and all(
            np.array_equal(one, two)
            for (_, one), (_, two) in zip(first, other, strict=True)
        )
        for other in others
    )


def _convert(file, options):
    """Converts a file, in any process.

    Returns:
      Sketches by split; pairs of a digest and a sketch; and the tally.
    """
    tally = tally_lib.Tally()
    try:
        if file.kind == "npz":
            found = sketchrnn_npz.read(file.path, tally=tally)
            if options.box or options.epsilon or options.max_points:
                found = {
                    name: _smaller(
                        list(map(strokes.stroke3_to_polylines, s)),
                        file.kind,
                        options,
                        tally,
                    )[0]
                    for name, s in found.items()
                }
            return found, [], tally
        keys, polylines = _drawn(file, options, tally)
        sketches, fits = _smaller(polylines, file.kind, options, tally)
    except FileNotFoundError:
        raise
    except (ValueError, OSError) as error:
        message = " ".join(str(error).split()).removeprefix(f"{file.path}: ")
        tally.skip(file.path, message)
        return {}, [], tally
    keys = [key for key, fit in zip(keys, fits, strict=True) if fit]
    digests = [splits_lib.digest(key.encode()) for key in keys]
    return {}, list(zip(digests, sketches, strict=True)), tally


def _drawn(file, options, tally):
    """Returns the drawings' keys and polylines."""
    if file.kind == "ndjson":
        found = list(ndjson.read(file.path, tally=tally))
        keys = [
            drawing.facts.key_id or f"{file.name}:{index}"
            for index, drawing in enumerate(found)
        ]
        return keys, [drawing.polylines for drawing in found]
    if file.kind == "json":
        found = polylines_json.read(file.path, tally=tally)
        return [f"{file.name}:{index}" for index in range(len(found))], found
    if file.kind == "svg":
        polylines = _flattened(file.path)
    else:
        polylines = scan.read(file.path)
    tally.good += 1
    return [file.name], [polylines]


def _flattened(path):
    """Reads an SVG file, its curves as fine as its drawing's size asks."""
    rough = svg.read(path)
    size = np.ptp(np.concatenate(rough), axis=0).max()
    return svg.read(path, tolerance=max(size, 1e-3) * _TOLERANCE / BOX)


def _smaller(polylines, kind, options, tally):
    """Scales and simplifies drawings.

    Returns:
      The sketches, and bool [D], which of the drawings these are.
    """
    if not polylines:
        return [], np.zeros(0, bool)
    drawings = drawings_lib.from_polylines(polylines)
    picture = kind in ("svg", "scan")
    box = options.box
    if box is None:
        box = BOX if picture or kind == "json" else 0.0
    if box:
        drawings = drawings.boxed(box)
    epsilon = options.epsilon
    if epsilon is None:
        epsilon = EPSILON * (box or BOX) / BOX if picture else 0.0
    # Of an epsilon of 0 nothing but straight lines' points are left out.
    recipe = recipes.make(
        "paper" if epsilon else "none",
        epsilon=epsilon,
        max_points=options.max_points or 10**9,
        too_long=options.too_long,
        whole=options.whole,
    )
    drawings, fits = recipes.apply(drawings, recipe)
    dropped = len(fits) - int(fits.sum())
    if dropped:
        tally.good -= dropped
        tally.dropped[f"longer than {options.max_points} points"] += dropped
    points = drawings.points
    whole = (points == np.rint(points)).all() and np.abs(points).max(
        initial=0
    ) <= ndjson.MAX_COORDINATE
    return drawings.stroke3("int16" if whole else "float32"), fits
