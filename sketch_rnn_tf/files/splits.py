"""Which split a drawing belongs to, where its file does not say.

A drawing's place follows from a hash of its key alone: it is the same in raw
and simplified files, in any order of lines and at any number of processes.
Of each word the drawings with the lowest hashes are the test split, the next
ones the validation split, the next ones the training split.
"""

import hashlib
from typing import NamedTuple

import numpy as np

NAMES = ("train", "valid", "test")

MAX_DRAWINGS = 75_000
"""Of a word, unless told otherwise: 70,000 to train on, as in the paper."""

HELD_OUT = 2500
"""Of a word with 75,000 drawings or more, in each of the other splits."""


class Splits(NamedTuple):
    """The hashes where the splits of a word end, each in its split.

    Attributes:
      test: Of the test split; -1 where it is empty.
      valid: Of the validation split.
      train: Of the training split.
    """

    test: int
    valid: int
    train: int

    def of(self, digest: int) -> str | None:
        """Returns the split of a hash; None of drawings beyond the most."""
        if digest > self.train:
            return None
        if digest > self.valid:
            return "train"
        return "valid" if digest > self.test else "test"


def digest(key: bytes) -> int:
    """Hashes a drawing's key.

    Args:
      key: Its key_id, or all of its line where it has none.

    Returns:
      0 to 2**63 - 1.
    """
    return int.from_bytes(hashlib.blake2b(key, digest_size=8).digest()) >> 1


def sizes(
    count: int, *, max_drawings: int | None = MAX_DRAWINGS
) -> tuple[int, int, int]:
    """Says how many drawings of a word go where.

    Args:
      count: Drawings that there are.
      max_drawings: Most of a word, in all splits; None takes all.

    Returns:
      In train, valid and test: 2,500 in each of the last two, but at most a
      thirtieth; at least one in each from three drawings on.

    >>> sizes(120_000)
    (70000, 2500, 2500)
    >>> sizes(25)
    (23, 1, 1)
    """
    if max_drawings is not None:
        count = min(count, max_drawings)
    held_out = min(HELD_OUT, count // 30)
    if count >= 3:
        held_out = max(held_out, 1)
    return count - 2 * held_out, held_out, held_out


def make(
    digests: np.ndarray, *, max_drawings: int | None = MAX_DRAWINGS
) -> Splits:
    """Finds the splits of a word's drawings.

    Args:
      digests: int64 [D], of all of them.
      max_drawings: Most of them, in all splits; None takes all.

    Returns:
      The splits.  Drawings of one key are in one split, which may grow so.
    """
    train, valid, test = sizes(len(digests), max_drawings=max_drawings)
    ordered = np.sort(digests)
    ends = [
        int(ordered[count - 1]) if count else -1
        for count in (test, test + valid, test + valid + train)
    ]
    return Splits(*ends)
