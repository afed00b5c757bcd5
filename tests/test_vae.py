"""The model: what it minimises, what it reports, that it saves and repeats."""

import dataclasses
import math
import warnings

import keras
import numpy as np
import pytest
import tensorflow as tf

from sketch_rnn_tf import config
from sketch_rnn_tf.model import (
    losses,
    optimizer as optimizer_lib,
    schedules,
    vae,
)
from sketch_rnn_tf.model.cells import division
from sketch_rnn_tf.native import library

B, T = 4, 12

CONFIG = config.Config(
    encoder_size=8,
    decoder_size=8,
    z_size=4,
    num_mixtures=3,
    max_len=T,
    scale_factor=2.0,
    batch_size=B,
    seed=3,
)
DROPOUT = {
    "recurrent_dropout": 0.5,
    "input_dropout": 0.5,
    "output_dropout": 0.5,
}
NO_DROPOUT = dict.fromkeys(DROPOUT, 0.0)


def _batch(num_steps=T, seed=0):
    rng = np.random.default_rng(seed)
    strokes = np.zeros((B, num_steps + 1, 5), np.float32)
    strokes[:, 0] = config.Config().start_point
    strokes[:, 1:, 4] = 1
    lengths = rng.integers(3, num_steps + 1, B).astype(np.int32)
    for sketch, length in zip(strokes, lengths, strict=True):
        sketch[1 : length + 1, :2] = rng.normal(size=(length, 2))
        sketch[1 : length + 1, 4] = 0
        pens = rng.integers(0, 2, length)
        sketch[np.arange(1, length + 1), 2 + pens] = 1
    return {"strokes": tf.constant(strokes), "lengths": tf.constant(lengths)}


def _data(count=1, **options):
    return tf.data.Dataset.from_tensors(_batch(**options)).repeat(count)


def _fit(model, steps, **options):
    history = model.fit(_data(steps), verbose=0, **options)
    return {name: values[-1] for name, values in history.history.items()}


def _evaluate(model, data=None):
    return model.evaluate(data or _data(), verbose=0, return_dict=True)


def _randomized(model):
    """Gives a model weights by which every input matters."""
    rng = np.random.default_rng(5)
    for weight in model.weights:
        weight.assign(rng.normal(0, 0.4, weight.shape))
    return model


def _compiled(seed=CONFIG.seed, **changes):
    model = vae.SketchRNN(CONFIG.replace(seed=seed, **changes))
    model.compile()
    return model


def _assert_same_weights(one, other):
    for a, b in zip(one.get_weights(), other.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)


def _fit_three_steps():
    """Returns a model with dropout, set up by `compile`, and its report."""
    model = _compiled(**DROPOUT, learning_rate=0.02, kl_decay_rate=0.5)
    return model, _fit(model, 3)


@pytest.fixture(scope="module")
def fitted_once():
    model, reported = _fit_three_steps()
    variables = [*model.weights, *model.optimizer.variables]
    return model, reported, [(v, v.numpy()) for v in variables]


@pytest.fixture
def fitted(fitted_once):
    """A model as it was after three steps; tests may train it further."""
    model, _, state = fitted_once
    for variable, value in state:
        variable.assign(value)
    return model


def _change(optimizer=None, **changes):
    """Returns how one step of training changes each weight, flattened."""
    model = _randomized(vae.SketchRNN(CONFIG.replace(**changes)))
    before = model.get_weights()
    # Eagerly: one step is not worth a trace.
    model.compile(optimizer or keras.optimizers.SGD(1.0), run_eagerly=True)
    _fit(model, 1)
    after = model.get_weights()
    return np.concatenate(
        [(a - b).ravel() for a, b in zip(after, before, strict=True)]
    )


# The change of a weight of order 1 is known to its rounding, 2**-24.
ROUNDING = 3e-7


def test_kl_below_the_floor_has_no_gradient():
    with_floor = _change(kl_weight=0.5, kl_tolerance=1e3)
    without_kl = _change(kl_weight=0.0)
    np.testing.assert_allclose(with_floor, without_kl, rtol=0, atol=ROUNDING)
    above = _change(kl_weight=0.5, kl_tolerance=0.0, kl_start_fraction=1.0)
    assert np.abs(above - without_kl).max() > 0.01


