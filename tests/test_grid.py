"""Tests of sketch_rnn_tf.drawing.grid."""

import io
import re
import xml.etree.ElementTree as ET

import numpy as np
import pytest
from PIL import Image

from sketch_rnn_tf import drawing, strokes
from sketch_rnn_tf.drawing import ink, lettering, theme

SVG = "{http://www.w3.org/2000/svg}"

# A line of 10 units, a dot, and a line of 30 units.
SKETCH = np.array([[10, 0, 1], [5, 5, 1], [-15, 5, 0], [30, 0, 1]], np.float64)
EMPTY = np.zeros((0, 3))


def cells(picture):
    """(coordinates [K, 2], colour) of each stroke, by cell."""
    groups = [
        group
        for group in ET.fromstring(drawing.to_svg(picture)).iter(f"{SVG}g")
        if group.get("transform")
    ]
    return [
        [
            (
                np.array(
                    re.findall(r"-?[\d.]+", path.get("d")), np.float64
                ).reshape(-1, 2),
                path.get("stroke"),
            )
            for path in group
        ]
        for group in groups
    ]


def extent(cell):
    points = np.concatenate([points for points, _ in cell])
    return (points.max(axis=0) - points.min(axis=0)).max()


def length(cell):
    return sum(
        np.linalg.norm(np.diff(points, axis=0), axis=1).sum()
        for points, _ in cell
    )


def pixels(picture, scale=1.0):
    png = drawing.to_png(picture, scale=scale)
    return np.asarray(Image.open(io.BytesIO(png)).convert("RGB"))


def test_colours_may_differ_by_sketch():
    colors = ["black", "#123456", "order"]
    found = cells(drawing.Grid([SKETCH] * 3, colors=colors).render())
    assert {color for _, color in found[0]} == {ink.BLACK}
    assert {color for _, color in found[1]} == {"#123456"}
    assert found[2][-1][1] == ink.ORDER_COLORS[-1]


def test_shared_scale_keeps_relative_sizes():
    sketches = [SKETCH, SKETCH * [0.25, 0.25, 1]]
    each = cells(drawing.Grid(sketches).render())
    shared = cells(drawing.Grid(sketches, scale="shared").render())
    assert extent(each[0]) == pytest.approx(extent(each[1]), abs=0.02)
    assert extent(shared[0]) == extent(each[0])
    assert extent(shared[1]) == pytest.approx(extent(each[0]) / 4, abs=0.02)
    points = np.concatenate([points for points, _ in shared[1]])
    middle = (points.min(axis=0) + points.max(axis=0)) / 2
    np.testing.assert_allclose(middle, 80, atol=0.01)


def test_beginning_in_the_box_of_the_whole_lies_where_it_does_in_the_whole():
    grid = drawing.Grid(
        [SKETCH, SKETCH[:1]],
        boxes=[None, strokes.bounds(SKETCH)],
        colors="black",
    )
    whole, beginning = cells(grid.render())
    np.testing.assert_array_equal(beginning[0][0], whole[0][0])


@pytest.mark.parametrize("progress", [0.0, 0.2, 0.5, 0.99, 1.0])
def test_progress_draws_that_part_of_the_ink_where_it_will_be(progress):
    # Without its dot, which counts for a little.
    sketch = SKETCH[[0, 2, 3]]
    grid = drawing.Grid([sketch, sketch * [3, 3, 1]], prefix_lengths=[0, 2])
    for whole, part in zip(
        cells(grid.render()), cells(grid.render(progress)), strict=True
    ):
        assert length(part) == pytest.approx(progress * length(whole), abs=0.05)
        for (begun, color), (points, expected) in zip(
            part[:-1], whole, strict=False
        ):
            np.testing.assert_array_equal(begun, points)
            assert color == expected


def test_whole_progress_is_the_drawing_itself():
    source = drawing.to_svg(drawing.draw_grid([SKETCH, EMPTY]))
    grid = drawing.Grid([SKETCH, EMPTY])
    assert drawing.to_svg(grid.render()) == source
    assert drawing.to_svg(grid.render(0.9)) != source


def test_picture_that_moves_is_whole_without_its_style_sheet():
    grid = drawing.Grid([SKETCH, EMPTY], labels=["a", "b"], theme="dark")
    still, moving = grid.render(), grid.animate(seconds=3)
    for old, new in zip(cells(still), cells(moving), strict=True):
        assert [c for _, c in old] == [c for _, c in new]
        for (points, _), (same, _) in zip(old, new, strict=True):
            np.testing.assert_array_equal(points, same)
    np.testing.assert_array_equal(pixels(still), pixels(moving))


def test_strokes_move_one_after_the_other():
    source = drawing.to_svg(
        drawing.Grid([SKETCH]).animate(seconds=3, hold_seconds=1)
    )
    assert "script" not in source
    assert "@media (prefers-reduced-motion:no-preference)" in source
    assert "4s linear infinite" in source
    names = re.findall(r"animation-name:ink-(\d+)-(\d+)", source)
    times = np.array(names, int)
    assert times[0, 0] == 0
    # Drawing takes three quarters of the whole, in per mille.
    assert times[-1, 1] == 750
    np.testing.assert_array_equal(times[1:, 0], times[:-1, 1])
    for first, last in names:
        assert f"@keyframes ink-{first}-{last}{{" in source
    # A dot has no length that dashes could divide.
    assert source.count('pathLength="1"') == 2
    assert source.count("ink-dot") == 2


