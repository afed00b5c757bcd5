"""Stroke formats: conversions are exact inverses, bad input is refused."""

import hypothesis
import hypothesis.extra.numpy as hnp
import numpy as np
import pytest
from hypothesis import strategies as st

from sketch_rnn_tf import strokes

# Sums of up to 40 whole numbers of this size are exact in float64, and their
# differences in float32: all comparisons in this file are exact.
WHOLE = st.integers(-100_000, 100_000)
# A busy machine pauses at will.
NO_DEADLINE = hypothesis.settings(deadline=None)
FLOAT32 = st.floats(width=32, allow_nan=False, allow_infinity=False)


@st.composite
def stroke3s(draw, offset, dtype, max_size=40):
    size = draw(st.integers(1, max_size))
    sketch = np.zeros((size, 3), dtype)
    sketch[:, :2] = draw(hnp.arrays(dtype, (size, 2), elements=offset))
    sketch[:, 2] = draw(hnp.arrays(np.int8, size, elements=st.integers(0, 1)))
    return sketch


whole_stroke3s = stroke3s(WHOLE, np.int32)


@st.composite
def polyline_lists(draw):
    """Polylines of whole points; the first has at least two."""
    sizes = [draw(st.integers(2, 8))]
    sizes += draw(st.lists(st.integers(1, 8), max_size=5))
    return [
        draw(hnp.arrays(np.int32, (size, 2), elements=WHOLE)) for size in sizes
    ]


def _assert_same_lists(got, expected):
    assert len(got) == len(expected)
    for one, other in zip(got, expected, strict=True):
        np.testing.assert_array_equal(one, other)


@NO_DEADLINE
@hypothesis.given(
    stroke3s(FLOAT32, np.float32)
    | stroke3s(st.integers(-(2**15), 2**15 - 1), np.int16)
)
def test_stroke3_to_stroke5_and_back_is_the_identity(stroke3):
    stroke5 = strokes.stroke3_to_stroke5(stroke3)
    back = strokes.stroke5_to_stroke3(stroke5)
    assert back.dtype == np.float32
    np.testing.assert_array_equal(back, stroke3)


@NO_DEADLINE
@hypothesis.given(stroke3s(FLOAT32, np.float32), st.integers(0, 5))
def test_stroke5_is_one_hot_and_ends_with_end_rows(stroke3, padding):
    stroke5 = strokes.stroke3_to_stroke5(stroke3)
    assert stroke5.shape == (len(stroke3) + 1, 5)
    assert stroke5.dtype == np.float32
    strokes.validate_stroke5(stroke5)
    np.testing.assert_array_equal(stroke5[-1], strokes.END_POINT)
    ends = np.tile(strokes.END_POINT, (padding, 1))
    padded = np.concatenate([stroke5, ends])
    assert strokes.stroke5_length(padded) == len(stroke3)
    np.testing.assert_array_equal(strokes.stroke5_to_stroke3(padded), stroke3)


def test_pen_states_are_down_up_end_in_columns_2_to_4():
    stroke5 = strokes.stroke3_to_stroke5(np.array([[1, 2, 0], [3, 4, 1]]))
    pens = stroke5[:, 2:].argmax(axis=1).tolist()
    assert pens == [strokes.PEN_DOWN, strokes.PEN_UP, strokes.END]
    assert strokes.START_POINT == (0, 0, 1, 0, 0)


def test_sketch_without_end_row_has_all_its_rows():
    stroke5 = np.array([[1.0, 2, 1, 0, 0], [3, 4, 0, 1, 0]])
    assert strokes.stroke5_length(stroke5) == 2
    expected = [[1, 2, 0], [3, 4, 1]]
    np.testing.assert_array_equal(strokes.stroke5_to_stroke3(stroke5), expected)


def test_rows_after_the_first_end_row_are_cut():
    stroke5 = np.array([[1.0, 2, 0, 1, 0], [0, 0, 0, 0, 1], [9, 9, 1, 0, 0]])
    got = strokes.stroke5_to_stroke3(stroke5)
    np.testing.assert_array_equal(got, [[1, 2, 1]])


def test_stroke5_that_ends_at_once_is_an_empty_stroke3():
    ended = np.array([strokes.END_POINT, (5, 5, 1, 0, 0)])
    assert strokes.stroke5_length(ended) == 0
    assert strokes.stroke5_to_stroke3(ended).shape == (0, 3)


@NO_DEADLINE
@hypothesis.given(whole_stroke3s)
def test_stroke3_to_polylines_and_back_is_exact_for_whole_numbers(stroke3):
    polylines = strokes.stroke3_to_polylines(stroke3)
    # Polylines do not say whether the last one was lifted.
    lift_last = bool(stroke3[-1, 2])
    back = strokes.polylines_to_stroke3(polylines, lift_last=lift_last)
    assert back.dtype == np.float32
    np.testing.assert_array_equal(back, stroke3)


