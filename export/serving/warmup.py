"""Warm-up requests: what TensorFlow Serving asks a version before others do.

The first request of a graph is slow, as it is optimised then.  A version is
available once its file of these has been answered.
"""

import os
import pathlib

import numpy as np
import tensorflow as tf
from tensorflow_serving.apis import prediction_log_pb2

from export import signatures as signatures_lib
from sketch_rnn_tf.model import vae

FILE = pathlib.Path("assets.extra", "tf_serving_warmup_requests")
"""Of a version."""

_ROWS = (1, 8)
_LOOPS = 16
"""Points that suffice to have run every part of the loop."""


def write(
    version: str | os.PathLike, model: "vae.SketchRNN", *, name: str
) -> None:
    """Writes requests of every signature, one row and several.

    Args:
      version: The version's directory.
      model: Its model.
      name: What it is served as.
    """
    path = pathlib.Path(version, FILE)
    path.parent.mkdir(parents=True, exist_ok=True)
    functions = signatures_lib.Signatures(model).functions
    with tf.io.TFRecordWriter(str(path)) as writer:
        for rows in _ROWS:
            values = _values(model, rows)
            for signature, function in functions.items():
                log = prediction_log_pb2.PredictionLog()
                request = log.predict_log.request
                request.model_spec.name = name
                request.model_spec.signature_name = signature
                for spec in function.input_signature:
                    value = values[spec.name]
                    request.inputs[spec.name].CopyFrom(
                        tf.make_tensor_proto(value, spec.dtype)
                    )
                writer.write(log.SerializeToString())


def _values(model, rows):
    """Returns a value of each input, by its name, with so many rows."""
    points = min(3, model.config.max_len - 1)
    strokes = np.zeros([rows, points, 5], np.float32)
    strokes[..., 0] = strokes[..., 1] = model.config.scale_factor
    strokes[..., 2] = 1
    z = np.zeros([rows, model.config.z_size], np.float32)
    return {
        "strokes": strokes,
        "lengths": np.full(rows, points),
        "z": z,
        "z_first": z,
        "z_last": z + 0.5,
        "t": np.full(rows, 0.5),
        "temperature": np.full(rows, 0.5),
        "seed": np.arange(rows),
        "labels": np.zeros(rows),
        "max_len": np.full(rows, min(_LOOPS, model.config.max_len)),
    }
