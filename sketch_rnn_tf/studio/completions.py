"""Completions: several endings of one beginning."""

from collections.abc import Callable, Sequence

import numpy as np

from sketch_rnn_tf import labels as labels_lib
from sketch_rnn_tf.generation import encoding, sampling, selection
from sketch_rnn_tf.model import vae
from sketch_rnn_tf.studio import plates


def endings(
    model: "vae.SketchRNN",
    beginnings: Sequence[np.ndarray],
    *,
    count: int = 4,
    temperature: float = 0.8,
    softmax_temperature: float | None = None,
    best_of: int = 1,
    seed: int = 0,
    words: labels_lib.Words | None = None,
    style: plates.Style = plates.PLAIN,
    progress: Callable[[int], None] | None = None,
) -> plates.Plate:
    """Draws endings in red, a row a beginning, as Figure 19 does.

    Args:
      model: The model.
      beginnings: Stroke-3 of fewer than N_max points.
      count: Endings of each.
      temperature: tau.
      softmax_temperature: As for `sampling.sample`.
      best_of: Endings that are made for each, of which the likeliest is kept.
      seed: Of the first drawing.
      words: For a class-conditioned model, a word or one a beginning, see
        `labels.of`.
      style: How it looks.
      progress: As for `sampling.sample`.

    Raises:
      ValueError: If a beginning does not fit or an argument is out of range.
    """
    labels = labels_lib.of(model.config, words, beginnings)
    if labels is not None:
        labels = np.repeat(labels, count * best_of)
    prefixes = [p for p in beginnings for _ in range(count * best_of)]
    z = None
    if model.config.conditional:
        z, _ = encoding.encode(model, beginnings)
        z = np.repeat(z, count * best_of, axis=0)
    drawn = sampling.complete(
        model,
        prefixes,
        temperature=temperature,
        softmax_temperature=softmax_temperature,
        seed=seed,
        z=z,
        words=labels_lib.words_of(labels, model.config),
        progress=progress,
    )
    drawn = selection.best(model, drawn, of=best_of)
    return plate(drawn, count=count, temperature=temperature, style=style)


def plate(
    drawn: sampling.Drawings,
    *,
    count: int,
    temperature: float,
    style: plates.Style = plates.PLAIN,
) -> plates.Plate:
    """Shows endings in red, a row a beginning, wherever they were drawn.

    Args:
      drawn: The endings, those of a beginning one after the other.
      count: Endings of each.
      temperature: tau that they were drawn with.
      style: How it looks.
    """
    picture = style.grid(
        drawn.sketches,
        columns=count,
        prefix_lengths=drawn.prefix_lengths.tolist(),
    )
    return plates.Plate(picture, plates.listed(drawn, temperature))