@NO_DEADLINE
@hypothesis.given(polyline_lists())
def test_polylines_to_stroke3_and_back_is_exact_for_whole_numbers(polylines):
    stroke3 = strokes.polylines_to_stroke3(polylines)
    back = strokes.stroke3_to_polylines(stroke3, origin=polylines[0][0])
    _assert_same_lists(back, polylines)


@NO_DEADLINE
@hypothesis.given(whole_stroke3s, st.tuples(WHOLE, WHOLE))
def test_origin_moves_every_point_and_no_offset(stroke3, origin):
    at_zero = strokes.stroke3_to_polylines(stroke3)
    moved = strokes.stroke3_to_polylines(stroke3, origin=origin)
    _assert_same_lists(moved, [points + origin for points in at_zero])
    np.testing.assert_array_equal(moved[0][0], origin)


@NO_DEADLINE
@hypothesis.given(whole_stroke3s)
def test_polylines_hold_origin_and_every_point_and_split_at_lifts(stroke3):
    polylines = strokes.stroke3_to_polylines(stroke3)
    # A plain walk with a pen that starts down at the origin.
    pen, expected = np.zeros(2), [[np.zeros(2)]]
    for index, (dx, dy, lifted) in enumerate(stroke3):
        pen = pen + (dx, dy)
        expected[-1].append(pen)
        if lifted and index + 1 < len(stroke3):
            expected.append([])
    _assert_same_lists(polylines, [np.array(points) for points in expected])
    assert all(points.dtype == np.float64 for points in polylines)


def test_lift_last_changes_the_last_pen_alone():
    polylines = [[[0, 0], [1, 2]], [[3, 3], [4, 4]]]
    lifted = strokes.polylines_to_stroke3(polylines)
    kept_down = strokes.polylines_to_stroke3(polylines, lift_last=False)
    assert lifted[:, 2].tolist() == [1, 0, 1]
    assert kept_down[:, 2].tolist() == [1, 0, 0]
    np.testing.assert_array_equal(lifted[:, :2], kept_down[:, :2])


@pytest.mark.parametrize("lift_last", [True, False])
def test_first_polyline_of_one_point_becomes_a_segment_of_length_zero(
    lift_last,
):
    one = strokes.polylines_to_stroke3([[[5, 6]]], lift_last=lift_last)
    np.testing.assert_array_equal(one, [[0, 0, lift_last]])
    two = strokes.polylines_to_stroke3(
        [[[5, 6]], [[8, 6], [8, 9]]], lift_last=lift_last
    )
    np.testing.assert_array_equal(
        two, [[0, 0, 1], [3, 0, 0], [0, 3, lift_last]]
    )


def test_later_polyline_of_one_point_is_a_dot():
    polylines = [[[0, 0], [1, 0]], [[4, 4]], [[5, 5], [6, 6]]]
    got = strokes.polylines_to_stroke3(polylines)
    expected = [[1, 0, 1], [3, 4, 1], [1, 1, 0], [1, 1, 1]]
    np.testing.assert_array_equal(got, expected)


def test_lines_of_unsigned_numbers_may_go_back():
    line = np.array([[5, 9], [3, 10], [3, 0]], np.uint8)
    stroke3 = strokes.polylines_to_stroke3([line])
    assert stroke3.tolist() == [[-2, 1, 0], [0, -10, 1]]


def test_empty_polylines_are_skipped():
    full = [[[0, 0], [1, 0]], [[4, 4], [5, 5]]]
    with_empty = [[], full[0], np.zeros((0, 2)), full[1], []]
    np.testing.assert_array_equal(
        strokes.polylines_to_stroke3(with_empty),
        strokes.polylines_to_stroke3(full),
    )


@pytest.mark.parametrize("polylines", [[], [[]], [np.zeros((0, 2)), []]])
def test_polylines_without_a_point_are_refused(polylines):
    with pytest.raises(ValueError, match="expected at least one point"):
        strokes.polylines_to_stroke3(polylines)


@pytest.mark.parametrize(
    ("polylines", "message"),
    [
        ([[[0, 0], [1, 1]], [[1, 2, 3]]], r"polyline 1: .* \[1, 3\]"),
        ([[1, 2]], r"polyline 0: .* got shape \[2\]"),
        ([[[0, 0], [np.nan, 1]]], "polyline 0: expected finite points"),
        ([[[0, 0], [1, np.inf]]], "polyline 0: expected finite points"),
    ],
)
def test_bad_polylines_are_refused(polylines, message):
    with pytest.raises(ValueError, match=message):
        strokes.polylines_to_stroke3(polylines)


