"""How well a model explains given sketches: likelihoods and losses of each.

The decoder reads the sketch itself (teacher forcing), so that every point is
predicted from the true points before it.
"""

import weakref
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
import tensorflow as tf

from sketch_rnn_tf import labels as labels_lib, strokes as strokes_lib
from sketch_rnn_tf.data import input_pipeline
from sketch_rnn_tf.generation import encoding, sampling
from sketch_rnn_tf.model import (
    decoder as decoder_lib,
    distributions,
    encoder,
    model_output,
    vae,
)

# Large enough for products at full speed, small enough that what is kept of
# N_max steps stays below 100 MB.
_BATCH_SIZE = 128


class Scores(NamedTuple):
    """What each of B sketches costs the model.

    Attributes:
      recon: L_R, float32 [B], nats over N_max, the steps from the end to
        N_max included (Eq. 10).
      kl: L_KL, float32 [B], nats per latent dimension (Eq. 11); zeros from
        an unconditional model.
      loss: recon + w_KL * kl, float32 [B] (Eq. 12).
      log_likelihood: log p(sketch | z), float32 [B], nats, summed over its
        points and its end row; of offsets in scale_factor units.
      lengths: N_s, int32 [B].
    """

    recon: np.ndarray
    kl: np.ndarray
    loss: np.ndarray
    log_likelihood: np.ndarray
    lengths: np.ndarray


class Reading(NamedTuple):
    """What the model makes of some of the sketches, in scale_factor units.

    Attributes:
      indexes: Which sketches these are, int64 [b].
      strokes: float32 [b, T + 1, 5], S_0 first.
      lengths: N_s, int32 [b].
      params: float32 [b, T, 6 M + 3]; those of row i predict row i + 1 of
        `strokes`.
      mu: Of the sketches' own encoding, float32 [b, Z]; None where no
        encoding was asked for, or from an unconditional model.
      log_var: Likewise.
    """

    indexes: np.ndarray
    strokes: tf.Tensor
    lengths: np.ndarray
    params: tf.Tensor
    mu: np.ndarray | None
    log_var: np.ndarray | None


def point_log_likelihoods(
    model: "vae.SketchRNN",
    sketches: Sequence[np.ndarray],
    *,
    z: np.ndarray | None = None,
    sample_z: bool = False,
    seed: int = 0,
    words: labels_lib.Words | None = None,
) -> list[np.ndarray]:
    """Computes how likely each point is, given those before it.

    Row i is log p(offset, pen state | points before, z); that of the end row
    is log p(pen state) alone.  Offsets are in scale_factor units: subtract
    2 log(scale_factor) from a point's value for a density per square pixel.

    Args:
      model: The model.
      sketches: Stroke-3 of at most N_max points, the user's units.
      z: float [B, Z]; None takes each sketch's own encoding.
      sample_z: Whether that is sampled from the posterior (Eq. 2) or its
        mean.
      seed: Of the first sketch's sample; sketch i has `seed` + i.
      words: For a class-conditioned model: a word for all, or one for each
        sketch; None takes the labels of `labels.Labelled` sketches.

    Returns:
      float32 [N + 1] of each sketch, nats, the last for its end row; [N] for
      a sketch of N_max points, which has none.

    Raises:
      ValueError: If a sketch is not valid or longer than N_max, or z or the
        seed does not fit.
    """
    found = [None] * len(sketches)
    for reading in read(
        model, sketches, z=z, sample_z=sample_z, seed=seed, words=words
    ):
        rows = _rows(reading)
        kept = _counted(reading)
        for index, row, count in zip(reading.indexes, rows, kept, strict=True):
            found[index] = row[:count]
    return found


def score(
    model: "vae.SketchRNN",
    sketches: Sequence[np.ndarray],
    *,
    sample_z: bool = False,
    seed: int = 0,
    words: labels_lib.Words | None = None,
) -> Scores:
    """Computes the losses of each sketch, and its likelihood.

    The means of `recon`, `kl` and `loss` are those that `evaluate` reports
    of the same sketches with the same z, `compatibility` included, but for
    the floor on kl there.  The steps after the end cost as much to compute as
    those before it: `point_log_likelihoods` does without.

    Args:
      model: The model.
      sketches: Stroke-3 of at most N_max points, the user's units.
      sample_z: Whether z is sampled from the posterior (Eq. 2) or its mean.
      seed: Of the first sketch's sample; sketch i has `seed` + i.
      words: For a class-conditioned model: a word for all, or one for each
        sketch; None takes the labels of `labels.Labelled` sketches.

    Returns:
      The scores.

    Raises:
      ValueError: As of `point_log_likelihoods`.
    """
    config = model.config
    scores = Scores(
        *np.zeros((4, len(sketches)), np.float32),
        np.array([len(sketch) for sketch in sketches], np.int32),
    )
    # The reference leaves out the pen states after the end.
    whole = config.compatibility != "magenta"
    for reading in read(
        model,
        sketches,
        sample_z=sample_z,
        seed=seed,
        whole=whole,
        words=words,
    ):
        posterior = None
        if reading.mu is not None:
            posterior = encoder.posterior(reading.mu, reading.log_var)
        points = distributions.point_distribution(reading.params)
        recon, kl = model.loss_terms(
            model_output.ModelOutput(points, posterior, None),
            reading.strokes,
            training=False,
        )
        index = reading.indexes
        scores.recon[index] = recon.offset + recon.pen
        scores.kl[index] = kl
        scores.log_likelihood[index] = [
            row[:count].sum()
            for row, count in zip(
                _rows(reading), _counted(reading), strict=True
            )
        ]
    return scores._replace(loss=scores.recon + config.kl_weight * scores.kl)


