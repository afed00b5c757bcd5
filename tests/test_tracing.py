"""Tests of sketch_rnn_tf.preparation.tracing and sketch_rnn_tf.preparation.skeletons."""

import numpy as np
import pytest

pytest.importorskip("skimage")

from sketch_rnn_tf.preparation import skeletons, tracing

WIDTH = 7


def drawn(*lines, width=WIDTH, shape=(120, 160)):
    """Draws polylines with a round pen: bool [H, W]."""
    y, x = np.mgrid[: shape[0], : shape[1]] + 0.5
    ink = np.zeros(shape, bool)
    for line in lines:
        points = np.asarray(line, np.float64)
        points = np.repeat(points, 2, axis=0) if len(points) == 1 else points
        for (ax, ay), (bx, by) in zip(points, points[1:], strict=False):
            dx, dy = bx - ax, by - ay
            along = (x - ax) * dx + (y - ay) * dy
            along = np.clip(along / max(dx * dx + dy * dy, 1e-9), 0, 1)
            away = np.hypot(x - ax - along * dx, y - ay - along * dy)
            ink |= away <= width / 2
    return ink


def circle(center, radius):
    turns = np.linspace(0, 2 * np.pi, 60)
    ring = np.stack([np.cos(turns), np.sin(turns)], axis=1)
    return np.asarray(center) + radius * ring


def is_closed(stroke):
    return len(stroke) > 2 and (stroke[0] == stroke[-1]).all()


def ends(stroke):
    return sorted(stroke[[0, -1]].round().tolist())


def test_no_ink_is_no_stroke():
    assert tracing.trace(np.zeros((20, 30), bool)) == []
    assert tracing.order([]) == []


def test_line_comes_back_within_a_fraction_of_its_width():
    line = np.array([[20.0, 30], [140, 87]])
    (stroke,) = tracing.trace(drawn(line))
    assert stroke.dtype == np.float64
    normal = np.array([-57, 120]) / np.hypot(57, 120)
    assert np.abs((stroke - line[0]) @ normal).max() < 0.1 * WIDTH
    # The ends, too: thinning stops near the centre of a round cap.
    assert np.hypot(*(stroke[0] - line[0])) < WIDTH / 2
    assert np.hypot(*(stroke[-1] - line[1])) < WIDTH / 2


def test_points_are_about_a_pixel_apart():
    (stroke,) = tracing.trace(drawn([[20, 30], [140, 87]]))
    steps = np.hypot(*np.diff(stroke, axis=0).T)
    assert steps.min() > 0.5 and steps.max() < 1.5


@pytest.mark.parametrize("degrees", [90, 60, 45, 35, 25])
def test_crossing_lines_stay_two_strokes(degrees):
    half = np.radians(degrees / 2)
    reach = 55 * np.array([np.cos(half), np.sin(half)])
    center = np.array([80.0, 60])
    mirror = reach * [1, -1]
    lines = [center - reach, center + reach], [center - mirror, center + mirror]
    strokes = tracing.trace(drawn(*lines))
    assert len(strokes) == 2
    for stroke in strokes:
        # Straight over the crossing: no further from its chord than half a
        # line's width.
        chord = stroke[-1] - stroke[0]
        normal = np.array([-chord[1], chord[0]]) / np.hypot(*chord)
        assert np.abs((stroke - stroke[0]) @ normal).max() < WIDTH / 2


@pytest.mark.parametrize("degrees", [60, 90, 120])
def test_short_line_between_two_forks_stays(degrees):
    half = np.radians(degrees / 2)
    arm = 45 * np.array([np.cos(half), np.sin(half)])
    left, right = np.array([65.0, 60]), np.array([95.0, 60])
    mirror = arm * [1, -1]
    points = np.concatenate(
        tracing.trace(
            drawn(
                [left - arm, left, left - mirror],
                [right + arm, right, right + mirror],
                [left, right],
            )
        )
    )
    for x in range(65, 96):
        assert np.hypot(*(points - [x, 60]).T).min() < WIDTH / 2


def test_three_lines_through_a_point_stay_three_strokes():
    lines = [
        [
            [80 - 50 * np.cos(a), 60 - 50 * np.sin(a)],
            [80 + 50 * np.cos(a), 60 + 50 * np.sin(a)],
        ]
        for a in (0.1, 1.15, 2.2)
    ]
    assert len(tracing.trace(drawn(*lines))) == 3


def test_line_that_ends_on_another_leaves_that_one_whole():
    strokes = tracing.trace(drawn([[10, 60], [150, 60]], [[80, 60], [80, 110]]))
    assert len(strokes) == 2
    bar, stem = strokes
    assert np.ptp(bar[:, 0]) > 130 and np.abs(bar[:, 1] - 60).max() < 1
    # The other one begins on the centre of the bar.
    assert np.abs(stem - [80, 60]).sum(axis=1).min() < 2


def test_circle_is_one_closed_stroke():
    (stroke,) = tracing.trace(drawn(circle((80, 60), 40)))
    assert is_closed(stroke)
    radii = np.hypot(*(stroke - [80, 60]).T)
    assert np.abs(radii - 40).max() < 0.15 * WIDTH


def test_circle_that_a_line_touches_stays_closed():
    strokes = tracing.trace(drawn(circle((60, 60), 40), [[100, 60], [150, 60]]))
    assert [is_closed(stroke) for stroke in strokes] == [True, False]


