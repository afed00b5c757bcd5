"""export.tfjs: the graph, the weights on disk, the page; export.steps."""

import json

import numpy as np
import pytest
import tensorflow as tf
import web_exports
from tensorflow.core.framework import graph_pb2

from export import saved_model, steps, tfjs
from export.tfjs import graph as graph_lib, graph_model, page
from sketch_rnn_tf import cli, config as config_lib
from sketch_rnn_tf.generation import encoding
from sketch_rnn_tf.model import cells

# What the WebAssembly backend of TensorFlow.js computes.
KERNELS = {
    *("AddV2", "BatchMatMulV2", "ConcatV2", "Const", "Identity", "MatMul"),
    *("Mean", "Mul", "Placeholder", "Reshape", "Rsqrt", "Sigmoid", "Split"),
    *("SplitV", "Square", "StridedSlice", "Sub", "Tanh", "Transpose"),
}


@pytest.fixture(
    scope="module",
    params=[(c, k) for c in config_lib.CELLS for k in (True, False)],
    ids=lambda p: f"{p[0]}-{'conditional' if p[1] else 'unconditional'}",
)
def model(request):
    """Returns a model of each cell, with an encoder and without."""
    cell, conditional = request.param
    return web_exports.make_model(cell, conditional=conditional, size=16)


def read(folder):
    """Returns an export's graph, its weights back in it, by the manifest."""
    content = json.loads((folder / "model.json").read_text())
    (group,) = content["weightsManifest"]
    data = b"".join((folder / path).read_bytes() for path in group["paths"])
    values, start = {}, 0
    for entry in group["weights"]:
        quantization = entry.get("quantization")
        dtype = np.dtype((quantization or entry)["dtype"])
        count = int(np.prod(entry["shape"], dtype=int))
        value = np.frombuffer(data, dtype, count, start)
        start += value.nbytes
        if quantization:
            value = value * quantization["scale"] + quantization["min"]
            value = value.astype(quantization["original_dtype"])
        values[entry["name"]] = value.reshape(entry["shape"])
    assert start == len(data)
    from google.protobuf import json_format

    topology = dict(content["modelTopology"])
    graph = json_format.ParseDict(topology, graph_pb2.GraphDef())
    for node in graph.node:
        if node.op == "Const":
            proto = tf.make_tensor_proto(values.pop(node.name))
            node.attr["value"].tensor.CopyFrom(proto)
    assert not values
    return content, graph


def run(graph, inputs, outputs):
    """Runs some of a graph's nodes."""
    imported = tf.Graph()
    with imported.as_default():
        tf.import_graph_def(graph, name="")
        with tf.compat.v1.Session() as session:
            return session.run(
                [f"{name}:0" for name in outputs],
                {f"{name}:0": value for name, value in inputs.items()},
            )


def some(rng, spec, batch=3):
    """Returns random numbers of a spec's shape."""
    return rng.normal(size=(batch, spec.shape[1])).astype(np.float32)


class TestSteps:
    def test_decode_is_the_decoders_step(self, model):
        rng = np.random.default_rng(0)
        found = steps.steps(model)
        z = None
        inputs = []
        if model.encoder is None:
            state = model.decoder.initial_state(None, batch_size=3)
        else:
            z = some(rng, found["start"].inputs["z"])
            started = found["start"].function(z)
            inputs = [started["condition"]]
            state = model.decoder.initial_state(z)
            for number, value in enumerate(state):
                initial = started[f"initial_state_{number}"]
                np.testing.assert_array_equal(initial, value)
        point = some(rng, found["decode"].inputs["point"])
        answer = found["decode"].function(point, *inputs, *state)
        params, after = model.decoder.step(point, z, state)
        np.testing.assert_allclose(answer["params"], params, atol=1e-6)
        for number, value in enumerate(after):
            name = f"decoder_next_state_{number}"
            np.testing.assert_allclose(answer[name], value, atol=1e-6)

    def test_encode_and_head_are_the_encoder(self, model, sketches):
        if model.encoder is None:
            assert set(steps.steps(model)) == {"decode"}
            return
        given = [sketches[0][:9], sketches[1][:4]]
        found, layout = steps.steps(model), steps.layout(model)
        state = [tf.zeros([2, size]) for size in layout.encoder_states]
        scale = model.config.scale_factor
        for t in range(9):
            rows = np.zeros([2, 2, 5], np.float32)
            live = np.float32([[t < len(sketch)] for sketch in given])
            for b, sketch in enumerate(given):
                for side, k in enumerate((t, len(sketch) - 1 - t)):
                    if t < len(sketch):
                        dx, dy, lift = sketch[k]
                        row = [dx / scale, dy / scale, 1 - lift, lift, 0]
                        rows[side, b] = row
            answer = found["encode"].function(*rows, live, *state)
            state = [answer[name] for name in found["encode"].outputs]
        outputs = [state[index] for index in layout.encoder_outputs]
        answer = found["head"].function(*outputs)
        mu, log_var = encoding.encode(model, given)
        np.testing.assert_allclose(answer["mu"], mu, atol=1e-6)
        np.testing.assert_allclose(answer["log_var"], log_var, atol=1e-6)

    def test_the_signature_of_a_saved_model(self, model, tmp_path):
        path = saved_model.export_saved_model(model, tmp_path)
        loaded = tf.saved_model.load(str(path))
        signature = loaded.signatures["browser"]
        _, specs = signature.structured_input_signature
        found = steps.steps(model)
        wanted = {
            n: s for step in found.values() for n, s in step.inputs.items()
        }
        assert set(specs) == set(wanted)
        rng = np.random.default_rng(1)
        inputs = {name: some(rng, spec) for name, spec in wanted.items()}
        answer = signature(
            **{name: tf.constant(value) for name, value in inputs.items()}
        )
        for step in found.values():
            expected = step.function(*(inputs[name] for name in step.inputs))
            for name in step.outputs:
                np.testing.assert_allclose(
                    answer[name], expected[name], atol=1e-6
                )


