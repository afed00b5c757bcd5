"""Figures of the data and the models themselves: 4, 5, 8 and 23."""

import numpy as np

from sketch_rnn_tf import strokes, studio
from sketch_rnn_tf.diagrams import architecture, board as board_lib, tradeoff
from sketch_rnn_tf.drawing import ink
from sketch_rnn_tf.figures import materials as materials_lib

SHOWN_ROWS = 20
WORDS = 75
SIDE = 420


def stroke_format(given: materials_lib.Materials) -> list:
    """Figure 4: a sketch as points, and drawn in the order of its strokes."""
    named = next(iter([*given.models, *given.decoders]), None)
    if named is None:
        raise materials_lib.Missing("a model, --model")
    sketch = given.pick(named, None, 1, figure=4, longest=SHOWN_ROWS + 5)[0]
    height, row = SIDE, 17
    rows = strokes.stroke3_to_stroke5(np.asarray(sketch, np.float32))
    board = board_lib.Board(SIDE + 400, height, "light")
    columns = ["\u0394x", "\u0394y", "p_1", "p_2", "p_3"]
    left = 24
    for index, name in enumerate(columns):
        board.formula(
            name,
            (left + 60 * (index + 1), 30),
            14,
            board.theme.title,
            anchor="end",
        )
    for line, values in enumerate(rows[:SHOWN_ROWS].tolist()):
        for index, value in enumerate(values):
            board.text(
                f"{value:g}" if index > 1 else f"{value:.4g}",
                (left + 60 * (index + 1), 52 + row * line),
                12,
                board.theme.label,
                anchor="end",
            )
    if len(rows) > SHOWN_ROWS:
        board.text(
            f"and {len(rows) - SHOWN_ROWS} more",
            (left + 60, 52 + row * SHOWN_ROWS),
            12,
            board.theme.label,
            anchor="end",
        )
    points = np.concatenate(strokes.stroke3_to_polylines(sketch))
    box = (*points.min(axis=0).tolist(), *points.max(axis=0).tolist())
    group = board.drawing.g(
        fill="none",
        stroke_width=4,
        stroke_linecap="round",
        stroke_linejoin="round",
        transform=f"translate({400 - 20},0)",
    )
    for line in ink.lines(sketch, ink.fit(box, SIDE)):
        group.add(board.drawing.path(d=line.path(), stroke=line.color))
    board.add(group)
    return [studio.plates.Plate(board.drawing, [])]


def schematic(given: materials_lib.Materials) -> list:
    """Figure 5: each kind of model, drawn from its own configuration."""
    found = [*given.models[:1], *given.decoders[:1]]
    if not found:
        raise materials_lib.Missing("a model, --model")
    return [
        studio.plates.Plate(
            architecture.draw(
                named.model.config, parameters=named.model.count_params()
            ),
            [],
        )
        for named in found
    ]


def trade(given: materials_lib.Materials) -> list:
    """Figure 8: L_R against L_KL, and validation losses over time."""
    if given.experiment is None:
        raise materials_lib.Missing(
            "trained work directories of several w_KL, --experiment"
        )
    runs = tradeoff.read(given.experiment)
    return [studio.plates.Plate(tradeoff.draw(runs), [])]


def examples(given: materials_lib.Materials) -> list:
    """Figure 23: sketches of the data set, of each word."""
    if given.data is None:
        raise materials_lib.Missing("sketches, --data")
    rng = np.random.default_rng([given.seed, 23])
    words = list(given.data.words)[:WORDS]
    each = 1 if len(words) > 20 else max(2, 24 // len(words))
    sketches, labels = [], []
    for index, word in enumerate(words):
        found = np.flatnonzero(given.data.labels["test"] == index)
        chosen = rng.permutation(found)[:each].tolist()
        sketches += [given.data.test[i] for i in chosen]
        labels += [word] * len(chosen)
    picture = studio.plates.Style(cell=90).grid(
        sketches, labels=labels, columns=max(10, each), colors="black"
    )
    return [studio.plates.Plate(picture, [])]
