"""Training into a work directory: `fit` with everything that surrounds it."""

import contextlib
import math
import os
import pathlib
import tempfile
from collections.abc import Callable

import tensorflow as tf

from sketch_rnn_tf import (
    config as config_lib,
    partials,
    pretrained,
    strategies,
)
from sketch_rnn_tf.data import input_pipeline
from sketch_rnn_tf.model import size as size_lib, vae
from sketch_rnn_tf.native import library
from sketch_rnn_tf.pretrained import weights_file
from sketch_rnn_tf.training import (
    callbacks as callbacks_lib,
    checkpoints as checkpoints_lib,
    disk_space,
    event_files,
    hdf5,
    interruption,
    work_directory,
)

best_loss = work_directory.best_loss

# Bytes at most of a validation's picture and curves.
_LOGGED = 128 * 1024


def train(
    config: config_lib.Config,
    train_source: input_pipeline.Source,
    valid_source: input_pipeline.Source,
    work_dir: str | os.PathLike,
    *,
    resume: bool = False,
    patience: int = 0,
    max_minutes: float = math.inf,
    checkpoint_minutes: float = 5.0,
    strategy: tf.distribute.Strategy | None = None,
    make_model: Callable[[config_lib.Config], vae.SketchRNN] = vae.SketchRNN,
    verbose: int = 1,
) -> vae.SketchRNN:
    """Trains a model into a work directory.

    At each validation it writes a checkpoint, TensorBoard curves and a
    picture of reconstructions, the best weights so far, by the validation
    loss of Eq. 12 over all N_max steps, and a row of history.csv.  Between
    validations it writes checkpoints by the clock, and one when Ctrl-C or
    SIGTERM tells it to stop.

    Killed at any moment and resumed, it comes to the same weights and
    history, bit for bit on the same CPU, as if nothing had happened.

    Args:
      config: Its max_len and scale_factor must be set, see
        `measurement.fit_config`.
      train_source: Training split, pixels; with labels for a
        class-conditioned model, see `input_pipeline.batches`.
      valid_source: Validation split, likewise.
      work_dir: The work directory, new or, to resume, an existing one.
      resume: Whether to go on from the last checkpoint.
      patience: Stop early after that many validations without a new best;
        0 never does.
      max_minutes: Stop at the first step after that much time.
      checkpoint_minutes: Time between checkpoints at most.
      strategy: Makes and trains the model on several devices; of several
        machines, only the chief writes to the work directory.
      make_model: Makes the model, for one that is taught in another way.
      verbose: 1 shows a progress bar, 0 nothing, 2 a line a validation.

    Returns:
      The model, with the last weights.

    Raises:
      ValueError: If the work directory does not fit, see
        `work_directory.check`, or another process trains there, its
        checkpoint is damaged, or a split is empty; or if the native library
        is asked for and cannot be had.
      OSError: If the work directory cannot be written to or is full, told
        before the first step as far as that can be known.
      FloatingPointError: If a loss or gradient is no longer a number.
      interruption.Interrupted: On Ctrl-C or SIGTERM, when all is saved.
    """
    work_dir = pathlib.Path(work_dir)
    library.check()
    valid = input_pipeline.batches(valid_source, config)
    # Streamed records are only known to be too long when they are read.
    pictured = next(iter(valid.take(1)), None)
    if pictured is None:
        raise ValueError(
            f"expected sketches of at most {config.max_len} points to "
            "validate with, got none"
        )
    scope = strategy.scope if strategy else contextlib.nullcontext
    chief = strategies.is_chief(strategy)
    if chief:
        work_directory.check(work_dir, config, resume=resume)
    with scope():
        model = make_model(config)
        model.compile()
    with contextlib.ExitStack() as stack:
        if chief:
            _require_space(work_dir, config, model.count_params())
            stack.enter_context(work_directory.locked(work_dir))
            out = work_dir
        else:
            # A checkpoint takes every machine, but one copy is enough.
            out = pathlib.Path(
                stack.enter_context(tempfile.TemporaryDirectory())
            )
        work_directory.create(out, config, resume=resume and chief)
        work_directory.clean(out)
        checkpoints = checkpoints_lib.Checkpoints(
            model, out / work_directory.CHECKPOINTS
        )
        rows = []
        if resume:
            with scope():
                checkpoints.restore(work_dir / work_directory.CHECKPOINTS)
            rows = _resumed(out, work_dir, checkpoints)
        step, interval = checkpoints.step, checkpoints.interval
        if rows and rows[-1]["step"] == step:
            interval.end()
        # Killed in the midst of a validation, or stopped before it.
        late = interval.logs and callbacks_lib.is_due(step, config)
        stopping = callbacks_lib.EarlyStopping(rows, patience)
        if not late and (step >= config.steps or stopping.exhausted):
            return model
        events = event_files.EventFiles(
            out / work_directory.LOGS, config, pictured
        )
        stack.callback(events.close)
        watch = stack.enter_context(interruption.watched())
        steps = callbacks_lib.Steps(
            checkpoints,
            watch,
            work_dir,
            max_minutes=max_minutes,
            checkpoint_minutes=checkpoint_minutes,
        )
        history = callbacks_lib.History(out, rows, checkpoints, events)
        callbacks = [steps, history, stopping]
        if late:
            callbacks_lib.validate_late(model, valid, callbacks, interval)
        if step < config.steps and not (late and stopping.exhausted):
            model.fit(
                input_pipeline.batches(
                    train_source, config, training=True, start_step=step
                ),
                validation_data=valid,
                steps_per_epoch=config.validate_every,
                initial_epoch=step // config.validate_every,
                epochs=math.ceil(config.steps / config.validate_every),
                callbacks=callbacks,
                verbose=verbose,
            )
        if watch.signum is not None:
            raise steps.interrupted()
    return model


