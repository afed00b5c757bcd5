"""Trainings: one row of an experiment, on disk, from its name to its losses.

A training is a file `NAME.json`, its record, beside a work directory `NAME/`.
The record says at first what is to be trained, and in the end what came of it:

    data      spec, data_dir, and how many sketches the splits have
    minutes   how long to train at most; null trains `config.steps` steps
    pen       how the pen states are taught, one of `PENS`
    config    the configuration, before N_max and scale factor were measured
    seconds   trained so far
    trained   whether that was all
    result    losses of the best weights over the test split; null before
"""

import dataclasses
import json
import math
import os
import pathlib
import time
from collections.abc import Mapping
from typing import Any

from sketch_rnn_tf import (
    config as config_lib,
    partials,
    training as training_lib,
    version,
)
from sketch_rnn_tf.data import measurement
from sketch_rnn_tf.experiments import hardware, pens, sources
from sketch_rnn_tf.generation import evaluation
from sketch_rnn_tf.model import vae
from sketch_rnn_tf.training import interruption, work_directory

ENDLESS = 10_000_000
"""Steps of a training that ends by the clock."""

_FREE = ("version", "validate_every")


@dataclasses.dataclass(frozen=True)
class Training:
    """What to train.

    Attributes:
      name: Of its record and work directory.
      spec: What to train on, see `sources`.
      config: Its max_len, if positive, is the longest sketch to keep.
      minutes: How long at most; None trains `config.steps` steps.
      pen: How the pen states are taught, one of `pens.PENS`.
      data_dir: Where TFDS keeps its data.
    """

    name: str
    spec: str
    config: config_lib.Config
    minutes: float | None = None
    pen: str = pens.PADDED
    data_dir: str | None = None


def make(
    spec: str,
    config: config_lib.Config,
    *,
    label: str = "",
    minutes: float | None = None,
    pen: str = pens.PADDED,
    data_dir: str | os.PathLike | None = None,
) -> Training:
    """Makes a training whose name says what it is.

    Args:
      spec: What to train on.
      config: The configuration.
      label: What else tells it from others on the same data.
      minutes: How long to train at most; None trains `config.steps` steps.
      pen: One of `pens.PENS`.
      data_dir: Where TFDS keeps its data.

    >>> make("car.npz", config_lib.Config(kl_weight=0.25, seed=2)).name
    'car-kl0.25-seed2'
    """
    kind = f"kl{config.kl_weight:g}" if config.conditional else "decoder"
    words = [sources.name(spec), kind, label, f"seed{config.seed}"]
    return Training(
        name="-".join(word for word in words if word),
        spec=spec,
        config=config,
        minutes=minutes,
        pen=pen,
        data_dir=None if data_dir is None else os.fspath(data_dir),
    )


def read(rows: str | os.PathLike, name: str) -> dict[str, Any] | None:
    """Reads a record; None where there is none.

    Args:
      rows: The directory of records and work directories.
      name: The training's.

    Raises:
      ValueError: If it is damaged.
    """
    path = pathlib.Path(rows) / f"{name}.json"
    if not path.is_file():
        return None
    try:
        found = json.loads(path.read_text())
        if not {"data", "config", "seconds", "result"} <= found.keys():
            raise ValueError
    except (ValueError, AttributeError):
        raise ValueError(
            f"{path}: expected the record of a training, got something else"
        ) from None
    return found


def restored(rows: str | os.PathLike, name: str) -> Training:
    """Makes the training that a record describes.

    Raises:
      ValueError: If there is no such record, or it is damaged.
    """
    record = read(rows, name)
    if record is None:
        raise ValueError(f"{rows}: expected {name}.json, found none")
    return Training(
        name=name,
        spec=record["data"]["spec"],
        config=config_lib.from_mapping(record["config"]),
        minutes=record["minutes"],
        pen=record["pen"],
        data_dir=record["data"]["data_dir"],
    )


def check(training: Training, rows: str | os.PathLike) -> dict[str, Any] | None:
    """Checks that a record, where there is one, is of this training.

    Args:
      training: The training.
      rows: The directory of records and work directories.

    Returns:
      The record; None without one.

    Raises:
      ValueError: If another training has that name; says what differs.
    """
    record = read(rows, training.name)
    if record is None:
        return None
    asked = _settings(dataclasses.asdict(training.config), training.minutes,
                      training.pen)  # fmt: skip
    there = _settings(record["config"], record["minutes"], record["pen"])
    for key, value in asked.items():
        if key not in _FREE and there.get(key) != value:
            raise ValueError(
                f"{pathlib.Path(rows) / training.name}: holds a training of "
                f"other settings: {key} is {there.get(key)!r} there, "
                f"{value!r} here; ask for the same, or name another directory"
            )
    return record


def prepare(training: Training, rows: str | os.PathLike) -> dict[str, Any]:
    """Writes the record of a training, or checks the one that is there.

    Returns:
      The record.

    Raises:
      ValueError: As `check`.
    """
    record = check(training, rows)
    if record is None:
        record = {
            "data": {"spec": training.spec, "data_dir": training.data_dir},
            "minutes": training.minutes,
            "pen": training.pen,
            "config": dataclasses.asdict(training.config),
            "seconds": 0.0,
            "trained": False,
            "result": None,
        }
        _write(record, rows, training.name)
    return record


