"""The decoder: autoregressive, and the same step by step as at once."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from sketch_rnn_tf.model import decoder

H, Z, M, B, T = 8, 4, 3, 2, 12
WIDTH = 6 * M + 3
SEED = tf.constant([1, 2])

# Sums of some tens of float32 products of order 1, in another order.
TOLERANCE = {"rtol": 1e-5, "atol": 1e-5}

both_kinds = pytest.mark.parametrize(
    "z_size", [Z, 0], ids=["conditional", "unconditional"]
)


def _decoder(z_size=Z, seed=0, **dropout):
    """Returns a decoder whose weights, the biases too, are random."""
    layer = decoder.Decoder("lstm", H, z_size, M, name="decoder", **dropout)
    layer.build((None, None, 5))
    rng = np.random.default_rng(seed)
    for weight in layer.weights:
        weight.assign(rng.normal(0, 0.4, weight.shape))
    return layer


def _inputs(z_size=Z, seed=1):
    rng = np.random.default_rng(seed)
    strokes = tf.constant(rng.normal(size=(B, T, 5)), tf.float32)
    z = tf.constant(rng.normal(size=(B, Z)), tf.float32)
    return strokes, z if z_size else None


@both_kinds
def test_output_is_the_parameters_of_every_next_point(z_size):
    params = _decoder(z_size)(*_inputs(z_size))
    assert params.shape == [B, T, WIDTH]
    assert params.dtype == tf.float32


@both_kinds
@pytest.mark.parametrize("training", [False, True])
def test_unrolled_step_equals_the_full_call(z_size, training):
    layer, (strokes, z) = _decoder(z_size), _inputs(z_size)
    params = layer(strokes, z, training=training)
    state = layer.initial_state(z, batch_size=B)
    for t in range(T):
        step_params, state = layer.step(strokes[:, t], z, state)
        np.testing.assert_allclose(params[:, t], step_params, **TOLERANCE)


@both_kinds
def test_advance_with_the_condition_is_step(z_size):
    layer, (strokes, z) = _decoder(z_size), _inputs(z_size)
    state = layer.initial_state(z, batch_size=B)
    by_step = layer.step(strokes[:, 0], z, state)
    by_advance = layer.advance(strokes[:, 0], layer.condition(z), state)
    for one, other in zip(
        tf.nest.flatten(by_step), tf.nest.flatten(by_advance), strict=True
    ):
        np.testing.assert_array_equal(one, other)


@both_kinds
def test_cell_sees_the_point_and_then_z(z_size):
    layer, (strokes, z) = _decoder(z_size), _inputs(z_size)
    inputs = [strokes[:, 0]] + ([z] if z_size else [])
    kernel, bias = layer.recurrent_cell.input_projection()
    projected = tf.concat(inputs, axis=-1) @ kernel + bias
    state = layer.initial_state(z, batch_size=B)
    output, _ = layer.recurrent_cell.step(projected, state)
    expected = output @ layer.output_kernel.value + layer.output_bias.value
    params, _ = layer.step(strokes[:, 0], z, state)
    np.testing.assert_allclose(params, expected, **TOLERANCE)


@both_kinds
@pytest.mark.parametrize("training", [False, True])
def test_output_ignores_inputs_after_it(z_size, training):
    layer, (strokes, z) = _decoder(z_size), _inputs(z_size)
    params = layer(strokes, z, training=training).numpy()
    for t in (0, 5, T - 1):
        later = np.arange(T)[:, None] > t
        moved = tf.where(later, strokes + 3.0, strokes)
        other = layer(moved, z, training=training).numpy()
        np.testing.assert_array_equal(other[:, : t + 1], params[:, : t + 1])
        # Every output sees its own input, and those before.
        assert (other[:, t + 1 :] != params[:, t + 1 :]).any(axis=-1).all()


@both_kinds
def test_eager_equals_a_graph(z_size):
    layer, (strokes, z) = _decoder(z_size), _inputs(z_size)
    for training in (False, True):
        graph = tf.function(
            lambda strokes, training=training: layer(
                strokes, z, training=training
            )
        )
        np.testing.assert_allclose(
            graph(strokes), layer(strokes, z, training=training), **TOLERANCE
        )


@both_kinds
def test_training_without_dropout_equals_inference(z_size):
    layer, (strokes, z) = _decoder(z_size), _inputs(z_size)
    np.testing.assert_allclose(
        layer(strokes, z, training=True),
        layer(strokes, z, training=False),
        **TOLERANCE,
    )


@both_kinds
def test_training_gradients_equal_those_of_inference(z_size):
    layer, (strokes, z) = _decoder(z_size), _inputs(z_size)
    gradients = []
    for training in (False, True):
        with tf.GradientTape() as tape:
            params = layer(strokes, z, training=training)
            # Any smooth function of all outputs.
            loss = tf.reduce_sum(tf.sin(params))
        gradients.append(tape.gradient(loss, [w.value for w in layer.weights]))
    for one, other in zip(*gradients, strict=True):
        scale = np.abs(one).max()
        np.testing.assert_allclose(one, other, rtol=0, atol=1e-5 * scale)


def test_initial_state_is_tanh_of_a_linear_layer_in_packed_order():
    layer, (_, z) = _decoder(), _inputs()
    kernel, bias = layer.initial_kernel.numpy(), layer.initial_bias.numpy()
    packed = np.tanh(z.numpy() @ kernel + bias)
    c, h = layer.initial_state(z)
    np.testing.assert_allclose(c, packed[:, :H], **TOLERANCE)
    np.testing.assert_allclose(h, packed[:, H:], **TOLERANCE)


def test_unconditional_decoder_starts_from_zeros_and_has_no_z():
    layer = _decoder(0)
    state = layer.initial_state(None, batch_size=3)
    assert [tuple(part.shape) for part in state] == [(3, H), (3, H)]
    assert not np.concatenate(state).any()
    # The cell's three weights, and the output's two.
    assert len(layer.weights) == 5
    assert layer.recurrent_cell.kernel.shape == (5, 4 * H)


def test_z_moves_every_output():
    layer, (strokes, z) = _decoder(), _inputs()
    params = layer(strokes, z).numpy()
    other = layer(strokes, z + tf.constant([[1.0], [0.0]])).numpy()
    assert (other[0] != params[0]).any(axis=-1).all()
    np.testing.assert_array_equal(other[1], params[1])


def test_fresh_weights_are_drawn_as_in_the_reference():
    layer = decoder.Decoder("lstm", H, Z, M)
    layer.build((None, None, 5))
    # N(0, 0.001**2): of 64 draws one beyond six sigma comes once in 1e7.
    assert 0 < np.abs(layer.initial_kernel).max() < 0.006
    assert not layer.initial_bias.numpy().any()
    # Glorot uniform; a rank-1 bias counts its width on both sides.
    for weight, sides in (
        (layer.output_kernel, H + WIDTH),
        (layer.output_bias, 2 * WIDTH),
    ):
        largest, limit = np.abs(weight).max(), (6 / sides) ** 0.5
        # Of 21 uniform draws all are below half the limit once in 2e6.
        assert 0.5 * limit < largest <= limit


@pytest.mark.parametrize(
    "kind", ["recurrent_dropout", "input_dropout", "output_dropout"]
)
@both_kinds
def test_dropout_follows_the_seed_and_acts_in_training_alone(z_size, kind):
    plain, dropping = _decoder(z_size), _decoder(z_size, **{kind: 0.5})
    strokes, z = _inputs(z_size)
    np.testing.assert_array_equal(dropping(strokes, z), plain(strokes, z))
    draws = [
        dropping(strokes, z, training=True, seed=tf.constant(seed)).numpy()
        for seed in ([1, 2], [1, 2], [2, 2])
    ]
    np.testing.assert_array_equal(draws[0], draws[1])
    assert np.abs(draws[0] - draws[2]).max() > 1e-3
    assert np.abs(draws[0] - plain(strokes, z)).max() > 1e-3


def test_output_dropout_is_inverted_and_leaves_the_recurrence_alone():
    layer = _decoder(output_dropout=0.5)
    # The first H parameters are the outputs themselves.
    layer.output_kernel.assign(np.eye(H, WIDTH))
    layer.output_bias.assign(np.zeros(WIDTH))
    strokes, z = _inputs()
    hidden = layer(strokes, z)[..., :H].numpy()
    dropped = layer(strokes, z, training=True, seed=SEED)[..., :H].numpy()
    kept = dropped != 0
    # Kept entries are the undropped ones, doubled: had the recurrence lost
    # some, later ones would differ.
    np.testing.assert_allclose(dropped[kept], 2 * hidden[kept], **TOLERANCE)
    # Five standard errors of the frequency over 192 draws.
    assert kept.mean() == pytest.approx(0.5, abs=5 * 0.5 / kept.size**0.5)
    assert len({step.tobytes() for step in kept[0]}) > 1


def test_input_dropout_drops_other_entries_of_z_at_every_step():
    layer = _decoder(z_size=1, input_dropout=0.5)
    # z drives the output gate alone; h = tanh(c) * sigmoid(w z).
    cell, weight = layer.recurrent_cell, 1.5
    kernel = np.zeros((6, 4 * H))
    kernel[5, 3 * H :] = weight
    cell.kernel.assign(kernel)
    bias = cell.bias.numpy()
    bias[3 * H :] = 0
    cell.bias.assign(bias)
    cell.recurrent_kernel.assign(np.zeros((H, 4 * H)))
    layer.output_kernel.assign(np.eye(H, WIDTH))
    layer.output_bias.assign(np.zeros(WIDTH))
    strokes, _ = _inputs()
    z = tf.ones([B, 1])
    plain = layer(strokes, z)[..., :H].numpy()
    dropped = layer(strokes, z, training=True, seed=SEED)[..., :H].numpy()
    ratio = dropped / plain * _sigmoid(weight)
    # Dropped to 0, or kept and doubled.
    off = np.isclose(ratio, _sigmoid(0.0), rtol=1e-4).all(axis=-1)
    on = np.isclose(ratio, _sigmoid(2 * weight), rtol=1e-4).all(axis=-1)
    assert (off ^ on).all()
    for sketch in on:
        assert sketch.any() and not sketch.all()


def _sigmoid(x):
    return 1 / (1 + np.exp(-x))


def test_config_round_trip_rebuilds_the_layer():
    layer = _decoder(
        recurrent_dropout=0.1, input_dropout=0.2, output_dropout=0.3
    )
    restored = keras.saving.deserialize_keras_object(
        keras.saving.serialize_keras_object(layer)
    )
    assert isinstance(restored, decoder.Decoder)
    config = restored.get_config()
    assert config == layer.get_config()
    expected = {
        "cell": "lstm",
        "size": H,
        "z_size": Z,
        "num_mixtures": M,
        "recurrent_dropout": 0.1,
        "input_dropout": 0.2,
        "output_dropout": 0.3,
    }
    assert {key: config[key] for key in expected} == expected
    # Keras has built it, by the saved shape.
    restored.set_weights(layer.get_weights())
    strokes, z = _inputs()
    np.testing.assert_array_equal(restored(strokes, z), layer(strokes, z))
