"""The command line: help, what it writes, and bad input in one line."""

import json
import pathlib
import pickle
import shutil
import subprocess
import sys

import numpy as np
import pytest

from sketch_rnn_tf import cli, strokes, training, version
from sketch_rnn_tf.files import sketchrnn_npz
from sketch_rnn_tf.generation import sampling
from sketch_rnn_tf.training import work_directory

COMMANDS = [
    "prepare",
    "convert",
    "inspect",
    "train",
    "evaluate",
    "sample",
    "reconstruct",
    "interpolate",
    "analogy",
    "complete",
    "variations",
    "beautify",
    "lesson",
    "score",
    "density",
    "export",
    "export saved-model",
    "demo",
    "request",
    "export serving",
    "export promote",
    "request complete",
]
# Without an encoder, which halves the time.
TINY = "--preset tiny --steps 1 --set decoder_size=8 conditional=false"


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """Works in an empty folder, so that arguments have no long paths."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def data(folder, doodle_sketches):
    """Writes good.npz: doodles, of which the model's N_max fits all."""
    splits = {
        "train": doodle_sketches[:40],
        "valid": doodle_sketches[40:50],
        "test": doodle_sketches[50:],
    }
    sketchrnn_npz.write(folder / "good.npz", splits)
    return folder / "good.npz"


@pytest.fixture
def work(folder, work_dir):
    """Copies the trained work directory to `work`."""
    return shutil.copytree(work_dir, folder / "work")


def _run(capfd, line):
    """Runs a command in this process; returns status, output and errors."""
    capfd.readouterr()
    try:
        code = cli.main(line.split())
    except SystemExit as stop:
        code = stop.code
    out, err = capfd.readouterr()
    return code, out, err


def _tree(folder):
    return {
        str(path.relative_to(folder)): path.read_bytes()
        if path.is_file()
        else None
        for path in sorted(folder.rglob("*"))
    }


def _assert_refused(capfd, folder, line, *said):
    """Runs a command that is refused and leaves everything as it was."""
    before = _tree(folder)
    code, _, err = _run(capfd, line)
    assert code == 2, err
    assert err.endswith("\n") and err.count("\n") == 1, err
    assert err.startswith("sketch-rnn: ")
    assert "Traceback" not in err
    for text in said:
        assert text in err
    assert _tree(folder) == before


def _object_array(items):
    array = np.empty(len(items), object)
    for index, item in enumerate(items):
        array[index] = item
    return array


def _write_npz(path, sketch):
    """Writes a file as a stranger might, without our checks."""
    good = _object_array([np.int16([[1, 2, 0], [3, 4, 1]])] * 3)
    bad = _object_array([np.int16([[1, 2, 0], [5, 4, 1]]), sketch])
    np.savez(path, train=bad, valid=good, test=good)


class TestHelp:
    @pytest.mark.parametrize("command", ["", *COMMANDS])
    def test_shows_examples(self, capfd, command):
        code, out, err = _run(capfd, f"{command} --help")
        assert (code, err) == (0, "")
        assert "examples:\n" in out
        examples = out.partition("examples:\n")[2]
        first = examples.splitlines()[0]
        assert first.startswith(f"  sketch-rnn {command}".rstrip())

    @pytest.mark.parametrize("command", COMMANDS)
    def test_examples_are_commands_that_parse(self, capfd, command):
        from sketch_rnn_tf.command_line import parser

        _, out, _ = _run(capfd, f"{command} --help")
        for line in out.partition("examples:\n")[2].splitlines():
            words = line.split()
            if words and words[0] == "sketch-rnn":
                parser.build().parse_args(words[1:])

    def test_version(self, capfd):
        code, out, err = _run(capfd, "--version")
        assert (code, out, err) == (0, f"{version.__version__}\n", "")


