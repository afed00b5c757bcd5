"""Materials: what figures are made of, and how sketches are picked."""

import pathlib
from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np

from sketch_rnn_tf import datasets, doodles
from sketch_rnn_tf.model import vae

SEED_STEP = 1_000
"""Figures are seeded so far apart: each is the same alone."""


class Missing(Exception):
    """What a figure needs and was not given, in one line."""


class Named(NamedTuple):
    """A model and what to call it.

    Attributes:
      name: Its directory's name.
      path: Its directory.
      model: The model.
    """

    name: str
    path: pathlib.Path
    model: "vae.SketchRNN"

    @property
    def words(self) -> str:
        """What it draws, for captions."""
        return ", ".join(self.model.config.words) or self.name


class Materials(NamedTuple):
    """What was given.

    Attributes:
      models: Conditional models.
      decoders: Unconditional models.
      data: The data set; None if none was given.
      foreign: Sketches of what the models do not know; None if none.
      experiment: A directory of work directories; None if none.
      seed: Of everything random.
      progress: Called with the number of drawings that have ended.
    """

    models: Sequence[Named]
    decoders: Sequence[Named]
    data: datasets.Dataset | None
    foreign: datasets.Dataset | None
    experiment: pathlib.Path | None
    seed: int
    progress: Callable[[int], None] | None

    def model(self) -> Named:
        """Returns the first conditional model."""
        if not self.models:
            raise Missing("a conditional model, --model")
        return self.models[0]

    def words(self, named: Named) -> list[str]:
        """Returns the words of the data that a model knows; all if unnamed."""
        if self.data is None:
            raise Missing("sketches, --data")
        known = set(named.model.config.words)
        return [
            word
            for index, word in enumerate(self.data.words)
            if (word in known or not known)
            and (self.data.labels["test"] == index).any()
        ]

    def two_words(self, named: Named) -> list[str]:
        """Returns the first two words of the data that a model knows."""
        words = self.words(named)
        if len(words) < 2:
            raise Missing(
                "a model of two words and data of both, --model and --data"
            )
        return words[:2]

    def pick(
        self,
        named: Named,
        word: str | None,
        count: int,
        *,
        figure: int,
        longest: int | None = None,
    ) -> list[np.ndarray]:
        """Picks sketches of the test split, the same for the same figure.

        Args:
          named: The model that has to take them.
          word: Of which class; None of all that the model knows.
          count: How many; fewer if there are not so many.
          figure: Its number, which seeds the choice.
          longest: Points at most; the model's N_max if None.

        Raises:
          Missing: If there is none.
        """
        if self.data is None:
            raise Missing("sketches, --data")
        words = self.words(named) if word is None else [word]
        longest = min(longest or 10**9, named.model.config.max_len)
        # Those that are filled to N_max cannot be gone on with.
        places = [self.data.words.index(word) for word in words]
        labels = self.data.labels["test"]
        fitting = [
            index
            for index in np.flatnonzero(np.isin(labels, places)).tolist()
            if 2 <= len(self.data.test[index]) < longest
        ]
        if not fitting:
            raise Missing(
                f"sketches of {word or 'the words of ' + named.name} of fewer "
                f"than {longest} points, --data"
            )
        rng = np.random.default_rng([self.seed, figure])
        chosen = rng.permutation(fitting)[:count]
        return [self.data.test[index] for index in chosen.tolist()]

    def strangers(self, named: Named, count: int, *, figure: int) -> list:
        """Picks sketches of what a model does not know.

        They are of `foreign`; else of other words of the data; else doodles
        of a kind that is none of the model's words.
        """
        rng = np.random.default_rng([self.seed, figure, 1])
        longest = named.model.config.max_len
        if self.foreign is not None:
            found = list(self.foreign.test)
        elif self.data is not None and named.model.config.words:
            own = named.model.config.words
            labels = self.data.labels["test"]
            found = [
                self.data.test[index]
                for index in range(len(labels))
                if self.data.words[labels[index]] not in own
            ]
        else:
            found = []
        if not found:
            kinds = set(doodles.KINDS) - set(named.model.config.words)
            if not kinds:
                raise Missing("sketches of another word, --foreign")
            kind = rng.choice(sorted(kinds))
            found = [
                doodles.draw(kind, seed=seed).stroke3
                for seed in range(10**8, 10**8 + count)
            ]
        fitting = [s for s in found if 1 <= len(s) <= longest]
        if len(fitting) < count:
            raise Missing(
                f"{count} sketches of another word of at most {longest} "
                "points, --foreign"
            )
        return [fitting[i] for i in rng.permutation(len(fitting))[:count]]

    def words_of(
        self, named: Named, sketches: Sequence[np.ndarray]
    ) -> list[str] | None:
        """Returns what a class-conditioned model is to draw of sketches.

        It is what the data call each; the model's first word of what it does
        not know.

        Returns:
          A word for each; None of a model that takes none.
        """
        config = named.model.config
        if not config.class_size:
            return None
        own = {}
        if self.data is not None:
            # By identity: sketches are picked, not copied.
            for label, sketch in zip(
                self.data.labels["test"], self.data.test, strict=True
            ):
                own[id(sketch)] = self.data.words[label]
        words = [own.get(id(sketch)) for sketch in sketches]
        return [w if w in config.words else config.words[0] for w in words]

    def seed_of(self, figure: int) -> int:
        """Returns the seed of a figure's drawings."""
        return self.seed + SEED_STEP * figure
