"""export.saved_model: signatures, statuses, what lies on disk."""

import json
import pathlib
import subprocess
import sys

import numpy as np
import pytest
import tensorflow as tf

import export
from export import saved_model, signatures, status
from sketch_rnn_tf import cli, strokes, training
from sketch_rnn_tf.data import input_pipeline
from sketch_rnn_tf.generation import encoding, sampling
from sketch_rnn_tf.training import work_directory

# What someone has who has only TensorFlow and the two files.
FRESH = """
import json
import sys
import tensorflow as tf

folder, drawings = sys.argv[1:]
rows = json.load(open(drawings))
decode = tf.saved_model.load(folder).signatures["decode"]
answer = decode(
    z=tf.constant([row["z"] for row in rows], tf.float32),
    temperature=tf.constant([row["temperature"] for row in rows]),
    seed=tf.constant([row["seed"] for row in rows], tf.int32),
    max_len=tf.constant([{max_len}] * len(rows), tf.int32),
)
for name in ("sketch_rnn_tf", "export", "tensorflow_probability", "tf_keras"):
    assert name not in sys.modules, name
print(json.dumps({{k: v.numpy().tolist() for k, v in answer.items()}}))
"""


@pytest.fixture(scope="module")
def trained(work_dir):
    """Returns the model that was exported."""
    return training.load(work_dir)


@pytest.fixture(scope="module")
def served(exported):
    """Returns the signatures of the SavedModel."""
    loaded = tf.saved_model.load(str(exported))
    # The functions live as long as what was loaded.
    return {"loaded": loaded, **loaded.signatures}


def _decode(served, **changes):
    """Asks for five drawings; `changes` say which rows get what."""
    request = {
        "z": np.linspace(-1, 1, 20).reshape(5, 4).astype(np.float32),
        "temperature": np.float32([1, 0.5, 0, 0.2, 1]),
        "seed": np.int32([3, 1, 4, 1, 2**31 - 1]),
        "max_len": np.int32([20, 10, 20, 30, 1]),
    }
    for name, (row, value) in changes.items():
        request[name][row] = value
    return _ask(served["decode"], request)


def _ask(signature, request):
    answer = signature(**{k: tf.constant(v) for k, v in request.items()})
    return {name: value.numpy() for name, value in answer.items()}


def _padded(sketches, steps):
    """Returns stroke-5 in the user's units, with rubbish after each length."""
    batch = np.full([len(sketches), steps, 5], np.nan, np.float32)
    for row, sketch in zip(batch, sketches, strict=True):
        row[: len(sketch)] = strokes.stroke3_to_stroke5(sketch)[:-1]
    return batch, np.int32([len(sketch) for sketch in sketches])


def _assert_drawn(answer, drawn, scale):
    assert answer["lengths"].tolist() == [len(s) for s in drawn.sketches]
    assert not answer["status"].any()
    for row, sketch in zip(answer["strokes"], drawn.sketches, strict=True):
        assert (row[len(sketch) :] == strokes.END_POINT).all()
        if len(sketch):
            stroke3 = strokes.stroke5_to_stroke3(row)
            np.testing.assert_array_equal(stroke3[:, 2], sketch[:, 2])
            np.testing.assert_allclose(
                stroke3 / scale, sketch / scale, atol=1e-4
            )