def test_line_through_a_circle_leaves_both_whole():
    strokes = tracing.trace(drawn(circle((80, 60), 35), [[10, 60], [150, 60]]))
    assert sorted(map(is_closed, strokes)) == [False, True]


def test_square_drawn_in_one_go_is_one_closed_stroke():
    square = [[40, 20], [120, 20], [120, 100], [40, 100], [40, 20]]
    (stroke,) = tracing.trace(drawn(square))
    assert is_closed(stroke)


@pytest.mark.parametrize("degrees", [110, 80, 60, 45, 35])
def test_sharp_corner_is_one_stroke_up_to_its_tip(degrees):
    half = np.radians(degrees / 2)
    tip = np.array([30.0, 60])
    arms = [tip + 100 * np.array([np.cos(a), np.sin(a)]) for a in (half, -half)]
    (stroke,) = tracing.trace(drawn([arms[0], tip, arms[1]]))
    assert np.hypot(*(stroke - tip).T).min() < WIDTH


def test_dot_is_a_single_point():
    (stroke,) = tracing.trace(drawn([[50, 40]], width=9))
    assert stroke.shape == (1, 2)
    np.testing.assert_allclose(stroke[0], [50, 40], atol=1)


def test_single_pixel_is_a_dot():
    ink = np.zeros((9, 9), bool)
    ink[0, 8] = True
    (stroke,) = tracing.trace(ink)
    assert stroke.tolist() == [[8.5, 0.5]]


def test_rough_outline_grows_no_spurs():
    ink = drawn([[15, 60], [145, 60]], width=11)
    rng = np.random.default_rng(0)
    # Bumps of two pixels on both sides.
    for column in rng.integers(20, 140, 30):
        side = 60 + rng.choice([-1, 1]) * 6
        ink[side - 1 : side + 2, column : column + 2] = True
    assert len(tracing.trace(ink)) == 1


def test_line_may_touch_the_edges_of_the_picture():
    ink = np.zeros((40, 60), bool)
    ink[:5] = True
    ink[:, 55:] = True
    (stroke,) = tracing.trace(ink)
    assert np.isfinite(stroke).all()
    assert ends(stroke)[0][0] < 5 and ends(stroke)[1][1] > 35


def test_filled_area_becomes_rings_that_cover_it():
    ink = drawn([[10, 110], [150, 110]])
    y, x = np.mgrid[:120, :160] + 0.5
    disc = np.hypot(x - 80, y - 50) < 35
    points = np.concatenate(tracing.trace(ink | disc))
    inside = np.stack([x[disc], y[disc]], axis=1)
    gaps = [np.hypot(*(points - spot).T).min() for spot in inside[::17]]
    assert max(gaps) < 1.5 * WIDTH


def test_same_picture_gives_the_same_strokes():
    ink = np.random.default_rng(0).random((90, 90)) > 0.6
    one, other = tracing.trace(ink), tracing.trace(ink.copy())
    assert len(one) == len(other) > 3
    for a, b in zip(one, other, strict=True):
        np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize("density", [0.02, 0.2, 0.5, 0.8, 1.0])
@pytest.mark.parametrize("shape", [(1, 1), (1, 30), (30, 1), (2, 2), (70, 90)])
def test_any_ink_gives_finite_strokes_within_the_picture(shape, density):
    ink = np.random.default_rng(1).random(shape) < density
    for stroke in tracing.trace(ink):
        assert stroke.ndim == 2 and stroke.shape[1] == 2 and len(stroke)
        assert np.isfinite(stroke).all()
        # Mirrored ends keep smoothing inside but for a hair.
        assert (stroke >= -1).all()
        assert (stroke <= np.array(shape[::-1]) + 1).all()


def test_longest_stroke_comes_first_and_the_nearest_follows():
    lines = [
        np.array([[0.0, 50], [10, 50]]),
        np.array([[100.0, 0], [100, 80]]),
        np.array([[70.0, 80], [90, 80]]),
    ]
    first, second, third = tracing.order(lines)
    assert first.tolist() == [[100, 0], [100, 80]]
    assert second.tolist() == [[90, 80], [70, 80]]
    assert third.tolist() == [[10, 50], [0, 50]]


def test_closed_stroke_starts_where_the_pen_is():
    square = np.array([[50.0, 0], [60, 0], [60, 10], [50, 10], [50, 0]])
    line = np.array([[0.0, 14], [49, 14]])
    _, turned = tracing.order([square, line])
    assert turned.tolist()[0] == turned.tolist()[-1] == [50, 10]
    assert sorted(map(tuple, turned[1:])) == sorted(map(tuple, square[1:]))


def test_order_keeps_every_stroke():
    rng = np.random.default_rng(0)
    lines = [rng.random((n, 2)) for n in (1, 2, 5, 9, 1, 3)]
    ordered = tracing.order(lines)
    assert sorted(p[:, 0].sum().round(9) for p in lines) == sorted(
        p[:, 0].sum().round(9) for p in ordered
    )


def test_skeleton_of_a_cross_has_one_node_of_four_branches():
    skeleton = np.zeros((21, 21), bool)
    skeleton[10, 2:19] = skeleton[2:19, 10] = True
    graph = skeletons.graph(skeleton, skeleton * 1.0)
    assert sorted(len(sides) for sides in graph.sides) == [1, 1, 1, 1, 4]
    assert sorted(map(graph.length, graph.branches)) == [8, 8, 8, 8]
