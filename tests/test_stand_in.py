"""benchmarks.stand_in: its batches, interfaces, errors and start."""

import concurrent.futures
import copy

import numpy as np
import pytest

pytest.importorskip("tensorflow_serving")

import grpc
import requests
import tensorflow as tf
from tensorflow_serving.apis import (
    get_model_metadata_pb2,
    get_model_status_pb2,
    model_service_pb2_grpc,
    predict_pb2,
    prediction_log_pb2,
    prediction_service_pb2_grpc,
)

from benchmarks import asked as asked_lib, load_clients, malformed, request_pool
from benchmarks.stand_in import (
    __main__ as command,
    catalogue,
    loaded,
    parameters,
    process,
    refusals,
    server as server_lib,
    tensors,
)

SCALE = 25.0  # of the offsets, about
CONFIG = """
# What the image would be given.
model_config_list { config {
  name: "sketch_rnn" base_path: "/models/drawn" model_platform: "tensorflow"
  model_version_policy { specific { versions: 1 versions: 3 } }
  version_labels { key: "stable" value: 1 }
  version_labels { key: "canary" value: 3 }
} }
"""


@pytest.fixture(scope="module")
def bundle(model, tmp_path_factory):
    """Returns a directory with version 1."""
    import export

    path = tmp_path_factory.mktemp("bundle")
    export.export_saved_model(model, path)
    return path


@pytest.fixture(scope="module")
def models(bundle):
    """Returns the loaded model, under two numbers."""
    version = loaded.Version(bundle / "1")
    made = catalogue.Models(
        {"sketch_rnn": catalogue.Model([version], {"stable": 1})}
    )
    third = copy.copy(version)
    third.number = 3
    made.models["sketch_rnn"].versions[3] = third
    return made


@pytest.fixture(scope="module", params=[None, parameters.TYPICAL])
def server(models, request):
    """Returns a stand-in, without batching and with it."""
    made = server_lib.Server(models, batching=request.param)
    yield made
    made.close()


@pytest.fixture(scope="module")
def pool(models):
    return request_pool.RequestPool(models.find("sketch_rnn"), seed=3)


def _clients(server):
    return [
        load_clients.RestClient(server.rest),
        load_clients.RpcClient(server.grpc),
    ]


class TestAnswers:
    def test_are_the_models(self, server, pool):
        """All signatures, rows and columns, tensor_content and values."""
        asked = pool.good(3 * len(pool.signatures)) + pool.bad_rows(20)
        assert {a.kind for a in asked} > set(pool.signatures)
        bodies = [a.body for a in asked]
        assert any(b'"instances"' in body for body in bodies)
        assert any(b'"inputs"' in body for body in bodies)
        for client in _clients(server):
            for request in asked:
                reply = client.ask(request)
                assert reply.answer is not None, reply
                assert not asked_lib.differs(
                    reply.answer, request.answer, SCALE
                )

    def test_what_is_malformed_gets_a_clear_error(self, server, pool):
        for client in _clients(server):
            for request in malformed.requests(pool, 32):
                # Without batching these are the graph's to judge.
                if request.answer is None and client.can_ask(request):
                    reply = client.ask(request)
                    assert reply.code in client.allowed(request), request.kind
                    assert reply.message

    def test_merged_requests_get_what_they_get_alone(self, models, pool):
        slow = parameters.Parameters(
            max_batch_size=16,
            batch_timeout_micros=300_000,
            allowed_batch_sizes=(1, 16),
            pad_variable_length_inputs=True,
        )
        asked = [
            pool.prepared("complete", pool.inputs("complete")) for _ in range(5)
        ]
        made = server_lib.Server(models, batching=slow)
        try:
            with concurrent.futures.ThreadPoolExecutor(10) as threads:
                replies = [
                    (threads.submit(client.ask, request), request)
                    for request in asked
                    for client in _clients(made)
                ]
            for reply, request in replies:
                answer = reply.result().answer
                assert not asked_lib.differs(answer, request.answer, SCALE)
            seen = made.counters.snapshot()
        finally:
            made.close()
        assert seen["requests"] == 10
        assert seen["batches"] < 8
        assert seen["rows"] == 2 * sum(len(a.answer["status"]) for a in asked)
        assert (seen["rows"] + seen["filled"]) % 16 == 0

    def test_a_single_input_and_output_have_no_names(self):
        values = {"y": np.float32([1, 2])}
        assert tensors.to_json(values, as_rows=True) == {"predictions": [1, 2]}
        assert tensors.to_json(values, as_rows=False) == {"outputs": [1, 2]}


