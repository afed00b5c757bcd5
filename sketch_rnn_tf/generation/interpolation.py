"""Interpolation: from one sketch to another, in the user's units."""

import numpy as np

from sketch_rnn_tf import labels as labels_lib, latent
from sketch_rnn_tf.generation import encoding, sampling
from sketch_rnn_tf.model import vae


def interpolate(
    model: "vae.SketchRNN",
    first: np.ndarray,
    last: np.ndarray,
    *,
    steps: int = 10,
    method: str = "slerp",
    temperature: float = 0.2,
    seed: int = 0,
    words: labels_lib.Words | None = None,
) -> sampling.Drawings:
    """Draws what lies between two sketches, all with one seed (Figure 12).

    Args:
      model: A conditional model.
      first: Stroke-3 of at most N_max points, the user's units.
      last: Likewise.
      steps: Drawings, those of both ends included.
      method: One of `latent.METHODS`.
      temperature: tau.
      seed: Of all drawings, which so differ by z alone.
      words: For a class-conditioned model: the word of both ends, or one of
        each, where every drawing has that of the nearer end.

    Returns:
      The drawings.

    Raises:
      ValueError: If the model is unconditional or an argument does not fit.
    """
    labels = labels_lib.of(model.config, words, [first, last])
    words = labels_lib.words_of(labels, model.config)
    ends, _ = encoding.encode(model, [first, last])
    return sampling.sample(
        model,
        z=latent.path(*ends, steps, method),
        temperature=temperature,
        seed=[seed] * steps,
        words=labels_lib.along(words, steps),
    )
