"""evaluation: the losses of a split, whatever the model did before."""

import json
import math

import numpy as np
import pytest

from sketch_rnn_tf import strokes
from sketch_rnn_tf.data import input_pipeline
from sketch_rnn_tf.generation import evaluation
from sketch_rnn_tf.model import losses


@pytest.fixture(scope="module")
def evaluated(make_model, tiny_config, sketches):
    """Returns a model of its own, for it is compiled anew, and its losses."""
    model = make_model(tiny_config)
    values = {
        sample_z: evaluation.evaluate(model, sketches, sample_z=sample_z)
        for sample_z in (True, False)
    }
    return model, values


def _log_softmax(logits):
    return logits - np.logaddexp.reduce(logits, axis=-1, keepdims=True)


def _expected(model, sketches):
    """Computes the losses with z = mu, one sketch at a time, in NumPy.

    Eqs. 10 and 11 of Ha & Eck (2017) and Eqs. 24 and 25 of Graves (2013), in
    their textbook forms.
    """
    config = model.config
    recons, kls = [], []
    for sketch in sketches:
        batch = input_pipeline.to_batch([sketch], config)
        posterior = model.encoder(batch["strokes"][:, 1:], batch["lengths"])
        y = model.decoder(batch["strokes"][:, :-1], posterior.loc)
        y = y[0].numpy().astype(np.float64)
        pen, mixture = _log_softmax(y[:, :3]), y[:, 3:]
        logits, mx, my, lx, ly, r = np.split(mixture, 6, axis=1)
        target = batch["strokes"][0, 1:].numpy().astype(np.float64)
        u = (target[:, :1] - mx) / np.exp(lx)
        v = (target[:, 1:2] - my) / np.exp(ly)
        rho = np.tanh(r)
        quadratic = (u**2 + v**2 - 2 * rho * u * v) / (1 - rho**2)
        log_density = -quadratic / 2 - np.log(
            2 * np.pi * np.exp(lx + ly) * np.sqrt(1 - rho**2)
        )
        mixed = np.logaddexp.reduce(_log_softmax(logits) + log_density, axis=1)
        offset_loss = -mixed[: len(sketch)].sum() / config.max_len
        pen_loss = -(target[:, 2:] * pen).sum() / config.max_len
        mu, sigma = posterior.loc.numpy()[0], posterior.scale.numpy()[0]
        log_var = 2 * np.log(sigma)
        recons.append(offset_loss + pen_loss)
        kls.append(-np.mean(1 + log_var - mu**2 - np.exp(log_var)) / 2)
    return np.mean(recons), np.mean(kls)


def test_losses_with_mean_z_are_those_of_the_equations(evaluated, sketches):
    model, values = evaluated
    recon, kl = _expected(model, sketches)
    # float32, over sums of some 300 numbers.
    assert values[False]["recon"] == pytest.approx(recon, rel=1e-5)
    assert values[False]["kl"] == pytest.approx(kl, rel=1e-5)
    weight = model.config.kl_weight
    assert values[False]["loss"] == pytest.approx(recon + weight * kl, rel=1e-5)


def test_sampled_z_changes_recon_and_nothing_else(evaluated):
    _, values = evaluated
    assert values[True]["recon"] != values[False]["recon"]
    assert values[True]["recon"] == pytest.approx(
        values[False]["recon"], rel=0.5
    )
    for name in ("kl", "kl_floored", "count", "dropped"):
        assert values[True][name] == values[False][name]


def test_recon_per_point_divides_by_points_instead_of_n_max(
    evaluated, sketches
):
    model, values = evaluated
    points = sum(map(len, sketches))
    for value in values.values():
        assert value["recon_per_point"] == pytest.approx(
            value["recon"] * model.config.max_len * len(sketches) / points
        )


def test_kl_is_floored_from_below(evaluated):
    model, values = evaluated
    assert values[True]["kl_floored"] == pytest.approx(
        max(values[True]["kl"], model.config.kl_tolerance)
    )


def test_longer_sketches_are_counted_and_left_out(evaluated, sketches):
    model, values = evaluated
    long = np.zeros([model.config.max_len + 1, 3], np.float32)
    got = evaluation.evaluate(model, [long, *sketches, long], sample_z=False)
    assert (got["count"], got["dropped"]) == (len(sketches), 2)
    assert {**got, "dropped": 0} == values[False]


# Keras says so of a stream, whose length it cannot know.
@pytest.mark.filterwarnings("ignore:Your input ran out of data")
def test_a_stream_gives_the_same(evaluated, sketches):
    import tensorflow as tf

    model, values = evaluated
    stream = tf.data.Dataset.from_generator(
        lambda: ({"strokes": strokes.stroke3_to_stroke5(s)} for s in sketches),
        output_signature={"strokes": tf.TensorSpec([None, 5], tf.float32)},
    )
    assert evaluation.evaluate(model, stream, sample_z=False) == values[False]


def test_training_before_does_not_matter_but_for_the_weights(
    make_model, tiny_config, sketches, evaluated
):
    _, values = evaluated
    model = make_model(tiny_config)
    weights = model.get_weights()
    assert not model.compiled
    model.compile()
    model.fit(
        input_pipeline.batches(sketches, tiny_config, training=True),
        steps_per_epoch=3,
        verbose=0,
    )
    model.set_weights(weights)
    got = evaluation.evaluate(model, sketches)
    assert got == values[True]
    assert int(model.optimizer.iterations) == 3
    assert evaluation.evaluate(model, sketches) == got


def test_the_models_own_evaluation_stays_as_it_was(evaluated, sketches):
    model, values = evaluated
    assert model.sample_z
    batches = input_pipeline.batches(sketches, model.config)
    results = model.evaluate(batches, return_dict=True, verbose=0)
    assert results["recon"] == pytest.approx(values[True]["recon"], rel=1e-6)


def test_an_unconditional_model_has_no_kl(unconditional, sketches):
    values = evaluation.evaluate(unconditional, sketches)
    assert values["kl"] == 0
    assert values["loss"] == values["recon"]


def test_values_are_plain_numbers(evaluated):
    _, values = evaluated
    assert json.loads(json.dumps(values[True])) == values[True]
    assert all(map(math.isfinite, values[True].values()))
    assert list(values[True]) == [
        "loss",
        "recon",
        "kl",
        "kl_floored",
        "recon_per_point",
        "count",
        "dropped",
    ]


def test_nothing_short_enough_is_an_error(evaluated):
    model, _ = evaluated
    long = np.zeros([13, 3], np.float32)
    with pytest.raises(ValueError, match="at most 12 points .*: 2 are longer"):
        evaluation.evaluate(model, [long, long])


def test_the_losses_module_agrees_for_one_batch(evaluated, sketches):
    model, values = evaluated
    batch = input_pipeline.to_batch(sketches, model.config)
    output = model(batch, sample_z=False)
    recon = losses.reconstruction(
        output.points, batch["strokes"][:, 1:], max_len=model.config.max_len
    )
    total = np.mean(recon.offset + recon.pen)
    assert total == pytest.approx(values[False]["recon"], rel=1e-5)
