"""Checkpoints: all that a training goes on from, whenever it was killed.

A checkpoint consists of TensorFlow's two files, `ckpt-STEP.data-*` and
`ckpt-STEP.index`.  The file `checkpoint`, in the form that
`tf.train.latest_checkpoint` reads, names those that count.  It is replaced
when a new checkpoint is whole and on disk, and only then the oldest is
removed, so that what it names can always be read.
"""

import json
import os
import pathlib
import re
import shutil
import time

import tensorflow as tf

from sketch_rnn_tf import partials, quoting
from sketch_rnn_tf.backend import keras
from sketch_rnn_tf.training import checkpoint_index, disk_space

KEPT = 2
_STATE = "checkpoint"
# What this module and TensorFlow write, finished or not.
_OURS = re.compile(
    r"(?P<name>ckpt-\d+)(\.index|\.data-\d+-of-\d+)"
    r"|ckpt-\d+(_temp|\.index.*|\.data.*)"
    rf"|{_STATE}\.tmp.*|{re.escape(partials.PREFIX)}.*"
)


class Interval(tf.train.experimental.PythonState):
    """The steps since the last validation, as a part of a checkpoint.

    So a history's row is the same whether its steps were made in one go or
    not.

    Args:
      model: The model that is trained.

    Attributes:
      first_step: The step at the last validation.
      logs: What the last training step reported; empty before the first.
    """

    def __init__(self, model: keras.Model):
        self._model = model
        self._means = {}
        self._seconds = 0.0
        self._started = None
        self.first_step = 0
        self.logs = {}

    def begin(self, step: int) -> None:
        """Begins a new interval, or goes on with the one restored."""
        if self._means:
            for name, variable in self._variables():
                if name in self._means:
                    variable.assign(self._means[name])
            self._means = {}
        else:
            self.first_step, self.logs, self._seconds = step, {}, 0.0
        self._started = time.monotonic()

    def pause(self) -> None:
        """Stops the clock."""
        self._seconds, self._started = self.seconds, None

    def end(self) -> None:
        """Lets the next `begin` begin a new interval."""
        self.logs, self._means = {}, {}

    @property
    def seconds(self) -> float:
        """Time spent on the steps, by all processes together."""
        if self._started is None:
            return self._seconds
        return self._seconds + time.monotonic() - self._started

    def serialize(self) -> str:
        """Returns the state as JSON, which keeps floats exactly."""
        means = {n: v.value.numpy().tolist() for n, v in self._variables()}
        return json.dumps(
            {
                "first_step": self.first_step,
                "logs": self.logs,
                "means": means,
                "seconds": self.seconds,
            }
        )

    def deserialize(self, string_value: str) -> None:
        """Takes over a state."""
        state = json.loads(string_value)
        self.first_step = state["first_step"]
        self.logs = state["logs"]
        self._seconds = state["seconds"]
        # Keras resets the means when `fit` begins.
        self._means = state["means"] if self.logs else {}

    def _variables(self):
        for metric in self._model.metrics:
            for variable in metric.variables:
                yield f"{metric.name}/{variable.name}", variable


class Checkpoints:
    """Saves and restores a training.

    Args:
      model: The compiled model.
      directory: Where to write.

    Attributes:
      interval: The steps since the last validation.
    """

    def __init__(self, model: keras.Model, directory: str | os.PathLike):
        self.interval = Interval(model)
        self._model = model
        self._directory = pathlib.Path(directory)
        self._checkpoint = None
        self._kept = []

    @property
    def step(self) -> int:
        """The step that the model is at."""
        # `int` of it does without strategies only.
        return int(self._model.optimizer.iterations.value.numpy())

    def save(self) -> None:
        """Saves the training, unless this step has been saved already.

        Raises:
          OSError: In one line, if it could not be written; then the last
            checkpoint is as it was.
        """
        name = f"ckpt-{self.step}"
        if name in self._kept:
            return
        if self._checkpoint is None:
            if not self._model.optimizer.built:
                self._model.optimizer.build(self._model.trainable_variables)
            self._checkpoint = tf.train.Checkpoint(**self._objects())
        try:
            with disk_space.writing(self._directory / name):
                self._directory.mkdir(exist_ok=True)
                self._checkpoint.write(str(self._directory / name))
                for file in self._directory.glob(f"{name}.*"):
                    partials.sync(file)
                partials.sync(self._directory)
                self._write_state([*self._kept, name][-KEPT:])
        finally:
            self.clean()

    def _write_state(self, names):
        lines = [f'model_checkpoint_path: "{names[-1]}"']
        lines += [f'all_model_checkpoint_paths: "{name}"' for name in names]
        with partials.file(self._directory / _STATE) as partial:
            partial.write_text("\n".join(lines) + "\n")
        self._kept = names

    def restore(self, directory: str | os.PathLike) -> None:
        """Restores the last checkpoint, if the training came to one.

        Args:
          directory: Where to read.

        Raises:
          ValueError: If a checkpoint is damaged or of another model.
        """
        directory = pathlib.Path(directory)
        names = _named(directory)
        if directory == self._directory:
            self._kept = names
        if not names:
            return
        path = str(directory / names[-1])
        self._model.optimizer.build(self._model.trainable_variables)
        try:
            checkpoint_index.check(path)
            found = tf.train.load_checkpoint(path).get_variable_to_shape_map()
            objects = self._objects()
            if not any(key.startswith("interval/") for key in found):
                del objects["interval"]  # written by an earlier version
            status = tf.train.Checkpoint(**objects).read(path)
            status.assert_existing_objects_matched()
        except Exception as error:
            reason = quoting.line(error)
            raise ValueError(
                f"{path}: expected a checkpoint of this training, got {reason}"
            ) from error

    def _objects(self):
        return {
            "model": self._model,
            "optimizer": self._model.optimizer,
            "interval": self.interval,
        }

    def clean(self) -> None:
        """Removes what was not finished, and what no longer counts."""
        if not self._directory.is_dir():
            return
        for path in list(self._directory.iterdir()):
            match = _OURS.fullmatch(path.name)
            if match and match["name"] not in self._kept:
                if path.is_dir():
                    shutil.rmtree(path)
                else:
                    path.unlink()


def _named(directory):
    """Returns the names of the checkpoints that count, the last one last."""
    try:
        state = tf.train.get_checkpoint_state(str(directory))
    except UnicodeDecodeError:
        # Of what is text but of another form, TensorFlow says nothing.
        state = None
    if state is not None:
        paths = [*state.all_model_checkpoint_paths, state.model_checkpoint_path]
        return list(dict.fromkeys(os.path.basename(path) for path in paths))
    found = [path.stem for path in directory.glob("ckpt-*.index")]
    # TensorFlow writes the index last: the first checkpoint is whole, but the
    # process was killed before it could say so.
    if len(found) > 1 or (found and (directory / _STATE).exists()):
        raise ValueError(
            f"{directory}: expected a file that names the last checkpoint, "
            "got none or a damaged one"
        )
    return found
