"""Lessons: what judges of doodles are taught, and asked afterwards."""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from sketch_rnn_tf import doodles
from sketch_rnn_tf.experiments import judge as judge_lib, oddities

TRAIN_SEED = 7 * 10**9
"""First seed of the doodles that judges learn from.  Models are trained and
tested on others, see `sources`."""

HELD_OUT_SEED = 8 * 10**9
"""First seed of doodles for asking how often a judge is right."""

Examples = tuple[list[np.ndarray], np.ndarray]
"""Stroke-3 sketches, pixels, and their classes, int64."""


class Lesson(NamedTuple):
    """What a judge tells apart.

    Attributes:
      words: Names of the classes.
      draw: Draws so many examples of each class from a first seed on.
      count: How many of each to learn from.
    """

    words: tuple[str, ...]
    draw: Callable[[int, int], Examples]
    count: int


def train(lesson: Lesson, *, seed: int, count: int = 0) -> judge_lib.Judge:
    """Trains a judge; `count` examples a class, the lesson's own if 0."""
    sketches, labels = lesson.draw(count or lesson.count, TRAIN_SEED)
    return judge_lib.train(sketches, labels, lesson.words, seed=seed)


def accuracy(
    judge: judge_lib.Judge, lesson: Lesson, *, count: int = 100
) -> float:
    """Asks a judge about doodles that it has not seen.

    Returns:
      The share that it is right about, of its worst class.
    """
    sketches, labels = lesson.draw(count, HELD_OUT_SEED)
    right = judge.classes(sketches) == labels
    return min(
        float(right[labels == c].mean()) for c in range(len(lesson.words))
    )


def _kinds(count, seed):
    """Draws each kind, and what is none: mixtures, and points at random."""
    sketches, labels = [], []
    for label, kind in enumerate(doodles.KINDS):
        for index in range(count):
            sketches.append(doodles.draw(kind, seed=seed + index).stroke3)
            labels.append(label)
    rng = np.random.default_rng(seed)
    for _ in range(2 * count):
        first, second = rng.choice(len(doodles.KINDS), 2, replace=False)
        pair = [
            sketches[kind * count + rng.integers(count)]
            for kind in (first, second)
        ]
        if rng.random() < 0.5:
            share = rng.uniform(0.4, 0.7)
            made = oddities.joined(*pair, share=share)
        else:
            made = _scribble(pair[0], rng)
        sketches.append(made)
        labels.append(len(doodles.KINDS))
    return sketches, np.array(labels, np.int64)


def _scribble(sketch, rng):
    """Puts a drawing's points into a wrong order, all or a stretch of it."""
    made = sketch.astype(np.float64)
    length = int(len(made) * rng.uniform(0.5, 1.0))
    start = int(rng.integers(len(made) - length + 1))
    stretch = made[start : start + length]
    made[start : start + length] = stretch[rng.permutation(length)]
    made[-1, 2] = 1
    return made


def _eyes(count, seed):
    """Draws heads of cats and pigs, and faces, with one to three eyes."""
    sketches, labels = [], []
    for label in range(3):
        made, index = 0, 0
        while made < count:
            kind = ("cat", "pig", "face")[index % 3]
            drawn = oddities.with_eyes(
                kind, label + 1, seed=seed + 10**7 * label + index
            )
            index += 1
            if not drawn.factors.full_body:
                sketches.append(drawn.stroke3)
                labels.append(label)
                made += 1
    return sketches, np.array(labels, np.int64)


def _legs(count, seed):
    """Draws whole cats and pigs with two or four legs, or with more."""
    sketches, labels = [], []
    for label in range(2):
        made, index = 0, 0
        while made < count:
            kind, extra = ("cat", "pig")[index % 2], 2 + index % 3
            drawn = oddities.with_extra_legs(
                kind, label * extra, seed=seed + 10**7 * label + index
            )
            index += 1
            legs = drawn.factors.num_legs
            if drawn.factors.full_body and (legs > 4) == bool(label):
                sketches.append(drawn.stroke3)
                labels.append(label)
                made += 1
    return sketches, np.array(labels, np.int64)


NONE = "none"
"""What is no doodle, or parts of several."""

LESSONS = {
    "kinds": Lesson((*doodles.KINDS, NONE), _kinds, 500),
    "eyes": Lesson(("one eye", "two eyes", "three eyes"), _eyes, 1_000),
    "legs": Lesson(("up to four legs", "more legs"), _legs, 1_000),
}
