"""Requests of a load, ready to be sent, and what has to come back."""

import dataclasses
import json
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
import tensorflow as tf
from tensorflow_serving.apis import predict_pb2

from benchmarks.stand_in import refusals

TOLERANCE = 1e-4
"""Of offsets, in units of their scale, and of what is computed beside them."""


@dataclasses.dataclass(frozen=True)
class Asked:
    """A request.

    Attributes:
      kind: Its signature, or in which way it is malformed.
      malformed: Whether it is.
      path: Of the REST interface.
      body: What is sent there; None where only gRPC can ask it.
      message: What is sent by gRPC; None where only REST can ask it.
      answer: What the model answers to it alone; None for nothing.
      codes: Errors that may be answered.
      padded: Whether batching may pad it into another, good request.
      length: What Content-Length claims, if not the body's.
    """

    kind: str
    malformed: bool = False
    path: str = ""
    body: bytes | None = None
    message: predict_pb2.PredictRequest | None = None
    answer: Mapping[str, np.ndarray] | None = None
    codes: frozenset = frozenset()
    padded: bool = False
    length: int | None = None

    @property
    def statuses(self) -> set[int]:
        """The HTTP statuses of the errors."""
        claimed = {413} if self.length is not None else set()
        return {refusals.HTTP_STATUS[code] for code in self.codes} | claimed


def rest_body(
    signature: str, inputs: Mapping[str, Any], *, as_rows: bool
) -> bytes:
    """Writes a request of arrays or lists as JSON."""
    columns = {
        name: value.tolist() if isinstance(value, np.ndarray) else value
        for name, value in inputs.items()
    }
    request: dict[str, Any] = {"signature_name": signature}
    if as_rows:
        request["instances"] = [
            dict(zip(columns, row, strict=True))
            for row in zip(*columns.values(), strict=True)
        ]
    else:
        request["inputs"] = columns
    return json.dumps(request).encode()


def rpc_message(
    name: str,
    signature: str,
    inputs: Mapping[str, np.ndarray],
    *,
    content: bool,
) -> predict_pb2.PredictRequest:
    """Writes a request as protobuf, values in `tensor_content` or `*_val`."""
    message = predict_pb2.PredictRequest()
    message.model_spec.name = name
    message.model_spec.signature_name = signature
    for key, value in inputs.items():
        tensor = tf.make_tensor_proto(value)
        if content:
            tensor.ClearField("float_val")
            tensor.ClearField("int_val")
            tensor.tensor_content = np.ascontiguousarray(value).tobytes()
        else:
            field = "float_val" if value.dtype.kind == "f" else "int_val"
            tensor.ClearField("tensor_content")
            tensor.ClearField(field)
            getattr(tensor, field).extend(np.ravel(value).tolist())
        message.inputs[key].CopyFrom(tensor)
    return message


def differs(
    answer: Mapping[str, Any], wanted: Mapping[str, np.ndarray], scale: float
) -> str:
    """Compares an answer with the one that the request gets alone.

    Args:
      answer: Arrays or nested lists by name.
      wanted: Likewise, arrays.
      scale: Of offsets.

    Returns:
      What is different; "" for nothing.  Drawings may have end rows more.
    """
    if answer.keys() != wanted.keys():
        return f"outputs {sorted(answer)}, wanted {sorted(wanted)}"
    for name in _in_order(wanted):
        want = wanted[name]
        try:
            got = np.asarray(answer[name], want.dtype)
        except (TypeError, ValueError):
            return f"{name}: not an array"
        if name == "strokes":
            said = _drawings_differ(got, want, wanted["lengths"], scale)
            if said:
                return said
        elif got.shape != want.shape:
            return f"{name}: shape {got.shape}, wanted {want.shape}"
        elif want.dtype.kind != "f":
            if (got != want).any():
                return f"{name}: {got.tolist()}, wanted {want.tolist()}"
        elif not np.allclose(got, want, rtol=TOLERANCE, atol=TOLERANCE):
            return f"{name}: off by {np.abs(got - want).max()}"
    return ""


def offset_scale(answers: Iterable[Mapping[str, np.ndarray]]) -> float:
    """Returns the standard deviation of all drawn offsets, 1 without any."""
    offsets = [
        row[:length, :2].ravel()
        for answer in answers
        if "strokes" in answer
        for row, length in zip(
            answer["strokes"], answer["lengths"], strict=True
        )
    ]
    offsets = np.concatenate(offsets or [np.zeros(0)])
    return float(offsets.std()) if offsets.size and offsets.std() else 1.0


def _in_order(wanted):
    """Puts first what tells most of why the rest differs."""
    first = [name for name in ("status", "lengths") if name in wanted]
    return first + [name for name in wanted if name not in first]


def _drawings_differ(got, want, lengths, scale):
    if got.ndim != 3 or len(got) != len(want) or got.shape[2] != 5:
        return f"strokes: shape {got.shape}, wanted {want.shape}"
    end = np.float32([0, 0, 0, 0, 1])
    for number, length in enumerate(lengths):
        row, wanted = got[number], want[number]
        if len(row) < length:
            return f"strokes: {len(row)} points, wanted {length}"
        if (row[:length, 2:] != wanted[:length, 2:]).any():
            return "strokes: other pen states"
        if (row[length:] != end).any():
            return "strokes: points after the end"
        off = np.abs(row[:length, :2] - wanted[:length, :2]).max(initial=0)
        # NaN is not at most anything.
        if not off <= TOLERANCE * scale:
            return f"strokes: offsets off by {off / scale} of their scale"
    return ""
