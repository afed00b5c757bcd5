"""checkpoints: always one that can be read, and nothing left over."""

import json
import math
import pathlib

import numpy as np
import pytest
import tensorflow as tf

from sketch_rnn_tf.model import vae
from sketch_rnn_tf.training import checkpoints


@pytest.fixture
def make(tiny_config):
    """Returns a function that makes a compiled model and its checkpoints."""

    def make(directory, seed=0):
        config = tiny_config.replace(conditional=False, seed=seed)
        model = vae.SketchRNN(config)
        model.compile()
        return model, checkpoints.Checkpoints(model, directory)

    return make


def _save(model, made, *steps):
    if not model.optimizer.built:
        model.optimizer.build(model.trainable_variables)
    for step in steps:
        model.optimizer.iterations.assign(step)
        model.weights[0].assign(tf.fill(model.weights[0].shape, float(step)))
        made.save()


def _names(directory):
    return sorted(path.name for path in directory.iterdir())


KEPT_20_30 = [
    "checkpoint",
    "ckpt-20.data-00000-of-00001",
    "ckpt-20.index",
    "ckpt-30.data-00000-of-00001",
    "ckpt-30.index",
]


class TestSave:
    def test_keeps_the_last_two(self, make, tmp_path):
        model, made = make(tmp_path / "checkpoints")
        _save(model, made, 10, 20, 30)
        assert _names(tmp_path / "checkpoints") == KEPT_20_30
        path = tf.train.latest_checkpoint(str(tmp_path / "checkpoints"))
        assert path.endswith("/ckpt-30")

    def test_never_writes_a_step_again(self, make, tmp_path):
        model, made = make(tmp_path)
        _save(model, made, 10)
        before = {p: p.stat().st_ino for p in tmp_path.iterdir()}
        _save(model, made, 10)
        assert {p: p.stat().st_ino for p in tmp_path.iterdir()} == before

    def test_a_failure_keeps_the_last_one(self, make, tmp_path, monkeypatch):
        model, made = make(tmp_path)
        _save(model, made, 20, 30)
        before = {p.name: p.read_bytes() for p in tmp_path.iterdir()}

        def full(*_):
            raise OSError(28, "No space left on device")

        monkeypatch.setattr(checkpoints.partials, "sync", full)
        with pytest.raises(OSError, match=r"ckpt-40: No space left on device"):
            _save(model, made, 40)
        assert {p.name: p.read_bytes() for p in tmp_path.iterdir()} == before
        monkeypatch.undo()
        _save(model, made, 40)
        assert tf.train.latest_checkpoint(str(tmp_path)).endswith("ckpt-40")

    def test_is_on_disk_before_it_counts(self, make, tmp_path, monkeypatch):
        model, made = make(tmp_path)
        _save(model, made, 20)
        synced = []
        sync = checkpoints.partials.sync

        def noted(path):
            latest = tf.train.latest_checkpoint(str(tmp_path))
            synced.append((pathlib.Path(path).name, latest[-7:]))
            sync(path)

        monkeypatch.setattr(checkpoints.partials, "sync", noted)
        _save(model, made, 30)
        assert set(synced[:2]) == {
            ("ckpt-30.index", "ckpt-20"),
            ("ckpt-30.data-00000-of-00001", "ckpt-20"),
        }
        assert synced[2] == (tmp_path.name, "ckpt-20")
        assert synced[-1] == (tmp_path.name, "ckpt-30")


class TestRestore:
    def test_gives_weights_slots_and_step(self, make, tmp_path):
        model, made = make(tmp_path)
        _save(model, made, 10)
        for number, variable in enumerate(model.optimizer.variables[1:]):
            variable.assign(tf.fill(variable.shape, float(number)))
        _save(model, made, 20)
        other, again = make(tmp_path, seed=1)
        again.restore(tmp_path)
        assert again.step == 20
        pairs = zip(
            model.weights + model.optimizer.variables,
            other.weights + other.optimizer.variables,
            strict=True,
        )
        for one, two in pairs:
            np.testing.assert_array_equal(one.numpy(), two.numpy())

    def test_none_leaves_the_model_as_it_is(self, make, tmp_path):
        _, made = make(tmp_path / "checkpoints")
        made.restore(tmp_path / "checkpoints")
        assert made.step == 0

    def test_of_an_earlier_version(self, make, tmp_path):
        model, _ = make(tmp_path)
        model.optimizer.build(model.trainable_variables)
        model.optimizer.iterations.assign(7)
        old = tf.train.Checkpoint(model=model, optimizer=model.optimizer)
        manager = tf.train.CheckpointManager(old, str(tmp_path), 2)
        manager.save(7)
        _, made = make(tmp_path, seed=1)
        made.restore(tmp_path)
        assert made.step == 7
        assert made.interval.logs == {}

    def test_killed_before_the_first_was_named(self, make, tmp_path):
        model, made = make(tmp_path)
        _save(model, made, 10)
        (tmp_path / "checkpoint").unlink()
        _, again = make(tmp_path)
        again.restore(tmp_path)
        assert again.step == 10
        # It counts like any other.
        again.clean()
        assert "ckpt-10.index" in _names(tmp_path)

    def test_from_another_directory_only_reads(self, make, tmp_path):
        model, made = make(tmp_path / "shared")
        _save(model, made, 20, 30)
        other, elsewhere = make(tmp_path / "own")
        elsewhere.restore(tmp_path / "shared")
        _save(other, elsewhere, 40)
        assert _names(tmp_path / "shared") == KEPT_20_30
        assert "ckpt-40.index" in _names(tmp_path / "own")


