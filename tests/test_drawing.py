"""Tests of sketch_rnn_tf.drawing."""

import os
import pathlib
import re
import struct
import subprocess
import sys
import xml.etree.ElementTree as ET

import numpy as np
import pytest

from sketch_rnn_tf import drawing, strokes
from sketch_rnn_tf.drawing import ink

SVG = "{http://www.w3.org/2000/svg}"

# Two lines, a dot, and a last line: four strokes.
SKETCH = np.array(
    [
        [10, 0, 0],
        [0, 20, 1],
        [30, -5, 0],
        [4, 4, 0],
        [-8, 1, 1],
        [2, 2, 1],
        [5, -30, 0],
        [1, 7, 1],
    ],
    np.float32,
)
EMPTY = np.zeros((0, 3), np.float32)


def parse(picture):
    return ET.fromstring(drawing.to_svg(picture))


def pen_paths(root):
    """(coordinates [K, 2], colour) of each stroke; hairlines left out."""
    found = []
    for path in root.iter(f"{SVG}path"):
        if path.get("stroke") == drawing.HAIRLINE_COLOR:
            continue
        numbers = re.findall(r"-?\d+(?:\.\d+)?", path.get("d"))
        points = np.array(numbers, np.float64).reshape(-1, 2)
        found.append((points, path.get("stroke")))
    return found


def texts(root):
    return [next(t.itertext(), "") for t in root.iter(f"{SVG}text")]


def cell_corners(root):
    return [
        tuple(float(v) for v in re.findall(r"[\d.]+", g.get("transform")))
        for g in root.iter(f"{SVG}g")
        if g.get("transform")
    ]


def png_size(png):
    assert png.startswith(b"\x89PNG\r\n\x1a\n")
    return struct.unpack(">II", png[16:24])


def test_one_path_per_stroke_reproduces_the_polylines():
    paths = pen_paths(parse(drawing.draw_sketch(SKETCH, size=200)))
    polylines = strokes.stroke3_to_polylines(SKETCH)
    assert len(paths) == len(polylines) == 4
    low_x, low_y, high_x, high_y = strokes.bounds(SKETCH)
    scale = 200 * (1 - 2 * ink.MARGIN) / max(high_x - low_x, high_y - low_y)
    center = np.array([low_x + high_x, low_y + high_y]) / 2
    for (points, _), polyline in zip(paths, polylines, strict=True):
        if len(polyline) == 1:
            polyline = np.repeat(polyline, 2, axis=0)  # a dot
        # Coordinates are rounded to two decimals: half of 0.01, and a hair.
        np.testing.assert_allclose(
            (points - 100) / scale + center, polyline, atol=0.00501 / scale
        )


@pytest.mark.parametrize("factor", [1e-6, 1.0, 1e6])
def test_any_unit_fills_the_same_square(factor):
    sketch = SKETCH.astype(np.float64) * [factor, factor, 1]
    points = np.concatenate(
        [p for p, _ in pen_paths(parse(drawing.draw_sketch(sketch, size=100)))]
    )
    margin = 100 * ink.MARGIN
    extent = points.max(axis=0) - points.min(axis=0)
    assert points.min() >= margin - 0.01
    assert points.max() <= 100 - margin + 0.01
    assert extent.max() == pytest.approx(100 - 2 * margin, abs=0.02)


def test_strokes_are_coloured_by_order():
    colors = [c for _, c in pen_paths(parse(drawing.draw_sketch(SKETCH)))]
    assert len(set(colors)) == 4
    assert colors[0] == ink.ORDER_COLORS[0]
    assert colors[-1] == ink.ORDER_COLORS[-1]


@pytest.mark.parametrize(
    ("colors", "expected"), [("black", ink.BLACK), ("#12aBcd", "#12aBcd")]
)
def test_one_colour_for_all_strokes(colors, expected):
    paths = pen_paths(parse(drawing.draw_sketch(SKETCH, colors=colors)))
    assert [c for _, c in paths] == [expected] * 4


@pytest.mark.parametrize("colors", ["red", "#12", "#gggggg", "", '#1"><b'])
def test_unknown_colours_are_refused(colors):
    with pytest.raises(ValueError, match="colors: expected"):
        drawing.draw_sketch(EMPTY, colors=colors)


