"""The HyperLSTM cell, against the reference's equations in NumPy."""

import keras
import numpy as np
import pytest
import reference_numpy
import tensorflow as tf

from sketch_rnn_tf.model import cells
from sketch_rnn_tf.model.cells import hyper

B, T = 3, 5
M, E = 256, 32
SCOPE = "RNN/HyperLSTMCell"
INNER = f"{SCOPE}/LayerNormLSTMCell"
BLOCKS = ("ix", "jx", "fx", "ox", "ih", "jh", "fh", "oh")
# float32 against float64: sums of 256 products of order 1, normalised.
TOLERANCE = {"rtol": 1e-5, "atol": 1e-5}


def _cell(n, x_size, seed=0):
    """Returns a cell of drawn weights, and them by the reference's names."""
    wanted = reference_numpy.cell_shapes(SCOPE, "hyper", n, x_size)
    drawn = reference_numpy.draw(wanted, seed, scale=0.4)
    cell = cells.HyperLSTMCell(n)
    cell.build((None, x_size))

    def every(blocks, suffix):
        return [drawn[f"{SCOPE}/hyper_{b}/{suffix}"] for b in blocks]

    values = {
        "kernel": drawn[f"{SCOPE}/W_xh"],
        "recurrent_kernel": drawn[f"{SCOPE}/W_hh"],
        "bias": drawn[f"{SCOPE}/bias"],
        "gates_gamma": drawn[f"{SCOPE}/ln_all/ln_gamma"],
        "gates_beta": drawn[f"{SCOPE}/ln_all/ln_beta"],
        "memory_gamma": drawn[f"{SCOPE}/ln_c/ln_gamma"],
        "memory_beta": drawn[f"{SCOPE}/ln_c/ln_beta"],
        "hyper_kernel": drawn[f"{INNER}/W_xh"],
        "hyper_recurrent_kernel": drawn[f"{INNER}/W_hh"],
        "hyper_gates_gamma": drawn[f"{INNER}/ln_all/ln_gamma"],
        "hyper_gates_beta": drawn[f"{INNER}/ln_all/ln_beta"],
        "hyper_memory_gamma": drawn[f"{INNER}/ln_c/ln_gamma"],
        "hyper_memory_beta": drawn[f"{INNER}/ln_c/ln_beta"],
        "scale_embedding": np.concatenate(
            every(BLOCKS, "zw/super_linear_w"), axis=1
        ),
        "scale_bias": np.concatenate(every(BLOCKS, "zw/super_linear_b")),
        "scale_kernel": np.stack(every(BLOCKS, "alpha/super_linear_w")),
        "shift_embedding": np.concatenate(
            every(BLOCKS[4:], "zb/super_linear_w"), axis=1
        ),
        "shift_kernel": np.stack(every(BLOCKS[4:], "beta/super_linear_w")),
    }
    assert len(cell.weights) == len(values)
    for name, value in values.items():
        getattr(cell, name).assign(value)
    return cell, {k: np.float64(v) for k, v in drawn.items()}


def _normal(*shape, seed=1):
    values = np.random.default_rng(seed).normal(size=shape)
    return tf.constant(values, tf.float32)


def _state(cell, seed=2):
    return tuple(
        0.5 * _normal(B, width, seed=seed + index)
        for index, width in enumerate(cell.state_sizes)
    )


def _project(cell, inputs):
    kernel, bias = cell.input_projection()
    return tf.tensordot(inputs, kernel, 1) + bias


def _packed(state):
    return np.float64(np.concatenate(state, axis=1))


@pytest.mark.parametrize("masked", [False, True])
@pytest.mark.parametrize(("n", "x_size"), [(2, 5), (9, 3), (17, 40)])
def test_step_is_the_reference_step(n, x_size, masked):
    cell, variables = _cell(n, x_size)
    x, state = _normal(B, x_size), _state(cell)
    mask = np.float32(np.random.default_rng(4).random((B, n)) < 0.7) / 0.7
    output, new_state = cell.step(
        _project(cell, x), state, candidate_mask=mask if masked else None
    )
    expected, packed = reference_numpy.step(
        variables, "RNN", np.float64(x), _packed(state),
        mask=np.float64(mask) if masked else 1.0,
    )  # fmt: skip
    np.testing.assert_allclose(output, expected, **TOLERANCE)
    np.testing.assert_allclose(tf.concat(new_state, 1), packed, **TOLERANCE)
    np.testing.assert_array_equal(cell.output_of(new_state), output)


def test_state_is_h_and_c_of_both_cells_in_the_references_order():
    cell, _ = _cell(9, 3)
    assert cell.state_sizes == (9, M, 9, M)
    assert cells.make("hyper", 9, name="cell").state_sizes == (9, M, 9, M)


