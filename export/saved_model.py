"""Export of a model as a SavedModel with the signatures of `signatures`."""

import contextlib
import os
import pathlib
from collections.abc import Callable

import tensorflow as tf

from export import signatures, steps
from sketch_rnn_tf import partials
from sketch_rnn_tf.model import vae

BROWSER = "browser"
"""The signature of one step at a time."""


def export_saved_model(
    model: "vae.SketchRNN",
    directory: str | os.PathLike,
    *,
    beside: Callable[[str], None] | None = None,
    browser: bool = True,
) -> pathlib.Path:
    """Writes the next version of a SavedModel.

    Args:
      model: The model.
      directory: What holds the versions, as TF Serving wants it: 1, 2, ...
      beside: Called with the path before it gets its name, to write more
        into it: a server that watches `directory` finds it whole.
      browser: Whether it gets the signature `browser`, see `export.steps`:
        what converters for places without control flow want.

    Returns:
      The directory of the version written, `directory`/N.

    Raises:
      ValueError: If `directory` is a file.
    """
    directory = pathlib.Path(directory)
    if directory.exists() and not directory.is_dir():
        raise ValueError(f"{directory}: expected a directory, got a file")
    with partials.scratch(directory / "version") as partial:
        _write(model, os.fspath(partial), browser)
        if beside is not None:
            beside(os.fspath(partial))
        while True:
            target = directory / str(_next(directory))
            # Another process may have written a version just now.
            with contextlib.suppress(FileExistsError):
                partials.place(partial, target)
                return target


def _next(directory):
    versions = [int(p.name) for p in directory.iterdir() if p.name.isdigit()]
    return max(versions, default=0) + 1


def _write(model, path, browser):
    # Tracks the weights alone: the model would bring its optimizer's, and
    # `tf.function`s would bring all graphs a second time.
    module = tf.Module()
    module.weights = [weight.value for weight in model.weights]
    served = {
        name: function.get_concrete_function()
        for name, function in signatures.Signatures(model).functions.items()
    }
    default = tf.saved_model.DEFAULT_SERVING_SIGNATURE_DEF_KEY
    served[default] = served["complete"]
    if browser:
        served[BROWSER] = steps.browser(model)
    tf.saved_model.save(module, path, signatures=served)