@pytest.mark.parametrize(
    ("share", "acts"), [(1.01, True), (0.99, False)], ids=["below", "above"]
)
def test_kl_floor_acts_on_the_mean_over_the_batch(share, acts):
    model = _randomized(vae.SketchRNN(CONFIG))
    output, batch = model(_batch()), _batch()
    _, kl = model.loss_terms(output, batch["strokes"], training=True)
    mean = float(tf.reduce_mean(kl))
    # Sketches lie on both sides of either floor.
    assert min(kl) < 0.99 * mean and max(kl) > 1.01 * mean
    options = NO_DROPOUT | {"kl_start_fraction": 1.0}
    got = _change(**options, kl_tolerance=share * mean)
    expected = _change(
        **options, kl_tolerance=0.0, kl_weight=0.0 if acts else 0.5
    )
    np.testing.assert_allclose(got, expected, rtol=0, atol=ROUNDING)


def test_kl_gradient_is_weighted_by_w_kl_and_eta():
    options = {"kl_tolerance": 0.0}
    recon = _change(kl_weight=0.0, **options)
    whole = _change(kl_weight=1.0, kl_start_fraction=1.0, **options)
    part = _change(kl_weight=0.5, kl_start_fraction=0.3, **options)
    expected = recon + 0.5 * 0.3 * (whole - recon)
    np.testing.assert_allclose(part, expected, rtol=0, atol=3 * ROUNDING)


def test_gradients_are_clipped_by_value():
    free = _change()
    limit = 0.01
    clipped = _change(keras.optimizers.SGD(1.0, clipvalue=limit))
    assert np.abs(free).max() > 2 * limit
    np.testing.assert_allclose(
        clipped, np.clip(free, -limit, limit), rtol=0, atol=ROUNDING
    )


def test_compile_without_optimizer_takes_the_configuration():
    model = _compiled(
        learning_rate=3e-3,
        min_learning_rate=2e-5,
        learning_rate_decay=0.98,
        gradient_clip=0.7,
    )
    optimizer = model.optimizer
    assert type(optimizer) is optimizer_lib.Adam
    # Adam as TensorFlow's own, in the reference: beta 0.9, 0.999, eps 1e-8.
    assert (optimizer.beta_1, optimizer.beta_2) == (0.9, 0.999)
    assert optimizer.epsilon == 1e-8
    assert optimizer.clipvalue == 0.7
    assert optimizer.clipnorm is None and optimizer.global_clipnorm is None
    schedule = optimizer._learning_rate
    assert isinstance(schedule, schedules.LearningRate)
    assert list(schedule.get_config().values()) == [3e-3, 2e-5, 0.98]
    assert not model.jit_compile


def test_gradient_clip_of_zero_is_none():
    assert _compiled(gradient_clip=0.0).optimizer.clipvalue is None


def _spoiled(model, term):
    """Makes a term of the loss, or only its gradient, not a number."""

    @tf.custom_gradient
    def without_gradient(values):
        return tf.identity(values), lambda upstream: upstream * math.nan

    def loss_terms(*args, **options):
        recon, kl = vae.SketchRNN.loss_terms(model, *args, **options)
        if term == "offset_loss":
            recon = recon._replace(offset=recon.offset * math.nan)
        elif term == "pen_loss":
            recon = recon._replace(pen=recon.pen * math.inf)
        elif term == "kl":
            kl = kl / 0.0
        elif term == "gradient":
            recon = recon._replace(pen=without_gradient(recon.pen))
        return recon, kl

    model.loss_terms = loss_terms


@pytest.mark.parametrize("term", vae.TERMS)
def test_step_that_is_not_finite_is_told_and_changes_nothing(term):
    model = _randomized(_compiled())
    good = model.train_step(_batch())
    variables = [*model.weights, *model.optimizer.variables]
    before = [variable.numpy() for variable in variables]
    _spoiled(model, term)
    bad = model.train_step(_batch(seed=1))
    assert vae.TERMS[int(bad["bad_term"])] == term
    for variable, value in zip(variables, before, strict=True):
        np.testing.assert_array_equal(variable, value)
    for name in ("loss", "recon", "kl", "offset_loss", "pen_loss"):
        assert float(bad[name]) == float(good[name]), name
    _spoiled(model, None)
    assert model.train_step(_batch())["bad_term"] == -1
    assert int(model.optimizer.iterations) == 2
    moved = zip(model.trainable_weights, before, strict=False)
    assert all((w.numpy() != value).any() for w, value in moved)


