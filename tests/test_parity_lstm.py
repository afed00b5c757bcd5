"""Numbers of the reference implementation, with its weights in our layers.

Recorded ones, where the folder with them lies beside the repository; and a
forward pass from weights made by a formula, whose results stand here.
"""

import json
import pathlib

import numpy as np
import pytest
import tensorflow as tf

from sketch_rnn_tf import config, distributions, vae

PARITY = pathlib.Path(__file__).resolve().parents[2] / "shared"
PARITY = PARITY / "reference" / "parity"


def _weights(model):
    """Returns the model's weights by their names in the reference."""
    named = {}

    def add_cell(prefix, cell):
        named[f"{prefix}/LSTMCell/W_xh"] = cell.kernel
        named[f"{prefix}/LSTMCell/W_hh"] = cell.recurrent_kernel
        named[f"{prefix}/LSTMCell/bias"] = cell.bias

    decoder = model.decoder
    if model.encoder is not None:
        encoder = model.encoder
        add_cell("ENC_RNN/fw", encoder.forward_cell)
        add_cell("ENC_RNN/bw", encoder.backward_cell)
        named["ENC_RNN_mu/super_linear_w"] = encoder.mu_kernel
        named["ENC_RNN_mu/super_linear_b"] = encoder.mu_bias
        named["ENC_RNN_sigma/super_linear_w"] = encoder.log_var_kernel
        named["ENC_RNN_sigma/super_linear_b"] = encoder.log_var_bias
        named["linear/super_linear_w"] = decoder.initial_kernel
        named["linear/super_linear_b"] = decoder.initial_bias
    named["RNN/output_w"] = decoder.output_kernel
    named["RNN/output_b"] = decoder.output_bias
    add_cell("RNN", decoder.recurrent_cell)
    assert len(named) == len(model.trainable_weights)
    return {f"vector_rnn/{name}": weight for name, weight in named.items()}


def _unroll(decoder, inputs, z):
    """Returns the parameters of every step and the packed last state."""
    state = decoder.initial_state(z, batch_size=len(inputs))
    params = []
    for t in range(inputs.shape[1]):
        step_params, state = decoder.step(inputs[:, t], z, state)
        params.append(step_params)
    return tf.stack(params, axis=1), tf.concat(state, axis=-1)


def _named_outputs(params):
    """Returns the distributions' parameters by the reference's names."""
    points = distributions.point_distribution(params)
    component = points.offset.components_distribution
    mean = component.mean()
    return {
        "pi": points.offset.mixture_distribution.probs_parameter(),
        "mu1": mean[..., 0],
        "mu2": mean[..., 1],
        "sigma1": component.scale_x,
        "sigma2": component.scale_y,
        "corr": component.rho,
        "pen_logits": points.pen.logits,
    }


def _recorded(case):
    folder = PARITY / case
    if not (folder / "parity.npz").exists():
        pytest.skip(f"recorded reference numbers not found: {folder}")
    hparams = json.loads((folder / "model_config.json").read_text())
    with np.load(folder / "parity.npz", allow_pickle=False) as file:
        return hparams, dict(file)


def _model(hparams):
    return vae.SketchRNN(
        config.Config(
            conditional=hparams["conditional"],
            encoder_cell=hparams["enc_model"],
            encoder_size=hparams["enc_rnn_size"],
            decoder_cell=hparams["dec_model"],
            decoder_size=hparams["dec_rnn_size"],
            z_size=hparams["z_size"],
            num_mixtures=hparams["num_mixture"],
            max_len=hparams["max_seq_len"],
            scale_factor=1.0,
            compatibility="magenta",
            recurrent_dropout=0.0,
            kl_weight=hparams["kl_weight"],
            kl_tolerance=hparams["kl_tolerance"],
        )
    )