def test_dropout_acts_on_the_main_candidate_and_not_in_the_hyper_cell():
    cell, variables = _cell(9, 3)
    x, state = _normal(B, 3), _state(cell)
    projected = _project(cell, x)
    _, kept = cell.step(projected, state)
    _, dropped = cell.step(projected, state, candidate_mask=tf.zeros([B, 9]))
    # The hyper cell's h and c do not see the mask in the same step.
    np.testing.assert_array_equal(dropped[1], kept[1])
    np.testing.assert_array_equal(dropped[3], kept[3])
    _, packed = reference_numpy.step(
        variables, "RNN", np.float64(x), _packed(state), mask=0.0
    )
    memory = packed[:, 9 + M : 18 + M]
    np.testing.assert_allclose(dropped[2], memory, **TOLERANCE)
    assert np.abs(dropped[2] - kept[2]).max() > 0.01
    # What is left is the old memory, less what was forgotten.
    assert (np.abs(dropped[2]) < np.abs(state[2])).all()


def test_hyper_cell_reads_the_main_cells_last_output():
    cell, _ = _cell(9, 3)
    state, projected = _state(cell), _project(cell, _normal(B, 3))
    _, one = cell.step(projected, state)
    _, other = cell.step(projected, (state[0] + 1, *state[1:]))
    assert np.abs(one[1] - other[1]).max() > 1e-3


def test_run_with_lengths_is_the_reference_step_until_each_end():
    n, x_size, lengths = 4, 6, [T, 1, 3]
    cell, variables = _cell(n, x_size)
    inputs = _normal(T, B, x_size)
    outputs, state = cells.run(
        cell,
        _project(cell, inputs),
        cells.zero_state(cell, B),
        lengths=tf.constant(lengths),
    )
    for row, length in enumerate(lengths):
        packed = np.zeros((1, 2 * (n + M)))
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
    cell, _ = _cell(4, 6)
    projected = _project(cell, _normal(T, B, 6))

    def run(projected):
        return cells.run(
            cell,
            projected,
            cells.zero_state(cell, B),
            lengths=tf.constant([1, T, 0]),
        )

    eager = tf.nest.flatten(run(projected))
    graph = tf.nest.flatten(tf.function(run)(projected))
    for one, other in zip(eager, graph, strict=True):
        np.testing.assert_allclose(one, other, **TOLERANCE)


def test_fresh_cell_starts_as_the_references():
    n, x_size = 8, 5
    cell = cells.HyperLSTMCell(n)
    cell.build((None, x_size))
    for name, shape, value in (
        ("bias", (4 * n,), 0),
        ("scale_embedding", (M, 8 * E), 0),
        ("scale_bias", (8 * E,), 1),
        ("scale_kernel", (8, E, n), np.float32(0.1 / 32)),
        ("shift_kernel", (4, E, n), 0),
        ("gates_gamma", (4 * n,), 1),
        ("gates_beta", (4 * n,), 0),
        ("memory_gamma", (n,), 1),
        ("memory_beta", (n,), 0),
        ("hyper_gates_gamma", (4 * M,), 1),
        ("hyper_gates_beta", (4 * M,), 0),
        ("hyper_memory_gamma", (M,), 1),
        ("hyper_memory_beta", (M,), 0),
    ):
        weight = getattr(cell, name).numpy()
        assert weight.shape == shape, name
        assert (weight == value).all(), name
    shift = cell.shift_embedding.numpy()
    assert shift.shape == (M, 4 * E)
    # Of 32,768 draws of N(0, 0.01^2): five standard errors of each.
    assert abs(shift.mean()) < 5 * 0.01 / shift.size**0.5
    assert abs(shift.std() / 0.01 - 1) < 5 / (2 * shift.size) ** 0.5
    for name, rows, columns in (
        ("kernel", x_size, 4 * n),
        ("hyper_kernel", x_size + n, 4 * M),
    ):
        kernel = getattr(cell, name).numpy()
        assert kernel.shape == (rows, columns)
        limit = (6 / (rows + columns)) ** 0.5
        # Of 160 uniform numbers the largest is below 0.8 limit once in 1e15.
        assert 0.8 * limit < np.abs(kernel).max() <= limit
    for name, width in (
        ("recurrent_kernel", n),
        ("hyper_recurrent_kernel", M),
    ):
        kernel = getattr(cell, name).numpy()
        assert kernel.shape == (width, 4 * width)
        for block in np.split(kernel, 4, axis=1):
            # A float32 QR decomposition.
            np.testing.assert_allclose(
                block.T @ block, np.eye(width), atol=1e-5
            )


def test_fresh_cell_scales_every_block_by_a_tenth():
    cell = cells.HyperLSTMCell(4)
    cell.build((None, 5))
    # (u 0 + 1) @ (0.1 / 32), summed over 32 ones.
    for kernel in cell.scale_kernel.numpy():
        scale = cell.scale_bias.numpy()[:E] @ kernel
        np.testing.assert_allclose(scale, 0.1, rtol=1e-6)
    assert (hyper.HYPER_SIZE, hyper.EMBEDDING_SIZE) == (M, E)
    assert hyper.BLOCKS == BLOCKS


def test_config_round_trip_makes_the_same_cell():
    cell = cells.HyperLSTMCell(6, 10, 3, name="some_cell")
    restored = keras.saving.deserialize_keras_object(
        keras.saving.serialize_keras_object(cell)
    )
    assert isinstance(restored, cells.HyperLSTMCell)
    assert restored.get_config() == cell.get_config()
    assert restored.state_sizes == (6, 10, 6, 10)
    assert (restored.embedding_size, restored.name) == (3, "some_cell")