def _settings(config, minutes, pen):
    """Returns everything that defines a training, as JSON would have it."""
    return json.loads(json.dumps({**config, "minutes": minutes, "pen": pen}))


def run(training: Training, rows: str | os.PathLike) -> dict[str, Any]:
    """Trains, or goes on training, and evaluates the best weights.

    Args:
      training: The training.
      rows: The directory of records and work directories.

    Returns:
      The result: losses of Eq. 12 over the whole test split, z sampled, and
      what they were measured with.

    Raises:
      ValueError: If another training has that name, the data are bad, or
        other ones than before.
      OSError: If it cannot be written.
      FloatingPointError: If a loss or gradient is no longer a number.
      interruption.Interrupted: On Ctrl-C or SIGTERM, when all is saved.
    """
    rows = pathlib.Path(rows)
    record = prepare(training, rows)
    if record["result"]:
        return record["result"]
    data = sources.load(training.spec, data_dir=training.data_dir)
    counts = {s: len(getattr(data, s)) for s in ("train", "valid", "test")}
    found = record["data"].get("counts", counts)
    if found != counts:
        raise ValueError(
            f"{rows / training.name}: holds a training on other data: "
            f"{_listed(found)} sketches there, {_listed(counts)} here"
        )
    record["data"] |= {"words": list(data.words), "counts": counts}
    measured = measurement.statistics(
        data.train, max_len=training.config.max_len
    )
    config = measurement.apply(measured, training.config)
    config = config.replace(words=data.words)
    work_dir = rows / training.name
    if not record["trained"]:
        _train(training, config, data, work_dir, record)
    model = training_lib.load(work_dir)
    losses = evaluation.evaluate(model, data.test)
    history = work_directory.read_history(work_dir)
    record["result"] = {
        "name": training.name,
        "spec": training.spec,
        "words": list(data.words),
        "kl_weight": config.kl_weight if config.conditional else None,
        "seed": config.seed,
        **{key: float(losses[key]) for key in _LOSSES},
        "test_count": losses["count"],
        "test_dropped": losses["dropped"],
        "train_count": measured.count,
        "train_dropped": measured.dropped,
        "valid_count": counts["valid"],
        "max_len": config.max_len,
        "scale_factor": config.scale_factor,
        "parameters": model.count_params(),
        "steps": int(history[-1]["step"]),
        "best_step": int(min(history, key=lambda r: r["val_loss"])["step"]),
        "minutes": record["seconds"] / 60,
        "hardware": hardware.described(),
        "version": version.__version__,
    }
    _write(record, rows, training.name)
    return record["result"]


def share_done(training: Training, rows: str | os.PathLike) -> float:
    """Tells how much of a training is done, 0 to 1, from what is on disk.

    Raises:
      ValueError: If its record or history is damaged.
    """
    record = read(rows, training.name)
    if record is None:
        return 0.0
    if record["result"]:
        return 1.0
    history = work_directory.read_history(pathlib.Path(rows) / training.name)
    share = 0.0
    if training.minutes is not None:
        seconds = max(record["seconds"], _trained_seconds(history, training))
        share = seconds / max(60 * training.minutes, 1e-9)
    elif history:
        share = history[-1]["step"] / max(training.config.steps, 1)
    # What is left is to evaluate.
    return min(share, 0.99)


def load(rows: str | os.PathLike, name: str) -> vae.SketchRNN:
    """Loads the model of a training, with its best weights.

    Raises:
      ValueError: If it has none.
    """
    return training_lib.load(pathlib.Path(rows) / name)


_LOSSES = ("loss", "recon", "kl", "kl_floored", "recon_per_point")


def _train(training, config, data, work_dir, record):
    history = work_directory.read_history(work_dir)
    before = max(record["seconds"], _trained_seconds(history, training))
    left = math.inf
    if training.minutes is not None:
        left = max(0.0, training.minutes - before / 60)
    start = time.monotonic()
    try:
        training_lib.train(
            config,
            data.train,
            data.valid,
            work_dir,
            resume=(work_dir / work_directory.CONFIG).is_file(),
            max_minutes=left,
            make_model=pens.PENS[training.pen],
            verbose=0,
        )
        record["trained"] = True
    except interruption.Interrupted as stopped:
        raise interruption.Interrupted(
            f"{training.name}: stopped and saved; the same command goes on "
            "from there",
            stopped.signum,
        ) from stopped
    finally:
        record["seconds"] = before + time.monotonic() - start
        _write(record, work_dir.parent, training.name)


def _trained_seconds(history, training):
    """Returns how long a history took, which outlives a killed process."""
    seconds, last = 0.0, 0.0
    for row in history:
        rate = row.get("sketches_per_second", math.nan)
        sketches = (row["step"] - last) * training.config.batch_size
        last = row["step"]
        if rate > 0:
            seconds += sketches / rate
    return seconds


def _write(record: Mapping[str, Any], rows, name):
    path = pathlib.Path(rows) / f"{name}.json"
    with partials.file(path) as partial:
        partial.write_text(json.dumps(record, indent=2) + "\n")


def _listed(counts):
    return "/".join(f"{count:,}" for count in counts.values())
