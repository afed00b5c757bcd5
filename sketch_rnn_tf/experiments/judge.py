"""A judge of drawings: what is it, or how many eyes has it?

A small convolutional network that looks at a drawing's picture only, fitted
into a square: neither the order nor the number of its points counts.  It is
taught by drawings of which it is known what they are (see `lessons`).  What a
model draws wobbles in its own ways, so these are deformed a little, and some
lose points or their last strokes.

    found = judge.train(sketches, labels, ("cat", "pig"), seed=0)
    found.probabilities(drawn)  # [B, 2]
"""

import dataclasses
import os
import pathlib
from collections.abc import Sequence

import numpy as np
from PIL import Image, ImageDraw

from sketch_rnn_tf import partials, strokes
from sketch_rnn_tf.backend import keras

_SIDE = 40  # pixels
_MARGIN = 2  # pixels
_FINER = 3  # lines are drawn this many times as large, then averaged
_BATCH = 64


@dataclasses.dataclass(frozen=True, eq=False)
class Judge:
    """A trained judge.

    Attributes:
      network: Pictures [B, side, side, 1], 0 to 1, to logits [B, C].
      words: What it tells apart, C names.
    """

    network: keras.Model
    words: tuple[str, ...]

    def probabilities(self, sketches: Sequence[np.ndarray]) -> np.ndarray:
        """Judges drawings.

        Args:
          sketches: Stroke-3 in any unit; nothing drawn at all is allowed.

        Returns:
          float32 [B, C], probabilities in the order of `words`.
        """
        pictures = np.stack([picture(sketch) for sketch in sketches])
        logits = self.network.predict(pictures, batch_size=256, verbose=0)
        return keras.ops.convert_to_numpy(keras.ops.softmax(logits))

    def classes(self, sketches: Sequence[np.ndarray]) -> np.ndarray:
        """Gives the likeliest class of each, int64 [B], as in `words`."""
        return self.probabilities(sketches).argmax(axis=1)

    def save(self, path: str | os.PathLike) -> None:
        """Writes the network to a `.keras` file."""
        with partials.file(path) as partial:
            self.network.save(partial)


def load(path: str | os.PathLike, words: Sequence[str]) -> Judge:
    """Reads what `Judge.save` wrote.

    Raises:
      ValueError: If it is damaged, or tells apart another number of classes.
    """
    path = pathlib.Path(path)
    try:
        network = keras.models.load_model(path)
    except Exception as error:
        # What Keras raises for a damaged file has no common base.
        raise ValueError(
            f"{path}: expected a judge, got {' '.join(str(error).split())}"
        ) from error
    if network.output_shape[-1] != len(words):
        raise ValueError(
            f"{path}: expected a judge of {len(words)} classes, "
            f"got one of {network.output_shape[-1]}"
        )
    return Judge(network, tuple(words))


def train(
    sketches: Sequence[np.ndarray],
    labels: np.ndarray,
    words: Sequence[str],
    *,
    seed: int,
    epochs: int = 6,
) -> Judge:
    """Trains a judge; the same arguments give the same one.

    Args:
      sketches: Stroke-3, pixels.
      labels: Their classes, places in `words`, int64 [number of sketches].
      words: What is told apart.
      seed: Of the deformations, the weights and the order of batches.
      epochs: Passes over them.

    Returns:
      The judge.
    """
    rng = np.random.default_rng(seed)
    network = _network(seed, len(words))
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
    return Judge(network, tuple(words))


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
