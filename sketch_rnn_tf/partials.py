"""Files and folders that get their names when all of them is written.

Until then they are in a folder `.partial-NAME.1` beside their place.  Its
process holds a lock on it: a folder that nobody holds was left by a process
that was killed, and the next one that writes the same name takes it over.  So
such folders do not pile up.  Where two processes write the same name at once,
the second has `.partial-NAME.2`.

What was written is on disk before it gets its name, and the name is on disk
before the body's end: neither a killed process nor a power cut leaves half a
file under a name, as far as the file system and the disk keep their word.
"""

import contextlib
import ctypes
import errno
import os
import pathlib
import shutil
import time
from collections.abc import Iterator

from sketch_rnn_tf import locks

PREFIX = ".partial-"

# Of a name, in bytes, that file systems leave room for.
_LONGEST = 200
# Processes that may write one name at once.
_MOST = 100
# Seconds to wait for whoever has just named what is replaced, at most.
_WAIT = 5.0
# What a disk says that takes no more.
_DISK = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO)
_AT_FDCWD, _RENAME_EXCHANGE = -100, 2


def is_partial(path: str | os.PathLike) -> bool:
    """Returns whether a path is, or lies in, what is not written whole.

    >>> is_partial("data/.partial-cat.npz.1/cat.npz")
    True
    """
    return any(part.startswith(PREFIX) for part in pathlib.PurePath(path).parts)


@contextlib.contextmanager
def file(
    path: str | os.PathLike, *, durable: bool = True
) -> Iterator[pathlib.Path]:
    """Gives a path to write to, and moves the file to `path` when done.

    Where the body fails, nothing stays behind and `path` is what it was; so
    it is, too, where the process or the machine stops in the midst of it.

    Args:
      path: The file to write; its folder is made where it is missing.
      durable: Whether to wait until it is on disk, so that it outlives a
        power cut, and not only the process.

    Yields:
      A path of the same name in another folder of the same file system.
    """
    path = pathlib.Path(path)
    with scratch(path) as folder:
        partial = folder / path.name
        partial.touch()
        yield partial
        if durable:
            # Else a file system may have the name on disk before the bytes.
            sync(partial)
        os.replace(partial, path)
        if durable:
            sync(path.parent)


@contextlib.contextmanager
def folder(
    path: str | os.PathLike, *, replace: bool = False
) -> Iterator[pathlib.Path]:
    """Gives a new folder to write into, and renames it to `path` when done.

    Args:
      path: What it is to be called.
      replace: Whether it may take the place of a folder that holds something;
        on Linux there is a whole one under the name at any moment.

    Yields:
      The folder.

    Raises:
      FileExistsError: If `path` has come to hold something, without
        `replace`.
    """
    with scratch(path) as partial:
        yield partial
        place(partial, path, replace=replace)


@contextlib.contextmanager
def scratch(path: str | os.PathLike) -> Iterator[pathlib.Path]:
    """Gives an empty folder beside a path, which goes when the body ends.

    Args:
      path: Names the folder; what is above it is made where it is missing.

    Yields:
      The folder; nobody else takes it.
    """
    path = pathlib.Path(path)
    if path.name in ("", ".."):
        path = path.resolve()
    with locks.made(path.parent):
        name = os.fsdecode(os.fsencode(path.name)[:_LONGEST])
        names = (
            path.with_name(f"{PREFIX}{name}.{number}")
            for number in range(1, _MOST + 1)
        )
        for partial in names:
            descriptor = _taken(partial)
            if descriptor is not None:
                break
        else:
            raise FileExistsError(
                f"{path.parent}: expected to find a free name, got "
                f"{PREFIX}{name}.1 to .{_MOST} there already"
            )
        try:
            # Left by processes that ran at the same time.
            for other in names:
                if not os.path.lexists(other):
                    break
                _remove(other)
            yield partial
        except OSError as error:
            # What fails in writing to an open file does not say to which.
            if error.filename is None and error.errno in _DISK:
                error.filename = str(path)
            raise
        finally:
            # It may have been renamed, and another process have the name.
            if locks.is_at(descriptor, partial):
                shutil.rmtree(partial, ignore_errors=True)
            os.close(descriptor)


