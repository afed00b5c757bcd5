"""Truth: the real drawings that a model's are compared with."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from sketch_rnn_tf import datasets
from sketch_rnn_tf.model import vae
from sketch_rnn_tf.quality import (
    classifier as classifier_lib,
    measures,
    vocabulary,
)


class Chosen(NamedTuple):
    """Some of the real drawings.

    Attributes:
      held_out: Of the test split.
      labels: int64, the classifier's class of each of these.
      reference: As many of the validation split; filled up with training
        drawings where these are too few.
    """

    held_out: list[np.ndarray]
    labels: np.ndarray
    reference: list[np.ndarray]


class Truth(NamedTuple):
    """Real drawings of a model's words, of 1 to N_max points.

    Attributes:
      classes: Those of the classifier that the model draws, ascending.
      as_class: What every drawing should be recognised as; None goes by its
        word.
      classifier_words: The classifier's words.
      known: Training drawings.
      valid: Validation drawings.
      test: Test drawings.
      labels: int64, the classifier's class of each test drawing.
    """

    classes: tuple[int, ...]
    as_class: int | None
    classifier_words: tuple[str, ...]
    known: list[np.ndarray]
    valid: list[np.ndarray]
    test: list[np.ndarray]
    labels: np.ndarray

    def places(self, words: Sequence[str]) -> np.ndarray:
        """Gives the classes of a model's words, int64 [N]."""
        if self.as_class is not None:
            return np.full(len(words), self.as_class, np.int64)
        known = {
            word: vocabulary.index(word, self.classifier_words)
            for word in dict.fromkeys(words)
        }
        return np.array([known[word] for word in words], np.int64)

    def choose(self, count: int, *, seed: int) -> Chosen:
        """Chooses at most so many of each, the same for the same seed."""
        rng = np.random.default_rng(seed)
        held = rng.permutation(len(self.test))[:count].tolist()
        reference = [
            self.valid[i] for i in rng.permutation(len(self.valid))[:count]
        ]
        short = len(held) - len(reference)
        if short > 0:
            more = rng.permutation(len(self.known))[:short]
            reference += [self.known[i] for i in more]
        return Chosen(
            [self.test[i] for i in held], self.labels[held], reference
        )


def of(
    model: "vae.SketchRNN",
    data: datasets.Dataset,
    found: classifier_lib.StrokeClassifier,
    *,
    as_word: str | None = None,
) -> Truth:
    """Finds the real drawings of what a model draws.

    Args:
      model: The model.
      data: In memory.
      found: The classifier.
      as_word: What every drawing should be recognised as, whatever its word.

    Returns:
      The drawings.

    Raises:
      ValueError: If a word is none of the classifier's, or there are too few
        drawings.
    """
    words, splits = vocabulary.labelled(data)
    own = [vocabulary.folded(word) for word in model.config.words]
    if as_word is not None:
        as_class = found.index(as_word)
        taken, classes = range(len(words)), (as_class,)
        by_label = dict.fromkeys(taken, as_class)
    else:
        as_class = None
        # A model that does not name its words draws what its data show.
        taken = [
            label
            for label, word in enumerate(words)
            if not own or vocabulary.folded(word) in own
        ]
        if not taken:
            raise ValueError(
                "data: expected drawings of what the model draws, "
                f"{_listed(model.config.words)}, got {_listed(words)}"
            )
        by_label = {label: found.index(words[label]) for label in taken}
        named = model.config.words or [words[label] for label in taken]
        classes = tuple(sorted({found.index(word) for word in named}))
    kept, kept_labels = {}, {}
    for split, (sketches, labels) in splits.items():
        places = [
            index
            for index, label in enumerate(labels.tolist())
            if label in by_label
            and 1 <= len(sketches[index]) <= model.config.max_len
        ]
        kept[split] = [sketches[i] for i in places]
        kept_labels[split] = [by_label[labels[i]] for i in places]
    least = measures.NEIGHBOURS + 1
    for split, sketches in kept.items():
        if len(sketches) < least:
            raise ValueError(
                f"data: expected at least {least} drawings of 1 to "
                f"{model.config.max_len} points (N_max) in {split}, got "
                f"{len(sketches)}"
            )
    return Truth(
        classes,
        as_class,
        found.words,
        kept["train"],
        kept["valid"],
        kept["test"],
        np.array(kept_labels["test"], np.int64),
    )


def _listed(words):
    text = ", ".join(words[:5])
    return f"{text} and {len(words) - 5} more" if len(words) > 5 else text
