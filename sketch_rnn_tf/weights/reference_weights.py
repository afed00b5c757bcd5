"""The reference implementation's variables, and which of our weights they are.

Some of our weights hold several of its variables, side by side or stacked.
Names are those of its checkpoints, without the prefix `vector_rnn/`.
"""

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np

from sketch_rnn_tf.backend import keras
from sketch_rnn_tf.model import cells, vae
from sketch_rnn_tf.model.cells import hyper


class Piece(NamedTuple):
    """One of our weights.

    Attributes:
      weight: The Keras variable.
      names: The reference's variables that it holds.
      stacked: Whether they are stacked along a new first axis, or else
        joined along the last one.
    """

    weight: keras.Variable
    names: tuple[str, ...]
    stacked: bool = False


def pieces(model: "vae.SketchRNN") -> list[Piece]:
    """Lists all weights of a model, in the reference's order of variables.

    Args:
      model: The model.

    Returns:
      A piece for each weight; in the order of `tf.trainable_variables()`
      there, which is that of sketch-rnn-js files as well.
    """
    listed = []
    if model.encoder is not None:
        encoder = model.encoder
        listed += _cell("ENC_RNN/fw", encoder.forward_cell)
        listed += _cell("ENC_RNN/bw", encoder.backward_cell)
        listed += [
            Piece(encoder.mu_kernel, ("ENC_RNN_mu/super_linear_w",)),
            Piece(encoder.mu_bias, ("ENC_RNN_mu/super_linear_b",)),
            Piece(encoder.log_var_kernel, ("ENC_RNN_sigma/super_linear_w",)),
            Piece(encoder.log_var_bias, ("ENC_RNN_sigma/super_linear_b",)),
            Piece(model.decoder.initial_kernel, ("linear/super_linear_w",)),
            Piece(model.decoder.initial_bias, ("linear/super_linear_b",)),
        ]
    listed += [
        Piece(model.decoder.output_kernel, ("RNN/output_w",)),
        Piece(model.decoder.output_bias, ("RNN/output_b",)),
    ]
    return listed + _cell("RNN", model.decoder.recurrent_cell)


def assign(
    model: "vae.SketchRNN", variables: Mapping[str, np.ndarray], *, where: str
) -> None:
    """Sets a model's weights to the reference's.

    Args:
      model: The model.
      variables: The reference's variables by name.
      where: What to call their origin in messages.

    Raises:
      ValueError: If a variable is missing, of another shape or not finite;
        then no weight has been changed.
    """
    joined = [
        (piece.weight, join(piece, variables, where=where))
        for piece in pieces(model)
    ]
    for weight, value in joined:
        weight.assign(value)


def join(
    piece: Piece, variables: Mapping[str, np.ndarray], *, where: str
) -> np.ndarray:
    """Joins the reference's variables to values of a weight's shape.

    Args:
      piece: The weight.
      variables: The reference's variables by name.
      where: What to call their origin in messages.

    Returns:
      The values for the weight.

    Raises:
      ValueError: If a variable is missing, of another shape or not finite.
    """
    parts = []
    for name, shape in _shapes(piece).items():
        if name not in variables:
            raise ValueError(f"{where}: expected a variable {name}")
        part = np.asarray(variables[name])
        if part.shape != shape:
            raise ValueError(
                f"{where}: {name}: expected shape {list(shape)}, "
                f"got {list(part.shape)}"
            )
        if part.dtype.kind != "f":
            raise ValueError(
                f"{where}: {name}: expected floating-point numbers, "
                f"got {part.dtype}"
            )
        if not np.isfinite(part).all():
            raise ValueError(
                f"{where}: {name}: expected finite numbers, got NaN or infinity"
            )
        parts.append(part)
    if piece.stacked:
        return np.stack(parts)
    return np.concatenate(parts, axis=-1)


def split(piece: Piece, values: np.ndarray) -> dict[str, np.ndarray]:
    """Splits values of a weight's shape into the reference's variables.

    Args:
      piece: The weight.
      values: Its values, or its gradient.

    Returns:
      The values of each of the reference's variables, by name.
    """
    if piece.stacked:
        return dict(zip(piece.names, values, strict=True))
    parts = np.split(values, len(piece.names), axis=-1)
    return dict(zip(piece.names, parts, strict=True))


def _shapes(piece):
    shape = tuple(piece.weight.shape)
    if piece.stacked:
        shape = shape[1:]
    else:
        shape = (*shape[:-1], shape[-1] // len(piece.names))
    return dict.fromkeys(piece.names, shape)


def _cell(scope, cell):
    scope = f"{scope}/{_CELL_NAMES[type(cell)]}"
    listed = [
        Piece(cell.kernel, (f"{scope}/W_xh",)),
        Piece(cell.recurrent_kernel, (f"{scope}/W_hh",)),
    ]
    if not isinstance(cell, cells.LayerNormLSTMCell):
        listed.append(Piece(cell.bias, (f"{scope}/bias",)))
    if isinstance(cell, cells.LSTMCell):
        return listed
    if isinstance(cell, cells.HyperLSTMCell):
        listed += _hyper(scope, cell)
    return listed + _norms(scope, cell, "")


def _hyper(scope, cell):
    inner = f"{scope}/LayerNormLSTMCell"
    recurrent = [block for block in hyper.BLOCKS if block.endswith("h")]

    def names(blocks, suffix):
        return tuple(f"{scope}/hyper_{b}/{suffix}" for b in blocks)

    return [
        Piece(cell.hyper_kernel, (f"{inner}/W_xh",)),
        Piece(cell.hyper_recurrent_kernel, (f"{inner}/W_hh",)),
        *_norms(inner, cell, "hyper_"),
        Piece(cell.scale_embedding, names(hyper.BLOCKS, "zw/super_linear_w")),
        Piece(cell.scale_bias, names(hyper.BLOCKS, "zw/super_linear_b")),
        Piece(
            cell.scale_kernel, names(hyper.BLOCKS, "alpha/super_linear_w"), True
        ),
        Piece(cell.shift_embedding, names(recurrent, "zb/super_linear_w")),
        Piece(cell.shift_kernel, names(recurrent, "beta/super_linear_w"), True),
    ]


def _norms(scope, cell, prefix):
    return [
        Piece(
            getattr(cell, f"{prefix}{ours}_{part}"),
            (f"{scope}/{theirs}/ln_{part}",),
        )
        for ours, theirs in (("gates", "ln_all"), ("memory", "ln_c"))
        for part in ("gamma", "beta")
    ]


_CELL_NAMES = {
    cells.LSTMCell: "LSTMCell",
    cells.LayerNormLSTMCell: "LayerNormLSTMCell",
    cells.HyperLSTMCell: "HyperLSTMCell",
}
