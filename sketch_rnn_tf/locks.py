"""Locks on files and folders, which end with the process that holds them."""

import contextlib
import os
import pathlib
import re
from collections.abc import Iterator

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None


def take(descriptor: int) -> bool | None:
    """Takes the lock of an open file or folder, if nobody has it.

    Args:
      descriptor: Of it; the lock ends when it is closed, at the
        latest with the process, however that ends.

    Returns:
      True if it is taken, False if another has it, None where the file
      system or the operating system knows no such locks.
    """
    if not fcntl:
        return None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:
        return None
    return True


def release(descriptor: int) -> None:
    """Gives a lock back, of other holders of the open file as well."""
    if fcntl:
        with contextlib.suppress(OSError):
            fcntl.flock(descriptor, fcntl.LOCK_UN)


def is_at(descriptor: int, path: str | os.PathLike) -> bool:
    """Returns whether an open file or folder is still what a path names."""
    try:
        return os.path.samestat(os.fstat(descriptor), os.lstat(path))
    except FileNotFoundError:
        return False


def holder(descriptor: int) -> int | None:
    """Finds the process that has the lock of an open folder.

    Args:
      descriptor: Of the folder.

    Returns:
      Its number; None where that cannot be known, as on another machine, in
      another container or not on Linux.
    """
    try:
        listed = pathlib.Path("/proc/locks").read_text()
    except OSError:
        return None
    # As "1: FLOCK  ADVISORY  WRITE 4242 08:01:131 0 EOF"; some file systems
    # have another device there than `stat` gives.
    inode = os.fstat(descriptor).st_ino
    found = set(
        re.findall(
            rf"FLOCK +ADVISORY +WRITE +([1-9]\d*) +\w+:\w+:{inode} ", listed
        )
    )
    return int(found.pop()) if len(found) == 1 else None


@contextlib.contextmanager
def waited_for(path: str | os.PathLike) -> Iterator[None]:
    """Holds the lock of a folder, and waits for it if another has it.

    Args:
      path: The folder, made where there is none; of those made, what is
        still empty when the body fails is removed again.
    """
    path = pathlib.Path(path)
    while True:
        with made(path):
            descriptor = os.open(path, os.O_RDONLY)
            try:
                if fcntl:
                    with contextlib.suppress(OSError):
                        fcntl.flock(descriptor, fcntl.LOCK_EX)
                # Whoever had it may have removed the folder.
                if is_at(descriptor, path):
                    yield
                    return
            finally:
                os.close(descriptor)


@contextlib.contextmanager
def made(path: str | os.PathLike) -> Iterator[None]:
    """Makes a folder, and those above it, where there are none.

    Where the body fails, those that it leaves empty are removed again.

    Args:
      path: The folder.
    """
    path = pathlib.Path(path)
    missing = [p for p in (path, *path.parents) if not p.exists()]
    try:
        path.mkdir(parents=True, exist_ok=True)
        yield
    except BaseException:
        for folder in missing:
            try:
                folder.rmdir()
            except OSError:  # another has put something there
                break
        raise