class TestCommands:
    def test_train_then_resume_then_evaluate(self, capfd, folder, data):
        code, out, err = _run(
            capfd, f"train --data good.npz --work-dir new {TINY}"
        )
        assert (code, err) == (0, "")
        assert "40 sketches to train on" in out and "wrote new" in out
        config = work_directory.load_config("new")
        assert config.words == ("good",)
        assert (config.steps, config.decoder_size) == (1, 8)
        code, out, err = _run(
            capfd, "train --data good.npz --work-dir new --resume --steps 2"
        )
        assert (code, err) == (0, "")
        assert [r["step"] for r in work_directory.read_history("new")] == [1, 2]
        code, out, err = _run(
            capfd, "evaluate --model new --data good.npz --json"
        )
        assert (code, err) == (0, "")
        values = json.loads(out)
        assert values["count"] == 10
        assert set(values) == {
            *("loss", "recon", "kl", "kl_floored", "recon_per_point"),
            *("count", "dropped"),
        }

    @pytest.mark.parametrize(
        ("line", "count"),
        [
            ("sample --count 3", 3),
            ("reconstruct --data good.npz --index 1 4", 2),
            ("complete --data good.npz --count 2 --endings 3 --points 5", 6),
        ],
    )
    def test_what_is_drawn_is_written(self, capfd, work, data, line, count):
        line += " --model work --seed 4 --also json npz --out new/drawn.svg"
        code, out, err = _run(capfd, line)
        assert (code, err) == (0, "")
        assert "new/drawn.svg" in out and "new/drawn.json" in out
        written = sorted(p.name for p in pathlib.Path("new").iterdir())
        assert written == ["drawn.json", "drawn.npz", "drawn.svg"]
        assert pathlib.Path("new/drawn.svg").read_text().startswith("<svg")
        rows = json.loads(pathlib.Path("new/drawn.json").read_text())
        assert [row["seed"] for row in rows] == list(range(4, 4 + count))
        with np.load("new/drawn.npz", allow_pickle=False) as arrays:
            assert arrays["z"].shape == (count, 4)
            ends = np.cumsum(arrays["lengths"])
            for row, sketch in zip(
                rows, np.split(arrays["points"], ends[:-1]), strict=True
            ):
                if len(sketch):
                    strokes.validate_stroke3(sketch)
                np.testing.assert_array_equal(
                    np.float32(row["stroke3"]).reshape(-1, 3), sketch
                )
        given = 5 if "complete" in line else 0
        assert {row["prefix_length"] for row in rows} == {given}

    @pytest.mark.parametrize(
        ("line", "count"),
        [
            ("sample --temperature 0.2 0.9 --count 3 --best-of 2", 6),
            ("reconstruct --data good.npz --count 2 --temperature 0.1 1", 4),
            ("interpolate --data good.npz --index 1 4 --steps 3", 3),
            ("interpolate --data star.svg,star2.svg --steps 3", 3),
            ("interpolate --ends 4 --steps 3 --method lerp", 9),
            ("interpolate --walk 8", 8),
            ("analogy --data good.npz --plus 1 2 --minus 3", 3),
            ("variations --data good.npz --index 2 --variations 5", 5),
            ("variations --data good.npz --count 3 --pattern 2 2", 4),
            ("beautify --data star.svg --best-of 2", 1),
            ("lesson --data star.svg", 1),
            ("lesson --seed 5", 1),
            ("score --data good.npz --shown 3", 3),
            ("density --data star.svg --panels 2", 1),
        ],
    )
    def test_every_command_draws(self, capfd, work, data, line, count):
        data.with_name("star.svg").write_text(
            '<svg xmlns="http://www.w3.org/2000/svg"><path fill="none" '
            'stroke="black" d="M10,90 50,10 90,90 5,40 95,40 10,90"/></svg>'
        )
        shutil.copy("star.svg", "star2.svg")
        model = "" if "lesson --data" in line else "--model work "
        code, out, err = _run(
            capfd,
            f"{line} {model}--also json npz --out new/a.b.animated.svg",
        )
        assert (code, err) == (0, "")
        assert "new/a.b.animated.svg" in out
        svg = pathlib.Path("new/a.b.animated.svg").read_text()
        assert svg.startswith("<svg") and "<path" in svg
        if "score" in line:
            table = [row.split() for row in out.splitlines()[1:-1]]
            assert len(table) == 10
            losses = [float(row[1]) for row in table]
            assert losses == sorted(losses, reverse=True)
        rows = json.loads(pathlib.Path("new/a.b.json").read_text())
        assert len(rows) == count
        with np.load("new/a.b.npz", allow_pickle=False) as arrays:
            assert len(arrays["lengths"]) == len(arrays["seeds"]) == count

    def test_latent_vectors_are_taken_by_their_own_model_alone(
        self, capfd, work, folder
    ):
        line = "sample --model work --count 2 --seed 3 --out a.svg --also npz"
        assert _run(capfd, line)[0] == 0
        line = "--latent a.npz:1 a.npz --out b.svg --also json"
        code, _, err = _run(capfd, f"interpolate --model work --steps 4 {line}")
        assert (code, err) == (0, "")
        rows = json.loads(pathlib.Path("b.json").read_text())
        with np.load("a.npz") as arrays:
            np.testing.assert_array_equal(
                [rows[0]["z"], rows[-1]["z"]], arrays["z"][::-1]
            )
            changed = dict(arrays) | {"models": ["0123456789abcdef"] * 2}
        np.savez("other.npz", **changed)
        short = dict(changed) | {
            "z": changed["z"][:, :3],
            "models": [rows[0]["model"]] * 2,
        }
        np.savez("short.npz", **short)
        for name, said in (
            ("other", "of the model 0123456789abcdef"),
            ("short", "latent: expected 4 numbers, got 3"),
        ):
            _assert_refused(
                capfd,
                folder,
                f"interpolate --model work --latent a.npz {name}.npz "
                "--out c.svg",
                said,
            )

    def test_the_command_and_python_draw_the_same(self, capfd, work):
        line = "sample --model work --count 12 --seed 9 --temperature 0.5"
        code, _, _ = _run(capfd, f"{line} --out a.svg --also json")
        assert code == 0
        rows = json.loads(pathlib.Path("a.json").read_text())
        model = training.load("work")
        for index in (0, 5, 11):
            drawn = sampling.sample(
                model, count=1, seed=9 + index, temperature=0.5
            ).sketches[0]
            written = np.float32(rows[index]["stroke3"]).reshape(-1, 3)
            np.testing.assert_array_equal(drawn[:, 2], written[:, 2])
            np.testing.assert_allclose(
                drawn, written, atol=1e-4 * model.config.scale_factor
            )

    def test_png(self, capfd, work):
        code, _, err = _run(capfd, "sample --model work --out a.png --count 1")
        assert (code, err) == (0, "")
        assert pathlib.Path("a.png").read_bytes().startswith(b"\x89PNG")

    def test_prepare(self, capfd, folder, data):
        code, out, err = _run(
            capfd, "prepare --dataset good.npz --data-dir records"
        )
        assert code == 0
        assert "40 train, 10 validation, 10 test" in out

    def test_export(self, capfd, work):
        code, out, err = _run(
            capfd, "export saved-model --model work --out served"
        )
        assert (code, err) == (0, "")
        assert out == "wrote served/1\n"
        assert pathlib.Path("served/1/saved_model.pb").exists()

    @pytest.mark.slow
    def test_demo(self, capfd, folder):
        for _ in range(2):  # the second one replaces the first
            code, out, err = _run(
                capfd, "demo --out shown --steps 2 --minutes 1"
            )
            assert code == 0, err
        names = {p.name for p in pathlib.Path("shown").iterdir()}
        assert names == {
            *("data", "work", "saved_model", "metrics.json", "index.html"),
            "page",
            *(f"samples.{kind}" for kind in ("svg", "png")),
            *(f"reconstructions.{kind}" for kind in ("svg", "png")),
            *(f"completions.{kind}" for kind in ("svg", "png")),
        }
        metrics = json.loads(pathlib.Path("shown/metrics.json").read_text())
        assert metrics["steps"] == 2


