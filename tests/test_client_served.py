"""The client by REST and gRPC: a served model draws what Python does."""

import concurrent.futures
import contextlib
import socket
import sys

import grpc
import numpy as np
import pytest

from export import client
from export.client import batches, errors, retrying, rpc
from sketch_rnn_tf.generation import encoding, interpolation, sampling, scoring

GIVEN = np.float32([[1, 2, 0], [3, -4, 1]])
N_MAX = 12


@pytest.fixture
def pauses(monkeypatch):
    """Records pauses between attempts, and makes none."""
    found = []
    monkeypatch.setattr(retrying.time, "sleep", found.append)
    return found


@pytest.fixture(scope="module")
def stand_ins(model, unconditional, tmp_path_factory):
    """Serves a conditional model as `sketch_rnn` and one without encoder."""
    import export
    from benchmarks import stand_in

    with contextlib.ExitStack() as stack:
        found = {}
        for name, served in (("with", model), ("without", unconditional)):
            path = tmp_path_factory.mktemp(name)
            export.export_saved_model(served, path, browser=False)
            found[name] = stack.enter_context(
                stand_in.serve(path, name="sketch_rnn")
            )
        yield found


TRANSPORTS = ("columns", "rows", "grpc")


def _connect(stand_in, transport, **options):
    options = {"timeout": 60, **options}
    if transport == "grpc":
        return client.Sketcher(f"grpc://{stand_in.grpc}", **options)
    rows = transport == "rows"
    return client.Sketcher(stand_in.rest, rows=rows, **options)


@pytest.fixture(params=TRANSPORTS)
def asked(request, stand_ins):
    with _connect(stand_ins["with"], request.param) as sketcher:
        yield sketcher


def _assert_same(found, wanted, scale):
    """Pen states and lengths are equal, offsets near; so are the z."""
    assert len(found.sketches) == len(wanted.sketches)
    for one, two in zip(found.sketches, wanted.sketches, strict=True):
        assert one.dtype == np.float32 and one.shape == two.shape
        np.testing.assert_array_equal(one[:, 2], two[:, 2])
        np.testing.assert_allclose(
            one[:, :2], two[:, :2], rtol=0, atol=1e-4 * scale
        )
    np.testing.assert_array_equal(found.seeds, wanted.seeds)
    np.testing.assert_array_equal(found.prefix_lengths, wanted.prefix_lengths)
    if found.z is not None:
        np.testing.assert_allclose(found.z, wanted.z, rtol=0, atol=1e-5)