class TestGraphModel:
    def test_it_computes_what_the_steps_do(self, model, tmp_path):
        tfjs.export_tfjs(model, tmp_path / "out")
        _, graph = read(tmp_path / "out")
        rng = np.random.default_rng(2)
        for step in steps.steps(model).values():
            inputs = {name: some(rng, s) for name, s in step.inputs.items()}
            expected = step.function(*inputs.values())
            # Alone: no other step's inputs are fed.
            answers = run(graph, inputs, step.outputs)
            for name, answer in zip(step.outputs, answers, strict=True):
                np.testing.assert_allclose(answer, expected[name], atol=1e-6)

    def test_what_wasm_runs_alone_and_each_weight_once(self, model, tmp_path):
        tfjs.export_tfjs(model, tmp_path / "out")
        _, graph = read(tmp_path / "out")
        assert {node.op for node in graph.node} <= KERNELS
        numbers = sum(v.size for _, v in graph_lib.constants(graph))
        parameters = sum(weight.numpy().size for weight in model.weights)
        layers = (model.encoder is not None) * 2 + 1
        # Zeros in the place of biases, axes and shapes.
        zeros = 8 * model.config.decoder_size + 4 * 256
        assert parameters <= numbers <= parameters + layers * zeros + 300

    def test_the_same_model_gives_the_same_bytes(self, model, tmp_path):
        for name in ("a", "b"):
            tfjs.export_tfjs(model, tmp_path / name, name="doodles")
        files = sorted(p.name for p in (tmp_path / "a").iterdir())
        assert files == sorted(p.name for p in (tmp_path / "b").iterdir())
        for name in files:
            first, second = (tmp_path / s / name for s in "ab")
            assert first.read_bytes() == second.read_bytes()

    @pytest.mark.parametrize(
        ("quantize", "size", "limit"), [("uint16", 2, 2e-5), ("uint8", 1, 6e-3)]
    )
    def test_quantized(self, model, tmp_path, quantize, size, limit):
        tfjs.export_tfjs(model, tmp_path / "out", quantize=quantize)
        content, graph = read(tmp_path / "out")
        exact = dict(graph_lib.constants(graph_lib.frozen(model)))
        stored = 0
        for name, value in graph_lib.constants(graph):
            reach = np.ptp(exact[name]) if value.ndim > 1 else 0.0
            np.testing.assert_allclose(value, exact[name], atol=reach * limit)
            stored += value.size if value.ndim > 1 else 0
        files = content["weightsManifest"][0]["paths"]
        total = sum((tmp_path / "out" / f).stat().st_size for f in files)
        vectors = sum(v.nbytes for v in exact.values() if v.ndim < 2)
        assert total == size * stored + vectors

    def test_large_weights_are_split(self, model, tmp_path, monkeypatch):
        monkeypatch.setattr(graph_model, "SHARD_BYTES", 5000)
        tfjs.export_tfjs(model, tmp_path / "out")
        content, _ = read(tmp_path / "out")
        paths = content["weightsManifest"][0]["paths"]
        sizes = [(tmp_path / "out" / path).stat().st_size for path in paths]
        assert len(sizes) > 1 and set(sizes[:-1]) == {5000}
        config = json.loads((tmp_path / "out" / "config.json").read_text())
        assert config["weight_bytes"] == sum(sizes)

    def test_bad_input(self, model, tmp_path):
        with pytest.raises(ValueError, match="expected one of none, uint16"):
            tfjs.export_tfjs(model, tmp_path / "out", quantize="int4")
        other = tmp_path / "other"
        other.mkdir()
        (other / "notes.txt").write_text("mine")
        with pytest.raises(ValueError, match="got one that holds 'notes.txt'"):
            tfjs.export_tfjs(model, other)
        with pytest.raises(ValueError, match="got a file"):
            tfjs.export_tfjs(model, other / "notes.txt")
        assert sorted(p.name for p in tmp_path.iterdir()) == ["other"]

    def test_weights_that_are_not_finite(self, tmp_path):
        model = web_exports.make_model("lstm", conditional=False, size=4)
        model.decoder.output_bias.assign_add(
            np.full(model.decoder.output_bias.shape, np.nan, np.float32)
        )
        with pytest.raises(ValueError, match="expected finite weights"):
            tfjs.export_tfjs(model, tmp_path / "out")
        assert not list(tmp_path.iterdir())

    def test_an_earlier_export_is_replaced(self, model, tmp_path):
        tfjs.export_tfjs(model, tmp_path / "out")
        tfjs.export_tfjs(model, tmp_path / "out", quantize="uint8")
        config = json.loads((tmp_path / "out" / "config.json").read_text())
        assert config["quantization"] == "uint8"
        assert [p.name for p in tmp_path.iterdir()] == ["out"]


