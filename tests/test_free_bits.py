"""Free bits: a floor of each latent dimension's own mean KL."""

import numpy as np
import pytest
import tensorflow as tf

from sketch_rnn_tf.backend import keras
from sketch_rnn_tf.data import input_pipeline
from sketch_rnn_tf.generation import encoding, evaluation
from sketch_rnn_tf.model import losses, vae
from sketch_rnn_tf.training import checkpoints

FLOOR = 0.3
BITS = 0.17  # of the model, whose dimensions lie around it


@pytest.fixture(scope="module")
def posterior():
    """Returns mu and log_var [6, 5] whose dimensions lie around the floor."""
    rng = np.random.default_rng(1)
    mu = rng.normal(0, [1.5, 0.1, 0.5, 0.01, 1.0], (6, 5))
    return mu, rng.normal(0, 0.3, (6, 5))


def _kl(mu, log_var):
    """Transcribes KL(N(mu, exp(log_var)) || N(0, 1)), [B, Z]."""
    variance = np.exp(log_var)
    return 0.5 * (variance + mu**2 - 1.0 - np.log(variance))


def _objective(mu, log_var, weight=0.7):
    """Transcribes w * (1 / Z) * sum over j of max(floor, mean of KL_j)."""
    return weight * np.maximum(_kl(mu, log_var).mean(0), FLOOR).mean()


def _ours(mu, log_var, weight=0.7):
    kl = losses.kl_by_dimension(mu, log_var)
    zeros = tf.zeros(len(mu), tf.float64)
    count = tf.constant(len(mu), tf.float64)
    return losses.objective(
        losses.ReconstructionLoss(zeros, zeros),
        kl,
        count=count,
        mean_kl=tf.reduce_mean(kl, axis=0),
        kl_weight=tf.constant(weight, tf.float64),
        kl_tolerance=FLOOR,
    )


def test_the_dimensions_of_kl_are_its_mean(posterior):
    mu, log_var = posterior
    kl = losses.kl_by_dimension(mu, log_var)
    np.testing.assert_allclose(kl, _kl(mu, log_var), rtol=1e-12)
    np.testing.assert_allclose(
        tf.reduce_mean(kl, 1), losses.kl_divergence(mu, log_var), rtol=1e-12
    )


def test_floored_is_the_mean_of_floored_dimensions(posterior):
    means = _kl(*posterior).mean(0)
    # Some on either side: else it would be one of the other floors.
    assert 1 < (means > FLOOR).sum() < 5
    found = losses.floored_by_dimension(tf.constant(means), free_bits=FLOOR)
    np.testing.assert_allclose(found, _objective(*posterior, 1.0), rtol=1e-12)
    assert found > max(FLOOR, means.mean()) + 0.01


def test_gradients_are_those_of_finite_differences(posterior):
    mu, log_var = (tf.constant(part) for part in posterior)
    with tf.GradientTape() as tape:
        tape.watch((mu, log_var))
        value = _ours(mu, log_var)
    gradients = tape.gradient(value, (mu, log_var))
    step = 1e-6
    for part, gradient in enumerate(gradients):
        for place in np.ndindex(6, 5):
            moved = []
            for sign in (1, -1):
                inputs = [np.array(values) for values in posterior]
                inputs[part][place] += sign * step
                moved.append(_objective(*inputs))
            slope = (moved[0] - moved[1]) / (2 * step)
            assert gradient[place].numpy() == pytest.approx(slope, abs=1e-8)


class TestModel:
    @pytest.fixture(scope="class")
    @staticmethod
    def model(make_model, tiny_config):
        config = tiny_config.replace(free_bits=BITS, kl_tolerance=9.0)
        model = make_model(config)
        model.compile()
        return model

    def test_evaluation_reports_the_floor_over_all_data(self, model, sketches):
        found = evaluation.evaluate(model, sketches)
        kl = _kl(*np.float64(encoding.encode(model, sketches)))
        assert found["kl"] == pytest.approx(kl.mean(), rel=1e-5)
        means = kl.mean(0)
        assert (means > BITS).any() and (means < BITS).any()
        floored = np.maximum(means, BITS).mean()
        assert found["kl_floored"] == pytest.approx(floored, rel=1e-5)

    def test_a_checkpoint_holds_the_means_of_the_dimensions(self, model):
        found = []
        for interval in (checkpoints.Interval(model),) * 2:
            metric = model.metrics[-1]
            metric.reset_state()
            if not found:
                metric.add(np.float32([1, 2, 3, 4]), 2.0)
                interval.logs = {"loss": 1.0}
                state = interval.serialize()
            interval.deserialize(state)
            interval.begin(7)
            found.append(metric.result().numpy())
        np.testing.assert_array_equal(found, [[0.5, 1, 1.5, 2]] * 2)

    def test_training_presses_on_no_dimension_below_the_floor(
        self, model, sketches
    ):
        batch = input_pipeline.to_batch(sketches[:5], model.config)
        kl = _kl(*np.float64(encoding.encode(model, sketches[:5]))).mean(0)
        below = kl < BITS
        assert below.any() and not below.all()
        changes = {}
        for floor in ({"free_bits": BITS}, {"kl_tolerance": 0.0}):
            config = model.config.replace(
                free_bits=0.0,
                # All but the KL's part of the gradient is nothing beside it.
                kl_weight=1e4,
                kl_start_fraction=1.0,
                recurrent_dropout=0.0,
            )
            twin = vae.SketchRNN(config.replace(**floor))
            twin.set_weights(model.get_weights())
            twin.compile(optimizer=keras.optimizers.SGD(1.0), run_eagerly=True)
            twin.train_step(batch)
            before, after = model.encoder.mu_bias, twin.encoder.mu_bias
            changes[next(iter(floor))] = after.numpy() - before.numpy()
        with_bits, free = changes["free_bits"], changes["kl_tolerance"]
        assert (np.abs(with_bits[below]) < 1e-2 * np.abs(free[below])).all()
        np.testing.assert_allclose(with_bits[~below], free[~below], rtol=1e-3)
