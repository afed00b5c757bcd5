"""Requests of a wrong form, which have to get a clear error."""

import dataclasses
import json

import numpy as np

from benchmarks import asked as asked_lib, request_pool

_INVALID = frozenset({"INVALID_ARGUMENT"})
# By REST or by gRPC.
_NO_SIGNATURE = frozenset({"INVALID_ARGUMENT", "FAILED_PRECONDITION"})
# Alone, or in a merged batch.
_UNFIT = frozenset({"INVALID_ARGUMENT", "INTERNAL"})
_ABSENT = frozenset({"NOT_FOUND"})


def requests(
    pool: request_pool.RequestPool, max_batch_size: int
) -> list[asked_lib.Asked]:
    """Makes one request of each form that is wrong.

    Args:
      pool: What makes the good ones that are spoilt.
      max_batch_size: Of the server.
    """
    inputs = pool.inputs("complete", rows=1)
    made = [
        *_elsewhere(inputs),
        *_wrong_inputs(pool, inputs),
        *_wrong_json(inputs),
        *_wrong_messages(inputs),
    ]
    # Without batching these are good.
    for what, rows in (("too many rows", max_batch_size + 1), ("no rows", 0)):
        many = pool.inputs("score", rows=max(rows, 1))
        many = {name: value[:rows] for name, value in many.items()}
        good = pool.prepared("score", many, malformed=what)
        # A list of no rows does not say how wide they are.
        body = good.body if rows else None
        made.append(dataclasses.replace(good, body=body, codes=_INVALID))
    return made


def _elsewhere(inputs):
    made = []
    for what, path, codes in (
        ("unknown model", "no_such_model", _ABSENT),
        ("unknown version", f"{request_pool.NAME}/versions/4711", _ABSENT),
        ("unknown label", f"{request_pool.NAME}/labels/nobody", _INVALID),
    ):
        asked = _asked(what, "complete", inputs, codes)
        spec = asked.message.model_spec
        if "model" in what:
            spec.name = "no_such_model"
        elif "version" in what:
            spec.version.value = 4711
        else:
            spec.version_label = "nobody"
        made.append(
            dataclasses.replace(asked, path=f"/v1/models/{path}:predict")
        )
    made.append(
        _asked("unknown signature", "no_such_thing", inputs, _NO_SIGNATURE)
    )
    return made


def _wrong_inputs(pool, inputs):
    strokes = inputs["strokes"]
    # Its first number is what short rows are padded with: no pen state.
    strokes = np.concatenate([np.full_like(strokes[:, :1], 7), strokes], axis=1)
    without = {k: v for k, v in inputs.items() if k != "lengths"}
    wide = np.concatenate([strokes, strokes[..., :1]], axis=2)
    yield _asked("missing input", "complete", without, _INVALID)
    more = inputs | {"colour": np.float32([1])}
    yield _asked("unknown input", "complete", more, _INVALID, as_rows=True)
    yield _asked(
        "strokes of six columns", "complete", inputs | {"strokes": wide}, _UNFIT
    )
    yield _asked(
        "strokes of four columns",
        "complete",
        inputs | {"strokes": strokes[..., :4]},
        _UNFIT,
        padded=True,
    )
    yield _asked(
        "strokes without a batch",
        "complete",
        inputs | {"strokes": strokes[0]},
        _UNFIT,
    )
    scalar = inputs | {"temperature": np.array(0.5, np.float32)}
    yield _asked("temperature without a batch", "complete", scalar, _UNFIT)
    seeds = inputs | {"seed": np.int32([1, 2, 3])}
    yield _asked("seeds of more rows", "complete", seeds, _INVALID)
    if pool.z_size:
        good = pool.inputs("decode", rows=1)
        for what, z, padded in (
            ("z one too long", np.zeros([1, pool.z_size + 1]), False),
            ("z one too short", np.zeros([1, pool.z_size - 1]), True),
        ):
            spoilt = good | {"z": z.astype(np.float32)}
            yield _asked(what, "decode", spoilt, _UNFIT, padded=padded)


def _wrong_json(inputs):
    lists = {name: value.tolist() for name, value in inputs.items()}
    whole = asked_lib.rest_body("complete", inputs, as_rows=False)
    ragged = [lists["strokes"][0][:1] + [[1.0, 2.0]]]
    bodies = {
        "broken JSON": whole[:-20],
        "no JSON": b"draw me a cat",
        "empty body": b"",
        "a list for a request": json.dumps([lists]).encode(),
        "deep nesting": b'{"inputs": ' + b"[" * 100_000,
        "neither inputs nor instances": b'{"signature_name": "complete"}',
        "both inputs and instances": json.dumps(
            {"inputs": lists, "instances": [{}]}
        ).encode(),
        "no instances": b'{"instances": []}',
        "a number for a signature": b'{"signature_name": 3, "inputs": {}}',
    }
    for what, change in {
        "text for numbers": {"temperature": ["0.5"]},
        "null for numbers": {"temperature": [None]},
        "true for a number": {"temperature": [True]},
        "a fraction for a whole number": {"max_len": [12.5]},
        "a number over int32": {"seed": [2**31]},
        "a number over float32": {"temperature": [1e300]},
        "ragged rows": {"strokes": ragged},
        "an object for a tensor": {"strokes": {"dx": 1}},
    }.items():
        bodies[what] = asked_lib.rest_body(
            "complete", lists | change, as_rows=False
        )
    for what, body in bodies.items():
        yield _asked(what, "complete", None, _INVALID, body=body)
    huge = _asked("huge body", "complete", None, _INVALID, body=b"{}")
    yield dataclasses.replace(huge, length=10**12)


def _wrong_messages(inputs):
    double = inputs | {"temperature": inputs["temperature"].astype(np.float64)}
    for what, changed, codes in (
        ("float64 for float32", double, _UNFIT),
        ("tensor cut short", inputs, _INVALID),
        ("tensor of a negative size", inputs, _INVALID),
        ("tensor of a huge size", inputs, _INVALID),
    ):
        message = asked_lib.rpc_message(
            request_pool.NAME, "complete", changed, content=True
        )
        tensor = message.inputs["strokes"]
        if "short" in what:
            tensor.tensor_content = tensor.tensor_content[:-4]
        elif "negative" in what:
            tensor.tensor_shape.dim[0].size = -1
        elif "huge" in what:
            tensor.ClearField("tensor_content")
            tensor.float_val.append(1)
            tensor.tensor_shape.dim[1].size = 2**40
        yield asked_lib.Asked(
            what, malformed=True, message=message, codes=codes
        )


def _asked(
    what, signature, inputs, codes, *, as_rows=False, padded=False, body=None
):
    message = None
    if inputs is not None:
        message = asked_lib.rpc_message(
            request_pool.NAME, signature, inputs, content=True
        )
        body = asked_lib.rest_body(signature, inputs, as_rows=as_rows)
    return asked_lib.Asked(
        what,
        malformed=True,
        path=f"/v1/models/{request_pool.NAME}:predict",
        body=body,
        message=message,
        codes=codes,
        padded=padded,
    )
