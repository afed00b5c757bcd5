"""Export of a model for browsers."""

import json
import os
import pathlib
import re
from typing import Any

from export import steps as steps_lib
from export.tfjs import graph as graph_lib, graph_model
from sketch_rnn_tf import partials, version
from sketch_rnn_tf.model import vae

FORMAT = "sketch_rnn_tf.browser"
FORMAT_VERSION = 1
CLASS_CONDITIONED_VERSION = 2
"""Of class-conditioned models, which readers of version 1 cannot run."""

_OURS = re.compile(r"model\.json|config\.json|group1-shard\d+of\d+\.bin")


def export_tfjs(
    model: "vae.SketchRNN",
    directory: str | os.PathLike,
    *,
    quantize: str = "none",
    name: str | None = None,
) -> pathlib.Path:
    """Writes a model for browsers: a TensorFlow.js graph model of its steps.

    `config.json` says what the model is, `model.json` and the shards are what
    `tf.loadGraphModel` loads: the functions of `export.steps`, whose nodes are
    named as their inputs and outputs.  The same model gives the same bytes.

    Args:
      model: The model, of any kind.
      directory: New, or an earlier export, which is replaced.
      quantize: One of `graph_model.QUANTIZATIONS`.
      name: What to call the model; the directory's name if None.

    Returns:
      The directory.

    Raises:
      ValueError: If the directory holds something else, `quantize` is
        unknown, or a weight is not finite.
    """
    directory = pathlib.Path(directory)
    graph_model.check_quantization(quantize)
    _check(directory)
    # What a link names is replaced, and not the link.
    with partials.folder(directory.resolve(), replace=True) as partial:
        graph = graph_lib.frozen(model)
        _, *shards = graph_model.write(graph, partial, quantize=quantize)
        config = browser_config(model) | {
            "name": directory.name if name is None else name,
            "quantization": quantize,
            "weight_bytes": sum(shard.stat().st_size for shard in shards),
        }
        (partial / "config.json").write_text(
            json.dumps(config, indent=2, sort_keys=True) + "\n"
        )
    return directory


def browser_config(model: "vae.SketchRNN") -> dict[str, Any]:
    """Returns what one needs to know to run a model's steps."""
    config = model.config
    layout = steps_lib.layout(model)
    found = {
        "format": FORMAT,
        "format_version": FORMAT_VERSION,
        "version": version.__version__,
        "words": list(config.words),
        "conditional": config.conditional,
        "encoder_cell": config.encoder_cell if config.conditional else None,
        "encoder_size": config.encoder_size if config.conditional else 0,
        "decoder_cell": config.decoder_cell,
        "decoder_size": config.decoder_size,
        "z_size": config.z_size if config.conditional else 0,
        "num_mixtures": config.num_mixtures,
        "max_len": config.max_len,
        "scale_factor": config.scale_factor,
        "start_point": list(config.start_point),
        "compatibility": config.compatibility,
        "encoder_states": list(layout.encoder_states),
        "encoder_outputs": list(layout.encoder_outputs),
        "decoder_states": list(layout.decoder_states),
        "parameters": sum(weight.numpy().size for weight in model.weights),
    }
    if config.class_size:
        found["format_version"] = CLASS_CONDITIONED_VERSION
        found["class_size"] = config.class_size
    return found


def _check(directory):
    if not directory.exists():
        return
    if not directory.is_dir():
        raise ValueError(f"{directory}: expected a directory, got a file")
    for path in sorted(directory.iterdir()):
        if not _OURS.fullmatch(path.name):
            raise ValueError(
                f"{directory}: expected a new directory or an earlier export, "
                f"got one that holds {path.name!r}"
            )