def _compute(model, recorded, *, training):
    """Returns everything recorded, and the gradients, as we compute it."""
    strokes = tf.constant(recorded["in/strokes"])
    lengths = tf.constant(recorded["in/lengths"])
    outputs = {}
    with tf.GradientTape() as tape:
        posterior = z = None
        if model.encoder is not None:
            posterior = model.encoder(
                strokes[:, 1:], lengths, training=training
            )
            z = posterior.mean() + posterior.stddev() * recorded["in/eps"]
            outputs["mean"] = posterior.mean()
            outputs["presig"] = 2 * tf.math.log(posterior.stddev())
            outputs["z"] = z
        params = model.decoder(strokes[:, :-1], z, training=training)
        points = distributions.point_distribution(params)
        output = vae.ModelOutput(points, posterior, z)
        # The compatibility brings log(density + 1e-6).
        recon, kl = model.loss_terms(output, strokes, training=True)
        cost = r_cost = tf.reduce_mean(recon.offset + recon.pen)
        outputs["r_cost"] = r_cost
        if posterior is not None:
            outputs["kl_cost"] = tf.reduce_mean(kl)
            cost += recorded["in/kl_weight"] * outputs["kl_cost"]
    weights = _weights(model)
    gradients = tape.gradient(
        cost, {name: weight.value for name, weight in weights.items()}
    )
    outputs |= _named_outputs(params)
    state = model.decoder.initial_state(z, batch_size=len(strokes))
    outputs["initial_state"] = tf.concat(state, axis=-1)
    _, outputs["final_state"] = _unroll(model.decoder, strokes[:, :-1], z)
    return {f"out/{name}": value for name, value in outputs.items()} | {
        f"grad/{name}": value for name, value in gradients.items()
    }


@pytest.mark.parametrize(
    "training", [False, True], ids=["inference", "training"]
)
@pytest.mark.parametrize("case", ["lstm_conditional", "lstm_unconditional"])
def test_recorded_outputs_and_gradients_are_reproduced(case, training):
    hparams, recorded = _recorded(case)
    model = _model(hparams)
    weights = _weights(model)
    given = {
        name.removeprefix("var/")
        for name in recorded
        if name.startswith("var/")
    }
    assert given == set(weights)
    for name, weight in weights.items():
        value = recorded[f"var/{name}"]
        assert weight.shape == value.shape, name
        weight.assign(value)
    computed = _compute(model, recorded, training=training)
    expected = {
        name: value
        for name, value in recorded.items()
        if name.startswith(("out/", "grad/"))
    }
    assert set(computed) == set(expected)
    for name, value in expected.items():
        # Both are float32, summed in other orders over 15 steps; the
        # reference's textbook density and its gradients round more.
        tolerance = 2e-4 if name.startswith("grad/") else 2e-5
        np.testing.assert_allclose(
            computed[name],
            value,
            rtol=0,
            atol=tolerance * np.abs(value).max(),
            err_msg=name,
        )


# The account's golden forward pass (parity.md, section 8).
SKETCHES = [
    [
        (0.5, -0.25, 0),
        (1, 0.5, 0),
        (-0.75, 0.25, 1),
        (0.1, 0.2, 0),
        (0.3, -0.4, 1),
    ],
    [(-0.2, 0.6, 0), (0.9, -1.1, 1), (0.4, 0.4, 1)],
]
Z = [[0.1, -0.2, 0.3, -0.4], [0.5, 0.4, -0.3, 0.2]]
GOLDEN = {
    "lstm": {
        "mu": [0.098571, 0.110234, 0.106978, 0.089242],
        "presig": [0.107260, 0.110114, 0.098065, 0.072744],
        "kl": 0.007396,
        "recon_training": 2.630737,
        "recon_evaluation": 2.255233,
        "final_state_sum": 0.998146,
    },
    "uncond lstm": {
        "kl": 0.0,
        "recon_training": 2.550437,
        "recon_evaluation": 2.187988,
        "final_state_sum": 0.928773,
    },
}
GOLDEN_FIRST_STEP = {
    "pi": [0.345574, 0.332752, 0.321674],
    "mu1": [-0.088362, -0.101732, -0.101333],
    "mu2": [-0.087219, -0.061301, -0.027086],
    "sigma1": [1.010854, 1.048348, 1.080307],
    "sigma2": [1.101662, 1.108814, 1.100519],
    "corr": [0.075167, 0.044614, 0.007936],
}
GOLDEN_PEN = [0.341244, 0.334402, 0.324353]
GOLDEN_INITIAL_C = [0.160843, 0.143102, 0.106028, 0.054307]
# Printed to six places, so up to half a unit of the last; and a few float32
# roundings of numbers of order 1.
PLACES = 1e-6


