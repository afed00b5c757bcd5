"""The layer-norm LSTM cell, against the reference's equations in NumPy."""

import keras
import numpy as np
import pytest
import reference_numpy
import tensorflow as tf

from sketch_rnn_tf.model import cells
from sketch_rnn_tf.model.cells import layer_norm

B, T = 4, 7
SCOPE = "RNN/LayerNormLSTMCell"
# The reference's variable of each weight.
NAMES = {
    "kernel": "W_xh",
    "recurrent_kernel": "W_hh",
    "gates_gamma": "ln_all/ln_gamma",
    "gates_beta": "ln_all/ln_beta",
    "memory_gamma": "ln_c/ln_gamma",
    "memory_beta": "ln_c/ln_beta",
}
# float32 against float64: some tens of roundings of numbers of order 1, and
# division by the root of a variance that may be small.
TOLERANCE = {"rtol": 1e-5, "atol": 5e-6}


def _cell(n, x_size, seed=0):
    """Returns a cell of drawn weights, and them by the reference's names."""
    wanted = reference_numpy.cell_shapes(SCOPE, "layer_norm", n, x_size)
    variables = reference_numpy.draw(wanted, seed, scale=0.5)
    cell = cells.LayerNormLSTMCell(n)
    cell.build((None, x_size))
    assert len(cell.weights) == len(NAMES)
    for ours, theirs in NAMES.items():
        getattr(cell, ours).assign(variables[f"{SCOPE}/{theirs}"])
    return cell, {k: np.float64(v) for k, v in variables.items()}


def _normal(*shape, seed=1):
    values = np.random.default_rng(seed).normal(size=shape)
    return tf.constant(values, tf.float32)


def _project(cell, inputs):
    kernel, bias = cell.input_projection()
    return tf.tensordot(inputs, kernel, 1) + bias


def _packed(*state):
    return np.float64(np.concatenate(state, axis=1))


@pytest.mark.parametrize("masked", [False, True])
@pytest.mark.parametrize(("n", "x_size"), [(1, 2), (5, 3), (8, 5), (33, 21)])
def test_step_is_the_reference_step(n, x_size, masked):
    cell, variables = _cell(n, x_size)
    x, h, c = _normal(B, x_size), _normal(B, n, seed=2), _normal(B, n, seed=3)
    mask = np.float32(np.random.default_rng(4).random((B, n)) < 0.7) / 0.7
    output, state = cell.step(
        _project(cell, x), (h, c), candidate_mask=mask if masked else None
    )
    expected, packed = reference_numpy.step(
        variables, "RNN", np.float64(x), _packed(h, c),
        mask=np.float64(mask) if masked else 1.0,
    )  # fmt: skip
    np.testing.assert_allclose(output, expected, **TOLERANCE)
    # h first, then c: the other way round than in the plain LSTM.
    np.testing.assert_allclose(tf.concat(state, 1), packed, **TOLERANCE)
    np.testing.assert_array_equal(cell.output_of(state), output)


def test_dropping_every_candidate_leaves_what_the_forget_gate_lets_through():
    cell, variables = _cell(8, 5)
    x, h, c = _normal(B, 5), _normal(B, 8, seed=2), _normal(B, 8, seed=3)
    _, (_, kept) = cell.step(
        _project(cell, x), (h, c), candidate_mask=tf.zeros([B, 8])
    )
    _, packed = reference_numpy.step(
        variables, "RNN", np.float64(x), _packed(h, c), mask=0.0
    )
    np.testing.assert_allclose(kept, packed[:, 8:], **TOLERANCE)
    # The memory never grows without a candidate, and its sign stays.
    assert (np.abs(kept) < np.abs(c)).all()
    np.testing.assert_array_equal(np.sign(kept), np.sign(c))


def test_memory_goes_on_without_normalisation():
    cell, _ = _cell(8, 5)
    cell.memory_gamma.assign(tf.zeros([8]))
    cell.memory_beta.assign(tf.zeros([8]))
    x, h, c = _normal(B, 5), _normal(B, 8, seed=2), _normal(B, 8, seed=3)
    output, (_, new_c) = cell.step(_project(cell, x), (h, c))
    assert not np.any(output)
    assert np.abs(new_c).min() > 0


