"""inks: what the classifier sees of drawings."""

import numpy as np
import pytest

from sketch_rnn_tf import strokes
from sketch_rnn_tf.quality import inks


def _sampled(sketches, steps=48):
    return inks.sampled(inks.fitted(inks.of(sketches)), steps)


def test_of_has_the_points_of_all_polylines(doodle_sketches):
    found = inks.of(doodle_sketches)
    lines = [strokes.stroke3_to_polylines(s) for s in doodle_sketches]
    assert found.points == pytest.approx(np.concatenate(sum(lines, [])))
    assert np.diff(found.strokes).tolist() == [
        len(line) for drawn in lines for line in drawn
    ]
    assert found.drawings.tolist() == [
        i for i, drawn in enumerate(lines) for _ in drawn
    ]


def test_fitted_fills_the_square_with_its_longer_side(doodle_sketches):
    found = inks.fitted(inks.of(doodle_sketches))
    for drawing in range(found.count):
        points = found.points[found.drawing_of_point == drawing]
        low, high = points.min(axis=0), points.max(axis=0)
        assert max(high - low) == pytest.approx(2, abs=1e-5)
        assert low + high == pytest.approx([0, 0], abs=1e-5)


def test_scale_place_and_number_of_points_do_not_count(doodle_sketches):
    finer = []
    for sketch in doodle_sketches:
        lines = strokes.stroke3_to_polylines(sketch, origin=(70, -20))
        lines = [
            np.concatenate([(line[:-1] + line[1:]) / 2, line])[
                np.argsort([*range(1, 2 * len(line) - 1, 2),
                            *range(0, 2 * len(line), 2)])
            ]
            for line in lines
        ]  # fmt: skip
        finer.append(strokes.polylines_to_stroke3([0.3 * x for x in lines]))
    assert len(finer[0]) > len(doodle_sketches[0])
    got, expected = _sampled(finer), _sampled(doodle_sketches)
    # A step beside the end of a stroke may fall on its other side.
    same = np.isclose(got, expected, atol=2e-3).all(axis=-1)
    assert same.mean() > 0.99


def test_steps_along_a_line_are_equal():
    line = np.array([[10, 0, 0], [70, 0, 0], [20, 0, 1]])
    (got,) = _sampled([line], steps=50)
    # A dot's length is spent at the start, 0.06 of 2.06.
    assert np.diff(got[4:, 0]) == pytest.approx(2.06 / 50, rel=1e-4)
    assert got[4:, 2] == pytest.approx(1, rel=1e-4)
    assert got[:, [1, 3]] == pytest.approx(0)
    assert got[:, 4].tolist() == [1] + [0] * 49
    assert got[:, 5] == pytest.approx(np.log(2.06) - 2)


def test_no_step_falls_between_strokes():
    # Two upright lines, 100 apart.
    sketch = np.array([[0, 50, 1], [100, -50, 0], [0, 50, 1]])
    (got,) = _sampled([sketch], steps=64)
    assert set(np.abs(got[:, 0]).round(4)) == {1.0}
    assert np.flatnonzero(got[:, 4]).tolist() == [0, 32]


def test_a_dot_is_seen():
    line, dot = [100, 0, 1], [-50, 50, 1]
    (got,) = _sampled([np.array([line, dot])], steps=96)
    assert got[:, 4].sum() == 2
    assert (got[:, 1] > 0.4).any()


def test_drawings_without_ink_are_zeros_or_dots():
    empty = np.zeros((0, 3), np.float32)
    got = _sampled([empty, np.array([[0, 0, 1.0]])], steps=8)
    assert np.isfinite(got).all()
    assert got[..., :4] == pytest.approx(0)
    none = inks.Inks(
        np.zeros((0, 2), np.float32), np.zeros(1, int), np.zeros(0, int), 2
    )
    assert inks.sampled(none, 8).shape == (2, 8, inks.CHANNELS)


def test_a_drawing_does_not_depend_on_its_neighbours(doodle_sketches):
    together = _sampled(doodle_sketches[:9])
    alone = np.concatenate([_sampled([s]) for s in doodle_sketches[:9]])
    assert together == pytest.approx(alone, abs=1e-4)


def test_taken_gives_drawings_in_any_order(doodle_sketches):
    found = inks.fitted(inks.of(doodle_sketches))
    order = [7, 0, 7, 31]
    got = inks.sampled(inks.taken(found, np.array(order)), 32)
    expected = inks.sampled(found, 32)[order]
    assert got == pytest.approx(expected, abs=1e-4)


class TestPictures:
    def test_ink_is_spread_over_four_pixels(self, doodle_sketches):
        ink = _sampled(doodle_sketches[:5], steps=40)
        got = inks.pictures(ink, 12)
        # The same, step by step.
        expected = np.zeros((5, 12, 12, 4))
        for b, drawn in enumerate(ink):
            for x, y, dx, dy, begins, _ in drawn:
                column, row = ((v / 1.1 + 1) * 5.5 for v in (x, y))
                angle = 2 * np.arctan2(dy, dx)
                inked = (1 - begins) * (np.hypot(dx, dy) > 0)
                values = np.array(
                    [1, inked * np.cos(angle), inked * np.sin(angle), begins]
                )
                for i in (int(row), int(row) + 1):
                    for j in (int(column), int(column) + 1):
                        near = (1 - abs(row - i)) * (1 - abs(column - j))
                        expected[b, i, j] += near * values
        assert got == pytest.approx(np.tanh(expected), abs=1e-4)

    def test_the_way_that_the_pen_went_does_not_count(self):
        there = np.array([[60, 30, 0], [10, 40, 1]])
        back = np.array([[-10, -40, 0], [-60, -30, 1]])
        one, other = inks.pictures(_sampled([there, back], steps=400), 8)
        # But for the steps that a beginning takes, one in 30 or so.
        assert np.abs(one - other)[..., :3].mean() < 0.03
        assert one[..., 3].sum() > 0
