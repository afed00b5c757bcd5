"""What `compatibility` changes, against the references' own formulas."""

import numpy as np
import pytest
import reference_files
import reference_numpy
import tensorflow as tf

from sketch_rnn_tf import cli, config
from sketch_rnn_tf.command_line import commands
from sketch_rnn_tf.model import next_point, vae
from sketch_rnn_tf.weights import magenta

SIZES = {
    "encoder": "lstm", "encoder_size": 5, "decoder": "layer_norm",
    "decoder_size": 6, "z_size": 3, "num_mixtures": 3,
}  # fmt: skip
T = 7


@pytest.mark.parametrize(
    ("compatibility", "logits", "sigma"),
    [
        # Eq. 9: logits over tau, sigma times its root.
        ("none", 0.25, 0.5),
        # The reference squares the root that it was passed.
        ("magenta", 0.25, 0.25),
        # sketch-rnn-js softens the softmax less.
        ("sketch_rnn_js", 0.625, 0.5),
    ],
)
def test_temperature_of_a_quarter_divides_logits_and_scales_sigma(
    compatibility, logits, sigma
):
    divisor, variance = next_point.temperatures(
        tf.constant([0.25]), compatibility
    )
    np.testing.assert_allclose(divisor, [logits])
    np.testing.assert_allclose(np.sqrt(variance), [sigma])


@pytest.mark.parametrize("compatibility", config.COMPATIBILITIES)
def test_temperature_of_one_changes_nothing(compatibility):
    for value in next_point.temperatures(tf.ones([2]), compatibility):
        np.testing.assert_array_equal(value, [1, 1])


@pytest.mark.parametrize(
    ("compatibility", "sigma_factor"),
    [("none", 0.5), ("magenta", 0.25), ("sketch_rnn_js", 0.5)],
)
def test_sampled_offsets_spread_by_the_factor_of_sigma(
    compatibility, sigma_factor
):
    count = 4000
    # One component of mean 0, sigmas 2 and 3, uncorrelated.
    params = np.zeros((1, 9), np.float32)
    params[0, 6:8] = np.log([2, 3])
    u = np.random.default_rng(0).random((count, 4)).astype(np.float32)
    points = next_point.sample_point(
        tf.constant(np.repeat(params, count, axis=0)),
        tf.constant(u),
        tf.fill([count], 0.25),
        compatibility=compatibility,
    )
    spread = np.std(points[:, :2], axis=0)
    # Five standard errors of a standard deviation.
    np.testing.assert_allclose(
        spread, np.array([2, 3]) * sigma_factor, rtol=5 / (2 * count) ** 0.5
    )


@pytest.mark.parametrize(
    ("compatibility", "divisor"),
    [("none", 0.25), ("magenta", 0.25), ("sketch_rnn_js", 0.625)],
)
def test_sampled_pen_is_as_frequent_as_its_softened_softmax(
    compatibility, divisor
):
    count = 4000
    logits = np.array([0.3, 0.0, -0.2])
    params = np.zeros((count, 9), np.float32)
    params[:, :3] = logits
    u = np.random.default_rng(0).random((count, 4)).astype(np.float32)
    points = next_point.sample_point(
        tf.constant(params),
        tf.constant(u),
        tf.fill([count], 0.25),
        compatibility=compatibility,
    )
    expected = np.exp(reference_numpy.log_softmax(logits / divisor))
    # Five standard errors of a frequency, at most.
    np.testing.assert_allclose(
        np.mean(points[:, 2:], axis=0), expected, atol=5 * 0.5 / count**0.5
    )


def _evaluated(tmp_path, compatibility, kl_tolerance):
    """Returns what `test_step` reports, and the transcription's costs."""
    variables = reference_numpy.draw(reference_numpy.shapes(**SIZES), 0)
    reference_files.write_checkpoint(tmp_path, variables)
    imported, _ = magenta.import_magenta(tmp_path, max_len=T)
    model = vae.SketchRNN(
        imported.config.replace(
            compatibility=compatibility, kl_tolerance=kl_tolerance
        )
    )
    model.set_weights(imported.get_weights())
    model.compile()
    model.sample_z = False
    strokes, lengths = reference_numpy.draw_batch(1, batch_size=4, max_len=T)
    batch = {"strokes": tf.constant(strokes), "lengths": tf.constant(lengths)}
    values = {k: float(v) for k, v in model.test_step(batch).items()}
    wanted = reference_numpy.forward(variables, strokes, lengths, eps=0.0)
    return values, wanted


def test_magenta_evaluates_with_the_pen_masked_and_the_kl_floored(tmp_path):
    values, wanted = _evaluated(tmp_path, "magenta", 5.0)
    # float32 against float64.
    assert values["recon"] == pytest.approx(
        float(wanted["masked_r_cost"]), rel=1e-5
    )
    assert values["kl"] == 5.0
    assert values["loss"] == pytest.approx(values["recon"] + 0.5 * 5, rel=1e-6)


@pytest.mark.parametrize("compatibility", ["none", "sketch_rnn_js"])
def test_others_evaluate_as_the_paper_does(tmp_path, compatibility):
    values, wanted = _evaluated(tmp_path, compatibility, 5.0)
    # The reference's 1e-6 beside densities of 1e-4 and more: up to 1e-2.
    assert values["recon"] == pytest.approx(float(wanted["r_cost"]), rel=1e-2)
    assert values["recon"] > float(wanted["masked_r_cost"]) * 1.01
    assert values["kl"] == pytest.approx(float(wanted["kl_cost"]), rel=1e-5)
    assert values["kl_floored"] == 5.0


@pytest.mark.parametrize(
    ("compatibility", "longest"), [("none", 6), ("magenta", 9)]
)
def test_n_max_is_over_all_splits_in_the_magenta_form_alone(
    compatibility, longest, tmp_path, monkeypatch
):
    rng = np.random.default_rng(0)
    lengths = [6, 4, 5, 6, 3, 9]
    sketches = [rng.integers(-9, 10, (n, 3)) for n in lengths]
    for sketch in sketches:
        sketch[:, 2] = 0
        sketch[-1, 2] = 1
    data = reference_files.write_npz(tmp_path / "data.npz", sketches, test=2)
    configured = []
    monkeypatch.setattr(
        commands.training,
        "train",
        lambda made, *_, **__: configured.append(made),
    )
    arguments = [
        "train", "--data", str(data), "--work-dir", str(tmp_path / "work"),
        "--preset", "tiny", "--set", f"compatibility={compatibility}",
    ]  # fmt: skip
    assert cli.main(arguments) == 0
    assert [made.max_len for made in configured] == [longest]
