"""Checkpoints: the reference's of TF1, and those that a training resumes."""

import functools
import json
import pathlib
import struct
import tempfile
from collections.abc import Callable
from unittest import mock

import numpy as np
import tensorflow as tf
from tensorflow.core.protobuf import tensor_bundle_pb2

from fuzzing import entrance as entrance_lib, mutation, parts, tables
from sketch_rnn_tf import config as config_lib, training
from sketch_rnn_tf.model import vae
from sketch_rnn_tf.training import checkpoints, work_directory
from sketch_rnn_tf.weights import magenta, reference_weights

_ENTRIES = 40
_DATA = ".data-00000-of-00001"
TINY = config_lib.Config(
    conditional=False, decoder_size=2, num_mixtures=1, max_len=8,
    scale_factor=1.0, batch_size=2, num_buckets=0,
)  # fmt: skip
"""Of the models: as small as can be."""

_HPARAMS = {
    "dec_rnn_size": 2, "dec_model": "lstm", "conditional": False,
    "num_mixture": 1, "num_steps": 10, "max_seq_len": 8, "kl_weight": 0.5,
    "kl_weight_start": 0.01, "use_recurrent_dropout": True,
    "recurrent_dropout_prob": 0.9, "use_input_dropout": 0,
    "data_set": ["a.npz"], "grad_clip": 1.0, "learning_rate": 0.001,
}  # fmt: skip

# Inputs differ in few sizes; a model takes longer to make than to check.
build = functools.lru_cache(64)(vae.SketchRNN)
"""Makes a model; the same one again for the same configuration."""


def with_kept_models(
    read: Callable[[pathlib.Path], None],
) -> Callable[[pathlib.Path], None]:
    """Lets a reader get the same model for the same configuration."""

    @functools.wraps(read)
    def wrapped(folder):
        with mock.patch.object(vae, "SketchRNN", build):
            read(folder)

    return wrapped


def _model():
    model = build(TINY)
    if getattr(model, "optimizer", None) is None:
        model.compile()
    return model


def _pieces(prefix):
    """Takes a checkpoint apart: its data, and the entries of its index."""
    index = tables.read(pathlib.Path(f"{prefix}.index").read_bytes())
    data = pathlib.Path(f"{prefix}{_DATA}").read_bytes()
    return [data, *(key + b"\n" + value for key, value in index)]


def _sum(entry, content):
    """Returns the sum of a tensor's bytes; of text in its own way."""
    if entry.dtype != tf.string.as_datatype_enum:
        return tables.summed(content)
    sizes, at = b"", 0
    for _ in range(int(np.prod([dim.size for dim in entry.shape.dim]))):
        size, at = tables.number(content, at)
        sizes += struct.pack("<I", size)
    # A sum of the sizes stands between these and the text.
    return tables.summed(sizes + content[at:])


def _put(prefix, pieces):
    """Puts a checkpoint together, with sums that are right."""
    data, *pieces = pieces
    entries = []
    for piece in pieces:
        key, found, value = piece.partition(b"\n")
        if not piece:
            continue
        if key:
            entry = tensor_bundle_pb2.BundleEntryProto()
            try:
                entry.ParseFromString(value)
                content = data[entry.offset :][: max(entry.size, 0)]
                entry.crc32c = _sum(entry, content)
                value = entry.SerializeToString()
            except Exception:
                pass  # it goes in as it is
        entries.append((key, value))
    entries.sort()
    pathlib.Path(f"{prefix}.index").write_bytes(tables.write(entries))
    pathlib.Path(f"{prefix}{_DATA}").write_bytes(data)


def _magenta_seeds():
    model = _model()
    variables = {}
    for piece in reference_weights.pieces(model):
        variables |= reference_weights.split(piece, piece.weight.numpy())
    named = {magenta.PREFIX + name: v for name, v in variables.items()}
    named[f"{magenta.PREFIX}global_step"] = np.int32(7)
    with tempfile.TemporaryDirectory() as folder:
        prefix = f"{folder}/vector-7"
        tf.raw_ops.SaveV2(
            prefix=prefix,
            tensor_names=list(named),
            shape_and_slices=[""] * len(named),
            tensors=[tf.constant(value) for value in named.values()],
        )
        pieces = _pieces(prefix)
    text = json.dumps(_HPARAMS).encode()
    return [parts.joined([b"", *pieces]), parts.joined([text, *pieces])]


def _write_magenta(folder, data):
    text, *pieces = parts.split(data, _ENTRIES)
    (folder / magenta.CONFIG).unlink(missing_ok=True)
    if text:
        (folder / magenta.CONFIG).write_bytes(text)
    _put(folder / "vector-7", pieces)


@with_kept_models
def _read_magenta(folder):
    model, checkpoint = magenta.import_magenta(folder)
    assert checkpoint.step >= 0
    for weight in model.weights:
        assert np.isfinite(weight.numpy()).all()


def _training_seeds():
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        checkpoints.Checkpoints(_model(), folder).save()
        pieces = _pieces(folder / "ckpt-0")
        return [parts.joined([(folder / "checkpoint").read_bytes(), *pieces])]


def _write_training(folder, data):
    state, *pieces = parts.split(data, _ENTRIES)
    (folder / "checkpoint").write_bytes(state)
    _put(folder / "ckpt-0", pieces)


def _read_training(folder):
    found = checkpoints.Checkpoints(_model(), folder.parent / "elsewhere")
    found.restore(folder)
    # What a training does next.
    assert found.step >= 0
    found.interval.begin(found.step)


def _entries(first):
    return mutation.of_parts([first, *[None] * (_ENTRIES - 1)])


def _weights_seeds():
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder, work_directory.BEST_WEIGHTS)
        _model().save_weights(path)
        return [path.read_bytes()]


def _write_weights(folder, data):
    (folder / work_directory.CONFIG).write_text(TINY.to_json())
    (folder / work_directory.BEST_WEIGHTS).write_bytes(data)


@with_kept_models
def _read_work(folder):
    model = training.load(folder)
    for weight in model.weights:
        assert weight.dtype == "float32"


ENTRANCES = {
    "tf1_checkpoint": entrance_lib.Entrance(
        _magenta_seeds,
        _write_magenta,
        _read_magenta,
        _entries(mutation.of_json()),
        words=(b"vector_rnn/", b"RNN/LSTMCell/W_hh", b"\n/Adam", b"\x0a\x03"),
        max_len=12_000,
    ),
    "training_checkpoint": entrance_lib.Entrance(
        _training_seeds,
        _write_training,
        _read_training,
        _entries(None),
        words=(b"model_checkpoint_path: ", b'"ckpt-1"', b"interval/", b"\n"),
        max_len=30_000,
    ),
    "best_weights": entrance_lib.Entrance(
        _weights_seeds,
        _write_weights,
        _read_work,
        words=(b"TREE", b"SNOD", b"HEAP", b"OHDR", b"GCOL", b"FRHP"),
        max_len=60_000,
    ),
}
