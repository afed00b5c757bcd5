"""Weight files of sketch-rnn-js, the published models' format.

A file is the JSON list [info, shapes, weights]: what the model is called and
was trained on, the shape of each array, and the arrays as base64 of int16,
little-endian, row by row, where 32767 stands for 10.  Arrays come in the
reference implementation's order of variables; `mode` 2 or "gen" is a decoder
alone.  All are LSTM models with 20 mixtures.
"""

import base64
import binascii
import json
import math
import os
import pathlib
import reprlib
import sys
from typing import Any

import numpy as np

from sketch_rnn_tf import config as config_lib, partials, strokes
from sketch_rnn_tf.model import size as size_lib, vae
from sketch_rnn_tf.weights import reference_weights

VERSION = 6
NUM_MIXTURES = 20
RANGE = 10.0
LARGEST = 32767
DEFAULT_MAX_LEN = 250
# The library starts from zeros, not from S_0, and the published weights were
# fitted to that.
JS_START_POINT = (0.0, 0.0, 0.0, 0.0, 0.0)
# Files of earlier versions squash z before the initial state.
FIRST_UNSQUASHED = 6
_GEN_MODES = (2, "gen")
_GEN_ARRAYS, _VAE_ARRAYS = 5, 17


def import_sketch_rnn_js(
    file: str | os.PathLike,
) -> "vae.SketchRNN":
    """Makes a model of a sketch-rnn-js file.

    Args:
      file: JSON, or JavaScript that assigns the same to a variable.

    Returns:
      The model.

    Raises:
      ValueError: In one line, if the file is not one, or is damaged.
    """
    file = pathlib.Path(file)
    info, shapes, encoded = _parsed(file)
    arrays = [
        _decoded(text, shape, f"{file}: weights[{index}]")
        for index, (text, shape) in enumerate(zip(encoded, shapes, strict=True))
    ]
    config = _configuration(file, info, arrays)
    held = sum(array.size for array in arrays)
    size_lib.check(config, held, where=str(file))
    model = vae.SketchRNN(config)
    names = [
        name
        for piece in reference_weights.pieces(model)
        for name in piece.names
    ]
    reference_weights.assign(
        model, dict(zip(names, arrays, strict=True)), where=str(file)
    )
    return model


def export_sketch_rnn_js(
    model: "vae.SketchRNN", file: str | os.PathLike, *, name: str = "model"
) -> pathlib.Path:
    """Writes a model as a file that sketch-rnn-js reads.

    Args:
      model: LSTM cells, 20 mixtures, weights within plus or minus 10.
      file: What to write.
      name: The model's name in the file.

    Returns:
      The file.

    Raises:
      ValueError: If the format cannot hold the model.
    """
    config = model.config
    if config.class_size:
        raise ValueError(
            "sketch-rnn-js: expected a model that is not class-conditioned, "
            f"got one of class_size {config.class_size}"
        )
    kinds = {config.decoder_cell}
    if config.conditional:
        kinds.add(config.encoder_cell)
    if kinds != {"lstm"}:
        raise ValueError(
            "sketch-rnn-js: expected LSTM cells, got "
            f"{', '.join(sorted(kinds - {'lstm'}))}"
        )
    if config.num_mixtures != NUM_MIXTURES:
        raise ValueError(
            f"sketch-rnn-js: expected {NUM_MIXTURES} mixtures, "
            f"got {config.num_mixtures}"
        )
    shapes, encoded = [], []
    for piece in reference_weights.pieces(model):
        values = np.asarray(piece.weight)
        largest = float(np.abs(values).max())
        if not largest <= RANGE:
            raise ValueError(
                f"sketch-rnn-js: {piece.names[0]}: expected weights within "
                f"{RANGE:g}, got one of {largest:g}"
            )
        whole = np.rint(values.astype(np.float64) / RANGE * LARGEST)
        shapes.append(list(values.shape))
        encoded.append(
            base64.b64encode(whole.astype("<i2").tobytes()).decode("ascii")
        )
    info = {
        "mode": "vae" if config.conditional else "gen",
        "version": FIRST_UNSQUASHED - 1 if config.squash_z else VERSION,
        "max_seq_len": config.max_len,
        "name": name,
        "scale_factor": config.scale_factor,
        "start_point": list(config.start_point),
    }
    file = pathlib.Path(file)
    with partials.file(file) as partial:
        partial.write_text(
            json.dumps([info, shapes, encoded], separators=(",", ":"))
        )
    return file


