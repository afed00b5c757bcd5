"""training: what it writes, resuming, stopping, loading."""

import json
import math
import os
import resource
import shutil
import signal

import h5py
import numpy as np
import pytest
import tensorflow as tf

from benchmarks import survival
from sketch_rnn_tf import presets, strategies, strokes, training
from sketch_rnn_tf.generation import evaluation
from sketch_rnn_tf.model import vae
from sketch_rnn_tf.training import (
    callbacks,
    disk_space,
    interruption,
    work_directory,
)


@pytest.fixture(scope="module")
def fast_config(tiny_config):
    """Returns a configuration without an encoder, which halves the tracing."""
    return tiny_config.replace(conditional=False, steps=6, validate_every=3)


@pytest.fixture
def finished(work_dir, tmp_path):
    """Returns a copy of the trained work directory."""
    return shutil.copytree(work_dir, tmp_path / "work")


def _train(config, sketches, path, **options):
    return training.train(
        config, sketches[:15], sketches[15:], path, verbose=0, **options
    )


def _streamed(sketches):
    """Gives records as TFDS does."""
    spec = {"strokes": tf.TensorSpec([None, 5], tf.float32)}
    return tf.data.Dataset.from_generator(
        lambda: (
            {"strokes": strokes.stroke3_to_stroke5(sketch)}
            for sketch in sketches
        ),
        output_signature=spec,
    )


def _steps(path):
    return [row["step"] for row in work_directory.read_history(path)]


def _step(model):
    return int(model.optimizer.iterations.value.numpy())


def _weights(model):
    return [weight.numpy() for weight in model.weights]


def _interval(path):
    """Reads what the last checkpoint says of the steps since a validation."""
    reader = tf.train.load_checkpoint(str(path / "checkpoints"))
    (name,) = (
        name
        for name in reader.get_variable_to_shape_map()
        if name.startswith("interval/")
    )
    return json.loads(reader.get_tensor(name))


def _assert_same(one, other):
    """Compares two work directories bit for bit, but for times."""
    found = survival.compare(one, other)
    assert {name: wrong for name, (wrong, _) in found.items() if wrong} == {}
    assert all(count for _, count in found.values())


class _Killed(BaseException):
    """Stands for a SIGKILL, which nothing catches."""


def test_writes_a_whole_work_directory(work_dir):
    assert sorted(p.name for p in work_dir.iterdir()) == [
        "best.weights.h5",
        "checkpoints",
        "config.json",
        "history.csv",
        "logs",
    ]
    assert not list(work_dir.rglob(".partial*"))
    rows = work_directory.read_history(work_dir)
    assert [row["step"] for row in rows] == [10, 20]
    for row in rows:
        assert {"loss", "recon", "kl", "val_recon", "val_kl"} < set(row)
        assert row["sketches_per_second"] > 0
        assert all(map(math.isfinite, row.values()))
    assert rows[1]["val_loss"] < rows[0]["val_loss"]
    assert tf.train.latest_checkpoint(str(work_dir / "checkpoints")).endswith(
        "ckpt-20"
    )


def test_tensorboard_has_curves_and_pictures(work_dir):
    values = survival.events(work_dir)
    assert all(len(found) == 1 for found in values.values())
    for name in (
        "train/loss",
        "train/learning_rate",
        "train/kl_weight",
        "validation/loss",
        "pictures/drawings",
    ):
        assert {f"{name} at 10", f"{name} at 20"} < set(values)
    rows = work_directory.read_history(work_dir)
    for step, row in zip((10, 20), rows, strict=True):
        (loss,) = values[f"validation/loss at {step}"]
        tensor = tf.io.parse_tensor(loss, tf.float32)
        assert tensor.numpy() == np.float32(row["val_loss"])


def test_resumed_training_is_bit_identical(work_dir, doodle_sketches, tmp_path):
    config = work_directory.load_config(work_dir)
    path = tmp_path / "work"
    train, valid = doodle_sketches[:40], doodle_sketches[40:]
    # Ten batches of ten are two passes and a half.
    for steps in (10, 20):
        training.train(
            config.replace(steps=steps),
            train,
            valid,
            path,
            resume=steps == 20,
            verbose=0,
        )
    # The fixture has changed its best weights.
    shutil.copy(work_dir / "best.weights.h5", path)
    _assert_same(work_dir, path)
    assert _steps(path) == [10, 20]


