"""SIGKILL at seeded moments: nothing is lost, nothing half is taken for whole.

Each command is first run in peace, to count what it does to its folder.  Then
it is killed before some of these events, spread over all, and started again
each time; after each kill the folder must hold what is whole and nothing else
under its names, and in the end what the first run left.
"""

import pathlib
import random
import shutil
import subprocess
import time

import crash_files
import pytest
import test_downloads

from benchmarks import survival
from sketch_rnn_tf.training import work_directory

STRIKES = 5
# Of names that one command writes to, at most.
LEFT = 4


@pytest.fixture
def strike(commands, tally, effort, tmp_path):
    """Returns a function that kills a command again and again."""

    def strike(
        argv, folder, check, *, strikes=STRIKES, share=1.0, once=None, **fault
    ):
        """Kills a command, and finishes it.

        `share` is how much of a run there may be before a kill, for commands
        that go on where they were.  `once` is what the command makes, and
        refuses to replace.
        """
        fault["folder"] = str(folder)
        file = tmp_path / "events"
        # In peace, into another folder of the same name.
        peace = tmp_path / "peace"
        shutil.copytree(folder, peace / folder.name)
        quiet = [
            str(argument).replace(str(folder), str(peace / folder.name))
            for argument in argv
        ]
        commands.run(
            *quiet,
            fault=fault
            | {"folder": str(peace / folder.name), "count": str(file)},
        ).good()
        events = int(share * int(file.read_text()))
        rng, kills = random.Random(0), 0
        for number in crash_files.moments(
            events, max(1, round(strikes * effort)), seed=0
        ):
            # Every other one a little later, in the midst of something.
            delay = rng.choice([0.0, rng.uniform(0.0, 0.02)])
            # A little later all may be done, and there is nothing to kill.
            delay *= bool(kills or not once)
            done = commands.run(
                *argv, fault=fault | {"kill": number, "delay": delay}
            )
            kills += done.killed
            check()
            # They do not pile up.
            assert len(crash_files.left(folder)) <= LEFT
            if once and once.exists():
                break
        tally["kills survived"] += kills
        there = once is not None and once.exists()
        done = commands.run(*argv, fault=fault)
        done.refused("expected a new") if there else done.good()
        check()
        assert crash_files.left(folder) == []
        assert kills
        return peace / folder.name

    return strike


def test_prepare(strike, npz_folder, tmp_path):
    out = tmp_path / "tfds"
    out.mkdir()

    def check():
        # Where there are records under the name, there are all.
        for info in out.rglob("1.0.0"):
            assert {"dataset_info.json", "features.json"} <= {
                path.name for path in info.iterdir()
            }
            assert len(list(info.glob("*.tfrecord-*"))) == 3

    peace = strike(
        ["prepare", "--dataset", npz_folder, "--data-dir", out], out, check
    )
    assert crash_files.tree(out) == crash_files.tree(peace)


@pytest.mark.parametrize("name", ["words", "all.ndjson"])
def test_convert(strike, npz_folder, tmp_path, name):
    folder = tmp_path / "out"
    folder.mkdir()
    if name == "words":
        for word in ("cat", "pig"):
            (folder / "words").mkdir(exist_ok=True)
            (folder / "words" / f"{word}.npz").write_text("old")
    else:
        (folder / name).write_text("old")
    old = crash_files.tree(folder)
    seen = []

    def check():
        found = crash_files.tree(folder)
        seen.append(
            {
                file: digest
                for file, digest in found.items()
                if ".partial-" not in file
            }
        )

    peace = strike(
        ["convert", npz_folder, "--out", folder / name], folder, check
    )
    new = crash_files.tree(peace)
    assert old != new and seen[-1] == new
    for found in seen:
        # Each file is the old one or the new one.
        assert found.keys() == new.keys()
        for file, digest in found.items():
            assert digest in (old[file], new[file])


def test_export_tfjs(strike, commands, work_model, tmp_path):
    folder = tmp_path / "out"
    command = ["export", "tfjs", "--model", work_model, "--out", folder / "web"]
    commands.run(*command).good()
    old, seen = crash_files.tree(folder / "web"), []

    def check():
        seen.append(crash_files.tree(folder / "web"))

    command += ["--quantize", "uint8"]
    peace = strike(command, folder, check, strikes=2 * STRIKES)
    new = crash_files.tree(peace / "web")
    # There is one at any moment.
    assert all(found in (old, new) for found in seen)
    assert old in seen and seen[-1] == new


def test_export_page(strike, work_model, tmp_path):
    folder = tmp_path / "page"
    folder.mkdir()

    def check():
        for name in crash_files.offered(folder):
            assert crash_files.is_tfjs(folder / "models" / name)

    command = [
        "export",
        "tfjs",
        "--page",
        "--model",
        work_model,
        "--out",
        folder,
    ]
    peace = strike(command, folder, check)
    assert crash_files.tree(folder) == crash_files.tree(peace)
    assert crash_files.offered(folder) == ["cat"]


