"""Schedules: the published formulas, and serialisation."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from sketch_rnn_tf.model import schedules

STEPS = [0, 1, 2, 10, 1000, 100_000, 10_000_000]


def _power_tolerance(rate, step):
    """Float32's share in rate ** step.

    Rounding the rate to float32 changes it by up to 2**-24 of itself, and
    thereby the power by step times as much; the power and the few operations
    after it round by 2**-24 each.
    """
    return rate**step * step * 2.0**-24 + 4 * 2.0**-24


@pytest.mark.parametrize("step", STEPS)
@pytest.mark.parametrize("rate", [0.0, 0.5, 0.99, 0.99995, 1.0])
@pytest.mark.parametrize("start", [0.0, 0.01, 1.0])
def test_kl_annealing_is_eq_13(step, rate, start):
    expected = 1 - (1 - start) * rate**step
    got = schedules.kl_annealing(
        tf.constant(step), start_fraction=start, decay_rate=rate
    )
    assert got.dtype == tf.float32
    tolerance = _power_tolerance(rate, step)
    np.testing.assert_allclose(got, expected, rtol=0, atol=tolerance)


def test_kl_annealing_starts_at_the_fraction_and_rises_to_one():
    steps = tf.range(0, 2_000_000, 1000)
    eta = schedules.kl_annealing(steps, start_fraction=0.02, decay_rate=0.99995)
    # One rounding of 1 - 0.98.
    assert float(eta[0]) == pytest.approx(0.02, abs=2**-24)
    assert np.all(np.diff(eta) >= 0)
    assert float(eta[-1]) == 1.0


def test_kl_annealing_equals_the_reference_schedule_of_absolute_weights():
    weight, weight_start, rate = 0.5, 0.01, 0.99995
    for step in STEPS:
        reference = weight - (weight - weight_start) * rate**step
        eta = schedules.kl_annealing(
            step, start_fraction=weight_start / weight, decay_rate=rate
        )
        tolerance = weight * _power_tolerance(rate, step)
        assert weight * float(eta) == pytest.approx(reference, abs=tolerance)


@pytest.mark.parametrize("step", STEPS)
@pytest.mark.parametrize(
    ("initial", "minimum", "rate"),
    [(1e-3, 1e-5, 0.9999), (5e-3, 1e-4, 0.9), (1e-4, 0.0, 1.0)],
)
def test_learning_rate_decays_to_its_floor(step, initial, minimum, rate):
    expected = (initial - minimum) * rate**step + minimum
    schedule = schedules.LearningRate(initial, minimum, rate)
    got = schedule(tf.constant(step, tf.int64))
    assert got.dtype == tf.float32
    tolerance = initial * _power_tolerance(rate, step)
    np.testing.assert_allclose(got, expected, rtol=0, atol=tolerance)


def test_learning_rate_is_the_same_in_a_graph():
    schedule = schedules.LearningRate(1e-3, 1e-5, 0.99)
    steps = tf.constant([0, 5, 500])
    np.testing.assert_allclose(
        # Grappler may reorder a multiplication: one rounding.
        tf.function(schedule)(steps),
        schedule(steps),
        rtol=2e-7,
    )


def test_learning_rate_survives_serialisation():
    schedule = schedules.LearningRate(3e-3, 2e-5, 0.998)
    restored = keras.optimizers.schedules.deserialize(
        keras.optimizers.schedules.serialize(schedule)
    )
    assert isinstance(restored, schedules.LearningRate)
    assert restored.get_config() == {
        "initial": 3e-3,
        "minimum": 2e-5,
        "decay_rate": 0.998,
    }
    assert float(restored(100)) == float(schedule(100))


def test_learning_rate_survives_inside_an_optimizer():
    schedule = schedules.LearningRate(3e-3, 2e-5, 0.998)
    optimizer = keras.optimizers.Adam(schedule)
    restored = keras.optimizers.deserialize(
        keras.optimizers.serialize(optimizer)
    )
    restored.build([keras.Variable(0.0)])
    restored.iterations.assign(7)
    assert float(restored.learning_rate) == float(schedule(7))
