"""The client of model servers: what it sends, believes, and says is wrong."""

import concurrent.futures
import http.server
import json
import pickle
import socket
import subprocess
import sys
import threading
import time

import numpy as np
import pytest

from export import client, status
from export.client import (
    addresses,
    answers,
    noise,
    rest,
    retrying,
)
from sketch_rnn_tf import randomness

N_MAX, Z_SIZE = 12, 4


def _dims(*sizes):
    return {
        "dtype": "DT_FLOAT",
        "tensor_shape": {"dim": [{"size": str(s), "name": ""} for s in sizes]},
    }


SIGNATURES = {
    "complete": {
        "inputs": {"strokes": _dims(-1, -1, 5)},
        "outputs": {"strokes": _dims(-1, -1, 5)},
    },
    "decode": {
        "inputs": {"z": _dims(-1, Z_SIZE)},
        "outputs": {"strokes": _dims(-1, -1, 5)},
    },
    "encode": {"inputs": {}, "outputs": {"mu": _dims(-1, Z_SIZE)}},
    "interpolate": {"inputs": {}, "outputs": {}},
    "reconstruct": {"inputs": {}, "outputs": {}},
    "score": {
        "inputs": {},
        "outputs": {"point_log_likelihoods": _dims(-1, N_MAX)},
    },
}


def _sized(size):
    return {"tensor_shape": {"dim": [{"size": size}]}}


def _metadata(signatures=SIGNATURES):
    return {
        "model_spec": {"name": "sketch_rnn", "version": "3"},
        "metadata": {"signature_def": {"signature_def": signatures}},
    }


def _completed(inputs):
    """Answers `complete`: one point more than was given, seed to the right."""
    lengths = [n + 1 for n in inputs["lengths"]]
    strokes = []
    for row, length, seed in zip(
        inputs["strokes"], lengths, inputs["seed"], strict=True
    ):
        row = [*row[: length - 1], [float(seed), 0, 0, 1, 0]]
        strokes.append(row + [[0, 0, 0, 0, 1]] * (max(lengths) - length))
    return {
        "strokes": strokes,
        "lengths": lengths,
        "prefix_lengths": inputs["lengths"],
        "status": [0] * len(lengths),
    }


class _Server(http.server.ThreadingHTTPServer):
    """A server that does what a test says, and the right thing otherwise.

    Attributes:
      script: What to do with the next requests for a drawing, in turn: a
        function of the handler, a status and a body, or None.
      asked: Method, path and JSON of each request.
      connections: How many there were.
    """

    daemon_threads = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), _Handler)
        self.script, self.asked, self.connections = [], [], 0
        self.metadata = _metadata()
        self.states = ["AVAILABLE"]

    @property
    def address(self):
        return f"127.0.0.1:{self.server_port}"

    @property
    def predictions(self):
        return [body for _, path, body in self.asked if ":predict" in path]

    def process_request(self, request, client_address):
        self.connections += 1
        super().process_request(request, client_address)

    def handle_error(self, request, client_address):
        pass  # the client has gone, which some tests want


class _Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def answer(self, code, body, **headers):
        text = body if isinstance(body, bytes) else json.dumps(body).encode()
        self.send_response(code)
        headers = {"Content-Type": "application/json", **headers}
        headers.setdefault("Content-Length", str(len(text)))
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        self.wfile.write(text)

    def do_GET(self):
        self.server.asked.append(("GET", self.path, None))
        if self.path.endswith("/metadata"):
            self.answer(200, self.server.metadata)
            return
        states = self.server.states
        state = states.pop(0) if len(states) > 1 else states[0]
        row = {
            "version": "3",
            "state": state,
            "status": {"error_code": "OK", "error_message": ""},
        }
        self.answer(200, {"model_version_status": [row]})

    def do_POST(self):
        size = int(self.headers["Content-Length"])
        body = json.loads(self.rfile.read(size))
        self.server.asked.append(("POST", self.path, body))
        act = self.server.script.pop(0) if self.server.script else None
        if callable(act):
            act(self)
        elif act is not None:
            self.answer(*act)
        elif "instances" in body:
            rows = body["instances"]
            columns = _completed({k: [r[k] for r in rows] for k in rows[0]})
            made = [
                dict(zip(columns, row, strict=True))
                for row in zip(*columns.values(), strict=True)
            ]
            self.answer(200, {"predictions": made})
        else:
            self.answer(200, {"outputs": _completed(body["inputs"])})


