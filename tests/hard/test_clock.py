"""The clock set back by hours, and files from the future."""

import os
import time

import crash_files
import test_downloads
from tensorboard.backend.event_processing import event_multiplexer

from benchmarks import survival
from sketch_rnn_tf.training import work_directory

HOURS = 5.0


def _steps(logs):
    """Returns the steps of each curve, as TensorBoard reads them."""
    runs = event_multiplexer.EventMultiplexer()
    runs.AddRunsFromDirectory(str(logs))
    runs.Reload()
    return {
        tuple(event.step for event in runs.Tensors(run, tag))
        for run, tags in runs.Runs().items()
        for tag in tags["tensors"]
    }


def test_training(commands, tally, npz_folder, tmp_path):
    work = tmp_path / "work"
    command = ["train", *crash_files.train_dataset(npz_folder)]
    command += [*crash_files.TRAINING, "--work-dir", work]
    # Between the first checkpoint and the last, once more after a resumption.
    back = {"folder": str(work), "back": 60, "hours": HOURS}
    # An hour and a half of budget, which a clock going back would not use up.
    commands.run(*command, "--minutes", "90", fault=back).good()
    rows = work_directory.read_history(work)
    assert [row["step"] for row in rows] == [3, 6]
    assert all(row["sketches_per_second"] > 0 for row in rows)
    # Files of the future, in the wrong order: the last step counts.
    for number, file in enumerate(sorted((work / "checkpoints").iterdir())):
        ahead = time.time() + 1e6 - 1e4 * number
        os.utime(file, (ahead, ahead))
    again = {"folder": str(work), "back": 1, "hours": 2 * HOURS}
    commands.run(*command, "--resume", "--steps", "9", fault=again).good()
    rows = work_directory.read_history(work)
    assert [row["step"] for row in rows] == [3, 6, 9]
    assert survival.last_step(work) == 9
    assert _steps(work / "logs") == {(3, 6, 9)}
    tally["clocks set back"] += 2


def test_minutes_are_of_a_clock_that_only_goes_on(
    commands, tally, npz_folder, tmp_path
):
    work = tmp_path / "work"
    command = ["train", *crash_files.train_dataset(npz_folder)]
    command += [*crash_files.TRAINING, "--work-dir", work]
    back = {"folder": str(work), "back": 1, "hours": HOURS}
    commands.run(*command, "--steps", "100000", "--minutes", "0.001", fault=back).good()  # fmt: skip
    # The step at which time was up, validated.
    (row,) = work_directory.read_history(work)
    assert row["step"] < 10
    tally["clocks set back"] += 1


def test_download(commands, tally, tmp_path):
    body = crash_files.write_published(tmp_path / "cat.gen.json").read_bytes()
    server = test_downloads.Server({"cat.gen.json": body})
    server.plan.append({"cut": 1000})
    out = tmp_path / "cat"
    command = [
        "download", "cat", "--base-url",
        f"http://127.0.0.1:{server.port}/sketchrnn", "--out", out,
    ]  # fmt: skip
    back = {"folder": str(tmp_path), "back": 2, "hours": HOURS}
    begun = time.monotonic()
    try:
        commands.run(*command, "--seconds", "300", fault=back).good()
    finally:
        server.kill()
    # Cut off, it went on where it was.
    assert server.ranges_asked() == [None, "bytes=1000-"]
    assert time.monotonic() - begun < 300
    assert (out / "config.json").is_file()
    tally["clocks set back"] += 1


def test_prepared_data_of_the_future_are_taken(
    commands, tally, npz_folder, tmp_path
):
    command = ["prepare", "--dataset", npz_folder, "--data-dir", tmp_path]
    back = {"folder": str(tmp_path), "back": 1, "hours": HOURS}
    commands.run(*command, fault=back).good()
    for file in tmp_path.rglob("*"):
        os.utime(file, (time.time() + 1e6,) * 2)
    before = crash_files.tree(tmp_path)
    commands.run(*command).good()
    assert crash_files.tree(tmp_path) == before
    tally["clocks set back"] += 1
