"""Interpolations: from drawing to drawing through the latent space."""

from collections.abc import Callable, Mapping, Sequence

import numpy as np

from sketch_rnn_tf import drawing, labels as labels_lib, latent
from sketch_rnn_tf.generation import sampling
from sketch_rnn_tf.model import vae
from sketch_rnn_tf.studio import plates


def paths(
    models: Mapping[str, "vae.SketchRNN"],
    ends: Mapping[str, np.ndarray],
    *,
    steps: int = 10,
    method: str = "slerp",
    temperature: float = 0.2,
    seed: int = 0,
    words: labels_lib.Words | None = None,
    given: Sequence[np.ndarray] | None = None,
    style: plates.Style = plates.PLAIN,
    progress: Callable[[int], None] | None = None,
) -> plates.Plate:
    """Draws what lies between two ends, a row a model, as Figure 12 does.

    All drawings have one seed, so that they differ by z alone.

    Args:
      models: Conditional models by what to call them.
      ends: Of each model, float [2, Z].
      steps: Drawings a row, both ends included.
      method: One of `latent.METHODS`.
      temperature: tau.
      seed: Of all drawings.
      words: For class-conditioned models: a word, or those of both ends,
        where every drawing has that of the nearer one.
      given: The two sketches that the ends are encodings of, shown beside.
      style: How it looks.
      progress: As for `sampling.sample`.

    Raises:
      ValueError: If a model has no encoder or an end has the wrong size.
    """
    drawn = {
        name: sampling.sample(
            model,
            z=latent.path(*ends[name], steps, method),
            temperature=temperature,
            seed=[seed] * steps,
            words=_words(model, ends[name], words, labels_lib.along, steps),
            progress=progress,
        )
        for name, model in models.items()
    }
    return plate(drawn, temperature=temperature, given=given, style=style)


def plate(
    drawn: Mapping[str, sampling.Drawings],
    *,
    temperature: float,
    given: Sequence[np.ndarray] | None = None,
    style: plates.Style = plates.PLAIN,
) -> plates.Plate:
    """Shows a row of drawings a model, wherever they were drawn.

    Args:
      drawn: Of each model, by what to call it; as many of each.
      temperature: tau that they were drawn with.
      given: The two sketches that they lie between, shown beside.
      style: How it looks.
    """
    cells, drawings = [], []
    for name, row in drawn.items():
        steps = len(row.sketches)
        shown = row.sketches
        cells += [given[0], *shown, given[1]] if given is not None else shown
        drawings += plates.listed(row, temperature, name)
    columns = steps + (2 if given is not None else 0)
    colors = drawing.palette.between(
        drawing.palette.CORNERS[0], drawing.palette.CORNERS[2], steps
    )
    framed = []
    if given is not None:
        colors = ["black", *colors, "black"]
        framed = [i for i in range(len(cells)) if i % columns in (0, steps + 1)]
    picture = style.grid(
        cells,
        columns=columns,
        row_labels=list(drawn) if len(drawn) > 1 else None,
        colors=colors * len(drawn),
        framed=framed,
    )
    return plates.Plate(picture, drawings)


def corners(
    model: "vae.SketchRNN",
    ends: np.ndarray,
    *,
    rows: int = 8,
    columns: int = 8,
    method: str = "slerp",
    temperature: float = 0.2,
    seed: int = 0,
    words: labels_lib.Words | None = None,
    style: plates.Style = plates.PLAIN,
    progress: Callable[[int], None] | None = None,
) -> plates.Plate:
    """Draws what lies between four corners, as Figures 1, 6, 11, 15 and 16.

    Args:
      model: A conditional model.
      ends: float [4, Z], top left, top right, bottom left, bottom right.
      rows: Of the grid, at least 2.
      columns: Of the grid, at least 2.
      method: One of `latent.METHODS`.
      temperature: tau.
      seed: Of all drawings.
      words: For a class-conditioned model: a word, or one a corner, where
        every drawing has that of the nearest one.
      style: How it looks.
      progress: As for `sampling.sample`.

    Raises:
      ValueError: If the model has no encoder or an end has the wrong size.
    """
    z = latent.grid(ends, rows, columns, method)
    return _grid(
        model,
        z.reshape(rows * columns, -1),
        _words(model, ends, words, labels_lib.between, rows, columns),
        drawing.palette.corners(rows, columns),
        columns,
        temperature,
        seed,
        style,
        progress,
    )


def walk(
    model: "vae.SketchRNN",
    *,
    steps: int = 36,
    start: np.ndarray | None = None,
    temperature: float = 0.2,
    seed: int = 0,
    words: labels_lib.Words | None = None,
    style: plates.Style = plates.PLAIN,
    progress: Callable[[int], None] | None = None,
) -> plates.Plate:
    """Draws a random walk through the latent space that comes back.

    Args:
      model: A conditional model.
      steps: Drawings; the last one leads to the first.
      start: float [Z], where it begins; None draws that, too.
      temperature: tau.
      seed: Of the walk and of all drawings.
      words: For a class-conditioned model: a word, or one a drawing.
      style: How it looks.
      progress: As for `sampling.sample`.

    Raises:
      ValueError: If the model has no encoder or an argument is out of range.
    """
    z = latent.loop(model.config.z_size, steps, seed, start)
    half = -(-steps // 2)
    there = drawing.palette.between(*drawing.palette.CORNERS[::3], half + 1)
    colors = (there[:-1] + there[:0:-1])[:steps]
    labels = labels_lib.of(model.config, words, list(z))
    words = labels_lib.words_of(labels, model.config)
    return _grid(
        model, z, words, colors, None, temperature, seed, style, progress
    )


def _words(model, ends, words, spread, *sizes):
    """Returns the word of each drawing, given those of the ends."""
    words = labels_lib.suited(words, model.config)
    labels = labels_lib.of(model.config, words, list(ends))
    return spread(labels_lib.words_of(labels, model.config), *sizes)


def _grid(model, z, words, colors, columns, temperature, seed, style, progress):
    drawn = sampling.sample(
        model,
        z=z,
        temperature=temperature,
        seed=[seed] * len(z),
        words=words,
        progress=progress,
    )
    picture = style.grid(drawn.sketches, columns=columns, colors=colors)
    return plates.Plate(picture, plates.listed(drawn, temperature))