@pytest.fixture
def server():
    with _Server() as server:
        thread = threading.Thread(
            target=server.serve_forever, kwargs={"poll_interval": 0.01}
        )
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@pytest.fixture
def sketcher(server):
    with client.Sketcher(server.address, timeout=5, retries=2) as sketcher:
        yield sketcher


@pytest.fixture
def pauses(monkeypatch):
    """Records pauses between attempts, and makes none."""
    found = []
    monkeypatch.setattr(retrying.time, "sleep", found.append)
    return found


GIVEN = np.float32([[1, 2, 0], [3, -4, 1]])
GOOD = _completed({"strokes": [[[1, 2, 1, 0, 0]]], "lengths": [1], "seed": [7]})


class TestNoise:
    def test_bits_are_those_of_tensorflow(self):
        seeds = np.int32([0, 1, 7, 12345, 2**31 - 1])
        for stream in (randomness.POINTS, randomness.PRIOR):
            wanted = randomness.uniforms(seeds, stream, [9, 2]).numpy()
            found = noise.uniforms(seeds, stream, 18)
            np.testing.assert_array_equal(found, wanted.reshape(5, 18))

    @pytest.mark.parametrize("z_size", [1, 4, 7, 128])
    def test_prior_is_that_of_tensorflow(self, z_size):
        seeds = np.arange(50, dtype=np.int32)
        wanted = randomness.prior(seeds, z_size=z_size).numpy()
        found = noise.prior(seeds, z_size=z_size)
        assert found.dtype == np.float32 and found.shape == wanted.shape
        # The last bits of log1p, sqrt, cos and sin.
        np.testing.assert_allclose(found, wanted, rtol=0, atol=2e-6)


class TestAddresses:
    @pytest.mark.parametrize(
        ("text", "target", "shown"),
        [
            ("host:8501", "host:8501", "host:8501"),
            ("http://host:8501/", "host:8501", "host:8501"),
            ("https://host/a/b/", "host:443", "https://host:443/a/b"),
            ("grpc://host", "host:8500", "grpc://host:8500"),
            ("grpcs://[::1]:9", "[::1]:9", "grpcs://[::1]:9"),
        ],
    )
    def test_good_ones(self, text, target, shown):
        address = addresses.parse(text)
        assert (address.target, str(address)) == (target, shown)

    @pytest.mark.parametrize(
        "text",
        [
            *("", "host", ":8501", "host:99999", "host:x", "ftp://host:1"),
            *("http://", "grpc://host:1/prefix", "ho st:1", "http://h:1/?a=b"),
        ],
    )
    def test_bad_ones(self, text):
        with pytest.raises(ValueError, match="^server: expected"):
            client.Sketcher(text)

    def test_a_password_is_not_repeated(self):
        with pytest.raises(ValueError, match="user") as caught:
            client.Sketcher("http://me:secret@host:1")
        assert "secret" not in str(caught.value)

    @pytest.mark.parametrize(
        ("options", "said"),
        [
            ({"model": ""}, "model: expected a name"),
            ({"model": "a/b"}, "model: expected a name"),
            ({"label": ""}, "label: expected a name"),
            ({"version": 0}, "version: expected at least 1, got 0"),
            ({"version": "1"}, "version: expected a number"),
            ({"version": 1, "label": "stable"}, "got both"),
            ({"timeout": 0}, "timeout: expected seconds above 0"),
            ({"timeout": np.nan}, "timeout: expected seconds above 0"),
            ({"connect_timeout": -1}, "connect_timeout: expected"),
            ({"retries": -1}, "retries: expected at least 0"),
        ],
    )
    def test_bad_settings(self, options, said):
        with pytest.raises(ValueError, match=said):
            client.Sketcher("host:1", **options)

    @pytest.mark.parametrize(
        ("options", "path"),
        [
            ({}, "/v1/models/sketch_rnn:predict"),
            ({"version": 3}, "/v1/models/sketch_rnn/versions/3:predict"),
            ({"label": "a b"}, "/v1/models/sketch_rnn/labels/a%20b:predict"),
        ],
    )
    def test_versions_and_labels_are_asked_for(self, server, options, path):
        with client.Sketcher(f"http://{server.address}", **options) as sketcher:
            sketcher.complete(GIVEN)
        assert server.asked[-1][:2] == ("POST", path)


