"""Training into a work directory: `fit` with everything that surrounds it."""

import math
import os
import pathlib
import shutil
import tempfile
import time

import numpy as np
import tensorflow as tf

from sketch_rnn_tf import (
    config as config_lib,
    drawing,
    input_pipeline,
    sampling,
    vae,
    work_directory,
)
from sketch_rnn_tf.backend import keras

CHECKPOINTS_KEPT = 2
PICTURED_SKETCHES = 8
PICTURE_TEMPERATURE = 0.4


def train(
    config: config_lib.Config,
    train_source: input_pipeline.Source,
    valid_source: input_pipeline.Source,
    work_dir: str | os.PathLike,
    *,
    resume: bool = False,
    patience: int = 0,
    max_minutes: float = math.inf,
    verbose: int = 1,
) -> vae.SketchRNN:
    """Trains a model into a work directory.

    At each validation it writes the best weights so far, by the validation
    loss of Eq. 12 over all N_max steps, a row of history.csv, TensorBoard
    curves and a picture of reconstructions, and a checkpoint.

    Args:
      config: Its max_len and scale_factor must be set, see
        `input_pipeline.fit_config`.
      train_source: Training split, pixels.
      valid_source: Validation split, pixels.
      work_dir: The work directory, new or, to resume, an existing one.
      resume: Whether to go on from the last checkpoint.
      patience: Stop early after that many validations without a new best;
        0 never does.
      max_minutes: Stop at the first step after that much time.
      verbose: 1 shows a progress bar, 0 nothing, 2 a line a validation.

    Returns:
      The model, with the last weights.

    Raises:
      ValueError: If the work directory does not fit, see
        `work_directory.create`, its checkpoint is damaged, or a split is
        empty.
      FloatingPointError: If the loss is no longer a number.
    """
    work_dir = pathlib.Path(work_dir)
    valid = input_pipeline.batches(valid_source, config)
    # Streamed records are only known to be too long when they are read.
    pictured = next(iter(valid.take(1)), None)
    if pictured is None:
        raise ValueError(
            f"expected sketches of at most {config.max_len} points to "
            "validate with, got none"
        )
    work_directory.create(work_dir, config, resume=resume)
    model = vae.SketchRNN(config)
    model.compile()
    checkpoint, manager = _checkpoints(model, work_dir)
    if resume:
        _restore(checkpoint, manager, model)
    step = int(model.optimizer.iterations)
    rows = [
        r for r in work_directory.read_history(work_dir) if r["step"] <= step
    ]
    if step >= config.steps:
        return model
    callbacks = [
        _Stop(config.steps, max_minutes),
        # Best weights and history come before the checkpoint: what a
        # checkpoint resumes from has always been written.
        _History(work_dir, rows),
        _Checkpoint(manager),
        keras.callbacks.TensorBoard(
            str(work_dir / work_directory.LOGS), write_graph=False
        ),
        _Reconstructions(
            work_dir / work_directory.LOGS / "pictures", pictured, config
        ),
    ]
    if patience:
        callbacks.append(_EarlyStopping(rows, patience))
    model.fit(
        input_pipeline.batches(
            train_source, config, training=True, start_step=step
        ),
        validation_data=valid,
        steps_per_epoch=config.validate_every,
        initial_epoch=step // config.validate_every,
        epochs=math.ceil(config.steps / config.validate_every),
        callbacks=callbacks,
        shuffle=False,
        verbose=verbose,
    )
    return model


def save(model: vae.SketchRNN, work_dir: str | os.PathLike) -> pathlib.Path:
    """Makes a work directory of a compiled model, to load or to resume.

    Args:
      model: The model.
      work_dir: A new or empty directory.

    Returns:
      The directory.

    Raises:
      ValueError: If the directory holds something.
    """
    work_dir = pathlib.Path(work_dir)
    if work_dir.exists() and (not work_dir.is_dir() or any(work_dir.iterdir())):
        raise ValueError(f"{work_dir}: expected a new or empty directory")
    work_dir.parent.mkdir(parents=True, exist_ok=True)
    partial = pathlib.Path(
        tempfile.mkdtemp(prefix=".partial-", dir=work_dir.parent)
    )
    try:
        work_directory.create(partial, model.config, resume=False)
        model.save_weights(partial / work_directory.BEST_WEIGHTS)
        if not model.optimizer.built:
            model.optimizer.build(model.trainable_variables)
        _, manager = _checkpoints(model, partial)
        manager.save(int(model.optimizer.iterations))
        partial.chmod(0o755)
        os.replace(partial, work_dir)
    except BaseException:
        shutil.rmtree(partial, ignore_errors=True)
        raise
    return work_dir


def load(work_dir: str | os.PathLike) -> vae.SketchRNN:
    """Loads the model of a work directory, with its best weights.

    Args:
      work_dir: The work directory.

    Returns:
      The model.

    Raises:
      ValueError: If it is not a work directory, or its weights are missing,
        damaged or of other sizes.
    """
    work_dir = pathlib.Path(work_dir)
    model = vae.SketchRNN(work_directory.load_config(work_dir))
    weights = work_dir / work_directory.BEST_WEIGHTS
    if not weights.is_file():
        raise ValueError(
            f"{work_dir}: expected {weights.name}, found none: the training "
            "has not come to its first validation"
        )
    try:
        model.load_weights(weights)
    except Exception as error:
        # What HDF5 and Keras raise for a damaged file has no common base.
        raise ValueError(
            f"{weights}: expected the weights of this configuration, "
            f"got {_reason(error)}"
        ) from error
    return model


