"""A judge of doodles: is it a cat or a pig, and a head or a whole animal?

A small convolutional network that looks at a drawing's picture only, fitted
into a square: neither the order nor the number of its points counts.  It is
trained on doodles whose drawers say what they made.  What a model draws
wobbles in its own ways, so these are deformed a little, and some lose points
or their last strokes.

    found = judge.train(seed=0)
    found.probabilities(sketches)  # [B, 5], in the order of judge.CLASSES

`train_words` makes one of the same kind that tells the words apart.
"""

import dataclasses
from collections.abc import Sequence

import keras
import numpy as np
from PIL import Image, ImageDraw

from sketch_rnn_tf import doodles, strokes

CLASSES = ("cat head", "full cat", "pig head", "full pig", "other")
"""What the judge tells apart; "other" is the other kinds of doodle."""

FULL_BODY = (1, 3)
"""Places of the whole animals in `CLASSES`."""

TRAIN_SEED = 5 * 10**9
"""First seed of the doodles that the judge learns from.  The embedded data
set has its own from 0, 10**9 and 2 * 10**9."""

HELD_OUT_SEED = 6 * 10**9
"""First seed of doodles for asking how often the judge is right."""

_SIDE = 40  # pixels
_MARGIN = 2  # pixels
_FINER = 3  # lines are drawn this many times as large, then averaged
_BATCH = 64


@dataclasses.dataclass(frozen=True, eq=False)
class Judge:
    """A trained judge.

    Attributes:
      network: Pictures [B, side, side, 1], 0 to 1, to logits [B, C].
      classes_told: What it tells apart, C.
    """

    network: keras.Model
    classes_told: Sequence[str] = CLASSES

    def probabilities(self, sketches: Sequence[np.ndarray]) -> np.ndarray:
        """Judges drawings.

        Args:
          sketches: Stroke-3 in any unit; nothing drawn at all is allowed.

        Returns:
          float32 [B, C], probabilities in the order of `classes_told`.
        """
        pictures = np.stack([picture(sketch) for sketch in sketches])
        logits = self.network.predict(pictures, batch_size=256, verbose=0)
        return keras.ops.convert_to_numpy(keras.ops.softmax(logits))

    def classes(self, sketches: Sequence[np.ndarray]) -> np.ndarray:
        """Gives the place of the likeliest class of each, int64 [B]."""
        return self.probabilities(sketches).argmax(axis=1)


def train(*, seed: int, count: int = 2_000, epochs: int = 6) -> Judge:
    """Trains a judge; the same arguments give the same one.

    Args:
      seed: Of the deformations, the weights and the order of batches.
      count: Cats, and as many pigs and other doodles.
      epochs: Passes over them.

    Returns:
      The judge.
    """
    sketches, labels = examples(count, seed=TRAIN_SEED)
    network = _fitted(sketches, labels, len(CLASSES), seed, epochs)
    return Judge(network)


def train_words(*, seed: int, count: int = 600, epochs: int = 10) -> Judge:
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
    network = _fitted(sketches, labels, len(doodles.KINDS), seed, epochs)
    return Judge(network, doodles.KINDS)


def _fitted(sketches, labels, num_classes, seed, epochs):
    """Returns a network that tells deformed sketches' labels."""
    rng = np.random.default_rng(seed)
    network = _network(seed, num_classes)
    # A fall to zero, so that the last batches do not decide.
    rate = keras.optimizers.schedules.CosineDecay(
        2e-3, epochs * -(-len(labels) // _BATCH)
    )
    network.compile(
        keras.optimizers.Adam(rate),
        keras.losses.SparseCategoricalCrossentropy(from_logits=True),
    )
    for _ in range(epochs):
        pictures = np.stack([picture(deformed(s, rng)) for s in sketches])
        order = rng.permutation(len(labels))
        network.fit(
            pictures[order],
            labels[order],
            batch_size=_BATCH,
            shuffle=False,
            verbose=0,
        )
    return network


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


def accuracy(judge: Judge, *, count: int = 600) -> np.ndarray:
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


def deformed(stroke3: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Draws a doodle again, worse, as a model might.

    It is turned, sheared and stretched a little, its points move, some are
    left out, and one in four loses its last strokes, two at most.

    Args:
      stroke3: int16 or float [N, 3], pixels.
      rng: Draws the deformation.

    Returns:
      float64 [M, 3], M <= N, pixels.
    """
    points = np.cumsum(stroke3[:, :2].astype(np.float64), axis=0)
    lifted = stroke3[:, 2].astype(bool)
    ends = np.flatnonzero(lifted)
    if len(ends) > 5 and rng.random() < 0.25:
        last = ends[-1 - rng.integers(1, 3)] + 1
        points, lifted = points[:last], lifted[:last]
    kept = lifted | (rng.random(len(lifted)) > 0.1 * rng.random())
    points, lifted = points[kept], lifted[kept]
    warp = np.eye(2) + rng.normal(0, 0.08, (2, 2))
    # 255 pixels is the longest side of a doodle.
    points = points @ warp + rng.normal(0, 5 * rng.random(), points.shape)
    offsets = np.diff(points, axis=0, prepend=0)
    return np.concatenate([offsets, lifted[:, None]], axis=1)


def picture(stroke3: np.ndarray) -> np.ndarray:
    """Draws a sketch into a square that it fills, float32 [40, 40, 1].

    Args:
      stroke3: [N, 3], N >= 0, any unit.

    Returns:
      1 where there is ink, 0 where there is none.
    """
    sheet = Image.new("L", (_SIDE * _FINER,) * 2)
    if len(stroke3):
        lines = strokes.stroke3_to_polylines(stroke3)
        points = np.concatenate(lines)
        low, high = points.min(axis=0), points.max(axis=0)
        inner = (_SIDE - 2 * _MARGIN) * _FINER
        scale = inner / max((high - low).max(), 1e-9)
        pen = ImageDraw.Draw(sheet)
        for line in lines:
            line = (line - (low + high) / 2) * scale + sheet.width / 2
            pen.line([tuple(p) for p in line], fill=255, width=_FINER)
    return np.asarray(sheet.reduce(_FINER), np.float32)[..., None] / 255


def _network(seed, num_classes):
    """Makes the network: three convolutions and a layer on top."""
    seeds = iter(range(8 * seed, 8 * seed + 8))

    def convolution(filters):
        return keras.layers.Conv2D(
            filters,
            3,
            padding="same",
            activation="relu",
            kernel_initializer=keras.initializers.HeNormal(next(seeds)),
        )

    return keras.Sequential(
        [
            keras.Input((_SIDE, _SIDE, 1)),
            convolution(16),
            keras.layers.MaxPooling2D(),
            convolution(32),
            keras.layers.MaxPooling2D(),
            convolution(32),
            keras.layers.MaxPooling2D(),
            keras.layers.Flatten(),
            keras.layers.Dropout(0.3, seed=next(seeds)),
            keras.layers.Dense(
                num_classes,
                kernel_initializer=keras.initializers.GlorotUniform(
                    next(seeds)
                ),
            ),
        ]
    )