def test_underlay_lies_in_its_box_under_the_ink():
    image = np.zeros((20, 20, 4), np.uint8)
    image[:10, :10] = [255, 0, 0, 255]
    grid = drawing.Grid(
        [np.array([[100.0, 0, 0], [0, 100, 1]]), EMPTY],
        underlays=[drawing.Underlay(image, (0, 0, 100, 100)), None],
        cell=100,
        colors="black",
    )
    shown = pixels(grid.render()).astype(int)
    left, top = 8 + 12, 8 + 12  # pad and margin
    quarter = shown[top + 5 : top + 20, left + 5 : left + 20]
    assert (quarter[..., 0] > 200).all()
    assert (quarter[..., 1] < 60).all()
    assert (shown[top + 55 : top + 70, left + 55 : left + 70] == 255).all()
    # The ink runs along the top, over the picture, and covers half of its
    # two rows of pixels.
    assert shown[top, left + 10, 0] < 150


def test_empty_sketch_shows_its_underlay():
    image = np.full((3, 3, 4), 255, np.uint8) * np.uint8([0, 0, 1, 1])
    grid = drawing.Grid(
        [EMPTY], underlays=[drawing.Underlay(image, (50, 50, 60, 60))]
    )
    shown = pixels(grid.render())
    assert (shown[80, 80] == [0, 0, 255]).all()


def test_framed_cells_have_a_box():
    source = drawing.to_svg(drawing.Grid([SKETCH] * 3, framed=[2, 0]).render())
    assert source.count("<rect") == 3  # one is the paper
    assert source.count(theme.LIGHT.frame) == 1


def test_dark_theme_is_legible():
    grid = drawing.Grid(
        [SKETCH] * 3,
        colors=["order", "black", "order"],
        prefix_lengths=[0, 0, 2],
        labels=list("abc"),
        column_labels=list("xyz"),
        row_labels=["r"],
        title="t",
        caption="c",
        theme="dark",
    )
    source = drawing.to_svg(grid.render())
    paper = theme.DARK.paper
    used = set(re.findall(r"#[0-9a-f]{6}", source))
    for color in used - {paper, theme.DARK.hairline}:
        # 3 to 1 is what WCAG 2.1 asks of graphics.
        assert contrast(color, paper) > 3, color
    assert (pixels(grid.render(), scale=0.77)[[0, -1]] < 60).all()


def contrast(one, other):
    def luminance(color):
        coded = np.array(list(bytes.fromhex(color[1:]))) / 255
        return coded**2.2 @ [0.2126, 0.7152, 0.0722] + 0.05

    high, low = sorted([luminance(one), luminance(other)], reverse=True)
    return high / low


def test_caption_is_wrapped_to_the_grid():
    text = "A sentence of several words " * 8 + "W" * 60
    grid = drawing.Grid([SKETCH] * 2, columns=2, caption=text)
    plain = drawing.Grid([SKETCH] * 2, columns=2).render()
    picture = grid.render()
    root = ET.fromstring(drawing.to_svg(picture))
    lines = [t.text for t in root.iter(f"{SVG}text")]
    assert len(lines) > 4
    assert re.sub(r"\s", "", "".join(lines)) == re.sub(r"\s", "", text)
    for line in lines:
        assert lettering.text_width(line, 12) < float(picture["width"])
    assert picture["width"] == plain["width"]
    bottom = float(plain["height"])
    places = [float(t.get("y")) for t in root.iter(f"{SVG}text")]
    assert min(places) > bottom - 12
    assert max(places) < float(picture["height"])


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"colors": ["black"]}, "colors: expected 2, got 1"),
        ({"colors": ["black", "red"]}, "colors: expected"),
        ({"scale": "all"}, "scale: expected"),
        ({"theme": "blue"}, "theme: expected"),
        ({"framed": [2]}, "framed: expected 0 to 1, got 2"),
        ({"framed": [-1]}, "framed: expected 0 to 1, got -1"),
        ({"boxes": [None]}, "boxes: expected 2, got 1"),
        ({"boxes": [None, (1, 0, 0, 1)]}, "box 1: expected"),
        ({"boxes": [None, (0, 0, np.nan, 1)]}, "box 1: expected"),
        ({"boxes": [None, (0, 0, 1)]}, "box 1: expected"),
        ({"underlays": []}, "underlays: expected 2, got 0"),
    ],
)
def test_arguments_out_of_range_are_refused(arguments, message):
    with pytest.raises(ValueError, match=message):
        drawing.Grid([SKETCH] * 2, **arguments)


@pytest.mark.parametrize("progress", [-0.1, 1.1, float("nan")])
def test_progress_out_of_range_is_refused(progress):
    with pytest.raises(ValueError, match="progress: expected 0 to 1"):
        drawing.Grid([SKETCH]).render(progress)


@pytest.mark.parametrize(
    ("image", "box"),
    [
        (np.zeros((2, 2, 3), np.uint8), (0, 0, 1, 1)),
        (np.zeros((2, 2, 4)), (0, 0, 1, 1)),
        (np.zeros((0, 2, 4), np.uint8), (0, 0, 1, 1)),
        (np.zeros((2, 2, 4), np.uint8), (0, 0, 0, 1)),
        ([[0]], (0, 0, 1, 1)),
    ],
)
def test_underlay_needs_pixels_and_an_area(image, box):
    with pytest.raises(ValueError, match="(image|box): expected"):
        drawing.Underlay(image, box)