class TestServed:
    """By every transport a served model draws what Python does."""

    @pytest.fixture(scope="class")
    @staticmethod
    def given(sketches):
        return [sketch[:8] for sketch in sketches[:3]]

    @pytest.fixture(scope="class")
    @staticmethod
    def wanted(model, given):
        """What Python draws, for all transports."""
        drawn = sampling.sample(model, count=5, seed=3, temperature=0.8)
        return {
            "sample": drawn,
            "greedy": sampling.sample(
                model, z=drawn.z, seed=9, temperature=0, max_len=4
            ),
            "complete": sampling.complete(
                model, given, temperature=0.7, seed=11
            ),
            "reconstruct": {
                sample_z: sampling.reconstruct(
                    model, given, temperature=0.7, seed=4, sample_z=sample_z
                )
                for sample_z in (True, False)
            },
            "interpolate": interpolation.interpolate(
                model, *given[:2], steps=4, seed=6
            ),
        }

    @pytest.fixture(scope="class")
    @staticmethod
    def plain(unconditional):
        return sampling.complete(unconditional, [GIVEN] * 2, seed=2)

    def test_metadata_and_status(self, asked, tiny_config):
        signatures = (
            *("complete", "decode", "encode", "interpolate", "reconstruct"),
            *("score", "serving_default"),
        )
        assert asked.metadata == client.Metadata(
            1, tiny_config.max_len, tiny_config.z_size, True, signatures
        )
        assert asked.wait_until_ready(5) == [
            client.VersionStatus(1, "AVAILABLE", "OK", "")
        ]

    def test_sample(self, asked, wanted, tiny_config):
        scale = tiny_config.scale_factor
        greedy, wanted = wanted["greedy"], wanted["sample"]
        found = asked.sample(count=5, seed=3, temperature=0.8)
        _assert_same(found, wanted, scale)
        assert {len(s) for s in found.sketches} != {0}
        alone = asked.sample(z=wanted.z[2], seed=5, temperature=0.8)
        np.testing.assert_allclose(
            alone.sketch, wanted.sketches[2], atol=1e-4 * scale
        )
        settings = {"temperature": [0] * 5, "seed": 9, "max_len": 4}
        _assert_same(asked.sample(z=wanted.z, **settings), greedy, scale)

    def test_complete(self, asked, wanted, given, tiny_config):
        found = asked.complete(given, temperature=0.7, seed=11)
        _assert_same(found, wanted["complete"], tiny_config.scale_factor)

    @pytest.mark.parametrize("sample_z", [True, False])
    def test_reconstruct(self, asked, wanted, given, tiny_config, sample_z):
        settings = {"temperature": 0.7, "seed": 4, "sample_z": sample_z}
        found = asked.reconstruct(given, **settings)
        wanted = wanted["reconstruct"][sample_z]
        _assert_same(found, wanted, tiny_config.scale_factor)
        alone = asked.reconstruct(given[0], **settings)
        np.testing.assert_allclose(alone.sketch, found.sketches[0], atol=1e-3)

    def test_interpolate(self, asked, wanted, given, tiny_config):
        wanted = wanted["interpolate"]
        found = asked.interpolate(*given[:2], steps=4, seed=6)
        _assert_same(found, wanted, tiny_config.scale_factor)
        middle = asked.interpolate(wanted.z[0], wanted.z[3], t=1 / 3, seed=6)
        np.testing.assert_allclose(middle.z, wanted.z[1], atol=1e-5)

    def test_encode(self, asked, model, given):
        mu, log_var = encoding.encode(model, given)
        found = asked.encode(given)
        np.testing.assert_allclose(found.mu, mu, atol=1e-5)
        np.testing.assert_allclose(found.log_var, log_var, atol=1e-5)
        alone = asked.encode(given[1])
        np.testing.assert_allclose(alone.mu, mu[1], atol=1e-5)

    def test_score(self, asked, model, sketches):
        given = [sketches[0], sketches[9]]  # of which one has N_max points
        wanted = scoring.score(model, given)
        found = asked.score(given)
        for name in wanted._fields:
            np.testing.assert_allclose(
                getattr(found, name), getattr(wanted, name), rtol=1e-4
            )
        rows = scoring.point_log_likelihoods(model, given)
        for one, two in zip(found.point_log_likelihoods, rows, strict=True):
            assert one.shape == two.shape
            np.testing.assert_allclose(one, two, atol=1e-3)
        alone = asked.score(given[1])
        assert alone.loss == pytest.approx(found.loss[1], rel=1e-4)
        assert len(alone.point_log_likelihoods) == N_MAX

    @pytest.mark.parametrize("transport", TRANSPORTS)
    def test_without_an_encoder(
        self, stand_ins, unconditional, plain, transport
    ):
        with _connect(stand_ins["without"], transport) as asked:
            drawn = asked.complete([GIVEN] * 2, seed=2, temperature=1)
            _assert_same(drawn, plain, unconditional.config.scale_factor)
            assert asked.sample(seed=2).z is None
            assert asked.score(GIVEN).kl == 0
            with pytest.raises(client.NotFoundError, match="unconditional"):
                asked.encode(GIVEN)

    @pytest.mark.parametrize("transport", TRANSPORTS)
    @pytest.mark.parametrize(
        "options", [{"model": "cat"}, {"version": 7}, {"label": "canary"}]
    )
    def test_what_is_not_served(self, stand_ins, transport, options):
        with (
            _connect(stand_ins["with"], transport, **options) as asked,
            pytest.raises((client.NotFoundError, client.RefusedError)) as error,
        ):
            asked.sample()
        name = "/".join(str(value) for value in options.values())
        assert name in str(error.value)

    @pytest.mark.parametrize("transport", TRANSPORTS)
    def test_a_bad_row_is_named_by_the_server_too(
        self, stand_ins, transport, monkeypatch
    ):
        """The first of all rows of all requests, as if nothing was checked."""
        monkeypatch.setattr(
            batches,
            "numbers",
            lambda _, values, *__, **___: np.float32(values),
        )
        with (
            _connect(stand_ins["with"], transport) as asked,
            pytest.raises(
                client.InputError, match="row 34: temperature"
            ) as got,
        ):
            asked.complete(
                [GIVEN] * 40, temperature=[0.5] * 34 + [-1] + [0.5] * 5
            )
        assert (got.value.input, got.value.index) == ("temperature", 34)


