"""benchmarks.portability: the C program, other processes, and the judgement."""

import json
import pathlib
import shutil
import subprocess
import sys

import numpy as np
import pytest
import tensorflow as tf

from benchmarks.portability import (
    __main__ as portability,
    c_program,
    judgement,
    noise_input,
    request_rows,
    run_saved_model,
)
from sketch_rnn_tf import randomness, training
from sketch_rnn_tf.generation import sampler, sampling

no_compiler = pytest.mark.skipif(
    c_program.compiler() is None, reason="needs a C compiler, $CC or cc"
)


@pytest.fixture(scope="module")
def signatures(exported):
    """Returns the signatures of the trained model's SavedModel."""
    loaded = tf.saved_model.load(str(exported))
    return {"loaded": loaded, **loaded.signatures}


@pytest.fixture(scope="module")
def asked(signatures):
    """Returns a request of each signature."""
    return request_rows.requests(signatures, count=9, seed=3)


@pytest.fixture(scope="module")
def expected(signatures, asked):
    """Returns what each signature answers here."""
    return {
        name: {
            key: value.numpy()
            for key, value in signatures[name](
                **{k: tf.constant(v) for k, v in request.items()}
            ).items()
        }
        for name, request in asked.items()
    }


@pytest.fixture(scope="module")
def program(tmp_path_factory):
    """Returns the C program, built."""
    return c_program.build(tmp_path_factory.mktemp("program"))


def test_requests_are_mixed_and_seeded(signatures, asked, expected):
    again = request_rows.requests(signatures, count=9, seed=3)
    assert set(asked) == set(signatures) - {
        *("loaded", "serving_default", "browser")
    }
    for name, request in asked.items():
        for key, value in request.items():
            np.testing.assert_array_equal(again[name][key], value)
    decoded = expected["decode"]
    assert decoded["status"].tolist() == [0, 0, 0, 0, 0, 4, 0, 0, 0]
    assert len(set(decoded["lengths"].tolist())) > 3
    assert not expected["encode"]["status"].any()


@no_compiler
class TestProgram:
    @pytest.mark.parametrize("name", ["decode", "complete", "encode"])
    def test_gives_the_numbers(
        self, program, exported, asked, expected, name, tmp_path
    ):
        answer = c_program.ask(program, exported, name, asked[name], tmp_path)
        judged = judgement.compare(answer, expected[name], 30.0)
        assert judged.rows == 9
        assert judged.holds, judged

    def test_has_no_python_in_it(self, program):
        result = subprocess.run(
            ["ldd", str(program)], capture_output=True, text=True, check=True
        )
        assert "libtensorflow_cc" in result.stdout
        assert "libpython" not in result.stdout

    def test_says_what_is_wrong_in_one_line(
        self, program, exported, asked, tmp_path
    ):
        def run(*arguments):
            result = subprocess.run(
                [program, *map(str, arguments)],
                capture_output=True,
                text=True,
                check=False,
                env={"TF_CPP_MIN_LOG_LEVEL": "3"},
            )
            lines = result.stderr.strip().splitlines()
            # TensorFlow's own come before.
            assert result.returncode == 1
            return lines[-1]

        request, answer = tmp_path / "request", tmp_path / "answer"
        assert run() == "run_saved_model: expected: DIRECTORY REQUEST ANSWER"
        assert "cannot be read" in run(exported, request, answer)
        good = c_program.request_bytes(
            {"decode_seed:0": asked["decode"]["seed"]}, ["somewhere:0"]
        )
        for content, message in [
            (b"", "cut short"),
            (b"else" + good[4:], "not a request"),
            *((good[:end], "cut short") for end in range(5, len(good) - 1, 7)),
            (good[:4] + b"\xff" * 4, "too many tensors"),
            (good[:8] + b"\xff" * 4 + good[12:], "a name of a wrong length"),
        ]:
            request.write_bytes(content)
            assert message in run(exported, request, answer)
        request.write_bytes(good)
        assert "not in the graph" in run(exported, request, answer)
        assert not answer.exists()
        assert run(tmp_path, request, answer).startswith("run_saved_model: ")


