"""The model's numbers are the reference implementation's.

Its recordings, where the folder that holds them lies beside the repository;
models of freshly drawn sizes against a transcription in float64 NumPy; and
the account's golden forward passes.
"""

import json
import sys

import numpy as np
import pytest
import reference_files
import reference_numpy
import tensorflow as tf

from benchmarks import parity
from sketch_rnn_tf.model import distributions, model_output
from sketch_rnn_tf.weights import magenta

CASES = reference_files.SHARED / "reference" / "parity"
RECORDED = (
    "lstm_conditional",
    "lstm_unconditional",
    "layer_norm_conditional",
    "hyper_conditional",
    "hyper_unconditional",
)


def _run(monkeypatch, *arguments):
    monkeypatch.setattr(sys, "argv", ["parity", *map(str, arguments)])
    return parity.main()


@pytest.mark.parametrize("case", RECORDED)
def test_recorded_outputs_and_gradients_are_reproduced(case):
    folder = CASES / case
    if not (folder / "parity.npz").exists():
        pytest.skip("needs the recordings of ../shared/reference/parity")
    errors = parity.compare(folder)
    with np.load(folder / "parity.npz") as recorded:
        compared = [k for k in recorded if k.startswith(("out/", "grad/"))]
        variables = sum(k.startswith("var/") for k in recorded)
    assert len(errors) == len(compared)
    assert sum(name.startswith("grad/") for name in errors) == variables
    for name, (_, relative) in errors.items():
        # Both are float32; gradients add up over all steps.
        tolerance = 2e-4 if name.startswith("grad/") else 2e-5
        assert relative <= tolerance, name


# Sizes that nothing else here has; the weights are drawn, too.
DRAWN = {
    "hyper encoder, layer-norm decoder": {
        "encoder": "hyper", "encoder_size": 7, "decoder": "layer_norm",
        "decoder_size": 11, "z_size": 3, "num_mixtures": 4,
    },
    "layer-norm encoder, hyper decoder": {
        "encoder": "layer_norm", "encoder_size": 6, "decoder": "hyper",
        "decoder_size": 9, "z_size": 5, "num_mixtures": 2,
    },
    "LSTM encoder and decoder": {
        "encoder": "lstm", "encoder_size": 9, "decoder": "lstm",
        "decoder_size": 5, "z_size": 2, "num_mixtures": 6,
    },
    "layer-norm decoder alone": {
        "decoder": "layer_norm", "decoder_size": 13, "num_mixtures": 3,
    },
}  # fmt: skip
KL_WEIGHT = 0.7


def _drawn_case(folder, sizes, seed):
    """Writes a case laid out as the recorded ones; returns its variables.

    Its outputs are the transcription's; it has no gradients.
    """
    wanted = reference_numpy.shapes(**sizes)
    variables = reference_numpy.draw(wanted, seed)
    strokes, lengths = reference_numpy.draw_batch(seed, batch_size=3, max_len=6)
    inputs = {"in/strokes": strokes, "in/lengths": lengths}
    if "encoder" in sizes:
        rng = np.random.default_rng(seed)
        inputs["in/eps"] = rng.normal(0, 1, (3, sizes["z_size"]))
        inputs["in/kl_weight"] = np.float64(KL_WEIGHT)
    reference_files.write_checkpoint(folder, variables)
    outputs = reference_numpy.forward(
        variables, strokes, lengths, eps=inputs.get("in/eps")
    )
    outputs.pop("masked_r_cost")
    recorded = {f"out/{name}": value for name, value in outputs.items()}
    np.savez(folder / "parity.npz", **inputs, **recorded)
    return variables, inputs


@pytest.mark.parametrize("kind", DRAWN)
def test_drawn_model_gives_the_outputs_of_the_transcription(kind, tmp_path):
    _drawn_case(tmp_path, DRAWN[kind], 1)
    for name, (_, relative) in parity.compare(tmp_path).items():
        # float32 against float64, over six steps; the tolerance.
        assert relative <= 2e-5, name


