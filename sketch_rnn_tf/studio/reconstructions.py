"""Reconstructions: sketches encoded and drawn again."""

from collections.abc import Callable, Mapping, Sequence

import numpy as np

from sketch_rnn_tf import drawing, labels as labels_lib
from sketch_rnn_tf.generation import encoding, sampling, selection
from sketch_rnn_tf.model import vae
from sketch_rnn_tf.studio import plates


def pairs(
    model: "vae.SketchRNN",
    sketches: Sequence[np.ndarray],
    *,
    temperature: float = 0.4,
    seed: int = 0,
    sample_z: bool = True,
    words: labels_lib.Words | None = None,
    style: plates.Style = plates.PLAIN,
    progress: Callable[[int], None] | None = None,
) -> plates.Plate:
    """Draws each sketch again below itself, as Figure 3 does.

    Args:
      model: A conditional model.
      sketches: Stroke-3 of at most N_max points.
      temperature: tau.
      seed: Of the first drawing.
      sample_z: Whether z is sampled or the mean.
      words: For a class-conditioned model, a word or one a sketch, see
        `labels.of`.
      style: How it looks.
      progress: As for `sampling.sample`.

    Raises:
      ValueError: If the model has no encoder or a sketch does not fit.
    """
    drawn = sampling.reconstruct(
        model,
        sketches,
        temperature=temperature,
        seed=seed,
        sample_z=sample_z,
        words=words,
        progress=progress,
    )
    return plate(sketches, drawn, temperature=temperature, style=style)


def plate(
    sketches: Sequence[np.ndarray],
    drawn: sampling.Drawings,
    *,
    temperature: float,
    label: str = "reconstructed",
    style: plates.Style = plates.PLAIN,
) -> plates.Plate:
    """Shows each sketch above how it was drawn again, wherever that was.

    Args:
      sketches: What was given.
      drawn: What was made of each.
      temperature: tau that they were drawn with.
      label: Of the lower row.
      style: How it looks.
    """
    picture = style.grid(
        [*sketches, *drawn.sketches],
        columns=len(sketches),
        row_labels=["given", label],
    )
    return plates.Plate(picture, plates.listed(drawn, temperature))


def table(
    models: Mapping[str, "vae.SketchRNN"],
    sketches: Sequence[np.ndarray],
    temperatures: Sequence[float],
    *,
    seed: int = 0,
    sample_z: bool = True,
    words: labels_lib.Words | None = None,
    labels: Sequence[str] | None = None,
    style: plates.Style = plates.PLAIN,
    progress: Callable[[int], None] | None = None,
) -> plates.Plate:
    """Draws a row for each sketch, over temperatures and models.

    As Figures 2, 9, 10 and 17 do with one model, and 13 with several.  All
    drawings of a sketch by a model have one z and one seed.

    Args:
      models: Conditional models by what to call them.
      sketches: Stroke-3 of at most N_max points.
      temperatures: tau of each column.
      seed: Of the first sketch.
      sample_z: Whether z is sampled or the mean.
      words: For a class-conditioned model, a word or one a sketch, see
        `labels.of`.
      labels: Of the rows.
      style: How it looks.
      progress: As for `sampling.sample`.

    Raises:
      ValueError: If a model has no encoder or a sketch does not fit.
    """
    columns, headers, colors = [list(sketches)], ["given"], ["black"]
    found = []
    for name, model in models.items():
        seeds = np.arange(seed, seed + len(sketches))
        for index, temperature in enumerate(temperatures):
            drawn = sampling.reconstruct(
                model,
                sketches,
                temperature=temperature,
                seed=seeds,
                sample_z=sample_z,
                words=labels_lib.suited(words, model.config),
                progress=progress,
            )
            columns.append(drawn.sketches)
            found.append(plates.listed(drawn, temperature, name))
            tau = plates.tau(temperature)
            if len(models) == 1:
                headers.append(tau)
            elif len(temperatures) == 1:
                headers.append(name)
            else:
                headers.append(f"{name}, {tau}" if not index else tau)
            colors += drawing.palette.temperatures(
                [max(temperature, drawing.palette.COLDEST)]
            )
    cells = [column[row] for row in range(len(sketches)) for column in columns]
    options = {}
    if len(temperatures) > 1:
        options["colors"] = colors * len(sketches)
    picture = style.grid(
        cells,
        columns=len(columns),
        column_labels=headers,
        row_labels=labels,
        framed=range(0, len(cells), len(columns)),
        **options,
    )
    drawings = [d[row] for row in range(len(sketches)) for d in found]
    return plates.Plate(picture, drawings)


def beautified(
    model: "vae.SketchRNN",
    sketches: Sequence[np.ndarray],
    *,
    temperature: float = 0.1,
    best_of: int = 8,
    seed: int = 0,
    words: labels_lib.Words | None = None,
    style: plates.Style = plates.PLAIN,
    progress: Callable[[int], None] | None = None,
) -> plates.Plate:
    """Redraws clumsy sketches: z is their mean, the hand is steady.

    Args:
      model: A conditional model.
      sketches: Stroke-3 of at most N_max points.
      temperature: tau; low, as the likeliest lines are the smoothest.
      best_of: Drawings that are made of each, of which the likeliest is kept.
      seed: Of the first drawing.
      words: For a class-conditioned model, a word or one a sketch, see
        `labels.of`.
      style: How it looks.
      progress: As for `sampling.sample`.

    Raises:
      ValueError: If the model has no encoder or a sketch does not fit.

    References:
      Section 5.2, Ha & Eck (2017).
    """
    labels = labels_lib.of(model.config, words, sketches)
    if labels is not None:
        labels = np.repeat(labels, best_of)
    z, _ = encoding.encode(model, sketches)
    drawn = sampling.sample(
        model,
        words=labels_lib.words_of(labels, model.config),
        z=np.repeat(z, best_of, axis=0),
        temperature=temperature,
        seed=seed,
        progress=progress,
    )
    drawn = selection.best(model, drawn, of=best_of)
    return plate(
        sketches,
        drawn,
        temperature=temperature,
        label="beautified",
        style=style,
    )
