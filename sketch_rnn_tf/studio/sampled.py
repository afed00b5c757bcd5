"""Samples: new drawings, in a grid or a row a temperature."""

from collections.abc import Callable, Sequence

import numpy as np

from sketch_rnn_tf import drawing, labels as labels_lib
from sketch_rnn_tf.generation import sampling, selection
from sketch_rnn_tf.model import vae
from sketch_rnn_tf.studio import plates


def grid(
    model: "vae.SketchRNN",
    *,
    count: int | None = None,
    temperature: float = 0.4,
    softmax_temperature: float | None = None,
    seed: int = 0,
    z: np.ndarray | None = None,
    words: labels_lib.Words | None = None,
    max_len: int | None = None,
    best_of: int = 1,
    columns: int | None = None,
    style: plates.Style = plates.PLAIN,
    progress: Callable[[int], None] | None = None,
) -> plates.Plate:
    """Draws a grid at one temperature, as Figures 20 and 21 do.

    Args:
      model: The model.
      count: Drawings; may be left out where `z` is given.
      temperature: tau.
      softmax_temperature: As for `sampling.sample`.
      seed: Of the first drawing.
      z: float [B, Z], as for `sampling.sample`.
      words: As for `sampling.sample`.
      max_len: Points at most; N_max if None.
      best_of: Drawings that are made of each, of which the likeliest is kept.
      columns: Of the grid; near a square if None.
      style: How it looks.
      progress: As for `sampling.sample`.

    Raises:
      ValueError: If an argument is out of range.
    """
    if z is not None:
        count = len(z)
        z = np.repeat(z, best_of, axis=0)
    drawn = sampling.sample(
        model,
        words=_words(model, words, count, best_of),
        count=count and count * best_of,
        temperature=temperature,
        softmax_temperature=softmax_temperature,
        seed=seed,
        z=z,
        max_len=max_len,
        progress=progress,
    )
    drawn = selection.best(model, drawn, of=best_of)
    return plate(drawn, temperature=temperature, columns=columns, style=style)


def plate(
    drawn: sampling.Drawings,
    *,
    temperature: float,
    columns: int | None = None,
    style: plates.Style = plates.PLAIN,
) -> plates.Plate:
    """Shows samples in a grid, wherever they were drawn.

    Args:
      drawn: The samples.
      temperature: tau that they were drawn with.
      columns: Of the grid; near a square if None.
      style: How it looks.
    """
    picture = style.grid(drawn.sketches, columns=columns, labels=drawn.words)
    return plates.Plate(picture, plates.listed(drawn, temperature))


def rows(
    model: "vae.SketchRNN",
    temperatures: Sequence[float],
    *,
    count: int = 8,
    seed: int = 0,
    words: labels_lib.Words | None = None,
    max_len: int | None = None,
    best_of: int = 1,
    style: plates.Style = plates.PLAIN,
    progress: Callable[[int], None] | None = None,
) -> plates.Plate:
    """Draws a row at each temperature, blue to red, as Figures 7 and 18 do.

    A column has one z, one seed and one word throughout.

    Args:
      model: The model.
      temperatures: tau of each row.
      count: Drawings a row.
      seed: Of the first column.
      words: Of the columns, as for `sampling.sample`.
      max_len: Points at most; N_max if None.
      best_of: As for `grid`.
      style: How it looks.
      progress: As for `sampling.sample`.

    Raises:
      ValueError: If an argument is out of range.
    """
    tau = np.repeat(np.float32(temperatures), count * best_of)
    seeds = np.arange(seed, seed + count * best_of)
    words = _words(model, words, count, best_of)
    drawn = sampling.sample(
        model,
        count=len(tau),
        words=words and words * len(temperatures),
        temperature=tau,
        seed=np.tile(seeds, len(temperatures)),
        max_len=max_len,
        progress=progress,
    )
    drawn = selection.best(model, drawn, of=best_of)
    shown = np.maximum(temperatures, drawing.palette.COLDEST)
    picture = style.grid(
        drawn.sketches,
        columns=count,
        row_labels=[plates.tau(t) for t in temperatures],
        column_labels=drawn.words and drawn.words[:count],
        colors=np.repeat(drawing.palette.temperatures(shown), count).tolist(),
    )
    return plates.Plate(
        picture, plates.listed(drawn, np.repeat(temperatures, count))
    )


def _words(model, words, count, best_of):
    """Returns the word of each drawing that is made, in turn."""
    labels = labels_lib.of(model.config, words, count or 0)
    found = labels_lib.words_of(labels, model.config)
    return found and [word for word in found for _ in range(best_of)]