def read(
    model: "vae.SketchRNN",
    sketches: Sequence[np.ndarray],
    *,
    z: np.ndarray | None = None,
    sample_z: bool = False,
    seed: int = 0,
    whole: bool = False,
    words: labels_lib.Words | None = None,
) -> Iterator[Reading]:
    """Runs the decoder over sketches, those of like lengths together.

    Args:
      model: The model.
      sketches: Stroke-3 of at most N_max points, the user's units.
      z: float [B, Z]; None takes each sketch's own encoding.
      sample_z: Whether that is sampled or its mean.
      seed: Of the first sketch's sample; sketch i has `seed` + i.
      whole: Whether to go on to N_max instead of the longest sketch's end.
      words: For a class-conditioned model: a word for all, or one for each
        sketch; None takes the labels of `labels.Labelled` sketches.

    Yields:
      Readings, shortest sketches first, until all have come.

    Raises:
      ValueError: As of `point_log_likelihoods`.
    """
    config = model.config
    if not len(sketches):
        raise ValueError("sketches: expected at least one, got none")
    # All at once: a batch's own check would count within it.
    input_pipeline.check(sketches, config)
    labels = labels_lib.of(config, words, sketches)
    lengths = np.array([len(sketch) for sketch in sketches])
    if z is not None:
        z = sampling.checked_z(z, model, len(sketches))
    seeds = sampling.checked_seeds(seed, len(sketches))
    decode = _decoder(model)
    order = np.argsort(lengths, kind="stable")
    for first in range(0, len(order), _BATCH_SIZE):
        indexes = order[first : first + _BATCH_SIZE]
        chosen = [sketches[index] for index in indexes]
        mu = log_var = None
        if z is not None:
            latents = z[indexes]
        elif model.encoder is None:
            latents = None
        else:
            mu, log_var = encoding.encode(model, chosen)
            latents = mu
            if sample_z:
                latents = encoding.sampled_z(mu, log_var, seeds[indexes])
        latents = sampling.conditioned(
            model,
            latents,
            None if labels is None else labels[indexes],
            len(indexes),
        )
        steps = min(int(lengths[indexes[-1]]) + 1, config.max_len)
        if whole:
            steps = config.max_len
        batch = input_pipeline.to_batch(
            chosen, config.replace(max_len=steps, bucket_boundaries=())
        )
        params = decode(batch["strokes"][:, :-1], tf.constant(latents))
        yield Reading(
            indexes, batch["strokes"], lengths[indexes], params, mu, log_var
        )


def row_log_likelihoods(params: tf.Tensor, targets: tf.Tensor) -> tf.Tensor:
    """Computes log p of each row, given those before it.

    Args:
      params: float32 [B, T, 6 M + 3], the decoder's output; row i predicts
        row i of `targets`.
      targets: float32 [B, T, 5], stroke-5 without S_0, scale_factor units.

    Returns:
      Nats, float32 [B, T]; of an end row, that of its pen state alone.
    """
    points = distributions.point_distribution(params)
    offset = points.offset.log_prob(targets[..., :2])
    # An end row has no offset.
    offset = tf.where(targets[..., 2 + strokes_lib.END] > 0, 0.0, offset)
    pen = tf.nn.log_softmax(points.pen.logits)
    return offset + tf.reduce_sum(targets[..., 2:] * pen, axis=-1)


_decoders: "weakref.WeakKeyDictionary" = weakref.WeakKeyDictionary()


def _decoder(model):
    """Returns the graph that runs a model's decoder, made on first use."""
    if model not in _decoders:
        # It holds the layer, not the model, which can be collected.
        decoder = model.decoder

        @tf.function(
            input_signature=[
                tf.TensorSpec([None, None, decoder_lib.POINT_SIZE], tf.float32),
                tf.TensorSpec([None, decoder.z_size], tf.float32),
            ]
        )
        def decode(inputs, z):
            return decoder(inputs, z)

        _decoders[model] = decode
    return _decoders[model]


def _rows(reading):
    """Returns log p of each row, float32 [b, T]."""
    targets = reading.strokes[:, 1:]
    return row_log_likelihoods(reading.params, targets).numpy()


def _counted(reading):
    """Returns how many rows belong to each sketch, its end row included."""
    return np.minimum(reading.lengths + 1, reading.params.shape[1])
