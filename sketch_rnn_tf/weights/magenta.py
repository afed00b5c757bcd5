"""Import of the reference implementation's TF1 checkpoints."""

import json
import os
import pathlib
import re
import reprlib
import sys
from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
import tensorflow as tf

from sketch_rnn_tf import config as config_lib, quoting
from sketch_rnn_tf.model import size as size_lib, vae
from sketch_rnn_tf.training import checkpoint_index
from sketch_rnn_tf.weights import reference_weights

PREFIX = "vector_rnn/"
CONFIG = "model_config.json"
DENSITY_FLOOR = 1e-6
"""What the reference adds to the density before its logarithm."""

_CELLS = {
    "LSTMCell": "lstm",
    "LayerNormLSTMCell": "layer_norm",
    "HyperLSTMCell": "hyper",
}
# Its hyper-parameters with a value of the same meaning here.
_SAME = {
    "num_steps": "steps",
    "save_every": "validate_every",
    "kl_weight": "kl_weight",
    "kl_decay_rate": "kl_decay_rate",
    "kl_tolerance": "kl_tolerance",
    "batch_size": "batch_size",
    "grad_clip": "gradient_clip",
    "learning_rate": "learning_rate",
    "decay_rate": "learning_rate_decay",
    "min_learning_rate": "min_learning_rate",
    "random_scale_factor": "random_scale",
    "augment_stroke_prob": "point_drop_rate",
    "max_seq_len": "max_len",
}
_DROPOUTS = ("recurrent", "input", "output")
# And those that have to agree with the shapes of the variables.
_SIZES = {
    "enc_rnn_size": "encoder_size",
    "enc_model": "encoder_cell",
    "dec_rnn_size": "decoder_size",
    "dec_model": "decoder_cell",
    "z_size": "z_size",
    "num_mixture": "num_mixtures",
    "conditional": "conditional",
}


class Checkpoint(NamedTuple):
    """What a checkpoint of the reference implementation holds.

    Attributes:
      path: Its prefix, `.../vector-N` or `.../vector`.
      variables: Trainable variables by name, without `vector_rnn/`.
      first_moments: Adam's, by the same names; empty without its slots.
      second_moments: Likewise.
      step: Training steps done; 0 where it does not say.
    """

    path: str
    variables: dict[str, np.ndarray]
    first_moments: dict[str, np.ndarray]
    second_moments: dict[str, np.ndarray]
    step: int


def import_magenta(
    directory: str | os.PathLike,
    *,
    scale_factor: float = 1.0,
    max_len: int | None = None,
) -> tuple["vae.SketchRNN", Checkpoint]:
    """Makes a model of a directory that the reference implementation wrote.

    Sizes come from the shapes of the variables; `model_config.json`, where
    it is readable, gives the rest and has to agree with them.  Adam's slots,
    where all are there, become the optimizer's.

    Args:
      directory: Holds `vector-N.*` or `vector.*`, and perhaps
        `model_config.json`.
      scale_factor: Of the data that it was trained on, pixels; checkpoints
        do not hold it.
      max_len: N_max; that of the configuration (or 250) if None.

    Returns:
      The model, compiled, and the checkpoint.

    Raises:
      ValueError: In one line, if there is no checkpoint, it is damaged, or
        does not fit its configuration.
    """
    directory = pathlib.Path(directory)
    checkpoint = read_checkpoint(directory)
    where = checkpoint.path
    sizes = sizes_of(checkpoint.variables, where=where)
    values = _configuration(directory / CONFIG, sizes)
    values |= sizes | {
        "compatibility": "magenta",
        "scale_factor": scale_factor,
        "max_len": max_len or values.get("max_len", 250),
    }
    try:
        config = config_lib.from_mapping(values)
    except ValueError as error:
        raise ValueError(f"{directory / CONFIG}: {error}") from None
    held = sum(value.size for value in checkpoint.variables.values())
    size_lib.check(config, held, where=where)
    model = vae.SketchRNN(config)
    reference_weights.assign(model, checkpoint.variables, where=where)
    model.compile()
    _assign_optimizer(model, checkpoint)
    return model, checkpoint


def read_checkpoint(directory: str | os.PathLike) -> Checkpoint:
    """Reads the last checkpoint of a directory.

    Args:
      directory: Holds `vector-N.*` or `vector.*`.

    Returns:
      The checkpoint.

    Raises:
      ValueError: If there is none, or it is damaged.
    """
    directory = pathlib.Path(directory)
    if not directory.is_dir():
        raise ValueError(f"{directory}: expected a directory, found none")
    indexes = sorted(
        directory.glob("vector*.index"),
        key=lambda path: int((re.findall(r"-(\d+)$", path.stem) or [-1])[0]),
    )
    if not indexes:
        raise ValueError(
            f"{directory}: expected a checkpoint vector-N.index or "
            "vector.index, found none"
        )
    prefix = str(indexes[-1].with_suffix(""))
    values, reading = {}, ""
    checkpoint_index.check(prefix)
    try:
        reader = tf.train.load_checkpoint(prefix)
        names = reader.get_variable_to_shape_map()
        for name in names:
            if name.startswith(PREFIX):
                reading = f"{quoting.shown(name)}: "
                values[name] = reader.get_tensor(name)
    except (
        tf.errors.OpError,
        RuntimeError,
        ValueError,
        IndexError,  # what reading past the end of the data file raises
    ) as error:
        reason = quoting.line(error)
        raise ValueError(
            f"{prefix}: {reading}expected a TF1 checkpoint, got {reason}"
        ) from None
    if not values:
        raise ValueError(
            f"{prefix}: expected variables named {PREFIX}..., "
            f"got {', '.join(map(quoting.shown, sorted(names)[:3])) or 'none'}"
        )
    plain, first, second = {}, {}, {}
    for name, value in values.items():
        name = name.removeprefix(PREFIX)
        # Slots repeat the prefix: vector_rnn/vector_rnn/RNN/.../Adam.
        name = name.removeprefix(PREFIX)
        if name.endswith("/Adam"):
            first[name.removesuffix("/Adam")] = value
        elif name.endswith("/Adam_1"):
            second[name.removesuffix("/Adam_1")] = value
        else:
            plain[name] = value
    step = np.asarray(plain.pop("global_step", 0))
    if step.shape or step.dtype.kind not in "iu" or step < 0:
        raise ValueError(
            f"{prefix}: global_step: expected a whole number from 0 on, "
            f"got {quoting.shown(step)}"
        )
    return Checkpoint(prefix, plain, first, second, int(step))


