"""Sketches for TensorFlow Datasets; importing this registers them.

import tensorflow_datasets as tfds
import tfds_quickdraw

dataset = tfds.load("quickdraw_strokes/doodles", split="train")
"""

from tfds_quickdraw.configs import QuickdrawStrokesConfig, config_for
from tfds_quickdraw.preparing import prepare
from tfds_quickdraw.reading import read
from tfds_quickdraw.stroke_feature import StrokesFeature

__all__ = [
    "QuickdrawStrokesConfig",
    "StrokesFeature",
    "config_for",
    "prepare",
    "read",
]