def test_step_that_is_not_finite_never_spoils_another_optimizer():
    model = _randomized(vae.SketchRNN(CONFIG))
    model.compile(keras.optimizers.SGD(0.1, momentum=0.9))
    _spoiled(model, "gradient")
    before = model.get_weights()
    assert model.train_step(_batch())["bad_term"] == 3
    for one, other in zip(model.get_weights(), before, strict=True):
        np.testing.assert_array_equal(one, other)


def test_validation_reports_no_bad_term():
    model = _randomized(vae.SketchRNN(CONFIG))
    model.compile(run_eagerly=True)
    reported = _fit(model, 1, validation_data=_data())
    assert "bad_term" in reported and "val_loss" in reported
    assert "val_bad_term" not in reported


def test_fit_lowers_the_loss():
    # Without annealing, training minimises the loss that is reported.
    model = _compiled(**NO_DROPOUT, learning_rate=0.03, kl_start_fraction=1.0)
    before = _evaluate(model)
    _fit(model, 40)
    after = _evaluate(model)
    # Nats: a tenth of the fresh model's loss, at which it starts.
    assert after["loss"] < before["loss"] - 0.3
    assert after["recon"] < before["recon"] - 0.3


def test_fit_does_not_warn_of_shuffling_that_nobody_asked_for():
    model = _compiled()
    with warnings.catch_warnings():
        warnings.simplefilter("error", UserWarning)
        model.fit(_data(), verbose=0)
    with pytest.warns(UserWarning, match="shuffle"):
        model.fit(_data(), verbose=0, shuffle=True)


def test_fit_takes_keras_arguments_by_position():
    model = _compiled()
    with pytest.warns(UserWarning, match="shuffle"):
        history = model.fit(_data(), None, None, 2, 0, None, 0.0, _data(), True)
    assert len(history.history["val_loss"]) == 2


def test_fit_refuses_what_keras_does_not_know():
    with pytest.raises(TypeError, match="shufle"):
        _compiled().fit(_data(), shufle=False)


def test_fit_reports_loss_terms_and_annealing(fitted_once):
    _, reported, _ = fitted_once
    assert set(reported) == {
        "loss",
        "recon",
        "kl",
        "kl_floored",
        "offset_loss",
        "pen_loss",
        "kl_annealing",
        "bad_term",
    }
    assert reported["bad_term"] == -1
    # Eq. 13 before the third step, with R = 0.5; exact in float32 but for
    # the rounding of 0.98.
    eta = 1 - (1 - CONFIG.kl_start_fraction) * 0.5**2
    assert reported["kl_annealing"] == pytest.approx(eta, rel=1e-6)
    total = reported["recon"] + CONFIG.kl_weight * reported["kl"]
    assert reported["loss"] == pytest.approx(total, rel=1e-6)


@pytest.mark.parametrize("num_steps", [T, 7])
def test_evaluation_reports_eq_12_with_the_full_weight(num_steps):
    model = _randomized(_compiled(kl_weight=0.25, kl_start_fraction=0.0))
    batch = _batch(num_steps)
    reported = _evaluate(model, _data(num_steps=num_steps))
    output = model(batch)
    recon = losses.reconstruction(
        output.points, batch["strokes"][:, 1:], max_len=T
    )
    log_var = 2 * tf.math.log(output.posterior.stddev())
    kl = losses.kl_divergence(output.posterior.mean(), log_var)
    expected = {
        "offset_loss": np.mean(recon.offset),
        "pen_loss": np.mean(recon.pen),
        "kl": np.mean(kl),
    }
    expected["recon"] = expected["offset_loss"] + expected["pen_loss"]
    expected["loss"] = expected["recon"] + 0.25 * expected["kl"]
    expected["kl_floored"] = max(expected["kl"], CONFIG.kl_tolerance)
    # Float32 in a graph and eagerly, summed over 12 steps.
    assert reported == pytest.approx(expected, rel=1e-5)