class TestBadData:
    TRAIN = f"train --work-dir new {TINY} --data"

    @pytest.mark.parametrize(
        ("damage", "said"),
        [
            (lambda data: data[: len(data) // 2], "damaged"),
            (lambda data: data[:-10], "damaged"),
            (lambda data: b"", "empty file"),
            (lambda data: b"\x89PNG\r\n\x1a\n" * 99, "no zip archive"),
            (lambda data: b"dx,dy,pen\n1,2,0\n", "no zip archive"),
            (lambda data: b"PK\x03\x04" + bytes(500), "no zip archive"),
        ],
        ids=["cut", "cut a little", "empty", "png", "csv", "zip of nothing"],
    )
    def test_truncated_empty_and_foreign_files(self, capfd, data, damage, said):
        content = damage(data.read_bytes())
        data.with_name("bad.npz").write_bytes(content)
        _assert_refused(
            capfd, data.parent, f"{self.TRAIN} bad.npz", "bad.npz", said
        )

    @pytest.mark.parametrize(
        ("sketch", "said"),
        [
            (np.zeros([4, 4]), "shape [N, 3], got shape [4, 4]"),
            (np.zeros([3]), "shape [N, 3], got shape [3]"),
            (np.zeros([0, 3]), "at least one point"),
            (np.array([[1, np.nan, 0]]), "finite offsets, got [1.0, nan]"),
            (np.array([[-np.inf, 1, 0]]), "finite offsets, got [-inf, 1.0]"),
            (np.array([[1, 2, 2]]), "pen_lifted 0 or 1, got 2"),
            (np.array([[1, 2, 0.5]]), "pen_lifted 0 or 1, got 0.5"),
            (np.array([[1, 2, np.nan]]), "pen_lifted 0 or 1, got nan"),
            (np.array([["1", "2", "0"]]), "numbers"),
            ("a sketch", "numbers, got str"),
        ],
        ids=str,
    )
    def test_bad_arrays(self, capfd, folder, sketch, said):
        _write_npz(folder / "bad.npz", sketch)
        _assert_refused(
            capfd, folder, f"{self.TRAIN} bad.npz", "bad.npz: train", said
        )

    def test_other_keys(self, capfd, folder):
        np.savez(folder / "bad.npz", images=np.zeros([3, 28, 28]))
        _assert_refused(
            capfd, folder, f"{self.TRAIN} bad.npz", "train, valid, test, got i"
        )

    @pytest.mark.parametrize(
        ("spec", "said"),
        [
            ("none.npz", "none.npz: expected a file or folder"),
            (".", "expected"),
            ("none.npz,", "between commas"),
            ("quickdraw_strokes/giraff", "'giraff'"),
            ("quickdraw_strokes/doodle", "'doodle'"),
            ("http://example.com/cat.npz", "found no such thing"),
        ],
    )
    @pytest.mark.parametrize("stream", ["", "--stream"])
    def test_data_that_are_not_there(self, capfd, folder, spec, said, stream):
        _assert_refused(capfd, folder, f"{self.TRAIN} {spec} {stream}", said)

    @pytest.mark.parametrize("command", ["train", "evaluate", "complete"])
    def test_nothing_left_under_n_max(self, capfd, data, work, command):
        if command == "train":
            line = f"{self.TRAIN} good.npz --set max_len=3"
        else:
            sketch = np.zeros([100, 3], np.float32)
            splits = dict.fromkeys(sketchrnn_npz.SPLITS, [sketch])
            sketchrnn_npz.write(data, splits)
            line = f"{command} --data good.npz --model work"
            if command == "complete":
                line += " --out new.svg"
        _assert_refused(
            capfd, data.parent, line, "sketches of at most", "got none"
        )

    def test_a_malicious_file_is_refused_and_runs_nothing(
        self, capfd, folder, monkeypatch
    ):
        class Evil:
            def __reduce__(self):
                return open, (str(folder / "created"), "w")

        evil = _object_array([Evil()])
        np.savez(folder / "evil.npz", train=evil, valid=evil, test=evil)
        for line in (
            f"{self.TRAIN} evil.npz",
            f"{self.TRAIN} evil.npz --stream --data-dir records",
            f"{self.TRAIN} .",
            "prepare --dataset evil.npz --data-dir records",
        ):
            _assert_refused(capfd, folder, line, "evil.npz: ", "refused")
            assert not (folder / "created").exists()
        # The file does what it says to who trusts it.
        with np.load(folder / "evil.npz", allow_pickle=True) as trusted:
            trusted["train"][0].close()
        assert (folder / "created").exists()

    def test_a_pickle_without_an_archive_runs_nothing(self, capfd, folder):
        class Evil:
            def __reduce__(self):
                return open, (str(folder / "created"), "w")

        (folder / "evil.npz").write_bytes(pickle.dumps(Evil()))
        _assert_refused(
            capfd, folder, f"{self.TRAIN} evil.npz", "no zip archive"
        )


class TestBadArguments:
    @pytest.mark.parametrize(
        ("line", "said"),
        [
            ("", "required: command"),
            ("paint", "'paint'"),
            ("train --data good.npz", "required: --work-dir"),
            ("sample --model work", "required: --out"),
            ("sample --model work --out a.bmp", ".png or .gif, got 'a.bmp'"),
            ("sample --model work --out .", "got '.'"),
            ("sample --model work --out good.npz/a.svg", "good.npz"),
            ("sample --model work --out a.svg --colors red", "'red'"),
            ("sample --model work --out a.png --cell 90000", "pixels"),
            ("sample --model work --out a.svg --latent no.json", "no.json"),
            ("sample --model work --out a.svg --latent good.npz", "with z"),
            (
                "interpolate --model work --data good.npz --out a.svg "
                "--index 1 2 3",
                "ends: expected two or four, got 3",
            ),
            (
                "interpolate --model work --data good.npz --out a.svg",
                "index: expected two or four, got none for 10 sketches",
            ),
            (
                "interpolate --model work work --out a.svg",
                "expected different ones",
            ),
            (
                "analogy --model work --data good.npz --plus 0 99 --out a.svg",
                "index: expected 0 to 9, got 99",
            ),
            ("lesson --out a.svg", "expected --data or --model"),
            (
                "beautify --model work --data lines.svg --out a.svg",
                "lines.svg",
            ),
            (
                "density --model work --data good.npz --temperature 0 "
                "--out a.svg",
                "temperature: expected a positive number",
            ),
            (
                "variations --model work --data good.npz --count 2 --out a.svg",
                "expected one sketch",
            ),
            ("sample --model work --out a.svg --count 0", "from 1 on, got '0'"),
            ("sample --model work --out a.svg --count many", "'many'"),
            ("sample --model work --out a.svg --colour red", "--colour"),
            (
                "sample --model work --out a.svg --temperature -0.5",
                "a number of at least 0, got '-0.5'",
            ),
            ("sample --model work --out a.svg --temperature nan", "'nan'"),
            ("sample --model work --out a.svg --temperature hot", "'hot'"),
            (
                "sample --model work --out a.svg --seed -1",
                "2147483647, got '-1'",
            ),
            ("sample --model work --out a.svg --seed 2147483648", "--seed"),
            (
                "sample --model work --out a.svg --seed 2147483647 --count 2",
                "seed: expected 0 to 2147483646 for 2 drawings",
            ),
            ("sample --model work --out a.svg --also gif", "'gif'"),
            (
                "evaluate --model work --data good.npz --split all",
                "invalid choice: 'all'",
            ),
            (
                "reconstruct --model work --data good.npz --out a.svg "
                "--index 10",
                "index: expected 0 to 9, got 10",
            ),
            (
                "prepare --dataset good.npz --source . --data-dir records",
                "source: expected none",
            ),
            ("export saved-model --model work --out good.npz", "got a file"),
            ("export onnx --model work --out out", "'onnx'"),
            ("demo --out .", "an earlier demo's"),
            ("demo --out good.npz", "expected a directory, got a file"),
        ],
    )
    def test_what_does_not_parse_or_fit(self, capfd, work, data, line, said):
        # A drawing without a line.
        data.with_name("lines.svg").write_text(
            '<svg xmlns="http://www.w3.org/2000/svg"><text>hi</text></svg>'
        )
        _assert_refused(capfd, data.parent, line, said)

    @pytest.mark.parametrize(
        ("options", "said"),
        [
            ("--preset huge", "unknown preset 'huge'"),
            ("--preset magneta", "did you mean 'magenta'?"),
            ("--set z_sizes=3", "did you mean 'z_size'?"),
            ("--set z_size", "expected KEY=VALUE, got 'z_size'"),
            ("--set z_size=0", "z_size: expected at least 1, got 0"),
            ("--set z_size=big", "z_size: expected int, got 'big'"),
            ("--set z_size=1e400", "z_size: expected a finite number"),
            ("--set kl_weight=NaN", "kl_weight: expected a finite number"),
            ("--set decoder_cell=gru", "unknown decoder_cell 'gru'"),
            ("--config none.json", "none.json"),
            ("--config good.npz", "good.npz: expected UTF-8 text"),
            ("--config bad.json", "unknown configuration key 'layers'"),
            ("--config list.json", "list.json: expected a JSON object"),
            ("--steps 0", "--steps"),
            ("--minutes -1", "--minutes"),
            ("--resume", "new: expected a work directory, found none"),
        ],
    )
    def test_configuration(self, capfd, data, options, said):
        data.with_name("bad.json").write_text('{"layers": 3}')
        data.with_name("list.json").write_text("[]")
        line = f"train --data good.npz --work-dir new {options}"
        _assert_refused(capfd, data.parent, line, said)


class TestBadWorkDirectory:
    @pytest.mark.parametrize(
        "command",
        [
            "sample --out new.svg",
            "evaluate --data good.npz",
            "export saved-model --out served",
        ],
    )
    @pytest.mark.parametrize(
        ("model", "said"),
        [
            ("nothing", "nothing: expected a work directory, found none"),
            ("empty", "empty: expected a work directory, got one without"),
            ("good.npz", "good.npz: expected a work directory"),
        ],
    )
    def test_not_a_work_directory(self, capfd, data, command, model, said):
        data.with_name("empty").mkdir()
        _assert_refused(capfd, data.parent, f"{command} --model {model}", said)

    @pytest.mark.parametrize(
        ("name", "damage"),
        [
            ("config.json", lambda content: content[:50]),
            ("config.json", lambda content: b"\xff\xfe\x00"),
            ("config.json", lambda content: b'{"colour": "red"}'),
            ("best.weights.h5", lambda content: content[:5000]),
            ("best.weights.h5", lambda content: b""),
            ("best.weights.h5", lambda content: b"\x89PNG\r\n\x1a\n" * 99),
            ("best.weights.h5", None),
        ],
    )
    def test_a_damaged_one(self, capfd, work, name, damage):
        content = (work / name).read_bytes()
        (work / name).unlink()
        if damage:
            (work / name).write_bytes(damage(content))
        _assert_refused(
            capfd, work.parent, "sample --model work --out new.svg", name
        )

    def test_one_that_holds_a_training(self, capfd, work, data):
        line = f"train --data good.npz --work-dir work {TINY}"
        _assert_refused(capfd, data.parent, line, "holds a training already")

    def test_one_of_another_configuration(self, capfd, work, data):
        line = "train --data good.npz --work-dir work --resume --steps 30"
        said = "another configuration: scale_factor is "
        _assert_refused(capfd, data.parent, line, said)
        line += " --set decoder_size=9 z_size=3"
        said = "another configuration: decoder_size is 8 there, 9 here"
        _assert_refused(capfd, data.parent, line, said)

    def test_a_folder_of_something_else(self, capfd, data):
        line = f"train --data good.npz --work-dir . {TINY}"
        _assert_refused(capfd, data.parent, line, "holds 'good.npz'")


class TestProcess:
    """In processes of their own: what TensorFlow itself says counts too."""

    def _run(self, line, cwd):
        command = pathlib.Path(sys.executable).parent / "sketch-rnn"
        start = (
            [str(command)]
            if command.exists()
            else [sys.executable, "-m", "sketch_rnn_tf"]
        )
        result = subprocess.run(
            [*start, *line.split()],
            cwd=cwd,
            capture_output=True,
            text=True,
            check=False,
        )
        assert "Traceback" not in result.stderr, result.stderr[-2000:]
        return result

    def _assert_refused(self, result):
        assert result.returncode == 2
        assert result.stderr.startswith("sketch-rnn: ")
        assert result.stderr.count("\n") == 1, result.stderr
        assert result.stdout == "" or "Downloading" in result.stdout

    def test_damaged_weights_say_one_line(self, work, folder):
        file = work / "best.weights.h5"
        file.write_bytes(file.read_bytes()[:5000])
        result = self._run("sample --model work --out a.svg", folder)
        self._assert_refused(result)
        assert not (folder / "a.svg").exists()

    def test_nothing_left_of_prepared_data_says_one_line(self, data, folder):
        result = self._run(
            f"train --data good.npz --stream --data-dir records {TINY} "
            "max_len=3 --work-dir new",
            folder,
        )
        self._assert_refused(result)
        assert not (folder / "new").exists()

    def test_a_wrong_argument_needs_no_tensorflow(self, folder):
        script = (
            "import sys\n"
            "from sketch_rnn_tf import cli\n"
            "try:\n"
            "    cli.main(['sample', '--temperature', '-1'])\n"
            "except SystemExit as stop:\n"
            "    assert 'tensorflow' not in sys.modules\n"
            "    sys.exit(stop.code)\n"
        )
        result = subprocess.run(
            [sys.executable, "-c", script],
            capture_output=True,
            text=True,
            check=False,
        )
        self._assert_refused(result)

    def test_success_says_nothing_on_standard_error(self, work, folder):
        result = self._run("sample --model work --out a.svg --count 2", folder)
        assert (result.returncode, result.stderr) == (0, "")
        assert result.stdout == "wrote a.svg\n"
        assert (folder / "a.svg").exists()
