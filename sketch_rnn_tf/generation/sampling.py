"""Drawing with a model: new sketches, reconstructions and completions.

Everything here is in the user's units; `slots` draws many at once, `sampler`
has the graphs, and `randomness` says how a seed makes a drawing.
"""

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np

from sketch_rnn_tf import labels as labels_lib, randomness, strokes
from sketch_rnn_tf.data import input_pipeline
from sketch_rnn_tf.generation import encoding, sampler, slots
from sketch_rnn_tf.model import next_point, vae


class Drawings(NamedTuple):
    """Sketches that a model has drawn.

    Attributes:
      sketches: List of stroke-3, float32 [N, 3], N from 0 to max_len, in the
        user's units.
      z: float32 [B, Z]; None from an unconditional model.
      seeds: int32 [B].
      prefix_lengths: int32 [B], points that were given, not drawn.
      words: Of each what it was asked to be; None from a model that is not
        class-conditioned.
    """

    sketches: list[np.ndarray]
    z: np.ndarray | None
    seeds: np.ndarray
    prefix_lengths: np.ndarray
    words: list[str] | None = None


def sample(
    model: "vae.SketchRNN",
    *,
    count: int | None = None,
    temperature: float | Sequence[float] = 1.0,
    softmax_temperature: float | Sequence[float] | None = None,
    seed: int | Sequence[int] = 0,
    z: np.ndarray | None = None,
    words: labels_lib.Words | None = None,
    max_len: int | None = None,
    progress: Callable[[int], None] | None = None,
) -> Drawings:
    """Draws new sketches, from the prior or from given latent vectors.

    Drawing i has the seed `seed` + i, for its z (where `z` is None) and for
    its points; it does not depend on the others of its batch.

    Args:
      model: The model.
      count: Number of drawings; may be left out where `z` is given.
      temperature: tau, a number or one for each drawing (Eq. 9); 0 is
        greedy: the likeliest component's mean and the likeliest pen state.
      softmax_temperature: Divides the logits of the mixture and of the pen in
        place of tau, a number or one for each drawing; None leaves tau.
      seed: Of the first drawing, 0 to 2**31 - count; or one for each.
      z: float [B, Z], the latent vectors; None draws them from N(0, I).
      words: For a class-conditioned model: a word for all drawings, or one
        for each; None goes round the model's words in their order.
      max_len: Points at most; the model's N_max if None.
      progress: Called with the number of drawings that have ended since it
        was last called.

    Returns:
      The drawings.

    Raises:
      ValueError: If an argument is out of range or of the wrong shape.
    """
    config = model.config
    if z is not None:
        z = checked_z(z, model, count)
        count = len(z)
    if count is None or count < 1:
        raise ValueError(f"count: expected at least 1, got {count}")
    seeds = checked_seeds(seed, count)
    if z is None and config.conditional:
        z = randomness.prior(seeds, z_size=config.z_size).numpy()
    labels = labels_lib.of(config, words, count)
    temperatures = (temperature, softmax_temperature)
    return _draw(
        model, z, labels, temperatures, seeds, max_len, progress=progress
    )


def reconstruct(
    model: "vae.SketchRNN",
    sketches: Sequence[np.ndarray],
    *,
    temperature: float | Sequence[float] = 1.0,
    softmax_temperature: float | Sequence[float] | None = None,
    seed: int | Sequence[int] = 0,
    sample_z: bool = True,
    words: labels_lib.Words | None = None,
    progress: Callable[[int], None] | None = None,
) -> Drawings:
    """Encodes sketches and draws them again from their z.

    Args:
      model: A conditional model.
      sketches: Stroke-3 of at most N_max points, the user's units.
      temperature: tau, a number or one for each sketch.
      softmax_temperature: As for `sample`.
      seed: Of the first drawing, drawing i has `seed` + i; or one for each.
      sample_z: Whether z is sampled from the posterior (Eq. 2) or its mean.
      words: For a class-conditioned model: a word for all, or one for each
        sketch; None takes the labels of `labels.Labelled` sketches.
      progress: As for `sample`.

    Returns:
      The drawings, one for each sketch.

    Raises:
      ValueError: If the model is unconditional or an argument is out of
        range.
    """
    labels = labels_lib.of(model.config, words, sketches)
    mu, log_var = encoding.encode(model, sketches)
    seeds = checked_seeds(seed, len(mu))
    z = mu
    if sample_z:
        z = encoding.sampled_z(mu, log_var, seeds)
    temperatures = (temperature, softmax_temperature)
    return _draw(model, z, labels, temperatures, seeds, None, progress=progress)