def test_magenta_evaluation_masks_the_pen_and_floors_the_kl():
    # Floors above and below the KL of these weights.
    for kl_tolerance in (1e-3, 10.0):
        model = _randomized(
            _compiled(compatibility="magenta", kl_tolerance=kl_tolerance)
        )
        batch = _batch()
        output = model(batch)
        recon, kl = model.loss_terms(output, batch["strokes"], training=False)
        masked = losses.reconstruction(
            output.points,
            batch["strokes"][:, 1:],
            max_len=T,
            density_floor=1e-6,
            mask_pen=True,
        )
        np.testing.assert_array_equal(recon.offset, masked.offset)
        np.testing.assert_array_equal(recon.pen, masked.pen)
        training, _ = model.loss_terms(output, batch["strokes"], training=True)
        assert np.all(training.pen >= recon.pen)
        assert np.any(training.pen > recon.pen)
        expected_kl = max(float(tf.reduce_mean(kl)), kl_tolerance)
        total = np.mean(recon.offset + recon.pen)
        reported = _evaluate(model)
        # Float32 in a graph and eagerly.
        assert reported["kl"] == pytest.approx(expected_kl, rel=1e-5)
        assert reported["loss"] == pytest.approx(
            total + CONFIG.kl_weight * expected_kl, rel=1e-5
        )


def test_kl_floored_is_at_least_the_tolerance():
    # Fresh heads are near zero, and so is the KL.
    reported = _evaluate(_compiled())
    assert reported["kl"] < 1e-3
    assert reported["kl_floored"] == pytest.approx(0.2, rel=1e-6)


def test_evaluation_repeats_and_is_unmoved_by_a_fit_between(fitted):
    before = _evaluate(fitted)
    assert _evaluate(fitted) == before
    weights = fitted.get_weights()
    _fit(fitted, 2)
    assert _evaluate(fitted) != before
    fitted.set_weights(weights)
    assert _evaluate(fitted) == before


def test_dropout_is_off_at_evaluation(fitted):
    plain = _compiled(**NO_DROPOUT)
    plain.set_weights(fitted.get_weights())
    assert _evaluate(plain) == _evaluate(fitted)


def test_evaluation_samples_z_anew_for_each_batch():
    model = _randomized(_compiled())
    one, two = _evaluate(model), _evaluate(model, _data(2))
    assert two["kl"] == pytest.approx(one["kl"], rel=1e-6)
    assert abs(two["recon"] - one["recon"]) > 1e-4


def test_z_has_the_moments_of_the_posterior():
    model = _randomized(vae.SketchRNN(CONFIG))
    # Many copies of the same sketches.
    batch = {k: tf.repeat(v, 500, axis=0) for k, v in _batch(4).items()}
    output = model(batch)
    posterior = output.posterior
    noise = (output.z - posterior.mean()) / posterior.stddev()
    noise = noise.numpy()
    # Five standard errors over 8000 draws: of the mean, of the variance.
    error = 5 / noise.size**0.5
    assert noise.mean() == pytest.approx(0, abs=error)
    assert noise.var() == pytest.approx(1, abs=2**0.5 * error)


def test_mean_of_z_is_taken_on_request():
    model = _randomized(_compiled())
    batch = _batch()
    output = model(batch, sample_z=False)
    np.testing.assert_array_equal(output.z, output.posterior.mean())
    model.sample_z = False
    recon, _ = model.loss_terms(output, batch["strokes"], training=False)
    expected = np.mean(recon.offset + recon.pen)
    reported = _evaluate(model, _data(2))["recon"]
    # Float32 in a graph and eagerly.
    assert reported == pytest.approx(expected, rel=1e-5)


def test_padding_changes_neither_offset_loss_nor_kl():
    model = _randomized(vae.SketchRNN(CONFIG.replace(max_len=20)))
    batch = _batch()
    ends = np.zeros((B, 8, 5), np.float32)
    ends[..., 4] = 1
    padded = {**batch, "strokes": tf.concat([batch["strokes"], ends], axis=1)}
    terms = [
        model.loss_terms(model(given), given["strokes"], training=False)
        for given in (batch, padded)
    ]
    (recon, kl), (padded_recon, padded_kl) = terms
    # The same float32 sums in another order.
    np.testing.assert_allclose(padded_recon.offset, recon.offset, rtol=1e-5)
    np.testing.assert_allclose(padded_kl, kl, rtol=1e-5)
    assert np.all(padded_recon.pen > recon.pen)


