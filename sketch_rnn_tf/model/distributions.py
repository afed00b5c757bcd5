"""The distribution of the next point: a mixture and a categorical."""

import math
from typing import NamedTuple

import tensorflow as tf
import tensorflow_probability as tfp

tfd = tfp.distributions

# exp(10) is 22,000 standard deviations of the data, tanh(10) differs from 1
# by 4e-9: wider bounds express nothing more, and let float32 overflow.
PARAMETER_BOUND = 10.0
# Squares of larger residuals, times exp(2 * PARAMETER_BOUND), overflow.
RESIDUAL_BOUND = 1e10
# From any float32 mean such a value differs by less than infinity, whose
# product with a gradient of zero would be NaN.
VALUE_BOUND = 1e30


class BivariateNormal(tfd.Distribution):
    """Normal distribution of an offset (dx, dy), by five scalars a batch item.

    With rho = tanh(r), 1 - rho**2 is never formed: it cancels in float32
    from r = 8.5 on.  With u = (x - loc_x) / scale_x, v likewise,

        q = ((u - v)**2 * (1 + exp(2 r)) + (u + v)**2 * (1 + exp(-2 r))) / 4
        log p = -log(4 pi) - log_scale_x - log_scale_y
                + (softplus(2 r) + softplus(-2 r)) / 2 - q / 2

    which equals the textbook form.  r and the log scales are clipped to
    plus or minus `PARAMETER_BOUND`, so that values and gradients are finite
    for every finite argument.

    Args:
      loc_x: Mean of dx, float [...].
      loc_y: Mean of dy, float [...].
      log_scale_x: Logarithm of the standard deviation of dx, float [...].
      log_scale_y: Logarithm of the standard deviation of dy, float [...].
      atanh_rho: r, the inverse hyperbolic tangent of the correlation.
      validate_args: As of every `tfd.Distribution`.
      allow_nan_stats: As of every `tfd.Distribution`.
      name: As of every `tfd.Distribution`.

    References:
      Eqs. 24-25, Graves (2013).
    """

    def __init__(
        self,
        loc_x,
        loc_y,
        log_scale_x,
        log_scale_y,
        atanh_rho,
        validate_args=False,
        allow_nan_stats=True,
        name="BivariateNormal",
    ):
        parameters = dict(locals())
        with tf.name_scope(name) as name:
            self._loc_x = tf.convert_to_tensor(loc_x)
            self._loc_y = tf.convert_to_tensor(loc_y)
            self._log_scale_x = _bounded(log_scale_x)
            self._log_scale_y = _bounded(log_scale_y)
            self._atanh_rho = _bounded(atanh_rho)
            super().__init__(
                dtype=self._loc_x.dtype,
                reparameterization_type=tfd.FULLY_REPARAMETERIZED,
                validate_args=validate_args,
                allow_nan_stats=allow_nan_stats,
                parameters=parameters,
                name=name,
            )

    @classmethod
    def _parameter_properties(cls, dtype, num_classes=None):
        scalar = tfp.util.ParameterProperties
        return {
            "loc_x": scalar(),
            "loc_y": scalar(),
            "log_scale_x": scalar(),
            "log_scale_y": scalar(),
            "atanh_rho": scalar(),
        }

    @property
    def scale_x(self) -> tf.Tensor:
        """Standard deviation of dx, float [...]."""
        return tf.exp(self._log_scale_x)

    @property
    def scale_y(self) -> tf.Tensor:
        """Standard deviation of dy, float [...]."""
        return tf.exp(self._log_scale_y)

    @property
    def atanh_rho(self) -> tf.Tensor:
        """Inverse hyperbolic tangent of the correlation, float [...]."""
        return self._atanh_rho

    @property
    def rho(self) -> tf.Tensor:
        """Correlation of dx and dy, float [...]."""
        return tf.tanh(self._atanh_rho)

    def _event_shape(self):
        return tf.TensorShape([2])

    def _event_shape_tensor(self):
        return tf.constant([2], tf.int32)

    def _log_prob(self, value):
        r = self._atanh_rho
        value = tf.clip_by_value(value, -VALUE_BOUND, VALUE_BOUND)
        u = _residual(value[..., 0], self._loc_x, self._log_scale_x)
        v = _residual(value[..., 1], self._loc_y, self._log_scale_y)
        q = 0.25 * (
            tf.square(u - v) * (1.0 + tf.exp(2.0 * r))
            + tf.square(u + v) * (1.0 + tf.exp(-2.0 * r))
        )
        # softplus(2 r) + softplus(-2 r) == 2 |r| + 2 softplus(-2 |r|)
        half_log = tf.abs(r) + tf.math.softplus(-2.0 * tf.abs(r))
        return (
            half_log
            - math.log(4.0 * math.pi)
            - self._log_scale_x
            - self._log_scale_y
            - 0.5 * q
        )

    def _mean(self):
        shape = self._batch_shape_tensor()
        return tf.stack(
            [
                tf.broadcast_to(self._loc_x, shape),
                tf.broadcast_to(self._loc_y, shape),
            ],
            axis=-1,
        )

    def _sample_n(self, n, seed=None):
        shape = tf.concat([[n], self._batch_shape_tensor(), [2]], axis=0)
        normals = tfp.random.split_seed(seed, n=1)[0]
        normals = tf.random.stateless_normal(shape, normals, dtype=self.dtype)
        return tf.stack(
            correlated(
                normals[..., 0],
                normals[..., 1],
                (self._loc_x, self._loc_y),
                (self.scale_x, self.scale_y),
                self._atanh_rho,
            ),
            axis=-1,
        )


