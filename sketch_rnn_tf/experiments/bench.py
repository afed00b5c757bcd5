"""Bench: trained models and judges, made once and shared by all claims."""

import os
import pathlib
from collections.abc import Callable, Sequence
from typing import Any, Protocol

import numpy as np

from sketch_rnn_tf import datasets
from sketch_rnn_tf.experiments import (
    evidence,
    judge as judge_lib,
    lessons,
    sources,
    trainings,
)
from sketch_rnn_tf.experiments.plan import Plan
from sketch_rnn_tf.generation import sampling
from sketch_rnn_tf.model import vae

SURE = 0.8
"""Probability from which on a drawing counts as recognised."""

ABLE = 0.85
"""Of its worst class a judge has to be right about so many held-out doodles."""


class MissingError(Exception):
    """What a claim needs is not there; its message says what."""


class Recogniser(Protocol):
    """Says what drawings are; `judge.Judge` and `quality.StrokeClassifier`.

    Attributes:
      words: Names of the classes.
    """

    words: tuple[str, ...]

    def probabilities(self, sketches: Sequence[np.ndarray]) -> np.ndarray:
        """Returns float32 [N, C] of stroke-3 sketches in the user's units."""


class Bench:
    """What claims are measured with.

    Args:
      plan: What they are measured on.
      out: The experiment's directory, with `rows/`.
      train: Trains what has not been trained, and returns the result.
      say: Takes lines of progress.

    Attributes:
      plan: As given.
    """

    def __init__(
        self,
        plan: Plan,
        out: str | os.PathLike,
        *,
        train: Callable[[trainings.Training, pathlib.Path], dict[str, Any]],
        say: Callable[[str], None] = print,
    ):
        self.plan = plan
        self._out = pathlib.Path(out)
        self._train, self._say = train, say
        self._models, self._data, self._judges = {}, {}, {}

    def result(self, training: trainings.Training) -> dict[str, Any]:
        """Returns a training's losses over the test split."""
        return self._train(training, self._out / "rows")

    def model(self, training: trainings.Training) -> vae.SketchRNN:
        """Returns a trained model, with its best weights."""
        name = training.name
        if name not in self._models:
            self.result(training)
            self._models[name] = trainings.load(self._out / "rows", name)
        return self._models[name]

    def data(self, spec: str) -> datasets.Dataset:
        """Returns the data that a spec names."""
        if spec not in self._data:
            self._data[spec] = sources.load(spec, data_dir=self.plan.data_dir)
        return self._data[spec]

    def judge(self, name: str) -> judge_lib.Judge:
        """Returns a judge that knows one of `lessons.LESSONS`.

        Raises:
          MissingError: If it is wrong too often to judge anything.
        """
        if name not in self._judges:
            lesson = lessons.LESSONS[name]
            path = self._out / "judges" / f"{name}.keras"
            if path.is_file():
                found = judge_lib.load(path, lesson.words)
            else:
                self._say(f"training a judge of {name}")
                found = lessons.train(lesson, seed=self.plan.seed)
                found.save(path)
            right = lessons.accuracy(found, lesson)
            self._say(f"judge of {name}: {right:.3f} right, of its worst class")
            if right < ABLE:
                raise MissingError(
                    f"a judge of {name} that is right about {ABLE:g} of each "
                    f"class, this one is about {right:.3f}"
                )
            self._judges[name] = found
        return self._judges[name]

    def recogniser(self, spec: str) -> Recogniser:
        """Returns what recognises drawings of a spec's words.

        Raises:
          MissingError: If there is none, or it does not know one of them.
        """
        if spec.split("/")[0] == sources.DOODLES:
            return self.judge("kinds")
        if self.plan.recogniser is None:
            raise MissingError("--recogniser, a classifier of real drawings")
        # Of an optional part of the package, and slow to load.
        try:
            from sketch_rnn_tf.quality import classifier
        except ImportError:
            raise MissingError("sketch_rnn_tf.quality") from None
        found = classifier.load(self.plan.recogniser)
        words = self.data(spec).words
        unknown = [word for word in words if word not in found.words]
        if unknown:
            raise MissingError(
                f"a --recogniser that knows {', '.join(unknown)}"
            )
        return found

    def recognised(
        self,
        spec: str,
        sketches: Sequence[np.ndarray],
        words: Sequence[str],
    ) -> evidence.Share:
        """Counts the drawings that are surely one of some words.

        Args:
          spec: Data whose recogniser to ask.
          sketches: Drawings.
          words: The words, each alone.

        Raises:
          MissingError: As `recogniser`.
        """
        return evidence.share(
            sure(self.recogniser(spec), sketches)
            & np.isin(named(self.recogniser(spec), sketches), words)
        )

    def draw(
        self, training: trainings.Training, *, temperature: float
    ) -> list[np.ndarray]:
        """Draws from the prior, or of a standalone decoder."""
        return sampling.sample(
            self.model(training),
            count=self.plan.budget.drawings,
            temperature=temperature,
            seed=self.plan.seed,
        ).sketches


def named(recogniser: Recogniser, sketches: Sequence[np.ndarray]) -> np.ndarray:
    """Returns the likeliest word of each drawing, [N]."""
    likeliest = recogniser.probabilities(sketches).argmax(axis=1)
    return np.array(recogniser.words)[likeliest]


def sure(recogniser: Recogniser, sketches: Sequence[np.ndarray]) -> np.ndarray:
    """Returns whether each drawing is one word with `SURE`, bool [N]."""
    return recogniser.probabilities(sketches).max(axis=1) >= SURE