@pytest.mark.parametrize("kind", DRAWN)
def test_drawn_model_has_the_gradients_of_the_transcription(kind, tmp_path):
    variables, inputs = _drawn_case(tmp_path, DRAWN[kind], 3)
    model, _ = magenta.import_magenta(tmp_path, max_len=6)
    ours = parity.outputs_and_gradients(model, inputs)
    strokes, lengths = inputs["in/strokes"], inputs["in/lengths"]
    exact = {k: np.asarray(v, np.float64) for k, v in variables.items()}

    def cost(changed):
        found = reference_numpy.forward(
            changed, strokes, lengths, eps=inputs.get("in/eps")
        )
        return found["r_cost"] + KL_WEIGHT * found["kl_cost"]

    rng = np.random.default_rng(0)
    for name, value in exact.items():
        # One direction a variable looks at all of its entries at once.
        direction = rng.normal(0, 1, value.shape)
        gradient = ours[f"grad/{name}"]
        # The error of central differences falls with the square of the step,
        # of float64 sums grows as 1e-16 over it: 1e-5 leaves about 1e-10.
        step = 1e-5 / np.linalg.norm(direction)
        ahead, behind = (
            cost(exact | {name: value + sign * step * direction})
            for sign in (1, -1)
        )
        difference = (ahead - behind) / (2 * step)
        # The float32 gradient is good to 2e-4 of its largest entry; along a
        # random direction the errors of its n entries add up as sqrt(n).
        largest = float(np.abs(gradient).max())
        tolerance = 2e-4 * largest * value.size**0.5 + 1e-9
        found = float((gradient * direction).sum())
        assert found == pytest.approx(difference, abs=tolerance), name


# The account's golden forward passes (parity.md, section 8).
SIZES = {
    "encoder_size": 8, "decoder_size": 12, "z_size": 4, "num_mixtures": 3,
}  # fmt: skip
SKETCHES = (
    ((0.5, -0.25, 0), (1, 0.5, 0), (-0.75, 0.25, 1), (0.1, 0.2, 0),
     (0.3, -0.4, 1)),
    ((-0.2, 0.6, 0), (0.9, -1.1, 1), (0.4, 0.4, 1)),
)  # fmt: skip
Z = np.array([[0.1, -0.2, 0.3, -0.4], [0.5, 0.4, -0.3, 0.2]], np.float32)
LSTM_MU = (0.098571, 0.110234, 0.106978, 0.089242)
LSTM_PRESIG = (0.107260, 0.110114, 0.098065, 0.072744)
# Number of variables, mu of A, presig of A, KL, L_R in training and in
# evaluation, sum of the final state.
GOLDEN = {
    ("lstm", "lstm"): (
        17, LSTM_MU, LSTM_PRESIG, 0.007396, 2.630737, 2.255233, 0.998146,
    ),
    ("layer_norm", "layer_norm"): (
        26, (0.148183, 0.118853, 0.073436, 0.018080),
        (0.132963, 0.093434, 0.041259, -0.016500),
        0.005639, 2.616298, 2.236486, -7.422810,
    ),
    ("lstm", "hyper"): (
        59, LSTM_MU, LSTM_PRESIG, 0.007396, 2.468768, 2.116887, 201.012085,
    ),
    ("hyper", "hyper"): (
        143, (-0.009678, 0.000642, 0.010875, 0.019637),
        (-0.003612, 0.006829, 0.016345, 0.023649),
        0.000269, 2.613538, 2.234517, 254.625763,
    ),
    (None, "lstm"): (5, None, None, 0.0, 2.550437, 2.187988, 0.928773),
}  # fmt: skip
FIRST_STEP = {
    "pi": (0.345574, 0.332752, 0.321674),
    "mu1": (-0.088362, -0.101732, -0.101333),
    "mu2": (-0.087219, -0.061301, -0.027086),
    "sigma1": (1.010854, 1.048348, 1.080307),
    "sigma2": (1.101662, 1.108814, 1.100519),
    "corr": (0.075167, 0.044614, 0.007936),
}
FIRST_PEN = (0.341244, 0.334402, 0.324353)
FIRST_STATE = (0.160843, 0.143102, 0.106028, 0.054307)
# Half a unit of the last place given, and some float32 roundings of numbers
# of order 0.1 to 1 on either side.
PLACES = 1.2e-6


def _sum_tolerance(state_sum):
    # Hundreds of numbers are added.  Those of the hyper cells, whose inner
    # layer normalisation divides by next to nothing here, are not determined
    # by float32 any better: moving every weight of lstm/hyper by at most one
    # float32 rounding moves its sum of 201 by 6e-4 (one deviation), and the
    # transcription in float64 is 1.2e-3 from the number given.
    return 5e-6 + 1e-5 * abs(state_sum) * (abs(state_sum) > 100)


