"""measures: closed forms, and other ways to compute the same."""

import numpy as np
import pytest
from scipy import linalg, stats

from sketch_rnn_tf import strokes
from sketch_rnn_tf.quality import inks, measures


@pytest.fixture
def rng():
    return np.random.default_rng(0)


class TestRecognisability:
    PROBABILITIES = np.array(
        [[0.6, 0.3, 0.1], [0.2, 0.5, 0.3], [0.1, 0.2, 0.7], [0.4, 0.4, 0.2]]
    )

    def test_top_k_counts_the_right_class_among_the_k_likeliest(self):
        labels = np.array([0, 2, 0, 2])
        got = [
            measures.recognisability(self.PROBABILITIES, labels, k=k)
            for k in (1, 2, 3)
        ]
        assert got == [0.25, 0.5, 1.0]

    def test_a_tie_is_not_in_favour(self):
        assert measures.ranks(self.PROBABILITIES[3:], [0]).tolist() == [1]
        uniform = np.full((1, 5), 0.2)
        assert measures.recognisability(uniform, 2, k=4) == 0

    def test_one_label_stands_for_all(self):
        assert measures.recognisability(self.PROBABILITIES, 1) == 0.25

    def test_any_of_several_words_counts(self):
        got = [
            measures.recognisability_as_any(self.PROBABILITIES[:3], words)
            for words in ([0], [0, 2], [0, 1, 2])
        ]
        assert got == pytest.approx([1 / 3, 2 / 3, 1])

    def test_bad_values_are_refused(self):
        with pytest.raises(ValueError, match="at least 1 rows"):
            measures.recognisability(np.zeros((0, 3)), 0)
        with pytest.raises(ValueError, match="finite"):
            measures.recognisability(np.array([[np.nan, 1.0]]), 0)


class TestFrechetDistance:
    def test_is_scipys_with_the_square_root_of_the_product(self, rng):
        one = rng.normal(size=(60, 7)) @ rng.normal(size=(7, 7))
        other = rng.normal(size=(80, 7)) @ rng.normal(size=(7, 7)) + 0.5
        a, b = np.cov(one.T), np.cov(other.T)
        expected = (
            ((one.mean(0) - other.mean(0)) ** 2).sum()
            + np.trace(a + b)
            - 2 * np.trace(linalg.sqrtm(a @ b)).real
        )
        got = measures.frechet_distance(one, other)
        assert got == pytest.approx(expected, rel=1e-9)

    def test_of_uncorrelated_features_it_is_the_sum_over_them(self):
        # Rows whose covariance is exactly diagonal: (s1 - s2)^2 + (m1 - m2)^2
        # in each direction.
        corners = np.array([[1, 1], [1, -1], [-1, 1], [-1, -1.0]])
        s1, s2 = np.array([1.0, 2.0]), np.array([3.0, 5.0])
        shift = np.array([4.0, -1.0])
        got = measures.frechet_distance(corners * s1, corners * s2 + shift)
        # Corners have the variance 4 / 3 over N - 1.
        expected = ((s1 - s2) ** 2 * 4 / 3 + shift**2).sum()
        assert got == pytest.approx(expected, rel=1e-12)

    def test_is_symmetric_and_zero_to_itself(self, rng):
        one, other = rng.normal(size=(2, 30, 5))
        assert measures.frechet_distance(one, one) == pytest.approx(0, abs=1e-9)
        assert measures.frechet_distance(one, other) == pytest.approx(
            measures.frechet_distance(other, one), rel=1e-9
        )

    def test_fewer_rows_than_features_are_no_obstacle(self, rng):
        one, other = rng.normal(size=(2, 6, 40))
        # Whose roots scipy finds complex, or not at all.
        padded = measures.frechet_distance(one, other)
        assert np.isfinite(padded)
        assert padded > 0
        constant = np.zeros((6, 40))
        expected = np.var(one, axis=0, ddof=1).sum()
        expected += (one.mean(axis=0) ** 2).sum()
        got = measures.frechet_distance(constant, one)
        assert got == pytest.approx(expected)

    def test_falls_with_the_number_of_rows(self, rng):
        few, many = (
            measures.frechet_distance(*rng.normal(size=(2, n, 10)))
            for n in (40, 4000)
        )
        assert many < few / 20

    def test_one_row_and_other_widths_are_refused(self):
        with pytest.raises(ValueError, match="at least 2 rows"):
            measures.frechet_distance(np.zeros((1, 2)), np.zeros((5, 2)))
        with pytest.raises(ValueError, match="same width"):
            measures.frechet_distance(np.zeros((5, 3)), np.zeros((5, 2)))


