"""The mixture of bivariate normals, against the textbook in float64 NumPy."""

import math

import numpy as np
import pytest
import tensorflow as tf
import tensorflow_probability as tfp

from sketch_rnn_tf.model import distributions

tfd = tfp.distributions

M = 4


def _parameters(seed, shape, dtype=np.float64):
    """Returns loc_x, loc_y, log_scale_x, log_scale_y, r; moderate."""
    rng = np.random.default_rng(seed)
    loc = rng.normal(0, 2, (2, *shape))
    log_scale = rng.uniform(-2, 2, (2, *shape))
    r = rng.uniform(-3, 3, (1, *shape))
    return list(np.concatenate([loc, log_scale, r]).astype(dtype))


def _numpy_log_prob(value, loc_x, loc_y, log_scale_x, log_scale_y, r):
    """Log density by the Cholesky factor of the covariance, float64."""
    sx, sy, rho = np.exp(log_scale_x), np.exp(log_scale_y), np.tanh(r)
    cov = np.stack(
        [
            np.stack([sx * sx, rho * sx * sy], axis=-1),
            np.stack([rho * sx * sy, sy * sy], axis=-1),
        ],
        axis=-2,
    )
    factor = np.linalg.cholesky(cov)
    residual = value - np.stack([loc_x, loc_y], axis=-1)
    white = np.linalg.solve(factor, residual[..., None])[..., 0]
    log_det = np.log(np.diagonal(factor, axis1=-2, axis2=-1)).sum(-1)
    return -0.5 * (white**2).sum(-1) - log_det - np.log(2 * np.pi)


def _numpy_logsumexp(values):
    top = values.max(-1, keepdims=True)
    return (top + np.log(np.exp(values - top).sum(-1, keepdims=True)))[..., 0]


@pytest.mark.parametrize(
    ("dtype", "rtol"),
    [
        # Both forms cancel a little: some hundred roundings of float64.
        (np.float64, 1e-12),
        # Some roundings of float32, 6e-8, on a q of up to some thousand.
        (np.float32, 1e-5),
    ],
)
def test_log_prob_is_the_bivariate_normal_density(dtype, rtol):
    parameters = _parameters(0, (500,), dtype)
    value = np.random.default_rng(1).normal(0, 2, (500, 2)).astype(dtype)
    normal = distributions.BivariateNormal(*parameters)
    got = normal.log_prob(value)
    assert got.dtype == dtype
    expected = _numpy_log_prob(value, *np.float64(parameters))
    # Near zero log_prob is a difference of terms of order 1.
    np.testing.assert_allclose(got, expected, rtol=rtol, atol=rtol)


def test_log_prob_of_strong_correlation_keeps_float64_digits():
    r = np.array([-9.0, -5.0, 5.0, 9.0])
    zero = np.zeros(4)
    value = np.stack([np.full(4, 1e-4), np.tanh(r) * 1.01e-4], axis=-1)
    normal = distributions.BivariateNormal(zero, zero, zero, zero, r)
    expected = _numpy_log_prob(value, zero, zero, zero, zero, r)
    # The textbook's 1 - rho**2 is 6e-8 at r = 9: it has 8 digits left.
    np.testing.assert_allclose(normal.log_prob(value), expected, rtol=1e-7)


def test_log_prob_in_float32_survives_where_one_minus_rho_squared_is_zero():
    r = np.float32(9.5)
    # The textbook form divides by this, which has no digit left.
    textbook = 1 - np.tanh(r) ** 2
    assert textbook != pytest.approx(np.cosh(9.5) ** -2, rel=0.5)
    value = np.float32([[0.3, 0.3], [1.0, 1.0], [-0.7, -0.7]])
    zero = np.float32(0)
    normal = distributions.BivariateNormal(zero, zero, zero, zero, r)
    # Along the diagonal: log N(u) in 1-D, and the width across it, 1/cosh r.
    u = value[:, 0].astype(np.float64)
    across = 0.5 * u**2 * (1 - np.tanh(9.5)) / (1 + np.tanh(9.5))
    expected = -np.log(2 * np.pi) - 0.5 * u**2 - across
    expected += np.log(np.cosh(9.5))
    # Some roundings of numbers of about 10.
    np.testing.assert_allclose(normal.log_prob(value), expected, rtol=1e-6)


def _textbook_log_prob(value, loc_x, loc_y, log_scale_x, log_scale_y, r):
    """Log density by 1 - rho**2 (Eq. 24, Graves), differentiable."""
    rho = tf.tanh(r)
    u = (value[..., 0] - loc_x) / tf.exp(log_scale_x)
    v = (value[..., 1] - loc_y) / tf.exp(log_scale_y)
    rest = 1 - rho**2
    q = (u**2 + v**2 - 2 * rho * u * v) / rest
    log_scales = log_scale_x + log_scale_y
    return -0.5 * q - log_scales - 0.5 * tf.math.log(rest) - np.log(2 * np.pi)