def check_space(config: config_lib.Config, work_dir: str | os.PathLike) -> None:
    """Checks, before the data is read, that a training can be written.

    Args:
      config: Its max_len and scale_factor need not be set.
      work_dir: The work directory.

    Raises:
      OSError: If the work directory cannot be written to, or is too full.
    """
    config = config.replace(
        max_len=1,
        scale_factor=1.0,
        bucket_boundaries=(),
        # The data will name more; their vectors are small.
        words=config.words or ("",),
    )
    # In a graph that never runs, as initial values of a large model take long.
    with tf.Graph().as_default():
        parameters = vae.SketchRNN(config).count_params()
    _require_space(pathlib.Path(work_dir), config, parameters)


def save(
    model: vae.SketchRNN,
    work_dir: str | os.PathLike,
    *,
    started_from: str | None = None,
) -> pathlib.Path:
    """Makes a work directory of a compiled model, to load or to resume.

    Args:
      model: The model.
      work_dir: A new or empty directory.
      started_from: What the model with these weights is called, where its
        scale factor is to be kept whatever the data.

    Returns:
      The directory.

    Raises:
      ValueError: If the directory holds something.
      OSError: If it cannot be written, or another process has made one.
    """
    work_dir = pathlib.Path(work_dir)
    if work_dir.exists() and (not work_dir.is_dir() or any(work_dir.iterdir())):
        raise ValueError(f"{work_dir}: expected a new or empty directory")
    with partials.folder(work_dir) as partial:
        work_directory.create(partial, model.config, resume=False)
        model.save_weights(partial / work_directory.BEST_WEIGHTS)
        checkpoints_lib.Checkpoints(
            model, partial / work_directory.CHECKPOINTS
        ).save()
        if started_from is not None:
            note = partial / work_directory.STARTED_FROM
            note.write_text(started_from + "\n")
    return work_dir