def test_each_block_is_normalised_over_its_own_units():
    values = _normal(B, 12) * 7 + 3
    ones, zeros = tf.ones([12]), tf.zeros([12])
    got = layer_norm.normalise(values, ones, zeros, blocks=3).numpy()
    for block, given in zip(
        np.split(got, 3, axis=1),
        np.split(values.numpy(), 3, axis=1),
        strict=True,
    ):
        variance = given.var(axis=1)
        # Float32 sums of four numbers of order 10.
        np.testing.assert_allclose(block.mean(axis=1), 0, atol=1e-5)
        np.testing.assert_allclose(
            block.var(axis=1), variance / (variance + 1e-3), rtol=1e-4
        )


def test_constant_block_is_normalised_to_beta():
    got = layer_norm.normalise(
        tf.fill([B, 4], 5.0), tf.ones([4]), tf.range(4.0)
    )
    np.testing.assert_array_equal(got, np.tile(np.arange(4.0), (B, 1)))


def test_run_with_lengths_is_the_reference_step_until_each_end():
    n, x_size, lengths = 6, 4, [T, 1, 3, 5]
    cell, variables = _cell(n, x_size)
    inputs = _normal(T, B, x_size)
    outputs, state = cells.run(
        cell,
        _project(cell, inputs),
        cells.zero_state(cell, B),
        lengths=tf.constant(lengths),
    )
    for row, length in enumerate(lengths):
        packed = np.zeros((1, 2 * n))
        for t in range(T):
            if t < length:
                expected, packed = reference_numpy.step(
                    variables, "RNN", np.float64(inputs[t, row][None]), packed
                )
            # From its length on a row's output stays what it was.
            np.testing.assert_allclose(
                outputs[t, row], expected[0], **TOLERANCE
            )
        last = tf.concat(state, 1)[row]
        np.testing.assert_allclose(last, packed[0], **TOLERANCE)


def test_run_in_a_graph_equals_eager():
    cell, _ = _cell(6, 4)
    projected = _project(cell, _normal(T, B, 4))

    def run(projected):
        return cells.run(
            cell,
            projected,
            cells.zero_state(cell, B),
            lengths=tf.constant([1, T, 3, 0]),
        )

    eager = tf.nest.flatten(run(projected))
    graph = tf.nest.flatten(tf.function(run)(projected))
    for one, other in zip(eager, graph, strict=True):
        np.testing.assert_allclose(one, other, **TOLERANCE)


def test_fresh_cell_starts_as_the_references():
    n, x_size = 8, 5
    cell = cells.LayerNormLSTMCell(n)
    cell.build((None, x_size))
    shapes = {name: tuple(getattr(cell, name).shape) for name in NAMES}
    wanted = reference_numpy.cell_shapes(SCOPE, "layer_norm", n, x_size)
    assert shapes == {k: wanted[f"{SCOPE}/{v}"] for k, v in NAMES.items()}
    for name, value in (
        ("gates_gamma", 1), ("gates_beta", 0),
        ("memory_gamma", 1), ("memory_beta", 0),
    ):  # fmt: skip
        assert (getattr(cell, name).numpy() == value).all()
    limit = (6 / (x_size + 4 * n)) ** 0.5
    largest = np.abs(cell.kernel).max()
    # Of 160 uniform numbers the largest is below 0.8 limit once in 1e15.
    assert 0.8 * limit < largest <= limit
    for block in np.split(cell.recurrent_kernel.numpy(), 4, axis=1):
        # A float32 QR decomposition.
        np.testing.assert_allclose(block.T @ block, np.eye(n), atol=1e-5)


def test_bias_of_the_projection_is_zero():
    cell, _ = _cell(6, 4)
    kernel, bias = cell.input_projection()
    np.testing.assert_array_equal(kernel, cell.kernel)
    np.testing.assert_array_equal(bias, np.zeros(24))


def test_config_round_trip_makes_the_same_cell():
    cell = cells.make("layer_norm", 6, name="some_cell")
    assert isinstance(cell, cells.LayerNormLSTMCell)
    restored = keras.saving.deserialize_keras_object(
        keras.saving.serialize_keras_object(cell)
    )
    assert isinstance(restored, cells.LayerNormLSTMCell)
    assert restored.get_config() == cell.get_config()
    assert (restored.size, restored.name) == (6, "some_cell")
    assert restored.state_sizes == (6, 6)
