"""Presets, value by value, and parameter counts, as published."""

import dataclasses

import numpy as np
import pytest
import reference_numpy
import tensorflow as tf

from sketch_rnn_tf import config, presets
from sketch_rnn_tf.model import vae
from sketch_rnn_tf.model.cells import lstm
from sketch_rnn_tf.weights import reference_weights

# Section 4 of the paper, and what it leaves open.
PAPER = {
    "class_size": 0,
    "free_bits": 0.0,
    "conditional": True,
    "encoder_cell": "layer_norm",
    "encoder_size": 512,
    "decoder_cell": "hyper",
    "decoder_size": 2048,
    "z_size": 128,
    "num_mixtures": 20,
    "start_point": (0, 0, 1, 0, 0),
    "squash_z": False,
    "compatibility": "none",
    "kl_weight": 1.0,
    "kl_start_fraction": 0.01,
    "kl_decay_rate": 0.99999,
    "kl_tolerance": 0.20,
    "recurrent_dropout": 0.1,
    "input_dropout": 0.0,
    "output_dropout": 0.0,
    "random_scale": 0.10,
    "point_drop_rate": 0.0,
    "batch_size": 100,
    "learning_rate": 1e-4,
    "learning_rate_decay": 1.0,
    "min_learning_rate": 1e-4,
    "gradient_clip": 1.0,
}
# The reference implementation's table of hyper-parameters.
MAGENTA = {
    "class_size": 0,
    "free_bits": 0.0,
    "conditional": True,
    "encoder_cell": "lstm",
    "encoder_size": 256,
    "decoder_cell": "lstm",
    "decoder_size": 512,
    "z_size": 128,
    "num_mixtures": 20,
    "start_point": (0, 0, 1, 0, 0),
    "squash_z": False,
    "kl_weight": 0.5,
    # Its absolute kl_weight_start of 0.01.
    "kl_start_fraction": 0.01 / 0.5,
    "kl_decay_rate": 0.99995,
    "kl_tolerance": 0.2,
    "recurrent_dropout": 0.1,
    "input_dropout": 0.0,
    "output_dropout": 0.0,
    "random_scale": 0.15,
    "point_drop_rate": 0.10,
    "batch_size": 100,
    "learning_rate": 1e-3,
    "learning_rate_decay": 0.9999,
    "min_learning_rate": 1e-5,
    "gradient_clip": 1.0,
    "validate_every": 500,
}
# What no publication says: how long, how often, which data, which seed.
FREE = {
    "steps", "validate_every", "seed", "max_len", "scale_factor", "words",
    "version", "compatibility",
    # How it is computed, and how a batch is padded.
    "bucket_boundaries", "num_buckets", "end_steps", "precision", "recompute",
}  # fmt: skip
# parity.md, section 3: its default sizes unless said.
COUNTS = {
    "LSTM": ({}, 2_186_107),
    "LSTM, unconditional": ({"conditional": False}, 1_123_963),
    "layer norm, unconditional": (
        {"conditional": False, "decoder_cell": "layer_norm"}, 1_127_035,
    ),
    "layer norm": (
        {"encoder_cell": "layer_norm", "decoder_cell": "layer_norm"},
        2_192_251,
    ),
    "LSTM, hyper": ({"decoder_cell": "hyper"}, 3_477_627),
    "hyper, unconditional": (
        {"conditional": False, "decoder_cell": "hyper"}, 2_218_363,
    ),
    "LSTM 1024, unconditional": (
        {"conditional": False, "decoder_size": 1024}, 4_344_955,
    ),
    "LSTM 512, hyper 2048": (
        {"encoder_size": 512, "decoder_cell": "hyper", "decoder_size": 2048},
        24_509_051,
    ),
    "layer norm 512, hyper 2048": (
        {
            "encoder_cell": "layer_norm", "encoder_size": 512,
            "decoder_cell": "hyper", "decoder_size": 2048,
        },
        24_515_195,
    ),
    "hyper, hyper": (
        {"encoder_cell": "hyper", "decoder_cell": "hyper"}, 4_940_411,
    ),
}  # fmt: skip


