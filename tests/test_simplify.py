import numpy as np
from hypothesis import given, strategies as st
from hypothesis.extra import numpy as hnp

from sketch_rnn_tf.preparation import simplify

POLYLINES = hnp.arrays(
    np.float64,
    st.tuples(st.integers(1, 40), st.just(2)),
    elements=st.floats(-300, 300, width=32),
)


def recursive(points, epsilon):
    """Ramer-Douglas-Peucker as it is written down."""
    if len(points) < 3:
        return points
    dx, dy = points[-1] - points[0]
    length = np.hypot(dx, dy)
    away = points[1:-1] - points[0]
    if length:
        distances = np.abs(dx * away[:, 1] - dy * away[:, 0]) / length
    else:
        distances = np.hypot(*away.T)
    farthest = np.argmax(distances)
    if distances[farthest] <= epsilon:
        return points[[0, -1]]
    left = recursive(points[: farthest + 2], epsilon)
    return np.concatenate(
        [left[:-1], recursive(points[farthest + 1 :], epsilon)]
    )


def test_a_straight_line_keeps_its_ends():
    line = np.linspace([0, 0], [30, 40], 50)
    assert simplify.rdp(line).tolist() == [[0, 0], [30, 40]]


def test_a_corner_is_kept():
    corner = np.array([[0, 0], [5, 0], [10, 0], [10, 5], [10, 10]])
    assert simplify.rdp(corner).tolist() == [[0, 0], [10, 0], [10, 10]]


def test_a_closed_stroke_keeps_its_farthest_point():
    square = np.array([[0, 0], [9, 0], [9, 9], [0, 9], [0, 0]])
    assert simplify.rdp(square).tolist() == square.tolist()


@given(POLYLINES, st.floats(0, 50))
def test_it_is_the_recursion(points, epsilon):
    assert np.array_equal(
        simplify.rdp(points, epsilon=epsilon), recursive(points, epsilon)
    )


@given(st.lists(POLYLINES, min_size=1, max_size=6), st.floats(0, 50))
def test_strokes_do_not_see_each_other(polylines, epsilon):
    starts = np.cumsum([0, *map(len, polylines)])[:-1]
    together = simplify.kept(np.concatenate(polylines), starts, epsilon=epsilon)
    for polyline, keep in zip(
        polylines, np.split(together, starts[1:]), strict=True
    ):
        assert np.array_equal(
            polyline[keep], simplify.rdp(polyline, epsilon=epsilon)
        )


def test_each_stroke_may_have_its_epsilon():
    bump = np.array([[0, 0], [5, 3], [10, 0]])
    keep = simplify.kept(
        np.concatenate([bump, bump]),
        np.array([0, 3]),
        epsilon=np.array([2.0, 4.0]),
    )
    assert keep.tolist() == [True] * 3 + [True, False, True]


@given(POLYLINES)
def test_simplifying_twice_by_nothing_changes_nothing(points):
    once = simplify.rdp(points, epsilon=0)
    assert np.array_equal(simplify.rdp(once, epsilon=0), once)


class TestResample:
    def test_points_stand_a_spacing_apart(self):
        new, starts = simplify.resample(np.array([[0, 0], [3.5, 0]]), [0])
        assert new.tolist() == [[0, 0], [1, 0], [2, 0], [3, 0], [3.5, 0]]
        assert starts.tolist() == [0]

    def test_spacing_is_along_the_stroke(self):
        corner = np.array([[0, 0], [1.5, 0], [1.5, 2]])
        new, _ = simplify.resample(corner, [0])
        np.testing.assert_allclose(
            new, [[0, 0], [1, 0], [1.5, 0.5], [1.5, 1.5], [1.5, 2]]
        )

    def test_a_dot_becomes_two_points(self):
        dots = np.array([[4, 5], [4, 5], [7, 7]])
        new, starts = simplify.resample(dots, [0, 2])
        assert new.tolist() == [[4, 5], [4, 5], [7, 7], [7, 7]]
        assert starts.tolist() == [0, 2]

    @given(st.lists(POLYLINES, min_size=1, max_size=5))
    def test_all_new_points_lie_on_their_stroke(self, polylines):
        starts = np.cumsum([0, *map(len, polylines)])[:-1]
        new, new_starts = simplify.resample(
            np.concatenate(polylines), starts, spacing=10.0
        )
        parts = np.split(new, new_starts[1:])
        alone = [simplify.resample(p, [0], spacing=10.0)[0] for p in polylines]
        assert all(map(np.array_equal, parts, alone))
        for polyline, part in zip(polylines, parts, strict=True):
            assert np.array_equal(part[-1], polyline[-1])
            np.testing.assert_allclose(part[0], polyline[0])
            if len(polyline) > 1:
                assert max(_distance(p, polyline) for p in part) < 1e-6


def _distance(point, polyline):
    start, d = polyline[:-1], np.diff(polyline, axis=0)
    square = np.maximum((d * d).sum(axis=1), 1e-300)
    t = np.clip(((point - start) * d).sum(axis=1) / square, 0, 1)
    return np.hypot(*(start + t[:, None] * d - point).T).min()


def test_aligned_drawings_fill_their_box():
    points = np.array([[5, 7], [15, 27], [1, 1], [2, 1], [3, 3], [3, 3]])
    new = simplify.aligned(points, [0, 2, 4], box=10)
    assert new.tolist() == [[0, 0], [5, 10], [0, 0], [10, 0], [0, 0], [0, 0]]


def test_drawings_fill_googles_box_unless_told_otherwise():
    new = simplify.aligned(np.array([[1, 1], [3, 5]]), [0])
    assert new.tolist() == [[0, 0], [127.5, 255]]