@pytest.fixture(scope="module")
def straight(sketches, fast_config, tmp_path_factory):
    """Returns the work directory of a training that nothing stopped."""
    path = tmp_path_factory.mktemp("straight") / "work"
    _train(fast_config, sketches, path)
    return path


class TestSurvival:
    """Whatever stops it: resumed, it is as if nothing had happened."""

    @pytest.fixture
    def stop_at(self, monkeypatch):
        """Returns a function that plans a stop, before or after a call."""

        def stop_at(owner, name, action, *, call=1, after=False):
            original, calls = getattr(owner, name), []

            def stopping(*args, **kwargs):
                calls.append(name)
                if len(calls) == call and not after:
                    action()
                result = original(*args, **kwargs)
                if len(calls) == call and after:
                    action()
                return result

            monkeypatch.setattr(owner, name, stopping)

        yield stop_at
        monkeypatch.undo()

    def _kill(self):
        raise _Killed

    def test_in_the_midst_of_an_interval(
        self, straight, sketches, fast_config, tmp_path, stop_at
    ):
        path, options = tmp_path / "work", {"checkpoint_minutes": 0}
        steps = callbacks.Steps
        stop_at(steps, "on_train_batch_end", self._kill, call=5, after=True)
        with pytest.raises(_Killed):
            _train(fast_config, sketches, path, **options)
        assert _interval(path)["first_step"] == 3
        assert _steps(path) == [3]
        _train(fast_config, sketches, path, resume=True)
        _assert_same(straight, path)

    def test_anywhere_in_a_validation(
        self, straight, sketches, fast_config, tmp_path, stop_at
    ):
        path = tmp_path / "work"
        stop_at(callbacks.Steps, "on_test_batch_end", self._kill)
        with pytest.raises(_Killed):
            _train(fast_config, sketches, path)
        assert _steps(path) == []
        # The validation is done first.  Its curves are written, but the
        # weights and the history are not.
        stop_at(vae.SketchRNN, "save_weights", self._kill)
        with pytest.raises(_Killed):
            _train(fast_config, sketches, path, resume=True)
        assert f"train/loss at {3}" in survival.events(path)
        # The best weights are written, but the history is not.
        stop_at(work_directory, "write_history", self._kill)
        with pytest.raises(_Killed):
            _train(fast_config, sketches, path, resume=True)
        assert (path / "best.weights.h5").exists()
        # The history is written, and nothing else comes.
        stop_at(callbacks.History, "on_epoch_end", self._kill, after=True)
        with pytest.raises(_Killed):
            _train(fast_config, sketches, path, resume=True)
        assert _steps(path) == [3]
        model = _train(fast_config, sketches, path, resume=True)
        assert _step(model) == 6
        _assert_same(straight, path)

    def test_by_a_signal(
        self, straight, sketches, fast_config, tmp_path, stop_at
    ):
        path = tmp_path / "work"
        before = signal.getsignal(signal.SIGTERM)
        stop_at(
            callbacks.Steps,
            "on_train_batch_end",
            lambda: os.kill(os.getpid(), signal.SIGTERM),
            call=2,
        )
        with pytest.raises(
            interruption.Interrupted, match="by SIGTERM at step 2 of 6; .*resu"
        ) as caught:
            _train(fast_config, sketches, path)
        assert caught.value.signum == signal.SIGTERM
        assert signal.getsignal(signal.SIGTERM) == before
        assert (path / "checkpoints" / "ckpt-2.index").exists()
        # On the last step of an interval: the validation has to wait.
        stop_at(
            callbacks.Steps,
            "on_train_batch_end",
            lambda: os.kill(os.getpid(), signal.SIGINT),
        )
        with pytest.raises(
            interruption.Interrupted, match="by Ctrl-C at step 3 of 6"
        ):
            _train(fast_config, sketches, path, resume=True)
        assert _steps(path) == []
        # In the late validation.
        stop_at(
            callbacks.Steps,
            "on_test_batch_end",
            lambda: os.kill(os.getpid(), signal.SIGINT),
        )
        with pytest.raises(
            interruption.Interrupted, match="by Ctrl-C at step 3 of 6"
        ):
            _train(fast_config, sketches, path, resume=True)
        assert _steps(path) == []
        _train(fast_config, sketches, path, resume=True)
        _assert_same(straight, path)

    @pytest.mark.slow
    def test_by_a_full_disk(
        self, straight, sketches, fast_config, tmp_path, stop_at
    ):
        path, before = tmp_path / "work", {}
        limits = resource.getrlimit(resource.RLIMIT_FSIZE)

        def fill():
            resource.setrlimit(resource.RLIMIT_FSIZE, (4_000, limits[1]))
            files = (f for f in path.rglob("*") if f.is_file())
            before.update({file: file.read_bytes() for file in files})

        stop_at(callbacks.History, "on_epoch_end", fill, after=True)
        try:
            with pytest.raises(
                OSError, match="could not write .*ckpt-6: File too large"
            ) as caught:
                _train(fast_config, sketches, path)
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, limits)
        assert "\n" not in str(caught.value)
        files = {file for file in path.rglob("*") if file.is_file()}
        assert before == {file: file.read_bytes() for file in files}
        _train(fast_config, sketches, path, resume=True)
        _assert_same(straight, path)

    def test_on_its_last_step(
        self, straight, sketches, fast_config, tmp_path, stop_at
    ):
        path = tmp_path / "work"
        # Two batches each.
        stop_at(callbacks.Steps, "on_test_batch_end", self._kill, call=3)
        with pytest.raises(_Killed):
            _train(fast_config, sketches, path)
        assert (path / "checkpoints" / "ckpt-6.index").exists()
        assert _steps(path) == [3]
        # Only the validation is left to do.
        stop_at(callbacks.Steps, "on_train_batch_end", self._kill)
        _train(fast_config, sketches, path, resume=True)
        _assert_same(straight, path)