class TestSignatures:
    def test_names_and_shapes(self, served):
        names = {"encode", "decode", "complete", "serving_default"}
        names |= {"reconstruct", "interpolate", "score"}
        assert set(served["loaded"].signatures) == names | {"browser"}
        inputs = served["complete"].structured_input_signature[1]
        assert {name: spec.shape.rank for name, spec in inputs.items()} == {
            "strokes": 3,
            "lengths": 1,
            "temperature": 1,
            "seed": 1,
            "max_len": 1,
        }
        for name in names:
            signature = served["loaded"].signatures[name]
            specs = signature.structured_input_signature[1].values()
            # TF Serving merges requests along the first axis.
            assert all(spec.shape[0] is None for spec in specs)
            assert "status" in signature.structured_outputs

    def test_a_fresh_process_draws_what_the_command_drew(
        self, exported, work_dir, tmp_path
    ):
        arguments = "sample --count 6 --temperature 0.7 --seed 11 --also json"
        picture = tmp_path / "drawn.svg"
        rc = cli.main(
            [*arguments.split(), "npz", "--model", str(work_dir)]
            + ["--out", str(picture)]
        )
        assert rc == 0
        max_len = work_directory.load_config(work_dir).max_len
        result = subprocess.run(
            [sys.executable, "-c", FRESH.format(max_len=max_len)]
            + [str(exported), str(tmp_path / "drawn.json")],
            cwd=tmp_path,
            capture_output=True,
            text=True,
            check=False,
        )
        assert result.returncode == 0, result.stderr[-2000:]
        answer = json.loads(result.stdout)
        rows = json.loads((tmp_path / "drawn.json").read_text())
        with np.load(tmp_path / "drawn.npz", allow_pickle=False) as arrays:
            sketches = np.split(
                arrays["points"], np.cumsum(arrays["lengths"])[:-1]
            )
            assert arrays["seeds"].tolist() == [11, 12, 13, 14, 15, 16]
            np.testing.assert_array_equal(
                arrays["z"], np.float32([row["z"] for row in rows])
            )
        assert sum(map(len, sketches)) > 20
        assert answer["status"] == [0] * 6
        assert answer["lengths"] == [len(s) for s in sketches]
        for row, stroke5, sketch in zip(
            rows, answer["strokes"], sketches, strict=True
        ):
            np.testing.assert_array_equal(np.float32(row["stroke3"]), sketch)
            stroke5 = np.float32(stroke5)[: len(sketch)]
            np.testing.assert_array_equal(stroke5[:, 3], sketch[:, 2])
            # Pixels; another process may multiply matrices in another order.
            np.testing.assert_allclose(stroke5[:, :2], sketch[:, :2], atol=1e-2)

    def test_decode_draws_as_python_does(self, served, trained):
        drawn = sampling.sample(trained, count=5, temperature=0.6, seed=2)
        answer = _ask(
            served["decode"],
            {
                "z": drawn.z,
                "temperature": np.full(5, 0.6, np.float32),
                "seed": drawn.seeds,
                "max_len": np.full(5, trained.config.max_len, np.int32),
            },
        )
        _assert_drawn(answer, drawn, trained.config.scale_factor)

    def test_encode_gives_what_python_does(
        self, served, trained, doodle_sketches
    ):
        sketches = doodle_sketches[:7]
        batch, lengths = _padded(sketches, 70)
        answer = _ask(served["encode"], {"strokes": batch, "lengths": lengths})
        mu, log_var = encoding.encode(trained, sketches)
        assert answer["status"].tolist() == [0] * 7
        np.testing.assert_allclose(answer["mu"], mu, atol=1e-5)
        np.testing.assert_allclose(answer["log_var"], log_var, atol=1e-5)

    @pytest.mark.parametrize("name", ["complete", "serving_default"])
    def test_complete_goes_on_as_python_does(
        self, served, trained, doodle_sketches, name
    ):
        prefixes = [s[: 3 + i] for i, s in enumerate(doodle_sketches[:6])]
        drawn = sampling.complete(trained, prefixes, temperature=0.3, seed=9)
        batch, lengths = _padded(prefixes, 12)
        answer = _ask(
            served[name],
            {
                "strokes": batch,
                "lengths": lengths,
                "temperature": np.full(6, 0.3, np.float32),
                "seed": drawn.seeds,
                "max_len": np.full(6, trained.config.max_len, np.int32),
            },
        )
        _assert_drawn(answer, drawn, trained.config.scale_factor)
        np.testing.assert_array_equal(answer["prefix_lengths"], lengths)

    def test_an_unconditional_model_has_no_encode_and_no_z(
        self, unconditional, tmp_path
    ):
        functions = signatures.Signatures(unconditional).functions
        drawn = sampling.sample(unconditional, count=3, seed=5)
        answer = functions["decode"](
            tf.ones([3]), tf.constant(drawn.seeds), tf.fill([3], 12)
        )
        answer = {name: value.numpy() for name, value in answer.items()}
        _assert_drawn(answer, drawn, unconditional.config.scale_factor)
        path = export.export_saved_model(unconditional, tmp_path)
        assert set(tf.saved_model.load(str(path)).signatures) == {
            *("decode", "complete", "score", "serving_default", "browser")
        }

    def test_offsets_are_in_the_users_units(
        self, make_model, tiny_config, sketches
    ):
        batch, lengths = _padded(sketches[:4], 12)
        answers = []
        for factor in (1.0, 8.0):
            config = tiny_config.replace(
                scale_factor=factor * tiny_config.scale_factor
            )
            functions = signatures.Signatures(make_model(config)).functions
            scaled = np.float32(batch * [factor, factor, 1, 1, 1])
            encoded = functions["encode"](scaled, lengths)
            drawn = functions["decode"](
                encoded["mu"], tf.ones([4]), tf.range(4), tf.fill([4], 12)
            )
            answers.append((encoded, drawn, factor))
        (encoded, drawn, _), (others, redrawn, factor) = answers
        # A power of two, so that rounding is the same.
        np.testing.assert_array_equal(encoded["mu"], others["mu"])
        np.testing.assert_array_equal(
            drawn["strokes"] * [factor, factor, 1, 1, 1], redrawn["strokes"]
        )


