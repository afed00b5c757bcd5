"""Vocabulary: words of models, files and classifiers, matched.

"power outlet", "power_outlet" and "Power-Outlet" are one word: files of
different origin write it in different ways.
"""

import difflib
import re
from collections.abc import Mapping, Sequence

import numpy as np

from sketch_rnn_tf import datasets


def folded(word: str) -> str:
    """Writes a word in the way that all its spellings share.

    >>> folded("Power_Outlet")
    'power outlet'
    """
    return " ".join(re.split(r"[\s_\-]+", word.strip())).casefold()


def index(word: str, words: Sequence[str]) -> int:
    """Gives a word's place among others.

    Args:
      word: In any spelling.
      words: The others.

    Returns:
      The place.

    Raises:
      ValueError: If it is none of them; the message names near ones.
    """
    by_spelling = {folded(w): i for i, w in enumerate(words)}
    if folded(word) in by_spelling:
        return by_spelling[folded(word)]
    near = difflib.get_close_matches(folded(word), by_spelling, 5, 0.6)
    near = [words[by_spelling[w]] for w in near]
    hint = f"near ones are {', '.join(near)}" if near else "none is near"
    raise ValueError(
        f"word: expected one of the classifier's {len(words)}, got {word!r}; "
        f"{hint}"
    )


def labelled(
    data: datasets.Dataset,
) -> tuple[tuple[str, ...], Mapping[str, tuple[list, np.ndarray]]]:
    """Gives a data set's sketches with labels, one for all spellings.

    Args:
      data: In memory.

    Returns:
      The words, as they are first written, and by split the sketches and
      their labels, int64 [N].

    Raises:
      ValueError: If the records are streamed.
    """
    if data.labels is None:
        raise ValueError("data: expected sketches in memory, got a stream")
    first = {}
    for word in data.words:
        first.setdefault(folded(word), word)
    keys = list(first)
    places = np.array([keys.index(folded(w)) for w in data.words], np.int64)
    return tuple(first.values()), {
        split: (getattr(data, split), places[data.labels[split]])
        for split in datasets.SPLITS
    }
