import numpy as np
from hypothesis import given, strategies as st
from hypothesis.extra import numpy as hnp

from sketch_rnn_tf import strokes
from sketch_rnn_tf.preparation import drawings

DRAWINGS = st.lists(
    st.lists(
        hnp.arrays(
            np.float64,
            st.tuples(st.integers(2, 6), st.just(2)),
            elements=st.integers(-300, 300).map(float),
        ),
        min_size=1,
        max_size=4,
    ),
    min_size=1,
    max_size=4,
)


@given(DRAWINGS)
def test_stroke3_is_that_of_each_drawing(polylines):
    for got, drawing in zip(
        drawings.from_polylines(polylines).stroke3(), polylines, strict=True
    ):
        wanted = strokes.polylines_to_stroke3(drawing)
        assert np.array_equal(got, wanted)


@given(DRAWINGS)
def test_polylines_come_back(polylines):
    got = drawings.from_polylines(polylines).polylines()
    assert [[p.tolist() for p in d] for d in got] == [
        [p.tolist() for p in d] for d in polylines
    ]


@given(DRAWINGS, st.data())
def test_chosen_ones_are_as_if_alone(polylines, data):
    size = len(polylines)
    choose = data.draw(st.lists(st.booleans(), min_size=size, max_size=size))
    got = drawings.from_polylines(polylines).chosen(np.array(choose))
    alone = drawings.from_polylines(
        [d for d, chosen in zip(polylines, choose, strict=True) if chosen]
    )
    for a, b in zip(got, alone, strict=True):
        assert np.array_equal(a, b)


@given(DRAWINGS)
def test_lengths_are_those_of_stroke3(polylines):
    made = drawings.from_polylines(polylines)
    assert made.lengths.tolist() == [len(s) for s in made.stroke3()]


def test_a_dot_becomes_a_stroke_of_no_length():
    made = drawings.from_polylines([[[[3, 4]], [[5, 5], [6, 6]]]])
    assert made.points.tolist() == [[3, 4], [3, 4], [5, 5], [6, 6]]
    assert made.stroke3()[0][:, 2].tolist() == [1, 0, 1]


def test_there_may_be_none():
    none = drawings.from_polylines([])
    assert none.stroke3() == []
    assert none.polylines() == []
    assert none.lengths.tolist() == []