def _golden_variables(encoder, decoder):
    sizes = SIZES if encoder else {
        k: SIZES[k] for k in ("decoder_size", "num_mixtures")
    }  # fmt: skip
    wanted = reference_numpy.shapes(encoder=encoder, decoder=decoder, **sizes)
    variables = {}
    for k, name in enumerate(sorted(wanted)):
        i = np.arange(np.prod(wanted[name]))
        value = 0.1 * np.sin(0.37 * i + 0.11 * k + 0.5)
        value += name.endswith("ln_gamma")
        value = value.reshape(wanted[name])
        variables[name] = value.astype(np.float32)
    return variables


def _golden_batch():
    strokes = np.zeros((2, 7, 5), np.float32)
    strokes[:, 0, 2] = 1
    strokes[:, 1:, 4] = 1
    for row, sketch in zip(strokes, SKETCHES, strict=True):
        for index, (dx, dy, lifted) in enumerate(sketch):
            row[index + 1] = (dx, dy, 1 - lifted, lifted, 0)
    return strokes, np.array([5, 3], np.int32)


def _decode(model, strokes, z):
    """Returns the distributions and the packed last state."""
    params = model.decoder(strokes[:, :-1], z)
    state = model.decoder.initial_state(z, batch_size=2)
    for t in range(strokes.shape[1] - 1):
        _, state = model.decoder.step(strokes[:, t], z, state)
    return distributions.point_distribution(params), tf.concat(state, 1)


@pytest.mark.parametrize(("encoder", "decoder"), GOLDEN)
def test_golden_row_is_reproduced(encoder, decoder, tmp_path):
    count, mu, presig, kl, training, evaluation, state_sum = GOLDEN[
        encoder, decoder
    ]
    variables = _golden_variables(encoder, decoder)
    assert len(variables) == count
    model, _ = magenta.import_magenta(
        reference_files.write_checkpoint(tmp_path, variables), max_len=6
    )
    strokes, lengths = map(tf.constant, _golden_batch())
    posterior = z = None
    if encoder:
        posterior, z = model.encoder(strokes[:, 1:], lengths), tf.constant(Z)
        log_var = 2 * tf.math.log(posterior.scale)
        for got, expected in ((posterior.loc, mu), (log_var, presig)):
            np.testing.assert_allclose(got[0], expected, rtol=0, atol=PLACES)
    points, state = _decode(model, strokes, z)
    output = model_output.ModelOutput(points, posterior, z)
    for is_training, expected in ((True, training), (False, evaluation)):
        recon, found = model.loss_terms(output, strokes, training=is_training)
        total = float(tf.reduce_mean(recon.offset + recon.pen))
        assert total == pytest.approx(expected, abs=PLACES)
        assert float(tf.reduce_mean(found)) == pytest.approx(kl, abs=PLACES)
    total = np.asarray(state, np.float64).sum()
    assert total == pytest.approx(state_sum, abs=_sum_tolerance(state_sum))


@pytest.mark.parametrize(("encoder", "decoder"), GOLDEN)
def test_transcription_reproduces_the_golden_row(encoder, decoder):
    _, mu, presig, kl, training, evaluation, state_sum = GOLDEN[
        encoder, decoder
    ]
    strokes, lengths = _golden_batch()
    variables = _golden_variables(encoder, decoder)
    found = reference_numpy.forward(variables, strokes, lengths, z=Z)
    if encoder:
        for name, expected in (("mean", mu), ("presig", presig)):
            np.testing.assert_allclose(
                found[name][0], expected, rtol=0, atol=PLACES
            )
    for name, expected in (
        ("kl_cost", kl),
        ("r_cost", training),
        ("masked_r_cost", evaluation),
    ):
        assert found[name] == pytest.approx(expected, abs=PLACES)
    total = found["final_state"].sum()
    assert total == pytest.approx(state_sum, abs=_sum_tolerance(state_sum))


def test_golden_first_step_is_reproduced(tmp_path):
    model, _ = magenta.import_magenta(
        reference_files.write_checkpoint(
            tmp_path, _golden_variables("lstm", "lstm")
        )
    )
    strokes, _ = _golden_batch()
    points, _ = _decode(model, tf.constant(strokes), tf.constant(Z))
    component = points.offset.components_distribution
    mean = component.mean()
    found = {
        "pi": points.offset.mixture_distribution.probs_parameter(),
        "mu1": mean[..., 0],
        "mu2": mean[..., 1],
        "sigma1": component.scale_x,
        "sigma2": component.scale_y,
        "corr": component.rho,
    }
    for name, expected in FIRST_STEP.items():
        np.testing.assert_allclose(
            found[name][0, 0], expected, rtol=0, atol=PLACES, err_msg=name
        )
    pen = points.pen.probs_parameter()
    np.testing.assert_allclose(pen[0, 0], FIRST_PEN, rtol=0, atol=PLACES)
    state = model.decoder.initial_state(tf.constant(Z))
    # Packed as [c, h]: these are c.
    np.testing.assert_allclose(
        state[0][0, :4], FIRST_STATE, rtol=0, atol=PLACES
    )


