"""Tradeoff: what w_KL buys, as curves of many trainings.

It is Figure 8 of Ha & Eck (2017), drawn from work directories.
"""

import dataclasses
import math
import os
import pathlib
from collections.abc import Sequence

import svgwrite

from sketch_rnn_tf import config as config_lib
from sketch_rnn_tf.diagrams import axes as axes_lib, board as board_lib
from sketch_rnn_tf.training import work_directory

_STANDALONE = "standalone decoder"
_COLUMNS = ("step", "val_loss", "val_recon", "val_kl")
_WARM_UP = 0.1
"""The part of a training whose losses the axis need not hold: they are so
large that all others would look alike."""


@dataclasses.dataclass(frozen=True)
class Run:
    """A training.

    Attributes:
      path: Its work directory.
      config: Its configuration.
      rows: Its validations, at least one, by step; all numbers finite.
    """

    path: pathlib.Path
    config: config_lib.Config
    rows: tuple[dict[str, float], ...]

    @property
    def best(self) -> dict[str, float]:
        """The validation with the lowest loss."""
        return min(self.rows, key=lambda row: row["val_loss"])

    @property
    def words(self) -> str:
        """The words that it was trained on, as told in a legend."""
        return ", ".join(self.config.words) or "unnamed sketches"


def read(directory: str | os.PathLike) -> list[Run]:
    """Reads all work directories beneath a directory, and itself if it is one.

    Trainings without a validation yet are left out.

    Args:
      directory: Where to look, at any depth.

    Returns:
      At least one training, ordered by path.

    Raises:
      ValueError: If there is none, or a file of one is damaged.
    """
    directory = pathlib.Path(directory)
    found = sorted(file.parent for file in directory.rglob(
        work_directory.HISTORY
    ))  # fmt: skip
    runs = []
    for path in found:
        if not (path / work_directory.CONFIG).is_file():
            continue
        # What is no finite number has no place on an axis.
        rows = [
            row
            for row in work_directory.read_history(path)
            if all(math.isfinite(row.get(name, math.nan)) for name in _COLUMNS)
        ]
        rows.sort(key=lambda row: row["step"])
        if rows:
            config = work_directory.load_config(path)
            runs.append(Run(path, config, tuple(rows)))
    if not runs:
        raise ValueError(
            f"{directory}: expected work directories, {work_directory.CONFIG} "
            f"beside {work_directory.HISTORY} with at least one row of "
            f"{', '.join(_COLUMNS)}, found none"
        )
    return runs


def draw(runs: Sequence[Run], theme: str = "light") -> svgwrite.Drawing:
    """Draws L_R against L_KL, and validation losses over steps.

    On the left is the best validation of each training: a colour for the
    words, a line through their values of w_KL, and dashed the L_R of an
    unconditional model of the same words.  On the right are all validations
    of the words with most trainings.

    Args:
      runs: Trainings.
      theme: "light" or "dark".

    Returns:
      The drawing.

    Raises:
      ValueError: If there is no training, or no such theme.

    References:
      Figure 8, Ha & Eck (2017).
    """
    if not runs:
        raise ValueError("runs: expected at least one, got none")
    groups = {}
    for run in sorted(runs, key=lambda run: (run.words, _order(run))):
        groups.setdefault(run.words, []).append(run)
    # Words with values of w_KL to compare come before words with none.
    most = max(
        groups.values(),
        key=lambda group: (sum(r.config.conditional for r in group),
                           len(group)),
    )  # fmt: skip
    legend_rows = max(len(groups), math.ceil(len(most) / 2))
    board = board_lib.Board(1100, 528 + 22 * legend_rows, theme)
    _draw_tradeoff(board, groups)
    _draw_losses(board, most)
    return board.drawing


def _order(run):
    config = run.config
    # A standalone decoder has no use for its w_KL, and comes last.
    weight = config.kl_weight if config.conditional else math.inf
    return weight, run.best["val_kl"], str(run.path)


def _weight(run):
    if not run.config.conditional:
        return _STANDALONE
    return f"w_{{KL}} = {run.config.kl_weight:g}"


def _draw_tradeoff(board, groups):
    """Draws the left panel."""
    runs = [run for group in groups.values() for run in group]
    axes = axes_lib.Axes(
        board,
        (84, 76, 440, 376),
        x=[run.best["val_kl"] for run in runs if run.config.conditional],
        y=[run.best["val_recon"] for run in runs],
        pad=0.12,
    )
    axes.draw(
        "Reconstruction against KL",
        "L_{KL}, nats a dimension",
        "L_R, nats a point of N_{max}",
    )
    colors = board_lib.ramp(board.theme.order, len(groups))
    lines = list(zip(groups.items(), colors, strict=True))
    for (_, group), color in lines:
        for run in group:
            if not run.config.conditional:
                y = axes.place(0, run.best["val_recon"])[1]
                axes.line([(axes.left, y), (axes.right, y)], color, dashed=True)
        axes.line([place for place, _ in _points(axes, group)], color)
        for place, _ in _points(axes, group):
            axes.mark(place, color)
    # Every line is there before the first label looks for room.
    for index, ((words, group), color) in enumerate(lines):
        for place, run in _points(axes, group):
            axes.label(_weight(run), place, board.theme.header)
        for run in group:
            if not run.config.conditional:
                y = axes.place(0, run.best["val_recon"])[1]
                axes.label(_STANDALONE, (axes.right - 8, y), color, end=True)
        y = 520 + 22 * index
        board.line([(84, y - 4), (108, y - 4)], color, width=3)
        board.text(words, (116, y), 13, board.theme.header, width=408)


def _points(axes, group):
    """Lists where the conditional runs of a group are."""
    return [
        (axes.place(run.best["val_kl"], run.best["val_recon"]), run)
        for run in group
        if run.config.conditional
    ]


def _draw_losses(board, group):
    """Draws the right panel."""
    last = max(run.rows[-1]["step"] for run in group)
    rows = [row for run in group for row in run.rows]
    losses = [
        *(r["val_loss"] for r in rows if r["step"] >= _WARM_UP * last),
        *(run.best["val_loss"] for run in group),
    ]
    axes = axes_lib.Axes(
        board,
        (636, 76, 436, 376),
        x=[0, last],
        y=losses,
    )
    axes.draw(
        f"Validation loss, {group[0].words}",
        "steps",
        "L_R + w_{KL} L_{KL}, nats",
    )
    conditional = [run for run in group if run.config.conditional]
    ramp = iter(board_lib.ramp(board.theme.order, len(conditional)))
    names = [_weight(run) for run in group]
    for index, (run, name) in enumerate(zip(group, names, strict=True)):
        standalone = not run.config.conditional
        color = board.theme.frame if standalone else next(ramp)
        axes.line(
            [axes.place(row["step"], row["val_loss"]) for row in run.rows],
            color,
            dashed=standalone,
        )
        row, column = divmod(index, 2)
        x, y = 636 + 220 * column, 520 + 22 * row
        sample = [(x, y - 4), (x + 24, y - 4)]
        board.line(sample, color, width=3, dashed=standalone)
        board.formula(name, (x + 32, y), 13, board.theme.header)
        if names.count(name) > 1:
            end = 40 + board_lib.formula_width(name, 13)
            board.text(
                run.path.name,
                (x + end, y),
                13,
                board.theme.label,
                width=212 - end,
            )
