"""Tests of the curves of many trainings, and of the axes they are drawn in."""

import re

import pytest

from sketch_rnn_tf import config as config_lib, drawing
from sketch_rnn_tf.diagrams import (
    axes as axes_lib,
    board as board_lib,
    tradeoff,
)

HEADER = "step,val_loss,val_recon,val_kl"


def make_run(path, rows, **settings):
    path.mkdir(parents=True)
    settings = {"max_len": 9, "scale_factor": 1.0} | settings
    config = config_lib.Config(**settings)
    (path / "config.json").write_text(config.to_json())
    lines = [",".join(map(str, row)) for row in rows]
    (path / "history.csv").write_text("\n".join([HEADER, *lines]))


@pytest.fixture
def experiment(tmp_path):
    for name, weight in (("a", 0.25), ("b/deep", 1.0), ("c", 0.5)):
        kl = 0.3 / weight
        rows = [(100, 2, 2, 0.1), (200, -kl + 0.1, -kl, kl), (300, 1, 1, kl)]
        make_run(tmp_path / name, rows, words=("cat",), kl_weight=weight)
    alone = [(100, 0.7, 0.7, 0.0), (200, 0.5, 0.5, 0.0)]
    make_run(tmp_path / "d", alone, words=("cat",), conditional=False)
    make_run(tmp_path / "e", [(100, 1, 0.9, 0.2)], words=("a_dog",))
    return tmp_path


def texts(picture):
    found = re.findall(r"<text.*?</text>", picture.tostring())
    return [re.sub(r"<.*?>", "", text) for text in found]


def test_every_work_directory_beneath_is_read(experiment):
    make_run(experiment / "f", [], words=("new",))
    (experiment / "g").mkdir()
    (experiment / "g" / "history.csv").write_text("step\n1\n")
    runs = tradeoff.read(experiment)
    names = [str(run.path.relative_to(experiment)) for run in runs]
    assert names == ["a", "b/deep", "c", "d", "e"]
    assert runs[0].best["step"] == 200 and runs[0].words == "cat"
    assert tradeoff.read(experiment / "e")[0].words == "a_dog"


def test_validations_that_are_not_finite_are_left_out(tmp_path):
    rows = [(200, 3, 2, 1), (100, 4, 3, 1), (300, "nan", "nan", 1)]
    make_run(tmp_path / "a", rows)
    (run,) = tradeoff.read(tmp_path)
    assert [row["step"] for row in run.rows] == [100, 200]


def test_nothing_to_read_is_told_in_one_line(tmp_path):
    make_run(tmp_path / "a", [])
    for path in (tmp_path, tmp_path / "missing"):
        with pytest.raises(ValueError, match="history.csv") as caught:
            tradeoff.read(path)
        message = str(caught.value)
        assert message.startswith(f"{path}: ") and "\n" not in message
    with pytest.raises(ValueError, match="at least one"):
        tradeoff.draw([])


def test_points_are_joined_in_order_of_their_weights(experiment):
    source = tradeoff.draw(tradeoff.read(experiment)).tostring()
    # Past the halos of the paper's colour.
    disks = re.findall(
        r'<circle cx="([\d.]+)" cy="([\d.]+)"[^>]* r="5"', source
    )
    cats = [f"{x},{y}" for x, y in disks if f"{x},{y} " in source]
    joined = next(
        points
        for points in re.findall(r'<polyline[^>]*points="([^"]+)"', source)
        if points.startswith(cats[0])
    )
    points = [tuple(map(float, p.split(","))) for p in joined.split()]
    assert len(disks) == 4 and len(points) == 3
    # The larger w_KL, the less KL and the worse the reconstruction, which
    # has small y as pixels grow downwards.
    assert points == sorted(points, reverse=True)
    assert [y for _, y in points] == sorted(
        (y for _, y in points), reverse=True
    )


def test_legends_name_words_weights_and_the_standalone_decoder(experiment):
    shown = texts(tradeoff.draw(tradeoff.read(experiment)))
    assert "cat" in shown and "a_dog" in shown
    assert "Validation loss, cat" in shown
    assert shown.count("standalone decoder") == 2
    # Three in each panel, one of the dog, whose weight is the default.
    assert shown.count("wKL = 0.25") == shown.count("wKL = 1") == 2
    assert shown.count("wKL = 0.5") == 3


def test_equal_weights_are_told_apart_by_their_directories(experiment):
    rows = [(100, 0.0, 0.0, 0.2)]
    make_run(experiment / "again", rows, words=("cat",), kl_weight=0.5)
    shown = texts(tradeoff.draw(tradeoff.read(experiment)))
    assert "again" in shown and "c" in shown and "a" not in shown


def test_picture_is_written_and_the_same_every_time(experiment, tmp_path):
    runs = tradeoff.read(experiment)
    picture = tradeoff.draw(runs, theme="dark")
    assert drawing.write(tmp_path / "t.png", picture).stat().st_size > 10_000
    assert (
        picture.tostring() == tradeoff.draw(runs[::-1], theme="dark").tostring()
    )


def test_one_value_alone_has_room_on_its_axis():
    board = board_lib.Board(100, 100, "light")
    axes = axes_lib.Axes(board, (0, 0, 100, 100), x=[5.0], y=[])
    assert axes.place(5.0, 0.5) == (50.0, 50.0)


def test_label_keeps_off_lines_and_marks():
    board = board_lib.Board(300, 300, "light")
    axes = axes_lib.Axes(board, (0, 0, 300, 300), x=[0, 1], y=[0, 1])
    axes.mark((150, 150), "#ff0000")
    axes.line([(150, 150), (300, 140)], "#ff0000")
    axes.label("name", (150, 150), "#000000")
    (element,) = re.findall(r"<text[^>]*>", board.drawing.tostring())
    x, y = (float(re.search(rf' {n}="([\d.]+)"', element)[1]) for n in "xy")
    # To the right below the rising line, or on its other side.
    assert y - 9 > 150 or x < 145


@pytest.mark.parametrize("low, high", [(-3e-7, 2e-7), (0, 1), (99, 1e7)])
def test_ticks_are_few_and_within_the_range(low, high):
    values = [value for value, _ in axes_lib.ticks(low, high)]
    assert 3 <= len(values) <= 8
    assert low <= values[0] and values[-1] <= high