@pytest.mark.parametrize("precision", ["mixed_bfloat16", "mixed_float16"])
def test_mixed_precision_narrows_the_recurrent_products_alone(precision):
    model = vae.SketchRNN(CONFIG.replace(precision=precision))
    narrow = precision.removeprefix("mixed_")
    assert model.encoder.product_dtype == narrow
    assert model.decoder.product_dtype == narrow
    assert {weight.dtype for weight in model.weights} == {"float32"}
    with pytest.raises(ValueError, match="unknown precision 'float16'"):
        CONFIG.replace(precision="float16")


def test_unconditional_model_has_no_encoder_and_no_kl():
    model = _randomized(_compiled(conditional=False, **DROPOUT))
    output = model(_batch())
    assert model.encoder is None
    assert output.posterior is None and output.z is None
    assert output.points.offset.batch_shape == [B, T]
    for reported in (_evaluate(model), _fit(model, 1)):
        assert reported["kl"] == 0.0
        assert reported["loss"] == reported["recon"]


def test_unconditional_model_fits():
    model = _compiled(conditional=False, **NO_DROPOUT, learning_rate=0.03)
    before = _evaluate(model)["loss"]
    _fit(model, 40)
    assert _evaluate(model)["loss"] < before - 0.3


@pytest.mark.parametrize("key", ["max_len", "scale_factor"])
def test_data_not_yet_seen_is_refused(key):
    with pytest.raises(ValueError, match=f"{key}: expected a positive number"):
        vae.SketchRNN(CONFIG.replace(**{key: 0}))


def test_configuration_may_be_a_mapping():
    model = vae.SketchRNN(dataclasses.asdict(CONFIG))
    assert model.config == CONFIG
    assert vae.SketchRNN.from_config(model.get_config()).config == CONFIG


def test_seed_decides_the_initial_weights():
    one, same, other = (
        vae.SketchRNN(CONFIG.replace(seed=seed)) for seed in (1, 1, 2)
    )
    _assert_same_weights(one, same)
    kernels = [m.decoder.recurrent_cell.kernel.numpy() for m in (one, other)]
    assert (kernels[0] != kernels[1]).all()


@pytest.mark.slow
def test_training_twice_from_a_seed_is_bit_identical(fitted, fitted_once):
    again, reported = _fit_three_steps()
    assert reported == fitted_once[1]
    _assert_same_weights(again, fitted)


def test_training_draws_its_dropout_from_the_seed():
    changes = [_change(recurrent_dropout=0.5, seed=seed) for seed in (1, 1, 2)]
    np.testing.assert_array_equal(changes[0], changes[1])
    assert np.abs(changes[0] - changes[2]).max() > 1e-3


def test_training_draws_anew_at_each_step():
    model = _randomized(vae.SketchRNN(CONFIG.replace(**DROPOUT)))
    model.compile(keras.optimizers.SGD(0.0), run_eagerly=True)
    first, second = (_fit(model, 1)["recon"] for _ in range(2))
    # The weights stand still: only the random numbers have changed.
    assert abs(first - second) > 1e-3


def test_no_two_draws_of_a_step_share_their_seed(monkeypatch):
    seeds = []

    def recording(draw):
        def seen(*args, **kwargs):
            seed = kwargs["seed"] if "seed" in kwargs else args[1]
            seeds.append(tuple(np.asarray(seed).tolist()))
            return draw(*args, **kwargs)

        return seen

    model = vae.SketchRNN(CONFIG.replace(batch_size=32, **DROPOUT))
    for module, name in (
        (tf.random, "stateless_uniform"),
        (tf.random, "stateless_normal"),
        (tf.nn.experimental, "stateless_dropout"),
    ):
        monkeypatch.setattr(module, name, recording(getattr(module, name)))
    batch = tf.nest.map_structure(
        lambda tensor: tf.repeat(tensor, 8, axis=0), _batch()
    )
    model(batch, training=True, seed=tf.constant([7, 0]))
    # Masks of two directions and a decoder; z's noise, the inputs' dropout,
    # and that of the outputs.
    assert len(seeds) == len(set(seeds)) == 6