def complete(
    model: "vae.SketchRNN",
    sketches: Sequence[np.ndarray],
    *,
    temperature: float | Sequence[float] = 1.0,
    softmax_temperature: float | Sequence[float] | None = None,
    seed: int | Sequence[int] = 0,
    z: np.ndarray | None = None,
    words: labels_lib.Words | None = None,
    max_len: int | None = None,
    progress: Callable[[int], None] | None = None,
) -> Drawings:
    """Goes on with incomplete sketches.

    The decoder reads the given points, then draws the rest (section 4.3.1).
    A conditional model takes z as the mean of the encoding of the given
    points, unless z is passed.

    Args:
      model: The model.
      sketches: Stroke-3 of fewer than `max_len` points, the user's units.
        A last point whose pen is not lifted leaves its stroke open.
      temperature: tau, a number or one for each sketch.
      softmax_temperature: As for `sample`.
      seed: Of the first drawing, drawing i has `seed` + i; or one for each.
      z: float [B, Z]; conditional models only.
      words: For a class-conditioned model: a word for all, or one for each
        sketch; None takes the labels of `labels.Labelled` sketches.
      max_len: Points at most, the given ones included; N_max if None.
      progress: As for `sample`.

    Returns:
      The drawings, given points included; `prefix_lengths` counts those.

    Raises:
      ValueError: If an argument is out of range or of the wrong shape.

    References:
      Section 4.3.1, Ha & Eck (2017).
    """
    if not len(sketches):
        raise ValueError("sketches: expected at least one, got none")
    labels = labels_lib.of(model.config, words, sketches)
    if z is not None:
        z = checked_z(z, model, len(sketches))
    elif model.config.conditional:
        z, _ = encoding.encode(model, sketches)
    seeds = checked_seeds(seed, len(sketches))
    temperatures = (temperature, softmax_temperature)
    return _draw(
        model, z, labels, temperatures, seeds, max_len, sketches, progress
    )


def _draw(
    model,
    z,
    labels,
    temperatures,
    seeds,
    max_len,
    given=None,
    progress=None,
):
    config = model.config
    count = len(seeds)
    if max_len is None:
        max_len = config.max_len
    if max_len < 1:
        raise ValueError(f"max_len: expected at least 1, got {max_len}")
    temperature, softmax_temperature = temperatures
    temperature = _temperatures("temperature", temperature, count)
    if softmax_temperature is None:
        softmax_temperature = np.full(
            count, next_point.SAME_TEMPERATURE, np.float32
        )
    else:
        softmax_temperature = _temperatures(
            "softmax_temperature", softmax_temperature, count
        )
    prefix_lengths = np.zeros(count, np.int32)
    prefixes = None
    if given is not None:
        prefixes = _prefixes(given, max_len, config)
        prefix_lengths[:] = [len(prefix) for prefix in prefixes]
    drawn = slots.draw(
        sampler.of(model),
        slots.Requests(
            z=conditioned(model, z, labels, count),
            temperature=temperature,
            softmax_temperature=softmax_temperature,
            seeds=seeds,
            prefixes=prefixes,
            max_len=max_len,
        ),
        progress=progress,
    )
    sketches = []
    for points in drawn:
        stroke3 = points[:, [0, 1, 2 + strokes.PEN_UP]]
        stroke3[:, :2] *= config.scale_factor
        sketches.append(stroke3)
    words = labels_lib.words_of(labels, config)
    return Drawings(sketches, z, seeds, prefix_lengths, words)


