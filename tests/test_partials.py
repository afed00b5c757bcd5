"""partials: whole files and folders, and what killed processes leave."""

import errno
import os
import stat
import subprocess
import sys
import threading

import pytest

from sketch_rnn_tf import locks, partials

# A process that writes half, says so, and waits to be killed.
HALF = """
import sys
from sketch_rnn_tf import partials
with getattr(partials, sys.argv[1])(sys.argv[2]) as partial:
    (partial / "half" if partial.is_dir() else partial).write_text("half")
    print(partial, flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def half():
    """Returns a function that starts a process which writes half."""
    started = []

    def start(kind, path):
        process = subprocess.Popen(
            [sys.executable, "-c", HALF, kind, path],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        started.append(process)
        process.partial = process.stdout.readline().strip()
        return process

    yield start
    for process in started:
        process.kill()
        process.communicate()


def _listed(path):
    return sorted(str(p.relative_to(path)) for p in path.rglob("*"))


def _write(kind, path, text="whole", **options):
    with getattr(partials, kind)(path, **options) as partial:
        (partial / "a" if kind == "folder" else partial).write_text(text)


@pytest.mark.parametrize("kind", ["file", "folder"])
class TestKilled:
    def test_what_was_left_is_taken_over(self, half, tmp_path, kind):
        path = tmp_path / "cat.npz"
        for _ in range(3):
            process = half(kind, path)
            process.kill()
            process.wait()
            assert not path.exists()
            assert [p.name for p in tmp_path.iterdir()] == [
                ".partial-cat.npz.1"
            ]
        _write(kind, path)
        assert _listed(tmp_path) == (
            ["cat.npz"] if kind == "file" else ["cat.npz", "cat.npz/a"]
        )

    def test_two_at_once_are_both_whole(self, half, tmp_path, kind):
        path = tmp_path / "cat.npz"
        process = half(kind, path)
        assert ".partial-cat.npz.1" in process.partial
        _write(kind, path)
        assert os.path.exists(process.partial)
        process.kill()
        process.wait()
        assert "cat.npz" in os.listdir(tmp_path)
        # The first free one is taken, and the ones behind it are removed.
        first, second = half(kind, path), half(kind, path)
        assert ".partial-cat.npz.2" in second.partial
        for killed in (first, second):
            killed.kill()
            killed.wait()
        _write(kind, tmp_path / "cat.npz", **{"file": {}, "folder": {"replace": True}}[kind])  # fmt: skip
        assert os.listdir(tmp_path) == ["cat.npz"]


@pytest.fixture
def order(monkeypatch):
    """What is synced, by its path, and what renames, in their order."""
    order = []
    fsync = os.fsync

    def synced(descriptor):
        order.append(os.readlink(f"/proc/self/fd/{descriptor}"))
        fsync(descriptor)

    monkeypatch.setattr(os, "fsync", synced)

    def noted(call):
        def renamed(source, target):
            order.append(call.__name__)
            call(source, target)

        return renamed

    monkeypatch.setattr(os, "rename", noted(os.rename))
    monkeypatch.setattr(os, "replace", noted(os.replace))
    return order


class TestFile:
    def test_the_file_is_there_when_all_is_written(self, tmp_path):
        path = tmp_path / "new" / "a.weights.h5"
        with partials.file(path) as partial:
            # Keras looks at the ending.
            assert partial.name == path.name
            partial.write_text("whole")
            assert not path.exists()
        assert path.read_text() == "whole"
        assert _listed(tmp_path) == ["new", "new/a.weights.h5"]

    @pytest.mark.parametrize("kind", [OSError, ValueError, KeyboardInterrupt])
    def test_a_failure_leaves_nothing(self, tmp_path, kind):
        path = tmp_path / "a.txt"

        def fail():
            with partials.file(path) as partial:
                partial.write_text("half")
                raise kind

        with pytest.raises(kind):
            fail()
        assert _listed(tmp_path) == []
        path.write_text("before")
        with pytest.raises(kind):
            fail()
        assert path.read_text() == "before"
        assert _listed(tmp_path) == ["a.txt"]

    def test_a_target_that_cannot_be_replaced_leaves_nothing(self, tmp_path):
        (tmp_path / "a.txt").mkdir()
        with (
            pytest.raises(OSError, match="directory"),
            partials.file(tmp_path / "a.txt") as partial,
        ):
            partial.write_text("whole")
        assert _listed(tmp_path) == ["a.txt"]

    def test_bytes_are_on_disk_before_the_name(self, tmp_path, order):
        with partials.file(tmp_path / "a.txt") as partial:
            partial.write_text("whole")
        assert order == [str(partial), "replace", str(tmp_path)]

    def test_permissions_are_those_of_any_new_file(self, tmp_path):
        with partials.file(tmp_path / "a") as partial:
            partial.write_text("")
        (tmp_path / "b").write_text("")
        modes = {stat.S_IMODE(p.stat().st_mode) for p in tmp_path.iterdir()}
        assert len(modes) == 1

    def test_no_glob_takes_the_half_for_the_whole(self, tmp_path):
        with partials.file(tmp_path / "cat.npz") as partial:
            partial.write_text("half")
            assert not list(tmp_path.glob("*.npz"))
            assert partials.is_partial(partial.relative_to(tmp_path))
        assert not partials.is_partial("cat.npz")

    def test_a_failure_removes_the_folders_that_were_made(self, tmp_path):
        with pytest.raises(KeyError), partials.file(tmp_path / "a" / "b" / "c"):
            raise KeyError
        assert not os.listdir(tmp_path)

    def test_a_full_disk_names_the_file(self, tmp_path):
        with (
            pytest.raises(OSError, match=r"No space left on device: '.*/a'$"),
            partials.file(tmp_path / "a"),
        ):
            # As of a write to an open file.
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        assert not os.listdir(tmp_path)

    @pytest.mark.parametrize("name", ["n" * 255, "\u732b" * 85])
    def test_the_longest_names(self, tmp_path, name):
        _write("file", tmp_path / name)
        assert os.listdir(tmp_path) == [name]

    @pytest.mark.parametrize("there", ["file", "link", "another's"])
    def test_what_is_not_ours_is_left_alone(self, tmp_path, monkeypatch, there):
        first = tmp_path / ".partial-a.1"
        if there == "file":
            first.write_text("mine")
        elif there == "link":
            (tmp_path / "elsewhere").mkdir()
            (tmp_path / "elsewhere" / "precious").write_text("mine")
            first.symlink_to(tmp_path / "elsewhere")
        else:
            first.mkdir()
            (first / "precious").write_text("mine")
            monkeypatch.setattr(os, "geteuid", lambda: first.stat().st_uid + 1)
            # What this process makes is another's, too, then.
            with pytest.raises(FileExistsError, match="to find a free name"):
                _write("file", tmp_path / "a")
            assert (first / "precious").read_text() == "mine"
            return
        before = _listed(tmp_path)
        _write("file", tmp_path / "a")
        assert set(_listed(tmp_path)) == {*before, "a"}

    def test_without_locks_nothing_is_taken_over(self, tmp_path, monkeypatch):
        monkeypatch.setattr(locks, "fcntl", None)
        (tmp_path / ".partial-a.1").mkdir()
        _write("file", tmp_path / "a")
        assert _listed(tmp_path) == [".partial-a.1", "a"]


class TestFolder:
    def test_is_on_disk_before_it_has_its_name(self, tmp_path, order):
        with partials.folder(tmp_path / "out") as partial:
            (partial / "below").mkdir()
            (partial / "below" / "a").write_text("")
        found = [str(partial / "below" / "a"), str(partial / "below")]
        assert sorted(order[:2]) == sorted(found)
        assert order[2:] == [str(partial), "rename", str(tmp_path)]

    def test_permissions_are_those_of_any_new_folder(self, tmp_path):
        _write("folder", tmp_path / "a")
        (tmp_path / "b").mkdir()
        modes = {stat.S_IMODE(p.stat().st_mode) for p in tmp_path.iterdir()}
        assert len(modes) == 1

    def test_another_is_not_replaced(self, tmp_path):
        _write("folder", tmp_path / "out", "first")
        with pytest.raises(FileExistsError, match="out: expected a new or em"):
            _write("folder", tmp_path / "out", "second")
        assert _listed(tmp_path) == ["out", "out/a"]
        assert (tmp_path / "out" / "a").read_text() == "first"

    @pytest.mark.parametrize("in_one_step", [True, False])
    def test_replaced(self, tmp_path, monkeypatch, in_one_step):
        if not in_one_step:
            monkeypatch.setattr(partials, "_exchanged", lambda *_: False)
        (tmp_path / "out").mkdir()
        (tmp_path / "out" / "old").write_text("old")
        _write("folder", tmp_path / "out", replace=True)
        assert _listed(tmp_path) == ["out", "out/a"]

    @pytest.mark.skipif(sys.platform != "linux", reason="renameat2 is Linux's")
    def test_there_is_one_at_any_moment(self, tmp_path, monkeypatch):
        monkeypatch.setattr(
            partials, "_replace", lambda *_: pytest.fail("in two steps")
        )
        _write("folder", tmp_path / "out", "old")
        _write("folder", tmp_path / "out", "new", replace=True)
        assert (tmp_path / "out" / "a").read_text() == "new"


def test_what_is_replaced_goes_though_its_writer_holds_it_for_a_moment(
    tmp_path,
):
    _write("folder", tmp_path / "out", "old")
    # As another process does between naming it and letting go of it.
    descriptor = os.open(tmp_path / "out", os.O_RDONLY)
    assert locks.take(descriptor) is True
    timer = threading.Timer(0.3, os.close, [descriptor])
    timer.start()
    _write("folder", tmp_path / "out", "new", replace=True)
    timer.join()
    assert _listed(tmp_path) == ["out", "out/a"]
    assert (tmp_path / "out" / "a").read_text() == "new"


def test_a_holder_is_named(half, tmp_path):
    process = half("folder", tmp_path / "a")
    descriptor = os.open(process.partial, os.O_RDONLY)
    try:
        assert locks.take(descriptor) is False
        if os.path.exists("/proc/locks"):
            assert locks.holder(descriptor) == process.pid
        process.kill()
        process.wait()
        assert locks.take(descriptor) is True
    finally:
        os.close(descriptor)


def test_a_lock_is_waited_for(half, tmp_path):
    script = """
import sys
from sketch_rnn_tf import locks
with locks.waited_for(sys.argv[1]):
    print("got it")
"""
    with locks.waited_for(tmp_path / "new" / "out"):
        process = subprocess.Popen(
            [sys.executable, "-c", script, tmp_path / "new" / "out"],
            stdout=subprocess.PIPE,
            text=True,
        )
        with pytest.raises(subprocess.TimeoutExpired):
            process.wait(1)
    assert process.communicate()[0] == "got it\n"
    with pytest.raises(KeyError), locks.waited_for(tmp_path / "b" / "c"):
        raise KeyError
    assert os.listdir(tmp_path) == ["new"]
