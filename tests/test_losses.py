"""Losses, against a plain transcription of Eqs. 10 to 13 in float64 NumPy."""

import numpy as np
import pytest
import tensorflow as tf

from sketch_rnn_tf.model import distributions, losses, size as size_lib

# B, T, N_max, M, lengths; T may be below N_max (bucketed batches).
CASES = {
    "padded": (3, 12, 12, 3, [5, 12, 1]),
    "batch shorter than max_len": (4, 7, 12, 2, [7, 3, 6, 1]),
    "no end row": (2, 6, 6, 5, [6, 6]),
    "one component": (2, 9, 20, 1, [4, 9]),
    "no points": (2, 4, 4, 2, [0, 2]),
}


def _targets(rng, num_steps, lengths, dtype=np.float64):
    """Returns stroke-5 [B, T, 5] without S_0, padded with end rows."""
    targets = np.zeros((len(lengths), num_steps, 5), dtype)
    for sketch, length in zip(targets, lengths, strict=True):
        sketch[:length, :2] = rng.normal(size=(length, 2))
        pens = rng.integers(0, 2, length)
        sketch[np.arange(length), 2 + pens] = 1
        sketch[length:, 4] = 1
    return targets


def _make(case, seed, dtype=np.float64):
    batch_size, num_steps, max_len, num_mixtures, lengths = CASES[case]
    rng = np.random.default_rng(seed)
    targets = _targets(rng, num_steps, lengths, dtype)
    width = size_lib.params_size(num_mixtures)
    params = rng.normal(0, 0.7, (batch_size, num_steps, width)).astype(dtype)
    return params, targets, lengths, max_len


def _softmax(logits):
    exps = np.exp(logits - logits.max())
    return exps / exps.sum()


def _density(x, y, mu_x, mu_y, sx, sy, rho):
    """N(x, y), Eqs. 24 and 25 of Graves (2013)."""
    u, v = (x - mu_x) / sx, (y - mu_y) / sy
    z = u**2 + v**2 - 2 * rho * u * v
    scale = 2 * np.pi * sx * sy * np.sqrt(1 - rho**2)
    return np.exp(-z / (2 * (1 - rho**2))) / scale


def _numpy_losses(params, targets, lengths, max_len, *, floor=0.0, mask=False):
    """Eq. 10, sum by sum."""
    offset_loss, pen_loss = np.zeros(len(params)), np.zeros(len(params))
    for b, length in enumerate(lengths):
        for i in range(params.shape[1]):
            y, target = params[b, i].astype(np.float64), targets[b, i]
            pen = _softmax(y[:3])
            pi_hat, mu_x, mu_y, sx_hat, sy_hat, rho_hat = np.split(y[3:], 6)
            if i < length:  # up to N_s
                densities = _density(
                    target[0],
                    target[1],
                    mu_x,
                    mu_y,
                    np.exp(sx_hat),
                    np.exp(sy_hat),
                    np.tanh(rho_hat),
                )
                density = (_softmax(pi_hat) * densities).sum()
                offset_loss[b] -= np.log(density + floor) / max_len
            if i < length or not mask:  # up to N_max
                for k in range(3):
                    pen_loss[b] -= target[2 + k] * np.log(pen[k]) / max_len
    return offset_loss, pen_loss


def _losses(params, targets, max_len, **options):
    params, targets = map(tf.convert_to_tensor, (params, targets))
    points = distributions.point_distribution(params)
    return losses.reconstruction(points, targets, max_len=max_len, **options)


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize(
    ("dtype", "rtol"),
    # Sums of up to 36 terms, each with a few roundings: 2e-16 and 6e-8.
    [(np.float64, 1e-12), (np.float32, 1e-5)],
)
def test_offset_and_pen_loss_are_those_of_eq_10(case, seed, dtype, rtol):
    params, targets, lengths, max_len = _make(case, seed, dtype)
    got = _losses(params, targets, max_len)
    expected = _numpy_losses(params, targets, lengths, max_len)
    for value, reference in zip(got, expected, strict=True):
        assert value.dtype == dtype
        np.testing.assert_allclose(value, reference, rtol=rtol, atol=rtol)


@pytest.mark.parametrize("seed", range(3))
def test_training_loss_is_that_of_eqs_10_to_13(seed):
    params, targets, lengths, max_len = _make("padded", seed, np.float32)
    rng = np.random.default_rng(seed)
    mu, log_var = rng.normal(0, 1, (2, 3, 6)).astype(np.float32)
    got = _losses(params, targets, max_len)
    kl = losses.kl_divergence(mu, log_var)
    floored = losses.floored(tf.reduce_mean(kl), kl_tolerance=0.2)
    total = tf.reduce_mean(got.offset + got.pen) + 0.5 * floored
    offset_loss, pen_loss = _numpy_losses(params, targets, lengths, max_len)
    expected_kl = 0.0
    for b in range(3):
        for k in range(6):
            m, s = float(mu[b, k]), float(log_var[b, k])
            expected_kl -= (1 + s - m**2 - np.exp(s)) / (2 * 6) / 3
    expected = (offset_loss + pen_loss).mean() + 0.5 * max(expected_kl, 0.2)
    # Float32 sums, as above.
    assert float(total) == pytest.approx(expected, rel=1e-5)