def test_prefix_within_a_stroke_is_joined_with_the_rest():
    # Row 3 is the second stroke's middle point.
    root = parse(drawing.draw_sketch(SKETCH, prefix_length=4))
    dark, red = ink.PREFIX_COLOR, ink.COMPLETION_COLOR
    paths = pen_paths(root)
    assert [c for _, c in paths] == [dark, dark, red, red, red]
    np.testing.assert_array_equal(paths[1][0][-1], paths[2][0][0])
    whole = pen_paths(parse(drawing.draw_sketch(SKETCH)))[1][0]
    joined = np.concatenate([paths[1][0], paths[2][0][1:]])
    np.testing.assert_array_equal(joined, whole)


@pytest.mark.parametrize("prefix_length", range(1, len(SKETCH) + 3))
def test_prefix_counts_the_rows_drawn_dark(prefix_length):
    paths = pen_paths(
        parse(drawing.draw_sketch(SKETCH, prefix_length=prefix_length))
    )
    colors = [c for _, c in paths]
    dark_paths = colors.count(ink.PREFIX_COLOR)
    assert set(colors[:dark_paths]) == {ink.PREFIX_COLOR}
    # A row that goes on in its stroke draws a segment, from the origin on.
    lines = np.concatenate([[True], SKETCH[:-1, 2] == 0])
    dark_segments = sum(
        len(p) - 1
        for p, c in paths
        if c == ink.PREFIX_COLOR and not (p[0] == p[-1]).all()
    )
    assert dark_segments == lines[:prefix_length].sum()
    assert (ink.COMPLETION_COLOR in colors) == (prefix_length < len(SKETCH))


def test_negative_prefix_is_refused():
    with pytest.raises(ValueError, match="prefix_length of 0 or more, got -1"):
        drawing.draw_sketch(SKETCH, prefix_length=-1)


def test_empty_sketch_is_an_empty_square():
    assert pen_paths(parse(drawing.draw_sketch(EMPTY, prefix_length=3))) == []
    root = parse(drawing.draw_grid([EMPTY, SKETCH, EMPTY], labels=list("abc")))
    assert len(pen_paths(root)) == 4
    assert texts(root) == ["a", "b", "c"]


@pytest.mark.parametrize("rows", [1, 3])
def test_zero_extent_is_a_dot_in_the_middle(rows):
    sketch = np.tile([0.0, 0.0, 0.0], (rows, 1))
    picture = drawing.draw_sketch(sketch, size=100, stroke_width=20)
    ((points, _),) = pen_paths(parse(picture))
    assert (points == 50).all()
    blank = drawing.draw_sketch(EMPTY, size=100, stroke_width=20)
    assert drawing.to_png(picture) != drawing.to_png(blank)


def test_single_point_stroke_is_a_line_to_itself():
    dot = np.array([[4, 0, 1], [0, 4, 1]])
    ((line, _), (point, _)) = pen_paths(parse(drawing.draw_sketch(dot)))
    assert len(point) == 2
    assert (point[0] == point[1]).all()


def test_invalid_sketch_is_named():
    with pytest.raises(ValueError, match="sketch 1: expected finite"):
        drawing.draw_grid([SKETCH, np.array([[np.nan, 0, 1]])])
    with pytest.raises(ValueError, match="stroke3: expected an array"):
        drawing.draw_sketch(np.zeros((0, 2)))
    with pytest.raises(ValueError, match="sketch 0: expected finite"):
        drawing.draw_grid([np.array([[1.5e308, 0, 0], [1.5e308, 0, 1]])])


def test_largest_offsets_are_drawn():
    path = drawing.draw_sketch(np.array([[3e38, 0, 0], [3e38, 3e38, 1]]))
    assert "nan" not in drawing.to_svg(path)
    assert "inf" not in drawing.to_svg(path)


@pytest.mark.parametrize("bad", [0, -1, float("nan"), float("inf")])
def test_sizes_must_be_positive(bad):
    with pytest.raises(ValueError, match="size: expected a positive"):
        drawing.draw_sketch(SKETCH, size=bad)
    with pytest.raises(ValueError, match="stroke_width: expected a positive"):
        drawing.draw_sketch(SKETCH, stroke_width=bad)
    with pytest.raises(ValueError, match="cell: expected a positive"):
        drawing.draw_grid([SKETCH], cell=bad)
    with pytest.raises(ValueError, match="scale: expected a positive"):
        drawing.to_png(drawing.draw_sketch(SKETCH), scale=bad)


def test_hostile_text_is_escaped_and_kept():
    hostile = "<&\"'>]]>"
    control = "a\x00b\x1b\nc\ud800\uffff"
    root = parse(
        drawing.draw_grid(
            [SKETCH] * 3,
            columns=3,
            labels=[hostile, control, "猫 é"],
            row_labels=["<b>"],
            column_labels=["&amp;", "ä", "\t"],
            title="</svg>",
        )
    )
    found = texts(root)
    for expected in (hostile, "a b c", "猫 é", "<b>", "&amp;", "ä", "</svg>"):
        assert expected in found


