"""measurement: statistics, what is set of them, counting."""

import pathlib

import numpy as np
import pytest
import tensorflow as tf

from sketch_rnn_tf import config as config_lib, strokes
from sketch_rnn_tf.data import bucketing, measurement
from sketch_rnn_tf.files import sketchrnn_npz

SHARED = pathlib.Path(__file__).resolve().parents[2] / "shared"


def _stream(sketches):
    """Gives records as TFDS does, streamed."""

    def generate():
        for sketch in sketches:
            yield {"strokes": strokes.stroke3_to_stroke5(sketch)}

    spec = tf.TensorSpec([None, 5], tf.float32)
    return tf.data.Dataset.from_generator(
        generate, output_signature={"strokes": spec}
    )


class TestStatistics:
    def test_is_the_population_std_of_clamped_pooled_offsets(self, sketches):
        far = np.array([[5000, -3, 0], [1, -70000, 1]], np.float32)
        source = [*sketches, far]
        measured = measurement.statistics(source)
        offsets = np.concatenate([s[:, :2] for s in source])
        expected = np.clip(offsets, -1000, 1000).astype(np.float64).std()
        # float64 sums of squares, against NumPy's two passes.
        assert measured.scale_factor == pytest.approx(expected, rel=1e-12)
        assert measured[1:4] == (12, len(source), 0)

    def test_longer_sketches_count_as_dropped_and_for_nothing_else(
        self, sketches
    ):
        measured = measurement.statistics(sketches, max_len=6)
        kept = [s for s in sketches if len(s) <= 6]
        alone = measurement.statistics(kept)
        assert measured == alone._replace(dropped=len(sketches) - len(kept))
        assert 0 < measured.count < len(sketches)

    def test_the_histogram_is_of_the_lengths_kept(self, sketches):
        measured = measurement.statistics(sketches, max_len=6)
        assert measured.histogram == (0, 0, 0, 3, 3, 3, 3)

    def test_max_len_is_that_of_the_longest_kept(self, sketches):
        assert measurement.statistics(sketches, max_len=500).max_len == 12

    @pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
    def test_an_offset_that_is_not_finite_is_refused(self, sketches, bad):
        damaged = np.array([[1.0, bad, 1.0]])
        with pytest.raises(ValueError, match="^sketch 3: expected finite"):
            measurement.statistics([*sketches[:3], damaged])

    def test_offsets_too_small_to_be_scaled_are_refused(self, sketches):
        tiny = [s * np.array([1e-30, 1e-30, 1]) for s in sketches]
        with pytest.raises(ValueError, match="^scale_factor: expected 0 or"):
            measurement.fit_config(config_lib.Config(), tiny)

    def test_a_stream_measures_the_same(self, sketches):
        for max_len in (0, 6):
            assert measurement.statistics(
                _stream(sketches), max_len=max_len
            ) == measurement.statistics(sketches, max_len=max_len)

    def test_integers_measure_as_floats_do(self, sketches):
        integers = [s.astype(np.int16) for s in sketches]
        assert measurement.statistics(integers) == measurement.statistics(
            sketches
        )

    def test_offsets_far_from_zero_keep_their_precision(self):
        sketch = np.array([[900.5, 900, 0], [901, 900.25, 1]], np.float32)
        measured = measurement.statistics([sketch] * 1000)
        # Sums of squares cancel about 6 of float64's 16 digits here.
        assert measured.scale_factor == pytest.approx(
            sketch[:, :2].astype(np.float64).std(), rel=1e-8
        )

    @pytest.mark.parametrize(
        ("source", "max_len", "message"),
        [
            ([], 0, "expected sketches, got none"),
            ([np.zeros([9, 3])], 3, "at most 3 points, got none: all 1 are"),
            ([np.full([4, 3], 1.0)], 0, "vary, got sketches .* all 1"),
        ],
    )
    def test_nothing_to_measure_is_an_error(self, source, max_len, message):
        with pytest.raises(ValueError, match=message):
            measurement.statistics(source, max_len=max_len)

    @pytest.mark.parametrize(
        ("name", "scale_factor", "max_len"),
        [
            ("aaron_sheep", 18.519827, 250),
            ("omniglot", 53.437046, 143),
            ("kanji.rdp100", 20.083822, 80),
        ],
    )
    def test_real_drawings(self, name, scale_factor, max_len):
        path = SHARED / "data" / "datasets" / f"{name}.npz"
        if not path.exists():
            pytest.skip(f"needs real drawings in {path}")
        train = sketchrnn_npz.read(path, splits=["train"])["train"]
        measured = measurement.statistics(train)
        # The published numbers were summed and printed in float32.
        assert measured.scale_factor == pytest.approx(scale_factor, rel=6e-8)
        assert measured.max_len == max_len
        assert measured.count == len(train)


class TestFitConfig:
    def test_sets_what_was_measured(self, sketches):
        config = measurement.fit_config(config_lib.Config(), sketches)
        measured = measurement.statistics(sketches)
        assert config.max_len == measured.max_len
        assert config.scale_factor == measured.scale_factor
        assert measurement.apply(measured, config_lib.Config()) == config

    def test_boundaries_fit_the_lengths(self, sketches):
        config = config_lib.Config(num_buckets=3, end_steps=2)
        config = measurement.fit_config(config, sketches)
        assert config.bucket_boundaries == bucketing.boundaries(
            np.bincount([len(s) for s in sketches]),
            max_len=12,
            count=3,
            end_steps=2,
        )

    @pytest.mark.parametrize("num_buckets", [0, 1])
    def test_one_bucket_is_none(self, sketches, num_buckets):
        config = config_lib.Config(num_buckets=num_buckets)
        config = measurement.fit_config(config, sketches)
        assert config.bucket_boundaries == ()

    def test_n_max_may_be_that_of_other_sketches(self, sketches):
        # The reference implementation takes it over all splits.
        measured = measurement.statistics(sketches)._replace(max_len=20)
        config = measurement.apply(measured, config_lib.Config(num_buckets=3))
        assert config.max_len == config.bucket_boundaries[-1] == 20
        assert len(config.bucket_boundaries) == 3

    def test_max_len_limits(self, sketches):
        config = config_lib.Config(max_len=5)
        assert measurement.fit_config(config, sketches).max_len == 5
        with pytest.raises(ValueError, match="at most 2 points"):
            measurement.fit_config(config.replace(max_len=2), sketches)

    @pytest.mark.parametrize("streamed", [False, True])
    def test_count_kept(self, sketches, streamed):
        source = _stream(sketches) if streamed else sketches
        short = sum(len(s) <= 7 for s in sketches)
        counted = measurement.count_kept(source, 7)
        assert counted == (short, len(sketches) - short)
