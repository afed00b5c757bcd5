"""A training that is killed for good (SIGKILL), and the benchmark of it."""

import os
import pathlib
import shutil
import signal
import subprocess
import sys

import h5py
import pytest

from benchmarks import survival
from sketch_rnn_tf import partials
from sketch_rnn_tf.files import sketchrnn_npz
from sketch_rnn_tf.training import work_directory

ROOT = pathlib.Path(__file__).parents[1]
# The command line, in a process that kills itself when a call begins.
SCRIPT = """
import os, signal, sys
from sketch_rnn_tf import cli
with cli._quiet():  # loads TensorFlow
    from sketch_rnn_tf import partials
    from sketch_rnn_tf.training import work_directory

module = partials if sys.argv[1] == "sync" else work_directory
calls, original = 0, getattr(module, sys.argv[1])

def killing(*arguments, **options):
    global calls
    calls += 1
    if calls == int(sys.argv[2]):
        os.kill(os.getpid(), signal.SIGKILL)
    return original(*arguments, **options)

setattr(module, sys.argv[1], killing)
sys.exit(cli.main(sys.argv[3:]))
"""
# Without an encoder, which halves the time.
OPTIONS = [
    "--preset", "tiny", "--steps", "6", "--checkpoint-minutes", "0", "--set",
    "validate_every=4", "num_buckets=0", "decoder_size=8", "conditional=false",
    "batch_size=10",
]  # fmt: skip


@pytest.fixture
def train(doodle_sketches, tmp_path):
    """Returns a function that trains in a process of its own."""
    data = tmp_path / "good.npz"
    splits = {
        "train": doodle_sketches[:40],
        "valid": doodle_sketches[40:50],
        "test": doodle_sketches[50:],
    }
    sketchrnn_npz.write(data, splits)

    def train(work_dir, name, call, *more):
        command = [sys.executable, "-c", SCRIPT, name, str(call), "train"]
        command += ["--data", data, "--work-dir", work_dir, *OPTIONS, *more]
        done = subprocess.run(
            command,
            cwd=ROOT,
            env=os.environ | {"PYTHONPATH": str(ROOT)},
            capture_output=True,
            text=True,
        )
        return done.returncode, done.stderr

    return train


@pytest.mark.slow
def test_a_killed_training_goes_on_as_if_nothing_had_happened(train, tmp_path):
    straight, path = tmp_path / "straight", tmp_path / "work"
    assert train(straight, "sync", 0) == (0, "")
    # Files and folders that are synced: config.json 2, each checkpoint 2 + 1
    # and its state 2.  Of checkpoint 3 the state is written, but not named.
    status, _ = train(path, "sync", 2 + 2 * 5 + 4)
    assert status == -signal.SIGKILL
    left = {file.name for file in (path / "checkpoints").iterdir()}
    assert {"ckpt-2.index", "ckpt-3.index"} < left
    assert any(name.startswith(partials.PREFIX) for name in left)
    assert survival.last_step(path) == 2
    # Then before the first row of the history is written.
    status, _ = train(path, "write_history", 1, "--resume")
    assert status == -signal.SIGKILL
    assert survival.last_step(path) == 4
    assert (path / "best.weights.h5").exists()
    assert work_directory.read_history(path) == []
    assert train(path, "sync", 0, "--resume") == (0, "")
    found = survival.compare(straight, path)
    assert {name: wrong for name, (wrong, _) in found.items() if wrong} == {}


class TestCompare:
    @pytest.fixture
    def pair(self, work_dir, tmp_path):
        return work_dir, shutil.copytree(work_dir, tmp_path / "work")

    def _different(self, pair):
        found = survival.compare(*pair)
        return {name for name, (wrong, _) in found.items() if wrong}

    def test_a_copy_is_the_same(self, pair):
        assert self._different(pair) == set()

    def test_times_may_differ(self, pair):
        file = pair[1] / "history.csv"
        head, *lines = file.read_text().splitlines()
        column = head.split(",").index("sketches_per_second")
        for number, line in enumerate(lines):
            values = line.split(",")
            values[column] = "1.0"
            lines[number] = ",".join(values)
        file.write_text("\n".join([head, *lines]))
        assert self._different(pair) == set()

    def test_one_digit_of_the_history(self, pair):
        row = work_directory.read_history(pair[1])[-1]
        row["val_loss"] += 1e-12
        rows = work_directory.read_history(pair[0])
        work_directory.write_history(pair[1], [rows[0], row])
        assert self._different(pair) == {"history values"}

    def test_a_weight(self, pair):
        (file,) = (pair[1] / "checkpoints").glob("ckpt-20.data*")
        (other,) = (pair[1] / "checkpoints").glob("ckpt-10.data*")
        file.write_bytes(other.read_bytes())
        (pair[1] / "checkpoints" / "ckpt-20.index").write_bytes(
            (pair[1] / "checkpoints" / "ckpt-10.index").read_bytes()
        )
        assert self._different(pair) == {"weights and slots"}

    def test_the_best_weights(self, pair):
        file = pair[1] / "best.weights.h5"
        with h5py.File(file, "a") as weights:
            name = next(n for n in survival.best_weights(pair[0]))
            weights[name][...] = weights[name][...] + 1
        assert self._different(pair) == {"best weights"}

    def test_an_event_that_comes_twice(self, pair):
        (file,) = (pair[1] / "logs" / "train").iterdir()
        file.with_suffix(".v3").write_bytes(file.read_bytes())
        assert self._different(pair) == {"TensorBoard values"}

    def test_a_file_left_over(self, pair):
        (pair[1] / ".partial-abc").write_text("")
        assert self._different(pair) == {"files"}


def test_kills_leave_room_for_those_that_come():
    for seconds in (5.0, 60.0, 600.0):
        for left in (1, 5, 20):
            beyond = survival.beyond(seconds, left, 10.0)
            assert 0 < beyond <= 0.7 * seconds
            through = left * beyond**2 / (2 * (10.0 + beyond))
            assert through <= 0.5 * seconds + 1e-9