def test_stops_at_the_exact_step_and_goes_on_from_there(
    sketches, fast_config, tmp_path
):
    config = fast_config.replace(steps=5)
    model = _train(config, sketches, tmp_path / "work")
    assert _step(model) == 5
    assert _steps(tmp_path / "work") == [3, 5]
    config = fast_config.replace(steps=10)
    model = _train(config, sketches, tmp_path / "work", resume=True)
    assert _step(model) == 10
    # It validates where one that had not been stopped does.
    assert _steps(tmp_path / "work") == [3, 5, 6, 9, 10]
    # Nothing is left to do: nothing changes.
    before = _weights(model)
    model = _train(config, sketches, tmp_path / "work", resume=True)
    assert _step(model) == 10
    for one, other in zip(before, _weights(model), strict=True):
        np.testing.assert_array_equal(one, other)
    assert _steps(tmp_path / "work") == [3, 5, 6, 9, 10]


def test_no_minutes_are_one_step_and_its_validation(
    sketches, fast_config, tmp_path
):
    config = fast_config.replace(validate_every=100)
    model = _train(config, sketches, tmp_path / "work", max_minutes=0)
    assert _step(model) == 1
    assert _steps(tmp_path / "work") == [1]
    training.load(tmp_path / "work")


def test_patience_counts_validations_without_a_new_best(
    sketches, fast_config, tmp_path
):
    # Each step overshoots, so that the first validation is the best.
    config = fast_config.replace(
        steps=50, validate_every=1, learning_rate=3.0, min_learning_rate=3.0
    )
    _train(config, sketches, tmp_path / "work", patience=2)
    rows = work_directory.read_history(tmp_path / "work")
    losses = [row["val_loss"] for row in rows]
    best = int(np.argmin(losses))
    assert len(losses) == best + 1 + 2 < 50
    # The best weights are those of the best validation, not the last ones.
    model = training.load(tmp_path / "work")
    valid = evaluation.evaluate(model, sketches[15:])
    assert valid["loss"] == pytest.approx(losses[best], rel=1e-5)
    assert losses[-1] > losses[best] + 1e-3
    # Resumed, it has nothing to do.
    before = (tmp_path / "work" / "history.csv").read_bytes()
    _train(config, sketches, tmp_path / "work", patience=2, resume=True)
    assert (tmp_path / "work" / "history.csv").read_bytes() == before