BAD_STROKE3 = [
    (np.zeros((0, 3)), "expected at least one point"),
    (np.zeros((2, 4)), r"shape \[N, 3\], got shape \[2, 4\]"),
    (np.zeros(3), r"got shape \[3\]"),
    (np.zeros((1, 2, 3)), r"got shape \[1, 2, 3\]"),
    (np.zeros((2, 3), complex), "expected real numbers, got dtype complex"),
    (np.array([["1", "2", "0"]]), "expected real numbers"),
    (np.array([[1, 2, 0]], object), "expected real numbers, got dtype object"),
    (np.array([[0, 0, 0], [np.nan, 0, 0]]), r"finite offsets.* in row 1"),
    (np.array([[0, -np.inf, 0]]), r"finite offsets.* in row 0"),
    # Finite as float64, infinite as float32.
    (np.array([[1, 2, 0], [0, 1e39, 0]]), r"finite offsets.* in row 1"),
    (np.array([[0, 0, 0], [0, 0, 1], [0, 0, 2]]), "got 2 in row 2"),
    (np.array([[0, 0, 0.5]]), "expected pen_lifted 0 or 1, got 0.5 in row 0"),
    (np.array([[0, 0, np.nan]]), "expected pen_lifted 0 or 1, got nan"),
]


@pytest.mark.parametrize(("stroke3", "message"), BAD_STROKE3)
@pytest.mark.parametrize(
    "function",
    [
        strokes.validate_stroke3,
        strokes.stroke3_to_stroke5,
        strokes.stroke3_to_polylines,
        strokes.bounds,
    ],
)
def test_bad_stroke3_is_refused(function, stroke3, message):
    with pytest.raises(ValueError, match=message):
        function(stroke3)


BAD_STROKE5 = [
    (np.zeros((0, 5)), "expected at least one row"),
    (np.zeros((2, 3)), r"shape \[T, 5\], got shape \[2, 3\]"),
    (np.zeros((1, 5)), r"one-hot pen state, got \[0.0, 0.0, 0.0\] in row 0"),
    (np.array([[0, 0, 1, 0, 0], [0, 0, 0, 1, 1]]), "one-hot.* in row 1"),
    (np.array([[0, 0, 2, -1, 0]]), "one-hot pen state"),
    (np.array([[0, 0, 0.5, 0.5, 0]]), "one-hot pen state"),
    (np.array([[0, 0, np.nan, 0, 0]]), "one-hot pen state"),
    (np.array([[0, np.nan, 1, 0, 0]]), "finite offsets.* in row 0"),
    (np.array([[-1e39, 0, 1, 0, 0]]), "finite offsets.* in row 0"),
    (np.ones((1, 5), complex), "expected real numbers"),
]


@pytest.mark.parametrize(("stroke5", "message"), BAD_STROKE5)
@pytest.mark.parametrize(
    "function", [strokes.validate_stroke5, strokes.stroke5_to_stroke3]
)
def test_bad_stroke5_is_refused(function, stroke5, message):
    with pytest.raises(ValueError, match=message):
        function(stroke5)


def test_messages_start_with_the_given_name():
    with pytest.raises(ValueError, match="^sketch 7: "):
        strokes.validate_stroke3(np.zeros((0, 3)), name="sketch 7")
    with pytest.raises(ValueError, match="^sketch 8: "):
        strokes.validate_stroke5(np.zeros((0, 5)), name="sketch 8")


@NO_DEADLINE
@hypothesis.given(whole_stroke3s)
def test_bounds_enclose_the_origin_and_every_point_tightly(stroke3):
    low_x, low_y, high_x, high_y = strokes.bounds(stroke3)
    walked = np.cumsum(stroke3[:, :2].astype(np.int64), axis=0)
    for low, high, values in (
        (low_x, high_x, walked[:, 0]),
        (low_y, high_y, walked[:, 1]),
    ):
        assert low == min(0, values.min())
        assert high == max(0, values.max())


class TestConcatenated:
    def test_points_follow_one_another_as_float32(self):
        parts = [np.array([[1, 2, 0]]), np.zeros((0, 3)), np.ones((2, 3))]
        got = strokes.concatenated(parts, indexes=[0, 1, 2])
        assert got.dtype == np.float32
        np.testing.assert_array_equal(got, [[1, 2, 0], [1, 1, 1], [1, 1, 1]])

    @pytest.mark.parametrize(
        ("bad", "message"),
        [
            ([[np.nan, 0, 1]], "expected finite offsets"),
            ([[0, np.inf, 1]], "expected finite offsets"),
            ([[1e300, 0, 1]], "expected finite offsets"),
            ([[1, 1, 0.5]], "expected pen_lifted 0 or 1"),
            ([[1, 1]], "expected an array of shape"),
            ([["1", "1", "1"]], "expected real numbers"),
            (np.zeros((0, 5)), "expected an array of shape"),
        ],
    )
    def test_a_bad_sketch_is_named(self, bad, message):
        good = np.ones((2, 3), np.float32)
        with pytest.raises(ValueError, match=f"^sketch 7: {message}") as error:
            strokes.concatenated([good, np.array(bad)], indexes=[3, 7])
        assert "\n" not in str(error.value)

    def test_what_is_wrong_of_all_together_is_said_of_all(self):
        parts = [np.ones((2, 3)), np.zeros((0, 3), object)]
        message = "sketches: expected arrays of one kind of numbers"
        with pytest.raises(ValueError, match=f"^{message}$"):
            strokes.concatenated(parts, indexes=[0, 1])
