"""Where the next point of a drawing may fall, as a model predicts it."""

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import tensorflow as tf
import tensorflow_probability as tfp

from sketch_rnn_tf import strokes
from sketch_rnn_tf.generation import scoring
from sketch_rnn_tf.model import distributions, next_point as next_point_lib, vae

tfd = tfp.distributions

# Every component is blurred by this much, in cells: a narrower one could fall
# between two centres.  At 0.6 the cells of a map miss 0.2 % of its integral.
_BLUR = 0.6
# Components of less weight cannot be seen.
_LEAST_WEIGHT = 1e-5


class Maps(NamedTuple):
    """Where the next point may fall at some steps of a drawing.

    Attributes:
      densities: float32 [S, H, W], row 0 at the top: the probability that
        the drawing goes on with a point here, for an area of 1 in the user's
        units squared; blurred by 0.6 cells.
      box: (left, top, right, bottom) around them, in the sketch's absolute
        coordinates: the user's units, the pen starting at (0, 0).
      going_on: float32 [S], the probability that the drawing does not end.
    """

    densities: np.ndarray
    box: tuple[float, float, float, float]
    going_on: np.ndarray


class Heat(NamedTuple):
    """An image of `Maps`, to be shown under the drawing.

    Attributes:
      image: float32 [H, W], from 0 to 1; [S, H, W] where steps were chosen.
      box: As of `Maps`.
    """

    image: np.ndarray
    box: tuple[float, float, float, float]


def next_point(
    model: "vae.SketchRNN",
    sketch: np.ndarray,
    *,
    z: np.ndarray | None = None,
    temperature: float = 1.0,
    word: str | None = None,
) -> distributions.PointDistribution:
    """Predicts each point of a drawing from those before it.

    Args:
      model: The model.
      sketch: Stroke-3 of at most N_max points, the user's units.
      z: float [Z]; None takes the mean of the sketch's own encoding.
      temperature: tau > 0 (Eq. 9).
      word: For a class-conditioned model, what the sketch is of.

    Returns:
      The distributions, batch shape [N + 1], offsets in the user's units:
      number i predicts point i, the last what comes after the sketch.  Batch
      shape [N] for N_max points, after which nothing can come.

    Raises:
      ValueError: If the sketch, z or the temperature does not fit.
    """
    if not 0 < temperature < math.inf:
        raise ValueError(
            f"temperature: expected a positive number, got {temperature}; "
            "at 0 there is a point, not a density"
        )
    if z is not None:
        z = np.asarray(z)[None]
    (reading,) = scoring.read(model, [sketch], z=z, words=word)
    config = model.config
    tau = tf.fill(tf.shape(reading.params)[1:2], float(temperature))
    logits, variance = next_point_lib.temperatures(tau, config.compatibility)
    points = distributions.point_distribution(
        reading.params[0], temperature=logits, variance_temperature=variance
    )
    normals = points.offset.components_distribution
    mean = normals.mean() * config.scale_factor  # [N + 1, M, 2]
    log_scale = math.log(config.scale_factor)
    return points._replace(
        offset=tfd.MixtureSameFamily(
            points.offset.mixture_distribution,
            distributions.BivariateNormal(
                mean[..., 0],
                mean[..., 1],
                tf.math.log(normals.scale_x) + log_scale,
                tf.math.log(normals.scale_y) + log_scale,
                normals.atanh_rho,
            ),
        )
    )


