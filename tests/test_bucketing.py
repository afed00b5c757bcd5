"""bucketing: boundaries, windows, arranging, what is spent on padding."""

import itertools

import hypothesis
import numpy as np
import pytest
import tensorflow as tf
from hypothesis import strategies as st

from sketch_rnn_tf import config as config_lib
from sketch_rnn_tf.data import bucketing, input_pipeline, measurement


def _padding(lengths, bounds, *, max_len, end_steps):
    """Steps of sketches that are each padded alone, one by one."""
    needed = [min(length + end_steps, max_len) for length in lengths]
    return sum(min(b for b in bounds if b >= steps) for steps in needed)


def _line(length):
    sketch = np.ones([length, 3], np.float32)
    sketch[:, 2] = np.arange(length) == length - 1
    sketch[::2, :2] = -2
    return sketch


class TestBoundaries:
    @hypothesis.settings(deadline=None, max_examples=80)
    @hypothesis.given(
        st.lists(st.integers(0, 9), min_size=1, max_size=30),
        st.integers(9, 12),
        st.integers(1, 5),
        st.integers(1, 4),
    )
    def test_no_others_pad_less(self, lengths, max_len, count, end_steps):
        settings = {"max_len": max_len, "end_steps": end_steps}
        histogram = np.bincount(lengths)
        found = bucketing.boundaries(histogram, count=count, **settings)
        assert list(found) == sorted(set(found))
        assert found[-1] == max_len and len(found) <= count
        least = min(
            _padding(lengths, (*others, max_len), **settings)
            for size in range(count)
            for others in itertools.combinations(range(1, max_len), size)
        )
        assert _padding(lengths, found, **settings) == least

    def test_are_every_needed_number_of_steps_if_there_are_enough(self):
        bounds = bucketing.boundaries(
            [0, 0, 3, 0, 1, 7], max_len=9, count=12, end_steps=2
        )
        assert bounds == (4, 6, 7, 9)

    def test_a_thousand_steps_take_no_time(self):
        # 60 ms; one without arrays would take a minute.
        bounds = bucketing.boundaries(
            np.ones(1001), max_len=1000, count=20, end_steps=4
        )
        # All lengths are as frequent: 50 steps apart but for the end.
        assert set(np.diff(bounds)) <= {49, 50}


