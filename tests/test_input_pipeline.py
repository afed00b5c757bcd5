"""input_pipeline: order, padding, buckets, resuming, streaming."""

import itertools

import numpy as np
import pytest
import tensorflow as tf

from sketch_rnn_tf import strokes
from sketch_rnn_tf.data import bucketing, input_pipeline, measurement

PLAIN = {"random_scale": 0.0, "point_drop_rate": 0.0}


@pytest.fixture(scope="module")
def bucketed(sketches, tiny_config):
    """Returns a configuration with boundaries 6, 9 and 12."""
    config = tiny_config.replace(num_buckets=3, end_steps=2)
    config = measurement.apply(measurement.statistics(sketches), config)
    assert config.bucket_boundaries == (6, 9, 12)
    return config


def _stream(sketches):
    """Gives records as TFDS does, streamed."""

    def generate():
        for sketch in sketches:
            yield {"strokes": strokes.stroke3_to_stroke5(sketch)}

    spec = tf.TensorSpec([None, 5], tf.float32)
    records = tf.data.Dataset.from_generator(
        generate, output_signature={"strokes": spec}
    )
    return records.apply(tf.data.experimental.assert_cardinality(len(sketches)))


def _numpy(batches, count=None):
    taken = batches.take(count) if count else batches
    return [
        {key: value.numpy() for key, value in batch.items()} for batch in taken
    ]


def _assert_same(batches, others):
    assert len(batches) == len(others)
    for batch, other in zip(batches, others, strict=True):
        np.testing.assert_array_equal(batch["lengths"], other["lengths"])
        np.testing.assert_array_equal(batch["strokes"], other["strokes"])


def _expected(sketch, config):
    """Makes the row of a batch by the module's description, in NumPy."""
    row = np.tile(np.float32(strokes.END_POINT), (config.max_len + 1, 1))
    row[0] = config.start_point
    stroke5 = strokes.stroke3_to_stroke5(sketch)[:-1]
    offsets = np.clip(stroke5[:, :2], -1000, 1000)
    stroke5[:, :2] = offsets / np.float32(config.scale_factor)
    row[1 : len(sketch) + 1] = stroke5
    return row


def _padded(batch, config):
    """Pads a bucketed batch to N_max."""
    rows, missing = batch["strokes"], config.max_len + 1
    missing -= rows.shape[1]
    end = np.tile(np.float32(strokes.END_POINT), (len(rows), missing, 1))
    return np.concatenate([rows, end], axis=1)


def _key(row):
    return row.astype(np.float32).tobytes()


class TestBatch:
    def test_a_row_is_start_then_points_then_ends(self, sketches, tiny_config):
        batch = input_pipeline.to_batch(sketches, tiny_config)
        assert batch["strokes"].shape == (25, 13, 5)
        assert batch["strokes"].dtype == tf.float32
        assert batch["lengths"].dtype == tf.int32
        np.testing.assert_array_equal(
            batch["lengths"], [len(s) for s in sketches]
        )
        expected = [_expected(sketch, tiny_config) for sketch in sketches]
        np.testing.assert_allclose(batch["strokes"], expected, rtol=1e-7)

    def test_a_sketch_of_n_max_points_has_no_end_row(
        self, sketches, tiny_config
    ):
        longest = next(s for s in sketches if len(s) == tiny_config.max_len)
        row = input_pipeline.to_batch([longest], tiny_config)["strokes"][0]
        assert not row[:, 2 + strokes.END].numpy().any()

    def test_offsets_are_clamped_before_they_are_scaled(self, tiny_config):
        far = np.array([[2000, -1e6, 0], [1000, -999, 1]], np.float32)
        row = input_pipeline.to_batch([far], tiny_config)["strokes"][0]
        np.testing.assert_allclose(
            row[1:3, :2] * tiny_config.scale_factor,
            [[1000, -1000], [1000, -999]],
            rtol=1e-6,
        )

    def test_the_start_point_is_the_configurations(self, sketches, tiny_config):
        config = tiny_config.replace(start_point=(0.0, 0.0, 0.0, 0.0, 0.0))
        batch = input_pipeline.to_batch(sketches[:2], config)
        assert not batch["strokes"][:, 0].numpy().any()

    @pytest.mark.parametrize(
        ("sketch", "message"),
        [
            (np.zeros([13, 3]), "sketch 1: expected at most 12 points, got 13"),
            (np.zeros([4, 5]), r"sketch 1: .* \[N, 3\], got shape \[4, 5\]"),
            (np.zeros([0, 3]), "sketch 1: expected at least one point"),
            ([[0, np.nan, 1]], r"sketch 1: .*finite offsets, got \[0.0, nan\]"),
            ([[0, np.inf, 1]], r"sketch 1: .*finite offsets, got \[0.0, inf\]"),
            ([[0, 0, 0.5]], "sketch 1: expected pen_lifted 0 or 1, got 0.5"),
        ],
    )
    def test_a_bad_sketch_is_named(self, tiny_config, sketch, message):
        good = np.array([[1, 2, 1]], np.float32)
        with pytest.raises(ValueError, match=message):
            input_pipeline.to_batch([good, np.asarray(sketch)], tiny_config)


