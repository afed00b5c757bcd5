"""Densities, losses and drawn points are finite for whatever is predicted."""

import hypothesis
import hypothesis.extra.numpy as hnp
import numpy as np
import tensorflow as tf
from extremes import NUMBERS, tried
from hypothesis import strategies as st

from sketch_rnn_tf.model import (
    distributions,
    losses,
    next_point,
    size as size_lib,
)

M, ROWS = 2, 6
WIDTH = size_lib.params_size(M)
# What a softmax is asked for: at 1e-6 divided to 1e10.
LOGITS = st.sampled_from([0.0, 1.0, -1.0, 1e4, -1e4]) | st.floats(
    -1e4, 1e4, width=32
)
TEMPERATURES = st.sampled_from([1e-6, 1e-3, 0.1, 1.0, 3.0, 10.0])
ONES = tf.ones([ROWS])


@st.composite
def predictions(draw):
    """Draws what a decoder may put out, float32 [ROWS, WIDTH]."""
    logits = draw(hnp.arrays(np.float32, (ROWS, 3 + M), elements=LOGITS))
    others = draw(hnp.arrays(np.float32, (ROWS, 5 * M), elements=NUMBERS))
    return np.concatenate([logits, others], axis=1)


VALUES = hnp.arrays(np.float32, (ROWS, 2), elements=NUMBERS)


@tf.function
def _density(params, value, temperature):
    with tf.GradientTape() as tape:
        tape.watch([params, value])
        points = distributions.point_distribution(
            params, temperature=temperature
        )
        log_prob = points.offset.log_prob(value)
        pen = tf.nn.log_softmax(points.pen.logits)
    return log_prob, pen, tape.gradient([log_prob, pen], [params, value])


def test_densities_and_their_gradients_are_finite(effort):
    @tried(300, effort)
    @hypothesis.given(predictions(), VALUES, TEMPERATURES)
    def check(params, value, temperature):
        results = _density(
            tf.constant(params), tf.constant(value), temperature * ONES
        )
        for result in tf.nest.flatten(results):
            assert np.isfinite(result).all()

    check()


@tf.function
def _loss(params, targets, floor):
    with tf.GradientTape() as tape:
        tape.watch(params)
        parts = losses.reconstruction(
            distributions.point_distribution(params),
            targets,
            max_len=ROWS,
            density_floor=1e-6 if floor else 0.0,
            mask_pen=floor,
        )
    return parts, tape.gradient(parts, params)


def test_reconstruction_losses_are_finite(effort):
    @tried(150, effort)
    @hypothesis.given(
        predictions(),
        VALUES,
        st.lists(st.integers(0, 2), min_size=ROWS, max_size=ROWS),
        st.booleans(),
    )
    def check(params, offsets, pens, floor):
        targets = np.concatenate(
            [offsets, np.eye(3, dtype=np.float32)[pens]], axis=1
        )
        results = _loss(
            tf.constant(params[None]), tf.constant(targets[None]), floor
        )
        for result in tf.nest.flatten(results):
            assert np.isfinite(result).all()

    check()


@tf.function
def _kl(mu, log_var):
    with tf.GradientTape() as tape:
        tape.watch([mu, log_var])
        parts = (
            losses.kl_divergence(mu, log_var),
            losses.kl_by_dimension(mu, log_var),
        )
    return parts, tape.gradient(parts, [mu, log_var])


def test_kl_is_finite_up_to_the_range_of_its_squares_and_exponentials(effort):
    # mu is squared, sigma squared is exp(log_var): float32 ends at 3e38.
    most = 2.0**60  # 1e18
    mus = st.sampled_from([0.0, most, -most]) | st.floats(-most, most, width=32)
    log_vars = st.sampled_from([0.0, 80.0, -80.0]) | st.floats(
        -80, 80, width=32
    )

    @tried(100, effort)
    @hypothesis.given(
        hnp.arrays(np.float32, (ROWS, 3), elements=mus),
        hnp.arrays(np.float32, (ROWS, 3), elements=log_vars),
    )
    def check(mu, log_var):
        for result in tf.nest.flatten(
            _kl(tf.constant(mu), tf.constant(log_var))
        ):
            assert np.isfinite(result).all()

    check()


@tf.function
def _point(params, u, temperature, softmax, compatibility):
    return next_point.sample_point(
        params,
        u,
        temperature,
        softmax_temperature=softmax,
        compatibility=compatibility,
    )


def test_drawn_points_are_finite_at_any_temperature(effort):
    uniforms = st.sampled_from([0.0, 1 - 2**-24]) | st.floats(
        0, 1, exclude_max=True, width=32
    )

    @tried(300, effort)
    @hypothesis.given(
        predictions(),
        hnp.arrays(np.float32, (ROWS, 4), elements=uniforms),
        TEMPERATURES | st.just(0.0),
        TEMPERATURES | st.sampled_from([0.0, -1.0]),
        st.sampled_from(["none", "magenta", "sketch_rnn_js"]),
    )
    def check(params, u, temperature, softmax, compatibility):
        points = _point(
            tf.constant(params),
            tf.constant(u),
            temperature * ONES,
            softmax * ONES,
            compatibility,
        ).numpy()
        assert np.isfinite(points).all()
        np.testing.assert_array_equal(
            np.sort(points[:, 2:]), [[0, 0, 1]] * ROWS
        )

    check()