def test_hostile_text_can_be_rendered():
    picture = drawing.draw_grid([SKETCH], labels=['<&"\x00\ud800猫 é'])
    assert drawing.to_png(picture).startswith(b"\x89PNG")


def test_long_text_ends_in_an_ellipsis_and_is_kept_as_a_tooltip():
    long = "W" * 200
    root = parse(
        drawing.draw_grid(
            [SKETCH],
            labels=[long],
            row_labels=[long],
            column_labels=[long],
            title=long,
        )
    )
    shown = texts(root)
    # The tooltip comes first within its element; the text itself is .text.
    for element in root.iter(f"{SVG}text"):
        assert element.text.endswith("…")
        assert len(element.text) < 60
        assert element.find(f"{SVG}title").text == long
    assert len(shown) == 4


def test_labels_may_be_left_out_one_by_one():
    root = parse(drawing.draw_grid([SKETCH] * 2, labels=[None, "b"]))
    assert texts(root) == ["b"]


@pytest.mark.parametrize(
    ("count", "columns", "rows"), [(1, 1, 1), (2, 2, 1), (5, 3, 2), (7, 3, 3)]
)
def test_grid_is_near_a_square(count, columns, rows):
    root = parse(drawing.draw_grid([SKETCH] * count, cell=50))
    corners = cell_corners(root)
    assert len(corners) == count
    assert len({x for x, _ in corners}) == columns
    assert len({y for _, y in corners}) == rows
    assert corners[-1][0] == corners[(count - 1) % columns][0]
    for x, y in corners:
        assert 0 <= x <= float(root.get("width")) - 50
        assert 0 <= y <= float(root.get("height")) - 50


def test_labels_set_the_shape_of_the_grid():
    sketches = [SKETCH] * 6
    wide = cell_corners(parse(drawing.draw_grid(sketches, row_labels=["a"])))
    assert len({y for _, y in wide}) == 1
    two = cell_corners(
        parse(drawing.draw_grid(sketches, column_labels=["a", "b"]))
    )
    assert len({x for x, _ in two}) == 2


def test_hairlines_surround_occupied_cells_only():
    # One row of five columns, two of them occupied.
    root = parse(drawing.draw_grid([SKETCH] * 2, columns=5, cell=100))
    (lines,) = (
        p.get("d")
        for p in root.iter(f"{SVG}path")
        if p.get("stroke") == drawing.HAIRLINE_COLOR
    )
    pad = cell_corners(root)[0][0]
    assert {float(x) for x in re.findall(r"H([\d.]+)", lines)} == {pad + 200}
    assert len(re.findall("V", lines)) == 3


@pytest.mark.parametrize(
    "arguments",
    [
        {"labels": ["a"]},
        {"prefix_lengths": [1, 2, 3, 4]},
        {"columns": 2, "row_labels": ["a"]},
        {"columns": 2, "column_labels": ["a", "b", "c"]},
        {"columns": 0},
        {"column_labels": []},
        {"row_labels": []},
    ],
)
def test_arguments_that_do_not_match_are_refused(arguments):
    with pytest.raises(ValueError, match=f"{[*arguments][-1]}|columns"):
        drawing.draw_grid([SKETCH] * 3, **arguments)


def test_grid_of_nothing_is_refused():
    with pytest.raises(ValueError, match="sketches: expected at least one"):
        drawing.draw_grid([])


def test_grid_takes_a_prefix_per_sketch():
    root = parse(
        drawing.draw_grid([SKETCH] * 2, prefix_lengths=np.array([0, 2]))
    )
    colors = [c for _, c in pen_paths(root)]
    assert colors[0] == ink.ORDER_COLORS[0]
    assert colors[4:] == [ink.PREFIX_COLOR] + [ink.COMPLETION_COLOR] * 3


def test_png_has_the_size_times_the_scale():
    picture = drawing.draw_grid([SKETCH] * 3, labels=list("abc"), cell=40)
    size = float(picture["width"]), float(picture["height"])
    for scale in (0.5, 1.0, 2.0):
        expected = tuple(round(side * scale) for side in size)
        assert png_size(drawing.to_png(picture, scale=scale)) == expected


def test_labels_are_rendered_without_system_fonts():
    with_label = drawing.draw_grid([EMPTY], labels=["abc"])
    without = drawing.draw_grid([EMPTY], labels=[" "])
    other = drawing.draw_grid([EMPTY], labels=["xyz"])
    assert len({drawing.to_png(p) for p in (with_label, without, other)}) == 3