def test_dropout_does_not_depend_on_how_a_batch_is_divided(monkeypatch):
    model = vae.SketchRNN(CONFIG.replace(batch_size=64, **DROPOUT))
    batch = tf.nest.map_structure(
        lambda tensor: tf.repeat(tensor, 16, axis=0), _batch()
    )

    def run(cores, native):
        monkeypatch.setattr(division.processor, "cores", lambda: cores)
        monkeypatch.setenv(library.SWITCH, native)
        output = model(batch, training=True, seed=tf.constant([7, 0]))
        return output.points.pen.logits.numpy()

    whole = run(1, "auto")
    assert np.abs(whole).max() > 0.1
    for cores, native in ((2, "auto"), (4, "auto"), (2, "off")):
        np.testing.assert_allclose(run(cores, native), whole, atol=1e-5)


@pytest.mark.parametrize(
    "cell",
    [
        pytest.param(cell, marks=[pytest.mark.slow] * (cell == "hyper"))
        for cell in config.CELLS
    ],
)
def test_divided_batches_are_trained_on_in_a_graph(cell, monkeypatch):
    monkeypatch.setenv(library.SWITCH, "off")
    model = vae.SketchRNN(
        CONFIG.replace(
            batch_size=33, encoder_cell=cell, decoder_cell=cell, **DROPOUT
        )
    )
    model.compile()
    # Of any number of steps, as the input pipeline's batches are.
    batch = tf.nest.map_structure(
        lambda tensor: tf.repeat(tensor, [9, 8, 8, 8], axis=0), _batch()
    )
    signature = {
        "strokes": tf.TensorSpec([33, None, 5]),
        "lengths": tf.TensorSpec([33], tf.int32),
    }
    data = tf.data.Dataset.from_generator(
        lambda: [batch], output_signature=signature
    )
    assert math.isfinite(model.fit(data, verbose=0).history["loss"][0])


def test_largest_seed_is_allowed():
    model = vae.SketchRNN(CONFIG.replace(seed=2**31 - 1))
    model.compile(run_eagerly=True)
    assert math.isfinite(_fit(model, 1)["loss"])


@pytest.mark.parametrize("seed", [2**28, 2**29, 2**31 - 8])
def test_seeds_far_apart_draw_differently(seed):
    changes = [_change(recurrent_dropout=0.5, seed=s) for s in (0, seed)]
    assert np.abs(changes[0] - changes[1]).max() > 1e-3


def test_saved_model_goes_on_as_if_it_had_not_been_saved(fitted, tmp_path):
    path = tmp_path / "model.keras"
    fitted.save(path)
    restored = keras.models.load_model(path)
    assert restored.config == fitted.config
    _assert_same_weights(restored, fitted)
    assert _evaluate(restored) == _evaluate(fitted)
    assert int(restored.optimizer.iterations) == 3
    assert restored.optimizer.get_config() == fitted.optimizer.get_config()
    assert restored.optimizer.clipvalue == CONFIG.gradient_clip
    for one, other in zip(
        restored.optimizer.variables, fitted.optimizer.variables, strict=True
    ):
        np.testing.assert_array_equal(one, other)
    # Moments, schedule, annealing and random numbers: all go on.
    assert _fit(restored, 2) == _fit(fitted, 2)
    _assert_same_weights(restored, fitted)


def test_untrained_saved_model_gives_the_same_outputs(tmp_path):
    model = _randomized(vae.SketchRNN(CONFIG))
    path = tmp_path / "model.keras"
    model.save(path)
    restored = keras.models.load_model(path)
    value = tf.zeros([B, T, 2])
    np.testing.assert_array_equal(
        restored(_batch()).points.offset.log_prob(value),
        model(_batch()).points.offset.log_prob(value),
    )


def test_eager_equals_a_graph():
    model = _randomized(vae.SketchRNN(CONFIG))
    batch = _batch()

    @tf.function
    def call(batch):
        output = model(batch)
        return output.z, output.points.pen.logits

    eager = model(batch)
    z, pen_logits = call(batch)
    # Float32 sums in another order.
    np.testing.assert_allclose(z, eager.z, rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(
        pen_logits, eager.points.pen.logits, rtol=1e-5, atol=1e-5
    )
