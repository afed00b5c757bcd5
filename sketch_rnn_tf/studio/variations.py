"""Variations: similar but unique drawings, in a grid or as a pattern."""

from collections.abc import Callable, Sequence

import numpy as np

from sketch_rnn_tf import drawing, labels as labels_lib
from sketch_rnn_tf.generation import encoding, sampling
from sketch_rnn_tf.model import vae
from sketch_rnn_tf.studio import plates

SPREAD = 1.0
"""In standard deviations of the sketch's own encoding."""


def around(
    model: "vae.SketchRNN",
    sketch: np.ndarray,
    *,
    count: int = 24,
    spread: float = SPREAD,
    temperature: float = 0.3,
    seed: int = 0,
    words: labels_lib.Words | None = None,
    style: plates.Style = plates.PLAIN,
    progress: Callable[[int], None] | None = None,
) -> plates.Plate:
    """Draws variations of a sketch, which stands framed before them.

    As Figure 22 does: z is drawn around that of the sketch.

    Args:
      model: A conditional model.
      sketch: Stroke-3 of at most N_max points.
      count: Variations.
      spread: Of the noise on z, in standard deviations of the encoding.
      temperature: tau.
      seed: Of the first variation.
      words: For a class-conditioned model, what the variations are of.
      style: How it looks.
      progress: As for `sampling.sample`.

    Raises:
      ValueError: If the model has no encoder or an argument is out of range.
    """
    drawn = _varied(
        model, [sketch], words, count, spread, temperature, seed, progress
    )
    picture = style.grid([sketch, *drawn.sketches], framed=[0], colors="black")
    return plates.Plate(picture, plates.listed(drawn, temperature))


def pattern(
    model: "vae.SketchRNN",
    sketches: Sequence[np.ndarray],
    *,
    columns: int = 6,
    rows: int = 6,
    repeat: tuple[int, int] = (1, 1),
    spread: float = SPREAD,
    temperature: float = 0.3,
    seed: int = 0,
    words: labels_lib.Words | None = None,
    style: plates.Style = plates.PLAIN,
    progress: Callable[[int], None] | None = None,
) -> plates.Plate:
    """Draws variations as a seamless tile, for textile or wallpaper prints.

    Args:
      model: A conditional model.
      sketches: Stroke-3 of at most N_max points, varied by turns.
      columns: Of the tile.
      rows: Of the tile.
      repeat: Tiles beside and below each other.
      spread: Of the noise on z, in standard deviations of the encoding.
      temperature: tau.
      seed: Of the first variation, and of the pattern.
      words: For a class-conditioned model, a word or one a sketch, see
        `labels.of`.
      style: How it looks; it has no title and no scale.
      progress: As for `sampling.sample`.

    Raises:
      ValueError: If the model has no encoder or an argument is out of range.

    References:
      Section 5.2, Ha & Eck (2017).
    """
    drawn = _varied(
        model,
        sketches,
        words,
        columns * rows,
        spread,
        temperature,
        seed,
        progress,
    )
    picture = drawing.Pattern(
        [s for s in drawn.sketches if len(s)],
        columns=columns,
        rows=rows,
        cell=style.cell,
        repeat=repeat,
        seed=seed,
        colors=style.colors or list(drawing.palette.CORNERS),
        theme=style.theme,
    )
    return plates.Plate(picture, plates.listed(drawn, temperature))


def _varied(model, sketches, words, count, spread, temperature, seed, progress):
    if not (np.isfinite(spread) and spread >= 0):
        raise ValueError(
            f"spread: expected a number of at least 0, got {spread}"
        )
    if count < 1:
        raise ValueError(f"count: expected at least 1, got {count}")
    labels = labels_lib.of(model.config, words, sketches)
    mu, log_var = encoding.encode(model, sketches)
    turns = np.arange(count) % len(mu)
    seeds = sampling.checked_seeds(seed, count)
    if labels is not None:
        labels = labels[turns]
    return sampling.sample(
        model,
        words=labels_lib.words_of(labels, model.config),
        z=encoding.sampled_z(mu[turns], log_var[turns], seeds, spread),
        temperature=temperature,
        seed=seed,
        progress=progress,
    )
