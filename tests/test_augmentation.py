"""Augmentation, against the reference implementation's walk in Python."""

import hypothesis
import numpy as np
import pytest
import tensorflow as tf
from hypothesis import strategies as st

from sketch_rnn_tf.data import augmentation


def _walk(stroke3, uniforms, rate):
    """The reference's walk over the points of one sketch."""
    kept, counter, last_kept_pen = [], 0, 1
    for (dx, dy, pen), uniform in zip(stroke3, uniforms, strict=True):
        if pen == 1 or last_kept_pen == 1:
            counter = 0
        else:
            counter += 1
        inside = pen == 0 and last_kept_pen == 0 and counter > 2
        if inside and uniform < rate:
            kept[-1][0] += dx
            kept[-1][1] += dy
        else:
            kept.append([dx, dy, pen])
            last_kept_pen = pen
    return kept


def _drop(sketches, uniforms, rate):
    """Drops points of sketches, each with its row of uniforms."""
    lengths = [len(sketch) for sketch in sketches]
    chosen = [row[:n] for row, n in zip(uniforms, lengths, strict=True)]
    stroke3, new_lengths = augmentation.drop_points(
        tf.constant(np.concatenate(sketches), tf.float32),
        tf.constant(lengths, tf.int32),
        uniforms=tf.constant(np.concatenate(chosen), tf.float32),
        rate=rate,
    )
    assert new_lengths.dtype == tf.int32
    return _split(stroke3, new_lengths)


def _split(stroke3, lengths):
    assert len(stroke3) == sum(lengths.numpy())
    ends = np.cumsum(lengths)[:-1]
    return [sketch.tolist() for sketch in np.split(stroke3, ends)]


def _random_sketch(rng, length, lift_rate):
    sketch = rng.integers(-50, 50, (length, 3)).astype(np.float32)
    sketch[:, 2] = rng.random(length) < lift_rate
    return sketch


# Whole offsets: their sums are exact, in whatever order.  A busy machine
# pauses at will, so there is no deadline.
@hypothesis.settings(deadline=None, max_examples=50)
@hypothesis.given(
    st.integers(0, 2**32 - 1),
    st.lists(st.integers(0, 30), min_size=1, max_size=5),
    st.sampled_from([0.0, 0.05, 0.2, 0.5]),
    st.sampled_from([0.0, 0.1, 0.6, 1.0]),
)
def test_drop_points_is_the_reference_walk(seed, lengths, lift_rate, rate):
    rng = np.random.default_rng(seed)
    sketches = [_random_sketch(rng, length, lift_rate) for length in lengths]
    uniforms = rng.random((len(lengths), 30)).astype(np.float32)
    got = _drop(sketches, uniforms, rate)
    for sketch, row, kept in zip(sketches, uniforms, got, strict=True):
        assert kept == _walk(sketch.tolist(), row[: len(sketch)], rate)


def test_drop_points_reproduces_the_recorded_vector():
    # Run in the reference implementation, with probability 1.
    sketch = np.zeros((9, 3))
    sketch[:, 0] = np.arange(1, 10)
    sketch[:, 2] = [0, 0, 0, 0, 0, 0, 1, 0, 1]
    (kept,) = _drop([sketch], np.zeros((1, 9)), 1.0)
    dx, _, pens = np.transpose(kept).tolist()
    assert dx == [1, 2, 18, 7, 8, 9]
    assert pens == [0, 0, 0, 1, 0, 1]


@pytest.mark.parametrize("rate", [0.3, 1.0])
def test_drop_points_keeps_lifts_and_where_they_are(rate):
    rng = np.random.default_rng(1)
    sketch = _random_sketch(rng, 200, 0.1)
    (kept,) = _drop([sketch], rng.random((1, 200)), rate)
    kept = np.array(kept)
    assert 0 < len(kept) < 200
    # Lifts lie at the same absolute points: no stroke moves or vanishes.
    points = np.cumsum(sketch[:, :2], axis=0)[sketch[:, 2] == 1]
    kept_points = np.cumsum(kept[:, :2], axis=0)[kept[:, 2] == 1]
    np.testing.assert_array_equal(kept_points, points)
    np.testing.assert_array_equal(
        kept[:, :2].sum(axis=0), sketch[:, :2].sum(axis=0)
    )


def test_drop_points_at_rate_zero_changes_nothing():
    rng = np.random.default_rng(2)
    sketches = [_random_sketch(rng, length, 0.1) for length in (20, 7)]
    got = _drop(sketches, np.zeros((2, 20)), 0.0)
    assert got == [sketch.tolist() for sketch in sketches]


def test_drop_points_drops_at_its_rate():
    rng = np.random.default_rng(3)
    sketch = _random_sketch(rng, 10_000, 0.0)
    (kept,) = _drop([sketch], rng.random((1, 10_000)), 0.1)
    # One stroke: all but its first points may go.  Five standard errors.
    error = 5 * (0.1 * 0.9 * 10_000) ** 0.5
    assert 10_000 - len(kept) == pytest.approx(1000, abs=error)


def test_drop_points_works_where_no_shape_is_known():
    rng = np.random.default_rng(4)
    lengths = np.int64([20, 0, 11])
    sketches = [_random_sketch(rng, length, 0.1) for length in lengths]
    uniforms = rng.random(31).astype(np.float32)

    @tf.function(
        input_signature=[
            tf.TensorSpec([None, 3]),
            tf.TensorSpec([None], tf.int64),
            tf.TensorSpec([None]),
        ]
    )
    def drop(stroke3, lengths, uniforms):
        return augmentation.drop_points(
            stroke3, lengths, uniforms=uniforms, rate=0.5
        )

    got = _split(*drop(np.concatenate(sketches), lengths, uniforms))
    for sketch, row, kept in zip(
        sketches, np.split(uniforms, [20, 20]), got, strict=True
    ):
        assert kept == _walk(sketch.tolist(), row, 0.5)


def test_random_scale_multiplies_each_axis_of_each_sketch():
    rng = np.random.default_rng(5)
    stroke3 = rng.normal(size=(9, 3))
    factors = rng.uniform(0.85, 1.15, (4, 2))
    got = augmentation.random_scale(
        tf.constant(stroke3),
        tf.constant([4, 0, 2, 3]),
        factors=tf.constant(factors),
    )
    sketch_of = [0, 0, 0, 0, 2, 2, 3, 3, 3]
    # One float64 product; the pen stays.
    np.testing.assert_array_equal(
        got[:, :2], stroke3[:, :2] * factors[sketch_of]
    )
    np.testing.assert_array_equal(got[:, 2], stroke3[:, 2])
