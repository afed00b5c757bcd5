"""Hardware: what the trainings ran on, in words, and the GPUs to share out."""

import os
import pathlib
import platform

import tensorflow as tf

from sketch_rnn_tf import processor

_VISIBLE = "CUDA_VISIBLE_DEVICES"


def described() -> str:
    """Describes what TensorFlow computes on: the GPU, or the processor."""
    found = tf.config.list_physical_devices("GPU")
    if found:
        details = tf.config.experimental.get_device_details(found[0])
        return str(details.get("device_name", "GPU"))
    return f"{_processor()}, {processor.cores()} cores"


def places() -> list[dict[str, str]]:
    """Lists where trainings can run side by side, as environment variables.

    Returns:
      One environment a GPU, that shows no other; an empty one, of this
      process, where there is at most one.
    """
    count = len(tf.config.list_physical_devices("GPU"))
    if count < 2:
        return [{}]
    names = os.environ.get(_VISIBLE) or ",".join(map(str, range(count)))
    return [{_VISIBLE: name} for name in names.split(",")[:count]]


def _processor():
    file = pathlib.Path("/proc/cpuinfo")
    if file.is_file():
        for line in file.read_text().splitlines():
            key, _, value = line.partition(":")
            if key.strip() == "model name":
                return value.strip()
    return platform.processor() or platform.machine()