def test_a_loss_that_is_not_a_number_stops(sketches, fast_config, tmp_path):
    path = tmp_path / "work"
    config = fast_config.replace(
        learning_rate=1e38, min_learning_rate=1e38, gradient_clip=0
    )
    said = (
        r"^step 2: (offset_loss|pen_loss|gradient) is not finite; weights and "
        rf"optimizer of step 1 are kept in {path}; .* --resume --set "
        r"learning_rate=5e\+37, "
    )
    with pytest.raises(FloatingPointError, match=said) as caught:
        _train(config, sketches, path)
    assert "\n" not in str(caught.value)
    assert not (path / "best.weights.h5").exists()
    # What was kept has numbers only; and it fails again in the same way.
    for name, value in survival.checkpoint(path).items():
        if not name.startswith("interval"):
            assert np.all(np.isfinite(value)), name
    with pytest.raises(FloatingPointError, match=said):
        _train(config, sketches, path, resume=True)


@pytest.mark.slow
def test_a_lower_learning_rate_goes_on_from_a_bad_step(
    sketches, fast_config, tmp_path, monkeypatch
):
    path = tmp_path / "work"
    config = fast_config.replace(learning_rate=0.01)
    step = vae.SketchRNN.train_step

    def bad_step(self, data):
        if self.config.learning_rate == 0.01:
            bad = self.optimizer.iterations.value == 4
            factor = tf.where(bad, math.nan, 1.0)
            data = {**data, "strokes": factor * data["strokes"]}
        return step(self, data)

    monkeypatch.setattr(vae.SketchRNN, "train_step", bad_step)
    said = "step 5: pen_loss is not finite; .* of step 4 are kept"
    with pytest.raises(FloatingPointError, match=said):
        _train(config, sketches, path)
    config = fast_config.replace(learning_rate=0.005)
    model = _train(config, sketches, path, resume=True)
    assert _step(model) == 6
    assert work_directory.load_config(path).learning_rate == 0.005
    rows = work_directory.read_history(path)
    assert [row["step"] for row in rows] == [3, 6]
    for row in rows:
        assert "bad_term" not in row
        assert all(map(math.isfinite, row.values()))


# Keras says so of a stream, whose length it cannot know.
@pytest.mark.filterwarnings("ignore:Your input ran out of data")
@pytest.mark.slow
def test_a_killed_training_without_a_checkpoint_starts_anew_and_streams(
    sketches, fast_config, tmp_path
):
    config = fast_config.replace(steps=2)
    work_directory.create(tmp_path / "work", config, resume=False)
    model = training.train(
        config,
        _streamed(sketches[:15]),
        _streamed(sketches[15:]),
        tmp_path / "work",
        resume=True,
        verbose=0,
    )
    assert _step(model) == 2
    assert _steps(tmp_path / "work") == [2]


class TestStrategy:
    @pytest.fixture
    def strategy(self):
        return tf.distribute.MirroredStrategy(["CPU:0"])

    @pytest.mark.slow
    def test_resumes_under_a_strategy(
        self, sketches, fast_config, tmp_path, strategy
    ):
        path = tmp_path / "work"
        options = {"strategy": strategy, "checkpoint_minutes": 0}
        config = fast_config.replace(steps=4)
        model = _train(config, sketches, path, **options)
        assert model.distribute_strategy is strategy
        model = _train(fast_config, sketches, path, resume=True, **options)
        assert _step(model) == 6
        assert _steps(path) == [3, 4, 6]
        assert _interval(path)["first_step"] == 4

    @pytest.mark.slow
    def test_only_the_chief_writes(
        self, sketches, fast_config, tmp_path, strategy, monkeypatch
    ):
        path, temporary = tmp_path / "work", tmp_path / "temporary"
        temporary.mkdir()
        monkeypatch.setattr(training.tempfile, "tempdir", str(temporary))
        monkeypatch.setattr(strategies, "is_chief", lambda _: False)
        model = _train(fast_config, sketches, path, strategy=strategy)
        assert _step(model) == 6
        assert sorted(tmp_path.iterdir()) == [temporary]
        assert not list(temporary.iterdir())
        # And goes on from what the chief has written.
        monkeypatch.undo()
        monkeypatch.setattr(training.tempfile, "tempdir", str(temporary))
        _train(fast_config.replace(steps=3), sketches, path)
        before = {f: f.stat().st_ino for f in path.rglob("*")}
        monkeypatch.setattr(strategies, "is_chief", lambda _: False)
        again = _train(
            fast_config, sketches, path, strategy=strategy, resume=True
        )
        assert {f: f.stat().st_ino for f in path.rglob("*")} == before
        assert not list(temporary.iterdir())
        for one, other in zip(_weights(model), _weights(again), strict=True):
            np.testing.assert_array_equal(one, other)


