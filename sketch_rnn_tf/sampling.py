"""Sampling: one graph that draws a batch of sketches, each from its seed.

Randomness is a contract that Python, the SavedModel and the browser share.
A drawing has an int32 seed.  Its uniforms are

    u = tf.random.stateless_uniform([max_len, 4], [seed, 0], alg="philox")

whose rows do not depend on max_len.  Point t takes u[t, 0] for the mixture
component and u[t, 1] for the pen state, both by inverse CDF in index order,
and two normals from u[t, 2] and u[t, 3] by Box-Muller (see `box_muller`).  A
z from the prior takes its dimensions, two a pair, from

    u = tf.random.stateless_uniform([ceil(Z / 2), 2], [seed, 1], alg="philox")

Under XLA these ops draw otherwise: nothing here may be compiled with it.

In this module `decode` and what it calls work in scale_factor units, and the
functions of a model (`sample`, `reconstruct`, `complete`, `encode`) in the
user's units.
"""

import math
import weakref
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import tensorflow as tf

from sketch_rnn_tf import (
    decoder as decoder_lib,
    distributions,
    input_pipeline,
    strokes,
    vae,
)

_POINTS, _PRIOR = 0, 1


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
    seed: int = 0,
    z: np.ndarray | None = None,
    max_len: int | None = None,
) -> Drawings:
    """Draws new sketches, from the prior or from given latent vectors.

    Drawing i has the seed `seed` + i, for its z (where `z` is None) and for
    its points; it does not depend on the others of its batch.

    Args:
      model: The model.
      count: Number of drawings; may be left out where `z` is given.
      temperature: tau, a number or one for each drawing (Eq. 9); 0 is
        greedy: the likeliest component's mean and the likeliest pen state.
      seed: Of the first drawing, 0 to 2**31 - count.
      z: float [B, Z], the latent vectors; None draws them from N(0, I).
      max_len: Points at most; the model's N_max if None.

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
        z = prior(seeds, z_size=config.z_size).numpy()
    return _draw(model, z, temperature, seeds, max_len)


def reconstruct(
    model: "vae.SketchRNN",
    sketches: Sequence[np.ndarray],
    *,
    temperature: float | Sequence[float] = 1.0,
    seed: int = 0,
    sample_z: bool = True,
) -> Drawings:
    """Encodes sketches and draws them again from their z.

    Args:
      model: A conditional model.
      sketches: Stroke-3 of at most N_max points, the user's units.
      temperature: tau, a number or one for each sketch.
      seed: Of the first drawing; drawing i has `seed` + i.
      sample_z: Whether z is sampled from the posterior (Eq. 2) or its mean.

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
        noise = prior(seeds, z_size=model.config.z_size).numpy()
        z = mu + np.exp(log_var / 2) * noise
    return _draw(model, z, temperature, seeds, None)


