"""A full disk: one line, exit status 2, and what was there as it was.

Disks are small file systems in memory, in a mount namespace of the commands'
own.  Where none can be mounted those tests are skipped, and those remain in
which Python's calls fail as on a full disk.
"""

import contextlib
import errno
import os
import pathlib
import random
import time

import crash_files
import pytest

from benchmarks import survival
from sketch_rnn_tf.training import work_directory

SIZE = 8 * 2**20


def _free(disk):
    found = os.statvfs(disk)
    return found.f_bavail * found.f_bsize


def _fill(disk, room):
    """Fills a disk but for some bytes; returns the file that does it."""
    filler = disk / "filler"
    with filler.open("wb", buffering=0) as file, contextlib.suppress(OSError):
        while _free(disk) > room:
            # A training beside may take what was free just now.
            file.write(bytes(min(_free(disk) - room, 2**16)))
    return filler


@pytest.mark.parametrize("name", crash_files.COMMANDS)
def test_small_disk(commands, tally, npz_folder, work_model, tmp_path, name):
    if not commands.mounts:
        pytest.skip("no disk can be mounted here")
    path = tmp_path / "disk"
    disk = commands.disk(path, SIZE)
    command = crash_files.command(name, npz_folder, work_model, path, tmp_path)
    light = {"folder": str(path), "light": True}
    if name in crash_files.AGAIN:
        commands.run(*command, fault=light).good()
    # TFDS begins with less than a page, and asks whether any is free.
    filler = _fill(disk, 4096 if name == "prepare" else 0)
    before = crash_files.tree(disk)
    commands.run(*command, fault=light).refused("No space left on device")
    after = crash_files.tree(disk)
    if name == "prepare":
        # TFDS notes, for good, what its default configuration is called.
        after.pop("quickdraw_strokes/.config/metadata.json", None)
    assert after == before
    assert crash_files.left(disk) == []
    tally["full disks"] += 1
    filler.unlink()
    commands.run(*command, fault=light).good()
    assert crash_files.left(disk) == []


@pytest.mark.parametrize("name", crash_files.COMMANDS)
def test_full_from_a_moment_on(
    commands, tally, effort, npz_folder, work_model, tmp_path, name
):
    """Python can make or rename nothing any more: errors, not disks."""
    folder, file = tmp_path / "out", tmp_path / "events"
    folder.mkdir()
    command = crash_files.command(
        name, npz_folder, work_model, folder, tmp_path
    )
    plan = {"folder": str(folder), "light": True}
    commands.run(
        *crash_files.command(
            name, npz_folder, work_model, tmp_path / "peace", tmp_path
        ),
        fault={
            "folder": str(tmp_path / "peace"),
            "light": True,
            "count": str(file),
        },
    ).good()
    events, rng = int(file.read_text()), random.Random(0)
    for number in range(max(1, round(2 * effort))):
        moment = 1 if number == 0 else rng.randint(1, events // 2)
        code = rng.choice([errno.ENOSPC, errno.EDQUOT, errno.EIO])
        before = crash_files.tree(folder)
        done = commands.run(
            *command, fault=plan | {"fail": moment, "errno": code}
        )
        done.refused(os.strerror(code))
        tally["errors injected"] += 1
        after = crash_files.tree(folder)
        if name not in ("page", "convert"):  # several files, each whole
            assert {k for k in after if ".config" not in k} == set(before)
        assert crash_files.left(folder) == []


class TestTrain:
    def _command(self, npz_folder, path):
        command = ["train", *crash_files.train_dataset(npz_folder)]
        return [*command, *crash_files.TRAINING, "--work-dir", path]

    def test_full_before_it_starts(self, commands, tally, npz_folder, tmp_path):
        if not commands.mounts:
            pytest.skip("no disk can be mounted here")
        path = tmp_path / "disk"
        disk = commands.disk(path, SIZE)
        _fill(disk, 64 * 1024)
        done = commands.run(*self._command(npz_folder, path / "work"))
        done.refused("training needs", "MB are free")
        assert crash_files.tree(disk).keys() == {"filler"}
        tally["full disks"] += 1

    def test_full_while_it_runs(self, commands, tally, npz_folder, tmp_path):
        if not commands.mounts:
            pytest.skip("no disk can be mounted here")
        path = tmp_path / "disk"
        disk = commands.disk(path, SIZE)
        work = disk / "work"
        pid = commands.start(*self._command(npz_folder, path / "work"))
        end = time.monotonic() + 300
        while not (work / "checkpoints" / "checkpoint").exists():
            assert time.monotonic() < end
            time.sleep(0.01)
        filler = _fill(disk, 0)
        done = commands.wait(pid)
        done.refused("could not write", "--resume goes on")
        tally["full disks"] += 1
        # Through this process' eyes, as it can read the disk.
        step, rows = survival.last_step(work), _rows(work)
        assert step > 0 and all(row["step"] <= step for row in rows)
        filler.unlink()
        commands.run(
            *self._command(npz_folder, path / "work"), "--resume"
        ).good()
        assert survival.last_step(work) == 6
        assert _rows(work)[: len(rows)] == rows
        assert [row["step"] for row in _rows(work)] == [3, 6]
        assert crash_files.left(disk) == []


def _rows(work: pathlib.Path):
    return work_directory.read_history(work)
