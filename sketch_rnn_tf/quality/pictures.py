"""Pictures of a report: curves over temperature, and the drawings at its ends."""

from collections.abc import Sequence

import numpy as np
import svgwrite

from sketch_rnn_tf import drawing
from sketch_rnn_tf.diagrams import axes as axes_lib, board as board_lib
from sketch_rnn_tf.quality import report as report_lib

_NAMES = {"sample": "samples", "reconstruction": "reconstructions"}
_SHOWN = 8
"""Drawings of a row of the sheet."""


def curves(report: report_lib.Report, theme: str = "light") -> svgwrite.Drawing:
    """Draws recognisability and Fréchet distance over temperature.

    A line stands for samples and one for reconstructions; dashed are real
    drawings.

    Args:
      report: The report.
      theme: "light" or "dark".

    Returns:
      The drawing.

    Raises:
      ValueError: If there is no such theme.
    """
    board = board_lib.Board(1100, 550, theme)
    words = ", ".join(report.words)
    for left, field, title, y_name in (
        (84, "top1", f"Recognised: {words}", "share, top-1"),
        (636, "frechet", "Fréchet distance to real drawings", "distance"),
    ):
        rows = report.rows
        values = [getattr(row, field) for row in rows]
        axes = axes_lib.Axes(
            board,
            (left, 76, 436, 376),
            x=[row.temperature for row in rows if row.temperature is not None],
            y=[0, 1] if field == "top1" else [0, *values],
        )
        axes.draw(title, "temperature", y_name)
        y = axes.place(0, values[0])[1]
        axes.line(
            [(axes.left, y), (axes.right, y)], board.theme.frame, dashed=True
        )
        for source, color in _colors(report, board):
            places = [
                axes.place(row.temperature, getattr(row, field))
                for row in rows
                if row.source == source
            ]
            axes.line(places, color)
            for place in places:
                axes.mark(place, color)
    x = 84
    entries = [
        *((_NAMES[source], c, False) for source, c in _colors(report, board)),
        ("real drawings, held out", board.theme.frame, True),
    ]
    for name, color, dashed in entries:
        board.line([(x, 526), (x + 24, 526)], color, width=3, dashed=dashed)
        board.text(name, (x + 32, 530), 13, board.theme.header, width=190)
        x += 230
    return board.drawing


def sheet(drawn: report_lib.Drawn) -> drawing.Grid:
    """Shows the drawings that are recognised best and worst.

    Under each is how likely the right word is; under the worst, what they are
    taken for.

    Args:
      drawn: Drawings of one temperature.

    Returns:
      A picture for `drawing.write`: two rows.
    """
    order = np.argsort(-np.asarray(drawn.right), kind="stable")
    shown = min(_SHOWN, len(order))
    best, worst = order[:shown], order[::-1][:shown]
    labels = [f"{drawn.right[i]:.2f}" for i in best]
    labels += [f"{drawn.right[i]:.2f} {drawn.taken_for[i]}" for i in worst]
    return drawing.Grid(
        [drawn.sketches[i] for i in [*best, *worst]],
        columns=shown,
        row_labels=["best", "worst"],
        labels=labels,
        title=f"{_NAMES[drawn.source].capitalize()} at temperature "
        f"{drawn.temperature:g}",
    )


def _colors(report, board) -> Sequence[tuple[str, str]]:
    """Gives a colour to each source that there is."""
    present = {row.source for row in report.rows}
    sources = [source for source in _NAMES if source in present]
    # The last of the ramp is too light for a line.
    anchors = board.theme.order[:-1]
    return list(
        zip(sources, board_lib.ramp(anchors, len(sources)), strict=True)
    )
