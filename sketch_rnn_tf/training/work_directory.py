"""A work directory: everything that belongs to one training, on disk.

It holds

    config.json       all of the configuration
    checkpoints/      model, optimizer and step, to resume from
    best.weights.h5   the weights with the lowest validation loss (Eq. 12)
    history.csv       one row a validation
    logs/             TensorBoard
    started_from      the model whose weights it began with, if it did

A process that is killed while it writes leaves `.partial-*` behind, see
`partials`, and what it was about to replace as it was.
"""

import contextlib
import csv
import math
import os
import pathlib
import shutil
from collections.abc import Iterator

from sketch_rnn_tf import config as config_lib, locks, partials

CONFIG = "config.json"
CHECKPOINTS = "checkpoints"
BEST_WEIGHTS = "best.weights.h5"
HISTORY = "history.csv"
LOGS = "logs"
STARTED_FROM = "started_from"
# What may change on resuming: how long to train, how often to look, and what
# a training that met an infinite gradient needs to go on.
FREE = (
    "steps",
    "validate_every",
    "learning_rate",
    "learning_rate_decay",
    "min_learning_rate",
    "gradient_clip",
    "version",
)


def create(
    path: str | os.PathLike, config: config_lib.Config, *, resume: bool
) -> None:
    """Makes a work directory, or takes over one that can be resumed.

    Args:
      path: The directory.
      config: The configuration of the training.
      resume: Whether to go on with the training that is there.

    Raises:
      ValueError: As `check`.
    """
    check(path, config, resume=resume)
    path = pathlib.Path(path)
    path.mkdir(parents=True, exist_ok=True)
    with partials.file(path / CONFIG) as partial:
        partial.write_text(config.to_json())


def check(
    path: str | os.PathLike, config: config_lib.Config, *, resume: bool
) -> None:
    """Checks that a work directory can be made or resumed.

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
    elif path.exists():
        # What a killed process left is as good as nothing.
        others = sorted(
            name
            for name in os.listdir(path)
            if not name.startswith(partials.PREFIX)
        )
        if others:
            raise ValueError(
                f"{path}: expected a new or empty directory, "
                f"got one that holds {others[0]!r}"
            )


@contextlib.contextmanager
def locked(path: str | os.PathLike) -> Iterator[None]:
    """Makes a directory where there is none, and keeps others out of it.

    The lock ends with the process, however that ends.  Where the body fails
    before it has written anything, a new directory is removed again.

    Args:
      path: The directory.

    Raises:
      ValueError: If another process holds the lock.
    """
    path = pathlib.Path(path)
    with contextlib.ExitStack() as stack:
        while True:
            folder = stack.enter_context(contextlib.ExitStack())
            folder.enter_context(locks.made(path))
            descriptor = os.open(path, os.O_RDONLY)
            folder.callback(os.close, descriptor)
            if locks.take(descriptor) is False:
                process = locks.holder(descriptor)
                named = f" (process {process})" if process else ""
                raise ValueError(
                    f"{path}: another process is training there{named}"
                )
            # Another may have failed, and removed the folder that it made.
            if locks.is_at(descriptor, path):
                break
            folder.close()
        yield


def clean(path: str | os.PathLike) -> None:
    """Removes what killed processes left while they were writing."""
    for partial in list(pathlib.Path(path).rglob(partials.PREFIX + "*")):
        if partial.is_dir() and not partial.is_symlink():
            shutil.rmtree(partial)
        else:
            partial.unlink(missing_ok=True)


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
    config = config_lib.from_json(text, name=str(file))
    try:
        config.check_complete()
    except ValueError as error:
        raise ValueError(f"{file}: {error}") from None
    return config


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
        # Steps are counted on from; NaN and infinity are no number of them.
        if not all(math.isfinite(row["step"]) for row in rows):
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
    # Rows of another version may have other columns.
    names = dict.fromkeys(name for row in rows for name in row)
    with (
        partials.file(pathlib.Path(path) / HISTORY) as partial,
        partial.open("w", newline="") as lines,
    ):
        writer = csv.DictWriter(lines, fieldnames=list(names), restval="nan")
        writer.writeheader()
        # Read back they are floats; a resumed history looks like any other.
        writer.writerows({**row, "step": int(row["step"])} for row in rows)


def best_loss(rows: list[dict[str, float]]) -> float:
    """Returns the lowest validation loss in a history; infinity if none."""
    return min((row["val_loss"] for row in rows), default=math.inf)


def _difference(old, new):
    for key in old.__dataclass_fields__:
        if key not in FREE and getattr(old, key) != getattr(new, key):
            return (
                f"{key} is {getattr(old, key)!r} there, "
                f"{getattr(new, key)!r} here"
            )
    return ""