def _log_prob(value, *parameters):
    return distributions.BivariateNormal(*parameters).log_prob(value)


def _weighted_gradients(function, arguments):
    """Returns a weighted sum's gradients, of the first and second order."""
    with tf.GradientTape() as second:
        second.watch(arguments)
        with tf.GradientTape() as first:
            first.watch(arguments)
            log_prob = function(*arguments)
            weights = tf.cumsum(tf.ones_like(log_prob)) - 2.5
            total = tf.reduce_sum(weights * log_prob)
        gradients = first.gradient(total, arguments)
        mixed = [
            tf.reduce_sum(gradient * (1 + index))
            for index, gradient in enumerate(gradients)
        ]
    return gradients, second.gradient(mixed, arguments)


@pytest.mark.parametrize("shapes", ["known", "unknown"])
@pytest.mark.parametrize(
    "batch",
    [
        [(3, 4, 2)] + 5 * [(3, 4)],
        [(3, 1, 2)] + 5 * [(3, 4)],
        [(2,), (3, 1), (4,), (), (3, 4), (1, 4)],
    ],
    ids=["equal", "mixture", "all kinds"],
)
def test_gradients_are_those_of_the_textbook(batch, shapes):
    rng = np.random.default_rng(2)
    arguments = [tf.constant(rng.normal(0, 1, shape)) for shape in batch]
    signature = None
    if shapes == "unknown":
        signature = [
            tf.TensorSpec([None] * len(shape), tf.float64) for shape in batch
        ]
        signature[0] = tf.TensorSpec([None] * (len(batch[0]) - 1) + [2],
                                     tf.float64)  # fmt: skip

    @tf.function(input_signature=signature)
    def ours(*arguments):
        return _weighted_gradients(_log_prob, list(arguments))

    expected = _weighted_gradients(_textbook_log_prob, arguments)
    for order in (0, 1):
        pairs = zip(ours(*arguments)[order], expected[order], strict=True)
        for index, (got, wanted) in enumerate(pairs):
            assert got.shape == arguments[index].shape
            # Some hundred roundings of float64 on sums of some thousand.
            np.testing.assert_allclose(got, wanted, rtol=1e-10, atol=1e-10)


def test_residuals_beyond_their_bound_have_no_gradient():
    value = tf.constant([[1e25, 0.5], [0.5, -1e25]])
    arguments = [*tf.zeros([4, 2]), tf.ones([2])]
    with tf.GradientTape() as tape:
        tape.watch(arguments)
        log_prob = _log_prob(value, *arguments)
    loc_x, loc_y, log_scale_x, log_scale_y, _ = tape.gradient(
        log_prob, arguments
    )
    assert loc_x[0] == 0 and loc_x[1] != 0
    assert loc_y[1] == 0 and loc_y[0] != 0
    # What the normalisation brings is left.
    assert log_scale_x[0] == -1 and log_scale_y[1] == -1


def _extremes():
    """Every combination of extreme parameters, float32 [N] each."""
    ends = np.float32([-50, 0, 50])
    residuals = np.float32([-1e30, -1e6, 0, 1e6, 1e30])
    grid = np.meshgrid(residuals, residuals, ends, ends, ends)
    return [tf.constant(g.ravel()) for g in grid]


def test_values_and_gradients_are_finite_for_extreme_parameters():
    loc_x, loc_y, log_scale_x, log_scale_y, r = _extremes()
    value = tf.zeros([len(loc_x), 2])
    arguments = [value, loc_x, loc_y, log_scale_x, log_scale_y, r]
    with tf.GradientTape() as tape:
        tape.watch(arguments)
        normal = distributions.BivariateNormal(*arguments[1:])
        log_prob = normal.log_prob(value)
    assert np.isfinite(log_prob).all()
    for gradient in tape.gradient(log_prob, arguments):
        assert np.isfinite(gradient).all()


def test_values_far_from_far_means_have_finite_gradients():
    # Their difference is infinite in float32.
    most = np.finfo(np.float32).max
    value = tf.constant([[most, -most], [-most, most], [most, most]])
    loc = tf.constant([-most, most, -most])
    zero = tf.zeros([3])
    arguments = [value, loc, -loc, zero, zero, zero]
    with tf.GradientTape() as tape:
        tape.watch(arguments)
        normal = distributions.BivariateNormal(*arguments[1:])
        log_prob = normal.log_prob(value)
    assert np.isfinite(log_prob).all()
    for gradient in tape.gradient(log_prob, arguments):
        assert np.isfinite(gradient).all()