class TestWindows:
    @hypothesis.settings(deadline=None)
    @hypothesis.given(
        st.integers(1, 10**5), st.integers(1, 300), st.integers(0, 10**9)
    )
    def test_hold_each_batch_once(self, count, batch_size, step):
        for windows in (
            bucketing.windows(count, batch_size),
            bucketing.stream_windows(count, batch_size),
            bucketing.stream_windows(-2, batch_size),
        ):
            number = windows.window(step)
            first, end = map(windows.first_batch, (number, number + 1))
            assert windows.first_batch(0) == 0
            assert first <= step < end
            # The last batch may be begun by one window and ended by the next.
            most = max(batch_size, bucketing.WINDOW_SKETCHES)
            assert (end - first - 1) * batch_size < most

    @pytest.mark.parametrize("count", [100, 104, 20_000, 20_007, 70_000])
    def test_are_of_one_pass_but_for_less_than_a_batch(self, count):
        windows = bucketing.windows(count, 5)
        for number in range(3 * (1 + count // 20_000)):
            first = windows.first_batch(number) * 5
            end = windows.first_batch(number + 1) * 5
            in_pass = np.bincount(np.arange(first, end) // count)
            assert (end - first) - in_pass.max() < 5

    def test_of_a_small_stream_are_no_longer_than_a_pass(self):
        assert bucketing.stream_windows(104, 5) == (20, 1)
        assert bucketing.stream_windows(3, 5) == (1, 1)
        assert bucketing.stream_windows(10**6, 5) == (2000, 1)
        assert bucketing.stream_windows(-2, 5) == (2000, 1)


class TestArrange:
    def _arranged(self, lengths, batch_size, seed=(0, 0)):
        order = bucketing.arrange(
            tf.constant(lengths, tf.int32), batch_size=batch_size, seed=seed
        )
        assert order.dtype == tf.int32
        return order.numpy()

    def test_batches_are_slices_of_the_sorted_sketches(self):
        lengths = np.random.default_rng(0).integers(1, 60, 200)
        order = self._arranged(lengths, 10)
        assert order.shape == (20, 10)
        assert sorted(order.ravel()) == list(range(200))
        batches = sorted(np.sort(lengths[order]).tolist())
        assert sum(batches, []) == sorted(lengths)

    def test_nothing_is_sorted_in_a_batch_or_among_them(self):
        lengths = np.arange(1000)
        order = self._arranged(lengths, 100)
        for values in (order[:, 0], order[0], order[-1]):
            assert abs(np.corrcoef(values, np.arange(len(values)))[0, 1]) < 0.9
        starts = (order.min(axis=1) // 100).tolist()
        assert starts != sorted(starts) and starts != sorted(starts)[::-1]
        # No two batches are permuted alike.
        assert len({tuple(np.argsort(row)) for row in order}) == 10

    def test_the_order_given_decides_between_equals(self):
        order = self._arranged([5, 3, 5, 3, 5, 3], 3)
        assert sorted(map(sorted, order.tolist())) == [[0, 2, 4], [1, 3, 5]]
        order = self._arranged([7] * 6, 2)
        assert sorted(map(sorted, order.tolist())) == [[0, 1], [2, 3], [4, 5]]

    def test_the_seed_decides(self):
        lengths = np.arange(100)
        one, again, other = (
            self._arranged(lengths, 10, seed)
            for seed in ((1, 2), (1, 2), (1, 3))
        )
        np.testing.assert_array_equal(one, again)
        assert not np.array_equal(one, other)


@pytest.mark.parametrize(
    ("lengths", "steps"),
    [([1, 2], 5), ([3, 1], 5), ([4], 9), ([7, 2], 9), ([8], 12), ([12], 12)],
)
def test_num_steps_leaves_end_steps_after_the_longest(lengths, steps):
    config = config_lib.Config(
        max_len=12, bucket_boundaries=(5, 9, 12), end_steps=2
    )
    assert bucketing.num_steps(tf.constant(lengths), config) == steps


class TestWaste:
    def test_counts_one_end_row_of_each_sketch_that_has_one(self):
        batches = [
            {"strokes": np.zeros([2, 11, 5]), "lengths": np.int32([10, 4])},
            {"strokes": np.zeros([1, 6, 5]), "lengths": np.int32([3])},
        ]
        found = bucketing.waste(batches, max_len=10)
        assert found.beyond_points == pytest.approx(1 - 17 / 25)
        assert found.padding == pytest.approx(1 - 19 / 25)

    def test_is_small_where_lengths_are_as_those_of_drawings(self):
        # As long as cars of Quick, Draw!, which are left with 47 points on
        # average, 27 to 75 but for a tenth of them, after dropping points.
        rng = np.random.default_rng(0)
        lengths = np.clip(rng.lognormal(np.log(50), 0.33, 20_000), 3, 200)
        lengths[0] = 200
        lines = {n: _line(n) for n in range(3, 201)}
        sketches = [lines[n] for n in lengths.astype(int)]
        config = config_lib.Config(num_buckets=24, end_steps=4)
        config = measurement.fit_config(config, sketches)
        wasted = {}
        for name, bounds in (("yes", config.bucket_boundaries), ("no", ())):
            batches = input_pipeline.batches(
                sketches,
                config.replace(bucket_boundaries=bounds),
                training=True,
            )
            wasted[name] = bucketing.waste(batches.take(200), max_len=200)
        assert wasted["yes"].beyond_points < 0.12
        assert wasted["yes"].padding < 0.10
        assert wasted["no"].beyond_points > 0.7
