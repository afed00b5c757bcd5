"""The next point: drawn from what the decoder predicts (Eq. 9).

Everything here is in scale_factor units.
"""

import tensorflow as tf

from sketch_rnn_tf import randomness
from sketch_rnn_tf.model import distributions

SAME_TEMPERATURE = -1.0
"""As a softmax temperature: tau, as in Eq. 9."""


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
    softmax_temperature: tf.Tensor | None = None,
    compatibility: str = "none",
) -> tf.Tensor:
    """Draws the next point of each sketch (Eq. 9).

    Args:
      params: float32 [B, 6 M + 3], the decoder's output.
      u: float32 [B, 4], uniforms.
      temperature: float32 [B], tau >= 0; 0 is greedy.
      softmax_temperature: float32 [B], divides the logits in place of tau;
        0 picks the likeliest component and pen state, below 0 leaves tau.
      compatibility: As of the configuration.

    Returns:
      float32 [B, 5], stroke-5.
    """
    greedy = temperature <= 0
    logits_temperature, variance_temperature = temperatures(
        tf.where(greedy, 1.0, temperature), compatibility
    )
    likeliest = greedy
    if softmax_temperature is not None:
        given = softmax_temperature >= 0
        likeliest = tf.where(given, softmax_temperature == 0, greedy)
        logits_temperature = tf.where(
            given & ~likeliest, softmax_temperature, logits_temperature
        )
    predicted = distributions.point_distribution(
        params,
        temperature=logits_temperature,
        variance_temperature=variance_temperature,
    )
    mixture = predicted.offset.mixture_distribution.logits  # [B, M]
    component = _pick(mixture, u[:, 0], likeliest)
    pen = _pick(predicted.pen.logits, u[:, 1], likeliest)
    normals = predicted.offset.components_distribution

    def picked(parameter):
        return tf.gather(parameter, component, batch_dims=1)

    mean = normals.mean()
    loc = (picked(mean[..., 0]), picked(mean[..., 1]))
    n_1, n_2 = randomness.box_muller(u[:, 2], u[:, 3])
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


def _pick(logits, u, likeliest):
    """Picks an index by inverse CDF in index order, or the likeliest one."""
    cumulative = tf.cumsum(tf.nn.softmax(logits), axis=-1)
    index = tf.reduce_sum(tf.cast(cumulative <= u[:, None], tf.int32), axis=-1)
    # The sum of all probabilities may round to less than a uniform.
    index = tf.minimum(index, logits.shape[-1] - 1)
    return tf.where(likeliest, tf.argmax(logits, -1, tf.int32), index)