@pytest.mark.parametrize("logit", [0.0, 1e4])
def test_mixture_gradients_are_finite_for_extreme_parameters(logit):
    extremes = _extremes()
    # Components: an extreme one, and its opposite with another weight.
    blocks = [tf.stack([g, -g], axis=-1) for g in extremes]
    logits = tf.ones_like(blocks[0]) * [logit, -logit]
    pen = tf.ones([len(extremes[0]), 3]) * [logit, -logit, 0.0]
    params = tf.concat([pen, logits, *blocks], axis=-1)
    with tf.GradientTape() as tape:
        tape.watch(params)
        points = distributions.point_distribution(params)
        total = points.offset.log_prob(tf.zeros([len(params), 2]))
        total += tf.reduce_sum(tf.nn.log_softmax(points.pen.logits), axis=-1)
    assert np.isfinite(total).all()
    assert np.isfinite(tape.gradient(total, params)).all()


def test_parameters_beyond_the_bound_are_those_at_the_bound():
    bound = distributions.PARAMETER_BOUND
    value = tf.constant([0.5, -0.5])
    for sign in (-1, 1):
        far = distributions.BivariateNormal(
            0.0, 0.0, 50.0 * sign, 50.0 * sign, 50.0 * sign
        )
        near = distributions.BivariateNormal(
            0.0, 0.0, bound * sign, bound * sign, bound * sign
        )
        assert float(far.log_prob(value)) == float(near.log_prob(value))
        assert float(far.atanh_rho) == sign * bound


def test_properties_are_those_of_eq_7():
    parameters = _parameters(2, (3, 5))
    normal = distributions.BivariateNormal(*parameters)
    # float64 exp and tanh of two libraries.
    np.testing.assert_allclose(normal.scale_x, np.exp(parameters[2]), 1e-14)
    np.testing.assert_allclose(normal.scale_y, np.exp(parameters[3]), 1e-14)
    np.testing.assert_allclose(normal.rho, np.tanh(parameters[4]), 1e-14)
    np.testing.assert_array_equal(normal.atanh_rho, parameters[4])
    np.testing.assert_array_equal(
        normal.mean(), np.stack(parameters[:2], axis=-1)
    )


def test_shapes_broadcast():
    normal = distributions.BivariateNormal(
        tf.zeros([3, 1]), tf.zeros([4]), 0.0, 0.0, 0.0
    )
    assert normal.batch_shape == [3, 4]
    assert normal.event_shape == [2]
    assert normal.mean().shape == [3, 4, 2]
    assert normal.sample(5, seed=1).shape == [5, 3, 4, 2]
    assert normal.log_prob(tf.zeros([2])).shape == [3, 4]


SAMPLES = 40_000


@pytest.mark.parametrize(
    ("log_scale_x", "log_scale_y", "r"),
    [(0.0, 0.0, 0.0), (-1.5, 1.0, 1.2), (0.7, -0.4, -2.5)],
)
def test_sample_moments_are_the_parameters(log_scale_x, log_scale_y, r):
    normal = distributions.BivariateNormal(
        3.0, -2.0, log_scale_x, log_scale_y, r
    )
    samples = normal.sample(SAMPLES, seed=3).numpy().astype(np.float64)
    sx, sy, rho = np.exp(log_scale_x), np.exp(log_scale_y), np.tanh(r)
    # Five standard errors: of a mean s / sqrt(n); of a covariance at most
    # sx sy sqrt(2 / n).
    error = 5 / SAMPLES**0.5
    deviation = (samples.mean(axis=0) - (3, -2)) / (sx, sy)
    np.testing.assert_allclose(deviation, 0, atol=error)
    covariance = np.cov(samples.T) / np.outer([sx, sy], [sx, sy])
    expected = [[1, rho], [rho, 1]]
    np.testing.assert_allclose(covariance, expected, atol=2**0.5 * error)
    # log_prob of a bivariate normal's sample has mean -entropy, variance 1.
    entropy = 1 + np.log(2 * np.pi * sx * sy / np.cosh(r))
    mean = np.mean(normal.log_prob(samples.astype(np.float32)))
    assert mean == pytest.approx(-entropy, abs=error)


