"""Labels: which of a configuration's words a sketch is of.

A label is an index into `Config.words`.  A class-conditioned model, one whose
`class_size` is above 0, wants the label of whatever it draws or reads; others
take none.
"""

from collections.abc import Iterable, Sequence

import numpy as np

from sketch_rnn_tf import config as config_lib

Words = str | Sequence[str]
"""A word for all sketches, or one for each."""


class Labelled(list):
    """Sketches in memory that know their labels.

    Args:
      sketches: Stroke-3 arrays.
      labels: int [number of sketches], indices into a configuration's words.

    Attributes:
      labels: int32 [number of sketches].

    Raises:
      ValueError: If there are not as many labels as sketches.
    """

    def __init__(self, sketches: Iterable[np.ndarray], labels: np.ndarray):
        super().__init__(sketches)
        self.labels = np.asarray(labels, np.int32)
        if self.labels.shape != (len(self),):
            raise ValueError(
                f"labels: expected one for each of {len(self)} sketches, got "
                f"shape {list(self.labels.shape)}"
            )


def index(word: str, config: config_lib.Config) -> int:
    """Returns the label of a word.

    Raises:
      ValueError: If the model does not know it; with the nearest it knows.
    """
    if word not in config.words:
        raise ValueError(config_lib.unknown("word", word, config.words))
    return config.words.index(word)


def of(
    config: config_lib.Config,
    words: Words | None,
    sketches: int | Sequence[np.ndarray],
) -> np.ndarray | None:
    """Returns the labels of sketches.

    Args:
      config: The model's.
      words: A word, or one for each sketch; None takes the labels of
        `Labelled` sketches.
      sketches: The sketches; or how many there are to be, which without
        words go round the model's words in their order.

    Returns:
      int32 [B]; None of a model that is not class-conditioned.

    Raises:
      ValueError: If a word is not known, there are not as many, there are
        none and the sketches have no labels, or the model takes none.
    """
    new = isinstance(sketches, int)
    count = sketches if new else len(sketches)
    if not config.class_size:
        if words is not None:
            raise ValueError(
                "words: expected None, as the model is not class-conditioned "
                f"(class_size 0), got {words!r}"
            )
        return None
    if words is None:
        if new:
            return (np.arange(count) % len(config.words)).astype(np.int32)
        if not isinstance(sketches, Labelled):
            raise ValueError(
                "words: expected one, or one a sketch, for a class-conditioned "
                "model, got none for sketches without labels"
            )
        check(sketches.labels, config)
        return sketches.labels
    if isinstance(words, str):
        return np.full(count, index(words, config), np.int32)
    if len(words) != count:
        raise ValueError(
            f"words: expected one word or {count}, got {len(words)}"
        )
    return np.array([index(word, config) for word in words], np.int32)


def check(labels: np.ndarray, config: config_lib.Config) -> None:
    """Raises a ValueError if a label is not an index of the words."""
    good = (labels >= 0) & (labels < len(config.words))
    if not good.all():
        raise ValueError(
            f"labels: expected 0 to {len(config.words) - 1}, indices of "
            f"{', '.join(config.words)}, got {labels[~good][0]}"
        )


def words_of(
    labels: np.ndarray | None, config: config_lib.Config
) -> list[str] | None:
    """Returns the words of labels; None of None."""
    if labels is None:
        return None
    return [config.words[label] for label in labels]


def suited(words: Words | None, config: config_lib.Config) -> Words | None:
    """Returns words for a model that takes some, None for others."""
    return words if config.class_size else None


def along(words: Words | None, steps: int) -> Words | None:
    """Gives each step from one end to another the word of the nearer end.

    Args:
      words: One word, those of both ends, or None.
      steps: Both ends included.

    Returns:
      `steps` words, or what was given where it is the same for all.

    >>> along(["cat", "pig"], 3)
    ['cat', 'cat', 'pig']
    """
    if words is None or isinstance(words, str):
        return words
    first, last = words
    return [first if 2 * i < steps else last for i in range(steps)]


def between(words: Words | None, rows: int, columns: int) -> Words | None:
    """Gives each cell between four corners the word of the nearest one.

    Args:
      words: One word, those of the corners as `latent.grid` has them, or
        None.
      rows: Of the grid.
      columns: Of the grid.

    Returns:
      rows * columns words, or what was given where it is the same for all.
    """
    if words is None or isinstance(words, str):
        return words
    above = along(words[:2], columns)
    below = along(words[2:], columns)
    return [word for row in along([above, below], rows) for word in row]


def left_over(plus: Sequence[str], minus: Sequence[str]) -> str:
    """Returns the word that a sum of sketches is most likely of.

    >>> left_over(["pig", "cat"], ["pig"])  # full pig + cat head - pig head
    'cat'
    """
    left = list(plus)
    for word in minus:
        if word in left:
            left.remove(word)
    return (left or list(plus))[0]