def test_hyper_embeddings_expand_as_the_einsum_did():
    rng = np.random.default_rng(5)
    kernel = rng.normal(size=(8, 3, 4)).astype(np.float32)
    embedded = rng.normal(size=(5, 24)).astype(np.float32)
    expanded = cells.hyper._expanded(embedded, tf.constant(kernel))
    wanted = np.einsum("bke,ken->bkn", embedded.reshape(5, 8, 3), kernel)
    np.testing.assert_allclose(expanded, wanted.reshape(5, 32), atol=1e-5)


class TestCommand:
    def test_exports(self, work_dir, tmp_path, capsys):
        out = tmp_path / "web"
        command = ["export", "tfjs", "--model", str(work_dir), "--out"]
        assert cli.main([*command, str(out), "--quantize", "uint16"]) == 0
        assert "wrote" in capsys.readouterr().out
        config = json.loads((out / "config.json").read_text())
        assert config["name"] == "work" and config["conditional"]

    def test_a_page_gets_models(self, work_dir, tmp_path, capsys, monkeypatch):
        built = tmp_path / "built"
        built.mkdir()
        (built / "index.html").write_text("page")
        monkeypatch.setattr(page, "page_files", lambda: [built / "index.html"])
        out = tmp_path / "page"
        command = ["export", "tfjs", "--model", str(work_dir), "--page"]
        for name in ("Cats & pigs", "b", "b", "cats pigs", "猫", "豚"):
            given = [*command, "--out", str(out), "--name", name]
            assert cli.main(given) == 0
        listed = json.loads((out / "models" / "models.json").read_text())
        assert [(one["name"], one["path"]) for one in listed] == [
            ("Cats & pigs", "models/cats_pigs/"),
            ("b", "models/b/"),
            ("cats pigs", "models/cats_pigs_2/"),
            ("猫", "models/model/"),
            ("豚", "models/model_2/"),
        ]
        for one in listed:
            assert (out / one["path"] / "config.json").is_file()
        assert (out / "index.html").read_text() == "page"
        assert "http.server" in capsys.readouterr().out

    def test_a_page_whose_export_was_killed_is_gone_on_with(
        self, tmp_path, monkeypatch
    ):
        built = tmp_path / "built"
        built.mkdir()
        (built / "index.html").write_text("page")
        monkeypatch.setattr(page, "page_files", lambda: [built / "index.html"])
        model = web_exports.make_model("lstm", conditional=False, size=4)
        out = tmp_path / "page"

        def killed(*_):
            raise SystemExit

        with monkeypatch.context() as patch, pytest.raises(SystemExit):
            patch.setattr(page, "_write", killed)
            tfjs.export_page(model, out, name="a")
        # The model is there, and no list.
        assert sorted(p.name for p in out.rglob("*.json")) == [
            "config.json", "model.json",
        ]  # fmt: skip
        (out / ".partial-index.html.1").mkdir()
        tfjs.export_page(model, out, name="a")
        assert (out / "index.html").read_text() == "page"
        listed = json.loads((out / "models" / "models.json").read_text())
        assert listed == [{"name": "a", "path": "models/a/"}]
        (tmp_path / "other").mkdir()
        (tmp_path / "other" / "letter.txt").write_text("Dear")
        with pytest.raises(ValueError, match="or a page, got one without mo"):
            tfjs.export_page(model, tmp_path / "other", name="a")

    def test_a_failure_leaves_no_page(self, tmp_path, monkeypatch):
        model = web_exports.make_model("lstm", conditional=False, size=4)
        bias = model.decoder.output_bias
        bias.assign(np.full(bias.shape, np.nan, np.float32))
        for quantize, message in (("int4", "expected one"), ("none", "finite")):
            with pytest.raises(ValueError, match=message):
                tfjs.export_page(
                    model, tmp_path / "a" / "b", name="x", quantize=quantize
                )
        monkeypatch.setattr(page, "page_files", lambda: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            tfjs.export_page(model, tmp_path / "a" / "b", name="x")
        assert not list(tmp_path.iterdir())

    def test_a_directory_that_is_no_page(self, work_dir, tmp_path, capsys):
        (tmp_path / "letter.txt").write_text("mine")
        command = ["export", "tfjs", "--model", str(work_dir), "--page"]
        assert cli.main([*command, "--out", str(tmp_path)]) == 2
        assert "without models/models.json" in capsys.readouterr().err
        assert [p.name for p in tmp_path.iterdir()] == ["letter.txt"]
