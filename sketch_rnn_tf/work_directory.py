"""A work directory: everything that belongs to one training, on disk.

It holds

    config.json       all of the configuration
    checkpoints/      model, optimizer and step, to resume from
    best.weights.h5   the weights with the lowest validation loss (Eq. 12)
    history.csv       one row a validation
    logs/             TensorBoard
"""

import contextlib
import csv
import os
import pathlib
import tempfile
from collections.abc import Iterator

from sketch_rnn_tf import config as config_lib

CONFIG = "config.json"
CHECKPOINTS = "checkpoints"
BEST_WEIGHTS = "best.weights.h5"
HISTORY = "history.csv"
LOGS = "logs"


@contextlib.contextmanager
def written_whole(path: str | os.PathLike) -> Iterator[pathlib.Path]:
    """Gives a path beside `path` to write to, and renames it when done.

    Where the body fails, nothing stays behind and `path` is what it was.

    Args:
      path: The file to write; its directory is made where it is missing.

    Yields:
      A path in the same directory with the same ending.
    """
    path = pathlib.Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    suffix = "".join(path.suffixes)
    handle, name = tempfile.mkstemp(
        prefix=".partial-", suffix=suffix, dir=path.parent
    )
    os.close(handle)
    try:
        yield pathlib.Path(name)
        os.chmod(name, 0o666 & ~_umask())
        os.replace(name, path)
    except BaseException:
        pathlib.Path(name).unlink(missing_ok=True)
        raise


def create(
    path: str | os.PathLike, config: config_lib.Config, *, resume: bool
) -> None:
    """Makes a work directory, or checks that one can be resumed.

    Args:
      path: The directory.
      config: The configuration of the training.
      resume: Whether to go on with the training that is there.

    Raises:
      ValueError: If the directory holds another training, or one of
        another configuration, or is not a work directory; or if there is
        nothing to resume.
    """
    path = pathlib.Path(path)
    if path.exists() and not path.is_dir():
        raise ValueError(f"{path}: expected a directory, got a file")
    if (path / CONFIG).exists():
        if not resume:
            raise ValueError(
                f"{path}: holds a training already; go on with it by "
                "--resume, or name another directory"
            )
        difference = _difference(load_config(path), config)
        if difference:
            raise ValueError(
                f"{path}: holds a training of another configuration: "
                f"{difference}"
            )
    elif resume:
        raise ValueError(f"{path}: expected a work directory to resume, "
                         f"got one without {CONFIG}")  # fmt: skip
    elif path.exists() and any(path.iterdir()):
        raise ValueError(
            f"{path}: expected a new or empty directory, "
            f"got one that holds {sorted(os.listdir(path))[0]!r}"
        )
    path.mkdir(parents=True, exist_ok=True)
    with written_whole(path / CONFIG) as partial:
        partial.write_text(config.to_json())


def load_config(path: str | os.PathLike) -> config_lib.Config:
    """Reads the configuration of a work directory.

    Raises:
      ValueError: If there is no such directory, it is not a work directory,
        or its configuration is damaged.
    """
    path = pathlib.Path(path)
    if not path.is_dir():
        raise ValueError(f"{path}: expected a work directory, found none")
    file = path / CONFIG
    if not file.is_file():
        raise ValueError(
            f"{path}: expected a work directory, got one without {CONFIG}"
        )
    try:
        text = file.read_text()
    except UnicodeDecodeError as error:
        raise ValueError(f"{file}: expected UTF-8 text, got {error}") from None
    return config_lib.from_json(text, name=str(file))


def read_history(path: str | os.PathLike) -> list[dict[str, float]]:
    """Reads history.csv; an empty list where there is none.

    Raises:
      ValueError: If it is not a history: a value is not a number, or there
        is no step or val_loss.
    """
    file = pathlib.Path(path) / HISTORY
    if not file.exists():
        return []
    try:
        with file.open(newline="") as lines:
            rows = [
                {key: float(value) for key, value in row.items()}
                for row in csv.DictReader(lines)
            ]
        if not all({"step", "val_loss"} <= row.keys() for row in rows):
            raise ValueError
    except (TypeError, ValueError, csv.Error):
        raise ValueError(
            f"{file}: expected rows of numbers, with step and val_loss"
        ) from None
    return rows


def write_history(
    path: str | os.PathLike, rows: list[dict[str, float]]
) -> None:
    """Writes history.csv, whole."""
    with (
        written_whole(pathlib.Path(path) / HISTORY) as partial,
        partial.open("w", newline="") as lines,
    ):
        writer = csv.DictWriter(lines, fieldnames=list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)


def _difference(old, new):
    # How long to train, and how often to look, may change on resuming.
    free = ("steps", "validate_every", "version")
    for key in old.__dataclass_fields__:
        if key not in free and getattr(old, key) != getattr(new, key):
            return (
                f"{key} is {getattr(old, key)!r} there, "
                f"{getattr(new, key)!r} here"
            )
    return ""


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
