"""Room on disk: tried before a training, told in one line when it runs out."""

import contextlib
import errno
import os
import pathlib
import re
import shutil
import tempfile
from collections.abc import Iterator, Sequence

import tensorflow as tf

# What a file system says that cannot set aside space.
_CANNOT = {errno.EOPNOTSUPP, errno.ENOTSUP, errno.ENOSYS, errno.EINVAL}


def require(directory: str | os.PathLike, sizes: Sequence[int]) -> None:
    """Checks that files can be written to a directory, by trying it.

    For a moment the files are there, without names; so quotas and limits on
    a file's size are found out as well.

    Args:
      directory: The directory; where there is none, the one it would be
        made in.
      sizes: Bytes of each file.

    Raises:
      OSError: In one line, if a file cannot be made or be that large.
    """
    path = pathlib.Path(directory)
    while not path.exists():
        path = path.parent
    try:
        _try(path, sizes)
    except OSError as error:
        raise OSError(_refusal(directory, path, sizes, error)) from None


def _try(path, sizes):
    # Asked first, for some file systems fill up before they say no.
    if sum(sizes) > shutil.disk_usage(path).free:
        raise OSError(errno.ENOSPC, "")
    with contextlib.ExitStack() as files:
        for size in sizes:
            file = files.enter_context(tempfile.TemporaryFile(dir=path))
            try:
                os.posix_fallocate(file.fileno(), 0, size)
            except AttributeError:  # not on macOS
                return
            except OSError as error:
                if error.errno not in _CANNOT:
                    raise
                return


def _refusal(directory, path, sizes, error):
    needed = f"{directory}: training needs {_megabytes(sum(sizes))} of disk"
    if error.errno == errno.ENOSPC:
        return f"{needed}, {_megabytes(shutil.disk_usage(path).free)} are free"
    if error.errno == errno.EDQUOT:
        return f"{needed}, which is over the quota"
    if error.errno == errno.EFBIG:
        return (
            f"{needed}, in files of up to {_megabytes(max(sizes))}, which is "
            "over the limit on a file's size (ulimit -f)"
        )
    return f"{directory}: cannot be written to: {error.strerror or error}"


def _megabytes(size):
    return f"{size / 1e6:,.1f} MB"


@contextlib.contextmanager
def writing(what: str | os.PathLike) -> Iterator[None]:
    """Says in one line that something could not be written.

    Args:
      what: What the body writes.

    Raises:
      OSError: If the body fails as writing does, in Python, HDF5 or
        TensorFlow.
    """
    try:
        yield
    # HDF5 has a RuntimeError for a file that it cannot close.
    except (OSError, RuntimeError, tf.errors.OpError) as error:
        raise OSError(
            f"could not write {what}: {_reason(error)}; what was there is as "
            "it was, and --resume goes on from the last checkpoint"
        ) from error


def _reason(error):
    if getattr(error, "errno", None):
        return os.strerror(error.errno)
    # TensorFlow's say "{{node ...}} FILE; REASON [Op:...]".
    text = " ".join(str(getattr(error, "message", error)).split())
    return re.sub(r" \[Op:\w+\]$", "", text).rpartition("; ")[2][:200]