class TestRest:
    def test_status_of_all_versions_and_of_one(self, server):
        url = f"http://{server.rest}/v1/models/sketch_rnn"
        rows = requests.get(url, timeout=20).json()["model_version_status"]
        assert [row["version"] for row in rows] == ["3", "1"]
        assert rows[0]["state"] == "AVAILABLE"
        assert rows[0]["status"] == {"error_code": "OK", "error_message": ""}
        for which in ("/versions/1", "/labels/stable"):
            found = requests.get(url + which, timeout=20).json()
            (row,) = found["model_version_status"]
            assert row["version"] == "1"

    def test_metadata_tell_the_signatures(self, server, pool):
        url = f"http://{server.rest}/v1/models/sketch_rnn"
        found = requests.get(url + "/metadata", timeout=20).json()
        assert found["model_spec"]["version"] == "3"
        signatures = found["metadata"]["signature_def"]["signature_def"]
        assert set(signatures) >= set(pool.signatures)
        score = signatures["score"]["outputs"]["point_log_likelihoods"]
        sizes = [dim["size"] for dim in score["tensor_shape"]["dim"]]
        assert sizes == ["-1", str(pool.max_len)]

    @pytest.mark.parametrize(
        ("method", "path", "status"),
        [
            ("GET", "/v1/models/other", 404),
            ("GET", "/v1/models/sketch_rnn/versions/2", 404),
            ("GET", "/v1/models/sketch_rnn/labels/none", 400),
            ("GET", "/v1/models/sketch_rnn/versions/" + 30 * "9", 400),
            ("GET", "/v1/models", 400),
            ("GET", "/", 404),
            ("POST", "/v1/models/sketch_rnn:draw", 400),
            ("POST", "/v1/models/sketch_rnn:classify", 501),
        ],
    )
    def test_paths_that_lead_nowhere(self, server, method, path, status):
        reply = requests.request(
            method, f"http://{server.rest}{path}", data=b"{}", timeout=20
        )
        assert reply.status_code == status
        assert reply.json()["error"]


class TestRpc:
    @pytest.fixture
    def channel(self, server):
        with grpc.insecure_channel(server.grpc) as channel:
            yield channel

    def test_status_and_metadata(self, channel, pool):
        asked = get_model_status_pb2.GetModelStatusRequest()
        asked.model_spec.name = "sketch_rnn"
        asked.model_spec.version_label = "stable"
        stub = model_service_pb2_grpc.ModelServiceStub(channel)
        (row,) = stub.GetModelStatus(asked).model_version_status
        assert row.version == 1
        assert row.state == row.AVAILABLE
        asked = get_model_metadata_pb2.GetModelMetadataRequest()
        asked.model_spec.name = "sketch_rnn"
        asked.metadata_field.append("signature_def")
        stub = prediction_service_pb2_grpc.PredictionServiceStub(channel)
        answer = stub.GetModelMetadata(asked)
        found = get_model_metadata_pb2.SignatureDefMap()
        assert answer.metadata["signature_def"].Unpack(found)
        assert set(found.signature_def) >= set(pool.signatures)
        asked.metadata_field.append("weather")
        with pytest.raises(grpc.RpcError) as error:
            stub.GetModelMetadata(asked)
        assert error.value.code() == grpc.StatusCode.INVALID_ARGUMENT

    def test_an_output_filter(self, channel, pool):
        stub = prediction_service_pb2_grpc.PredictionServiceStub(channel)
        request = predict_pb2.PredictRequest()
        request.CopyFrom(pool.good(1)[0].message)
        request.model_spec.version.value = 1
        request.output_filter.append("lengths")
        answer = stub.Predict(request)
        assert set(answer.outputs) == {"lengths"}
        assert answer.model_spec.version.value == 1
        for more in ("lengths", "width"):
            request.output_filter[1:] = [more]
            with pytest.raises(grpc.RpcError, match="alias"):
                stub.Predict(request)


