"""scoring: each sketch's losses and likelihoods, whatever its batch."""

import math

import numpy as np
import pytest
import tensorflow as tf

from sketch_rnn_tf import randomness
from sketch_rnn_tf.generation import encoding, evaluation, scoring
from sketch_rnn_tf.model import distributions


@pytest.fixture(params=["model", "unconditional"])
def any_model(request):
    return request.getfixturevalue(request.param)


def _stepwise(model, sketch, z):
    """Returns log p of each row: `decoder.step`, a point at a time."""
    decoder, config = model.decoder, model.config
    z = None if z is None else tf.constant(z[None], tf.float32)
    state = decoder.initial_state(z, batch_size=1)
    point = tf.constant([config.start_point], tf.float32)
    rows = [
        [dx / config.scale_factor, dy / config.scale_factor, 1 - p, p, 0]
        for dx, dy, p in sketch
    ]
    found = []
    for row in [*rows, [0, 0, 0, 0, 1]][: config.max_len]:
        params, state = decoder.step(point, z, state)
        predicted = distributions.point_distribution(params)
        point = tf.constant([row], tf.float32)
        log_prob = predicted.pen.log_prob(np.argmax(row[2:]))
        if not row[4]:
            log_prob += predicted.offset.log_prob(point[:, :2])
        found.append(float(log_prob[0]))
    return found


def test_rows_are_those_of_the_decoder_step_by_step(any_model, sketches):
    config = any_model.config
    long = next(s for s in sketches if len(s) == config.max_len)
    chosen = [*sketches[:4], long]
    z = [None] * len(chosen)
    if config.conditional:
        z, _ = encoding.encode(any_model, chosen)
    found = scoring.point_log_likelihoods(any_model, chosen)
    lengths = [min(len(s) + 1, config.max_len) for s in chosen]
    assert [len(row) for row in found] == lengths
    for row, sketch, latent in zip(found, chosen, z, strict=True):
        assert row.dtype == np.float32
        want = _stepwise(any_model, sketch, latent)
        # Products of other shapes in float32.
        np.testing.assert_allclose(row, want, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("compatibility", ["none", "magenta"])
@pytest.mark.parametrize("conditional", [True, False])
def test_means_are_those_of_evaluation(
    make_model, tiny_config, sketches, compatibility, conditional
):
    model = make_model(
        tiny_config.replace(
            compatibility=compatibility,
            conditional=conditional,
            kl_tolerance=0.0,  # magenta's evaluation reports the floored one
        )
    )
    scores = scoring.score(model, sketches)
    want = evaluation.evaluate(model, sketches, sample_z=False)
    for name in ("recon", "kl", "loss"):
        mean = getattr(scores, name).mean()
        assert mean == pytest.approx(want[name], rel=1e-5), name
    assert scores.lengths.tolist() == [len(s) for s in sketches]


def test_a_batch_scores_as_its_sketches_do_alone(
    any_model, sketches, monkeypatch
):
    monkeypatch.setattr(scoring, "_BATCH_SIZE", 4)
    seed = 3
    options = {"sample_z": any_model.config.conditional}
    scores = scoring.score(any_model, sketches, seed=seed, **options)
    rows = scoring.point_log_likelihoods(
        any_model, sketches, seed=seed, **options
    )
    for index in (0, 7, 24):
        chosen = [sketches[index]]
        alone = scoring.score(any_model, chosen, seed=seed + index, **options)
        for got, want in zip(scores, alone, strict=True):
            np.testing.assert_allclose(got[index], want[0], rtol=1e-5)
        (row,) = scoring.point_log_likelihoods(
            any_model, chosen, seed=seed + index, **options
        )
        np.testing.assert_allclose(rows[index], row, rtol=1e-4, atol=1e-5)
        assert scores.log_likelihood[index] == pytest.approx(
            row.sum(), rel=1e-4
        )


def test_losses_and_likelihoods_differ_by_the_steps_after_the_end(
    model, sketches
):
    scores = scoring.score(model, sketches)
    loss = scores.recon * model.config.max_len
    gap = loss + scores.log_likelihood
    full = scores.lengths >= model.config.max_len - 1
    np.testing.assert_allclose(gap[full], 0, atol=1e-3)
    assert (gap[~full] > 0).all()


def test_z_may_be_given_or_drawn(model, sketches):
    mu, log_var = encoding.encode(model, sketches)
    noise = randomness.prior(
        tf.range(5, 5 + len(mu)), z_size=mu.shape[1]
    ).numpy()
    own = scoring.point_log_likelihoods(model, sketches)
    drawn = scoring.point_log_likelihoods(
        model, sketches, sample_z=True, seed=5
    )
    for z, want in ((mu, own), (mu + np.exp(log_var / 2) * noise, drawn)):
        found = scoring.point_log_likelihoods(model, sketches, z=z)
        np.testing.assert_allclose(
            np.concatenate(found), np.concatenate(want), rtol=1e-4, atol=1e-4
        )
    assert not np.allclose(own[0], drawn[0])


def test_the_kl_is_that_of_the_encoding(model, sketches):
    mu, log_var = encoding.encode(model, sketches)
    kl = -(1 + log_var - mu**2 - np.exp(log_var)).mean(axis=1) / 2
    np.testing.assert_allclose(
        scoring.score(model, sketches).kl, kl, rtol=1e-4, atol=1e-6
    )


def test_densities_are_of_normalised_offsets(unconditional, sketches):
    side = np.arange(-15.0, 15.0)
    first = np.array(np.meshgrid(side, side)).reshape(2, -1).T
    factor = unconditional.config.scale_factor
    total = 0.0
    for pen in (0, 1):
        grid = np.full((len(first), 1, 3), pen, np.float32)
        grid[:, 0, :2] = first * factor
        rows = scoring.point_log_likelihoods(unconditional, list(grid))
        total += np.exp([float(row[0]) for row in rows]).sum()
    (row,) = scoring.point_log_likelihoods(unconditional, [grid[0]])
    point = np.zeros((1, 5), np.float32)
    point[0] = unconditional.config.start_point
    state = unconditional.decoder.initial_state(None, batch_size=1)
    params, _ = unconditional.decoder.step(tf.constant(point), None, state)
    ends = tf.nn.softmax(params[0, :3])[2]
    assert total == pytest.approx(1 - float(ends), rel=0.01)


@pytest.mark.parametrize(
    "change, message",
    [
        (lambda s: s.append(np.zeros((13, 3))), "sketch 3: .* 12 .*, got 13"),
        (lambda s: s.append(np.full((2, 3), 7)), "sketch 3: expected pen_lift"),
        (lambda s: s.clear(), "sketches: expected at least one, got none"),
    ],
)
def test_a_bad_sketch_is_named(any_model, sketches, change, message):
    given = sketches[:3]
    change(given)
    for function in (scoring.score, scoring.point_log_likelihoods):
        with pytest.raises(ValueError, match=message):
            function(any_model, given)


def test_a_bad_z_or_seed_is_an_error(model, unconditional, sketches):
    given = sketches[:3]
    for bad, options, message in (
        (model, {"z": np.zeros((2, 4))}, "z: expected 3 latent vectors, got 2"),
        (model, {"z": np.full((3, 4), math.nan)}, "z: expected finite"),
        (unconditional, {"z": np.zeros((3, 4))}, "z: expected None"),
        (model, {"seed": 2**31 - 2}, "seed: expected 0 to"),
    ):
        with pytest.raises(ValueError, match=message):
            scoring.point_log_likelihoods(bad, given, **options)
