"""Large ndjson files, by blocks that any process can work on.

`survey` reads a file once, quickly: it finds where blocks of lines begin and
the splits of the drawings.  `records` turns a block's lines of one split into
sketches.  Its arguments and results can be sent to another process, and it
does without TensorFlow, which would take seconds to start there.
"""

import io
import os
import re
from typing import NamedTuple

import numpy as np

from sketch_rnn_tf.files import ndjson, splits as splits_lib, tally as tally_lib
from sketch_rnn_tf.preparation import recipes

BLOCK_BYTES = 2**21
"""About as much is parsed at a time: 1,000 raw or 4,000 simplified drawings."""

_KEY = re.compile(rb'"key_id"\s*:\s*(?:"([^"\\]*)"|(\d+))')
_RECOGNIZED = re.compile(rb'"recognized"\s*:\s*true')


class Block(NamedTuple):
    """Some lines of a file.

    Attributes:
      path: The file.
      start: Where they begin, bytes.
      size: Their bytes.
      line: Number of the first, from 1.
    """

    path: str
    start: int
    size: int
    line: int


class Survey(NamedTuple):
    """What there is in a file.

    Attributes:
      blocks: All of its lines.
      splits: Of its drawings.
      count: Drawings that may be taken.
    """

    blocks: list[Block]
    splits: splits_lib.Splits
    count: int


class Sketch(NamedTuple):
    """One record.

    Attributes:
      name: Unique in its file.
      stroke3: int16 or float32 [N, 3], pixels.
      facts: What the line says beside.
    """

    name: str
    stroke3: np.ndarray
    facts: ndjson.Facts


def survey(
    path: str | os.PathLike,
    *,
    only_recognized: bool = False,
    max_drawings: int | None = splits_lib.MAX_DRAWINGS,
) -> Survey:
    """Reads a file once, without parsing it.

    Args:
      path: An ndjson file, not compressed.
      only_recognized: Whether to take none but what the game recognised.
      max_drawings: Most drawings, in all splits; None takes all.

    Returns:
      What there is in it.

    Raises:
      FileNotFoundError: If there is no such file.
    """
    path = os.fspath(path)
    blocks, digests = [], []
    start = at = 0
    first = number = 1
    with open(path, "rb") as file:
        while line := file.readline(ndjson.MAX_LINE):
            at += len(line)
            if not line.endswith(b"\n") and len(line) == ndjson.MAX_LINE:
                # Too long: `records` counts it as bad, and reads no more.
                while rest := file.readline(ndjson.MAX_LINE):
                    at += len(rest)
                    if rest.endswith(b"\n"):
                        break
            elif _is_taken(line, only_recognized):
                digests.append(_digest(line))
            number += 1
            if at - start >= BLOCK_BYTES:
                blocks.append(Block(path, start, at - start, first))
                start, first = at, number
    if at > start:
        blocks.append(Block(path, start, at - start, first))
    digests = np.array(digests, np.int64)
    return Survey(
        blocks,
        splits_lib.make(digests, max_drawings=max_drawings),
        len(digests),
    )


def records(
    block: Block,
    split: str,
    splits: splits_lib.Splits,
    recipe: recipes.Recipe,
    *,
    only_recognized: bool = False,
    dtype: str = "int16",
) -> tuple[list[Sketch], tally_lib.Tally]:
    """Makes the sketches of a split from some lines.

    Args:
      block: The lines.
      split: train, valid or test.
      splits: Of the file's drawings.
      recipe: How to make them smaller.
      only_recognized: As of `survey`.
      dtype: Of the sketches, int16 or float32.

    Returns:
      The sketches in the order of their lines, and what was left out.
    """
    tally = tally_lib.Tally()
    chosen = []
    for number, line in _lines(block, tally, count=split == "train"):
        if _is_taken(line, only_recognized) and (
            splits.of(_digest(line)) == split
        ):
            chosen.append((number, line))
    if not chosen:
        return [], tally
    drawings, facts, numbers = ndjson.parse(chosen, block.path, tally=tally)
    if not facts:
        return [], tally
    drawings, fits = recipes.apply(drawings, recipe)
    tally.good = int(fits.sum())
    if tally.good < len(facts):
        tally.dropped[f"longer than {recipe.max_points} points"] += (
            len(facts) - tally.good
        )
    sketches = []
    kept = np.flatnonzero(fits).tolist()
    for index, stroke3 in zip(kept, drawings.stroke3(dtype), strict=True):
        sketches.append(Sketch(str(numbers[index]), stroke3, facts[index]))
    return sketches, tally


def _lines(block, tally, *, count):
    """Yields the numbers and lines of a block."""
    with open(block.path, "rb") as file:
        file.seek(block.start)
        data = io.BytesIO(file.read(min(block.size, _MOST_BYTES)))
    number = block.line
    while line := data.readline():
        if len(line) >= ndjson.MAX_LINE:
            if count:
                tally.skip(
                    f"{block.path}:{number}",
                    f"expected a line of at most {ndjson.MAX_LINE:,} bytes, "
                    "got a longer one",
                )
        elif not line.isspace():
            yield number, line
        number += 1


# A block ends with the line that fills it, which may be of any length: what
# is read of that is enough to see that it is too long.
_MOST_BYTES = BLOCK_BYTES + 2 * ndjson.MAX_LINE


def _is_taken(line, only_recognized):
    if only_recognized and not _RECOGNIZED.search(line):
        return False
    return not line.isspace()


def _digest(line):
    found = _KEY.search(line)
    key = (found[1] or found[2]) if found else None
    return splits_lib.digest(key or line.strip())
