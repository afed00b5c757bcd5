"""The encoder: reads each sketch to its end, from both ends."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from sketch_rnn_tf.model import encoder

H, Z, B, T = 8, 4, 3, 12
LENGTHS = [5, T, 1]

# Sums of some tens of float32 products of order 1, in another order.
TOLERANCE = {"rtol": 1e-5, "atol": 1e-6}


def _encoder(recurrent_dropout=0.0, seed=0):
    """Returns an encoder whose weights, the heads' too, are random."""
    layer = encoder.Encoder(
        "lstm", H, Z, recurrent_dropout=recurrent_dropout, name="encoder"
    )
    layer.build((None, None, 5))
    rng = np.random.default_rng(seed)
    for weight in layer.weights:
        weight.assign(rng.normal(0, 0.4, weight.shape))
    return layer


def _strokes(seed=1, num_steps=T):
    values = np.random.default_rng(seed).normal(size=(B, num_steps, 5))
    return values.astype(np.float32)


def _call(layer, strokes, lengths=LENGTHS, **options):
    """Returns mu and sigma, [2, B, Z]."""
    posterior = layer(tf.constant(strokes), tf.constant(lengths), **options)
    return np.stack([posterior.mean(), posterior.stddev()])


@pytest.mark.parametrize("training", [False, True])
def test_rows_from_the_length_on_are_never_read(training):
    layer, strokes = _encoder(), _strokes()
    dirty = strokes.copy()
    for sketch, length in zip(dirty, LENGTHS, strict=True):
        sketch[length:] = 1e3
    np.testing.assert_array_equal(
        _call(layer, dirty, training=training),
        _call(layer, strokes, training=training),
    )


@pytest.mark.parametrize("half", [0, 1], ids=["forwards", "backwards"])
def test_each_direction_reads_every_row_before_the_length(half):
    layer, strokes = _encoder(), _strokes()
    hidden = layer.encode_hidden(strokes, tf.constant(LENGTHS)).numpy()
    for row, length in enumerate(LENGTHS):
        for t in range(length):
            moved = strokes.copy()
            moved[row, t] += 1.0
            other = layer.encode_hidden(moved, tf.constant(LENGTHS)).numpy()
            change = np.abs(other - hidden)[:, half * H : (half + 1) * H]
            # A row 11 steps away still moves some unit by far more than
            # rounding; other sketches do not move at all.
            assert change[row].max() > 1e-6
            assert not np.delete(change, row, axis=0).any()


def test_backward_direction_reads_from_the_end_of_each_sketch():
    layer, strokes = _encoder(), _strokes()
    for forward, backward in zip(
        layer.forward_cell.weights, layer.backward_cell.weights, strict=True
    ):
        backward.assign(forward)
    turned = strokes.copy()
    for sketch, length in zip(turned, LENGTHS, strict=True):
        sketch[:length] = sketch[:length][::-1].copy()
    lengths = tf.constant(LENGTHS)
    hidden = layer.encode_hidden(strokes, lengths).numpy()
    hidden_turned = layer.encode_hidden(turned, lengths).numpy()
    np.testing.assert_array_equal(hidden[:, :H], hidden_turned[:, H:])
    np.testing.assert_array_equal(hidden[:, H:], hidden_turned[:, :H])


@pytest.mark.parametrize("training", [False, True])
def test_padding_never_changes_the_posterior(training):
    layer, strokes = _encoder(), _strokes()
    padded = np.pad(strokes, ((0, 0), (0, 8), (0, 0)), constant_values=0.5)
    np.testing.assert_allclose(
        _call(layer, padded, training=training),
        _call(layer, strokes, training=training),
        **TOLERANCE,
    )


def test_sketches_do_not_depend_on_their_batch():
    layer, strokes = _encoder(), _strokes()
    together = _call(layer, strokes)
    for row, length in enumerate(LENGTHS):
        alone = _call(layer, strokes[row : row + 1, :length], [length])
        np.testing.assert_allclose(alone[:, 0], together[:, row], **TOLERANCE)


def test_batch_of_empty_sketches_gets_the_heads_biases():
    layer = _encoder()
    mu, sigma = _call(layer, _strokes(), [0, 0, 0])
    np.testing.assert_array_equal(mu, [layer.mu_bias.numpy()] * B)
    expected = np.exp(layer.log_var_bias.numpy() / 2)
    np.testing.assert_allclose(sigma, [expected] * B, rtol=1e-6)


