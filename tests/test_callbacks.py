"""callbacks: when a training saves, validates and stops."""

import math
import pathlib
import signal
import types

import pytest

from sketch_rnn_tf import presets
from sketch_rnn_tf.training import callbacks, interruption

CONFIG = presets.preset("tiny").replace(steps=100, validate_every=30)


class _Checkpoints:
    """Stands in for what writes to disk."""

    def __init__(self):
        self.step = 0
        self.saved = []
        self.interval = types.SimpleNamespace(
            logs={}, begin=lambda step: None, pause=lambda: None
        )

    def save(self):
        self.saved.append((self.step, self.interval.logs.get("loss")))


@pytest.fixture
def clock(monkeypatch):
    """Returns a list of one number, the time in seconds."""
    now = [1000.0]
    monkeypatch.setattr(callbacks.time, "monotonic", lambda: now[0])
    return now


@pytest.fixture
def steps(clock):
    made = callbacks.Steps(
        _Checkpoints(),
        interruption.Watch(),
        pathlib.Path("work"),
        max_minutes=60,
        checkpoint_minutes=5,
    )
    made.set_model(types.SimpleNamespace(config=CONFIG, stop_training=False))
    return made


def _do(steps, step, **logs):
    """Does a step; returns whether the interval ends with it."""
    steps.checkpoints.step = step - 1
    steps.on_epoch_begin(0)
    given = {"loss": 1.0 / step, "bad_term": -1.0, **logs}
    if given["bad_term"] < 0:
        steps.checkpoints.step = step
    steps.on_train_batch_end(0, given)
    assert "bad_term" not in given
    return steps.model.stop_training


@pytest.mark.parametrize(
    ("step", "due"),
    [(1, False), (29, False), (30, True), (60, True), (99, False), (100, True),
     (101, True)],
)  # fmt: skip
def test_a_validation_is_due_by_the_step_alone(step, due):
    assert callbacks.is_due(step, CONFIG) == due


def test_an_interval_ends_where_it_is_due(steps):
    assert [step for step in range(1, 101) if _do(steps, step)] == [
        30, 60, 90, 100,
    ]  # fmt: skip
    # Each has been saved, with what the step reported.
    assert steps.checkpoints.saved == [
        (step, 1.0 / step) for step in (30, 60, 90, 100)
    ]


def test_training_goes_on_after_a_validation_until_the_last(steps):
    _do(steps, 30)
    steps.on_epoch_end(0, {"bad_term": -1.0})
    assert not steps.model.stop_training
    _do(steps, 100)
    steps.on_epoch_end(0, {})
    assert steps.model.stop_training


def test_saves_by_the_clock(steps, clock):
    for step in range(1, 26):
        clock[0] += 60
        assert not _do(steps, step)
    assert [step for step, _ in steps.checkpoints.saved] == [5, 10, 15, 20, 25]


def test_a_validation_sets_the_clock_back(steps, clock):
    for step in range(27, 36):
        clock[0] += 60
        _do(steps, step)
    # After 30 the next one is due in five minutes.
    assert [step for step, _ in steps.checkpoints.saved] == [30, 35]


def test_stops_when_time_is_out(steps, clock):
    assert not _do(steps, 7)
    clock[0] += 3601
    assert _do(steps, 8)
    assert steps.checkpoints.saved == [(8, 1 / 8)]
    steps.on_epoch_end(0, {})
    assert steps.model.stop_training


def test_stops_when_told_to_once_the_step_is_saved(steps):
    steps.watch.signum = signal.SIGTERM
    with pytest.raises(interruption.Interrupted, match="SIGTERM at step 7 of"):
        _do(steps, 7)
    assert steps.checkpoints.saved == [(7, 1 / 7)]


def test_a_signal_that_comes_while_saving_waits_for_the_next_step(steps):
    save = steps.checkpoints.save

    def interrupted():
        save()
        steps.watch.signum = signal.SIGINT

    steps.checkpoints.save = interrupted
    assert _do(steps, 30)
    # Which is one of the validation.
    with pytest.raises(interruption.Interrupted, match="Ctrl-C at step 30 of"):
        steps.on_test_batch_end(0, {})


@pytest.mark.parametrize(
    ("bad_term", "name"), [(0.0, "offset_loss"), (3.0, "gradient")]
)
def test_a_bad_step_keeps_the_last_good_one(steps, bad_term, name):
    _do(steps, 7)
    with pytest.raises(
        FloatingPointError, match=f"^step 8: {name} is not finite"
    ) as caught:
        _do(steps, 8, loss=math.nan, bad_term=bad_term)
    assert steps.checkpoints.saved == [(7, 1 / 7)]
    assert "--set learning_rate=0.0025" in str(caught.value)


@pytest.mark.parametrize(
    ("losses", "patience", "exhausted"),
    [
        ([], 1, False),
        ([1.0], 1, False),
        ([1.0, 2.0], 1, True),
        ([1.0, 2.0], 2, False),
        ([3.0, 1.0, 2.0, 1.5], 2, True),
        ([3.0, 1.0, 2.0, 0.5], 2, False),
        ([1.0, 2.0, 3.0], 0, False),
    ],
)
def test_patience(losses, patience, exhausted):
    rows = [{"val_loss": loss} for loss in losses]
    assert callbacks.EarlyStopping(rows, patience).exhausted == exhausted