def conditioned(
    model: "vae.SketchRNN",
    z: np.ndarray | None,
    labels: np.ndarray | None,
    count: int,
) -> np.ndarray:
    """Returns what the decoder sees as z, of drawings.

    Args:
      model: The model.
      z: float [B, Z]; None of an unconditional model.
      labels: int32 [B]; None without class conditioning.
      count: B.

    Returns:
      float32 [B, Z + class_size], or what there is of it.
    """
    if z is not None:
        z = np.float32(z)
    joined = z if labels is None else model.conditioned(z, labels)
    return (
        np.zeros((count, 0), np.float32)
        if joined is None
        else np.asarray(joined)
    )


def _prefixes(given, max_len, config):
    """Returns stroke-5 [P, 5] of each, in scale_factor units."""
    for index, sketch in enumerate(given):
        strokes.validate_stroke3(sketch, name=f"sketch {index}")
        if len(sketch) >= max_len:
            raise ValueError(
                f"sketch {index}: expected fewer points than max_len, "
                f"{max_len}, got {len(sketch)}"
            )
    batch = input_pipeline.to_batch(
        given, config.replace(max_len=max_len, bucket_boundaries=())
    )
    rows = batch["strokes"].numpy()[:, 1:]
    lengths = batch["lengths"].numpy()
    return [r[:n] for r, n in zip(rows, lengths, strict=True)]


def _temperatures(name, values, count):
    values = np.asarray(values, np.float32)
    if not (np.isfinite(values) & (values >= 0)).all():
        raise ValueError(
            f"{name}: expected a finite number of at least 0, got {values}"
        )
    if values.shape not in ((), (count,)):
        raise ValueError(
            f"{name}: expected one number or {count}, "
            f"got shape {list(values.shape)}"
        )
    return np.broadcast_to(values, [count])


def checked_seeds(seed: int | Sequence[int], count: int) -> np.ndarray:
    """Returns the seeds of drawings, int32 [B].

    Args:
      seed: Of the first drawing, or one for each.
      count: B.

    Raises:
      ValueError: If they are out of range, or not as many.
    """
    if np.ndim(seed):
        seeds = np.asarray(seed)
        if seeds.shape != (count,) or seeds.dtype.kind not in "iu":
            raise ValueError(
                f"seed: expected {count} whole numbers, got "
                f"{seeds.dtype} of shape {list(seeds.shape)}"
            )
        if not ((seeds >= 0) & (seeds < 2**31)).all():
            raise ValueError(f"seed: expected 0 to {2**31 - 1}, got {seeds}")
        return seeds.astype(np.int32)
    if not 0 <= seed <= 2**31 - count:
        raise ValueError(
            f"seed: expected 0 to {2**31 - count} for {count} drawings, "
            f"got {seed}"
        )
    return np.arange(seed, seed + count, dtype=np.int64).astype(np.int32)


def checked_z(
    z: np.ndarray, model: "vae.SketchRNN", count: int | None
) -> np.ndarray:
    """Returns latent vectors for a model, float32 [B, Z].

    Args:
      z: float [B, Z].
      model: The model.
      count: B; None takes any.

    Raises:
      ValueError: If the model is unconditional, or they are of another shape,
        not as many or not finite.
    """
    if not model.config.conditional:
        raise ValueError("z: expected None, as the model is unconditional")
    z = np.asarray(z, np.float32)
    z_size = model.config.z_size
    if z.ndim != 2 or z.shape[1] != z_size:
        raise ValueError(
            f"z: expected shape [B, {z_size}], got {list(z.shape)}"
        )
    if count not in (None, len(z)):
        raise ValueError(f"z: expected {count} latent vectors, got {len(z)}")
    if not np.isfinite(z).all():
        raise ValueError("z: expected finite numbers, got NaN or infinity")
    return z
