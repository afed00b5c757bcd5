"""The files of a TensorFlow.js graph model.

A graph model is `model.json`, which holds the nodes and says which weight
stands where, and shards of bytes with the weights one after another.
"""

import json
import math
import pathlib
from typing import Any

import numpy as np
import tensorflow as tf
from google.protobuf import json_format
from tensorflow.core.framework import graph_pb2

from export.tfjs import graph as graph_lib
from sketch_rnn_tf import version

QUANTIZATIONS = ("none", "uint16", "uint8")

SHARD_BYTES = 4 * 2**20
"""Of a shard, at most: as browsers may cache them."""

_DTYPES = {"float32": np.float32, "int32": np.int32, "bool": np.bool_}


def write(
    graph: graph_pb2.GraphDef,
    directory: pathlib.Path,
    *,
    quantize: str = "none",
) -> list[pathlib.Path]:
    """Writes a graph as a graph model.

    Args:
      graph: The graph, its weights as constants.
      directory: Where to write, there already.
      quantize: How to write matrices, one of `QUANTIZATIONS`: as they are, or
        each as whole numbers from its least to its greatest value.  Vectors
        are few, and stay as they are.

    Returns:
      The files, model.json first, then the shards in their order.

    Raises:
      ValueError: If `quantize` is unknown, a constant is of a type that the
        format has not, or a weight is not finite.
    """
    check_quantization(quantize)
    entries, content = [], bytearray()
    for name, value in graph_lib.constants(graph):
        entry, stored = _stored(name, value, quantize)
        entries.append(entry)
        content += stored
    count = max(1, math.ceil(len(content) / SHARD_BYTES))
    shards = []
    for index in range(count):
        shard = directory / f"group1-shard{index + 1}of{count}.bin"
        start = index * SHARD_BYTES
        shard.write_bytes(content[start : start + SHARD_BYTES])
        shards.append(shard)
    model = {
        "format": "graph-model",
        "generatedBy": tf.__version__,
        "convertedBy": f"sketch_rnn_tf {version.__version__}",
        "signature": _signature(graph),
        "modelTopology": _topology(graph),
        "weightsManifest": [
            {"paths": [shard.name for shard in shards], "weights": entries}
        ],
    }
    file = directory / "model.json"
    file.write_text(
        json.dumps(model, sort_keys=True, separators=(",", ":")) + "\n"
    )
    return [file, *shards]


def check_quantization(quantize: str) -> None:
    """Raises ValueError unless it is one of `QUANTIZATIONS`."""
    if quantize not in QUANTIZATIONS:
        raise ValueError(
            f"quantize: expected one of {', '.join(QUANTIZATIONS)}, "
            f"got {quantize!r}"
        )


def _stored(name, value, quantize):
    """Returns a weight's entry in the manifest, and its bytes."""
    dtype = value.dtype.name
    if dtype not in _DTYPES:
        raise ValueError(f"{name}: expected {', '.join(_DTYPES)}, got {dtype}")
    if dtype == "float32" and not np.isfinite(value).all():
        raise ValueError(f"{name}: expected finite weights, got others")
    entry: dict[str, Any] = {
        "name": name,
        "shape": list(value.shape),
        "dtype": dtype,
    }
    if quantize != "none" and dtype == "float32" and value.ndim > 1:
        least, most = float(value.min()), float(value.max())
        steps = np.iinfo(quantize).max
        # A matrix of one value alone is its least one, whatever the scale.
        scale = (most - least) / steps or 1.0
        entry["quantization"] = {
            "dtype": quantize,
            "min": least,
            "scale": scale,
            "original_dtype": dtype,
        }
        value = np.rint((value.astype(np.float64) - least) / scale)
        value = value.clip(0, steps).astype(quantize)
    little_endian = value.dtype.newbyteorder("<")
    return entry, value.astype(little_endian).tobytes()


def _topology(graph):
    nodes = []
    for node in graph.node:
        written = json_format.MessageToDict(node)
        if node.op == "Const":
            # The value stands in the shards.
            shape = node.attr["value"].tensor.tensor_shape
            written["attr"]["value"] = {
                "tensor": {
                    "dtype": written["attr"]["dtype"]["type"],
                    "tensorShape": json_format.MessageToDict(shape),
                }
            }
        nodes.append(written)
    return {
        "node": nodes,
        "library": {},
        "versions": json_format.MessageToDict(graph.versions),
    }


def _signature(graph):
    """Returns what goes in and comes out, by the nodes' names."""
    inputs, outputs = {}, {}
    for node in graph.node:
        if node.op == "Placeholder":
            shape = node.attr["shape"].shape
            inputs[node.name] = {
                "name": f"{node.name}:0",
                "dtype": "DT_FLOAT",
                "tensorShape": json_format.MessageToDict(shape),
            }
        elif node.op == "Identity":
            outputs[node.name] = {"name": f"{node.name}:0", "dtype": "DT_FLOAT"}
    return {"inputs": inputs, "outputs": outputs}
