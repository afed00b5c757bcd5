"""deformation: the same drawings, a little worse."""

import numpy as np
import pytest

from sketch_rnn_tf import doodles
from sketch_rnn_tf.quality import deformation, inks


@pytest.fixture(scope="module")
def fitted():
    drawn = [
        doodles.draw(kind, seed=seed).stroke3
        for seed in range(20)
        for kind in doodles.KINDS
    ]
    return inks.fitted(inks.of(drawn))


def _deformed(fitted, seed):
    return deformation.deformed(fitted, np.random.default_rng(seed))


def test_the_same_seed_gives_the_same(fitted):
    one, two, other = (_deformed(fitted, seed) for seed in (1, 1, 2))
    assert np.array_equal(one.points, two.points)
    assert not np.array_equal(one.points[:50], other.points[:50])


def test_no_drawing_is_lost_and_none_is_far_from_itself(fitted):
    got = _deformed(fitted, 0)
    assert np.array_equal(np.unique(got.drawings), np.arange(fitted.count))
    assert (np.diff(got.drawings) >= 0).all()
    assert np.isfinite(got.points).all()
    pictures = [
        inks.pictures(inks.sampled(inks.fitted(found), 96), 12)[..., 0]
        for found in (fitted, got)
    ]
    before, after = (p.reshape(len(p), -1) for p in pictures)
    apart = np.linalg.norm(before[:, None] - after[None], axis=-1)
    # Doodles of a kind are alike, and nearest to one another.
    kind = np.arange(fitted.count) % len(doodles.KINDS)
    assert (kind[apart.argmin(axis=0)] == kind).mean() > 0.95
    assert np.diag(apart).min() > 0


def test_strokes_are_left_out_of_drawings_of_three_or_more(fitted):
    counts = np.bincount(fitted.drawings, minlength=fitted.count)
    lost = np.zeros(fitted.count)
    for seed in range(30):
        got = _deformed(fitted, seed)
        lost += counts - np.bincount(got.drawings, minlength=fitted.count)
    assert (lost[counts < 3] == 0).all()
    # A rate that is drawn from 0 to 0.1.
    share = lost[counts >= 3].sum() / (30 * counts[counts >= 3].sum())
    assert share == pytest.approx(0.05, abs=0.01)


def test_some_drawings_have_their_strokes_in_another_order(fitted):
    # Strokes keep their sizes: without a loss only the order may differ.
    changed = same = 0
    for seed in range(10):
        got = _deformed(fitted, seed)
        for drawing in range(fitted.count):
            before, after = (
                np.diff(found.strokes)[found.drawings == drawing].tolist()
                for found in (fitted, got)
            )
            if len(before) > 2 and sorted(before) == sorted(after):
                changed += before != after
                same += before == after
    assert 0.02 < changed / (changed + same) < 0.15