class TestResults:
    def test_a_sketch_gives_a_drawing_and_a_list_gives_drawings(self, sketcher):
        drawn = sketcher.complete(GIVEN, seed=7)
        np.testing.assert_array_equal(drawn.sketch, [*GIVEN, [7, 0, 1]])
        assert drawn.sketch.dtype == np.float32
        assert (drawn.seed, drawn.prefix_length, drawn.z) == (7, 2, None)
        rows = sketcher.complete(GIVEN.tolist(), seed=7)
        np.testing.assert_array_equal(rows.sketch, drawn.sketch)
        drawn = sketcher.complete([GIVEN, GIVEN[:1]], seed=7)
        assert [len(s) for s in drawn.sketches] == [3, 2]
        assert drawn.prefix_lengths.tolist() == [2, 1]
        drawn = sketcher.complete([GIVEN, GIVEN[:1]], count=2, seed=7)
        assert drawn.seeds.tolist() == [7, 8, 9, 10]
        assert [s[-1, 0] for s in drawn.sketches] == [7, 8, 9, 10]
        assert len(sketcher.complete(GIVEN, count=1).sketches) == 1

    def test_many_sketches_take_several_requests(self, server, sketcher):
        drawn = sketcher.complete([GIVEN[:1]] * 69 + [GIVEN], seed=5)
        assert drawn.seeds.tolist() == list(range(5, 75))
        assert [s[-1, 0] for s in drawn.sketches] == list(range(5, 75))
        sent = [body["inputs"] for body in server.predictions]
        assert [len(inputs["seed"]) for inputs in sent] == [32, 32, 6]
        assert len(sent[0]["strokes"][0]) == 1  # no longer than it has to be

    def test_rows_are_answered_as_columns_are(self, server, sketcher):
        wanted = sketcher.complete([GIVEN, GIVEN[:1]], seed=7)
        with client.Sketcher(server.address, rows=True) as other:
            found = other.complete([GIVEN, GIVEN[:1]], seed=7)
        assert len(server.predictions[-1]["instances"]) == 2
        for one, two in zip(wanted.sketches, found.sketches, strict=True):
            np.testing.assert_array_equal(one, two)

    def test_metadata_are_asked_for_once(self, server, sketcher):
        assert sketcher.metadata == client.Metadata(
            3, N_MAX, Z_SIZE, True, tuple(sorted(SIGNATURES))
        )
        sketcher.complete(GIVEN)
        assert [path for _, path, _ in server.asked] == [
            "/v1/models/sketch_rnn/metadata",
            "/v1/models/sketch_rnn:predict",
        ]

    def test_connections_are_used_again(self, server, sketcher):
        for _ in range(3):
            sketcher.complete(GIVEN)
        assert server.connections == 1

    def test_threads_get_their_own_answers(self, server, sketcher):
        def ask(seed):
            return sketcher.complete(GIVEN, seed=seed).sketch[-1, 0]

        with concurrent.futures.ThreadPoolExecutor(8) as pool:
            assert list(pool.map(ask, range(40))) == list(range(40))
        assert server.connections <= 8

    def test_a_closed_one_is_of_no_use(self, sketcher):
        sketcher.complete(GIVEN)
        sketcher.close()
        with pytest.raises(ValueError, match="got a closed one"):
            sketcher.complete(GIVEN)

    def test_waiting(self, server, sketcher):
        server.states = ["START", "LOADING", "AVAILABLE"]
        (version,) = sketcher.wait_until_ready(5)
        assert (version.version, version.state) == (3, "AVAILABLE")
        assert str(sketcher.status()[0]) == "version 3 AVAILABLE"
        server.states = ["LOADING"]
        with pytest.raises(client.DeadlineError, match="version 3 LOADING"):
            sketcher.wait_until_ready(0.2)
        with (
            client.Sketcher(server.address, version=4) as other,
            pytest.raises(client.DeadlineError),
        ):
            server.states = ["AVAILABLE"]
            other.wait_until_ready(0.2)


