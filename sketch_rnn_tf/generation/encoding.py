"""Encoding: sketches in the user's units to the posterior of z (Eq. 2)."""

from collections.abc import Sequence

import numpy as np

from sketch_rnn_tf import randomness
from sketch_rnn_tf.data import input_pipeline
from sketch_rnn_tf.generation import sampler
from sketch_rnn_tf.model import vae

_ENCODED_AT_ONCE = 256


def encode(
    model: "vae.SketchRNN", sketches: Sequence[np.ndarray]
) -> tuple[np.ndarray, np.ndarray]:
    """Encodes sketches to the posterior of z (Eq. 2).

    Args:
      model: A conditional model.
      sketches: Stroke-3 of at most N_max points, the user's units.

    Returns:
      mu and log_var, float32 [B, Z]; sigma = exp(log_var / 2).

    Raises:
      ValueError: If the model is unconditional, or a sketch is not valid or
        longer than N_max.
    """
    if model.encoder is None:
        raise ValueError(
            "expected a conditional model, got one without an encoder"
        )
    if not len(sketches):
        raise ValueError("sketches: expected at least one, got none")
    input_pipeline.check(sketches, model.config)
    # Of like lengths, so that little of a batch is padding.
    order = np.argsort([len(s) for s in sketches], kind="stable")
    shape = (len(sketches), model.config.z_size)
    mu, log_var = np.empty(shape, np.float32), np.empty(shape, np.float32)
    for start in range(0, len(sketches), _ENCODED_AT_ONCE):
        chosen = order[start : start + _ENCODED_AT_ONCE]
        batch = input_pipeline.to_batch(
            [sketches[i] for i in chosen], model.config
        )
        mu[chosen], log_var[chosen] = sampler.of(model).encode(
            batch["strokes"][:, 1:], batch["lengths"]
        )
    return mu, log_var


def sampled_z(
    mu: np.ndarray, log_var: np.ndarray, seeds: np.ndarray, spread: float = 1.0
) -> np.ndarray:
    """Samples z from posteriors, each from its seed (Eq. 2).

    Args:
      mu: float32 [B, Z].
      log_var: float32 [B, Z].
      seeds: int32 [B].
      spread: What the standard deviations are multiplied by.

    Returns:
      float32 [B, Z].
    """
    noise = randomness.prior(seeds, z_size=mu.shape[1]).numpy()
    return mu + spread * np.exp(log_var / 2) * noise
