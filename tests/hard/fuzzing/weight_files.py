"""Weight files: sketch-rnn-js, and the folders of packed models."""

import base64
import dataclasses
import hashlib
import json

import numpy as np

from fuzzing import (
    archives,
    checkpoints,
    entrance as entrance_lib,
    mutation,
    parts,
)
from sketch_rnn_tf import config as config_lib, training
from sketch_rnn_tf.pretrained import cards, weights_file
from sketch_rnn_tf.weights import sketch_rnn_js

_MEMBERS = 16
_GEN = [[2, 123], [123], [5, 8], [2, 8], [8]]
_VAE = [
    *([5, 4], [1, 4], [4], [5, 4], [1, 4], [4], [2, 1], [1], [2, 1], [1]),
    *([1, 4], [4], [2, 123], [123], [6, 8], [2, 8], [8]),
]


def _js():
    made = []
    for mode, shapes in (("gen", _GEN), ("vae", _VAE)):
        info = {
            "mode": mode, "version": 6, "max_seq_len": 9, "name": "a",
            "scale_factor": 2.5, "start_point": [0, 0, 1, 0, 0],
        }  # fmt: skip
        arrays = [
            base64.b64encode(bytes(2 * int(np.prod(shape)))).decode()
            for shape in shapes
        ]
        made.append(json.dumps([info, shapes, arrays]).encode())
    return made


@checkpoints.with_kept_models
def _read_js(folder):
    model = sketch_rnn_js.import_sketch_rnn_js(folder / "a.json")
    for weight in model.weights:
        assert np.isfinite(weight.numpy()).all()


def _write_js(folder, data):
    (folder / "a.json").write_bytes(data)


def _card(config, content):
    names = ("recon", "kl", "loss", "recon_per_point", "count", "dropped")
    metrics = dict.fromkeys(names, 1.0)
    return cards.Card(
        name="a", summary="b", architecture="c", words=config.words, data="d",
        licence="e", attribution="f", training={"steps": 1},
        metrics=metrics, unquantized=metrics, evaluated_on="g",
        quantization="uint8", limits=(), parameters=1,
        weights_bytes=len(content),
        weights_sha256=hashlib.sha256(content).hexdigest(),
    )  # fmt: skip


def _packed():
    """Takes packed models apart: configuration, card, names and arrays."""
    config = dataclasses.replace(checkpoints.TINY, words=("cat",))
    weights = weights_file.of(checkpoints.build(config))
    made = []
    for kind in ("uint8", "none"):
        content = weights_file.encoded(weights, kind)
        members = archives.members(content)
        made.append(
            parts.joined(
                [
                    config.to_json().encode(),
                    _card(config, content).to_json().encode(),
                    json.dumps(list(members)).encode(),
                    *members.values(),
                ]
            )
        )
    return made


def _write_packed(folder, data):
    """Puts a packed model together, with a card that has its sums."""
    config, card, names, *members = parts.split(data, 3 + _MEMBERS)
    try:
        names = [str(name) for name in json.loads(names)]
        named = dict(zip(names, members, strict=False))
        content = archives.archive(named, 0)
    except (ValueError, TypeError, RecursionError, AttributeError):
        content = names
    try:
        facts = json.loads(card)
        facts["weights_bytes"] = len(content)
        facts["weights_sha256"] = hashlib.sha256(content).hexdigest()
        card = json.dumps(facts).encode()
    except (ValueError, TypeError, RecursionError, AttributeError):
        pass  # it stays what it is
    (folder / "config.json").write_bytes(config)
    (folder / cards.FILE).write_bytes(card)
    (folder / weights_file.FILE).write_bytes(content)


@checkpoints.with_kept_models
def _read_packed(folder):
    model = training.load(folder)
    for weight in model.weights:
        assert np.isfinite(weight.numpy()).all()
    assert config_lib.from_json(model.config.to_json()) == model.config


ENTRANCES = {
    "sketch_rnn_js": entrance_lib.Entrance(
        _js, _write_js, _read_js, mutation.of_json(), max_len=12_000
    ),
    "packed_model": entrance_lib.Entrance(
        _packed,
        _write_packed,
        _read_packed,
        mutation.of_parts([mutation.of_json()] * 3 + [None] * _MEMBERS),
        words=(b"'descr': '<f4'", b"'|u1'", b"(2, 9)", b":codes", b":step"),
        max_len=20_000,
    ),
}