def test_same_input_gives_same_bytes():
    def make():
        return drawing.draw_grid(
            [SKETCH] * 3, labels=["a", "b", "x" * 99], title="t"
        )

    assert drawing.to_svg(make()) == drawing.to_svg(make())
    assert drawing.to_png(make()) == drawing.to_png(make())


def test_write_goes_by_the_ending(tmp_path):
    picture = drawing.draw_sketch(SKETCH, size=64)
    svg = drawing.write(tmp_path / "new" / "a.svg", picture)
    png = drawing.write(str(tmp_path / "new" / "b.PNG"), picture, scale=3)
    assert svg.read_text("utf-8") == drawing.to_svg(picture)
    assert png_size(png.read_bytes()) == (192, 192)
    assert sorted(os.listdir(tmp_path / "new")) == ["a.svg", "b.PNG"]


@pytest.mark.parametrize("name", ["x.bmp", "x", ".svg", ".animated.svg"])
def test_write_refuses_other_endings_and_leaves_nothing(tmp_path, name):
    path = tmp_path / "new" / name
    with pytest.raises(ValueError) as error:
        drawing.write(path, drawing.draw_sketch(SKETCH))
    assert str(error.value) == (
        "expected a file ending in .svg, .animated.svg, .png or .gif, "
        f"got {str(path)!r}"
    )
    assert not any(tmp_path.iterdir())


@pytest.mark.parametrize("step", ["replace", "write_bytes"])
def test_failing_write_keeps_the_old_file_alone(tmp_path, monkeypatch, step):
    path = tmp_path / "a.svg"
    path.write_text("old")

    def fail(*args):
        if step == "write_bytes":
            with open(args[0], "wb") as file:
                file.write(b"half")
        raise OSError("disk full")

    owner = os if step == "replace" else pathlib.Path
    with monkeypatch.context() as patch:
        patch.setattr(owner, step, fail)
        with pytest.raises(OSError, match="disk full"):
            drawing.write(path, drawing.draw_sketch(SKETCH))
    assert os.listdir(tmp_path) == ["a.svg"]
    assert path.read_text() == "old"


def test_moving_pictures_go_by_the_ending(tmp_path):
    grid = drawing.Grid([SKETCH], cell=30)
    for name, start in [
        ("a.svg", drawing.to_svg(grid.render()).encode()),
        ("a.Animated.SVG", drawing.to_svg(grid.animate(seconds=1)).encode()),
        ("a.png", drawing.to_png(grid.render(), scale=2)),
        ("a.gif", drawing.to_gif(grid, seconds=1, scale=2)),
    ]:
        path = drawing.write(tmp_path / name, grid, seconds=1)
        assert path.read_bytes() == start


@pytest.mark.parametrize("name", ["x.gif", "x.animated.svg"])
def test_still_drawings_are_not_written_as_moving_ones(tmp_path, name):
    with pytest.raises(ValueError, match="expected a Grid or a Pattern, got D"):
        drawing.write(tmp_path / name, drawing.draw_sketch(SKETCH))
    assert not any(tmp_path.iterdir())


def test_targets_that_are_no_file_are_left_alone(tmp_path):
    picture = drawing.draw_sketch(SKETCH)
    (tmp_path / "folder.svg").mkdir()
    (tmp_path / "file").write_text("old")
    with pytest.raises(OSError, match="expected a file, got the folder"):
        drawing.write(tmp_path / "folder.svg", picture)
    with pytest.raises(OSError):
        drawing.write(tmp_path / "file" / "a.svg", picture)
    assert sorted(os.listdir(tmp_path)) == ["file", "folder.svg"]
    assert not os.listdir(tmp_path / "folder.svg")


def test_pictures_of_too_many_pixels_are_refused(tmp_path):
    grid = drawing.Grid([SKETCH])
    for name in ("a.png", "a.gif"):
        for scale in (100, 1e300):
            with pytest.raises(ValueError, match="at most 100,000,000 pixels"):
                drawing.write(tmp_path / name, grid, scale=scale)
    with pytest.raises(ValueError, match="GIF of at most 1,000,000,000"):
        drawing.write(tmp_path / "a.gif", grid, seconds=1e300)
    assert not any(tmp_path.iterdir())


def test_drawing_does_without_tensorflow():
    code = (
        "import sys; from sketch_rnn_tf import drawing; "
        "sys.exit(any(m.split('.')[0] in ('tensorflow', 'keras') "
        "for m in sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], timeout=120)
    assert done.returncode == 0
