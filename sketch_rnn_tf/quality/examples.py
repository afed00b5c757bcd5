"""Examples: what a classifier learns from, epoch by epoch."""

from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from sketch_rnn_tf.quality import deformation, inks as inks_lib

SPLITS = ("train", "valid", "test")

Labelled = tuple[Sequence[np.ndarray], np.ndarray]
"""Sketches, stroke-3 in any unit, and the index of each one's word."""

_BLOCK = 4096
"""Drawings that are made ready at once; all would take much memory."""


class Examples:
    """Drawings of some words to train on.

    Args:
      sketches_by_split: Labelled sketches of each of `SPLITS`.
      words: C names, at least two.
      per_word: Drawings of each word in an epoch, at most.
      batch_size: Drawings of a batch.

    Attributes:
      counts: Training drawings of each word.
      per_word: Drawings of each word in an epoch.
      steps: Batches of an epoch.
      points: Points of all training drawings.

    Raises:
      ValueError: If there are fewer than two words, or a split lacks one.
    """

    def __init__(
        self,
        sketches_by_split: Mapping[str, Labelled],
        words: Sequence[str],
        *,
        per_word: int,
        batch_size: int,
    ):
        _check(sketches_by_split, words)
        sketches, labels = sketches_by_split["train"]
        self._labels = np.asarray(labels)
        self._places = [
            np.flatnonzero(self._labels == c) for c in range(len(words))
        ]
        self._batch_size = batch_size
        self._inks = inks_lib.fitted(inks_lib.of(sketches))
        self.points = int(sum(map(len, sketches)))
        self.counts = [len(place) for place in self._places]
        self.per_word = min(per_word, max(self.counts))
        self.steps = -(-self.per_word * len(words) // batch_size)

    def epoch(
        self, rng: np.random.Generator, steps: int
    ) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        """Yields the batches of an epoch.

        As many drawings of each word come, in a new order and deformed anew;
        of words with more, others each time; of words with fewer, some again.

        Args:
          rng: Draws all this.
          steps: T, see `inks.sampled`.

        Yields:
          Ink, float32 [B, T, 6], and one-hot answers, float32 [B, C].
        """
        chosen = []
        for place in self._places:
            times = -(-self.per_word // len(place))
            every = [rng.permutation(place) for _ in range(times)]
            chosen.append(np.concatenate(every)[: self.per_word])
        chosen = rng.permutation(np.concatenate(chosen))
        # Batches of one size, so that nothing is compiled again.
        size = self._batch_size
        chosen = np.resize(chosen, self.steps * size)
        drawn = deformation.deformed(inks_lib.taken(self._inks, chosen), rng)
        answers = np.eye(len(self._places), dtype=np.float32)
        block = max(_BLOCK // size, 1) * size
        for first in range(0, len(chosen), block):
            some = np.arange(first, min(first + block, len(chosen)))
            ink = inks_lib.sampled(
                inks_lib.fitted(inks_lib.taken(drawn, some)), steps
            )
            labels = self._labels[chosen[some]]
            for start in range(0, len(some), size):
                part = slice(start, start + size)
                yield ink[part], answers[labels[part]]


def _check(sketches_by_split, words):
    if len(set(words)) < 2:
        raise ValueError(
            f"words: expected at least two to tell apart, got {len(set(words))}"
        )
    for split in SPLITS:
        sketches, labels = sketches_by_split[split]
        if len(labels) != len(sketches):
            raise ValueError(
                f"{split}: expected {len(sketches)} labels, got {len(labels)}"
            )
        counts = np.bincount(labels, minlength=len(words))
        if len(counts) > len(words):
            raise ValueError(
                f"{split}: expected labels below {len(words)}, got "
                f"{len(counts) - 1}"
            )
        if not counts.all():
            raise ValueError(
                f"{split}: expected drawings of every word, got none of "
                f"{words[int(counts.argmin())]!r}"
            )
