import numpy as np
import pytest

from benchmarks import class_conditioning, doodle_arithmetic, judge
from sketch_rnn_tf import doodles
from sketch_rnn_tf.experiments import judge as judge_lib


@pytest.fixture(scope="module")
def briefly_trained():
    return judge.train(seed=0, count=200, epochs=4)


@pytest.mark.slow
def test_a_brief_training_separates_held_out_doodles(briefly_trained):
    right = judge.accuracy(briefly_trained, count=60)
    assert right.shape == (5,)
    assert right.min() > 0.6  # chance is 0.2


@pytest.mark.slow
def test_the_same_seed_trains_the_same_judge():
    sketches, _ = judge.examples(4, seed=judge.HELD_OUT_SEED)
    first, again, other = (
        judge.train(seed=seed, count=16, epochs=1).probabilities(sketches)
        for seed in (1, 1, 2)
    )
    np.testing.assert_allclose(first.sum(axis=1), 1, rtol=1e-5)
    np.testing.assert_array_equal(first, again)
    assert np.abs(first - other).max() > 1e-3


def test_classes_are_what_the_drawers_say():
    _, labels = judge.examples(20, seed=0)
    assert set(labels[:20]) == {0, 1}
    assert set(labels[20:40]) == {2, 3}
    assert set(labels[40:]) == {4}
    cat = doodles.draw("cat", seed=3)
    expected = "full cat" if cat.factors.full_body else "cat head"
    assert judge.CLASSES[judge.class_of(cat)] == expected


def test_a_picture_ignores_scale_and_how_lines_are_cut():
    square = np.array([[4, 0, 0], [0, 4, 0], [-4, 0, 0], [0, -4, 1]])
    halves = np.repeat(square, 2, axis=0) * [0.5, 0.5, 1]
    halves[-2, 2] = 0
    for same in (square * [9, 9, 1], halves):
        np.testing.assert_array_equal(
            judge_lib.picture(square), judge_lib.picture(same)
        )
    assert 0.05 < judge_lib.picture(square).mean() < 0.3


@pytest.mark.slow
def test_nothing_drawn_can_be_judged(briefly_trained):
    empty, dot = np.zeros((0, 3)), np.array([[0, 0, 1]])
    assert np.isfinite(briefly_trained.probabilities([empty, dot])).all()


def test_deforming_keeps_most_of_a_doodle():
    rng = np.random.default_rng(0)
    sketch = doodles.draw("pig", seed=1).stroke3
    for _ in range(50):
        worse = judge_lib.deformed(sketch, rng)
        assert len(sketch) / 2 < len(worse) <= len(sketch)
        assert worse[-1, 2] == 1


@pytest.mark.parametrize(
    "curve, expected",
    [
        ([0.0, 0.5, 0.4, 1.0], True),
        ([0.0, 0.5, 0.3, 1.0], False),  # falls
        ([0.0, 0.2, 0.5, 0.65], False),  # does not rise enough
        ([0.4, 0.6, 0.8, 1.0], False),
    ],
)
def test_an_interpolation_holds_if_steady_and_high(curve, expected):
    assert doodle_arithmetic.holds(np.array(curve)) is expected


def test_the_command_says_a_missing_model_in_one_line(capsys):
    assert doodle_arithmetic.main(["--model", "nowhere"]) == 2
    assert capsys.readouterr().err.count("\n") == 1


class _Reader:
    """Takes n points in one place for the n-th word, all else for a cat."""

    words = doodles.KINDS

    def classes(self, sketches):
        cat = self.words.index("cat")
        return np.array([cat if np.any(s) else len(s) for s in sketches])


def test_samples_are_counted_by_the_word_asked_for():
    cat, pig = doodles.KINDS.index("cat"), doodles.KINDS.index("pig")
    drawn = [
        [np.zeros((cat, 3))] * 3 + [np.zeros((pig, 3))],
        [np.zeros((pig, 3))] * 4,
    ]
    rows = class_conditioning.table(_Reader(), ("cat", "pig"), drawn, 0.3)
    found = {row.name: row for row in rows}
    assert found["cat, tau 0.3: recognised"].value == 0.75
    assert found["cat, tau 0.3: recognised"].ratio == pytest.approx(0.75 / 0.8)
    assert found["cat, tau 0.3: of other words"].value == 0
    assert found["pig, tau 0.3: recognised"].value == 1
    # Real pigs are not recognised: there is no bar.
    assert found["pig, tau 0.3: real ones"].value == 0
    assert found["pig, tau 0.3: recognised"].ratio is None
    assert found["pig, tau 0.3: of other words"].value == 0.25
    assert found["all words, tau 0.3: recognised"].value == 0.875


def test_models_without_classes_are_refused(work_dir, capsys):
    ask = ["--model", str(work_dir)]
    assert class_conditioning.main(ask) == 2
    assert "class-conditioned one" in capsys.readouterr().err