class TestOtherProcess:
    def test_gives_the_numbers(self, exported, asked, expected, tmp_path):
        answers, said = portability._in_python(
            sys.executable, exported, asked, tmp_path
        )
        assert said["version"] == tf.__version__
        assert said["loading"] > 0 and said["first"] > 0
        for name, answer in answers.items():
            assert judgement.compare(answer, expected[name], 30.0).holds

    def test_needs_tensorflow_and_numpy_alone(self):
        source = pathlib.Path(run_saved_model.__file__).read_text()
        imports = [
            line.split()[1]
            for line in source.splitlines()
            if line.startswith(("import ", "from "))
        ]
        assert set(imports) == {"json", "sys", "time", "numpy", "tensorflow"}

    def test_the_command_line_tool_gives_the_numbers(
        self, exported, asked, expected, tmp_path
    ):
        inputs = []
        for name, value in asked["decode"].items():
            np.save(tmp_path / f"{name}.npy", value)
            inputs.append(f"{name}={tmp_path / name}.npy")
        tool = shutil.which("saved_model_cli", path=sys.exec_prefix + "/bin")
        subprocess.run(
            [
                *(tool, "run", "--dir", exported, "--tag_set", "serve"),
                *("--signature_def", "decode", "--inputs", ";".join(inputs)),
                *("--outdir", tmp_path / "out"),
            ],
            check=True,
            capture_output=True,
        )
        answer = {
            name: np.load(tmp_path / "out" / f"{name}.npy")
            for name in expected["decode"]
        }
        assert judgement.compare(answer, expected["decode"], 30.0).holds


class TestJudgement:
    @pytest.fixture
    def changed(self, expected):
        answer = {k: v.copy() for k, v in expected["decode"].items()}
        assert judgement.compare(answer, expected["decode"], 30.0).holds
        return answer

    def _judged(self, changed, expected):
        return judgement.compare(changed, expected["decode"], 30.0)

    def test_an_offset(self, changed, expected):
        changed["strokes"][0, 0, 1] += 1e-3 * 30.0
        judged = self._judged(changed, expected)
        assert not judged.holds
        assert judged.difference == pytest.approx(1e-3, rel=0.01)

    def test_an_offset_that_is_not_finite(self, changed, expected):
        changed["strokes"][0, 0, 1] = np.nan
        assert not self._judged(changed, expected).holds

    def test_a_pen_state(self, changed, expected):
        changed["strokes"][3, 0, 2:] = changed["strokes"][3, 0, [3, 2, 4]]
        judged = self._judged(changed, expected)
        assert (judged.pens, judged.holds) == (8, False)

    def test_a_length_and_a_status(self, changed, expected):
        changed["lengths"][2] -= 1
        changed["status"][5] = 0
        judged = self._judged(changed, expected)
        assert (judged.lengths, judged.status) == (8, 8)
        assert not judged.holds

    def test_what_lies_after_the_end_does_not_count(self, changed, expected):
        changed["strokes"][5, 0] = 7
        assert self._judged(changed, expected).holds

    def test_other_outputs_are_refused(self, changed, expected):
        del changed["strokes"]
        with pytest.raises(ValueError, match="answer: expected"):
            self._judged(changed, expected)


@pytest.mark.slow
def test_the_command(exported, tmp_path, capsys):
    rows = tmp_path / "rows.json"
    arguments = ["--bundle", str(exported.parent), "--count", "6"]
    if c_program.compiler() is None:
        arguments.append("--no-c")
    assert portability.main([*arguments, "--json", str(rows)]) == 0
    assert "DOES NOT HOLD" not in capsys.readouterr().out
    names = [row["name"] for row in json.loads(rows.read_text())]
    assert "size on disk" in names and "loading and first answer" in names
    assert portability.main(["--bundle", str(tmp_path / "none")]) == 2


def test_a_step_with_its_noise_given_draws_as_the_sampler_does(
    work_dir, tmp_path
):
    model = training.load(work_dir)
    noise_input.export_step(model, tmp_path / "step", 3)
    step = tf.saved_model.load(str(tmp_path / "step")).signatures
    step = step["serving_default"]
    drawn = sampling.sample(model, count=3, temperature=0.5, seed=4)
    places = sampler.start(
        model.decoder, tf.constant(drawn.z), model.config.start_point
    )
    given = {f"state_{i}": state for i, state in enumerate(places.state)}
    given |= {"point": places.point, "condition": places.condition}
    noise = randomness.uniforms(drawn.seeds, randomness.POINTS, [9, 4])
    points = []
    for t in range(9):
        found = step(u=noise[:, t], temperature=tf.fill([3], 0.5), **given)
        given["point"] = found.pop("next_point")
        points.append(given["point"].numpy())
        given |= {k.removeprefix("next_"): v for k, v in found.items()}
    for row, sketch in zip(np.stack(points, 1), drawn.sketches, strict=True):
        kept = min(9, len(sketch))
        assert kept > 2
        np.testing.assert_array_equal(row[:kept, 3], sketch[:kept, 2])
        offsets = sketch[:kept, :2] / model.config.scale_factor
        np.testing.assert_allclose(row[:kept, :2], offsets, atol=1e-4)
