"""training: what it writes, resuming, stopping, loading."""

import math
import shutil

import numpy as np
import pytest
import tensorflow as tf

from sketch_rnn_tf import (
    evaluation,
    strokes,
    training,
    vae,
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


def _weights(model):
    return [weight.numpy() for weight in model.weights]


def _tags(folder):
    """Lists the TensorBoard summaries in a folder, with their images."""
    found = {}
    for file in folder.rglob("events*"):
        for event in tf.compat.v1.train.summary_iterator(str(file)):
            for value in event.summary.value:
                found.setdefault(value.tag, []).append(value)
    return found


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
    assert "epoch_loss" in _tags(work_dir / "logs" / "train")
    assert "epoch_loss" in _tags(work_dir / "logs" / "validation")
    pictures = _tags(work_dir / "logs" / "pictures")["drawings"]
    assert len(pictures) == 2  # one a validation
    for picture in pictures:
        width, height, encoded = picture.tensor.string_val
        image = tf.image.decode_png(encoded).numpy()
        assert image.shape[:2] == (int(height), int(width))
        assert image.shape[0] > 100 and len(np.unique(image)) > 10


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
    straight, resumed = (
        tf.train.load_checkpoint(str(folder / "checkpoints"))
        for folder in (work_dir, path)
    )
    names = straight.get_variable_to_shape_map()
    assert names == resumed.get_variable_to_shape_map()
    assert len(names) > 40  # weights, Adam's moments, its step
    for name in names:
        one, other = straight.get_tensor(name), resumed.get_tensor(name)
        if "OBJECT_GRAPH" not in name and "save_counter" not in name:
            np.testing.assert_array_equal(one, other, err_msg=name)
    rows, again = map(work_directory.read_history, (work_dir, path))
    for row in rows + again:
        del row["sketches_per_second"]
    assert rows == again
    assert [row["step"] for row in rows] == [10, 20]


def test_stops_at_the_exact_step_and_goes_on_from_there(
    sketches, fast_config, tmp_path
):
    config = fast_config.replace(steps=5)
    model = _train(config, sketches, tmp_path / "work")
    assert int(model.optimizer.iterations) == 5
    assert _steps(tmp_path / "work") == [3, 5]
    config = fast_config.replace(steps=10)
    model = _train(config, sketches, tmp_path / "work", resume=True)
    assert int(model.optimizer.iterations) == 10
    assert _steps(tmp_path / "work")[-1] == 10
    # Nothing is left to do: nothing changes.
    before = _weights(model)
    model = _train(config, sketches, tmp_path / "work", resume=True)
    assert int(model.optimizer.iterations) == 10
    for one, other in zip(before, _weights(model), strict=True):
        np.testing.assert_array_equal(one, other)
    assert _steps(tmp_path / "work")[-1] == 10


def test_no_minutes_are_one_step_and_its_validation(
    sketches, fast_config, tmp_path
):
    config = fast_config.replace(validate_every=100)
    model = _train(config, sketches, tmp_path / "work", max_minutes=0)
    assert int(model.optimizer.iterations) == 1
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


def test_a_loss_that_is_not_a_number_stops(sketches, fast_config, tmp_path):
    config = fast_config.replace(learning_rate=1e38, gradient_clip=0)
    with pytest.raises(FloatingPointError, match=r"step \d+: \w+ is (nan|inf)"):
        _train(config, sketches, tmp_path / "work")
    assert not (tmp_path / "work" / "best.weights.h5").exists()


# Keras says so of a stream, whose length it cannot know.
@pytest.mark.filterwarnings("ignore:Your input ran out of data")
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
    assert int(model.optimizer.iterations) == 2
    assert _steps(tmp_path / "work") == [2]


class TestRefusals:
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
        (finished / "config.json").write_text("{}")
        self._refused(finished, "max_len: expected a positive number, got 0")


def test_best_loss():
    assert training.best_loss([]) == math.inf
    assert training.best_loss([{"val_loss": 2.0}, {"val_loss": -1.0}]) == -1.0