def test_command_passes_a_case_that_fits(tmp_path, monkeypatch, capsys):
    _drawn_case(tmp_path / "fits", DRAWN["LSTM encoder and decoder"], 4)
    table = tmp_path / "rows.json"
    assert _run(monkeypatch, tmp_path / "fits", "--json", table) == 0
    printed = capsys.readouterr().out.splitlines()
    assert printed[-1].startswith("fits PASS max_output_error=")
    assert "max_gradient_error=" in printed[-1]
    # A line for every output: its largest difference, and that relative.
    assert any(line.split()[0] == "out/final_state" for line in printed)
    assert [row["name"] for row in json.loads(table.read_text())] == [
        "fits"
    ] * 2


@pytest.mark.parametrize(
    ("name", "by"), [("out/pi", np.nan), ("grad/RNN/output_b", 1e-3)]
)
def test_command_fails_a_case_that_was_changed(
    name, by, tmp_path, monkeypatch, capsys
):
    good, bad = tmp_path / "good", tmp_path / "bad"
    for folder in (good, bad):
        variables, _ = _drawn_case(folder, DRAWN["layer-norm decoder alone"], 4)
    with np.load(bad / "parity.npz") as file:
        recorded = dict(file)
    model, _ = magenta.import_magenta(bad, max_len=6)
    gradients = parity.outputs_and_gradients(model, recorded)
    recorded["grad/RNN/output_b"] = gradients["grad/RNN/output_b"]
    recorded[name] = recorded[name].copy()
    recorded[name].flat[0] += by
    np.savez(bad / "parity.npz", **recorded)
    assert _run(monkeypatch, good, bad, good) == 1
    verdicts = [
        line.split()[:2]
        for line in capsys.readouterr().out.splitlines()
        if not line.startswith(" ")
    ]
    assert verdicts == [["good", "PASS"], ["bad", "FAIL"], ["good", "PASS"]]


def _remove_recording(folder):
    (folder / "parity.npz").unlink()


def _spoil_recording(folder):
    (folder / "parity.npz").write_bytes(b"PK\x03\x04 no archive")


def _remove_input(folder):
    with np.load(folder / "parity.npz") as file:
        recorded = dict(file)
    recorded.pop("in/lengths")
    np.savez(folder / "parity.npz", **recorded)


def _remove_noise(folder):
    _drawn_case(folder, DRAWN["LSTM encoder and decoder"], 5)
    with np.load(folder / "parity.npz") as file:
        recorded = dict(file)
    recorded.pop("in/eps")
    np.savez(folder / "parity.npz", **recorded)


def _remove_checkpoint(folder):
    (folder / "vector-0.index").unlink()


def _record_something_else(folder):
    with np.load(folder / "parity.npz") as file:
        recorded = dict(file)
    np.savez(folder / "parity.npz", **recorded, **{"out/colour": np.ones(3)})


def _record_another_shape(folder):
    with np.load(folder / "parity.npz") as file:
        recorded = dict(file)
    recorded["out/pi"] = recorded["out/pi"][:, :-1]
    np.savez(folder / "parity.npz", **recorded)


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (_remove_recording, "parity.npz"),
        (_spoil_recording, "parity.npz: expected a recording"),
        (_remove_input, "in/lengths"),
        (_remove_noise, "in/eps"),
        (_remove_checkpoint, "expected a checkpoint vector-N.index"),
        (_record_something_else, "out/colour"),
        (_record_another_shape, "out/pi: expected shape"),
    ],
)
def test_command_says_in_one_line_what_is_missing(
    damage, message, tmp_path, monkeypatch, capsys
):
    _drawn_case(tmp_path, DRAWN["layer-norm decoder alone"], 5)
    damage(tmp_path)
    assert _run(monkeypatch, tmp_path) == 2
    printed = capsys.readouterr().err.splitlines()
    assert len(printed) == 1
    assert message in printed[0]