def maps(
    model: "vae.SketchRNN",
    sketch: np.ndarray,
    *,
    steps: Sequence[int] | None = None,
    resolution: int = 192,
    z: np.ndarray | None = None,
    temperature: float = 1.0,
    margin: float = 0.25,
    word: str | None = None,
) -> Maps:
    """Maps the density of the next point, in the drawing's own place.

    Args:
      model: The model.
      sketch: Stroke-3 of at most N_max points, the user's units.
      steps: Which points to predict, each from those before it: 0 is the
        first, N what comes after the sketch.  None maps all.
      resolution: Cells along the longer side of the box; they are square.
      z: float [Z]; None takes the mean of the sketch's own encoding.
      temperature: tau > 0 (Eq. 9).
      margin: What the box leaves around the drawing, of its longer side
        (of four scale factors at least).
      word: As for `next_point`.

    Returns:
      The maps.  What falls outside the box, and the probability of the end,
      is what their integrals lack of 1.

    Raises:
      ValueError: As of `next_point`, or if another argument is out of range.
    """
    if resolution < 2:
        raise ValueError(f"resolution: expected at least 2, got {resolution}")
    if not 0 < margin < math.inf:
        raise ValueError(f"margin: expected a positive number, got {margin}")
    points = next_point(model, sketch, z=z, temperature=temperature, word=word)
    count = points.pen.logits.shape[0]
    steps = np.arange(count) if steps is None else np.asarray(steps)
    if (
        steps.ndim != 1
        or steps.dtype.kind not in "iu"
        or not ((steps >= 0) & (steps < count)).all()
    ):
        raise ValueError(
            f"steps: expected whole numbers from 0 to {count - 1}, "
            f"got {steps.tolist()}"
        )
    offsets = np.asarray(sketch, np.float64)[:, :2]
    pen = np.concatenate([np.zeros((1, 2)), np.cumsum(offsets, axis=0)])
    least_side = 4.0 * model.config.scale_factor
    box, cell, shape = _box(sketch, resolution, margin, least_side)
    x = box[0] + cell * (np.arange(shape[1]) + 0.5)
    y = box[1] + cell * (np.arange(shape[0]) + 0.5)
    weights = tf.nn.softmax(points.offset.mixture_distribution.logits).numpy()
    going_on = 1.0 - tf.nn.softmax(points.pen.logits)[:, strokes.END].numpy()
    mean, covariance = _moments(points.offset.components_distribution)
    covariance += np.square(_BLUR * cell) * np.eye(2)
    densities = np.zeros((len(steps), *shape), np.float32)
    for density, step in zip(densities, steps, strict=True):
        for component in np.flatnonzero(weights[step] > _LEAST_WEIGHT):
            centre = pen[step] + mean[step, component]
            density += (going_on[step] * weights[step, component]) * _normal(
                x - centre[0], y - centre[1], covariance[step, component]
            )
    return Maps(densities, box, going_on[steps])


def heat(
    model: "vae.SketchRNN",
    sketch: np.ndarray,
    *,
    steps: Sequence[int] | None = None,
    resolution: int = 192,
    z: np.ndarray | None = None,
    temperature: float = 1.0,
    margin: float = 0.25,
    word: str | None = None,
) -> Heat:
    """Makes an image of where the next point may fall.

    Every step is divided by its own maximum, so that broad and narrow
    predictions read alike, and faint where the end is likely; all steps
    together are the maximum over them.

    Args:
      model: The model.
      sketch: Stroke-3 of at most N_max points, the user's units.
      steps: Which points to predict, see `maps`; each has an image of its
        own.  None makes one image of all.
      resolution: Cells along the longer side of the box.
      z: float [Z]; None takes the mean of the sketch's own encoding.
      temperature: tau > 0 (Eq. 9).
      margin: What the box leaves around the drawing, of its longer side.
      word: As for `next_point`.

    Returns:
      The image and its box.

    Raises:
      ValueError: As of `maps`.
    """
    found = maps(
        model,
        sketch,
        steps=steps,
        resolution=resolution,
        z=z,
        temperature=temperature,
        margin=margin,
        word=word,
    )
    peaks = found.densities.max(axis=(1, 2), keepdims=True)
    image = found.densities / np.where(peaks > 0, peaks, 1.0)
    image *= found.going_on[:, np.newaxis, np.newaxis]
    return Heat(image.max(axis=0) if steps is None else image, found.box)


def _box(sketch, resolution, margin, least_side):
    """Returns a box of whole cells, a cell's side, and rows and columns."""
    left, top, right, bottom = strokes.bounds(sketch)
    around = margin * max(right - left, bottom - top, least_side)
    size = np.array([bottom - top, right - left]) + 2 * around
    cell = size.max() / resolution
    shape = np.maximum(1, np.ceil(size / cell - 1e-9)).astype(int)
    height, width = shape * cell / 2
    x, y = (left + right) / 2, (top + bottom) / 2
    box = (x - width, y - height, x + width, y + height)
    return tuple(map(float, box)), cell, tuple(shape)


def _moments(normals):
    """Returns means, float64 [..., 2], and covariances, [..., 2, 2]."""
    scale_x, scale_y, rho = (
        part.numpy().astype(np.float64)
        for part in (normals.scale_x, normals.scale_y, normals.rho)
    )
    across = rho * scale_x * scale_y
    covariance = np.stack([scale_x**2, across, across, scale_y**2], axis=-1)
    shape = (*across.shape, 2, 2)
    return normals.mean().numpy().astype(np.float64), covariance.reshape(shape)


def _normal(x, y, covariance):
    """Returns the density of N(0, covariance) over a grid, [H, W]."""
    precision = np.linalg.inv(covariance)
    quadratic = (
        (precision[0, 0] * x * x)[None]
        + (precision[1, 1] * y * y)[:, None]
        + 2.0 * precision[0, 1] * np.outer(y, x)
    )
    area = 2.0 * math.pi * math.sqrt(np.linalg.det(covariance))
    return np.exp(-0.5 * quadratic) / area