def complete(
    model: "vae.SketchRNN",
    sketches: Sequence[np.ndarray],
    *,
    temperature: float | Sequence[float] = 1.0,
    seed: int = 0,
    z: np.ndarray | None = None,
    max_len: int | None = None,
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
      seed: Of the first drawing; drawing i has `seed` + i.
      z: float [B, Z]; conditional models only.
      max_len: Points at most, the given ones included; N_max if None.

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
    return _draw(model, z, temperature, seeds, max_len, sketches)


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
    batch = input_pipeline.to_batch(sketches, model.config)
    mu, log_var = sampler(model).encode(
        batch["strokes"][:, 1:], batch["lengths"]
    )
    return mu.numpy(), log_var.numpy()


class Sampler:
    """The graphs that encode and draw with one model, in scale_factor units.

    Args:
      model: The model.
    """

    def __init__(self, model: "vae.SketchRNN"):
        encoder, decoder = model.encoder, model.decoder
        start_point = model.config.start_point
        compatibility = model.config.compatibility
        width = decoder_lib.POINT_SIZE
        strokes_spec = tf.TensorSpec([None, None, width], tf.float32)
        ints = tf.TensorSpec([None], tf.int32)
        floats = tf.TensorSpec([None], tf.float32)
        # An unconditional decoder has a z of size 0.
        z_spec = tf.TensorSpec([None, decoder.z_size], tf.float32)
        if encoder is not None:

            @tf.function(input_signature=[strokes_spec, ints])
            def encode(strokes, lengths):
                posterior = encoder(strokes, lengths)
                return posterior.loc, 2.0 * tf.math.log(posterior.scale)

            self.encode = encode

        @tf.function(
            input_signature=[z_spec, floats, ints, ints, strokes_spec, ints]
        )
        def draw(z, temperature, seeds, max_len, prefix, prefix_lengths):
            return decode(
                decoder,
                z,
                temperature,
                seeds,
                max_len,
                prefix=prefix,
                prefix_lengths=prefix_lengths,
                start_point=start_point,
                compatibility=compatibility,
            )

        self.draw = draw


_samplers: "weakref.WeakKeyDictionary" = weakref.WeakKeyDictionary()


def sampler(model: "vae.SketchRNN") -> Sampler:
    """Returns the model's `Sampler`, made on first use."""
    if model not in _samplers:
        # The graphs hold the layers, not the model: it can be collected.
        _samplers[model] = Sampler(model)
    return _samplers[model]


def uniforms(seeds: tf.Tensor, stream: int, shape: list) -> tf.Tensor:
    """Draws the uniforms of each drawing.

    Args:
      seeds: int32 [B].
      stream: 0 for points, 1 for z.
      shape: Shape of one drawing's uniforms.

    Returns:
      float32 [B, ...] in [0, 1).
    """

    def draw(seed):
        return tf.random.stateless_uniform(
            shape, tf.stack([seed, stream]), alg="philox"
        )

    return tf.map_fn(draw, seeds, fn_output_signature=tf.float32)


def box_muller(u_2: tf.Tensor, u_3: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    """Makes two independent standard normals of two uniforms.

    n1, n2 = sqrt(-2 log(1 - u2)) * (cos, sin)(2 pi u3)

    Args:
      u_2: float [...], in [0, 1).
      u_3: float [...], in [0, 1).

    Returns:
      n1 and n2, float [...].
    """
    radius = tf.sqrt(-2.0 * tf.math.log1p(-u_2))
    angle = 2.0 * math.pi * u_3
    return radius * tf.cos(angle), radius * tf.sin(angle)


def prior(seeds: tf.Tensor, *, z_size: int) -> tf.Tensor:
    """Draws z from N(0, I), each from its seed.

    Args:
      seeds: int32 [B].
      z_size: Latent dimensions, N_z.

    Returns:
      float32 [B, Z].
    """
    pairs = uniforms(seeds, _PRIOR, [-(-z_size // 2), 2])
    normals = tf.stack(box_muller(pairs[..., 0], pairs[..., 1]), axis=-1)
    return tf.reshape(normals, [tf.shape(seeds)[0], -1])[:, :z_size]


def decode(
    decoder: "decoder_lib.Decoder",
    z: tf.Tensor | None,
    temperature: tf.Tensor,
    seeds: tf.Tensor,
    max_len: tf.Tensor,
    *,
    prefix: tf.Tensor,
    prefix_lengths: tf.Tensor,
    start_point: Sequence[float],
    compatibility: str = "none",
) -> tuple[tf.Tensor, tf.Tensor]:
    """Draws a batch of sketches, in one loop that ends with the last.

    Args:
      decoder: The decoder.
      z: float32 [B, Z]; None for an unconditional decoder.
      temperature: float32 [B], tau >= 0; 0 is greedy.
      seeds: int32 [B].
      max_len: int32 [B], points at most, those of the prefix included.
      prefix: float32 [B, P, 5], points to begin with, scale_factor units.
      prefix_lengths: int32 [B], how many of them count.
      start_point: S_0, 5 numbers.
      compatibility: As of the configuration.

    Returns:
      strokes, float32 [B, T, 5], scale_factor units, T = max(1, max_len), end
      rows from each length on; and lengths, int32 [B].

    References:
      Eq. 9 and section 3.3, Ha & Eck (2017).
    """
    batch_size = tf.shape(seeds)[0]
    # One step at least: an array that nothing was written to has no shape.
    num_steps = tf.maximum(tf.reduce_max(max_len), 1)
    u = uniforms(seeds, _POINTS, [num_steps, 4])
    u = tf.transpose(u, [1, 0, 2])  # [T, B, 4]
    prefix_steps = tf.shape(prefix)[1]
    given = tf.transpose(
        tf.pad(prefix, [[0, 0], [0, 1], [0, 0]]), [1, 0, 2]
    )  # [P + 1, B, 5]
    end_point = tf.constant(strokes.END_POINT)
    condition = decoder.condition(z)
    points = tf.TensorArray(
        tf.float32, num_steps, element_shape=[None, decoder_lib.POINT_SIZE]
    )

    def body(t, point, state, ended, lengths, points):
        params, state = decoder.advance(point, condition, state)
        point = sample_point(
            params, u[t], temperature, compatibility=compatibility
        )
        in_prefix = (t < prefix_lengths)[:, None]
        point = tf.where(in_prefix, given[tf.minimum(t, prefix_steps)], point)
        ended |= (point[:, 2 + strokes.END] > 0) | (t >= max_len)
        point = tf.where(ended[:, None], end_point, point)
        lengths += tf.cast(~ended, tf.int32)
        return t + 1, point, state, ended, lengths, points.write(t, point)

    def going(t, point, state, ended, *_):
        return (t < num_steps) & ~tf.reduce_all(ended)

    start = tf.tile(tf.constant(start_point, tf.float32)[None], [batch_size, 1])
    t, *_, lengths, points = tf.while_loop(
        going,
        body,
        (
            tf.constant(0),
            start,
            decoder.initial_state(z, batch_size=batch_size),
            tf.zeros([batch_size], tf.bool),
            tf.zeros([batch_size], tf.int32),
            points,
        ),
    )
    drawn = tf.transpose(points.stack(), [1, 0, 2])[:, :t]
    padding = tf.broadcast_to(
        end_point, [batch_size, num_steps - t, decoder_lib.POINT_SIZE]
    )
    return tf.concat([drawn, padding], axis=1), lengths


def temperatures(
    temperature: tf.Tensor, compatibility: str
) -> tuple[tf.Tensor, tf.Tensor]:
    """Returns what divides the logits and what multiplies the variances.

    Both are tau in the paper (Eq. 9).  The reference implementation scales
    sigma, not its square, by tau; sketch-rnn-js softens the logits less.

    Args:
      temperature: tau, float32 [B].
      compatibility: As of the configuration.

    Returns:
      Two float32 [B].
    """
    if compatibility == "magenta":
        return temperature, tf.square(temperature)
    if compatibility == "sketch_rnn_js":
        return 0.5 + 0.5 * temperature, temperature
    return temperature, temperature


def sample_point(
    params: tf.Tensor,
    u: tf.Tensor,
    temperature: tf.Tensor,
    *,
    compatibility: str = "none",
) -> tf.Tensor:
    """Draws the next point of each sketch (Eq. 9).

    Args:
      params: float32 [B, 6 M + 3], the decoder's output.
      u: float32 [B, 4], uniforms.
      temperature: float32 [B], tau >= 0; 0 is greedy.
      compatibility: As of the configuration.

    Returns:
      float32 [B, 5], stroke-5.
    """
    greedy = temperature <= 0
    logits_temperature, variance_temperature = temperatures(
        tf.where(greedy, 1.0, temperature), compatibility
    )
    predicted = distributions.point_distribution(
        params,
        temperature=logits_temperature,
        variance_temperature=variance_temperature,
    )
    mixture = predicted.offset.mixture_distribution.logits  # [B, M]
    component = _pick(mixture, u[:, 0], greedy)
    pen = _pick(predicted.pen.logits, u[:, 1], greedy)
    normals = predicted.offset.components_distribution

    def picked(parameter):
        return tf.gather(parameter, component, batch_dims=1)

    mean = normals.mean()
    loc = (picked(mean[..., 0]), picked(mean[..., 1]))
    n_1, n_2 = box_muller(u[:, 2], u[:, 3])
    dx, dy = distributions.correlated(
        n_1,
        n_2,
        loc,
        (picked(normals.scale_x), picked(normals.scale_y)),
        picked(normals.atanh_rho),
    )
    offset = tf.where(
        greedy[:, None], tf.stack(loc, axis=1), tf.stack([dx, dy], axis=1)
    )
    return tf.concat([offset, tf.one_hot(pen, 3)], axis=1)


def _pick(logits, u, greedy):
    """Picks an index by inverse CDF in index order; the likeliest if greedy."""
    cumulative = tf.cumsum(tf.nn.softmax(logits), axis=-1)
    index = tf.reduce_sum(tf.cast(cumulative <= u[:, None], tf.int32), axis=-1)
    # The sum of all probabilities may round to less than a uniform.
    index = tf.minimum(index, logits.shape[-1] - 1)
    return tf.where(greedy, tf.argmax(logits, -1, tf.int32), index)


def _draw(model, z, temperature, seeds, max_len, prefixes=None):
    config = model.config
    count = len(seeds)
    if max_len is None:
        max_len = config.max_len
    if max_len < 1:
        raise ValueError(f"max_len: expected at least 1, got {max_len}")
    temperature = np.asarray(temperature, np.float32)
    if not (np.isfinite(temperature) & (temperature >= 0)).all():
        raise ValueError(
            "temperature: expected a finite number of at least 0, "
            f"got {temperature}"
        )
    if temperature.shape not in ((), (count,)):
        raise ValueError(
            f"temperature: expected one number or {count}, "
            f"got shape {list(temperature.shape)}"
        )
    prefix = np.zeros((count, 0, decoder_lib.POINT_SIZE), np.float32)
    prefix_lengths = np.zeros(count, np.int32)
    if prefixes is not None:
        for index, sketch in enumerate(prefixes):
            strokes.validate_stroke3(sketch, name=f"sketch {index}")
            if len(sketch) >= max_len:
                raise ValueError(
                    f"sketch {index}: expected fewer points than max_len, "
                    f"{max_len}, got {len(sketch)}"
                )
        batch = input_pipeline.to_batch(
            prefixes, config.replace(max_len=max_len)
        )
        prefix = batch["strokes"][:, 1:]
        prefix_lengths = batch["lengths"].numpy()
    drawn, lengths = sampler(model).draw(
        tf.zeros([count, 0]) if z is None else tf.constant(z, tf.float32),
        tf.constant(np.broadcast_to(temperature, [count])),
        tf.constant(seeds),
        tf.fill([count], max_len),
        prefix,
        tf.constant(prefix_lengths),
    )
    drawn = drawn.numpy()
    sketches = []
    for points, length in zip(drawn, lengths.numpy(), strict=True):
        stroke3 = points[:length, [0, 1, 2 + strokes.PEN_UP]]
        stroke3[:, :2] *= config.scale_factor
        sketches.append(stroke3)
    return Drawings(sketches, z, seeds, prefix_lengths)


def _seeds(seed, count):
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