def _golden_model(*, conditional):
    model = vae.SketchRNN(
        config.Config(
            conditional=conditional,
            encoder_size=8,
            decoder_size=12,
            z_size=4,
            num_mixtures=3,
            max_len=6,
            scale_factor=1.0,
            compatibility="magenta",
            kl_tolerance=0.0,
        )
    )
    weights = _weights(model)
    for k, name in enumerate(sorted(weights)):
        i = np.arange(np.prod(weights[name].shape))
        value = 0.1 * np.sin(0.37 * i + 0.11 * k + 0.5)
        weights[name].assign(value.reshape(weights[name].shape))
    return model


def _golden_batch():
    strokes = np.zeros((2, 7, 5), np.float32)
    strokes[:, 0] = (0, 0, 1, 0, 0)
    strokes[:, 1:, 4] = 1
    for row, sketch in zip(strokes, SKETCHES, strict=True):
        for index, (dx, dy, lifted) in enumerate(sketch):
            row[index + 1] = (dx, dy, 1 - lifted, lifted, 0)
    lengths = [len(sketch) for sketch in SKETCHES]
    return tf.constant(strokes), tf.constant(lengths)


@pytest.mark.parametrize("kind", GOLDEN)
def test_golden_losses_and_states_are_reproduced(kind):
    golden, conditional = GOLDEN[kind], kind == "lstm"
    model = _golden_model(conditional=conditional)
    strokes, lengths = _golden_batch()
    posterior = z = None
    if conditional:
        posterior = model.encoder(strokes[:, 1:], lengths)
        z = tf.constant(Z)
        presig = 2 * tf.math.log(posterior.stddev())
        for got, expected in (
            (posterior.mean()[0], golden["mu"]),
            (presig[0], golden["presig"]),
        ):
            np.testing.assert_allclose(got, expected, rtol=0, atol=PLACES)
    params, final_state = _unroll(model.decoder, strokes[:, :-1], z)
    points = distributions.point_distribution(params)
    output = vae.ModelOutput(points, posterior, z)
    for training, name in (
        (True, "recon_training"),
        (False, "recon_evaluation"),
    ):
        recon, kl = model.loss_terms(output, strokes, training=training)
        total = tf.reduce_mean(recon.offset + recon.pen)
        assert float(total) == pytest.approx(golden[name], abs=PLACES)
        assert float(tf.reduce_mean(kl)) == pytest.approx(
            golden["kl"], abs=PLACES
        )
    # A sum of 48 numbers, each rounded.
    assert float(tf.reduce_sum(final_state)) == pytest.approx(
        golden["final_state_sum"], abs=5 * PLACES
    )


def test_golden_first_step_is_reproduced():
    model = _golden_model(conditional=True)
    strokes, _ = _golden_batch()
    z = tf.constant(Z)
    initial_c, _ = model.decoder.initial_state(z)
    np.testing.assert_allclose(
        initial_c[0, :4], GOLDEN_INITIAL_C, rtol=0, atol=PLACES
    )
    outputs = _named_outputs(model.decoder(strokes[:, :-1], z)[0, 0])
    pen = tf.nn.softmax(outputs.pop("pen_logits"))
    np.testing.assert_allclose(pen, GOLDEN_PEN, rtol=0, atol=PLACES)
    for name, got in outputs.items():
        np.testing.assert_allclose(
            got, GOLDEN_FIRST_STEP[name], rtol=0, atol=PLACES, err_msg=name
        )


@pytest.mark.parametrize(
    ("changes", "count"),
    [
        ({}, 2_186_107),
        ({"conditional": False}, 1_123_963),
        ({"conditional": False, "decoder_size": 1024}, 4_344_955),
    ],
    ids=["conditional", "unconditional", "unconditional 1024"],
)
def test_model_has_as_many_parameters_as_the_reference(changes, count):
    # Totals of the account (parity.md, section 3), at its default sizes.
    preset = config.preset("magenta").replace(max_len=250, scale_factor=1.0)
    assert vae.SketchRNN(preset.replace(**changes)).count_params() == count
