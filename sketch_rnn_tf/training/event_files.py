"""TensorBoard's event files: curves and pictures, one value a step.

Written as records of our own: `tf.summary` loses what it cannot write, and
does not say so (seen on TF 2.21).
"""

import itertools
import os
import pathlib
import re
import socket
import struct
import time
from collections.abc import Mapping

import tensorflow as tf

from sketch_rnn_tf import (
    config as config_lib,
    drawing,
    labels as labels_lib,
    partials,
)
from sketch_rnn_tf.generation import sampling
from sketch_rnn_tf.model import vae

PICTURED_SKETCHES = 8
PICTURE_TEMPERATURE = 0.4

_Summary = tf.compat.v1.Summary
# What TensorBoard's plugins call themselves, and their kinds of data.
_SCALARS, _IMAGES = ("scalars", 1), ("images", 3)
_NUMBERS = itertools.count()
_NAME = re.compile(r"events\.out\.tfevents\.(\d{10,12})\.")


class EventFiles:
    """Writes the curves of a history, and drawings beside them.

    Args:
      log_dir: What holds `train/`, `validation/` and `pictures/`.
      config: The configuration of the model.
      batch: A validation batch, whose first sketches are drawn.
    """

    def __init__(
        self,
        log_dir: str | os.PathLike,
        config: config_lib.Config,
        batch: Mapping[str, tf.Tensor],
    ):
        self._log_dir = pathlib.Path(log_dir)
        self._config = config
        self._sketches = _sketches(batch, config)
        self._files, self._writers = {}, {}

    def write(self, row: Mapping[str, float], model: vae.SketchRNN) -> None:
        """Writes what a row of the history says, and how the model draws.

        Raises:
          tf.errors.OpError: If it could not be written.
        """
        step = int(row["step"])
        train, validation = {}, {}
        for name, value in row.items():
            if name.startswith("val_"):
                validation[name.removeprefix("val_")] = value
            elif name != "step":
                train[name] = value
        if "kl_annealing" in row:
            train["kl_weight"] = self._config.kl_weight * row["kl_annealing"]
        self._append("train", step, map(_scalar, train, train.values()))
        self._append(
            "validation", step, map(_scalar, validation, validation.values())
        )
        self._append("pictures", step, [_image("drawings", self._draw(model))])

    def close(self) -> None:
        """Closes the files."""
        for writer in self._writers.values():
            writer.close()

    def _append(self, name, step, values):
        if name not in self._writers:
            folder = self._log_dir / name
            folder.mkdir(parents=True, exist_ok=True)
            file = (
                f"events.out.tfevents.{_later(folder):010d}."
                f"{socket.gethostname()}.{os.getpid()}.{next(_NUMBERS):06d}.v2"
            )
            self._files[name] = folder / file
            self._writers[name] = tf.io.TFRecordWriter(str(folder / file))
            self._write(name, file_version="brain.Event:2")
        self._write(name, step=step, summary=_Summary(value=values))

    def _write(self, name, **content):
        event = tf.compat.v1.Event(wall_time=time.time(), **content)
        self._writers[name].write(event.SerializeToString())
        self._writers[name].flush()
        # The history's row comes next, and says that this is written.
        partials.sync(self._files[name])

    def _draw(self, model):
        """Returns a PNG of sketches above their reconstructions."""
        count = len(self._sketches)
        settings = {"temperature": PICTURE_TEMPERATURE, "seed": 0}
        if model.encoder is None:
            drawn = sampling.sample(model, count=count, **settings)
            rows, sketches = ["sampled"], drawn.sketches
        else:
            drawn = sampling.reconstruct(model, self._sketches, **settings)
            rows = ["drawn by people", "reconstructed"]
            sketches = self._sketches + drawn.sketches
        picture = drawing.draw_grid(sketches, columns=count, row_labels=rows)
        return drawing.to_png(picture)


def purge(log_dir: str | os.PathLike, *, after: float) -> None:
    """Removes the events after a step, which are going to be written again.

    And the half of an event that a killed process may have left.

    Args:
      log_dir: What holds event files, at any depth.
      after: The last step to keep.
    """
    for file in list(pathlib.Path(log_dir).rglob("events.out.tfevents.*")):
        records, kept, whole = tf.data.TFRecordDataset(str(file)), 0, True
        try:
            for record in records:
                # A process writes them in the order of the steps.
                if tf.compat.v1.Event.FromString(record.numpy()).step > after:
                    whole = False
                    break
                kept += 1
        except tf.errors.DataLossError:
            whole = False
        if kept <= 1:  # the first one says no more than the format's version
            file.unlink()
        elif not whole:
            with (
                partials.file(file) as partial,
                tf.io.TFRecordWriter(str(partial)) as writer,
            ):
                for record in records.take(kept):
                    writer.write(record.numpy())


def _later(folder):
    """Returns the time in seconds, but after that of all files there.

    TensorBoard reads a folder's files in the order of their names, and never
    goes back: where the clock was set back between two processes, it would
    miss what the second one writes.
    """
    times = [
        int(match[1])
        for file in folder.iterdir()
        if (match := _NAME.match(file.name))
    ]
    return max(int(time.time()), max(times, default=0) + 1)


def _sketches(batch, config):
    """Returns the first sketches of a batch, stroke-3 in pixels."""
    sketches = []
    for points, length in zip(
        batch["strokes"][:PICTURED_SKETCHES].numpy(),
        batch["lengths"][:PICTURED_SKETCHES].numpy(),
        strict=True,
    ):
        stroke3 = points[1 : length + 1, [0, 1, 3]]
        stroke3[:, :2] *= config.scale_factor
        sketches.append(stroke3)
    if not config.class_size:
        return sketches
    labels = batch["labels"][:PICTURED_SKETCHES].numpy()
    return labels_lib.Labelled(sketches, labels)


def _scalar(tag, value):
    return _value(tag, _SCALARS, tf.make_tensor_proto(value, tf.float32))


def _image(tag, png):
    size = struct.unpack(">II", png[16:24])  # of the header chunk
    content = [*(str(number).encode() for number in size), png]
    return _value(tag, _IMAGES, tf.make_tensor_proto(content))


def _value(tag, plugin, tensor):
    name, data_class = plugin
    metadata = tf.compat.v1.SummaryMetadata(
        plugin_data={"plugin_name": name}, data_class=data_class
    )
    return _Summary.Value(tag=tag, metadata=metadata, tensor=tensor)