class TestEvaluation:
    @pytest.mark.parametrize("streamed", [False, True])
    def test_comes_once_in_order_and_whole(
        self, sketches, tiny_config, streamed
    ):
        source = _stream(sketches) if streamed else sketches
        config = tiny_config.replace(batch_size=4)
        batches = _numpy(input_pipeline.batches(source, config))
        assert [len(b["lengths"]) for b in batches] == [4] * 6 + [1]
        expected = input_pipeline.to_batch(sketches, config)
        joined = {
            key: np.concatenate([b[key] for b in batches]) for key in expected
        }
        _assert_same([joined], _numpy(tf.data.Dataset.from_tensors(expected)))

    @pytest.mark.parametrize("streamed", [False, True])
    def test_is_as_long_as_it_says_and_padded_to_n_max(
        self, sketches, bucketed, streamed
    ):
        source = _stream(sketches) if streamed else sketches
        config = bucketed.replace(batch_size=4)
        batches = input_pipeline.batches(source, config)
        # Keras warns of an end that it did not know of.
        assert batches.cardinality() == 7
        assert {b["strokes"].shape[1] for b in batches} == {13}

    @pytest.mark.parametrize("streamed", [False, True])
    def test_longer_sketches_are_left_out(
        self, sketches, tiny_config, streamed
    ):
        source = _stream(sketches) if streamed else sketches
        config = tiny_config.replace(max_len=6)
        batches = _numpy(input_pipeline.batches(source, config))
        lengths = np.concatenate([b["lengths"] for b in batches])
        assert lengths.tolist() == [len(s) for s in sketches if len(s) <= 6]
        assert batches[0]["strokes"].shape == (5, 7, 5)

    def test_nothing_short_enough_is_an_error(self, sketches, tiny_config):
        with pytest.raises(ValueError, match="at most 2 points, got none"):
            input_pipeline.batches(sketches, tiny_config.replace(max_len=2))