class TestClean:
    # As seen after kills, of this module's and TensorFlow's writing.
    LEFT = (
        "ckpt-40_temp/part-00000-of-00001.data-00000-of-00001.tempstate123",
        "ckpt-40.data-00000-of-00001",
        "ckpt-40.index.tempstate123",
        "ckpt-10.index",
        "ckpt-10.data-00000-of-00001",
        "checkpoint.tmp0123abcd",
        ".partial-abc",
    )

    def test_removes_what_does_not_count(self, make, tmp_path):
        model, made = make(tmp_path)
        _save(model, made, 20, 30)
        for name in self.LEFT:
            (tmp_path / name).parent.mkdir(exist_ok=True)
            (tmp_path / name).write_text("")
        _, again = make(tmp_path)
        again.restore(tmp_path)
        assert again.step == 30
        again.clean()
        assert _names(tmp_path) == KEPT_20_30

    def test_leaves_what_is_not_ours(self, make, tmp_path):
        model, made = make(tmp_path)
        others = ["ckpt-best.index", "notes.txt", "my-ckpt-10.index"]
        for name in others:
            (tmp_path / name).write_text("")
        _save(model, made, 10, 20, 30)
        assert set(others) < set(_names(tmp_path))


class TestInterval:
    def _update(self, model, value):
        for metric in model.metrics:
            for variable in metric.variables:
                variable.assign(value)

    def test_goes_on_where_it_was_saved(self, make, tmp_path):
        model, made = make(tmp_path)
        interval = made.interval
        interval.begin(10)
        # No float32 but one has these digits.
        interval.logs = {"loss": float(np.float32(0.1)), "kl": 1 / 3}
        self._update(model, np.float32(2 / 3))
        interval.pause()
        seconds = interval.seconds
        _save(model, made, 15)
        other, again = make(tmp_path)
        again.restore(tmp_path)
        assert again.interval.logs == interval.logs
        self._update(other, 0.0)  # as Keras does
        again.interval.begin(15)
        assert again.interval.first_step == 10
        assert again.interval.seconds >= seconds
        for metric in other.metrics:
            for variable in metric.variables:
                assert variable.numpy() == np.float32(2 / 3)

    def test_after_its_end_a_new_one_begins(self, make, tmp_path):
        model, made = make(tmp_path)
        made.interval.begin(0)
        made.interval.logs = {"loss": 1.0}
        _save(model, made, 10)
        other, again = make(tmp_path)
        again.restore(tmp_path)
        again.interval.end()
        again.interval.begin(10)
        assert again.interval.first_step == 10
        assert again.interval.logs == {}
        assert again.interval.seconds < 1
        assert float(other.metrics[0].variables[0].numpy()) == 0

    def test_time_stands_still_in_a_pause(self, make, tmp_path, monkeypatch):
        now = [100.0]
        monkeypatch.setattr(checkpoints.time, "monotonic", lambda: now[0])
        interval = make(tmp_path)[1].interval
        interval.begin(0)
        now[0] += 3
        assert interval.seconds == 3
        interval.pause()
        now[0] += 50
        assert interval.seconds == 3
        assert json.loads(interval.serialize())["seconds"] == 3

    def test_keeps_what_is_not_a_number(self, make, tmp_path):
        interval = make(tmp_path)[1].interval
        interval.logs = {"loss": math.nan, "kl": math.inf}
        other = make(tmp_path)[1].interval
        other.deserialize(interval.serialize())
        assert math.isnan(other.logs["loss"]) and other.logs["kl"] == math.inf
