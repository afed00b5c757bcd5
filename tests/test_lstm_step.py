import numpy as np
import pytest
import tensorflow as tf

from export import lstm_step
from sketch_rnn_tf.model import cells


@pytest.fixture
def cell():
    made = cells.LSTMCell(7)
    made.build((None, 5 + 3))
    rng = np.random.default_rng(0)
    for weight in made.weights:
        weight.assign(rng.normal(size=weight.shape))
    return made


def random(rng, *shape):
    return tf.constant(rng.normal(size=shape), tf.float32)


def test_a_step_is_the_cells(cell):
    rng = np.random.default_rng(1)
    point, z = random(rng, 4, 5), random(rng, 4, 3)
    state = random(rng, 4, 7), random(rng, 4, 7)
    kernel, bias = cell.input_projection()
    of_z = tf.matmul(z, kernel[5:]) + bias
    expected = cell.step(tf.matmul(point, kernel[:5]) + of_z, state)
    found = lstm_step.step(
        point,
        lstm_step.condition(cell, of_z),
        state,
        lstm_step.kernel(cell, 5),
    )
    for one, other in zip(
        tf.nest.flatten(found), tf.nest.flatten(expected), strict=True
    ):
        np.testing.assert_allclose(one, other, atol=2e-6)


def test_large_gates_are_finite(cell):
    state = tf.fill([1, 7], 1.0), tf.fill([1, 7], 1.0)
    for size in (-1e4, 1e4):
        output, after = lstm_step.step(
            tf.fill([1, 5], size),
            lstm_step.condition(cell, cell.input_projection()[1]),
            state,
            lstm_step.kernel(cell, 5),
        )
        for tensor in (output, *after):
            assert np.isfinite(tensor).all()
