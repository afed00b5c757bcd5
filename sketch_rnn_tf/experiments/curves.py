"""Curves: how the losses of several trainings went, over their steps."""

from collections.abc import Sequence

import svgwrite

from sketch_rnn_tf.diagrams import (
    axes as axes_lib,
    board as board_lib,
    tradeoff,
)

_BOX = (84, 76, 440, 340)
_APART = 552
_WARM_UP = 0.1
"""The part of a training whose losses the axes need not hold."""


def draw(
    runs: Sequence[tradeoff.Run], title: str, theme: str = "light"
) -> svgwrite.Drawing:
    """Draws L_R and L_KL of all validations, side by side.

    Args:
      runs: Trainings, at least one.
      title: What they have in common.
      theme: "light" or "dark".

    Returns:
      The drawing.

    Raises:
      ValueError: If there is no training, or no such theme.
    """
    if not runs:
        raise ValueError("runs: expected at least one, got none")
    runs = sorted(runs, key=_order)
    board = board_lib.Board(1100, 492 + 22 * ((len(runs) + 1) // 2), theme)
    conditional = [run for run in runs if run.config.conditional]
    ramp = iter(board_lib.ramp(board.theme.order, len(conditional)))
    colors = [
        next(ramp) if run.config.conditional else board.theme.frame
        for run in runs
    ]
    last = max(run.rows[-1]["step"] for run in runs)
    for index, (name, key, chosen) in enumerate(
        (("L_R", "val_recon", runs), ("L_{KL}", "val_kl", conditional))
    ):
        left, top, width, height = _BOX
        axes = axes_lib.Axes(
            board,
            (left + index * _APART, top, width, height),
            x=[0, last],
            y=[
                row[key]
                for run in chosen
                for row in run.rows
                if row["step"] >= _WARM_UP * last or row is run.best
            ],
        )
        axes.draw(title if index == 0 else "", "steps", f"{name} in validation")
        for run, color in zip(runs, colors, strict=True):
            if run in chosen:
                points = [axes.place(r["step"], r[key]) for r in run.rows]
                dashed = not run.config.conditional
                axes.line(points, color, dashed=dashed)
    for index, (run, color) in enumerate(zip(runs, colors, strict=True)):
        row, column = divmod(index, 2)
        x, y = 84 + _APART * column, 484 + 22 * row
        dashed = not run.config.conditional
        board.line([(x, y - 4), (x + 24, y - 4)], color, width=3, dashed=dashed)
        board.text(run.path.name, (x + 32, y), 13, board.theme.header)
    return board.drawing


def _order(run):
    config = run.config
    return not config.conditional, -config.kl_weight, config.seed
