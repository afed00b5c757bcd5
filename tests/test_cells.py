"""Cells and the loop over time, against the published equations in NumPy."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from sketch_rnn_tf.model import cells

H, X, B, T = 8, 5, 3, 12


def _cell(seed=0):
    """Returns an LSTM cell whose weights, the bias too, are random."""
    cell = cells.LSTMCell(H)
    cell.build((None, X))
    rng = np.random.default_rng(seed)
    for weight in cell.weights:
        weight.assign(rng.normal(0, 0.4, weight.shape))
    return cell


def _normal(*shape, seed=1):
    values = np.random.default_rng(seed).normal(size=shape)
    return tf.constant(values, tf.float32)


def _project(cell, inputs):
    kernel, bias = cell.input_projection()
    return tf.tensordot(inputs, kernel, 1) + bias


def _sigmoid(x):
    return 1 / (1 + np.exp(-x))


def _numpy_step(weights, x, c, h, mask=1.0):
    """The reference implementation's LSTM, float64; its own gate order."""
    w_xh, w_hh, bias = (np.asarray(w, np.float64) for w in weights)
    a = np.concatenate([x, h], axis=1) @ np.concatenate([w_xh, w_hh]) + bias
    i, j, f, o = (a[:, k * H : (k + 1) * H] for k in range(4))
    c = c * _sigmoid(f + 1.0) + _sigmoid(i) * (np.tanh(j) * mask)
    return np.tanh(c) * _sigmoid(o), c


def _float64(*tensors):
    return [np.asarray(tensor, np.float64) for tensor in tensors]


# Some tens of float32 roundings of numbers of order 1.
TOLERANCE = {"rtol": 1e-5, "atol": 1e-6}


