"""Arrays of protobuf tensors and of JSON, and back, as TF Serving has them."""

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
import tensorflow as tf
from tensorflow.core.framework import tensor_pb2, types_pb2

from benchmarks.stand_in import refusals

DEFAULT = "serving_default"
"""The signature of requests that name none."""

LARGEST = 64 * 2**20
"""Bytes of a request, and of a tensor; the stand-in's own limit."""

_VALUES = {
    types_pb2.DT_FLOAT: "float_val",
    types_pb2.DT_INT32: "int_val",
}
_MOST_EXACT = 2**24 - 1  # the largest integer that float32 surely holds


def from_protos(
    inputs: Mapping[str, tensor_pb2.TensorProto],
) -> dict[str, np.ndarray]:
    """Reads tensors, be their values in `tensor_content` or in `*_val`.

    Raises:
      refusals.RefusalError: If one is not whole.
    """
    return {name: _from_proto(name, value) for name, value in inputs.items()}


def to_proto(value: np.ndarray) -> tensor_pb2.TensorProto:
    """Writes a tensor, values in `*_val` as TF Serving does by default."""
    made = tf.make_tensor_proto(value)
    field = _VALUES.get(made.dtype)
    if field is not None:
        made.ClearField("tensor_content")
        made.ClearField(field)
        getattr(made, field).extend(np.ravel(value).tolist())
    return made


def from_json(value: Any, dtype: int, name: str) -> np.ndarray:
    """Reads a tensor of nested lists.

    Args:
      value: The lists; their first members give the shape.
      dtype: The signature's, DT_FLOAT or DT_INT32.
      name: The input's, for messages.

    Raises:
      refusals.RefusalError: If it is not of the type, or not a whole tensor.
    """
    shape, first = [], value
    while isinstance(first, list):
        shape.append(len(first))
        if not first:
            break
        first = first[0]
    flat = [value]
    for level, size in enumerate(shape):
        for item in flat:
            if not isinstance(item, list):
                raise _bad(name, f"found at incorrect level: {level}", item)
            if len(item) != size:
                raise refusals.RefusalError(
                    "INVALID_ARGUMENT",
                    f"{name}: Encountered list at unexpected size: "
                    f"{len(item)} at level: {level} expected size: {size}",
                )
        flat = [inner for item in flat for inner in item]
    return _typed(flat, dtype, name).reshape(shape)


def to_json(outputs: Mapping[str, np.ndarray], *, as_rows: bool) -> dict:
    """Writes outputs as `predictions`, a row each, or as `outputs`.

    Raises:
      refusals.RefusalError: If rows are wanted, of outputs that differ.
    """
    columns = {name: value.tolist() for name, value in outputs.items()}
    if not as_rows:
        if len(columns) == 1:
            (columns,) = columns.values()
        return {"outputs": columns}
    if len({np.shape(value)[:1] for value in outputs.values()}) > 1:
        raise refusals.RefusalError(
            "INVALID_ARGUMENT", "outputs have inconsistent batch sizes"
        )
    rows = zip(*columns.values(), strict=True)
    if len(columns) == 1:
        return {"predictions": [value for (value,) in rows]}
    return {
        "predictions": [dict(zip(columns, row, strict=True)) for row in rows]
    }


def _from_proto(name, proto):
    try:
        kind = tf.as_dtype(proto.dtype)
        sizes = [dim.size for dim in proto.tensor_shape.dim]
        # A single value may stand for any number of them.
        if min(sizes, default=0) < 0 or kind.size * math.prod(sizes) > LARGEST:
            raise ValueError(f"shape {sizes}")
        return tf.make_ndarray(proto)
    except (TypeError, ValueError, AttributeError, KeyError) as error:
        raise refusals.RefusalError(
            "INVALID_ARGUMENT", f"tensor parsing error: {name}: {error}"
        ) from error


def _typed(flat, dtype, name):
    # `True` is an int for `isinstance`.
    kinds = set(map(type, flat))
    if dtype == types_pb2.DT_INT32:
        if kinds - {int}:
            raise _bad(name, "is not of expected type: int32", flat, {int})
        for item in flat:
            if not -(2**31) <= item < 2**31:
                raise _bad(name, "is not of expected type: int32", [item])
        return np.array(flat, np.int32)
    if dtype != types_pb2.DT_FLOAT:
        raise refusals.RefusalError(
            "UNIMPLEMENTED", f"{name}: the stand-in reads float and int32 only"
        )
    if kinds - {int, float}:
        raise _bad(name, "is not of expected type: float", flat, {int, float})
    limit = float(np.finfo(np.float32).max)
    for item in flat:
        most = _MOST_EXACT if type(item) is int else limit
        if abs(item) > most and (type(item) is int or math.isfinite(item)):
            raise refusals.RefusalError(
                "INVALID_ARGUMENT",
                f"{name}: Cannot convert JSON value: {str(item)[:40]} to "
                "float without loss of precision.",
            )
    return np.array(flat, np.float32)


def _bad(name, reason, value, good=()):
    if isinstance(value, list) and good:
        value = next(item for item in value if type(item) not in good)
    elif isinstance(value, list) and len(value) == 1:
        (value,) = value
    return refusals.RefusalError(
        "INVALID_ARGUMENT", f"{name}: JSON Value: {str(value)[:40]} {reason}"
    )
