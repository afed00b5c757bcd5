"""export.serving: bundles, what their files say, and their next versions."""

import hashlib
import http.client
import json
import pathlib
import re
import socket
import string
import subprocess

import pytest
import tensorflow as tf
import yaml
from google.protobuf import (
    descriptor_pb2,
    descriptor_pool,
    message_factory,
    text_format,
    wrappers_pb2,
)
from tensorflow_serving.apis import prediction_log_pb2

from benchmarks import stand_in
from export import saved_model, serving, status
from export.serving import bundle as bundle_lib, models_config, names, warmup
from sketch_rnn_tf import cli, training

_TYPES = descriptor_pb2.FieldDescriptorProto


def _messages():
    """Returns the messages that no published package has.

    The names, numbers and types of their fields are those of TensorFlow
    Serving's session_bundle_config.proto and monitoring_config.proto.
    """
    file = descriptor_pb2.FileDescriptorProto(
        name="configs.proto",
        package="tensorflow.serving",
        syntax="proto3",
        dependency=["google/protobuf/wrappers.proto"],
    )

    def message(name, *fields):
        made = file.message_type.add(name=name)
        for number, (field, kind, label) in enumerate(fields, 1):
            wrapped = isinstance(kind, str)
            made.field.add(
                name=field,
                number=number,
                label=label,
                type=_TYPES.TYPE_MESSAGE if wrapped else kind,
                type_name=kind if wrapped else None,
            )

    one, many = _TYPES.LABEL_OPTIONAL, _TYPES.LABEL_REPEATED
    whole = ".google.protobuf.Int64Value"
    message(
        "BatchingParameters",
        ("max_batch_size", whole, one),
        ("batch_timeout_micros", whole, one),
        ("max_enqueued_batches", whole, one),
        ("num_batch_threads", whole, one),
        ("thread_pool_name", ".google.protobuf.StringValue", one),
        ("allowed_batch_sizes", _TYPES.TYPE_INT64, many),
        ("pad_variable_length_inputs", _TYPES.TYPE_BOOL, one),
    )
    message(
        "PrometheusConfig",
        ("enable", _TYPES.TYPE_BOOL, one),
        ("path", _TYPES.TYPE_STRING, one),
    )
    message(
        "MonitoringConfig",
        ("prometheus_config", ".tensorflow.serving.PrometheusConfig", one),
    )
    pool = descriptor_pool.DescriptorPool()
    wrappers = descriptor_pb2.FileDescriptorProto()
    wrappers_pb2.DESCRIPTOR.CopyToProto(wrappers)
    pool.Add(wrappers)
    pool.Add(file)
    return {
        name: message_factory.GetMessageClass(
            pool.FindMessageTypeByName(f"tensorflow.serving.{name}")
        )
        for name in ("BatchingParameters", "MonitoringConfig")
    }