@pytest.fixture
def scripted():
    """Serves model states by gRPC, after what a test puts in the way."""
    from tensorflow_serving.apis import (
        get_model_status_pb2,
        model_service_pb2_grpc,
    )

    class Service(model_service_pb2_grpc.ModelServiceServicer):
        def __init__(self):
            self.script = []

        def GetModelStatus(self, request, context):
            if self.script:
                context.abort(*self.script.pop(0))
            answer = get_model_status_pb2.GetModelStatusResponse()
            answer.model_version_status.add(version=3, state=20)
            row = answer.model_version_status.add(version=2, state=50)
            row.status.error_code, row.status.error_message = 8, "no\nmemory"
            return answer

    service = Service()
    server = grpc.server(concurrent.futures.ThreadPoolExecutor(1))
    model_service_pb2_grpc.add_ModelServiceServicer_to_server(service, server)
    port = server.add_insecure_port("127.0.0.1:0")
    service.address = f"grpc://127.0.0.1:{port}"
    server.start()
    yield service
    server.stop(None)


class TestRpc:
    def test_what_passes_is_tried_again(self, scripted, pauses):
        scripted.script[:] = [
            (grpc.StatusCode.UNAVAILABLE, "starting"),
            (grpc.StatusCode.RESOURCE_EXHAUSTED, "queue is full"),
        ]
        with client.Sketcher(scripted.address) as sketcher:
            assert list(map(str, sketcher.status())) == [
                "version 3 LOADING",
                "version 2 END, RESOURCE_EXHAUSTED: no memory",
            ]
        assert len(pauses) == 2

    @pytest.mark.parametrize(
        ("code", "kind"),
        [
            ("NOT_FOUND", client.NotFoundError),
            ("INVALID_ARGUMENT", client.RefusedError),
            ("DEADLINE_EXCEEDED", client.DeadlineError),
            ("INTERNAL", client.RefusedError),
        ],
    )
    def test_what_does_not_pass_is_not(self, scripted, pauses, code, kind):
        scripted.script[:] = [(grpc.StatusCode[code], "a\nb\x1b")] * 2
        with (
            client.Sketcher(scripted.address) as sketcher,
            pytest.raises(kind) as caught,
        ):
            sketcher.status()
        assert str(caught.value).isprintable()
        assert len(scripted.script) == 1 and not pauses

    def test_what_is_too_large_is_not_read(self, scripted, monkeypatch):
        monkeypatch.setattr(rpc, "LARGEST_ANSWER", 8)
        with (
            client.Sketcher(scripted.address) as sketcher,
            pytest.raises(client.AnswerError, match="larger than max"),
        ):
            sketcher.status()

    def test_nobody_listens(self, pauses):
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        with (
            client.Sketcher(f"grpc://127.0.0.1:{port}", retries=1) as sketcher,
            pytest.raises(client.UnavailableError, match="UNAVAILABLE") as got,
        ):
            sketcher.sample()
        assert "(2 attempts)" in str(got.value) and len(pauses) == 1

    def test_a_slow_answer_is_not_waited_for(self):
        with socket.create_server(("127.0.0.1", 0)) as silent:
            port = silent.getsockname()[1]
            with (
                client.Sketcher(f"grpc://127.0.0.1:{port}", timeout=0.3) as one,
                pytest.raises(client.DeadlineError, match="in 0.3 s"),
            ):
                one.status()

    def test_what_is_not_believed(self, stand_ins, monkeypatch):
        import tensorflow as tf

        with _connect(stand_ins["with"], "grpc") as sketcher:
            transport = sketcher._connection._transport
            where = errors.Where("host", "model", "decode")
            tensor = tf.make_tensor_proto([1.0, 2.0])
            assert transport._array("a", tensor, where).tolist() == [1.0, 2.0]
            # One number stands for all of 4 GB.
            tensor = tf.make_tensor_proto(1.0, shape=[2**30])
            with pytest.raises(client.AnswerError, match="a tensor for a"):
                transport._array("a", tensor, where)
            tensor = tf.make_tensor_proto([1.0, 2.0])
            tensor.tensor_content = b"123"
            with pytest.raises(client.AnswerError, match="a tensor for a"):
                transport._array("a", tensor, where)

    def test_the_package_may_be_missing(self, monkeypatch):
        monkeypatch.setitem(sys.modules, "tensorflow_serving.apis", None)
        for name in list(sys.modules):
            if name.startswith("tensorflow_serving.apis"):
                monkeypatch.setitem(sys.modules, name, None)
        with pytest.raises(
            ValueError, match="needs the package tensorflow-ser"
        ):
            client.Sketcher("grpc://host")

    def test_rows_are_of_rest(self):
        with pytest.raises(ValueError, match="rows: expected False for gRPC"):
            client.Sketcher("grpc://host", rows=True)