def test_batch_cut_short_is_still_divided_by_max_len():
    params, targets, _, max_len = _make("padded", 0)
    whole = _losses(params, targets, max_len)
    double = _losses(params, targets, 2 * max_len)
    for one, half in zip(whole, double, strict=True):
        np.testing.assert_allclose(one, 2 * half, rtol=1e-15)


def test_padding_adds_pen_loss_and_no_offset_loss():
    params, targets, _, max_len = _make("batch shorter than max_len", 1)
    wide = ((0, 0), (0, 5), (0, 0))
    padded_params = np.pad(params, wide, constant_values=0.3)
    padded_targets = np.pad(targets, wide)
    padded_targets[:, -5:, 4] = 1
    short = _losses(params, targets, max_len)
    long = _losses(padded_params, padded_targets, max_len)
    # The same terms, and equal pen logits: log 3 nats a step.
    np.testing.assert_allclose(long.offset, short.offset, rtol=1e-14)
    expected = short.pen + 5 * np.log(3) / max_len
    np.testing.assert_allclose(long.pen, expected, rtol=1e-14)


@pytest.mark.parametrize("floor", [0.2, 3.0], ids=["above", "below"])
def test_objective_is_that_of_eq_13_in_parts_of_any_size(floor):
    rng = np.random.default_rng(0)
    offset, pen, kl = (tf.constant(row) for row in rng.uniform(0, 2, (3, 5)))

    def parts(offset, pen, kl):
        mean = tf.reduce_mean(kl)
        return tf.add_n(
            [
                losses.objective(
                    losses.ReconstructionLoss(offset[rows], pen[rows]),
                    kl[rows],
                    count=tf.constant(5.0, tf.float64),
                    mean_kl=mean,
                    kl_weight=tf.constant(0.7, tf.float64),
                    kl_tolerance=floor,
                )
                for rows in (slice(3), slice(3, 5), slice(5, 5))
            ]
        )

    def whole(offset, pen, kl):
        recon = tf.reduce_mean(offset + pen)
        mean = losses.floored(tf.reduce_mean(kl), kl_tolerance=floor)
        return recon + 0.7 * mean

    values, gradients = [], []
    for function in (parts, whole):
        with tf.GradientTape() as tape:
            tape.watch([offset, pen, kl])
            values.append(function(offset, pen, kl))
        gradients.append(tape.gradient(values[-1], [offset, pen, kl]))
    for one, other in zip(*gradients, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-14)
    if floor < 1:
        assert float(values[0]) == pytest.approx(float(values[1]), rel=1e-14)
    else:
        np.testing.assert_array_equal(gradients[0][2], np.zeros(5))


@pytest.mark.parametrize("garbage", [7.0, -1e30])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_loss_ignores_offsets_after_end(garbage, dtype):
    params, targets, lengths, max_len = _make("padded", 2, dtype)
    dirty = targets.copy()
    for sketch, length in zip(dirty, lengths, strict=True):
        sketch[length:, :2] = garbage
    results = []
    for given in (targets, dirty):
        tensor = tf.constant(params)
        with tf.GradientTape() as tape:
            tape.watch(tensor)
            points = distributions.point_distribution(tensor)
            value = losses.reconstruction(points, given, max_len=max_len)
            total = tf.reduce_sum(value.offset + value.pen)
        results.append((value, tape.gradient(total, tensor)))
    (clean, clean_gradient), (soiled, soiled_gradient) = results
    np.testing.assert_array_equal(clean.offset, soiled.offset)
    np.testing.assert_array_equal(clean.pen, soiled.pen)
    np.testing.assert_array_equal(clean_gradient, soiled_gradient)


@pytest.mark.parametrize("density_floor", [0.0, 1e-6])
@pytest.mark.parametrize("mask_pen", [False, True])
def test_gradients_agree_with_finite_differences(density_floor, mask_pen):
    rng = np.random.default_rng(3)
    targets = _targets(rng, 4, [2, 4])
    params = rng.normal(0, 0.7, (2, 4, 6 * 2 + 3))

    def total(params):
        points = distributions.point_distribution(params)
        value = losses.reconstruction(
            points,
            tf.constant(targets),
            max_len=5,
            density_floor=density_floor,
            mask_pen=mask_pen,
        )
        return tf.reduce_sum(value.offset + value.pen)

    tensor = tf.constant(params)
    with tf.GradientTape() as tape:
        tape.watch(tensor)
        value = total(tensor)
    gradient = tape.gradient(value, tensor).numpy()
    # Central differences: the error is step**2 of the third derivative,
    # 1e-10, and rounding over the step, 1e-16 / 1e-5.
    step = 1e-5
    compiled = tf.function(total)
    for index in np.ndindex(params.shape):
        up, down = params.copy(), params.copy()
        up[index] += step
        down[index] -= step
        slope = compiled(tf.constant(up)) - compiled(tf.constant(down))
        assert gradient[index] == pytest.approx(
            float(slope) / (2 * step), rel=1e-6, abs=1e-8
        )