def test_mixture_samples_agree_with_log_prob():
    # Two well separated components: which one a sample came from shows.
    params = _pack(
        pen=[0.0, 0.0, 0.0],
        logits=np.log([0.3, 0.7]),
        mu_x=[-20.0, 20.0],
        mu_y=[5.0, -5.0],
        log_scale_x=[0.0, 0.5],
        log_scale_y=[-0.5, 0.0],
        r=[1.0, -0.5],
    )
    points = distributions.point_distribution(tf.constant(params, tf.float32))
    samples = points.offset.sample(SAMPLES, seed=5).numpy()
    right = samples[:, 0] > 0
    # Five standard errors of a frequency.
    error = 5 * (0.3 * 0.7 / SAMPLES) ** 0.5
    assert right.mean() == pytest.approx(0.7, abs=error)
    for index, chosen in enumerate([samples[~right], samples[right]]):
        correlation = np.corrcoef(chosen.astype(np.float64).T)[0, 1]
        # Standard error of a correlation: (1 - rho**2) / sqrt(n) < 1 / sqrt n.
        expected = math.tanh([1.0, -0.5][index])
        assert correlation == pytest.approx(
            expected, abs=5 / len(chosen) ** 0.5
        )


def test_samples_repeat_with_the_seed_and_differ_without():
    normal = distributions.BivariateNormal(tf.zeros([3]), 0.0, 0.0, 0.0, 0.0)
    seed, other = tf.constant([1, 2]), tf.constant([1, 3])
    first = normal.sample(4, seed=seed)
    np.testing.assert_array_equal(first, normal.sample(4, seed=seed))
    assert np.all(first != normal.sample(4, seed=other))
    # No two numbers of a draw share a random number.
    assert len(np.unique(first)) == first.numpy().size


def test_correlated_maps_two_normals_by_the_cholesky_factor():
    rng = np.random.default_rng(0)
    n1, n2 = rng.normal(size=(2, 50))
    loc_x, loc_y, log_scale_x, log_scale_y, r = _parameters(4, (50,))
    sx, sy, rho = np.exp(log_scale_x), np.exp(log_scale_y), np.tanh(r)
    dx, dy = distributions.correlated(n1, n2, (loc_x, loc_y), (sx, sy), r)
    expected = loc_y + sy * (rho * n1 + np.sqrt(1 - rho**2) * n2)
    np.testing.assert_allclose(dx, loc_x + sx * n1, rtol=1e-12, atol=1e-12)
    # sqrt(1 - rho**2) loses two digits at |r| = 3.
    np.testing.assert_allclose(dy, expected, rtol=1e-12, atol=1e-12)


def _pack(*, pen, logits, mu_x, mu_y, log_scale_x, log_scale_y, r):
    blocks = [pen, logits, mu_x, mu_y, log_scale_x, log_scale_y, r]
    return np.concatenate(blocks, axis=-1)


def test_params_are_blocks_with_the_pen_first():
    # y = 0.01, 0.02, ..., so that every number shows where it went.
    y = 0.01 * np.arange(1, 3 + 6 * M + 1)
    points = distributions.point_distribution(tf.constant(y))
    component = points.offset.components_distribution
    blocks = np.split(y[3:], 6)
    np.testing.assert_array_equal(points.pen.logits, y[:3])
    mixture = points.offset.mixture_distribution
    np.testing.assert_array_equal(mixture.logits, blocks[0])
    np.testing.assert_array_equal(component.parameters["loc_x"], blocks[1])
    np.testing.assert_array_equal(component.parameters["loc_y"], blocks[2])
    # float64 exp of two libraries.
    np.testing.assert_allclose(component.scale_x, np.exp(blocks[3]), 1e-14)
    np.testing.assert_allclose(component.scale_y, np.exp(blocks[4]), 1e-14)
    np.testing.assert_array_equal(component.atanh_rho, blocks[5])


def test_point_distribution_keeps_the_batch_shape():
    points = distributions.point_distribution(tf.zeros([2, 5, 6 * M + 3]))
    assert points.offset.batch_shape == [2, 5]
    assert points.offset.event_shape == [2]
    assert points.pen.batch_shape == [2, 5]


@pytest.mark.parametrize(
    ("dtype", "rtol"),
    # As of test_log_prob_is_the_bivariate_normal_density.
    [(np.float64, 1e-12), (np.float32, 1e-5)],
)
def test_mixture_is_the_weighted_sum_of_densities(dtype, rtol):
    rng = np.random.default_rng(7)
    logits = rng.normal(0, 2, (3, 6, M))
    parameters = _parameters(8, (3, 6, M))
    params = np.concatenate(
        [rng.normal(size=(3, 6, 3)), logits, *parameters], axis=-1
    ).astype(dtype)
    value = rng.normal(0, 2, (3, 6, 2)).astype(dtype)
    got = distributions.point_distribution(params).offset.log_prob(value)
    blocks = np.split(params[..., 3:].astype(np.float64), 6, axis=-1)
    log_weights = blocks[0] - _numpy_logsumexp(blocks[0])[..., None]
    each = _numpy_log_prob(value[..., None, :].astype(np.float64), *blocks[1:])
    expected = _numpy_logsumexp(log_weights + each)
    assert got.dtype == dtype
    np.testing.assert_allclose(got, expected, rtol=rtol, atol=rtol)