class TestInputs:
    """What is wrong is said before anything is sent."""

    @pytest.mark.parametrize(
        ("ask", "said", "input", "index"),
        [
            (
                lambda s: s.complete([GIVEN, [[1, 2, 5]]]),
                "sketch 1: expected pen_lifted 0 or 1, got 5 in row 0",
                "strokes",
                1,
            ),
            (
                lambda s: s.encode([[np.nan, 0, 1]]),
                "sketch 0: expected finite offsets",
                "strokes",
                0,
            ),
            (
                lambda s: s.encode([GIVEN, [[1e39, 0, 1]]]),
                "sketch 1: expected finite offsets",
                "strokes",
                1,
            ),
            (
                lambda s: s.complete([GIVEN, np.zeros((12, 3))]),
                "sketch 1: expected at most 11 points, got 12",
                "lengths",
                1,
            ),
            (
                lambda s: s.complete(GIVEN, max_len=1),
                "sketch 0: expected at most 0 points, got 2",
                "lengths",
                0,
            ),
            (
                lambda s: s.score(np.zeros((13, 3))),
                "sketch 0: expected at most 12 points, got 13",
                "lengths",
                0,
            ),
            (
                lambda s: s.score([]),
                "sketches: expected at least one, got none",
                "strokes",
                None,
            ),
            (
                lambda s: s.encode(GIVEN[:, :2]),
                r"sketch 0: expected an array of shape \[N, 3\]",
                "strokes",
                0,
            ),
            (
                lambda s: s.encode([[1, 2, 0], [1, 2]]),
                "sketch 0: expected rows of three numbers",
                "strokes",
                0,
            ),
            (lambda s: s.encode(None), "sketch 0: expected", "strokes", 0),
            (
                lambda s: s.complete(GIVEN, temperature=-1),
                "temperature: expected a finite number of at least 0, got -1",
                "temperature",
                None,
            ),
            (
                lambda s: s.complete([GIVEN] * 2, temperature=[1, np.inf]),
                "temperature: expected a finite number of at least 0, got inf",
                "temperature",
                1,
            ),
            (
                lambda s: s.complete(GIVEN, temperature=[1, 2]),
                r"temperature: expected one number or 1, got shape \[2\]",
                "temperature",
                None,
            ),
            (
                lambda s: s.complete(GIVEN, temperature="hot"),
                "temperature: expected a finite number",
                "temperature",
                None,
            ),
            (
                lambda s: s.sample(seed=-1),
                "seed: expected 0 to 2147483647, got -1",
                "seed",
                0,
            ),
            (
                lambda s: s.sample(count=2, seed=2**31 - 1),
                "seed: expected 0 to 2147483647, got 2147483648",
                "seed",
                1,
            ),
            (
                lambda s: s.sample(seed=0.5),
                "seed: expected a whole number",
                "seed",
                None,
            ),
            (
                lambda s: s.sample(max_len=13),
                "max_len: expected 1 to 12, got 13",
                "max_len",
                None,
            ),
            (lambda s: s.sample(max_len=0), "got 0", "max_len", None),
            (
                lambda s: s.sample(count=0),
                "count: expected a whole number from 1 on, got 0",
                "count",
                None,
            ),
            (
                lambda s: s.sample(z=np.zeros((2, 3))),
                r"z: expected shape \[B, 4\], got \[2, 3\]",
                "z",
                None,
            ),
            (
                lambda s: s.sample(z=[[0] * 4, [np.inf] * 4]),
                "z: expected finite numbers, got NaN or infinity in row 1",
                "z",
                1,
            ),
            (
                lambda s: s.sample(z=np.zeros((2, 4)), count=3),
                "count: expected 2, as of z, got 3",
                "count",
                None,
            ),
            (
                lambda s: s.interpolate([0] * 4, [1] * 4, t=[0, 1.5]),
                "t: expected a finite number from 0 to 1, got 1.5",
                "t",
                1,
            ),
            (
                lambda s: s.interpolate([0] * 4, [1] * 4, steps=1),
                "steps: expected a whole number from 2 on, got 1",
                "steps",
                None,
            ),
            (
                lambda s: s.interpolate([0] * 3, [1] * 4),
                r"z_first: expected shape \[B, 4\]",
                "z_first",
                None,
            ),
        ],
    )
    def test_what_is_wrong(self, server, sketcher, ask, said, input, index):
        with pytest.raises(client.InputError, match=said) as caught:
            ask(sketcher)
        assert isinstance(caught.value, ValueError)
        assert str(caught.value).startswith(f"{server.address}, sketch_rnn, ")
        assert (caught.value.input, caught.value.index) == (input, index)
        assert not server.predictions

    @pytest.mark.parametrize("code", sorted(set(status.MEANINGS) - {0}))
    def test_a_status_names_its_input_and_row(self, server, sketcher, code):
        made = _completed(
            {"strokes": [[[1, 2, 1, 0, 0]]] * 3, "lengths": [1] * 3}
            | {"seed": [0] * 3}
        )
        made["status"] = [0, code, 1]
        server.script = [None, (200, {"outputs": made})]
        with pytest.raises(client.InputError, match="row 33: ") as caught:
            sketcher.complete([GIVEN] * 35)
        assert (caught.value.code, caught.value.index) == (code, 33)
        assert caught.value.input == status.MEANINGS[code].split(":")[0]
        assert status.MEANINGS[code] in str(caught.value)
        assert len(server.predictions) == 2  # not sent again

    def test_a_new_version_is_noticed(self, server, sketcher):
        assert sketcher.metadata.max_len == N_MAX
        signatures = SIGNATURES | {
            "score": {
                "outputs": {"point_log_likelihoods": _dims(-1, 6)},
            }
        }
        server.metadata = _metadata(signatures)
        server.script = [
            (200, {"outputs": GOOD | {"status": [status.BAD_MAX_LEN]}})
        ]
        with pytest.raises(client.InputError):
            sketcher.complete(GIVEN)
        assert sketcher.metadata.max_len == 6