@pytest.fixture
def no_orthogonal_start(monkeypatch):
    """Lets large kernels start at zero: the QR decompositions take long."""

    def zeros(self, shape, dtype=None):
        return tf.zeros(shape, dtype or "float32")

    monkeypatch.setattr(lstm.BlockOrthogonal, "__call__", zeros)


@pytest.mark.parametrize(
    ("name", "table"), [("paper", PAPER), ("magenta", MAGENTA)]
)
def test_preset_has_the_published_values(name, table):
    values = dataclasses.asdict(presets.preset(name))
    assert {key: values[key] for key in table} == table
    assert set(values) - set(table) <= FREE


def test_small_paper_preset_has_the_papers_cells_and_augmentation():
    small, paper = presets.preset("small_paper"), presets.preset("paper")
    for key in (
        "encoder_cell", "decoder_cell", "num_mixtures", "batch_size",
        "kl_tolerance", "recurrent_dropout", "random_scale",
        "point_drop_rate", "gradient_clip",
    ):  # fmt: skip
        assert getattr(small, key) == getattr(paper, key), key
    assert small.decoder_size < paper.decoder_size


@pytest.mark.parametrize("kind", COUNTS)
def test_model_has_the_references_number_of_parameters(
    kind, no_orthogonal_start
):
    changes, count = COUNTS[kind]
    base = presets.preset("magenta").replace(max_len=10, scale_factor=1.0)
    assert vae.SketchRNN(base.replace(**changes)).count_params() == count


def test_paper_preset_has_24_515_195_parameters(no_orthogonal_start):
    paper = presets.preset("paper").replace(max_len=10, scale_factor=1.0)
    assert vae.SketchRNN(paper).count_params() == 24_515_195


@pytest.mark.parametrize("encoder", [None, *config.CELLS])
@pytest.mark.parametrize("decoder", config.CELLS)
def test_model_has_the_references_variables(decoder, encoder):
    made = presets.preset("tiny").replace(
        conditional=encoder is not None,
        encoder_cell=encoder or "lstm",
        encoder_size=3,
        decoder_cell=decoder,
        decoder_size=4,
        z_size=2,
        num_mixtures=2,
        max_len=5,
        scale_factor=1.0,
    )
    wanted = reference_numpy.shapes(
        encoder=encoder, encoder_size=3, decoder=decoder, decoder_size=4,
        z_size=2, num_mixtures=2,
    )  # fmt: skip
    found, held = {}, []
    model = vae.SketchRNN(made)
    for piece in reference_weights.pieces(model):
        held.append(id(piece.weight))
        for name, value in reference_weights.split(
            piece, piece.weight.numpy()
        ).items():
            found[name] = value.shape
    # All of them, each once, in the order of the files that go by it.
    assert found == wanted
    if "hyper" not in (encoder, decoder):
        assert list(found) == list(wanted)
    assert sorted(held) == sorted(map(id, model.trainable_weights))


def test_output_bias_starts_glorot_uniform_and_heads_nearly_at_zero():
    made = presets.preset("magenta").replace(max_len=10, scale_factor=1.0)
    model = vae.SketchRNN(made)
    bias = model.decoder.output_bias.numpy()
    # U(+-sqrt(6 / 246)); of 123 draws the largest is below 0.9 of that once
    # in 4e5.
    assert 0.9 * 0.1562 < np.abs(bias).max() <= 0.1562
    for kernel, start in (
        (model.encoder.mu_kernel, model.encoder.mu_bias),
        (model.encoder.log_var_kernel, model.encoder.log_var_bias),
        (model.decoder.initial_kernel, model.decoder.initial_bias),
    ):
        # Of at least 65,536 draws of N(0, 0.001^2): five standard errors.
        spread = np.std(kernel.numpy()) / 0.001
        assert abs(spread - 1) < 5 / (2 * 65_536) ** 0.5
        assert not start.numpy().any()
