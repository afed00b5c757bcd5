"""The folder of prepared records, which gets its name when it is whole."""

import contextlib
import os
import pathlib
import tempfile
from collections.abc import Iterator
from typing import Any

from tensorflow_datasets.core import utils

from sketch_rnn_tf import partials


@contextlib.contextmanager
def whole() -> Iterator[None]:
    """Has TFDS write its folder as `partials` does.

    TFDS gives what it writes a random name, which nobody removes where the
    process is killed, and renames it without waiting for the disk.
    """
    theirs = utils.incomplete_dir, utils.incomplete_file

    @contextlib.contextmanager
    def incomplete_dir(dirname: Any, overwrite: bool = False, **more: Any):
        dirname = os.fspath(dirname)
        if _is_elsewhere(dirname):
            with theirs[0](dirname, overwrite=overwrite, **more) as folder:
                yield folder
        else:
            with partials.folder(dirname, replace=overwrite) as folder:
                yield os.fspath(folder)

    @contextlib.contextmanager
    def incomplete_file(path: Any, subfolder: str | None = None):
        if _is_elsewhere(os.fspath(path)):
            with theirs[1](path, subfolder) as partial:
                yield partial
        else:
            with partials.file(path) as partial:
                yield partial

    utils.incomplete_dir, utils.incomplete_file = (
        incomplete_dir,
        incomplete_file,
    )
    try:
        yield
    finally:
        utils.incomplete_dir, utils.incomplete_file = theirs


@contextlib.contextmanager
def beside(path: str | os.PathLike, name: str) -> Iterator[str]:
    """Gives an empty folder near a path, which goes when the body ends.

    Args:
      path: A folder, of this machine or a bucket, which has none such.
      name: What the new folder is for.
    """
    if _is_elsewhere(os.fspath(path)):
        with tempfile.TemporaryDirectory(prefix=name) as folder:
            yield folder
    else:
        with partials.scratch(pathlib.Path(path).with_name(name)) as folder:
            yield os.fspath(folder)


def _is_elsewhere(path):
    return "://" in path