def sizes_of(
    variables: Mapping[str, np.ndarray], *, where: str
) -> dict[str, Any]:
    """Finds cells and sizes from the shapes of the variables.

    Args:
      variables: Trainable variables by name.
      where: What to call their origin in messages.

    Returns:
      Configuration keys and values.

    Raises:
      ValueError: If the variables are not those of a sketch-rnn.
    """

    def cell(scope):
        for cell_name, kind in _CELLS.items():
            name = f"{scope}/{cell_name}/W_hh"
            if name not in variables:
                continue
            shape = variables[name].shape
            if len(shape) != 2 or shape[1] != 4 * shape[0]:
                raise ValueError(
                    f"{where}: {name}: expected shape [n, 4 n], "
                    f"got {list(shape)}"
                )
            return kind, shape[0]
        raise ValueError(
            f"{where}: expected a variable {scope}/LSTMCell/W_hh, or of "
            "another of its cells"
        )

    def width(name, axis):
        if name not in variables or variables[name].ndim != 2:
            raise ValueError(f"{where}: expected a variable {name}, a matrix")
        return variables[name].shape[axis]

    decoder_cell, decoder_size = cell("RNN")
    outputs = width("RNN/output_w", 1)
    if outputs < 9 or outputs % 6 != 3:
        raise ValueError(
            f"{where}: RNN/output_w: expected 6 M + 3 columns, got {outputs}"
        )
    sizes = {
        "decoder_cell": decoder_cell,
        "decoder_size": decoder_size,
        "num_mixtures": outputs // 6,
        "conditional": "ENC_RNN_mu/super_linear_w" in variables,
    }
    if sizes["conditional"]:
        sizes["encoder_cell"], sizes["encoder_size"] = cell("ENC_RNN/fw")
        sizes["z_size"] = width("ENC_RNN_mu/super_linear_w", 1)
    return sizes


def _configuration(path, sizes):
    """Returns our keys and values from `model_config.json`."""
    if not path.exists():
        return {}
    try:
        hparams = json.loads(path.read_text())
    except (UnicodeDecodeError, ValueError, RecursionError) as error:
        raise ValueError(f"{path}: expected JSON, got {error}") from None
    if isinstance(hparams, list):
        # What its later versions write by mistake: the keys alone.
        return {}
    if not isinstance(hparams, dict):
        raise ValueError(
            f"{path}: expected a JSON object, got {type(hparams).__name__}"
        )
    for theirs, ours in _SIZES.items():
        if theirs not in hparams or ours not in sizes:
            continue
        wanted, found = sizes[ours], hparams[theirs]
        if found != wanted:
            raise ValueError(
                f"{path}: {theirs}: expected {wanted!r}, as the variables "
                f"have it, got {reprlib.repr(found)}"
            )
    values = {
        ours: _number(path, hparams, theirs, None)
        for theirs, ours in _SAME.items()
        if theirs in hparams
    }
    for kind in _DROPOUTS:
        used = hparams.get(f"use_{kind}_dropout")
        if used is not None:
            keep = _number(path, hparams, f"{kind}_dropout_prob", 0.9)
            values[f"{kind}_dropout"] = 1.0 - keep if used else 0.0
    weight = _number(path, hparams, "kl_weight", 0.5)
    if "kl_weight_start" in hparams and weight > 0:
        start = _number(path, hparams, "kl_weight_start", 0.01)
        values["kl_start_fraction"] = start / weight
    return values


def _number(path, hparams, key, default):
    value = hparams.get(key, default)
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ValueError(
            f"{path}: {key}: expected a number, got {reprlib.repr(value)}"
        )
    # An integer may be too large for a float.
    if not abs(value) <= sys.float_info.max:
        raise ValueError(f"{path}: {key}: expected a finite number")
    return value


def _assign_optimizer(model, checkpoint):
    optimizer = model.optimizer
    optimizer.build(model.trainable_variables)
    optimizer.iterations.assign(checkpoint.step)
    if not checkpoint.first_moments or not checkpoint.second_moments:
        return
    places = {id(v): i for i, v in enumerate(model.trainable_variables)}
    for piece in reference_weights.pieces(model):
        place = places[id(piece.weight)]
        for moments, slots in (
            (optimizer._momentums, checkpoint.first_moments),
            (optimizer._velocities, checkpoint.second_moments),
        ):
            value = reference_weights.join(
                piece, slots, where=f"{checkpoint.path}: Adam's slots"
            )
            moments[place].assign(value)