def test_export_saved_model(strike, work_model, tmp_path):
    folder = tmp_path / "served"
    folder.mkdir()
    names = {
        "saved_model.pb", "fingerprint.pb", "variables/variables.index",
        "variables/variables.data-00000-of-00001",
    }  # fmt: skip

    def check():
        for version in folder.iterdir():
            if version.name.isdigit():
                assert crash_files.tree(version).keys() == names

    command = ["export", "saved-model", "--model", work_model, "--out", folder]
    strike(command, folder, check, light=True)
    versions = sorted(int(path.name) for path in folder.iterdir())
    assert versions == list(range(1, len(versions) + 1))


def test_pack(strike, npz_folder, work_model, tmp_path):
    folder = tmp_path / "packed"
    folder.mkdir()
    command = [
        "pack", "--model", work_model, "--data", npz_folder / "cat.npz", "--out", folder,
        "--name", "mine", "--summary", "Draws.", "--trained-on", "Mine.",
        "--licence", "MIT", "--attribution", "Me.", "--quantize", "none",
    ]  # fmt: skip
    seen = []

    def check():
        if (folder / "mine").exists():
            seen.append(crash_files.tree(folder / "mine"))

    peace = strike(command, folder, check, strikes=3, once=folder / "mine")
    wanted = crash_files.tree(peace / "mine")
    assert seen and all(found == wanted for found in seen)


def test_download(strike, commands, tally, tmp_path):
    folder = tmp_path / "models"
    folder.mkdir()
    body = crash_files.write_published(tmp_path / "cat.gen.json").read_bytes()
    server = test_downloads.Server({"cat.gen.json": body})

    def check():
        if (folder / "cat").exists():
            assert (folder / "cat" / "best.weights.h5").is_file()
            assert survival.last_step(folder / "cat") == 0
            assert (folder / "cat" / "checkpoints" / "checkpoint").is_file()

    command = [
        "download", "cat", "--base-url",
        f"http://127.0.0.1:{server.port}/sketchrnn", "--out", folder / "cat",
    ]  # fmt: skip
    try:
        # While it waits for the rest of the file.
        server.plan.append({"stall": 1000})
        pid = commands.start(*command)
        while not server.log or not crash_files.left(folder):
            time.sleep(0.01)
        commands.kill(pid)
        assert commands.wait(pid).killed
        tally["kills survived"] += 1
        assert len(crash_files.left(folder)) <= LEFT
        server.resumed.set()
        peace = strike(command, folder, check, strikes=4, once=folder / "cat")
    finally:
        server.kill()
    assert crash_files.tree(folder).keys() == crash_files.tree(peace).keys()
    assert crash_files.left(folder) == []


class TestTrain:
    def _check(self, path, seen):
        rows = work_directory.read_history(path) if path.exists() else []
        step = survival.last_step(path)
        if seen:
            assert rows[: len(seen[-1][0])] == seen[-1][0]
            assert step >= seen[-1][1]
        seen.append((rows, step))

    def test_goes_on_to_the_same_weights(self, strike, npz_folder, tmp_path):
        folder, seen = tmp_path / "runs", []
        folder.mkdir()
        command = [
            "train",
            *crash_files.train_dataset(npz_folder),
            *crash_files.TRAINING,
        ]
        command += ["--work-dir", folder / "work"]
        command = crash_files.Resumed(command, folder / "work")
        peace = strike(
            command,
            folder,
            lambda: self._check(folder / "work", seen),
            strikes=4,
            share=0.4,
        )
        found = survival.compare(peace / "work", folder / "work")
        assert {
            name: wrong for name, (wrong, _) in found.items() if wrong
        } == {}

    @pytest.mark.skipif(shutil.which("strace") is None, reason="needs strace")
    def test_killed_in_native_code(
        self, commands, tally, effort, npz_folder, tmp_path
    ):
        """At a rename, of Python, TensorFlow or HDF5, a random one."""
        path, rng, seen = tmp_path / "work", random.Random(0), []
        command = [
            "train",
            *crash_files.train_dataset(npz_folder),
            *crash_files.TRAINING,
        ]
        command += ["--work-dir", path]
        command = crash_files.Resumed(command, path)
        for _ in range(max(1, round(2 * effort))):
            pid = commands.start(
                *command, fault={"folder": str(path), "traced": True}
            )
            strace = subprocess.Popen(
                [
                    "strace",
                    "-f",
                    "-qq",
                    "-o",
                    "/dev/null",
                    "-p",
                    str(pid),
                    "-e",
                    "trace=/^rename",
                    "-e",
                    f"inject=/^rename:signal=KILL:when={rng.randint(1, 6)}",
                ]  # fmt: skip
            )
            tally["kills survived"] += commands.wait(pid).killed
            strace.wait()
            self._check(path, seen)
        commands.run(*command).good()
        self._check(path, seen)
        assert seen[-1][1] == 6 and len(seen[-1][0]) == 2
        assert crash_files.left(path) == []
        assert not [p for p in pathlib.Path(path).rglob("*_temp*")]