class TestPrecisionRecall:
    def test_is_that_of_the_definition(self, rng):
        real = rng.normal(size=(30, 3))
        generated = rng.normal(size=(20, 3)) * 1.5 + 0.5
        k = 3

        def covered(manifold, points):
            # Eq. 1 of Kynkaanniemi et al. (2019), one by one.
            inside = 0
            for point in points:
                for i, member in enumerate(manifold):
                    others = np.delete(manifold, i, axis=0)
                    far = np.sort(np.linalg.norm(others - member, axis=1))
                    if np.linalg.norm(point - member) <= far[k - 1]:
                        inside += 1
                        break
            return inside / len(points)

        got = measures.precision_recall(real, generated, k=k)
        assert got.precision == covered(real, generated)
        assert got.recall == covered(generated, real)
        assert 0 < got.precision < 1

    def test_one_corner_of_the_real_is_precise_but_recalls_little(self, rng):
        real = rng.uniform(size=(400, 2))
        corner = rng.uniform(size=(400, 2)) * 0.3 + 0.05
        got = measures.precision_recall(real, corner)
        assert got.precision > 0.9
        assert got.recall < 0.25

    def test_far_away_is_neither(self, rng):
        one, other = rng.normal(size=(2, 10, 2))
        assert measures.precision_recall(one, other + 100) == (0, 0)


class TestDiversity:
    def test_is_the_mean_over_pairs(self, rng):
        features = rng.normal(size=(9, 4))
        pairs = [
            np.linalg.norm(features[i] - features[j])
            for i in range(9)
            for j in range(i)
        ]
        got = measures.diversity(features)
        assert got == pytest.approx(np.mean(pairs), rel=1e-12)

    def test_of_one_drawing_again_and_again_it_is_0(self):
        assert measures.diversity(np.full((5, 3), 1e6)) == 0


class TestNearDuplicates:
    def test_a_copy_is_one_however_large_and_however_many_points(
        self, doodle_sketches
    ):
        known = inks.paths(doodle_sketches[:30])
        copies = [
            strokes.polylines_to_stroke3(
                [
                    3.5 * np.repeat(line, 2, axis=0)
                    for line in strokes.stroke3_to_polylines(sketch)
                ]
            )
            for sketch in doodle_sketches[:30]
        ]
        paths = inks.paths(copies)
        assert measures.near_duplicates(paths, known, within=0.001) == 1

    def test_other_drawings_are_none(self, doodle_sketches):
        paths = inks.paths(doodle_sketches)
        drawn, known = paths[:20], paths[20:]
        apart = (drawn[:, None] - known[None]).reshape(20, -1, 64, 2)
        # Root mean squares of the distances of points.
        apart = np.sqrt((apart**2).sum(axis=-1).mean(axis=-1)).min(axis=1)
        for within in (0.05, np.median(apart), 1.0):
            found = measures.near_duplicates(drawn, known, within=within)
            assert found == (apart <= within).mean()
        assert 0 < (apart <= np.median(apart)).mean() < 1

    def test_nearest_is_the_least_distance_over_all_parts(self, rng):
        one, other = rng.normal(size=(3, 2)), rng.normal(size=(5000, 2))
        expected = [np.linalg.norm(other - row, axis=1).min() for row in one]
        assert measures.nearest(one, other) == pytest.approx(expected)
        itself = measures.nearest(other[[0, 2047, 2048, 4999]], other)
        assert itself == pytest.approx(0, abs=1e-7)


class TestWassersteinDistance:
    def test_is_scipys(self, rng):
        one, other = rng.integers(0, 9, 50), rng.normal(3, 2, 70)
        assert measures.wasserstein_distance(one, other) == pytest.approx(
            stats.wasserstein_distance(one, other), rel=1e-12
        )

    def test_of_as_many_it_is_the_mean_difference_in_order(self, rng):
        one, other = rng.normal(size=(2, 40))
        expected = np.abs(np.sort(one) - np.sort(other)).mean()
        got = measures.wasserstein_distance(one, other)
        assert got == pytest.approx(expected, rel=1e-12)

    def test_nothing_to_compare_is_refused(self):
        with pytest.raises(ValueError, match="got 0 and 1"):
            measures.wasserstein_distance([], [1])


def test_points_and_strokes_are_counted_as_polylines_are(doodle_sketches):
    empty = np.zeros((0, 3))
    points, runs = inks.points_and_strokes([*doodle_sketches, empty])
    assert points.tolist() == [*map(len, doodle_sketches), 0]
    expected = [len(strokes.stroke3_to_polylines(s)) for s in doodle_sketches]
    assert runs.tolist() == [*expected, 0]
