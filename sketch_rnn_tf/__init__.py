"""sketch-rnn (Ha & Eck, 2017) for TensorFlow and Keras.

    import sketch_rnn_tf

    model = sketch_rnn_tf.load("work")
    drawn = sketch_rnn_tf.sample(model, count=9, temperature=0.4, seed=1)

What needs TensorFlow is imported on first use, so that `strokes`, `doodles`
and `drawing` do without it.
"""

import importlib
from typing import Any

from sketch_rnn_tf.version import __version__

# Public name: the module that defines it.
_LAZY = {
    "Config": "config",
    "preset": "presets",
    "SketchRNN": "model.vae",
    "batches": "data.input_pipeline",
    "fit_config": "data.measurement",
    "train": "training",
    "load": "training",
    "evaluate": "generation.evaluation",
    "sample": "generation.sampling",
    "reconstruct": "generation.sampling",
    "complete": "generation.sampling",
    "interpolate": "generation.interpolation",
    "encode": "generation.encoding",
    "score": "generation.scoring",
    "import_magenta": "weights.magenta",
    "import_sketch_rnn_js": "weights.sketch_rnn_js",
    "export_sketch_rnn_js": "weights.sketch_rnn_js",
}

__all__ = ["__version__", "export_saved_model", "pretrained", *_LAZY]


def __getattr__(name: str) -> Any:
    if name == "export_saved_model":
        return importlib.import_module("export").export_saved_model
    if name == "pretrained":
        return importlib.import_module("sketch_rnn_tf.pretrained")
    if name in _LAZY:
        module = importlib.import_module(f"sketch_rnn_tf.{_LAZY[name]}")
        return getattr(module, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