@pytest.mark.parametrize("training", [False, True])
def test_eager_equals_a_graph(training):
    layer, strokes = _encoder(), _strokes()

    @tf.function
    def call(strokes, lengths):
        posterior = layer(strokes, lengths, training=training)
        return tf.stack([posterior.mean(), posterior.stddev()])

    np.testing.assert_allclose(
        call(tf.constant(strokes), tf.constant(LENGTHS)),
        _call(layer, strokes, training=training),
        **TOLERANCE,
    )


def test_training_without_dropout_equals_inference():
    layer, strokes = _encoder(), _strokes()
    np.testing.assert_allclose(
        _call(layer, strokes, training=True),
        _call(layer, strokes, training=False),
        **TOLERANCE,
    )


def test_recurrent_dropout_follows_the_seed_and_acts_in_training_alone():
    plain, dropping = _encoder(), _encoder(recurrent_dropout=0.5)
    strokes = _strokes()
    np.testing.assert_array_equal(
        _call(dropping, strokes), _call(plain, strokes)
    )
    draws = [
        _call(dropping, strokes, training=True, seed=tf.constant(seed))
        for seed in ([1, 2], [1, 2], [2, 2])
    ]
    np.testing.assert_array_equal(draws[0], draws[1])
    assert np.abs(draws[0] - draws[2]).max() > 1e-3
    assert np.abs(draws[0] - _call(plain, strokes)).max() > 1e-3


def test_directions_have_dropout_masks_of_their_own():
    layer = _encoder(recurrent_dropout=0.5)
    for forward, backward in zip(
        layer.forward_cell.weights, layer.backward_cell.weights, strict=True
    ):
        backward.assign(forward)
    # Palindromes: both directions would agree, but for their masks.
    strokes = _strokes()
    strokes = strokes + strokes[:, ::-1]
    lengths = tf.constant([T] * B)
    hidden = layer.encode_hidden(
        strokes, lengths, training=True, seed=tf.constant([1, 2])
    ).numpy()
    assert np.abs(hidden[:, :H] - hidden[:, H:]).max() > 1e-3
    hidden = layer.encode_hidden(strokes, lengths).numpy()
    np.testing.assert_allclose(hidden[:, :H], hidden[:, H:], **TOLERANCE)


def test_parts_of_a_batch_have_dropout_masks_of_their_own():
    # Two halves of the same drawings would agree, but for their masks.
    layer = _encoder(recurrent_dropout=0.5)
    half = tf.tile(_strokes()[:1], [20, 1, 1])
    strokes, lengths = tf.concat([half, half], 0), tf.constant([T] * 40)
    hidden = layer.encode_hidden(
        strokes, lengths, training=True, seed=tf.constant([1, 2])
    ).numpy()
    assert len(np.unique(hidden.round(6), axis=0)) == 40
    without = _encoder()
    for own, its in zip(without.weights, layer.weights, strict=True):
        own.assign(its)
    hidden = without.encode_hidden(strokes, lengths, training=True).numpy()
    expected = without.encode_hidden(strokes, lengths).numpy()
    np.testing.assert_allclose(hidden, expected, **TOLERANCE)


def test_posterior_has_sigma_of_half_the_log_variance():
    mu = np.random.default_rng(0).normal(size=(B, Z))
    log_var = np.random.default_rng(1).normal(size=(B, Z))
    posterior = encoder.posterior(mu, log_var)
    assert posterior.batch_shape == [B, Z]
    np.testing.assert_array_equal(posterior.mean(), mu)
    # float64 exp of two libraries.
    np.testing.assert_allclose(
        posterior.stddev(), np.exp(log_var / 2), rtol=1e-14
    )


def test_heads_start_near_zero():
    layer = encoder.Encoder("lstm", H, Z)
    layer.build((None, None, 5))
    for name in ("mu", "log_var"):
        kernel = getattr(layer, f"{name}_kernel").numpy()
        assert kernel.shape == (2 * H, Z)
        # N(0, 0.001**2): of 64 draws one beyond six sigma comes once in 1e7.
        assert 0 < np.abs(kernel).max() < 0.006
        assert not getattr(layer, f"{name}_bias").numpy().any()


def test_config_round_trip_rebuilds_the_layer():
    layer = _encoder(recurrent_dropout=0.25)
    restored = keras.saving.deserialize_keras_object(
        keras.saving.serialize_keras_object(layer)
    )
    assert isinstance(restored, encoder.Encoder)
    assert restored.get_config() == layer.get_config()
    assert (restored.cell, restored.size) == ("lstm", H)
    assert (restored.z_size, restored.recurrent_dropout) == (Z, 0.25)
    # Keras has built it, by the saved shape.
    restored.set_weights(layer.get_weights())
    strokes = _strokes()
    np.testing.assert_array_equal(
        _call(restored, strokes), _call(layer, strokes)
    )