def _slow(handler):
    time.sleep(1)


def _trickle(handler):
    handler.send_response(200)
    handler.send_header("Content-Length", "100000")
    handler.end_headers()
    for _ in range(60):
        handler.wfile.write(b" ")
        time.sleep(0.05)


def _broken(handler):
    handler.send_response(200)
    handler.send_header("Content-Length", "100000")
    handler.end_headers()
    handler.wfile.write(b'{"outputs": ')
    handler.close_connection = True


def _huge(handler):
    handler.send_response(200)
    handler.send_header("Connection", "close")
    handler.end_headers()
    handler.close_connection = True
    for _ in range(40):
        handler.wfile.write(b" " * 2**10)


BUSY = (503, {"error": "too busy"})


class TestRetries:
    @pytest.mark.parametrize("act", [BUSY, (429, b""), (502, b"<p>"), _broken])
    def test_what_passes_is_tried_again(self, server, sketcher, pauses, act):
        server.script = [act, act]
        assert sketcher.complete(GIVEN, seed=7).sketch[-1, 0] == 7
        assert len(server.predictions) == 3
        assert server.predictions[0] == server.predictions[2]
        first, second = pauses
        assert 0.05 <= first <= 0.1 and 0.1 <= second <= 0.2

    def test_but_not_for_ever(self, server, sketcher, pauses):
        server.script = [BUSY] * 9
        with pytest.raises(client.UnavailableError) as caught:
            sketcher.complete(GIVEN)
        assert str(caught.value) == (
            f"{server.address}, sketch_rnn, complete: the server answered "
            "503: too busy (3 attempts)"
        )
        assert isinstance(caught.value, ConnectionError)
        assert len(server.predictions) == 3 and len(pauses) == 2

    def test_pauses_grow_to_five_seconds(self, server, pauses):
        server.script = [BUSY] * 10
        with client.Sketcher(server.address, retries=10) as sketcher:
            sketcher.complete(GIVEN)
        assert all(p <= 5 for p in pauses) and min(pauses[-3:]) >= 2.5

    def test_the_server_says_how_long(self, server, sketcher, pauses):
        def busy(handler):
            handler.answer(503, {"error": "later"}, Retry_After="2")

        server.script = [busy]
        sketcher.complete(GIVEN)
        assert pauses == [2.0]

    def test_no_pause_beyond_the_deadline(self, server, sketcher, pauses):
        def busy(handler):
            handler.answer(503, {"error": "later"}, Retry_After="20")

        server.script = [busy]
        with pytest.raises(client.UnavailableError, match=r"\(1 attempt\)"):
            sketcher.complete(GIVEN)
        assert not pauses

    @pytest.mark.parametrize(
        ("act", "kind", "said"),
        [
            ((400, {"error": "no\nsuch \x1b[31minput"}), "RefusedError", None),
            ((404, {"error": "Servable not found"}), "NotFoundError", None),
            ((500, b"<html>"), "RefusedError", "500: application/json without"),
            ((302, b""), "RefusedError", "answered 302"),
            ((200, {"error": "odd"}), "RefusedError", "answered 200: odd"),
        ],
    )
    def test_what_does_not_pass_is_not(self, server, sketcher, act, kind, said):
        server.script = [act]
        with pytest.raises(getattr(client, kind), match=said) as caught:
            sketcher.complete(GIVEN)
        assert str(caught.value).isprintable()
        assert len(server.predictions) == 1

    @pytest.mark.parametrize("act", [_slow, _trickle])
    def test_a_slow_answer_is_not_waited_for(self, server, act):
        server.script = [act]
        with client.Sketcher(server.address, timeout=0.2) as sketcher:
            assert sketcher.metadata
            start = time.monotonic()
            with pytest.raises(
                client.DeadlineError, match="in 0.2 s"
            ) as caught:
                sketcher.complete(GIVEN)
            assert time.monotonic() - start < 0.6
        assert isinstance(caught.value, TimeoutError)
        assert len(server.predictions) == 1

    def test_nobody_listens(self, pauses):
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        with (
            client.Sketcher(f"127.0.0.1:{port}", retries=1) as sketcher,
            pytest.raises(client.UnavailableError, match="refused") as caught,
        ):
            sketcher.sample()
        assert "(2 attempts)" in str(caught.value)
        # Nor is it said to be because of what a caller had to handle before.
        try:
            raise OSError("of our own")
        except OSError:
            with (
                client.Sketcher(f"127.0.0.1:{port}", retries=0) as sketcher,
                pytest.raises(client.UnavailableError, match="refused"),
            ):
                sketcher.sample()

    def test_what_is_no_http_at_all(self):
        with socket.create_server(("127.0.0.1", 0)) as listener:

            def serve():
                connection, _ = listener.accept()
                with connection:
                    connection.recv(4096)
                    connection.sendall(b"\x00\x00\x12\x04\x00\x00\x00\n" * 5)

            thread = threading.Thread(target=serve)
            thread.start()
            port = listener.getsockname()[1]
            with (
                client.Sketcher(f"127.0.0.1:{port}") as sketcher,
                pytest.raises(client.AnswerError, match="grpc://host:8500"),
            ):
                sketcher.status()
            thread.join()