def _tree(folder):
    """Returns what lies in a folder, by path, as hashes."""
    return {
        str(path.relative_to(folder)): hashlib.sha256(
            path.read_bytes()
        ).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


@pytest.fixture(scope="module")
def bundle(work_dir, tmp_path_factory):
    """Returns a bundle of one version, made by the command."""
    folder = tmp_path_factory.mktemp("serving") / "bundle"
    command = ["export", "serving", "--model", str(work_dir)]
    assert cli.main([*command, "--out", str(folder), "--name", "Dood_les"]) == 0
    return folder


@pytest.fixture(scope="module")
def server(bundle):
    """Returns a stand-in for TensorFlow Serving that serves the bundle."""
    with stand_in.serve(
        bundle, models_config=bundle / "models.config", batching=True
    ) as server:
        yield server


@pytest.fixture
def quick(monkeypatch):
    """Leaves out what takes long: the graph, and the table of the README."""
    monkeypatch.setattr(
        saved_model,
        "_write",
        lambda _, path, browser: pathlib.Path(path, "saved_model.pb").touch(),
    )
    monkeypatch.setattr(bundle_lib, "_signatures_table", lambda _: "| | | |")


class TestFiles:
    def test_protobuf_files_parse(self, bundle):
        config = models_config.read(bundle)
        (model,) = config.model_config_list.config
        assert (model.name, model.base_path) == ("Dood_les", "/models/Dood_les")
        assert dict(model.version_labels) == {"stable": 1, "canary": 1}
        assert list(model.model_version_policy.specific.versions) == [1]
        messages = _messages()
        batching = text_format.Parse(
            (bundle / "batching.config").read_text(),
            messages["BatchingParameters"](),
        )
        sizes = list(batching.allowed_batch_sizes)
        assert sizes == sorted(set(sizes))
        assert sizes[-1] == batching.max_batch_size.value
        assert batching.pad_variable_length_inputs
        assert stand_in.parameters.read(bundle / "batching.config")
        monitoring = text_format.Parse(
            (bundle / "monitoring.config").read_text(),
            messages["MonitoringConfig"](),
        )
        assert monitoring.prometheus_config.enable

    def test_compose_file_is_valid(self, bundle):
        import check_jsonschema
        import jsonschema

        folder = pathlib.Path(check_jsonschema.__file__).parent
        schema = folder / "builtin_schemas" / "vendor" / "compose-spec.json"
        schema = json.loads(schema.read_text())
        content = yaml.safe_load((bundle / "compose.yaml").read_text())
        jsonschema.validate(content, schema)
        images = [s["image"] for s in content["services"].values()]
        assert [image.endswith("-gpu") for image in images] == [False, True]
        with pytest.raises(jsonschema.ValidationError):
            jsonschema.validate(content | {"services": {"cpu": 3}}, schema)

    def test_kubernetes_files_are_valid(self, bundle):
        import kubernetes_validate

        kinds = []
        for path in sorted((bundle / "kubernetes").iterdir()):
            for content in yaml.safe_load_all(path.read_text()):
                kubernetes_validate.validate(content, "1.31", strict=True)
                kinds.append(content["kind"])
                assert content["metadata"]["name"] == "dood-les"
        assert sorted(kinds) == [
            *("Deployment", "HorizontalPodAutoscaler"),
            *("PodDisruptionBudget", "Service"),
        ]
        with pytest.raises(kubernetes_validate.ValidationError):
            wrong = content | {"spec": {"replicas": "many"}}
            kubernetes_validate.validate(wrong, "1.31", strict=True)

    def test_servers_are_started_alike(self, bundle):
        compose = yaml.safe_load((bundle / "compose.yaml").read_text())
        deployment = yaml.safe_load(
            (bundle / "kubernetes" / "deployment.yaml").read_text()
        )
        (container,) = deployment["spec"]["template"]["spec"]["containers"]
        flags = set(compose["services"]["cpu"]["command"])
        # An image's bundle does not change.
        extra = {"--model_config_file_poll_wait_seconds=30"}
        assert flags - set(container["args"]) == extra
        files = re.findall(r"/models/([\w.]+)", " ".join(flags))
        assert len(files) == 3
        docker = (bundle / "Dockerfile").read_text()
        for file in files:
            assert (bundle / file).is_file()
            assert file in docker
        readme = (bundle / "README.md").read_text()
        assert all(flag in readme for flag in flags if "timeout" not in flag)

    def test_readme_says_every_status_and_signature(self, bundle):
        readme = (bundle / "README.md").read_text()
        for code, meaning in status.MEANINGS.items():
            # Only class-conditioned models take labels.
            said = f"| {code} | {meaning} |" in readme
            assert said == (code != status.BAD_LABELS)
        for name in ("encode", "interpolate", "score"):
            assert f"| `{name}` | `" in readme
        # What the template has to fill in.
        assert not re.search(r"\$[a-z_]+\b", readme)


class TestWarmUp:
    def test_every_signature_replays(self, bundle):
        version = bundle / "Dood_les" / "1"
        served = tf.saved_model.load(str(version))
        seen = []
        records = tf.data.TFRecordDataset(str(version / warmup.FILE))
        for record in records.as_numpy_iterator():
            log = prediction_log_pb2.PredictionLog.FromString(record)
            request = log.predict_log.request
            assert request.model_spec.name == "Dood_les"
            name = request.model_spec.signature_name
            answer = served.signatures[name](
                **{k: tf.make_ndarray(v) for k, v in request.inputs.items()}
            )
            assert not answer["status"].numpy().any()
            seen.append(name)
        assert set(seen) == set(served.signatures) - {"serving_default"}
        assert len(seen) <= 1000

    def test_of_an_unconditional_model(self, unconditional, tmp_path):
        warmup.write(tmp_path, unconditional, name="free")
        records = tf.data.TFRecordDataset(str(tmp_path / warmup.FILE))
        names = [
            prediction_log_pb2.PredictionLog.FromString(
                record
            ).predict_log.request.model_spec.signature_name
            for record in records.as_numpy_iterator()
        ]
        assert set(names) == {"complete", "decode", "score"}


class TestServed:
    def test_the_requests_of_the_readme(self, bundle, server):
        readme = (bundle / "README.md").read_text()
        pattern = r"-d '(\{.+?\})' \\\n\s+http://localhost:8501(\S+)"
        requests = re.findall(pattern, readme)
        assert len(requests) == 2
        drawn = []
        for body, path in requests:
            connection = http.client.HTTPConnection(server.rest)
            connection.request("POST", path, body)
            response = connection.getresponse()
            answer = json.loads(response.read())
            assert response.status == 200, answer
            if "outputs" in answer:
                answer = {k: v[0] for k, v in answer["outputs"].items()}
            else:
                (answer,) = answer["predictions"]
            assert answer["status"] == 0
            assert answer["prefix_lengths"] == 2
            drawn.append(answer["strokes"][: answer["lengths"]])
        assert drawn[0] == drawn[1]

    def test_the_client_of_the_documentation(self, server, capsys):
        page = pathlib.Path(__file__).parents[1] / "docs" / "serving.md"
        (code,) = re.findall(
            r"```python\n(.*?)```", page.read_text(), re.DOTALL
        )
        there = '"localhost:8501"'
        assert there in code
        here = f'"{server.rest}", model="Dood_les"'
        exec(code.replace(there, here), {})
        assert re.fullmatch(
            r"\[\d+, \d+, \d+, \d+\]\n", capsys.readouterr().out
        )

    def test_the_health_check(self, bundle, server):
        content = yaml.safe_load((bundle / "compose.yaml").read_text())
        test = content["services"]["cpu"]["healthcheck"]["test"]
        assert test[0] == "CMD"

        def check(port, name="Dood_les"):
            command = [
                part.replace("/8501", f"/{port}").replace("Dood_les", name)
                for part in test[1:]
            ]
            return subprocess.run(
                command, capture_output=True, timeout=20, check=False
            ).returncode

        port = server.rest.rpartition(":")[2]
        assert check(port) == 0
        assert check(port, "another") != 0
        with socket.socket() as unused:
            unused.bind(("127.0.0.1", 0))
            assert check(unused.getsockname()[1]) != 0


@pytest.mark.usefixtures("quick")
class TestNextVersion:
    def test_comes_as_canary_and_leaves_the_one_before(self, model, tmp_path):
        first = serving.export_serving(model, tmp_path)
        assert first.version == tmp_path / "sketch_rnn" / "1"
        assert set(first.files) == {"models.config", *bundle_lib.TEMPLATES}
        before = _tree(first.version)
        (tmp_path / "compose.yaml").write_text("name: mine\n")
        second = serving.export_serving(model, tmp_path)
        assert second.version.name == "2"
        assert second.files == ["models.config"]
        assert set(second.kept) == set(bundle_lib.TEMPLATES)
        assert (tmp_path / "compose.yaml").read_text() == "name: mine\n"
        assert _tree(first.version) == before
        assert self._labels(tmp_path) == ({"stable": 1, "canary": 2}, [1, 2])
        assert serving.promote(tmp_path, name="sketch_rnn") == 2
        assert self._labels(tmp_path) == ({"stable": 2, "canary": 2}, [2])
        assert serving.promote(tmp_path, name="sketch_rnn", version=1) == 1
        assert self._labels(tmp_path) == ({"stable": 1, "canary": 2}, [1, 2])
        serving.export_serving(model, tmp_path, promoted=True, renew=True)
        assert self._labels(tmp_path) == ({"stable": 3, "canary": 3}, [3])
        assert (tmp_path / "compose.yaml").read_text() != "name: mine\n"

    def test_keeps_what_else_is_served(self, model, tmp_path):
        serving.export_serving(model, tmp_path, name="cats")
        config = models_config.read(tmp_path)
        (cats,) = config.model_config_list.config
        cats.version_labels["old"] = 1
        cats.logging_config.sampling_config.sampling_rate = 0.25
        config.model_config_list.config.add(name="else", base_path="/x")
        models_config.write(tmp_path, config)
        serving.export_serving(model, tmp_path, name="cats", promoted=True)
        serving.export_serving(model, tmp_path, name="dogs")
        cats, other, dogs = models_config.read(
            tmp_path
        ).model_config_list.config
        assert dict(cats.version_labels) == {"old": 1, "stable": 2, "canary": 2}
        assert list(cats.model_version_policy.specific.versions) == [1, 2]
        assert cats.logging_config.sampling_config.sampling_rate == 0.25
        assert (other.name, dogs.name) == ("else", "dogs")

    def _labels(self, folder):
        (model,) = models_config.read(folder).model_config_list.config
        versions = model.model_version_policy.specific.versions
        return dict(model.version_labels), list(versions)


@pytest.mark.usefixtures("quick")
class TestBadInput:
    @pytest.mark.parametrize(
        "name",
        [
            *("", "../up", "a/b", "a b", 'a"b', "-a", ".a", "a\n", "é", "12"),
            *("kubernetes", "README.md", "a" * 64),
        ],
    )
    def test_a_bad_name_writes_nothing(self, model, tmp_path, name):
        with pytest.raises(ValueError, match="name: expected"):
            serving.export_serving(model, tmp_path / "out", name=name)
        assert not (tmp_path / "out").exists()

    def test_an_unreadable_config_writes_nothing(self, model, tmp_path):
        (tmp_path / "models.config").write_text("model_config_list {{")
        with pytest.raises(ValueError, match="expected a ModelServerConfig"):
            serving.export_serving(model, tmp_path)
        assert [p.name for p in tmp_path.iterdir()] == ["models.config"]

    @pytest.mark.parametrize("kind", [OSError, KeyboardInterrupt])
    def test_a_failure_leaves_what_was(
        self, model, tmp_path, monkeypatch, kind
    ):
        serving.export_serving(model, tmp_path)
        before = _tree(tmp_path)

        def fail(*_, **__):
            raise kind("the disk is full")

        for module, name in ((warmup, "write"), (models_config, "write")):
            with monkeypatch.context() as patch:
                patch.setattr(module, name, fail)
                with pytest.raises(kind):
                    serving.export_serving(model, tmp_path)
            assert _tree(tmp_path) == before

    def test_promoting_what_is_not_there(self, model, tmp_path):
        with pytest.raises(ValueError, match="expected a bundle's file"):
            serving.promote(tmp_path, name="sketch_rnn")
        serving.export_serving(model, tmp_path)
        with pytest.raises(ValueError, match="expected one of 1 in .*, got 9"):
            serving.promote(tmp_path, name="sketch_rnn", version=9)
        with pytest.raises(ValueError, match="a model of it, sketch_rnn, got"):
            serving.promote(tmp_path, name="other")

    def test_the_command_says_so_in_one_line(self, work_dir, tmp_path, capsys):
        out = str(tmp_path / "out")
        command = ["export", "serving", "--model", str(work_dir), "--out", out]
        assert cli.main([*command, "--name", "a/b"]) == 2
        assert capsys.readouterr().err.count("\n") == 1
        assert cli.main(["export", "promote", "--out", out]) == 2
        assert "expected a bundle's file" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("name", "label"),
    [("a", "a"), ("A_b.C", "a-b-c"), ("9lives", "x9lives"), ("cat.-", "cat")],
)
def test_dns_labels(name, label):
    names.check(name)
    assert names.dns_label(name) == label


def test_templates_fill_in_all_they_name(work_dir):
    values = bundle_lib._values(training.load(work_dir), "cats", 3)
    for template in bundle_lib.TEMPLATES:
        text = string.Template(bundle_lib._text(template))
        assert text.is_valid()
        assert set(text.get_identifiers()) <= set(values) | {"TAG"}
