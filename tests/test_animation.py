"""Tests of sketch_rnn_tf.drawing.animation."""

import io

import numpy as np
import pytest
from PIL import Image, ImageSequence

from sketch_rnn_tf import doodles, drawing

GRID = drawing.Grid(
    [doodles.draw(kind, seed=0).stroke3 for kind in ("cat", "house")], cell=60
)


@pytest.fixture(scope="module")
def gif():
    data = drawing.to_gif(
        GRID, seconds=1, frames_per_second=10, hold_seconds=0.5
    )
    return Image.open(io.BytesIO(data))


def frames(image):
    return [
        (np.asarray(frame.convert("RGB")).astype(int), frame.info["duration"])
        for frame in ImageSequence.Iterator(image)
    ]


def test_ink_grows_to_the_whole_picture(gif):
    first, *rest = [frame for frame, _ in frames(gif)]
    ink = [(frame < 200).any(axis=-1).sum() for frame in rest]
    assert len(rest) == 11
    assert ink[0] == 0
    assert all(np.diff(ink) > 0)
    np.testing.assert_array_equal(first, rest[-1])


def test_frames_look_as_the_drawings(gif):
    for part, frame in [(0.5, frames(gif)[6][0]), (1.0, frames(gif)[0][0])]:
        png = drawing.to_png(GRID.render(part))
        expected = np.asarray(Image.open(io.BytesIO(png)).convert("RGB"))
        difference = np.abs(frame - expected.astype(int))
        # The paper is exact; 128 colours leave the rest a little off.
        assert difference.mean() < 0.5
        assert difference.max() < 64
        assert (frame[(expected == 255).all(axis=-1)] == 255).all()


def test_it_loops_and_holds(gif):
    assert gif.info["loop"] == 0
    durations = [duration for _, duration in frames(gif)]
    # The hold is shared by the last frame and the first one.
    assert durations == [100] * 11 + [400]


def test_same_input_gives_same_bytes():
    grids = [drawing.Grid(GRID.sketches, cell=60) for _ in range(2)]
    one, other = (drawing.to_gif(grid, seconds=0.3) for grid in grids)
    assert one == other


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"seconds": 0}, "seconds: expected a positive"),
        ({"hold_seconds": -1}, "hold_seconds: expected a positive"),
        ({"frames_per_second": 51}, "frames_per_second: expected at most 50"),
        ({"frames_per_second": np.nan}, "frames_per_second: expected a pos"),
        ({"scale": 0}, "scale: expected a positive"),
    ],
)
def test_arguments_out_of_range_are_refused(arguments, message):
    with pytest.raises(ValueError, match=message):
        drawing.to_gif(GRID, **arguments)