@pytest.mark.parametrize("temperature", [0.1, 0.5, 1.0, 2.0])
def test_temperature_is_that_of_eq_9(temperature):
    params = np.random.default_rng(9).normal(size=(5, 6 * M + 3))
    plain = distributions.point_distribution(params)
    points = distributions.point_distribution(params, temperature=temperature)
    component = points.offset.components_distribution
    plain_component = plain.offset.components_distribution
    # A few roundings of float64.
    for got, expected in (
        (points.pen.logits, plain.pen.logits / temperature),
        (
            points.offset.mixture_distribution.logits,
            plain.offset.mixture_distribution.logits / temperature,
        ),
        (component.scale_x**2, plain_component.scale_x**2 * temperature),
        (component.scale_y**2, plain_component.scale_y**2 * temperature),
        (component.rho, plain_component.rho),
        (component.mean(), plain_component.mean()),
    ):
        np.testing.assert_allclose(got, expected, rtol=1e-13)


@pytest.mark.parametrize("temperature", [None, 0.5, [0.5, 0.7, 1.0, 2.0, 3.0]])
@pytest.mark.parametrize("factor", [0.25, [0.1, 0.2, 0.3, 0.4, 0.5]])
def test_variance_temperature_is_a_separate_one(temperature, factor):
    params = np.random.default_rng(11).normal(size=(5, 6 * M + 3))
    points, plain = (
        distributions.point_distribution(
            params, temperature=temperature, variance_temperature=given
        )
        for given in (factor, 1.0)
    )
    scale = points.offset.components_distribution.scale_x
    plain_scale = plain.offset.components_distribution.scale_x
    expected = plain_scale**2 * np.broadcast_to(factor, 5)[:, None]
    # A few roundings of float64.
    np.testing.assert_allclose(scale**2, expected, rtol=1e-13)
    tau = 1.0 if temperature is None else temperature
    logits = params[:, :3] / np.broadcast_to(tau, 5)[:, None]
    np.testing.assert_allclose(points.pen.logits, logits, rtol=1e-13)


def test_temperature_may_differ_between_rows():
    params = np.random.default_rng(10).normal(size=(2, 6 * M + 3))
    value = np.array([[0.3, -0.2], [1.0, 0.5]])
    together = distributions.point_distribution(params, temperature=[0.25, 1.5])
    for row, temperature in enumerate([0.25, 1.5]):
        alone = distributions.point_distribution(
            params[row], temperature=temperature
        )
        # The same operations in another shape.
        np.testing.assert_allclose(
            together.offset.log_prob(value)[row],
            alone.offset.log_prob(value[row]),
            rtol=1e-13,
        )
        np.testing.assert_allclose(
            together.pen.probs_parameter()[row],
            alone.pen.probs_parameter(),
            rtol=1e-13,
        )


def test_samples_are_of_the_dtype_of_the_parameters():
    normal = distributions.BivariateNormal(*np.float64([1, 2, 0, 0, 0.5]))
    assert normal.sample([3], seed=1).dtype == tf.float64


def test_a_part_of_a_batch_is_a_distribution():
    parameters = np.float32([[0, 1], [2, 3], [0.1, 0.2], [0.3, 0.4], [0.5, 0]])
    normal = distributions.BivariateNormal(*parameters)
    known = distributions.BivariateNormal.parameter_properties()
    assert list(known) == [
        "loc_x", "loc_y", "log_scale_x", "log_scale_y", "atanh_rho",
    ]  # fmt: skip
    whole = normal.log_prob([[1.0, 2.0]])
    for index in range(2):
        part = normal[index]
        assert part.batch_shape == []
        np.testing.assert_array_equal(part.log_prob([1.0, 2.0]), whole[index])


def test_a_copy_differs_by_what_is_given_alone():
    normal = distributions.BivariateNormal(1.0, 2.0, 0.1, 0.2, 0.5)
    moved = normal.copy(loc_x=4.0)
    np.testing.assert_array_equal(moved.mean(), [4.0, 2.0])
    np.testing.assert_array_equal(moved.scale_y, normal.scale_y)
    np.testing.assert_array_equal(moved.rho, normal.rho)