@pytest.mark.parametrize("masked", [False, True])
def test_lstm_step_is_the_reference_step(masked):
    cell = _cell()
    x, c, h = _normal(B, X), _normal(B, H, seed=2), _normal(B, H, seed=3)
    mask = tf.constant(np.tile([0, 1 / 0.9], (B, H // 2)), tf.float32)
    output, (new_c, new_h) = cell.step(
        _project(cell, x), (c, h), candidate_mask=mask if masked else None
    )
    weights = (cell.kernel, cell.recurrent_kernel, cell.bias)
    expected_h, expected_c = _numpy_step(
        weights, *_float64(x, c, h), _float64(mask)[0] if masked else 1.0
    )
    np.testing.assert_allclose(new_c, expected_c, **TOLERANCE)
    np.testing.assert_allclose(new_h, expected_h, **TOLERANCE)
    np.testing.assert_array_equal(output, new_h)
    np.testing.assert_array_equal(cell.output_of((new_c, new_h)), new_h)


def test_dropping_every_candidate_keeps_the_memory():
    cell = _cell()
    x, c, h = _normal(B, X), _normal(B, H, seed=2), _normal(B, H, seed=3)
    projected = _project(cell, x)
    _, (new_c, _) = cell.step(
        projected, (c, h), candidate_mask=tf.zeros([B, H])
    )
    gates = projected + h @ tf.convert_to_tensor(cell.recurrent_kernel)
    forget = gates[:, 2 * H : 3 * H]
    expected = c.numpy() * _sigmoid(forget.numpy() + 1.0)
    np.testing.assert_allclose(new_c, expected, **TOLERANCE)


def test_unit_of_bias_zero_forgets_by_sigmoid_of_one():
    cell = _cell()
    for weight in cell.weights:
        weight.assign(tf.zeros(weight.shape))
    _, (c, _) = cell.step(
        tf.zeros([B, 4 * H]), (tf.ones([B, H]), tf.zeros([B, H]))
    )
    # One float32 sigmoid.
    np.testing.assert_allclose(c, np.full((B, H), _sigmoid(1.0)), rtol=1e-6)


def test_fresh_cell_has_glorot_kernel_orthogonal_blocks_and_zero_bias():
    cell = cells.LSTMCell(H)
    cell.build((None, X))
    assert cell.kernel.shape == (X, 4 * H)
    assert cell.recurrent_kernel.shape == (H, 4 * H)
    limit = (6 / (X + 4 * H)) ** 0.5
    largest = np.abs(cell.kernel).max()
    # Of 160 uniform numbers the largest is below 0.8 limit once in 1e15.
    assert 0.8 * limit < largest <= limit
    np.testing.assert_array_equal(cell.bias, np.zeros(4 * H))
    for block in np.split(cell.recurrent_kernel.numpy(), 4, axis=1):
        # A float32 QR decomposition.
        np.testing.assert_allclose(block.T @ block, np.eye(H), atol=1e-5)


def test_candidate_masks_are_inverted_and_fresh_for_each_step_and_unit():
    rate = 0.25
    drawn = cells.candidate_masks(
        [50, 20, 41], rate=rate, seed=tf.constant([1, 2])
    )
    masks = np.stack([drawn.at(t, tf.float32) for t in range(50)])[..., :40]
    assert masks.dtype == np.float32
    kept = masks > 0
    np.testing.assert_array_equal(masks[kept], np.float32(1 / (1 - rate)))
    # Five standard errors of the frequency over 40,000 draws.
    error = 5 * (rate * (1 - rate) / masks.size) ** 0.5
    assert kept.mean() == pytest.approx(1 - rate, abs=error)
    # No axis shares its draws: neighbours agree as often as chance has it.
    chance = rate**2 + (1 - rate) ** 2
    for axis in range(3):
        first, second = np.split(kept, 2, axis=axis)
        agreement = (first == second).mean()
        error = 5 * (chance * (1 - chance) / first.size) ** 0.5
        assert agreement == pytest.approx(chance, abs=error)


def test_candidate_masks_repeat_with_the_seed():
    def draw(seed):
        return cells.candidate_masks(
            [T, B, H], rate=0.5, seed=tf.constant(seed)
        ).bits.numpy()

    np.testing.assert_array_equal(draw([1, 2]), draw([1, 2]))
    assert (draw([1, 2]) != draw([1, 3])).any()
    assert (draw([1, 2]) != draw([2, 2])).any()


def test_run_is_the_reference_step_repeated():
    cell = _cell()
    inputs = _normal(T, B, X)
    c, h = _normal(B, H, seed=2), _normal(B, H, seed=3)
    masks = cells.candidate_masks([T, B, H], rate=0.3, seed=tf.constant([0, 1]))
    outputs, state = cells.run(
        cell, _project(cell, inputs), (c, h), masks=masks
    )
    weights = (cell.kernel, cell.recurrent_kernel, cell.bias)
    masks = tf.stack([masks.at(t, tf.float32) for t in range(T)])
    x, c, h, masks = _float64(inputs, c, h, masks)
    for t in range(T):
        h, c = _numpy_step(weights, x[t], c, h, masks[t])
        np.testing.assert_allclose(outputs[t], h, **TOLERANCE)
    np.testing.assert_allclose(state[0], c, **TOLERANCE)
    np.testing.assert_allclose(state[1], h, **TOLERANCE)


def test_run_with_lengths_freezes_state_and_output():
    cell = _cell()
    projected = _project(cell, _normal(T, B, X))
    start = (_normal(B, H, seed=2), _normal(B, H, seed=3))
    lengths = [1, 4, T]
    outputs, state = cells.run(
        cell, projected, start, lengths=tf.constant(lengths)
    )
    for row, length in enumerate(lengths):
        short_outputs, short_state = cells.run(cell, projected[:length], start)
        # The same operations on the same numbers.
        np.testing.assert_array_equal(
            outputs[:length, row], short_outputs[:, row]
        )
        for got, expected in zip(state, short_state, strict=True):
            np.testing.assert_array_equal(got[row], expected[row])
        assert not np.array_equal(outputs[length - 1, row], start[1][row])
        for t in range(length, T):
            np.testing.assert_array_equal(outputs[t, row], state[1][row])


@pytest.mark.parametrize("lengths", [None, [3, 0, T]])
def test_run_in_a_graph_equals_eager(lengths):
    cell = _cell()
    projected = _project(cell, _normal(T, B, X))
    start = (_normal(B, H, seed=2), _normal(B, H, seed=3))

    def run(projected):
        return cells.run(cell, projected, start, lengths=lengths)

    eager = tf.nest.flatten(run(projected))
    graph = tf.nest.flatten(tf.function(run)(projected))
    for one, other in zip(eager, graph, strict=True):
        np.testing.assert_allclose(one, other, **TOLERANCE)


def test_run_without_outputs_returns_the_same_state():
    cell = _cell()
    projected = _project(cell, _normal(T, B, X))
    start = cells.zero_state(cell, B)
    _, state = cells.run(cell, projected, start)
    outputs, same = cells.run(cell, projected, start, keep_outputs=False)
    assert outputs is None
    for one, other in zip(state, same, strict=True):
        np.testing.assert_array_equal(one, other)


def test_run_of_no_steps_returns_the_given_state():
    cell = _cell()
    start = (_normal(B, H, seed=2), _normal(B, H, seed=3))
    # As of the encoder, where every sketch of a batch is empty.
    _, state = cells.run(
        cell, tf.zeros([0, B, 4 * H]), start, keep_outputs=False
    )
    for one, other in zip(state, start, strict=True):
        np.testing.assert_array_equal(one, other)


def test_zero_state_is_zeros_of_the_state_sizes():
    cell = _cell()
    state = cells.zero_state(cell, B)
    assert [tuple(part.shape) for part in state] == [(B, H), (B, H)]
    assert cell.state_sizes == (H, H)
    assert all(not part.numpy().any() for part in state)


@pytest.mark.parametrize("seed", [None, 0, 5])
def test_block_orthogonal_blocks_are_orthogonal_and_differ(seed):
    kernel = cells.BlockOrthogonal(seed)((H, 4 * H), dtype="float32").numpy()
    assert kernel.shape == (H, 4 * H)
    blocks = np.split(kernel, 4, axis=1)
    for block in blocks:
        # A float32 QR decomposition.
        np.testing.assert_allclose(block.T @ block, np.eye(H), atol=1e-5)
    for index, block in enumerate(blocks):
        for other in blocks[:index]:
            assert np.abs(block - other).max() > 0.1


@pytest.mark.parametrize("seed", [0, 5])
def test_block_orthogonal_repeats_with_the_seed(seed):
    def draw(seed):
        return cells.BlockOrthogonal(seed)((H, 4 * H), dtype="float32").numpy()

    np.testing.assert_array_equal(draw(seed), draw(seed))
    assert np.abs(draw(seed) - draw(seed + 100)).max() > 0.1


@pytest.mark.parametrize("seed", [None, 0, 5])
def test_block_orthogonal_survives_serialisation(seed):
    restored = keras.initializers.deserialize(
        keras.initializers.serialize(cells.BlockOrthogonal(seed))
    )
    assert isinstance(restored, cells.BlockOrthogonal)
    assert restored.get_config() == {"seed": seed}


def test_lstm_cell_survives_serialisation():
    cell = cells.LSTMCell(H, name="some_cell")
    restored = keras.saving.deserialize_keras_object(
        keras.saving.serialize_keras_object(cell)
    )
    assert isinstance(restored, cells.LSTMCell)
    assert restored.get_config() == cell.get_config()
    assert (restored.size, restored.name) == (H, "some_cell")


def test_make_makes_the_kind_and_refuses_others():
    cell = cells.make("lstm", H, name="cell")
    assert isinstance(cell, cells.LSTMCell)
    assert (cell.size, cell.name) == (H, "cell")
    with pytest.raises(ValueError, match="unknown cell 'gru'"):
        cells.make("gru", H, name="cell")