class TestTraining:
    def _batches(self, source, config, count, start_step=0):
        batches = input_pipeline.batches(
            source, config, training=True, start_step=start_step
        )
        return _numpy(batches, count)

    @pytest.mark.parametrize("streamed", [False, True])
    def test_a_pass_has_each_sketch_once_in_an_order_of_its_own(
        self, sketches, tiny_config, streamed
    ):
        source = _stream(sketches) if streamed else sketches
        config = tiny_config.replace(**PLAIN)  # 5 batches of 5
        batches = self._batches(source, config, 15)
        rows = np.concatenate([b["strokes"] for b in batches])
        given = [_key(_expected(s, config)) for s in sketches]
        assert len(set(given)) == 25
        passes = [[_key(row) for row in rows[i : i + 25]] for i in (0, 25, 50)]
        for order in passes:
            assert sorted(order) == sorted(given)
        for one, other in itertools.combinations([given, *passes], 2):
            assert one != other

    @pytest.mark.parametrize("streamed", [False, True])
    def test_a_pass_has_each_sketch_once_in_batches_of_its_own(
        self, sketches, bucketed, streamed
    ):
        # Ten different sketches of each length.
        made = [s + np.float32([i, 0, 0]) for s in sketches for i in range(4)]
        source = _stream(made) if streamed else made
        config = bucketed.replace(**PLAIN)  # 20 batches of 5
        given = sorted(_key(_expected(s, config)) for s in made)
        batches = [
            [_key(row) for row in _padded(batch, config)]
            for batch in self._batches(source, config, 60)
        ]
        passes = [batches[i : i + 20] for i in (0, 20, 40)]
        for of_pass in passes:
            assert sorted(sum(of_pass, [])) == given
        # A batch may come again by chance.
        assert len(set(map(frozenset, batches))) > 50

    def test_a_batch_may_reach_into_the_next_pass(self, sketches, tiny_config):
        config = tiny_config.replace(batch_size=10, **PLAIN)
        batches = self._batches(sketches, config, 5)
        rows = np.concatenate([b["strokes"] for b in batches])
        assert len(rows) == 50
        for half in (rows[:25], rows[25:]):
            assert len({_key(row) for row in half}) == 25

    @pytest.mark.parametrize("streamed", [False, True])
    def test_batches_are_full_and_never_end(
        self, sketches, tiny_config, streamed
    ):
        source = _stream(sketches) if streamed else sketches
        config = tiny_config.replace(batch_size=11)
        batches = self._batches(source, config, 20)
        assert len(batches) == 20
        assert {b["strokes"].shape for b in batches} == {(11, 13, 5)}

    @pytest.mark.parametrize("streamed", [False, True])
    def test_a_bucketed_batch_leaves_end_steps_and_no_more(
        self, sketches, bucketed, streamed
    ):
        source = _stream(sketches) if streamed else sketches
        batches = input_pipeline.batches(source, bucketed, training=True)
        spec = batches.element_spec
        assert spec["strokes"].shape.as_list() == [5, None, 5]
        assert spec["lengths"] == tf.TensorSpec([5], tf.int32)
        seen = set()
        for batch in _numpy(batches, 30):
            needed = min(batch["lengths"].max() + 2, 12)
            steps = batch["strokes"].shape[1] - 1
            assert steps == min(b for b in (6, 9, 12) if b >= needed)
            seen.add(steps)
            for row, length in zip(*batch.values(), strict=True):
                # S_0 comes first; a sketch of N_max points has no end row.
                ends = row[1:, 2 + strokes.END]
                assert ends.sum() == steps - length == ends[length:].sum()
                assert not row[length + 1 :, :2].any()
        assert seen == {6, 9, 12}

    def test_the_seed_decides(self, sketches, tiny_config):
        config = tiny_config.replace(seed=3)
        first = self._batches(sketches, config, 6)
        _assert_same(first, self._batches(sketches, config, 6))
        other = self._batches(sketches, config.replace(seed=4), 6)
        assert not np.array_equal(first[0]["strokes"], other[0]["strokes"])

    @pytest.mark.parametrize("streamed", [False, True])
    @pytest.mark.parametrize(
        ("buckets", "window"), [(False, 8), (True, 8), (True, 20_000)]
    )
    def test_later_batches_are_the_same_without_the_earlier(
        self, sketches, bucketed, streamed, buckets, window, monkeypatch
    ):
        # In 2 batches of 4, and in one of a pass, or about one.
        for name in ("WINDOW_SKETCHES", "STREAM_WINDOW_SKETCHES"):
            monkeypatch.setattr(bucketing, name, window)
        source = _stream(sketches) if streamed else sketches
        bounds = (6, 11) if buckets else ()
        config = bucketed.replace(
            max_len=11, bucket_boundaries=bounds, batch_size=4
        )
        whole = self._batches(source, config, 17)
        for step in (1, 6, 13):
            tf.random.set_seed(step)
            resumed = self._batches(source, config, 4, start_step=step)
            _assert_same(resumed, whole[step : step + 4])

    def test_a_stream_is_not_counted_where_its_count_is_given(
        self, sketches, bucketed, monkeypatch
    ):
        whole = self._batches(_stream(sketches), bucketed, 9)
        monkeypatch.delattr(measurement, "count_kept")
        batches = input_pipeline.batches(
            _stream(sketches), bucketed, training=True, start_step=7, count=25
        )
        _assert_same(_numpy(batches, 2), whole[7:])

    @pytest.mark.parametrize("streamed", [False, True])
    def test_each_seed_has_numbers_of_its_own(
        self, sketches, bucketed, streamed
    ):
        source = _stream(sketches) if streamed else sketches
        batches = [
            self._batches(source, bucketed.replace(seed=seed), 1)[0]
            for seed in (0, 1, 2**29, 2**31 - 1)
        ]
        for one, other in itertools.combinations(batches, 2):
            assert not np.array_equal(one["lengths"], other["lengths"])
            # The same sketches are scaled otherwise.
            firsts = [set(b["strokes"][:, 1, 0].tolist()) for b in (one, other)]
            assert firsts[0] & firsts[1] <= {0}

    def test_nothing_short_enough_in_a_stream_is_an_error(
        self, sketches, tiny_config
    ):
        with pytest.raises(ValueError, match="at most 2 points, got none"):
            self._batches(_stream(sketches), tiny_config.replace(max_len=2), 1)

    def test_augmentation_changes_and_stays_in_bounds(
        self, sketches, tiny_config
    ):
        config = tiny_config.replace(random_scale=0.2, point_drop_rate=0.0)
        plain = self._batches(sketches, config.replace(**PLAIN), 5)
        scaled = self._batches(sketches, config, 5)
        ratios = []
        for batch, other in zip(scaled, plain, strict=True):
            np.testing.assert_array_equal(
                batch["strokes"][..., 2:], other["strokes"][..., 2:]
            )
            drawn = other["strokes"][..., :2] != 0
            with np.errstate(invalid="ignore", divide="ignore"):
                ratio = batch["strokes"][..., :2] / other["strokes"][..., :2]
            for row, inside in zip(ratio, drawn, strict=True):
                for axis in (0, 1):
                    factors = row[inside[:, axis], axis]
                    # One factor for an axis of a sketch.
                    np.testing.assert_allclose(factors, factors[0], rtol=1e-5)
                    ratios.append(factors[0])
        assert 0.8 <= min(ratios) < 0.9 and 1.1 < max(ratios) <= 1.2
        assert len(set(ratios)) == len(ratios)

    def test_dropping_points_keeps_where_strokes_end(self, tiny_config):
        line = np.full([12, 3], 1.0, np.float32)
        line[:, 2] = np.arange(12) == 11
        config = tiny_config.replace(random_scale=0.0, point_drop_rate=0.5)
        batches = self._batches([line], config, 10)
        lengths = np.concatenate([b["lengths"] for b in batches])
        strokes5 = np.concatenate([b["strokes"] for b in batches])
        # The first two points and the last one are never dropped.
        assert 3 <= lengths.min() < lengths.max() <= 12
        np.testing.assert_allclose(
            strokes5[..., :2].sum(axis=1) * config.scale_factor,
            np.full([50, 2], 12.0),
            rtol=1e-5,
        )
        for row, length in zip(strokes5, lengths, strict=True):
            assert strokes.stroke5_length(row) == length + 1  # S_0 first

    def test_evaluation_is_never_augmented(self, sketches, tiny_config):
        config = tiny_config.replace(random_scale=0.5, point_drop_rate=0.9)
        _assert_same(
            _numpy(input_pipeline.batches(sketches, config)),
            _numpy(input_pipeline.batches(sketches, config.replace(**PLAIN))),
        )


@pytest.mark.parametrize("streamed", [False, True])
@pytest.mark.parametrize("training", [False, True])
def test_nobody_waits_for_a_thread_that_tunes(
    sketches, bucketed, streamed, training
):
    source = _stream(sketches) if streamed else sketches
    batches = input_pipeline.batches(source, bucketed, training=training)
    assert batches.options().autotune.enabled is False
    # As MirroredStrategy and multi_worker share it out.
    policy = batches.options().experimental_distribute.auto_shard_policy
    assert policy == tf.data.experimental.AutoShardPolicy.DATA