class TestRefusals:
    def test_a_full_disk_leaves_no_directory(
        self, sketches, fast_config, tmp_path, monkeypatch
    ):
        class Usage:
            free = 1000

        monkeypatch.setattr(disk_space.shutil, "disk_usage", lambda _: Usage)
        with pytest.raises(OSError, match=r"work: training needs \d\.\d MB"):
            _train(fast_config, sketches, tmp_path / "work")
        with pytest.raises(OSError, match=r"work: training needs \d\.\d MB"):
            training.check_space(
                fast_config.replace(max_len=0, scale_factor=0),
                tmp_path / "work",
            )
        assert not list(tmp_path.iterdir())

    def test_space_is_asked_for_as_much_as_is_written(
        self, sketches, fast_config, tmp_path, monkeypatch
    ):
        asked = []
        require = disk_space.require

        def noted(path, sizes):
            asked.append(sizes)
            require(path, sizes)

        monkeypatch.setattr(disk_space, "require", noted)
        path = tmp_path / "work"
        training.check_space(fast_config, path)
        _train(fast_config, sketches, path)
        assert asked[0] == asked[1]  # known before there are data
        checkpoint, _, third, weights, again, logs = asked[0]
        assert checkpoint == third and weights == again
        written = {
            pattern: sum(file.stat().st_size for file in path.rglob(pattern))
            for pattern in ("ckpt-6.*", "best.*", "events*")
        }
        assert written["ckpt-6.*"] < checkpoint
        assert written["best.*"] < weights
        assert written["events*"] < logs
        # Where weights are most of it, little more than them.
        large = presets.preset("small").replace(steps=100)
        training.check_space(large, tmp_path / "large")
        parameters = 568_827
        assert (3 * 12 + 2 * 4) * parameters < sum(asked[2])
        assert sum(asked[2]) < 1.1 * (3 * 12 + 2 * 4) * parameters
        # What is there already is not asked for again.
        training.check_space(fast_config, path)
        assert asked[3] == [checkpoint, weights, logs // 3]

    def test_a_training_that_goes_on(self, sketches, fast_config, tmp_path):
        path = tmp_path / "work"
        work_directory.create(path, fast_config, resume=False)
        with (
            work_directory.locked(path),
            pytest.raises(ValueError, match="another process is training"),
        ):
            _train(fast_config, sketches, path, resume=True)

    @pytest.mark.parametrize("streamed", [False, True])
    def test_nothing_to_validate_with_leaves_no_directory(
        self, sketches, fast_config, tmp_path, streamed
    ):
        config = fast_config.replace(max_len=5)
        long = [s for s in sketches if len(s) > 5]
        if streamed:
            long = _streamed(long)
        with pytest.raises(ValueError, match="at most 5 points"):
            training.train(config, sketches, long, tmp_path / "work", verbose=0)
        assert not list(tmp_path.iterdir())

    def test_another_configuration(self, finished, doodle_sketches):
        config = work_directory.load_config(finished)
        before = (finished / "config.json").read_bytes()
        with pytest.raises(ValueError, match="another configuration: z_size"):
            training.train(
                config.replace(z_size=5),
                doodle_sketches,
                doodle_sketches,
                finished,
                resume=True,
                verbose=0,
            )
        assert (finished / "config.json").read_bytes() == before

    @pytest.mark.parametrize(
        ("pattern", "damage"),
        [
            ("*.data*", lambda data: data[: len(data) // 2]),
            ("*.index", lambda data: b""),
            ("*.index", lambda data: b"\x89PNG\r\n\x1a\n" * 99),
            ("checkpoint", lambda data: b"not one of TensorFlow's"),
            ("checkpoint", lambda data: data + b"\xd6\xff"),
            ("checkpoint", None),
        ],
    )
    def test_a_damaged_checkpoint(
        self, finished, doodle_sketches, pattern, damage
    ):
        for file in (finished / "checkpoints").glob(pattern):
            data = file.read_bytes()
            file.unlink()
            if damage:
                file.write_bytes(damage(data))
        history = (finished / "history.csv").read_bytes()
        with pytest.raises(ValueError, match=r"checkpoint.*expected .*, got"):
            training.train(
                work_directory.load_config(finished).replace(steps=30),
                doodle_sketches,
                doodle_sketches,
                finished,
                resume=True,
                verbose=0,
            )
        assert (finished / "history.csv").read_bytes() == history


class TestLoad:
    def test_gives_the_best_weights(self, work_dir):
        model = training.load(work_dir)
        assert isinstance(model, vae.SketchRNN)
        assert model.config == work_directory.load_config(work_dir)
        assert int(model.config.max_len) > 0

    def _refused(self, path, message):
        with pytest.raises(ValueError, match=message) as caught:
            training.load(path)
        assert "\n" not in str(caught.value)

    def test_no_work_directory(self, tmp_path):
        self._refused(tmp_path / "nothing", "work directory, found none")
        self._refused(tmp_path, "without config.json")

    def test_no_weights_yet(self, finished):
        (finished / "best.weights.h5").unlink()
        self._refused(finished, r"expected best.weights.h5, found none")

    @pytest.mark.parametrize(
        "damage",
        [
            lambda data: b"",
            lambda data: data[: len(data) // 2],
            lambda data: b"\x89PNG\r\n\x1a\n" * 99,
            lambda data: data[:2000] + b"A" * 20000 + data[22000:],
        ],
    )
    def test_damaged_weights(self, finished, damage):
        file = finished / "best.weights.h5"
        file.write_bytes(damage(file.read_bytes()))
        self._refused(finished, "expected the weights of this configuration")

    def test_weights_of_other_sizes(self, finished):
        config = work_directory.load_config(finished)
        (finished / "config.json").write_text(
            config.replace(decoder_size=9).to_json()
        )
        self._refused(finished, "expected the weights of this configuration")

    def test_a_configuration_without_its_data(self, finished):
        config = work_directory.load_config(finished)
        (finished / "config.json").write_text(
            config.replace(max_len=0, bucket_boundaries=()).to_json()
        )
        self._refused(finished, "max_len: expected a positive number, got 0")

    @pytest.mark.parametrize("key", ["decoder_size", "encoder_size", "z_size"])
    def test_sizes_that_the_file_cannot_hold(self, finished, key):
        # Made, such a model would take terabytes.
        config = work_directory.load_config(finished)
        (finished / "config.json").write_text(
            config.replace(**{key: 10**9}).to_json()
        )
        self._refused(finished, "or more, got room for")

    def test_values_that_are_not_in_the_file(self, finished):
        file = finished / "best.weights.h5"
        with h5py.File(file, "a") as content:
            content.create_dataset("vars/0", (2**40,), "f4", chunks=(1024,))
        self._refused(finished, "bytes, which are not all in the file")

    @pytest.mark.parametrize(
        "link",
        [h5py.SoftLink("/vars"), h5py.ExternalLink("other.h5", "/vars")],
    )
    def test_links_to_other_places(self, finished, link):
        file = finished / "best.weights.h5"
        with h5py.File(file, "a") as content:
            content["elsewhere"] = link
        self._refused(finished, "got a link 'elsewhere'")

    def test_values_in_another_file(self, finished):
        file = finished / "best.weights.h5"
        with h5py.File(file, "a") as content:
            content.create_dataset(
                "outside", (4,), "u1", external=[("/etc/passwd", 0, 4)]
            )
        self._refused(finished, "got 'outside' elsewhere")


def test_best_loss():
    assert training.best_loss([]) == math.inf
    assert training.best_loss([{"val_loss": 2.0}, {"val_loss": -1.0}]) == -1.0