class TestStatus:
    @pytest.mark.parametrize(
        ("name", "value", "code"),
        [
            ("z", np.nan, status.BAD_Z),
            ("z", np.inf, status.BAD_Z),
            ("temperature", -0.1, status.BAD_TEMPERATURE),
            ("temperature", np.nan, status.BAD_TEMPERATURE),
            ("temperature", np.inf, status.BAD_TEMPERATURE),
            ("seed", -1, status.BAD_SEED),
            ("max_len", 0, status.BAD_MAX_LEN),
            ("max_len", -5, status.BAD_MAX_LEN),
            ("max_len", 2**31 - 1, status.BAD_MAX_LEN),
        ],
    )
    def test_a_bad_row_leaves_its_neighbours_alone(
        self, served, name, value, code
    ):
        good = _decode(served)
        assert good["status"].tolist() == [0] * 5
        assert good["strokes"].shape == (5, 30, 5)
        bad = _decode(served, **{name: (1, value)})
        assert bad["status"].tolist() == [0, code, 0, 0, 0]
        assert bad["lengths"][1] == 0
        assert (bad["strokes"][1] == strokes.END_POINT).all()
        for row in (0, 2, 3, 4):
            for key in ("strokes", "lengths"):
                np.testing.assert_array_equal(bad[key][row], good[key][row])

    @pytest.mark.parametrize(
        ("change", "code"),
        [
            (lambda s, n: s.__setitem__((1, 2, 0), np.nan), status.BAD_STROKES),
            (lambda s, n: s.__setitem__((1, 2, 1), np.inf), status.BAD_STROKES),
            (lambda s, n: s.__setitem__((1, 2, 2), 0.5), status.BAD_STROKES),
            (
                lambda s, n: s.__setitem__((1, 2), [0, 0, 1, 1, 0]),
                status.BAD_STROKES,
            ),
            (
                lambda s, n: s.__setitem__((1, 2), [0, 0, 0, 0, 1]),
                status.BAD_STROKES,
            ),
            (lambda s, n: n.__setitem__(1, 0), status.BAD_LENGTH),
            (lambda s, n: n.__setitem__(1, -1), status.BAD_LENGTH),
            (lambda s, n: n.__setitem__(1, 13), status.BAD_LENGTH),
        ],
    )
    def test_bad_strokes_leave_their_neighbours_alone(
        self, served, doodle_sketches, change, code
    ):
        batch, lengths = _padded([s[:5] for s in doodle_sketches[:3]], 12)
        more = {
            "temperature": np.ones(3, np.float32),
            "seed": np.int32([1, 2, 3]),
            "max_len": np.int32([9, 12, 15]),
        }

        def ask(name):
            request = {"strokes": batch, "lengths": lengths}
            if name == "complete":
                request |= more
            return _ask(served[name], request)

        good = {name: ask(name) for name in ("encode", "complete")}
        change(batch, lengths)
        for name, before in good.items():
            after = ask(name)
            assert before["status"].tolist() == [0, 0, 0]
            assert after["status"].tolist() == [0, code, 0]
            for key in before:
                assert np.isfinite(after[key]).all()
                for row in (0, 2):
                    # The encoder runs to the longest of the good rows.
                    np.testing.assert_allclose(
                        after[key][row], before[key][row], atol=1e-4
                    )
        assert after["lengths"][1] == after["prefix_lengths"][1] == 0

    def test_a_beginning_as_long_as_max_len(self, served, doodle_sketches):
        batch, lengths = _padded([s[:5] for s in doodle_sketches[:2]], 5)
        answer = _ask(
            served["complete"],
            {
                "strokes": batch,
                "lengths": lengths,
                "temperature": np.ones(2, np.float32),
                "seed": np.int32([0, 0]),
                "max_len": np.int32([5, 6]),
            },
        )
        assert answer["status"].tolist() == [status.BAD_LENGTH, 0]

    def test_a_batch_of_bad_rows_alone_is_answered(self, served):
        answer = _ask(
            served["decode"],
            {
                "z": np.zeros([2, 4], np.float32),
                "temperature": np.float32([-1, 1]),
                "seed": np.int32([0, -1]),
                "max_len": np.int32([5, 5]),
            },
        )
        assert answer["status"].tolist() == [
            status.BAD_TEMPERATURE,
            status.BAD_SEED,
        ]
        assert answer["lengths"].tolist() == [0, 0]
        rubbish = {
            "strokes": np.full([2, 3, 5], np.nan, np.float32),
            "lengths": np.int32([3, 99]),
        }
        codes = [status.BAD_STROKES, status.BAD_LENGTH]
        answer = _ask(served["encode"], rubbish)
        assert answer["status"].tolist() == codes
        assert not answer["mu"].any()
        rubbish |= {
            "temperature": np.ones(2, np.float32),
            "seed": np.int32([0, 1]),
            "max_len": np.int32([9, 9]),
        }
        answer = _ask(served["complete"], rubbish)
        assert answer["status"].tolist() == codes
        assert answer["lengths"].tolist() == [0, 0]

    def test_every_code_has_a_meaning(self):
        codes = [v for k, v in vars(status).items() if k.startswith("BAD_")]
        assert sorted(status.MEANINGS) == sorted([status.OK, *codes])


