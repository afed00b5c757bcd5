"""Servers: what a client is answered, by REST and by gRPC."""

import io
import json

import numpy as np
import requests
import urllib3

from export import client
from export.client import connection
from fuzzing import entrance as entrance_lib, mutation, parts

_N_MAX, _Z = 8, 2
_SKETCH = np.float32([[1, 2, 0], [3, 4, 1]])


def _tensor(*sizes):
    return {"tensor_shape": {"dim": [{"size": str(size)} for size in sizes]}}


def _metadata():
    outputs = {"point_log_likelihoods": _tensor(-1, _N_MAX)}
    signatures = {
        "score": {
            "inputs": {"strokes": _tensor(-1, -1, 5)},
            "outputs": outputs,
        },
        "decode": {"inputs": {"z": _tensor(-1, _Z)}, "outputs": {}},
        "complete": {"inputs": {}, "outputs": {}},
        "encode": {"inputs": {}, "outputs": {}},
        "reconstruct": {},
        "interpolate": {},
    }
    return {
        "model_spec": {"name": "a", "version": "3"},
        "metadata": {"signature_def": {"signature_def": signatures}},
    }


def _answers():
    """Makes good answers: kind of request and what it is answered."""
    drawn = {
        "status": [0],
        "lengths": [2],
        "strokes": [[[1.0, 2, 1, 0, 0], [3, 4, 0, 1, 0], [0, 0, 0, 0, 1]]],
    }
    rows = {"mu": [[0.5, 1]], "log_var": [[0.0, 0]], "status": [0]}
    scores = {n: [1.5] for n in ("recon", "kl", "loss", "log_likelihood")}
    scores |= {"point_log_likelihoods": [[0.0] * _N_MAX], "status": [0]}
    states = [
        {"version": "3", "state": "AVAILABLE", "status": {"error_code": "OK"}}
    ]
    return [
        (0, {"outputs": drawn}),
        (1, {"outputs": drawn | {"prefix_lengths": [2]}}),
        (2, {"outputs": rows}),
        (3, {"outputs": scores}),
        (4, {"model_version_status": states}),
    ]


_KINDS = (
    lambda sketcher: sketcher.sample(),
    lambda sketcher: sketcher.complete(_SKETCH),
    lambda sketcher: sketcher.encode(_SKETCH),
    lambda sketcher: sketcher.score(_SKETCH),
    lambda sketcher: sketcher.status(),
)


def _seeds():
    """Makes exchanges: kind, status, headers, metadata and answer."""
    metadata = json.dumps(_metadata()).encode()
    headers = b'{"Content-Type": "application/json"}'
    made = []
    for kind, answer in _answers():
        answer = json.dumps(answer).encode()
        codes = bytes([kind, 200])
        made.append(parts.joined([codes, headers, metadata, answer]))
    return made


class _Answering(requests.adapters.BaseAdapter):
    """Answers from memory what a server would by HTTP."""

    def __init__(self, code, headers, metadata, answer):
        super().__init__()
        self._code, self._headers = code, headers
        self._metadata, self._answer = metadata, answer

    def send(self, request, **_):
        is_metadata = request.url.endswith("/metadata")
        raw = urllib3.HTTPResponse(
            io.BytesIO(self._metadata if is_metadata else self._answer),
            self._headers,
            200 if is_metadata else self._code,
            preload_content=False,
        )
        response = requests.Response()
        response.status_code = raw.status
        response.headers.update(self._headers)
        response.raw, response.url = raw, request.url
        return response

    def close(self):
        pass


def _write(folder, data):
    (folder / "exchange").write_bytes(data)


def _read_rest(folder):
    codes, headers, metadata, answer = parts.split(
        (folder / "exchange").read_bytes(), 4
    )
    kind, code = (codes + bytes(2))[:2]
    # As `http.client` gives them, lines of latin1.
    try:
        headers = json.loads(headers)
        headers = {str(k): str(v) for k, v in headers.items()}
    except (ValueError, AttributeError, RecursionError):
        headers = {}
    adapter = _Answering(code or 503, headers, metadata, answer)
    with client.Sketcher(
        "http://127.0.0.1:1", model="a", retries=0
    ) as sketcher:
        transport = _transport(sketcher)
        session = requests.Session()
        session.trust_env = False
        session.mount("http://", adapter)
        transport._idle.append(session)
        _check(kind, _KINDS[kind % len(_KINDS)](sketcher))


def _transport(sketcher):
    made: connection.Connection = sketcher._connection
    return made._transport


def _check(kind, found):
    """What is believed has to be what it is said to be."""
    if isinstance(found, client.Drawing):
        assert found.sketch.dtype == np.float32
        assert len(found.sketch) <= _N_MAX * 2**20
        assert np.isfinite(found.sketch).all()
    elif isinstance(found, list):
        for status in found:
            assert str(status).isprintable(), str(status)


ENTRANCES = {
    "rest_answers": entrance_lib.Entrance(
        _seeds,
        _write,
        _read_rest,
        mutation.of_parts(
            [None, mutation.of_json(), mutation.of_json(), mutation.of_json()]
        ),
        words=(b"gzip", b"deflate", b"Retry-After", b"Location", b"error"),
        is_named=False,
    ),
}