def _checkpoints(model, work_dir):
    checkpoint = tf.train.Checkpoint(model=model, optimizer=model.optimizer)
    manager = tf.train.CheckpointManager(
        checkpoint,
        str(work_dir / work_directory.CHECKPOINTS),
        max_to_keep=CHECKPOINTS_KEPT,
    )
    return checkpoint, manager


def _restore(checkpoint, manager, model):
    """Restores the last checkpoint, if the training came to one."""
    path = manager.latest_checkpoint
    if path is None:
        if any(pathlib.Path(manager.directory).glob("*.index")):
            raise ValueError(
                f"{manager.directory}: expected a file that names the last "
                "checkpoint, got none or a damaged one"
            )
        return
    model.optimizer.build(model.trainable_variables)
    try:
        status = checkpoint.restore(path)
        status.assert_existing_objects_matched()
    except Exception as error:
        raise ValueError(
            f"{path}: expected a checkpoint of this training, "
            f"got {_reason(error)}"
        ) from error


def _reason(error):
    return " ".join(str(error).split())[:200]


class _Stop(keras.callbacks.Callback):
    """Stops at an exact step, when time is out, or when the loss is NaN."""

    def __init__(self, steps, max_minutes):
        super().__init__()
        self.steps = steps
        self.deadline = time.monotonic() + 60 * max_minutes

    def on_train_batch_end(self, batch, logs=None):
        step = int(self.model.optimizer.iterations)
        for name, value in (logs or {}).items():
            if not math.isfinite(value):
                raise FloatingPointError(
                    f"step {step}: {name} is {value}; the last checkpoint "
                    "and the best weights are as they were"
                )
        if step >= self.steps or time.monotonic() > self.deadline:
            self.model.stop_training = True


class _History(keras.callbacks.Callback):
    """Writes history.csv and, on a new best validation loss, the weights."""

    def __init__(self, work_dir, rows):
        super().__init__()
        self.work_dir = work_dir
        self.rows = rows

    def on_epoch_begin(self, epoch, logs=None):
        self.started = time.monotonic()
        self.first_step = int(self.model.optimizer.iterations)

    def on_test_begin(self, logs=None):
        self.trained = time.monotonic()

    def on_epoch_end(self, epoch, logs=None):
        step = int(self.model.optimizer.iterations)
        sketches = (step - self.first_step) * self.model.config.batch_size
        row = {
            "step": step,
            **{name: float(value) for name, value in logs.items()},
            "sketches_per_second": sketches / (self.trained - self.started),
        }
        if row["val_loss"] < best_loss(self.rows):
            path = self.work_dir / work_directory.BEST_WEIGHTS
            with work_directory.written_whole(path) as partial:
                self.model.save_weights(partial, overwrite=True)
        self.rows.append(row)
        work_directory.write_history(self.work_dir, self.rows)


class _Checkpoint(keras.callbacks.Callback):
    """Saves model, optimizer and step at each validation."""

    def __init__(self, manager):
        super().__init__()
        self.manager = manager

    def on_epoch_end(self, epoch, logs=None):
        self.manager.save(int(self.model.optimizer.iterations))


class _EarlyStopping(keras.callbacks.Callback):
    """Stops after validations without a new best, resumed ones included."""

    def __init__(self, rows, patience):
        super().__init__()
        self.rows = rows
        self.patience = patience

    def on_epoch_end(self, epoch, logs=None):
        losses = [row["val_loss"] for row in self.rows]
        if len(losses) - 1 - int(np.argmin(losses)) >= self.patience:
            self.model.stop_training = True


class _Reconstructions(keras.callbacks.Callback):
    """Shows TensorBoard validation sketches above their reconstructions."""

    def __init__(self, log_dir, batch, config):
        super().__init__()
        self.writer = tf.summary.create_file_writer(str(log_dir))
        self.sketches = []
        count = min(PICTURED_SKETCHES, len(batch["lengths"]))
        for points, length in zip(
            batch["strokes"][:count].numpy(),
            batch["lengths"][:count].numpy(),
            strict=True,
        ):
            stroke3 = points[1 : length + 1, [0, 1, 3]]
            stroke3[:, :2] *= config.scale_factor
            self.sketches.append(stroke3)

    def on_epoch_end(self, epoch, logs=None):
        count = len(self.sketches)
        settings = {"temperature": PICTURE_TEMPERATURE, "seed": 0}
        if self.model.encoder is None:
            drawn = sampling.sample(self.model, count=count, **settings)
            rows = ["sampled"]
            sketches = drawn.sketches
        else:
            drawn = sampling.reconstruct(self.model, self.sketches, **settings)
            rows = ["drawn by people", "reconstructed"]
            sketches = self.sketches + drawn.sketches
        picture = drawing.draw_grid(sketches, columns=count, row_labels=rows)
        image = tf.image.decode_png(drawing.to_png(picture), channels=3)
        with self.writer.as_default():
            tf.summary.image(
                "drawings", image[None], int(self.model.optimizer.iterations)
            )
            self.writer.flush()


def best_loss(rows: list[dict[str, float]]) -> float:
    """Returns the lowest validation loss in a history; infinity if none."""
    return min((row["val_loss"] for row in rows), default=math.inf)