def _parsed(file):
    """Returns info, shapes and the encoded arrays."""
    try:
        text = file.read_text()
    except UnicodeDecodeError as error:
        raise ValueError(f"{file}: expected UTF-8 text, got {error}") from None
    if file.suffix == ".js":
        # `var name = [...];`: what is assigned is JSON; nothing is run.
        start, end = text.find("["), text.rfind("]")
        text = text[start : end + 1]
    try:
        content = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise ValueError(f"{file}: expected JSON, got {error}") from None
    if (
        not isinstance(content, list)
        or len(content) != 3
        or not isinstance(content[0], dict)
        or not isinstance(content[1], list)
        or not isinstance(content[2], list)
    ):
        raise ValueError(f"{file}: expected [info, shapes, weights]")
    info, shapes, encoded = content
    wanted = _GEN_ARRAYS if info.get("mode") in _GEN_MODES else _VAE_ARRAYS
    for name, values in (("shapes", shapes), ("weights", encoded)):
        if len(values) != wanted:
            raise ValueError(
                f"{file}: {name}: expected {wanted} for mode "
                f"{reprlib.repr(info.get('mode'))}, got {len(values)}"
            )
    for index, shape in enumerate(shapes):
        good = isinstance(shape, list) and 1 <= len(shape) <= 2
        if not good or not all(
            isinstance(n, int) and not isinstance(n, bool) and n > 0
            for n in shape
        ):
            raise ValueError(
                f"{file}: shapes[{index}]: expected one or two positive "
                f"integers, got {reprlib.repr(shape)}"
            )
    return info, shapes, encoded


def _decoded(text, shape, where):
    if not isinstance(text, str):
        raise ValueError(
            f"{where}: expected base64 text, got {type(text).__name__}"
        )
    try:
        data = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError) as error:
        raise ValueError(f"{where}: expected base64, got {error}") from None
    wanted = 2 * math.prod(shape)
    if len(data) != wanted:
        raise ValueError(
            f"{where}: expected {wanted} bytes for shape {shape}, "
            f"got {len(data)}"
        )
    whole = np.frombuffer(data, "<i2").reshape(shape)
    return (whole * (RANGE / LARGEST)).astype(np.float32)


def _configuration(file, info, arrays):
    conditional = len(arrays) == _VAE_ARRAYS
    # What the sizes come from.
    _check_recurrent(file, arrays, len(arrays) - 2)
    if conditional:
        _check_recurrent(file, arrays, 1)
    output_kernel, _, _, recurrent_kernel, _ = arrays[-5:]
    outputs = size_lib.params_size(NUM_MIXTURES)
    if output_kernel.shape[-1] != outputs:
        raise ValueError(
            f"{file}: expected {outputs} outputs, "
            f"got shape {list(output_kernel.shape)}"
        )
    version = _number(file, info, "version", 1, least=0)
    values: dict[str, Any] = {
        "conditional": conditional,
        "decoder_cell": "lstm",
        "decoder_size": recurrent_kernel.shape[0],
        "num_mixtures": NUM_MIXTURES,
        "compatibility": "sketch_rnn_js",
        "start_point": _start_point(file, info),
        "squash_z": conditional and version < FIRST_UNSQUASHED,
        "max_len": int(
            _number(file, info, "max_seq_len", DEFAULT_MAX_LEN, least=1)
        ),
        "scale_factor": _number(file, info, "scale_factor", 1.0, least=1e-9),
    }
    if conditional:
        values["encoder_cell"] = "lstm"
        values["encoder_size"] = arrays[1].shape[0]
        values["z_size"] = arrays[6].shape[-1]
    return config_lib.from_mapping(values)


def _check_recurrent(file, arrays, index):
    shape = arrays[index].shape
    if len(shape) != 2 or shape[1] != 4 * shape[0]:
        raise ValueError(
            f"{file}: shapes[{index}]: expected [n, 4 n], as of a recurrent "
            f"kernel, got {list(shape)}"
        )


def _start_point(file, info):
    point = info.get("start_point", JS_START_POINT)
    if (
        not isinstance(point, list | tuple)
        or len(point) != len(strokes.START_POINT)
        or not all(map(_is_finite, point))
    ):
        raise ValueError(
            f"{file}: start_point: expected 5 finite numbers, got "
            f"{reprlib.repr(point)}"
        )
    return point


def _number(file, info, key, default, *, least):
    value = info.get(key, default)
    if not _is_finite(value) or value < least:
        raise ValueError(
            f"{file}: {key}: expected a number of at least {least}, "
            f"got {reprlib.repr(value)}"
        )
    return value


def _is_finite(value):
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    # An integer may be too large for a float.
    return abs(value) <= sys.float_info.max
