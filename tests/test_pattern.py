"""Tests of sketch_rnn_tf.drawing.pattern."""

import io

import numpy as np
import pytest
from PIL import Image

from sketch_rnn_tf import doodles, drawing

SKETCHES = [doodles.draw(kind, seed=3).stroke3 for kind in doodles.KINDS]


def pixels(pattern, scale=1.0):
    png = drawing.to_png(pattern.render(), scale=scale)
    return np.asarray(Image.open(io.BytesIO(png)).convert("RGB")).astype(int)


@pytest.mark.parametrize("shape", [(3, 2), (2, 3), (3, 3), (1, 1)])
@pytest.mark.parametrize("scale", [1, 2])
def test_tile_repeats_without_a_seam(shape, scale):
    columns, rows = shape
    arguments = {"columns": columns, "rows": rows, "cell": 40.3, "seed": 5}
    tile = pixels(drawing.Pattern(SKETCHES, **arguments), scale)
    swatch = pixels(
        drawing.Pattern(SKETCHES, repeat=(2, 2), **arguments), scale
    )
    difference = np.abs(np.tile(tile, (2, 2, 1)) - swatch)
    # Far from the origin 32-bit coordinates round differently: then two of
    # the 16 samples of a pixel may be others.  Ink cut off makes 150.
    assert difference.max() <= 36
    assert (difference > 0).mean() < 0.01


@pytest.mark.parametrize(("shape", "axis"), [((3, 2), 1), ((2, 3), 0)])
def test_ink_crosses_the_edge(shape, axis):
    columns, rows = shape
    pattern = drawing.Pattern(
        SKETCHES, columns=columns, rows=rows, cell=50, colors="black"
    )
    tile = pixels(pattern)
    for edge in (0, -1):
        assert np.take(tile, edge, axis=axis).min() < 200


def test_every_sketch_is_drawn_before_one_is_drawn_twice():
    colors = [f"#0000{index:02x}" for index in range(10)]
    pattern = drawing.Pattern(SKETCHES, columns=5, rows=2, colors=colors)
    source = drawing.to_svg(pattern.render())
    assert all(color in source for color in colors)
    # Sketches of unlike numbers of points are told apart by their paths.
    lengths = {
        sum(len(line.points) for line in lines) for lines in pattern._placed
    }
    expected = {
        sum(len(line.points) for line in lines)
        for lines in drawing.Grid(SKETCHES)._lines
    }
    assert lengths == expected


def test_seed_decides():
    def source(**arguments):
        return drawing.to_svg(drawing.Pattern(SKETCHES, **arguments).render())

    assert source(seed=1) == source(seed=1)
    assert source(seed=1) != source(seed=2)


def test_it_is_drawn_in_part_and_moves():
    pattern = drawing.Pattern(
        SKETCHES, theme="dark", background="#203040", repeat=(2, 1)
    )
    whole = drawing.to_svg(pattern.render())
    assert "#203040" in whole
    assert (
        0
        < drawing.to_svg(pattern.render(0.3)).count("<path")
        < (whole.count("<path"))
    )
    moving = drawing.to_svg(pattern.animate(seconds=2))
    assert moving.count("<path") == whole.count("<path")
    assert moving.count("animation-name") == whole.count("<path")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"columns": 0}, "columns: expected a positive integer, got 0"),
        ({"rows": -1}, "rows: expected a positive integer, got -1"),
        ({"repeat": (1, 0)}, "repeat: expected a positive integer, got 0"),
        ({"repeat": (1,)}, "repeat: expected two"),
        ({"cell": 0}, "cell: expected a positive"),
        ({"seed": -1}, "seed: expected 0 or more"),
        ({"colors": []}, "colors: expected at least one"),
        ({"colors": ["red"]}, "colors: expected"),
        ({"theme": "blue"}, "theme: expected"),
        ({"background": "black"}, "background: expected"),
        ({"sketches": []}, "sketches: expected at least one"),
        ({"sketches": [np.zeros((0, 3))]}, "sketches: expected at least one"),
        ({"sketches": [np.ones((2, 2))]}, "sketch 0: expected"),
    ],
)
def test_arguments_out_of_range_are_refused(arguments, message):
    with pytest.raises(ValueError, match=message):
        drawing.Pattern(**{"sketches": SKETCHES, **arguments})
