"""The stand-in's REST interface, as TF Serving has it.

One path is its own: GET /stand-in/counters.
"""

import concurrent.futures
import http.server
import json
import re
import socket
import threading
import urllib.parse
from typing import Any

from google.protobuf import json_format
from tensorflow_serving.apis import get_model_metadata_pb2

from benchmarks.stand_in import answering, loaded, refusals, tensors

COUNTERS_PATH = "/stand-in/counters"

CONNECTIONS = 64
"""Connections that are answered at once; others wait."""

_WHICH = (
    r"(?i)/v1/models/(?P<name>[^/:]+)"
    r"(?:/versions/(?P<version>\d+)|/labels/(?P<label>[^/:]+))?"
)
_ASK = re.compile(_WHICH + r":(?P<method>classify|regress|predict)")
_LOOK = re.compile(_WHICH + r"(?P<metadata>/metadata)?")
_LARGEST_VERSION = 2**63 - 1


class RestServer(http.server.ThreadingHTTPServer):
    """Answers HTTP requests, each connection in a thread of a pool.

    Threads stay, as in TF Serving: with a new one for each connection, memory
    grew by 1 % in three minutes.

    Args:
      answerer: What does what they ask for.
      port: Of this machine; 0 for any.
    """

    daemon_threads = True
    block_on_close = False
    request_queue_size = 128

    def __init__(self, answerer: answering.Answerer, port: int):
        self.answerer = answerer
        self._connections: set[socket.socket] = set()
        self._lock = threading.Lock()
        self._pool = concurrent.futures.ThreadPoolExecutor(
            CONNECTIONS, thread_name_prefix="rest"
        )
        super().__init__(("127.0.0.1", port), _Handler)
        self._thread = threading.Thread(target=self.serve_forever, daemon=True)
        self._thread.start()

    def process_request(self, request, client_address):
        with self._lock:
            self._connections.add(request)
        self._pool.submit(self.process_request_thread, request, client_address)

    def shutdown_request(self, request):
        with self._lock:
            self._connections.discard(request)
        super().shutdown_request(request)

    def handle_error(self, request, client_address):
        """Leaves out the traceback of clients that went away."""

    def close(self) -> None:
        """Stops, and hangs up on those who keep their connection."""
        self.shutdown()
        self._thread.join()
        self.server_close()
        with self._lock:
            connections = list(self._connections)
        for connection in connections:
            try:
                connection.shutdown(socket.SHUT_RDWR)
            except OSError:
                continue  # it has hung up itself
        self._pool.shutdown(wait=False, cancel_futures=True)


class _Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1
    server: RestServer

    def do_GET(self):
        self._answer(self._look)

    def do_POST(self):
        body = self._body()
        if body is not None:
            self.server.answerer.counters.add(requests=1)
            self._answer(lambda: self._ask(body))

    def log_message(self, *_):
        """Says nothing."""

    def _answer(self, make):
        status = 200
        try:
            answer = make()
        except refusals.RefusalError as error:
            status = refusals.HTTP_STATUS[error.code]
            answer = {"error": error.message}
        except Exception as error:
            # As a server that goes on, whatever it was.
            status, answer = 500, {"error": repr(error)}
        if status != 200 and self.command == "POST":
            self.server.answerer.counters.add(errors=1)
        self._send(status, answer)

    def _send(self, status, answer):
        text = json.dumps(answer).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(text)))
        if self.close_connection:
            self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(text)

    def _body(self):
        length = self.headers.get("Content-Length", "")
        if length.isdecimal() and int(length) <= tensors.LARGEST:
            return self.rfile.read(int(length))
        # What was not read would be taken for the next request.
        self.close_connection = True
        status = 413 if length.isdecimal() else 411
        error = f"expected a body of at most {tensors.LARGEST} bytes"
        self._send(status, {"error": f"{error}, got {length or 'no length'}"})
        return None

    def _look(self):
        path = self.path.partition("?")[0]
        answerer = self.server.answerer
        if path == COUNTERS_PATH:
            return answerer.counters.snapshot()
        match = _LOOK.fullmatch(path)
        if match is None:
            raise self._malformed(path)
        name, version, label = _which(match)
        if match["metadata"] is None:
            versions = answerer.models.matching(name, version, label)
            return _json(answerer.status(versions))
        found = answerer.models.find(name, version, label)
        answer = answerer.metadata(name, found)
        signatures = get_model_metadata_pb2.SignatureDefMap()
        answer.metadata["signature_def"].Unpack(signatures)
        return {
            "model_spec": _json(answer.model_spec),
            "metadata": {"signature_def": _json(signatures)},
        }

    def _ask(self, body):
        path = self.path.partition("?")[0]
        match = _ASK.fullmatch(path)
        if match is None:
            raise self._malformed(path)
        if match["method"].lower() != "predict":
            raise refusals.RefusalError(
                "UNIMPLEMENTED", f"the stand-in has no {match['method']}"
            )
        name, version, label = _which(match)
        request = _object(body)
        signature = request.get("signature_name", tensors.DEFAULT)
        if not isinstance(signature, str):
            raise refusals.RefusalError(
                "INVALID_ARGUMENT",
                "'signature_name' key must be a string value.",
            )
        answerer = self.server.answerer
        found = answerer.models.find(name, version, label)
        signature = signature or tensors.DEFAULT
        inputs = _inputs(request, found, signature)
        outputs = answerer.predict(found, signature, inputs)
        return tensors.to_json(outputs, as_rows="instances" in request)

    def _malformed(self, path):
        if not path.lower().startswith("/v1/"):
            return refusals.RefusalError("NOT_FOUND", "Not found")
        return refusals.RefusalError(
            "INVALID_ARGUMENT", f"Malformed request: {self.command} {path}"
        )


