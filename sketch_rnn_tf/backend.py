"""Keras, on the TensorFlow backend and no other.

Modules import Keras from here, so that it is refused in one line before
anything is built on a backend that would not do.
"""

import os

WANTED = "tensorflow"


def _refuse(name):
    raise ImportError(
        f"sketch_rnn_tf: expected the TensorFlow backend of Keras, "
        f"got {name!r}; set KERAS_BACKEND={WANTED}"
    )


# Asked first: Keras cannot be imported where its backend is not installed.
_asked = os.environ.get("KERAS_BACKEND") or WANTED
if _asked != WANTED:
    _refuse(_asked)

import keras  # noqa: E402

# What ~/.keras/keras.json says, or who imported Keras first.
if keras.config.backend() != WANTED:
    _refuse(keras.config.backend())

__all__ = ["keras"]
