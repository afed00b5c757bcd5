"""event_files: what TensorBoard reads, and repairing it after a kill."""

import resource
import time

import numpy as np
import pytest
import tensorflow as tf
from tensorboard.backend.event_processing import event_multiplexer

from sketch_rnn_tf.data import input_pipeline
from sketch_rnn_tf.training import event_files

ROW = {"loss": 1.5, "kl_annealing": 0.5, "val_loss": 1.25}


@pytest.fixture
def write(sketches, tiny_config, unconditional, tmp_path):
    """Returns a function that writes rows as one process does."""
    batch = input_pipeline.to_batch(sketches[:3], tiny_config)

    def write(*steps):
        files = event_files.EventFiles(tmp_path, tiny_config, batch)
        for step in steps:
            files.write({"step": step, **ROW}, unconditional)
        files.close()

    return write


def _read(folder):
    """Returns steps by run and tag, as TensorBoard reads them."""
    runs = event_multiplexer.EventMultiplexer()
    runs.AddRunsFromDirectory(str(folder))
    runs.Reload()
    return {
        f"{run}/{tag}": [event.step for event in runs.Tensors(run, tag)]
        for run, tags in runs.Runs().items()
        for tag in tags["tensors"]
    }


def _files(folder):
    return sorted(folder.rglob("events*"))


def test_tensorboard_reads_curves_and_pictures(write, tmp_path, tiny_config):
    write(10, 20)
    assert _read(tmp_path) == {
        "train/loss": [10, 20],
        "train/kl_annealing": [10, 20],
        "train/kl_weight": [10, 20],
        "validation/loss": [10, 20],
        "pictures/drawings": [10, 20],
    }
    values = {}
    for file in _files(tmp_path):
        for record in tf.data.TFRecordDataset(str(file)):
            event = tf.compat.v1.Event.FromString(record.numpy())
            for value in event.summary.value:
                values[f"{file.parent.name}/{value.tag}"] = value.tensor
    scalar = tf.make_ndarray(values["validation/loss"])
    assert scalar == np.float32(1.25)
    weight = tf.make_ndarray(values["train/kl_weight"])
    assert weight == np.float32(0.5 * tiny_config.kl_weight)
    width, height, png = tf.make_ndarray(values["pictures/drawings"])
    image = tf.image.decode_png(png).numpy()
    assert image.shape[:2] == (int(height), int(width))
    assert len(np.unique(image)) > 10


def test_what_cannot_be_written_is_said(write, tmp_path):
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (2_000, limits[1]))
    try:
        with pytest.raises(tf.errors.OpError, match="File too large"):
            write(10)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)


def test_a_clock_set_back_keeps_the_order(write, tmp_path, monkeypatch):
    now = time.time()
    write(10)
    # TensorBoard goes by the files' names, and never back.
    monkeypatch.setattr(event_files.time, "time", lambda: now - 5 * 3600)
    write(20)
    write(30)
    assert set(map(tuple, _read(tmp_path).values())) == {(10, 20, 30)}
    by_name = [
        tf.compat.v1.Event.FromString(record.numpy()).step
        for file in _files(tmp_path / "train")
        for record in tf.data.TFRecordDataset(str(file)).skip(1)
    ]
    assert by_name == [10, 20, 30]


def test_is_on_disk_before_the_history_says_so(write, tmp_path, monkeypatch):
    synced = []
    monkeypatch.setattr(
        event_files.partials, "sync", lambda path: synced.append(path.parent)
    )
    write(10)
    names = [tmp_path / name for name in ("train", "validation", "pictures")]
    assert set(synced) == set(names)


class TestPurge:
    def test_removes_what_comes_after_a_step(self, write, tmp_path):
        write(10, 20, 30)
        event_files.purge(tmp_path, after=20)
        assert set(map(tuple, _read(tmp_path).values())) == {(10, 20)}
        # Another process goes on.
        write(30, 40)
        steps = _read(tmp_path)
        assert set(map(tuple, steps.values())) == {(10, 20, 30, 40)}
        assert not list(tmp_path.rglob(".partial*"))

    def test_removes_files_without_anything_left(self, write, tmp_path):
        write(10)
        write(20)
        assert len(_files(tmp_path)) == 6
        event_files.purge(tmp_path, after=10)
        assert len(_files(tmp_path)) == 3
        event_files.purge(tmp_path, after=9)
        assert not _files(tmp_path)

    def test_leaves_a_whole_file_as_it_is(self, write, tmp_path):
        write(10, 20)
        before = {
            f: (f.stat().st_ino, f.read_bytes()) for f in _files(tmp_path)
        }
        event_files.purge(tmp_path, after=20)
        assert before == {
            f: (f.stat().st_ino, f.read_bytes()) for f in _files(tmp_path)
        }

    @pytest.mark.parametrize("cut", [1, 15, 40])
    def test_removes_half_an_event(self, write, tmp_path, cut):
        write(10, 20)
        for file in _files(tmp_path):
            file.write_bytes(file.read_bytes()[:-cut])
        event_files.purge(tmp_path, after=20)
        assert set(map(tuple, _read(tmp_path).values())) == {(10,)}
        for file in _files(tmp_path):
            records = list(tf.data.TFRecordDataset(str(file)))
            assert len(records) == 2  # the version and step 10

    def test_no_logs(self, tmp_path):
        event_files.purge(tmp_path / "logs", after=0)
