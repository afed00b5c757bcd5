"""Two processes on one folder at once: both safe, or one told who has it."""

import time

import crash_files
import test_downloads

from sketch_rnn_tf.training import work_directory


def _both(commands, *argvs, fault=None):
    """Runs commands at the same time; returns how they ended."""
    started = [commands.start(*argv, fault=fault) for argv in argvs]
    return [commands.wait(pid) for pid in started]


def _wait_for(path, seconds=400):
    end = time.monotonic() + seconds
    while not path.exists():
        assert time.monotonic() < end, f"no {path}"
        time.sleep(0.01)


def test_two_trainings(commands, tally, npz_folder, tmp_path):
    work = tmp_path / "work"
    command = ["train", *crash_files.train_dataset(npz_folder)]
    command += [*crash_files.TRAINING, "--work-dir", work]
    first = commands.start(*command)
    _wait_for(work / "checkpoints" / "checkpoint")
    commands.run(*command, "--resume").refused(
        f"{work}: another process is training there (process {first})"
    )
    commands.run(*command).refused("holds a training already")
    # Reading is no trouble to either.
    _wait_for(work / "best.weights.h5")
    readers = [
        [
            "sample",
            "--model",
            work,
            "--count",
            "1",
            "--out",
            tmp_path / "a.svg",
        ],
        ["export", "tfjs", "--model", work, "--out", tmp_path / "web"],
    ]
    for reader in readers:
        commands.run(*reader).good()
    assert crash_files.is_tfjs(tmp_path / "web")
    commands.wait(first).good()
    steps = [row["step"] for row in work_directory.read_history(work)]
    assert steps == [3, 6]
    assert crash_files.left(tmp_path) == []
    tally["pairs of processes"] += 4


def test_two_prepares(commands, tally, npz_folder, tmp_path):
    command = ["prepare", "--dataset", npz_folder, "--data-dir"]
    commands.run(*command, tmp_path / "alone").good()
    two = [*command, tmp_path / "two"]
    for done in _both(commands, two, two):
        done.good()
    assert crash_files.tree(tmp_path / "two") == crash_files.tree(
        tmp_path / "alone"
    )
    assert crash_files.left(tmp_path) == []
    tally["pairs of processes"] += 1


def test_two_exports(commands, tally, work_model, tmp_path):
    command = [
        "export",
        "tfjs",
        "--model",
        work_model,
        "--out",
        tmp_path / "web",
    ]
    both = command, [*command, "--quantize", "uint8"]
    for done in _both(commands, *both):
        done.good()
    assert crash_files.is_tfjs(tmp_path / "web")
    assert crash_files.left(tmp_path) == []
    tally["pairs of processes"] += 1


def test_pages_keep_each_others_models(commands, tally, work_model, tmp_path):
    page = tmp_path / "page"
    command = ["export", "tfjs", "--page", "--model", work_model, "--out", page]
    names = ["a", "b", "c"]
    for done in _both(commands, *([*command, "--name", n] for n in names)):
        done.good()
    assert sorted(crash_files.offered(page)) == names
    for name in names:
        assert crash_files.is_tfjs(page / "models" / name)
    assert crash_files.left(tmp_path) == []
    tally["pairs of processes"] += 1


def test_versions_of_a_saved_model(commands, tally, work_model, tmp_path):
    out = tmp_path / "served"
    command = ["export", "saved-model", "--model", work_model, "--out", out]
    light = {"folder": str(out), "light": True}
    for done in _both(commands, command, command, command, fault=light):
        done.good()
    assert sorted(path.name for path in out.iterdir()) == ["1", "2", "3"]
    assert len({len(crash_files.tree(path)) for path in out.iterdir()}) == 1
    tally["pairs of processes"] += 1


def test_two_downloads(commands, tally, tmp_path):
    body = crash_files.write_published(tmp_path / "cat.gen.json").read_bytes()
    server = test_downloads.Server({"cat.gen.json": body})
    command = [
        "download", "cat", "--base-url",
        f"http://127.0.0.1:{server.port}/sketchrnn", "--out", tmp_path / "cat",
    ]  # fmt: skip
    try:
        done = _both(commands, command, command)
    finally:
        server.kill()
    good = [one for one in done if one.status == 0]
    assert good
    for one in done:
        if one.status:
            one.refused("expected a new or empty directory")
    assert (tmp_path / "cat" / "best.weights.h5").is_file()
    assert crash_files.left(tmp_path) == []
    tally["pairs of processes"] += 1
