"""Keras callbacks of a training: when to save, to validate and to stop."""

import pathlib
import time

import numpy as np

from sketch_rnn_tf import partials
from sketch_rnn_tf.backend import keras
from sketch_rnn_tf.model import vae
from sketch_rnn_tf.training import (
    checkpoints as checkpoints_lib,
    disk_space,
    event_files,
    interruption,
    work_directory,
)


def is_due(step: int, config) -> bool:
    """Returns whether a step is followed by a validation."""
    return step % config.validate_every == 0 or step >= config.steps


class Steps(keras.callbacks.Callback):
    """Watches each step: saves, ends intervals, stops.

    An interval, Keras' epoch, ends where `is_due` says so, and not after so
    many steps: a resumed training validates where any other does.

    Args:
      checkpoints: Where to save.
      watch: Whether to stop.
      work_dir: The work directory, to name it.
      max_minutes: Stop, after a validation, at the first step after that
        much time.
      checkpoint_minutes: Time between two checkpoints at most.
    """

    def __init__(
        self,
        checkpoints: checkpoints_lib.Checkpoints,
        watch: interruption.Watch,
        work_dir: pathlib.Path,
        *,
        max_minutes: float,
        checkpoint_minutes: float,
    ):
        super().__init__()
        self.checkpoints = checkpoints
        self.watch = watch
        self.work_dir = work_dir
        self.saved = time.monotonic()
        self.deadline = self.saved + 60 * max_minutes
        self.seconds_between = 60 * checkpoint_minutes
        self.finished = False
        # Counted here, since to ask the optimizer takes long at each step.
        self.step = 0

    def on_epoch_begin(self, epoch, logs=None):
        self.step = self.checkpoints.step
        self.checkpoints.interval.begin(self.step)

    def on_train_batch_end(self, batch, logs=None):
        # Taken out before the progress bar shows it.
        bad_term = int(logs.pop("bad_term", -1))
        if bad_term >= 0:
            self.checkpoints.save()
            raise FloatingPointError(self._not_finite(bad_term))
        self.step += 1
        interval = self.checkpoints.interval
        interval.logs = dict(logs)
        now = time.monotonic()
        # Asked once: what comes after the answer has to wait for a step.
        stopped = self.watch.signum is not None
        config = self.model.config
        self.finished = self.step >= config.steps or now > self.deadline
        ends = self.finished or is_due(self.step, config)
        if ends:
            interval.pause()
        # Before the validation, which may take long.
        if ends or stopped or now - self.saved >= self.seconds_between:
            self.checkpoints.save()
            self.saved = time.monotonic()
        if stopped:
            raise self.interrupted()
        # Keras takes it as the end of the epoch, and validates.
        self.model.stop_training = ends

    def on_test_batch_end(self, batch, logs=None):
        if self.watch.signum is not None:
            raise self.interrupted()

    def on_epoch_end(self, epoch, logs=None):
        logs.pop("bad_term", None)
        self.model.stop_training = self.finished

    def interrupted(self) -> interruption.Interrupted:
        """Returns what to raise when told to stop, with the step saved."""
        return interruption.Interrupted(
            f"{self.work_dir}: stopped by {self.watch.name} at step "
            f"{self.checkpoints.step} of {self.model.config.steps}; "
            "sketch-rnn train --resume goes on from there",
            self.watch.signum,
        )

    def _not_finite(self, bad_term):
        lower = self.model.config.learning_rate / 2
        return (
            f"step {self.step + 1}: {vae.TERMS[bad_term]} is not finite; "
            f"weights and optimizer of step {self.step} are kept in "
            f"{self.work_dir}; "
            "to go on from there more carefully: --resume "
            f"--set learning_rate={lower:g}, or a smaller gradient_clip"
        )


class History(keras.callbacks.Callback):
    """Writes what a validation brings; history.csv, which says so, last.

    Args:
      work_dir: The work directory.
      rows: The history so far; rows are added.
      checkpoints: Whose interval the rows are about.
      events: TensorBoard's files.
    """

    def __init__(
        self,
        work_dir: pathlib.Path,
        rows: list[dict[str, float]],
        checkpoints: checkpoints_lib.Checkpoints,
        events: event_files.EventFiles,
    ):
        super().__init__()
        self.work_dir = work_dir
        self.rows = rows
        self.checkpoints = checkpoints
        self.events = events

    def on_epoch_end(self, epoch, logs=None):
        step, interval = self.checkpoints.step, self.checkpoints.interval
        batches = step - interval.first_step
        row = {
            "step": step,
            **{name: float(value) for name, value in logs.items()},
            "learning_rate": float(self.model.optimizer.learning_rate),
            "sketches_per_second": (
                batches * self.model.config.batch_size / interval.seconds
            ),
        }
        with disk_space.writing(self.work_dir / work_directory.LOGS):
            self.events.write(row, self.model)
        if row["val_loss"] < work_directory.best_loss(self.rows):
            path = self.work_dir / work_directory.BEST_WEIGHTS
            with (
                disk_space.writing(path),
                partials.file(path) as partial,
            ):
                self.model.save_weights(partial, overwrite=True)
        with disk_space.writing(self.work_dir / work_directory.HISTORY):
            work_directory.write_history(self.work_dir, [*self.rows, row])
        self.rows.append(row)
        interval.end()


class EarlyStopping(keras.callbacks.Callback):
    """Stops after validations without a new best, resumed ones included.

    Args:
      rows: The history, which grows.
      patience: How many validations; 0 never stops.
    """

    def __init__(self, rows: list[dict[str, float]], patience: int):
        super().__init__()
        self.rows = rows
        self.patience = patience

    def on_epoch_end(self, epoch, logs=None):
        if self.exhausted:
            self.model.stop_training = True

    @property
    def exhausted(self) -> bool:
        """Whether there has been no new best for so long."""
        losses = [row["val_loss"] for row in self.rows]
        if not self.patience or not losses:
            return False
        return len(losses) - 1 - int(np.argmin(losses)) >= self.patience


def validate_late(model, valid, callbacks, interval) -> None:
    """Does the validation that a stopped or killed training did not come to."""
    handlers = keras.callbacks.CallbackList(callbacks, model=model)
    values = model.evaluate(
        valid, callbacks=handlers, return_dict=True, verbose=0
    )
    values = {f"val_{name}": value for name, value in values.items()}
    handlers.on_epoch_end(0, {**interval.logs, **values})
