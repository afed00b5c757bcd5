"""Served: requests to the signatures of a SavedModel."""

import functools
import struct
import tempfile

import numpy as np
import tensorflow as tf

import export
from export import status as status_lib
from fuzzing import checkpoints, entrance as entrance_lib
from sketch_rnn_tf.model import vae

_N_MAX = 4
_FLOATS = np.float32(
    [0, 1, -1, 0.5, 7, 1e-30, 1e6, 3e38, -3e38, np.nan, np.inf, -np.inf]
)
_WHOLE = np.int32([0, 1, 2, 3, 4, 5, -1, 7, 2**31 - 1, -(2**31), 100, 12])


@functools.cache
def _loaded():
    """Exports a small class-conditioned model, and loads it as a server does."""
    config = checkpoints.TINY.replace(
        conditional=True, encoder_size=2, z_size=2, max_len=_N_MAX,
        class_size=1, words=("cat", "pig"),
    )  # fmt: skip
    with tempfile.TemporaryDirectory() as folder:
        made = export.export_saved_model(vae.SketchRNN(config), f"{folder}/1")
        return tf.saved_model.load(str(made))


def _names():
    wanted = ("complete", "decode", "encode", "interpolate", "score")
    return [n for n in (*wanted, "reconstruct") if n in _loaded().signatures]


class _Bytes:
    """Takes an input apart: small numbers, and ones of a table or any."""

    def __init__(self, data):
        self._data, self._at = data, 0

    def byte(self):
        self._at += 1
        return self._data[self._at - 1] if self._at <= len(self._data) else 0

    def numbers(self, table, shape, layout):
        made = np.empty(int(np.prod(shape)), table.dtype)
        for index in range(made.size):
            code = self.byte()
            if code < 192:
                made[index] = table[code % len(table)]
            else:
                raw = bytes(self.byte() for _ in range(4))
                made[index] = struct.unpack(layout, raw)[0]
        return made.reshape(shape)


def _request(data):
    """Makes a request: a signature's name and its inputs."""
    taken = _Bytes(data)
    names = _names()
    name = names[taken.byte() % len(names)]
    signature = _loaded().signatures[name]
    rows, steps, odd = taken.byte() % 4, taken.byte() % 7, taken.byte()
    inputs = {}
    specs = signature.structured_input_signature[1]
    for index, (key, spec) in enumerate(sorted(specs.items())):
        shape = [size or 0 for size in spec.shape]
        shape[0] = rows + (odd == 200 + index)
        if spec.shape.rank == 3:
            shape[1] = steps
        if spec.dtype == tf.float32:
            inputs[key] = taken.numbers(_FLOATS, shape, "<f")
        else:
            inputs[key] = taken.numbers(_WHOLE, shape, "<i")
        if spec.shape.rank == 3 and odd < 160:
            # Else no pen state in thousands is one-hot.
            pen = np.int64(np.abs(np.nan_to_num(inputs[key][..., 2]))) % 2
            inputs[key][..., 2:] = np.eye(3, dtype=np.float32)[pen]
    return name, inputs


def _read(folder):
    name, inputs = _request((folder / "request").read_bytes())
    counts = {len(value) for value in inputs.values()}
    tensors = {key: tf.constant(value) for key, value in inputs.items()}
    try:
        found = _loaded().signatures[name](**tensors)
    except tf.errors.InvalidArgumentError:
        # As servers do, it refuses what is no batch.
        assert len(counts) > 1, name
        return
    assert len(counts) == 1, name
    found = {key: value.numpy() for key, value in found.items()}
    for row, code in enumerate(found["status"].tolist()):
        _judge(name, code, {key: value[row] for key, value in found.items()})


def _judge(name, code, row):
    """Checks an answer's row; its branches are what coverage sees."""
    match code:
        case status_lib.OK:
            for key, value in row.items():
                assert np.isfinite(value).all(), f"{name}: {key} of a good row"
        case status_lib.BAD_LENGTH:
            _check_empty(name, row)
        case status_lib.BAD_STROKES:
            _check_empty(name, row)
        case status_lib.BAD_TEMPERATURE:
            _check_empty(name, row)
        case status_lib.BAD_SEED:
            _check_empty(name, row)
        case status_lib.BAD_MAX_LEN:
            _check_empty(name, row)
        case status_lib.BAD_LABELS:
            _check_empty(name, row)
        case status_lib.BAD_Z:
            _check_empty(name, row)
        case status_lib.BAD_T:
            _check_empty(name, row)
        case _:
            raise AssertionError(f"{name}: status {code}")


def _check_empty(name, row):
    assert row.get("lengths", 0) == 0, f"{name}: a bad row has points"
    for key in row.keys() - {"status", "lengths", "strokes"}:
        assert not np.any(row[key]), f"{name}: {key} of a bad row"


def _seeds():
    good = bytes([1, 1, 0, 0, 0, 0, 0])
    made = [bytes([index, 2, 3, 0, *good * 9]) for index in range(6)]
    return [*made, bytes([4, 1, 2, 0, 4, 1, 0, 1, 3, 3] * 4)]


ENTRANCES = {
    "saved_model": entrance_lib.Entrance(
        _seeds,
        lambda folder, data: (folder / "request").write_bytes(data),
        _read,
        max_len=300,
        is_named=False,
    ),
}
