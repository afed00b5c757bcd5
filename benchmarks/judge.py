"""A judge of doodles: is it a cat or a pig, and a head or a whole animal?

It is a `sketch_rnn_tf.experiments.judge`, taught by doodles whose drawers say
what they made.

    found = judge.train(seed=0)
    found.probabilities(sketches)  # [B, 5], in the order of judge.CLASSES

`train_words` makes one of the same kind that tells the words apart.
"""

import numpy as np

from sketch_rnn_tf import doodles
from sketch_rnn_tf.experiments import judge as judge_lib

CLASSES = ("cat head", "full cat", "pig head", "full pig", "other")
"""What the judge tells apart; "other" is the other kinds of doodle."""

FULL_BODY = (1, 3)
"""Places of the whole animals in `CLASSES`."""

TRAIN_SEED = 5 * 10**9
"""First seed of the doodles that the judge learns from.  The embedded data
set has its own from 0, 10**9 and 2 * 10**9."""

HELD_OUT_SEED = 6 * 10**9
"""First seed of doodles for asking how often the judge is right."""


def train(*, seed: int, count: int = 2_000, epochs: int = 6) -> judge_lib.Judge:
    """Trains a judge; the same arguments give the same one.

    Args:
      seed: Of the deformations, the weights and the order of batches.
      count: Cats, and as many pigs and other doodles.
      epochs: Passes over them.

    Returns:
      The judge.
    """
    sketches, labels = examples(count, seed=TRAIN_SEED)
    return judge_lib.train(sketches, labels, CLASSES, seed=seed, epochs=epochs)


def train_words(
    *, seed: int, count: int = 600, epochs: int = 10
) -> judge_lib.Judge:
    """Trains a judge of which word a doodle is of.

    Args:
      seed: As for `train`.
      count: Doodles of each word.
      epochs: Passes over them.

    Returns:
      One that tells `doodles.KINDS` apart.
    """
    sketches = [
        doodles.draw(kind, seed=TRAIN_SEED + index).stroke3
        for kind in doodles.KINDS
        for index in range(count)
    ]
    labels = np.repeat(np.arange(len(doodles.KINDS)), count)
    return judge_lib.train(
        sketches, labels, doodles.KINDS, seed=seed, epochs=epochs
    )


def examples(count: int, *, seed: int) -> tuple[list[np.ndarray], np.ndarray]:
    """Draws doodles to learn from or to be asked about.

    Args:
      count: Cats, and as many pigs, and as many of the others together.
      seed: First seed of each kind.

    Returns:
      Stroke-3 sketches, pixels, and their classes, int64 [3 * count].
    """
    others = [k for k in doodles.KINDS if k not in ("cat", "pig")]
    kinds = ["cat"] * count + ["pig"] * count
    kinds += [others[index % len(others)] for index in range(count)]
    drawn = [
        doodles.draw(kind, seed=seed + index % count)
        for index, kind in enumerate(kinds)
    ]
    return (
        [doodle.stroke3 for doodle in drawn],
        np.array([class_of(doodle) for doodle in drawn], np.int64),
    )


def class_of(doodle: doodles.Doodle) -> int:
    """Gives a doodle's place in `CLASSES`, by what it was made from."""
    if doodle.kind not in ("cat", "pig"):
        return CLASSES.index("other")
    if doodle.factors.full_body:
        return CLASSES.index(f"full {doodle.kind}")
    return CLASSES.index(f"{doodle.kind} head")


def accuracy(judge: judge_lib.Judge, *, count: int = 600) -> np.ndarray:
    """Asks the judge about doodles that it has not seen.

    Args:
      judge: The judge.
      count: Cats, and as many pigs and other doodles.

    Returns:
      float [5], the share it is right about, of each class.
    """
    sketches, labels = examples(count, seed=HELD_OUT_SEED)
    right = judge.classes(sketches) == labels
    return np.array([right[labels == c].mean() for c in range(len(CLASSES))])