class TestLoading:
    def _warm(self, bundle, tmp_path, change=lambda log: None):
        """Returns a copy of version 1 with a warm-up request."""
        path = tmp_path / "1"
        path.symlink_to(bundle / "1")
        copy = tmp_path / "warm" / "7"
        copy.mkdir(parents=True)
        for part in path.iterdir():
            (copy / part.name).symlink_to(part)
        log = prediction_log_pb2.PredictionLog()
        request = log.predict_log.request
        inputs = {
            "z": np.zeros([1, 4], np.float32),
            "temperature": np.float32([0.5]),
            "seed": np.int32([1]),
            "max_len": np.int32([5]),
        }
        request.CopyFrom(
            asked_lib.rpc_message("x", "decode", inputs, content=False)
        )
        change(log)
        (copy / "assets.extra").mkdir()
        file = copy / "assets.extra" / "tf_serving_warmup_requests"
        with tf.io.TFRecordWriter(str(file)) as writer:
            writer.write(log.SerializeToString())
        return copy

    def test_replays_warm_up_requests(self, bundle, tmp_path, monkeypatch):
        ran = []
        run = loaded.Version.run
        monkeypatch.setattr(
            loaded.Version,
            "run",
            lambda *args: ran.append(args[1]) or run(*args),
        )
        loaded.Version(self._warm(bundle, tmp_path))
        assert ran == ["decode"]

    @pytest.mark.parametrize(
        ("change", "message"),
        [
            (
                lambda log: log.predict_log.request.inputs.pop("z"),
                "Missing but required: {z}",
            ),
            (
                lambda log: log.session_run_log.SetInParent(),
                "a predict_log, go",
            ),
        ],
    )
    def test_a_bad_warm_up_request_fails_the_load(
        self, bundle, tmp_path, change, message
    ):
        path = self._warm(bundle, tmp_path, change)
        with pytest.raises(ValueError, match=f"7/assets.extra/.*{message}"):
            loaded.Version(path)

    def test_a_config_names_versions_and_labels(
        self, bundle, tmp_path, monkeypatch
    ):
        numbers = []
        monkeypatch.setattr(
            loaded,
            "Version",
            lambda path: (
                numbers.append(path)
                or type("Fake", (), {"number": int(path.name)})()
            ),
        )
        for number in (1, 2, 3):
            (tmp_path / "drawn" / str(number)).mkdir(parents=True)
        file = tmp_path / "models.config"
        file.write_text(CONFIG)
        found = catalogue.load_config(file)
        assert [path.name for path in numbers] == ["1", "3"]
        assert found.find("sketch_rnn").number == 3
        assert found.find("sketch_rnn", label="stable").number == 1
        with pytest.raises(refusals.RefusalError, match="Specific"):
            found.find("sketch_rnn", 2)
        file.write_text(CONFIG.replace("versions: 1", ""))
        with pytest.raises(ValueError, match="stable: version 1 is not serv"):
            catalogue.load_config(file)
        file.write_text("models: 1")
        with pytest.raises(ValueError, match="not a model config"):
            catalogue.load_config(file)

    def test_what_is_no_model(self, tmp_path, capsys):
        for message in ("versions 1, 2, ..., got none", "not a SavedModel"):
            arguments = ["--bundle", str(tmp_path), "--rest-port", "0"]
            assert command.main(arguments) == 2
            error = capsys.readouterr().err
            assert message in error
            assert len(error.strip().splitlines()) == 1
            (tmp_path / "1").mkdir(exist_ok=True)

    @pytest.mark.slow
    def test_a_process_that_does_not_start(self, tmp_path):
        with (
            pytest.raises(OSError, match="did not start: stand_in: .*got none"),
            process.start("--bundle", str(tmp_path)),
        ):
            pytest.fail("it cannot have started")

    def test_serve_stops_listening(self, bundle):
        with server_lib.serve(bundle, labels={"stable": 1}) as server:
            url = f"http://{server.rest}/v1/models/sketch_rnn/labels/stable"
            assert requests.get(url, timeout=20).ok
        with pytest.raises(requests.exceptions.ConnectionError):
            requests.get(url, timeout=5)