def _with(**outputs):
    return {"outputs": GOOD | outputs}


def _without(name):
    return {"outputs": {k: v for k, v in GOOD.items() if k != name}}


class TestAnswers:
    @pytest.mark.parametrize(
        ("body", "said"),
        [
            (b"<html>login</html>", "expected a JSON object, got 18 bytes"),
            (json.dumps(_with()).encode()[:-9], "expected a JSON object"),
            (b"", "expected a JSON object, got 0 bytes"),
            (b"[]", "expected a JSON object"),
            (b'{"outputs": ' + b"[" * 10**5, "expected a JSON object"),
            ({"predictions": []}, "expected outputs in the answer, got pred"),
            ({"outputs": [1, 2]}, "expected outputs in the answer"),
            (_without("strokes"), "expected the output strokes, got lengths"),
            (_without("lengths"), "expected the output lengths"),
            (_without("prefix_lengths"), "expected the output prefix_lengths"),
            (_without("status"), "expected the output status"),
            (_with(status=[0, 0]), r"of shape \[1\] as status, got shape \[2"),
            (_with(status=[99]), "expected a status of 0 to 8, got 99"),
            (_with(status=["0"]), "as status, got <U1"),
            (_with(status=[2**80]), "as status, got object"),
            (_with(lengths=[2**40]), "as lengths, got ones beyond int32"),
            (_with(lengths=[3]), "expected 1 to 2 points in row 0, got the le"),
            (_with(lengths=[0]), "expected 1 to 2 points in row 0, got the le"),
            (_with(lengths=[1.5]), "as lengths, got float64"),
            (_with(prefix_lengths=[2]), r"prefix_lengths \[1\], got \[2\]"),
            (_with(strokes=[]), r"of shape \[1, any, 5\] as strokes, got"),
            (_with(strokes=[[[1, 2], [3]]]), "as strokes, got a ragged list"),
            (_with(strokes=[[[1, 2, 1, 0]] * 2]), r"got shape \[1, 2, 4\]"),
            (_with(strokes=[[[1, None, 1, 0, 0]] * 2]), "got object"),
            (_with(strokes=[[["1", 2, 1, 0, 0]] * 2]), "as strokes, got <U"),
            (_with(strokes=[[[1, np.nan, 1, 0, 0]] * 2]), "not finite"),
            (_with(strokes=[[[1, -np.inf, 1, 0, 0]] * 2]), "not finite"),
            (_with(strokes=[[[1, 1e39, 1, 0, 0]] * 2]), "not finite"),
            (_with(strokes=[[[1, 2, 1, 1, 0]] * 2]), "one-hot pen states in r"),
            (_with(strokes=[[[1, 2, 0, 0, 1]] * 2]), "one-hot pen states in r"),
        ],
    )  # fmt: skip
    def test_what_is_not_believed(self, server, sketcher, body, said):
        server.script = [(200, body)]
        with pytest.raises(client.AnswerError, match=said) as caught:
            sketcher.complete(GIVEN[:1])
        assert str(caught.value).startswith(server.address)
        assert str(caught.value).isprintable()
        assert len(server.predictions) == 1

    def test_what_is_too_large_is_not_read(self, server, sketcher, monkeypatch):
        monkeypatch.setattr(rest, "LARGEST_ANSWER", 2**12)
        server.script = [_huge]
        with pytest.raises(client.AnswerError, match="of at most .* MiB, got"):
            sketcher.complete(GIVEN)

    def test_rows_that_are_not_believed(self, server):
        with client.Sketcher(server.address, rows=True) as sketcher:
            for body, said in (
                ({"predictions": [1, 2]}, "a name for each output"),
                ({"predictions": [{"a": 1}, {}]}, "'a' in every prediction"),
                ({"predictions": []}, "expected the output status, got none"),
            ):
                server.script = [(200, body)]
                with pytest.raises(client.AnswerError, match=said):
                    sketcher.complete(GIVEN)

    @pytest.mark.parametrize(
        ("metadata", "said"),
        [
            ({}, "expected the metadata of a model"),
            ([], "expected a JSON object"),
            (_metadata([]), "expected the metadata of a model"),
            (_metadata({"predict_images": {}}), "got the signatures predict_i"),
            (
                _metadata({"score": SIGNATURES["score"]}),
                "whose signature decode has z among its inputs",
            ),
            (
                _metadata(
                    {
                        "score": {
                            "outputs": {"point_log_likelihoods": _dims(-1, -1)}
                        }
                    }
                ),
                "expected a size of 1 to 1048576",
            ),
            *(
                (
                    _metadata({"score": {"inputs": {"strokes": _sized(size)}}}),
                    "expected the metadata of a model",
                )
                for size in (float("inf"), 5.5, True, 10**19, "five")
            ),
        ],
    )
    def test_a_model_of_another_kind(self, server, sketcher, metadata, said):
        server.metadata = metadata
        with pytest.raises(client.AnswerError, match=said):
            sketcher.complete(GIVEN)

    def test_an_unconditional_model(self, server, sketcher):
        server.metadata = _metadata(
            {
                "complete": SIGNATURES["complete"],
                "decode": {"inputs": {"seed": _dims(-1)}},
                "score": SIGNATURES["score"],
            }
        )
        assert sketcher.metadata[1:4] == (N_MAX, 0, False)
        with pytest.raises(client.NotFoundError, match="it is unconditional"):
            sketcher.encode(GIVEN)
        with pytest.raises(client.InputError, match="z: expected None"):
            sketcher.sample(z=np.zeros(4))

    def test_scores_may_be_nan(self):
        """A model that diverged says so."""
        outputs = {
            name: [float("nan")]
            for name in ("recon", "kl", "loss", "log_likelihood")
        } | {"point_log_likelihoods": [[float("-inf")] * 3]}
        found = answers.scores(outputs, np.int32([1]), 3, None)
        assert np.isnan(found.loss).all()
        assert found.point_log_likelihoods[0].tolist() == [-np.inf] * 2


def test_errors_survive_pickling(sketcher):
    with pytest.raises(client.InputError) as caught:
        sketcher.complete([GIVEN, np.zeros((12, 3))])
    again = pickle.loads(pickle.dumps(caught.value))
    assert str(again) == str(caught.value)
    assert (again.input, again.index) == ("lengths", 1)


def test_rest_does_without_tensorflow(server):
    script = (
        "import sys\n"
        "from export import client\n"
        "with client.Sketcher(sys.argv[1]) as sketcher:\n"
        "    drawn = sketcher.complete([[1, 2, 0]], seed=7)\n"
        "assert drawn.sketch.tolist() == [[1, 2, 0], [7, 0, 1]], drawn\n"
        "heavy = {'tensorflow', 'keras', 'grpc', 'google'}\n"
        "found = heavy & {name.split('.')[0] for name in sys.modules}\n"
        "assert not found, found\n"
    )
    result = subprocess.run(
        [sys.executable, "-c", script, server.address],
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 0, result.stderr