@pytest.mark.parametrize("seed", range(3))
def test_density_floor_is_added_to_the_density(seed):
    params, targets, lengths, max_len = _make("padded", seed)
    # Offsets so far away that the floor matters.
    targets[..., :2] *= 3
    got = _losses(params, targets, max_len, density_floor=1e-6)
    expected, _ = _numpy_losses(params, targets, lengths, max_len, floor=1e-6)
    without, _ = _numpy_losses(params, targets, lengths, max_len)
    assert np.abs(expected - without).max() > 1e-3
    # 1e-6 is added to densities down to nothing: relative rounding, float64.
    np.testing.assert_allclose(got.offset, expected, rtol=1e-12)


def test_density_floor_caps_the_loss_of_a_point():
    params, targets, lengths, _ = _make("padded", 0, np.float32)
    targets[..., :2] = 1e4 * (1 - targets[..., 4:])
    got = _losses(params, targets, 1, density_floor=1e-6)
    # Exactly the floor, in float32: 13.8155 nats a point.
    expected = -np.log(1e-6) * np.array(lengths)
    np.testing.assert_allclose(got.offset, expected, rtol=1e-6)


@pytest.mark.parametrize("case", CASES)
def test_mask_pen_leaves_out_the_steps_after_the_end(case):
    params, targets, lengths, max_len = _make(case, 4)
    got = _losses(params, targets, max_len, mask_pen=True)
    expected = _numpy_losses(params, targets, lengths, max_len, mask=True)
    np.testing.assert_allclose(got.offset, expected[0], rtol=1e-12)
    np.testing.assert_allclose(got.pen, expected[1], rtol=1e-12)


def test_kl_is_zero_for_the_prior_and_positive_elsewhere():
    zero = tf.zeros([2, 5])
    np.testing.assert_array_equal(losses.kl_divergence(zero, zero), [0, 0])
    for mu, log_var in ((0.1, 0.0), (0.0, 0.1), (0.0, -0.1), (-0.2, 0.3)):
        kl = losses.kl_divergence(zero + mu, zero + log_var)
        assert np.all(kl.numpy() > 0)


def test_kl_is_the_divergence_from_the_standard_normal():
    # Against its integral over a grid: -log N(0, 1) + log q, under q.
    mu, log_var = 0.7, -0.9
    sigma = np.exp(log_var / 2)
    grid, width = np.linspace(-12, 12, 20_001, retstep=True)
    q = np.exp(-0.5 * ((grid - mu) / sigma) ** 2)
    q /= sigma * np.sqrt(2 * np.pi)
    log_ratio = -0.5 * ((grid - mu) / sigma) ** 2 - np.log(sigma)
    log_ratio += 0.5 * grid**2
    integral = (q * log_ratio).sum() * width
    got = losses.kl_divergence(
        tf.fill([1, 3], tf.constant(mu, tf.float64)),
        tf.fill([1, 3], tf.constant(log_var, tf.float64)),
    )
    # The trapezoid rule of a smooth decaying integrand is exact to rounding.
    assert float(got[0]) == pytest.approx(integral, rel=1e-10)


def test_kl_is_the_mean_over_latent_dimensions():
    mu = np.random.default_rng(0).normal(size=(2, 6))
    log_var = np.random.default_rng(1).normal(size=(2, 6))
    each = [
        losses.kl_divergence(mu[:, k : k + 1], log_var[:, k : k + 1])
        for k in range(6)
    ]
    np.testing.assert_allclose(
        losses.kl_divergence(mu, log_var), np.mean(each, axis=0), rtol=1e-14
    )


@pytest.mark.parametrize(
    ("scale", "acts"), [(0.1, True), (2.0, False)], ids=["below", "above"]
)
def test_floor_acts_on_the_batch_mean_and_stops_its_gradient(scale, acts):
    # One sketch is far below KL_min in either case.
    mu = tf.constant([[0.0, 0.01], [0.5, 1.0]]) * scale
    with tf.GradientTape() as tape:
        tape.watch(mu)
        kl = losses.kl_divergence(mu, tf.zeros_like(mu))
        floored = losses.floored(tf.reduce_mean(kl), kl_tolerance=0.2)
    gradient = tape.gradient(floored, mu)
    if acts:
        assert float(floored) == pytest.approx(0.2, rel=1e-7)
        np.testing.assert_array_equal(gradient, np.zeros((2, 2)))
    else:
        assert float(floored) == float(tf.reduce_mean(kl))
        # d kl / d mu = mu / Z, over B; also for the sketch below KL_min.
        np.testing.assert_allclose(gradient, mu / 4, rtol=1e-6)
