"""A read-only disk: one line, exit status 2, and nothing else happens.

As root may write into any folder, it is the file system that is read-only, one
in memory in a mount namespace of the commands' own.
"""

import crash_files
import pytest

SIZE = 8 * 2**20


@pytest.fixture
def disk(commands, tmp_path):
    """Returns where a disk is for commands, and for this process."""
    if not commands.mounts:
        pytest.skip("no disk can be mounted here")
    return tmp_path / "disk", commands.disk(tmp_path / "disk", SIZE)


def test_every_command(commands, tally, npz_folder, work_model, disk, tmp_path):
    path, seen = disk
    commands.set_read_only(path)
    for name in crash_files.COMMANDS:
        command = crash_files.command(
            name, npz_folder, work_model, path, tmp_path
        )
        done = commands.run(
            *command, fault={"folder": str(path), "light": True}
        )
        done.refused("Read-only file system")
        tally["read-only disks"] += 1
    assert crash_files.tree(seen) == {}


def test_training(commands, tally, npz_folder, disk):
    path, seen = disk
    command = ["train", *crash_files.train_dataset(npz_folder)]
    command += [*crash_files.TRAINING, "--work-dir", path / "work"]
    commands.set_read_only(path)
    commands.run(*command).refused("cannot be written to: Read-only file sys")
    assert crash_files.tree(seen) == {}
    commands.set_read_only(path, False)
    commands.run(*command).good()
    before = crash_files.tree(seen)
    commands.set_read_only(path)
    more = ["--resume", "--steps", "8"]
    commands.run(*command, *more).refused("Read-only file system")
    assert crash_files.tree(seen) == before
    tally["read-only disks"] += 2
    # Reading goes on.
    drawn = path.parent / "drawn.svg"
    commands.run(
        "sample", "--model", path / "work", "--count", "1", "--out", drawn
    ).good()
    assert drawn.stat().st_size