class PointDistribution(NamedTuple):
    """The decoder's prediction of the next point S_i.

    Attributes:
      offset: Mixture of M bivariate normals over (dx, dy), in scale_factor
        units; batch shape [...].
      pen: Categorical over the pen states p1, p2, p3; batch shape [...].
    """

    offset: tfd.MixtureSameFamily
    pen: tfd.Categorical


def point_distribution(
    params: tf.Tensor,
    *,
    temperature: tf.Tensor | float | None = None,
    variance_temperature: tf.Tensor | float | None = None,
) -> PointDistribution:
    """Reads the decoder's output vector y as distributions.

    y is laid out in blocks: [pen logits 3 | mixture logits M | mu_x M |
    mu_y M | log_scale_x M | log_scale_y M | r M].

    Args:
      params: float [..., 6 M + 3].
      temperature: tau > 0, divides the logits, broadcasts against [...];
        None is 1.
      variance_temperature: Multiplies the variances, likewise; tau if None,
        as in Eq. 9.

    Returns:
      The distributions, batch shape [...].

    References:
      Eqs. 4, 6, 7, 8; Eq. 9 for the temperature, Ha & Eck (2017).
    """
    # Deviation: Eq. 6 interleaves the components, and has the pen last; the
    # blocks are the reference implementation's, so that its weights fit.
    # One split: the gradient of a slice is padded in a loop of one thread.
    num_mixtures = params.shape[-1] // 6
    pen_logits, logits, loc_x, loc_y, log_scale_x, log_scale_y, r = tf.split(
        params, [3] + 6 * [num_mixtures], axis=-1
    )
    if temperature is not None:
        temperature = tf.convert_to_tensor(temperature, params.dtype)
        logits = logits / temperature[..., None]
        pen_logits = pen_logits / temperature[..., None]
    if variance_temperature is None:
        variance_temperature = temperature
    if variance_temperature is not None:
        variance_temperature = tf.convert_to_tensor(
            variance_temperature, params.dtype
        )
        half_log = 0.5 * tf.math.log(variance_temperature)[..., None]
        log_scale_x += half_log
        log_scale_y += half_log
    return PointDistribution(
        offset=tfd.MixtureSameFamily(
            tfd.Categorical(logits=logits),
            BivariateNormal(loc_x, loc_y, log_scale_x, log_scale_y, r),
        ),
        pen=tfd.Categorical(logits=pen_logits),
    )


def correlated(
    normal_1: tf.Tensor,
    normal_2: tf.Tensor,
    loc: tuple[tf.Tensor, tf.Tensor],
    scale: tuple[tf.Tensor, tf.Tensor],
    atanh_rho: tf.Tensor,
) -> tuple[tf.Tensor, tf.Tensor]:
    """Turns two independent standard normals into a correlated pair.

    dx = mx + sx * n1;  dy = my + sy * (rho * n1 + sqrt(1 - rho**2) * n2),
    with sqrt(1 - tanh(r)**2) as 1 / cosh(r).

    Args:
      normal_1: n1, float [...].
      normal_2: n2, float [...].
      loc: (mx, my), float [...].
      scale: (sx, sy), float [...].
      atanh_rho: r, float [...].

    Returns:
      (dx, dy), float [...].
    """
    rho = tf.tanh(atanh_rho)
    dx = loc[0] + scale[0] * normal_1
    mixed = rho * normal_1 + normal_2 / tf.cosh(atanh_rho)
    return dx, loc[1] + scale[1] * mixed


def _bounded(parameter):
    return tf.clip_by_value(parameter, -PARAMETER_BOUND, PARAMETER_BOUND)


def _residual(value, loc, log_scale):
    residual = (value - loc) * tf.exp(-log_scale)
    return tf.clip_by_value(residual, -RESIDUAL_BOUND, RESIDUAL_BOUND)
