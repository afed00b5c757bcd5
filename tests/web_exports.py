"""Exports for browsers, and what TensorFlow gives for the same models."""

import json

import numpy as np
import tensorflow as tf

from export import tfjs
from sketch_rnn_tf import (
    config as config_lib,
    doodles,
    labels as labels_lib,
    latent,
    randomness,
)
from sketch_rnn_tf.generation import encoding, sampling
from sketch_rnn_tf.model import vae
from sketch_rnn_tf.preparation import simplify

SETTINGS = {"seed": 5, "temperature": 0.4}
MAX_LEN = 110
CLASSES = {"class_size": 3, "words": ("cat", "pig")}
"""Of a class-conditioned model."""


def make_model(cell, *, conditional, size=64, seed=1, **changes):
    """Makes a model that draws to N_max, with weights as large as trained."""
    rng = np.random.default_rng(seed)
    # Larger ones make chaos of normalised cells: TensorFlow's own drawings,
    # alone and in a batch, then come to differ by 3e-4 in a hundred steps.
    spread = {"lstm": 0.05, "layer_norm": 0.02, "hyper": 0.01}[cell]
    config = config_lib.Config(
        conditional=conditional,
        encoder_cell=cell,
        encoder_size=size // 2,
        decoder_cell=cell,
        decoder_size=size,
        z_size=8,
        num_mixtures=5,
        max_len=MAX_LEN,
        scale_factor=20.0,
        seed=seed,
        **changes,
    )
    model = vae.SketchRNN(config)
    for weight in model.weights:
        if len(weight.shape) > 1:
            noise = rng.normal(0.0, spread, weight.shape)
            weight.assign(weight.numpy() + noise.astype(np.float32))
    bias = model.decoder.output_bias.numpy()
    bias[2] = -30.0  # no drawing ends
    model.decoder.output_bias.assign(bias)
    return model


def write(folder):
    """Writes exports and expectations that the JavaScript tests read."""
    expected = {}
    for cell in config_lib.CELLS:
        for conditional in (True, False):
            kind = "conditional" if conditional else "unconditional"
            model = make_model(cell, conditional=conditional)
            tfjs.export_tfjs(model, folder / f"{cell}_{kind}")
            expected[f"{cell}_{kind}"] = expected_of(model)
    for conditional in (True, False):
        name = f"lstm_class_{'conditional' if conditional else 'unconditional'}"
        model = make_model("lstm", conditional=conditional, **CLASSES)
        tfjs.export_tfjs(model, folder / name)
        expected[name] = expected_of(model, ["pig", "cat", "pig"])
    _write(folder / "expected.json", expected)
    model = make_model("lstm", conditional=True)
    tfjs.export_tfjs(model, folder / "quantized", quantize="uint16")
    sampled = expected["lstm_conditional"]["sampled"]
    _write(
        folder / "quantized.json",
        {"name": "quantized", "sampled": sampled, "settings": SETTINGS},
    )
    _write(folder / "noise.json", _noise())
    _write(folder / "arcs.json", _arcs())
    _write(folder / "lines.json", _lines())


def expected_of(model, words=None):
    """Returns what TensorFlow gives for a model, as JSON takes it."""
    sketches = [
        np.asarray(doodles.draw(kind, seed=1).stroke3)[:50]
        for kind in list(doodles.KINDS)[:3]
    ]
    rng = np.random.default_rng(2)
    points = np.float32(rng.normal(size=(3, 5)))
    found = {
        "sketches": [sketch.tolist() for sketch in sketches],
        "points": points.tolist(),
        "settings": SETTINGS,
    }
    labels = labels_lib.of(model.config, words, 3)
    if words:
        found["settings"] = SETTINGS | {"word": words}
        found["labels"] = labels.tolist()
    z = None
    if model.encoder is not None:
        mu, log_var = encoding.encode(model, sketches)
        found["mu"] = np.asarray(mu).tolist()
        found["log_var"] = np.asarray(log_var).tolist()
        z = np.float32(rng.normal(size=(3, model.config.z_size)))
        found["z"] = z.tolist()
    z = model.conditioned(z, labels)
    state = model.decoder.initial_state(z, batch_size=3)
    params, _ = model.decoder.step(points, z, state)
    found["params"] = params.numpy().tolist()
    drawn = sampling.sample(model, count=3, words=words, **SETTINGS)
    found["sampled"] = [sketch.tolist() for sketch in drawn.sketches]
    halves = [sketch[: len(sketch) // 2] for sketch in sketches]
    drawn = sampling.complete(model, halves, words=words, **SETTINGS)
    found["completed"] = [sketch.tolist() for sketch in drawn.sketches]
    return found


def _noise():
    seeds = (0, 1, 77, 2**31 - 1)
    return {
        "uniforms": [
            {
                "seed": seed,
                "stream": stream,
                "values": tf.random.stateless_uniform(
                    [9, 4], [seed, stream], alg="philox"
                )
                .numpy()
                .ravel()
                .tolist(),
            }
            for seed in seeds
            for stream in (randomness.POINTS, randomness.PRIOR)
        ],
        "priors": [
            {"seed": seed, "z": z.tolist()}
            for seed, z in zip(
                seeds,
                randomness.prior(tf.constant(seeds), z_size=7).numpy(),
                strict=True,
            )
        ],
    }


def _arcs():
    rng = np.random.default_rng(3)
    pairs = [rng.normal(size=(2, 6)) for _ in range(4)]
    pairs.append(np.stack([pairs[0][0], -pairs[0][0]]))
    pairs.append(np.stack([np.zeros(6), pairs[0][0]]))
    return [
        {
            "a": a.tolist(),
            "b": b.tolist(),
            "t": t,
            "z": np.asarray(latent.slerp(a, b, t)).tolist(),
        }
        for a, b in pairs
        for t in (0.0, 0.25, 0.5, 1.0)
    ]


def _lines():
    rng = np.random.default_rng(4)
    lines = [np.cumsum(rng.normal(0, 3, (60, 2)), axis=0) for _ in range(5)]
    lines.append(np.concatenate([lines[0][:20], lines[0][:1]]))  # closed
    return [
        {
            "line": line.tolist(),
            "epsilon": epsilon,
            "kept": simplify.rdp(line, epsilon=epsilon).tolist(),
        }
        for line in lines
        for epsilon in (0.0, 0.5, 2.0, 8.0)
    ]


def _write(path, value):
    path.write_text(json.dumps(value))
