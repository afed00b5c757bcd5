import dataclasses
import hashlib
import subprocess
import sys

import numpy as np
import pytest

from sketch_rnn_tf import doodles, strokes

NUM_SEEDS = 60


@pytest.fixture(scope="module")
def drawn():
    return {
        kind: [doodles.draw(kind, seed=seed) for seed in range(NUM_SEEDS)]
        for kind in doodles.KINDS
    }


def _first_turn(doodle):
    """Twice the signed area of the first stroke; positive is clockwise."""
    x, y = strokes.stroke3_to_polylines(doodle.stroke3)[0].T
    return (x * np.roll(y, -1) - y * np.roll(x, -1)).sum()


def test_kinds_are_alphabetical_lower_case_and_ten():
    assert list(doodles.KINDS) == sorted(set(doodles.KINDS))
    assert len(doodles.KINDS) == 10
    assert all(kind == kind.lower() for kind in doodles.KINDS)
    assert {"cat", "pig"} <= set(doodles.KINDS)


@pytest.mark.parametrize("kind", doodles.KINDS)
def test_doodles_are_valid_concise_int16_stroke3(drawn, kind):
    for doodle in drawn[kind]:
        stroke3 = doodle.stroke3
        strokes.validate_stroke3(stroke3)
        assert doodle.kind == kind
        assert stroke3.dtype == np.int16
        assert len(stroke3) <= doodles.MAX_POINTS
        assert stroke3[-1, 2] == 1
        assert stroke3[:, :2].any(axis=1).all()  # no offset of length zero


@pytest.mark.parametrize("kind", doodles.KINDS)
def test_every_stroke_has_two_points_or_more(drawn, kind):
    for doodle in drawn[kind]:
        polylines = strokes.stroke3_to_polylines(doodle.stroke3)
        assert min(len(polyline) for polyline in polylines) >= 2


def test_mean_length_is_about_35(drawn):
    lengths = [len(d.stroke3) for kind in drawn.values() for d in kind]
    assert 30 <= np.mean(lengths) <= 40


@pytest.mark.parametrize("kind", doodles.KINDS)
def test_size_is_the_longer_side_and_fits_the_box(drawn, kind):
    for doodle in drawn[kind]:
        left, top, right, bottom = strokes.bounds(doodle.stroke3)
        assert doodle.factors.size == max(right - left, bottom - top)
        assert 120 <= doodle.factors.size <= 255


@pytest.mark.parametrize("kind", doodles.KINDS)
def test_same_seed_gives_the_same_doodle(drawn, kind):
    again = doodles.draw(kind, seed=np.int64(7))
    np.testing.assert_array_equal(again.stroke3, drawn[kind][7].stroke3)
    assert again.factors == drawn[kind][7].factors


@pytest.mark.parametrize("kind", doodles.KINDS)
def test_seeds_vary_the_drawing_its_length_and_direction(drawn, kind):
    assert len({d.stroke3.tobytes() for d in drawn[kind]}) == NUM_SEEDS
    assert len({len(d.stroke3) for d in drawn[kind]}) > 3
    assert len({d.factors.num_parts for d in drawn[kind]}) > 1
    turns = np.sign([_first_turn(d) for d in drawn[kind]])
    assert {-1, 1} <= set(turns)


def test_cats_and_pigs_come_with_and_without_a_body(drawn):
    for kind in ("cat", "pig"):
        whole = [d.factors.full_body for d in drawn[kind]]
        assert 0.3 < np.mean(whole) < 0.7
        for doodle in drawn[kind]:
            legs = (2, 4) if doodle.factors.full_body else (0,)
            assert doodle.factors.num_legs in legs


def test_a_full_body_is_drawn_below_the_head(drawn):
    for kind in ("cat", "pig"):
        for doodle in drawn[kind]:
            polylines = strokes.stroke3_to_polylines(doodle.stroke3)
            head_bottom = polylines[0][:, 1].max()
            height = np.ptp(np.concatenate(polylines)[:, 1])
            below = strokes.bounds(doodle.stroke3)[3] - head_bottom
            assert (below > 0.2 * height) == doodle.factors.full_body


@pytest.mark.parametrize("kind", doodles.KINDS)
def test_factors_are_plain_numbers_in_their_ranges(drawn, kind):
    eyes = {"cat": 2, "face": 2, "fish": 1, "pig": 2, "snowman": 2}
    for doodle in drawn[kind]:
        factors = doodle.factors
        for field in dataclasses.fields(factors):
            assert type(getattr(factors, field.name)) is field.type
        assert factors.num_eyes == eyes.get(kind, 0)
        if kind not in ("cat", "pig"):
            assert not factors.full_body
            assert factors.num_legs == 0
        assert 0 <= factors.num_parts <= 8
        assert abs(factors.slant) <= 0.15
        assert 1 <= factors.wobble <= 4


def test_factors_are_described_one_by_one():
    fields = [field.name for field in dataclasses.fields(doodles.Factors)]
    assert list(doodles.FACTORS) == fields


def test_fewer_parts_make_shorter_faces(drawn):
    parts = [d.factors.num_parts for d in drawn["face"]]
    lengths = [len(d.stroke3) for d in drawn["face"]]
    assert np.corrcoef(parts, lengths)[0, 1] > 0.5


def test_unknown_kind_is_an_error():
    with pytest.raises(ValueError, match="expected one of car, .* got 'dgo'"):
        doodles.draw("dgo", seed=0)


def test_negative_seed_is_an_error():
    with pytest.raises(ValueError, match="from 0 on, got -1"):
        doodles.draw("cat", seed=-1)


def test_a_fresh_process_draws_the_same_without_tensorflow():
    script = (
        "import hashlib, sys; from sketch_rnn_tf import doodles\n"
        "assert 'tensorflow' not in sys.modules\n"
        "print(hashlib.sha256(b''.join(doodles.draw(k, seed=3).stroke3"
        ".tobytes() for k in doodles.KINDS)).hexdigest())"
    )
    done = subprocess.run(
        [sys.executable, "-c", script],
        check=True,
        capture_output=True,
        text=True,
    )
    here = b"".join(
        doodles.draw(kind, seed=3).stroke3.tobytes() for kind in doodles.KINDS
    )
    assert done.stdout.strip() == hashlib.sha256(here).hexdigest()