def start(
    config: config_lib.Config,
    name_or_dir: str | os.PathLike,
    work_dir: str | os.PathLike,
) -> None:
    """Makes a work directory with another model's weights, at step 0.

    Args:
      config: The configuration of the training, with max_len and the other
        model's scale_factor.
      name_or_dir: The other model, as of `load`.
      work_dir: A new or empty directory, to resume.

    Raises:
      ValueError: If the weights do not fit the configuration, or the directory
        holds something.
    """
    other = load(name_or_dir)
    model = vae.SketchRNN(config)
    mine, theirs = (
        {weight.path: tuple(weight.shape) for weight in one.weights}
        for one in (model, other)
    )
    for path in mine | theirs:
        if mine.get(path) != theirs.get(path):
            raise ValueError(
                f"start-from: expected a model of this configuration, got "
                f"{path} {theirs.get(path, 'missing')} for "
                f"{mine.get(path, 'none')}"
            )
    for weight, value in zip(model.weights, other.weights, strict=True):
        weight.assign(value)
    model.compile()
    save(model, work_dir, started_from=os.fspath(name_or_dir))


def load(name_or_dir: str | os.PathLike) -> vae.SketchRNN:
    """Loads a trained model: of a work directory, or one that is shipped.

    Args:
      name_or_dir: A work directory, whose best weights are taken; the name of
        a shipped model, see `pretrained`; or the folder of a packed one.  A
        directory wins over a shipped model of the same name.

    Returns:
      The model.

    Raises:
      ValueError: If it is none of these, or its weights are missing, damaged
        or of other sizes.
    """
    work_dir = pretrained.find(name_or_dir)
    if (
        work_dir.name in pretrained.names()
        and not (work_dir / work_directory.CONFIG).is_file()
    ):
        raise ValueError(
            f"{work_dir}: expected a work directory, got one without "
            f"{work_directory.CONFIG}, which hides the shipped model of this "
            "name"
        )
    config = work_directory.load_config(work_dir)
    if pretrained.is_packed(work_dir):
        weights_file.check_size(config, work_dir)
        model = vae.SketchRNN(config)
        weights_file.restore(model, work_dir)
        return model
    weights = work_dir / work_directory.BEST_WEIGHTS
    if not weights.is_file():
        raise ValueError(
            f"{work_dir}: expected {weights.name}, found none: the training "
            "has not come to its first validation"
        )
    size_lib.check(config, weights.stat().st_size // 4, where=str(weights))
    model = vae.SketchRNN(config)
    hdf5.restore(model, weights)
    return model


def _require_space(work_dir, config, parameters):
    """Tries whether all that a training is going to write has room."""
    # Weights and Adam's two moments; TensorFlow and HDF5 add descriptions.
    checkpoint = 3 * 4 * parameters + parameters // 5 + 64 * 1024
    weights = 4 * parameters + parameters // 5 + 256 * 1024
    there = len(list(work_dir.glob(f"{work_directory.CHECKPOINTS}/*.index")))
    kept = (work_dir / work_directory.BEST_WEIGHTS).exists()
    rows = work_directory.read_history(work_dir)
    steps = config.steps - (rows[-1]["step"] if rows else 0)
    validations = 1 + max(0, int(steps)) // config.validate_every
    disk_space.require(
        work_dir,
        # The new one comes before the old one goes.
        [checkpoint] * max(1, checkpoints_lib.KEPT + 1 - there)
        + [weights] * (2 - kept)
        + [_LOGGED * validations],
    )


def _resumed(out, work_dir, checkpoints):
    """Tidies up behind a killed training; returns the rows that count."""
    rows = work_directory.read_history(work_dir)
    kept = [row for row in rows if row["step"] <= checkpoints.step]
    if out == work_dir:
        checkpoints.clean()
        # What comes after the checkpoint is going to come again.
        if not kept:
            (out / work_directory.HISTORY).unlink(missing_ok=True)
        elif kept != rows:
            work_directory.write_history(out, kept)
        event_files.purge(
            out / work_directory.LOGS, after=kept[-1]["step"] if kept else 0
        )
    return kept
