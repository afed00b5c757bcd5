"""Gradients of the training step in float64, against finite differences.

The step is `train_step` itself: with plain descent at rate 1 the change of
each weight is its gradient.
"""

import keras
import numpy as np
import pytest
import reference_numpy
import tensorflow as tf

from sketch_rnn_tf import presets
from sketch_rnn_tf.model import vae

B, T = 3, 5
ETA = 0.5
# The seed of the first training step's random numbers.
FIRST_STEP = 1


@pytest.fixture(autouse=True)
def float64():
    """Lets layers, losses and metrics be of float64 for one test."""
    kept = keras.config.dtype_policy(), keras.config.floatx()
    keras.config.set_floatx("float64")
    keras.config.set_dtype_policy("float64")
    yield
    keras.config.set_floatx(kept[1])
    keras.config.set_dtype_policy(kept[0])


def _model(encoder="lstm", decoder="lstm", **changes):
    settings = {
        "conditional": encoder is not None,
        "encoder_cell": encoder or "lstm",
        "encoder_size": 4,
        "decoder_cell": decoder,
        "decoder_size": 5,
        "z_size": 3,
        "num_mixtures": 2,
        "max_len": T,
        "scale_factor": 1.0,
        "kl_weight": 0.8,
        "kl_start_fraction": ETA,
        "recurrent_dropout": 0.3,
        "kl_tolerance": 0.0,
    }
    made = presets.preset("tiny").replace(**(settings | changes))
    model = vae.SketchRNN(made)
    rng = np.random.default_rng(0)
    for weight in model.trainable_weights:
        # So large that no gradient is next to nothing, and KL is of order 1.
        change = rng.normal(0, 0.4 / weight.shape[0] ** 0.5, weight.shape)
        weight.assign_add(change)
    if model.encoder is not None:
        model.encoder.mu_kernel.assign(rng.normal(0, 1, [8, 3]))
    model.compile(optimizer=keras.optimizers.SGD(1.0))
    return model


def _batch():
    strokes, lengths = reference_numpy.draw_batch(0, batch_size=B, max_len=T)
    return {
        "strokes": tf.constant(strokes, tf.float64),
        "lengths": tf.constant(lengths),
    }


def _values(model):
    return [weight.numpy() for weight in model.trainable_weights]


def _assign(model, values):
    for weight, value in zip(model.trainable_weights, values, strict=True):
        weight.assign(value)


def _gradients(model, batch):
    """Returns the gradients of the first training step."""
    before = _values(model)
    model.optimizer.iterations.assign(0)
    model.train_step(batch)
    after = _values(model)
    _assign(model, before)
    return [b - a for b, a in zip(before, after, strict=True)]


def _terms(model, batch):
    """Returns L_R and the batch's mean KL, with the first step's noise."""
    output = model(batch, training=True, seed=model._seed(FIRST_STEP))
    recon, kl = model.loss_terms(output, batch["strokes"], training=True)
    return tf.reduce_mean(recon.offset + recon.pen), tf.reduce_mean(kl)


def _objective(model, batch, terms=_terms):
    """Eq. 13 from its terms."""
    recon, kl = map(float, terms(model, batch))
    if model.encoder is None:
        return recon
    floored = max(kl, model.config.kl_tolerance)
    return recon + model.config.kl_weight * ETA * floored


def _check(model, batch):
    gradients = _gradients(model, batch)
    start = _values(model)
    terms = tf.function(_terms)  # many times faster than eager
    rng = np.random.default_rng(1)
    for index, gradient in enumerate(gradients):
        direction = rng.normal(0, 1, gradient.shape)
        direction /= np.linalg.norm(direction)
        # Central differences: the square of the step, and 1e-16 over it,
        # leave some 1e-10 of numbers of order 1.
        step, ends = 1e-5, []
        for sign in (1, -1):
            changed = list(start)
            changed[index] = start[index] + sign * step * direction
            _assign(model, changed)
            ends.append(_objective(model, batch, terms))
        _assign(model, start)
        expected = (ends[0] - ends[1]) / (2 * step)
        found = float((gradient * direction).sum())
        name = model.trainable_weights[index].path
        assert found == pytest.approx(expected, rel=1e-6, abs=1e-8), name


@pytest.mark.parametrize(
    ("encoder", "decoder"),
    [
        ("lstm", "lstm"),
        ("layer_norm", "layer_norm"),
        ("hyper", "lstm"),
        ("lstm", "hyper"),
        (None, "lstm"),
    ],
)
def test_gradients_with_dropout_agree_with_finite_differences(encoder, decoder):
    model = _model(encoder, decoder)
    assert model.dtype == "float64"
    assert all(w.dtype == "float64" for w in model.trainable_weights)
    _check(model, _batch())


def test_gradients_of_the_magenta_form_with_every_dropout_agree_as_well():
    model = _model(
        compatibility="magenta", input_dropout=0.2, output_dropout=0.25
    )
    _check(model, _batch())


def test_dropout_masks_are_fixed_by_the_step_and_matter():
    model, batch = _model(), _batch()
    assert _objective(model, batch) == _objective(model, batch)
    plain = _model(recurrent_dropout=0.0)
    _assign(plain, _values(model))
    assert abs(_objective(plain, batch) - _objective(model, batch)) > 1e-3


def test_gradients_under_an_active_floor_agree_with_finite_differences():
    model, batch = _model(kl_tolerance=100.0), _batch()
    assert float(_terms(model, batch)[1]) < 100
    _check(model, batch)


def test_active_floor_takes_away_the_gradient_of_kl_and_nothing_else():
    batch = _batch()
    floored, unweighted, full = (
        _gradients(_model(**changes), batch)
        for changes in (
            {"kl_tolerance": 100.0},
            {"kl_weight": 0.0},
            {"kl_tolerance": 1e-3},
        )
    )
    paths = [weight.path for weight in _model().trainable_weights]
    for path, one, other, whole in zip(
        paths, floored, unweighted, full, strict=True
    ):
        # A weight of zero and a floor: the same sums to the last bit or two.
        np.testing.assert_allclose(one, other, rtol=0, atol=1e-15)
        if "decoder" in path:
            np.testing.assert_allclose(one, whole, rtol=0, atol=1e-15)
        else:
            assert np.abs(one - whole).max() > 1e-3, path


def test_kl_above_the_floor_has_its_full_gradient():
    batch = _batch()
    below, none = (
        _gradients(_model(kl_tolerance=floor), batch) for floor in (0.05, 0.0)
    )
    assert float(_terms(_model(), batch)[1]) > 0.05
    for one, other in zip(below, none, strict=True):
        np.testing.assert_array_equal(one, other)