def place(
    partial: str | os.PathLike,
    path: str | os.PathLike,
    *,
    replace: bool = False,
) -> None:
    """Gives a folder its name, as `folder` does.

    Raises:
      FileExistsError: If `path` has come to hold something, without
        `replace`.
    """
    partial, path = pathlib.Path(partial), pathlib.Path(path)
    for below in partial.rglob("*"):
        sync(below)
    sync(partial)
    try:
        os.rename(partial, path)
    except OSError as error:
        if error.errno not in (errno.ENOTEMPTY, errno.EEXIST):
            raise
        if not replace:
            raise FileExistsError(
                f"{path}: expected a new or empty directory; another process "
                "has made one"
            ) from None
        if _exchanged(partial, path):
            _remove_replaced(partial)
        else:
            _replace(partial, path)
    sync(path.parent)


def sync(path: str | os.PathLike) -> None:
    """Waits until a file, or a directory's entries, are on disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    except OSError:
        # Some file systems cannot do so with a directory.
        if not os.path.isdir(path):
            raise
    finally:
        os.close(descriptor)


def _taken(partial):
    """Makes or takes over a folder: its descriptor; None if others have it."""
    while True:
        try:
            os.mkdir(partial)
            made = True
        except FileExistsError:
            made = False
        try:
            descriptor = os.open(
                partial, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW
            )
        except FileNotFoundError:
            continue
        except OSError:  # a file, a link, or not ours to read
            return None
        try:
            mine = os.fstat(descriptor).st_uid == os.geteuid()
            locked = locks.take(descriptor) if mine else False
            # Without locks nobody knows whose a folder is that was there.
            if locked or (locked is None and made):
                if locks.is_at(descriptor, partial):
                    if not made:
                        _empty(partial)
                    descriptor, kept = None, descriptor
                    return kept
            elif not made:
                return None
        finally:
            if descriptor is not None:
                os.close(descriptor)


def _empty(partial):
    for entry in os.scandir(partial):
        if entry.is_dir(follow_symlinks=False):
            shutil.rmtree(entry.path)
        else:
            os.unlink(entry.path)


def _remove(partial):
    """Removes a folder that a killed process left, and no other."""
    descriptor = _taken(partial)
    if descriptor is not None:
        shutil.rmtree(partial, ignore_errors=True)
        os.close(descriptor)


def _remove_replaced(partial):
    """Removes what was replaced, unless another process takes its name over.

    Whoever wrote it holds it a moment longer than until it had its name.
    """
    end = time.monotonic() + _WAIT
    try:
        descriptor = os.open(
            partial, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW
        )
    except OSError:  # taken over and done with, or not ours to read
        return
    try:
        while locks.take(descriptor) is False:
            if time.monotonic() > end:
                return
            time.sleep(0.01)
        # Without locks nobody takes over a folder that is there.
        if locks.is_at(descriptor, partial):
            shutil.rmtree(partial, ignore_errors=True)
    finally:
        os.close(descriptor)


def _exchanged(partial, path):
    """Swaps two folders in one step; returns whether that can be done."""
    try:
        renameat2 = ctypes.CDLL(None).renameat2
    except (AttributeError, OSError, TypeError):  # not on Linux
        return False
    names = os.fsencode(partial), os.fsencode(path)
    done = renameat2(_AT_FDCWD, names[0], _AT_FDCWD, names[1], _RENAME_EXCHANGE)
    return done == 0


def _replace(partial, path):
    """Swaps two folders in two steps."""
    with scratch(path.with_name(f"{path.name}.old")) as old:
        os.rename(path, old / path.name)
        try:
            os.rename(partial, path)
        except OSError:
            os.rename(old / path.name, path)
            raise
