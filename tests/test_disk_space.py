"""disk_space: tried before a training, told in one line when it runs out."""

import contextlib
import errno
import os
import resource

import pytest
import tensorflow as tf

from sketch_rnn_tf import cli
from sketch_rnn_tf.training import disk_space


def _refused(path, sizes):
    with pytest.raises(OSError, match=".") as caught:
        disk_space.require(path, sizes)
    text = str(caught.value)
    assert "\n" not in text and text.startswith(f"{path}: ")
    return text


def _failing(monkeypatch, code):
    def fail(*_):
        raise OSError(code, os.strerror(code))

    monkeypatch.setattr(os, "posix_fallocate", fail)


@contextlib.contextmanager
def small_files():
    """Limits the size of a file to 10,000 bytes.

    No fixture, as it would hold for pytest's own output, too, which may go
    into a file that is larger.
    """
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (10_000, limits[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)


class TestRequire:
    def test_leaves_nothing_behind(self, tmp_path):
        disk_space.require(tmp_path, [1000, 2000])
        disk_space.require(tmp_path / "new" / "work", [1000])
        assert not list(tmp_path.iterdir())

    def test_more_than_is_free(self, tmp_path):
        said = _refused(tmp_path, [2 * 10**18])
        assert "needs 2,000,000,000,000.0 MB of disk, " in said
        assert said.endswith(" MB are free")

    def test_the_sum_counts(self, tmp_path, monkeypatch):
        class Usage:
            free = 5000

        monkeypatch.setattr(disk_space.shutil, "disk_usage", lambda _: Usage)
        disk_space.require(tmp_path, [2000, 3000])
        assert "0.0 MB are free" in _refused(tmp_path, [2000, 3001])

    def test_a_limit_on_file_sizes_is_one_for_each_file(self, tmp_path):
        with small_files():
            disk_space.require(tmp_path, [9_000, 9_000])
            said = _refused(tmp_path, [9_000, 20_000])
        assert "0.0 MB, which is over the limit on a file's size" in said
        assert not list(tmp_path.iterdir())

    def test_a_quota(self, tmp_path, monkeypatch):
        _failing(monkeypatch, errno.EDQUOT)
        assert "0.0 MB of disk, which is over the quota" in _refused(
            tmp_path, [9]
        )

    @pytest.mark.parametrize("code", [errno.EOPNOTSUPP, errno.EINVAL])
    def test_a_file_system_that_cannot_try_is_believed(
        self, tmp_path, monkeypatch, code
    ):
        _failing(monkeypatch, code)
        disk_space.require(tmp_path, [1000])
        assert "are free" in _refused(tmp_path, [2 * 10**18])

    def test_a_system_that_cannot_try_is_believed(self, tmp_path, monkeypatch):
        monkeypatch.delattr(os, "posix_fallocate")
        disk_space.require(tmp_path, [1000])
        assert "are free" in _refused(tmp_path, [2 * 10**18])

    def test_not_a_directory(self, tmp_path):
        (tmp_path / "file").write_text("")
        for path in (tmp_path / "file", tmp_path / "file" / "work"):
            assert "cannot be written to: Not a directory" in _refused(
                path, [9]
            )

    def test_read_only(self, tmp_path, monkeypatch):
        def fail(**_):
            raise OSError(errno.EROFS, os.strerror(errno.EROFS))

        monkeypatch.setattr(disk_space.tempfile, "TemporaryFile", fail)
        assert "cannot be written to: Read-only file system" in _refused(
            tmp_path, [9]
        )


class TestWriting:
    @pytest.mark.parametrize(
        ("error", "reason"),
        [
            (OSError(errno.ENOSPC, "HDF5's\nown words"), "No space left on d"),
            (RuntimeError("Can't decrement id"), "Can't decrement id"),
            (
                tf.errors.ResourceExhaustedError(
                    None, None, "{{node}} /ckpt-1_temp/part; No space left"
                ),
                "No space left",
            ),
        ],
    )
    def test_says_what_and_why_in_one_line(self, error, reason):
        with (
            pytest.raises(OSError, match="could not write work/a: ") as caught,
            disk_space.writing("work/a"),
        ):
            raise error
        assert f"a: {reason}" in str(caught.value)
        assert "\n" not in str(caught.value)

    def test_a_checkpoint_that_is_too_large(self, tmp_path):
        checkpoint = tf.train.Checkpoint(v=tf.Variable(tf.zeros([9_999])))
        with (
            pytest.raises(OSError, match="a: File too large; what was there"),
            disk_space.writing("a"),
            small_files(),
        ):
            checkpoint.write(str(tmp_path / "ckpt"))

    def test_other_errors_pass(self):
        with pytest.raises(ValueError, match="^mine$"), disk_space.writing("a"):
            raise ValueError("mine")


def test_the_command_line_says_so_before_it_reads_data(tmp_path, capfd):
    (tmp_path / "file").write_text("")
    work = str(tmp_path / "file" / "work")
    # There are no such data, which would be said, too.
    line = ["train", "--preset", "tiny", "--data", "none.npz"]
    assert cli.main([*line, "--work-dir", work]) == 2
    assert capfd.readouterr().err == (
        f"sketch-rnn: {work}: cannot be written to: Not a directory\n"
    )
    assert cli.main([*line, "--work-dir", str(tmp_path / "work")]) == 2
    assert "none.npz: expected" in capfd.readouterr().err