def _which(match):
    name = urllib.parse.unquote(match["name"])
    version = match["version"]
    if version is not None and int(version[:20]) > _LARGEST_VERSION:
        raise refusals.RefusalError(
            "INVALID_ARGUMENT",
            f"Failed to convert version: {version[:40]} to numeric.",
        )
    label = match["label"]
    return (
        name,
        None if version is None else int(version),
        None if label is None else urllib.parse.unquote(label),
    )


def _object(body: bytes) -> dict[str, Any]:
    try:
        request = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise refusals.RefusalError(
            "INVALID_ARGUMENT", f"JSON Parse error: {error}"
        ) from error
    if not isinstance(request, dict):
        raise refusals.RefusalError(
            "INVALID_ARGUMENT", f"JSON Value: {body[:40]!r} Is not object"
        )
    return request


def _inputs(request, version: loaded.Version, signature):
    definition = version.signature(signature)
    if definition is None:
        raise refusals.RefusalError(
            "INVALID_ARGUMENT",
            f'Serving signature name: "{signature}" not found in signature def',
        )
    kinds = {name: info.dtype for name, info in definition.inputs.items()}
    if ("instances" in request) == ("inputs" in request):
        said = "Missing 'inputs' or 'instances' key"
        if "inputs" in request:
            said = "expecting only one of 'inputs' or 'instances' keys to exist"
        raise refusals.RefusalError("INVALID_ARGUMENT", said)
    if "instances" in request:
        columns = _columns(request["instances"], kinds)
    else:
        columns = request["inputs"]
        if not isinstance(columns, dict):
            columns = _single(columns, kinds, "inputs is a plain value/list")
    for name in kinds:
        if name not in columns:
            raise refusals.RefusalError(
                "INVALID_ARGUMENT",
                f"Missing named input: {name} in 'inputs' object.",
            )
    # What is there besides is not looked at, in columns.
    return {
        name: tensors.from_json(columns[name], kind, name)
        for name, kind in kinds.items()
    }


def _columns(instances, kinds):
    if not isinstance(instances, list) or not instances:
        raise refusals.RefusalError(
            "INVALID_ARGUMENT", "Expecting 'instances' to be a list with values"
        )
    if not isinstance(instances[0], dict):
        return _single(instances, kinds, "instances is a plain list")
    for number, row in enumerate(instances):
        if not isinstance(row, dict) or row.keys() != kinds.keys():
            raise refusals.RefusalError(
                "INVALID_ARGUMENT",
                f"Failed to process element: {number} of 'instances' list. "
                f"keys must be equal to: {','.join(sorted(kinds))}",
            )
    return {name: [row[name] for row in instances] for name in kinds}


def _single(value, kinds, what):
    if len(kinds) > 1:
        raise refusals.RefusalError(
            "INVALID_ARGUMENT",
            f"{what}, but expecting an object as multiple input tensors "
            "required as per tensorinfo_map",
        )
    return {next(iter(kinds)): value}


def _json(message):
    return json_format.MessageToDict(
        message,
        preserving_proto_field_name=True,
        always_print_fields_with_no_presence=True,
    )
