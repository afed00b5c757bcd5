"""Recurrent cells behind one interface.

A cell separates what depends on its input alone, a product that can be
computed for all steps at once, from what depends on its state:

    kernel, bias = cell.input_projection()       # [X, P], [P]
    projected = inputs @ kernel + bias           # [..., P]
    output, state = cell.step(projected, state)  # one step

The state is a tuple of tensors [B, n], ordered as the reference
implementation packs it, with the widths `cell.state_sizes`;
`cell.output_of(state)` is the output that it holds.  `run` runs a cell over
time plainly, `cell.run_training` does the same with a faster gradient; what
parts of a batch multiply alike, `cell.training_kernels` computes once.
"""

from sketch_rnn_tf.model.cells.bptt import Options
from sketch_rnn_tf.model.cells.hyper import HyperLSTMCell
from sketch_rnn_tf.model.cells.layer_norm import LayerNormLSTMCell
from sketch_rnn_tf.model.cells.lstm import BlockOrthogonal, LSTMCell
from sketch_rnn_tf.model.cells.recurrence import (
    Masks,
    State,
    candidate_masks,
    run,
    split_masks,
    zero_state,
)

__all__ = [
    "BlockOrthogonal",
    "Cell",
    "HyperLSTMCell",
    "LSTMCell",
    "LayerNormLSTMCell",
    "Masks",
    "Options",
    "State",
    "candidate_masks",
    "make",
    "run",
    "split_masks",
    "zero_state",
]

Cell = LSTMCell | LayerNormLSTMCell | HyperLSTMCell


def make(kind: str, size: int, *, name: str) -> Cell:
    """Makes a cell.

    Args:
      kind: One of `config.CELLS`.
      size: Units.
      name: The layer's name.

    Raises:
      ValueError: If there is no such kind.
    """
    kinds = {
        "lstm": LSTMCell,
        "layer_norm": LayerNormLSTMCell,
        "hyper": HyperLSTMCell,
    }
    if kind not in kinds:
        raise ValueError(
            f"unknown cell {kind!r}: expected one of {', '.join(kinds)}"
        )
    return kinds[kind](size, name=name)
