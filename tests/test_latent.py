"""latent: every way between vectors, what it promises at its edges."""

import subprocess
import sys
import tracemalloc

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st
from hypothesis.extra import numpy as hnp

from sketch_rnn_tf import latent

VECTORS = hnp.arrays(
    np.float32,
    5,
    elements=st.floats(-100, 100, width=32, allow_subnormal=False),
)


def _unit(vector):
    return vector / np.linalg.norm(vector)


@settings(max_examples=50)
@given(VECTORS, VECTORS)
def test_both_ways_have_exact_ends(a, b):
    for way in (latent.lerp, latent.slerp):
        ends = way(a, b, [0.0, 1.0])
        assert ends.dtype == np.float32
        np.testing.assert_array_equal(ends, [a, b])


@settings(max_examples=50)
@given(VECTORS, VECTORS, st.floats(0, 1))
def test_the_norm_of_slerp_is_linear(a, b, t):
    norm = np.linalg.norm(latent.slerp(a, b, t).astype(np.float64))
    want = (1 - t) * np.linalg.norm(a.astype(np.float64))
    want += t * np.linalg.norm(b.astype(np.float64))
    # float32's rounding of the result.
    assert norm == pytest.approx(want, rel=1e-6, abs=1e-30)


@settings(max_examples=50)
@given(VECTORS, VECTORS)
def test_slerp_turns_evenly_and_has_no_jumps(a, b):
    way = latent.slerp(a, b, np.linspace(0, 1, 101)).astype(np.float64)
    steps = np.linalg.norm(np.diff(way, axis=0), axis=1)
    # In float64, as float32 squares of small numbers vanish.
    longest = np.linalg.norm(np.float64([a, b]), axis=1).max()
    # The half turn in 100 steps, and the change of the norm.
    assert steps.max() <= 1.001 * 2 * np.pi * longest / 100 + 1e-30


def test_slerp_follows_its_equation():
    a, b = np.random.default_rng(0).normal(size=(2, 8))
    a, b, t = _unit(a), _unit(b), 0.3
    w = np.arccos(a @ b)
    want = (np.sin((1 - t) * w) * a + np.sin(t * w) * b) / np.sin(w)
    np.testing.assert_allclose(latent.slerp(a, b, t), want, rtol=1e-6)


def test_slerp_of_opposite_vectors_keeps_to_the_sphere():
    a = np.float32([0.5, -3.0, 0.1, 1.0])
    middle = latent.slerp(a, -a, 0.5)
    assert np.linalg.norm(middle) == pytest.approx(np.linalg.norm(a), rel=1e-6)
    assert middle @ a == pytest.approx(0, abs=1e-5)
    assert np.argmax(np.abs(middle)) == 2  # the axis that a has least of
    np.testing.assert_array_equal(middle, latent.slerp(a, -a, 0.5))


def test_slerp_of_parallel_and_zero_vectors_is_lerp():
    a, zero = np.float32([1, 2, 2]), np.zeros(3)
    t = np.linspace(0, 1, 5)
    for b in (a, 4 * a, zero):
        np.testing.assert_allclose(
            latent.slerp(a, b, t), latent.lerp(a, b, t), rtol=1e-6
        )
    np.testing.assert_allclose(latent.slerp(zero, a, 0.5), a / 2)
    np.testing.assert_array_equal(latent.slerp(zero, zero, 0.5), zero)


def test_leading_axes_are_pairs_of_their_own():
    a, b = np.random.default_rng(1).normal(size=(2, 2, 3, 6))
    b[1, 2] = -a[1, 2]
    t = [0.0, 0.25, 1.0]
    for way in (latent.lerp, latent.slerp):
        made = way(a, b, t)
        assert made.shape == (3, 2, 3, 6)
        for row in np.ndindex(2, 3):
            for number, one in zip(t, made, strict=True):
                single = way(a[row], b[row], number)
                np.testing.assert_allclose(one[row], single, rtol=1e-6)


