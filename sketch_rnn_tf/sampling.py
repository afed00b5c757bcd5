"""Drawing with a model: new sketches, reconstructions and completions.

Everything here is in the user's units; `slots` draws many at once, `sampler`
has the graphs, and `randomness` says how a seed makes a drawing.
"""

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np

from sketch_rnn_tf import (
    input_pipeline,
    latent,
    randomness,
    sampler,
    slots,
    strokes,
    vae,
)


class Drawings(NamedTuple):
    """Sketches that a model has drawn.

    Attributes:
      sketches: List of stroke-3, float32 [N, 3], N from 0 to max_len, in the
        user's units.
      z: float32 [B, Z]; None from an unconditional model.
      seeds: int32 [B].
      prefix_lengths: int32 [B], points that were given, not drawn.
    """

    sketches: list[np.ndarray]
    z: np.ndarray | None
    seeds: np.ndarray
    prefix_lengths: np.ndarray


def sample(
    model: "vae.SketchRNN",
    *,
    count: int | None = None,
    temperature: float | Sequence[float] = 1.0,
    softmax_temperature: float | Sequence[float] | None = None,
    seed: int | Sequence[int] = 0,
    z: np.ndarray | None = None,
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
      max_len: Points at most; the model's N_max if None.
      progress: Called with the number of drawings that have ended since it
        was last called.

    Returns:
      The drawings.

    Raises:
      ValueError: If an argument is out of range or of the wrong shape.
    """
    config = model.config
    if not config.conditional and z is not None:
        raise ValueError("z: expected None, as the model is unconditional")
    if z is not None:
        z = _checked_z(z, config.z_size)
        if count is None:
            count = len(z)
        if len(z) != count:
            raise ValueError(
                f"z: expected {count} latent vectors, got {len(z)}"
            )
    if count is None or count < 1:
        raise ValueError(f"count: expected at least 1, got {count}")
    seeds = _seeds(seed, count)
    if z is None and config.conditional:
        z = randomness.prior(seeds, z_size=config.z_size).numpy()
    temperatures = (temperature, softmax_temperature)
    return _draw(model, z, temperatures, seeds, max_len, progress=progress)


def reconstruct(
    model: "vae.SketchRNN",
    sketches: Sequence[np.ndarray],
    *,
    temperature: float | Sequence[float] = 1.0,
    softmax_temperature: float | Sequence[float] | None = None,
    seed: int | Sequence[int] = 0,
    sample_z: bool = True,
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
      progress: As for `sample`.

    Returns:
      The drawings, one for each sketch.

    Raises:
      ValueError: If the model is unconditional or an argument is out of
        range.
    """
    mu, log_var = encode(model, sketches)
    seeds = _seeds(seed, len(mu))
    z = mu
    if sample_z:
        noise = randomness.prior(seeds, z_size=model.config.z_size).numpy()
        z = mu + np.exp(log_var / 2) * noise
    temperatures = (temperature, softmax_temperature)
    return _draw(model, z, temperatures, seeds, None, progress=progress)


def complete(
    model: "vae.SketchRNN",
    sketches: Sequence[np.ndarray],
    *,
    temperature: float | Sequence[float] = 1.0,
    softmax_temperature: float | Sequence[float] | None = None,
    seed: int | Sequence[int] = 0,
    z: np.ndarray | None = None,
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
      max_len: Points at most, the given ones included; N_max if None.
      progress: As for `sample`.

    Returns:
      The drawings, given points included; `prefix_lengths` counts those.

    Raises:
      ValueError: If an argument is out of range or of the wrong shape.

    References:
      Section 4.3.1, Ha & Eck (2017).
    """
    if not model.config.conditional and z is not None:
        raise ValueError("z: expected None, as the model is unconditional")
    if not len(sketches):
        raise ValueError("sketches: expected at least one, got none")
    if z is not None:
        z = _checked_z(z, model.config.z_size)
        if len(z) != len(sketches):
            raise ValueError(
                f"z: expected {len(sketches)} latent vectors, got {len(z)}"
            )
    elif model.config.conditional:
        z, _ = encode(model, sketches)
    seeds = _seeds(seed, len(sketches))
    temperatures = (temperature, softmax_temperature)
    return _draw(model, z, temperatures, seeds, max_len, sketches, progress)


def interpolate(
    model: "vae.SketchRNN",
    first: np.ndarray,
    last: np.ndarray,
    *,
    steps: int = 10,
    method: str = "slerp",
    temperature: float = 0.2,
    seed: int = 0,
) -> Drawings:
    """Draws what lies between two sketches, all with one seed (Figure 12).

    Args:
      model: A conditional model.
      first: Stroke-3 of at most N_max points, the user's units.
      last: Likewise.
      steps: Drawings, those of both ends included.
      method: One of `latent.METHODS`.
      temperature: tau.
      seed: Of all drawings, which so differ by z alone.

    Returns:
      The drawings.

    Raises:
      ValueError: If the model is unconditional or an argument does not fit.
    """
    ends, _ = encode(model, [first, last])
    return sample(
        model,
        z=latent.path(*ends, steps, method),
        temperature=temperature,
        seed=[seed] * steps,
    )


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


_ENCODED_AT_ONCE = 256


def _draw(model, z, temperatures, seeds, max_len, given=None, progress=None):
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
            count, sampler.SAME_TEMPERATURE, np.float32
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
            z=np.zeros((count, 0), np.float32) if z is None else np.float32(z),
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
    return Drawings(sketches, z, seeds, prefix_lengths)


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


def _seeds(seed, count):
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


def _checked_z(z, z_size):
    z = np.asarray(z, np.float32)
    if z.ndim != 2 or z.shape[1] != z_size:
        raise ValueError(
            f"z: expected shape [B, {z_size}], got {list(z.shape)}"
        )
    if not np.isfinite(z).all():
        raise ValueError("z: expected finite numbers, got NaN or infinity")
    return z