class TestOnDisk:
    def test_weights_are_there_once_and_nothing_of_the_optimizer(
        self, make_model, tiny_config, sketches, tmp_path
    ):
        config = tiny_config.replace(encoder_size=128, decoder_size=256)
        model = make_model(config)
        model.compile()
        model.optimizer.build(model.trainable_variables)
        path = export.export_saved_model(model, tmp_path / "out")
        size = sum(weight.numpy().nbytes for weight in model.weights)
        variables = list((path / "variables").glob("*.data*"))
        written = sum(file.stat().st_size for file in variables)
        assert size <= written < 1.5 * size
        # Nor are they constants of the graph.
        assert (path / "saved_model.pb").stat().st_size < size
        files = [file for file in path.rglob("*") if file.is_file()]
        total = sum(file.stat().st_size for file in files)
        assert total <= 1.1 * size + 2**20

    def test_versions_count_up(self, model, tmp_path, monkeypatch):
        monkeypatch.setattr(
            saved_model,
            "_write",
            lambda _, path, browser: pathlib.Path(
                path, "saved_model.pb"
            ).touch(),
        )
        out = tmp_path / "new" / "out"
        assert export.export_saved_model(model, out) == out / "1"
        assert export.export_saved_model(model, out) == out / "2"
        (out / "10").mkdir()
        (out / "notes").mkdir()
        assert export.export_saved_model(model, str(out)) == out / "11"
        assert sorted(p.name for p in out.iterdir()) == [
            *("1", "10", "11", "2", "notes")
        ]

    @pytest.mark.parametrize("kind", [OSError, KeyboardInterrupt])
    def test_a_failure_leaves_no_version(
        self, model, tmp_path, monkeypatch, kind
    ):
        def fail(_, path, browser):
            pathlib.Path(path, "saved_model.pb").write_text("half")
            raise kind("the disk is full")

        monkeypatch.setattr(saved_model, "_write", fail)
        with pytest.raises(kind):
            export.export_saved_model(model, tmp_path)
        assert not list(tmp_path.iterdir())

    def test_a_file_is_not_a_directory(self, model, tmp_path):
        (tmp_path / "out").touch()
        with pytest.raises(ValueError, match="expected a directory, got a f"):
            export.export_saved_model(model, tmp_path / "out")

    def test_saved_model_cli_lists_the_signatures(self, exported):
        tool = pathlib.Path(sys.executable).parent / "saved_model_cli"
        result = subprocess.run(
            [tool, "show", "--dir", exported, "--all"],
            capture_output=True,
            text=True,
            check=True,
        )
        for name in ("encode", "decode", "complete", "serving_default"):
            assert f"signature_def['{name}']" in result.stdout
        assert "inputs['temperature'] tensor_info" in result.stdout

    def test_the_top_level_function_is_the_same(self):
        import sketch_rnn_tf

        assert (
            sketch_rnn_tf.export_saved_model is saved_model.export_saved_model
        )


def test_max_offset_holds_for_the_served_too(model, tiny_config):
    """Clamping, which the pipeline does in training."""
    functions = signatures.Signatures(model).functions
    answers = []
    for offset in (1000.0, 5000.0):
        batch, lengths = _padded([np.float32([[offset, 3, 1]])], 2)
        answers.append(functions["encode"](batch, lengths)["mu"].numpy())
    assert input_pipeline.MAX_OFFSET == 1000
    np.testing.assert_array_equal(*answers)