@pytest.mark.parametrize("method", latent.METHODS)
def test_a_grid_has_its_corners_and_paths_for_edges(method):
    corners = np.random.default_rng(2).normal(size=(4, 7)).astype(np.float32)
    made = latent.grid(corners, 3, 5, method)
    assert made.shape == (3, 5, 7)
    found = made[[0, 0, -1, -1], [0, -1, 0, -1]]
    np.testing.assert_array_equal(found, corners)
    for edge, ends in (
        (made[0], corners[:2]),
        (made[-1], corners[2:]),
        (made[:, 0], corners[::2]),
        (made[:, -1], corners[1::2]),
    ):
        want = latent.path(*ends, len(edge), method)
        np.testing.assert_allclose(edge, want, rtol=1e-6)
    if method == "lerp":
        np.testing.assert_allclose(made[1, 2], corners.mean(axis=0), atol=1e-6)


def test_an_analogy_adds_and_subtracts():
    a, b, c = np.random.default_rng(3).normal(size=(3, 4)).astype(np.float32)
    made = latent.analogy([a, b], [c])
    np.testing.assert_allclose(made, a + b - c, rtol=1e-5)
    np.testing.assert_array_equal(latent.analogy([a]), a)


def test_a_loop_closes_as_smoothly_as_it_goes():
    made = latent.loop(128, 60, seed=4)
    steps = np.linalg.norm(made - np.roll(made, -1, axis=0), axis=1)
    assert steps[-1] < 1.2 * steps[:-1].max()
    cosines = np.cos(2 * np.pi / 60 * np.arange(1, 4))
    want = np.sqrt(2 * 128 * (1 - cosines.mean()))
    assert np.sqrt(np.mean(steps**2)) == pytest.approx(want, rel=0.1)
    np.testing.assert_array_equal(made, latent.loop(128, 60, seed=4))
    assert (made != latent.loop(128, 60, seed=5)).all()


def test_each_vector_of_a_loop_is_of_the_prior():
    first = np.random.default_rng(5).normal(size=(400, 16))
    for starts in ([None] * 400, first):
        walks = np.array(
            [latent.loop(16, 9, i, start) for i, start in enumerate(starts)]
        )
        # 6,400 numbers at each step.
        np.testing.assert_allclose(walks.mean(axis=(0, 2)), 0, atol=0.05)
        np.testing.assert_allclose(walks.std(axis=(0, 2)), 1, atol=0.05)
    np.testing.assert_array_equal(walks[:, 0], first.astype(np.float32))


def test_nearest_finds_what_a_plain_search_finds(monkeypatch):
    monkeypatch.setattr(latent, "_CHUNK", 100)  # two queries at once
    rng = np.random.default_rng(6)
    z, others = rng.normal(size=(7, 5)) + 1e3, rng.normal(size=(50, 5)) + 1e3
    z[0], others[9] = others[3], others[3]
    indexes, distances = latent.nearest(z, others, 4)
    all_distances = np.linalg.norm(z[:, None] - others, axis=2)
    want = np.argsort(all_distances, axis=1, kind="stable")[:, :4]
    np.testing.assert_array_equal(indexes, want)
    np.testing.assert_allclose(
        distances, np.take_along_axis(all_distances, want, 1), rtol=1e-6
    )
    assert indexes[0, :2].tolist() == [3, 9]


def test_nearest_needs_no_memory_for_all_differences():
    others = np.random.default_rng(7).normal(size=(20_000, 32))
    tracemalloc.start()
    latent.nearest(others[:1000], others, 3)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    # All differences would be 5 GB, all distances 160 MB.
    assert peak < 60e6


@pytest.mark.parametrize(
    "count, noise, least", [(500, 1.0, 0.92), (150, 0.1, 0.99), (32, 0.1, 0.6)]
)
@pytest.mark.parametrize("labels", [False, True])
def test_a_planted_direction_is_found(count, noise, least, labels):
    rng = np.random.default_rng(8)
    planted = _unit(rng.normal(size=64))
    z = rng.normal(size=(count, 64)) + 3.0
    ratings = 50 + 10 * (z @ planted + noise * rng.normal(size=count))
    if labels:
        ratings = ratings > np.median(ratings)
        # A threshold leaves less, where there is little to begin with.
        least = {500: 0.8, 150: 0.7, 32: 0.4}[count]
    found = latent.direction(z, ratings)
    assert found.dtype == np.float32
    assert np.linalg.norm(found) == pytest.approx(1, rel=1e-6)
    assert found @ planted > least
    better, worse = latent.moved(z[0], found, [2.0, -2.0])
    assert better @ planted > z[0] @ planted > worse @ planted


def test_two_vectors_have_the_direction_between_them():
    a, b = np.random.default_rng(9).normal(size=(2, 6))
    found = latent.direction([a, b, a, b], [1, 5, 1, 5])
    np.testing.assert_allclose(found, _unit(b - a), rtol=1e-5)


def test_a_move_is_as_long_as_its_strength():
    z = np.random.default_rng(10).normal(size=(2, 3, 4))
    made = latent.moved(z, [0, 0, 5.0, 0], [1.5, -3])
    assert made.shape == (2, 2, 3, 4)
    np.testing.assert_allclose(
        np.linalg.norm(made - z, axis=-1), [[[1.5] * 3] * 2, [[3] * 3] * 2]
    , rtol=1e-5)  # fmt: skip


ONE, TWO = np.ones(3), np.ones((2, 3))
BAD = np.array([1.0, np.nan, 0.0])


@pytest.mark.parametrize(
    "call, message",
    [
        (
            lambda: latent.lerp(ONE, np.ones(4), 0),
            r"shape of a, \[3\], got \[4",
        ),
        (lambda: latent.lerp(ONE, BAD, 0), "b: expected finite numbers"),
        (lambda: latent.lerp(1.0, 1.0, 0), r"expected shape \[..., Z\], got"),
        (lambda: latent.lerp(ONE, ONE, np.nan), "t: expected a finite number"),
        (lambda: latent.slerp(ONE, ONE, [0, 1.5]), "t: expected 0 to 1, got 0"),
        (lambda: latent.slerp([1.0], [-1.0], 0), "expected Z > 1"),
        (lambda: latent.path(ONE, ONE, 1), "steps: expected at least 2, got 1"),
        (lambda: latent.path(TWO, TWO, 3), r"a: expected shape \[Z\], got \[2"),
        (lambda: latent.path(ONE, ONE, 3, "x"), "slerp or lerp, got 'x'"),
        (lambda: latent.grid(TWO, 2, 2), "expected 4 vectors, got 2"),
        (lambda: latent.grid(np.ones((4, 2)), 2, 1), "columns: .* 2, got 1"),
        (lambda: latent.analogy([]), r"plus: expected shape \[N, Z\], got"),
        (lambda: latent.analogy(TWO, [np.ones(2)]), r"\[N, 3\], got \[1, 2\]"),
        (lambda: latent.loop(3, 6, 0), "steps: expected at least 7, got 6"),
        (lambda: latent.loop(4, 9, 0, ONE), r"start: expected shape \[4\]"),
        (lambda: latent.nearest(TWO, TWO, 3), "count: expected 1 to 2, got 3"),
        (lambda: latent.nearest(TWO, np.ones((5, 4))), r"others: .*\[N, 3\]"),
        (lambda: latent.direction(TWO, [1, 2, 3]), r"\[2\], got \[3\]"),
        (lambda: latent.direction(TWO, [4, 4]), "that differ, got only 4"),
        (lambda: latent.direction(TWO, [1, 2]), "that go with z, got none"),
        (lambda: latent.direction(TWO, [1, np.nan]), "ratings: .* finite"),
        (lambda: latent.moved(TWO, np.zeros(3), 1), "that is not zero"),
        (lambda: latent.moved(TWO, ONE, "x"), "could not convert"),
    ],
)
def test_what_is_wrong_is_said_in_one_line(call, message):
    with pytest.raises(ValueError, match=message) as raised:
        call()
    assert "\n" not in str(raised.value)


def test_tensorflow_stays_unloaded():
    code = (
        "import sys, sketch_rnn_tf.latent; print('tensorflow' in sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "False"


def test_a_direction_has_nothing_of_dimensions_that_hardly_vary():
    rng = np.random.default_rng(0)
    z = rng.standard_normal([400, 6])
    # As the means of dimensions that a model leaves unused do.
    z[:, 3:] *= 0.003
    ratings = z[:, 0] + 200 * z[:, 3] + 0.3 * rng.standard_normal(400)
    found = latent.direction(z, ratings)
    assert found[0] > 0.98
    assert np.abs(found[3:]).max() < 0.1
