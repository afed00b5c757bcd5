"""`sketch-rnn request`: what a server is asked for from the command line."""

import json
import pathlib
import socket

import numpy as np
import pytest

from sketch_rnn_tf import cli, training
from sketch_rnn_tf.command_line import parser

KINDS = (
    *("complete", "sample", "reconstruct", "interpolate", "encode", "score"),
    "status",
)
STAR = (
    '<svg xmlns="http://www.w3.org/2000/svg"><path fill="none" '
    'stroke="black" d="M10,90 50,10 90,90 5,40 95,40 10,90"/></svg>'
)


@pytest.fixture(scope="module")
def server(work_dir, tmp_path_factory):
    """Serves the trained model."""
    pytest.importorskip("tensorflow_serving")
    import export
    from benchmarks import stand_in

    path = tmp_path_factory.mktemp("served")
    export.export_saved_model(training.load(work_dir), path)
    with stand_in.serve(path, name="sketch_rnn") as server:
        yield server


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """Works in a folder with two drawings."""
    monkeypatch.chdir(tmp_path)
    for name in ("star.svg", "again.svg"):
        (tmp_path / name).write_text(STAR)
    return tmp_path


def _run(capfd, line):
    capfd.readouterr()
    try:
        code = cli.main(line.split())
    except SystemExit as exit:
        code = exit.code
    return code, *capfd.readouterr()


def _drawings(path):
    rows = json.loads(pathlib.Path(path).read_text())
    return [np.float32(row["stroke3"]).reshape(-1, 3) for row in rows], rows


class TestHelp:
    @pytest.mark.parametrize("kind", ["", *KINDS])
    def test_examples_are_commands_that_parse(self, capfd, kind):
        code, out, err = _run(capfd, f"request {kind} --help")
        assert (code, err) == (0, "")
        examples = out.partition("examples:\n")[2].splitlines()
        assert examples
        for line in examples:
            words = line.split()
            assert words[:2] == ["sketch-rnn", "request"]
            found = parser.build().parse_args(words[1:])
            assert found.kind == kind or not kind


class TestDrawing:
    @pytest.mark.parametrize(
        ("line", "count"),
        [
            ("complete --data star.svg --endings 3", 3),
            ("sample --count 5 --max-len 9 --columns 5", 5),
            ("reconstruct --data star.svg,again.svg", 2),
            ("reconstruct --data star.svg --z mean", 1),
            ("interpolate --data star.svg,again.svg --steps 4", 4),
            ("score --data star.svg,again.svg", 2),
        ],
    )
    def test_every_kind_draws(self, capfd, server, folder, line, count):
        code, out, err = _run(
            capfd,
            f"request {line} --server {server.rest} --title Served "
            "--out drawn.svg --also json npz",
        )
        assert (code, err) == (0, "")
        assert "wrote drawn.svg, drawn.json, drawn.npz" in out
        assert "Served" in pathlib.Path("drawn.svg").read_text()
        drawn, rows = _drawings("drawn.json")
        assert len(drawn) == count
        assert {row["model"] for row in rows} == {
            f"sketch_rnn/1 on {server.rest}"
        }
        with np.load("drawn.npz") as arrays:
            assert len(arrays["lengths"]) == count

    def test_the_server_draws_what_the_model_does(
        self, capfd, server, folder, work_dir
    ):
        settings = "sample --count 3 --seed 5 --also json --out"
        for line in (
            f"{settings} here.svg --model {work_dir}",
            f"request {settings} rest.svg --server {server.rest}",
            f"request {settings} grpc.svg --server grpc://{server.grpc}",
        ):
            assert _run(capfd, line)[0] == 0
        here, _ = _drawings("here.json")
        scale = training.load(work_dir).config.scale_factor
        for name in ("rest.json", "grpc.json"):
            for one, two in zip(here, _drawings(name)[0], strict=True):
                assert one.shape == two.shape
                np.testing.assert_array_equal(one[:, 2], two[:, 2])
                np.testing.assert_allclose(one, two, atol=1e-4 * scale)

    @pytest.mark.parametrize(("points", "given"), [("", 5), ("--points 2", 2)])
    def test_a_drawing_is_a_beginning(
        self, capfd, server, folder, points, given
    ):
        code, _, err = _run(
            capfd,
            f"request complete --server {server.rest} --data star.svg "
            f"{points} --seed 3 --endings 2 --out ending.png --pixels 0.5 --also json",
        )
        assert (code, err) == (0, "")
        assert pathlib.Path("ending.png").read_bytes()[1:4] == b"PNG"
        drawn, rows = _drawings("ending.json")
        assert [row["prefix_length"] for row in rows] == [given] * 2
        assert [row["seed"] for row in rows] == [3, 4]
        # Drawings from files are scaled to one size.
        right, down, lifted = drawn[0][0]
        assert right > 0 and lifted == 0
        assert down == pytest.approx(-2 * right, rel=1e-4)

    def test_encode_writes_vectors(self, capfd, server, folder, work_dir):
        for name in ("vectors.json", "vectors.npz"):
            code, out, err = _run(
                capfd,
                f"request encode --server {server.rest} --data star.svg "
                f"--out {name}",
            )
            assert (code, out, err) == (0, f"wrote {name}\n", "")
        (row,) = json.loads(pathlib.Path("vectors.json").read_text())
        assert row["index"] == 0
        with np.load("vectors.npz") as arrays:
            assert arrays["indexes"].tolist() == [0]
            np.testing.assert_allclose(arrays["mu"], [row["mu"]], rtol=1e-6)
            assert arrays["log_var"].shape == arrays["mu"].shape

    def test_status(self, capfd, server, folder):
        for wait in ("", "--wait 5"):
            line = f"request status --server {server.rest} {wait}"
            assert _run(capfd, line) == (0, "version 1 AVAILABLE\n", "")


class TestRefused:
    @pytest.mark.parametrize(
        ("line", "said"),
        [
            ("sample --server nowhere", "server: expected host:port"),
            ("sample --server ftp://a:1", "server: expected host:port"),
            ("sample --version 0", "expected a whole number from 1 on"),
            ("sample --version 1 --label stable", "not allowed with"),
            ("sample --timeout 0", "expected a number of at least 0.001"),
            ("sample --out drawn.bmp", "--out"),
            ("encode --data star.svg --out z.txt", "ends in .json or .npz"),
            ("complete --data none.svg", "data: none.svg: expected a file"),
            ("complete --data star.svg --index 4", "index: expected 0 to 0"),
            ("interpolate --data star.svg", "index: expected two, got 1"),
            ("sample --max-len 9999", "max_len: expected 1 to"),
            ("sample --name cat", "cat, metadata: the server answered"),
            ("sample --version 9", "sketch_rnn/versions/9"),
            ("status --label canary", "sketch_rnn/labels/canary"),
            ("status --version 9 --wait 0.1", "sketch_rnn/versions/9"),
        ],
    )
    def test_in_one_line(self, capfd, server, folder, line, said):
        if "--server" not in line:
            line += f" --server {server.rest}"
        if "--out" not in line and "status" not in line:
            line += " --out drawn.svg"
        code, out, err = _run(capfd, f"request {line}")
        assert (code, out) == (2, "")
        assert err.startswith("sketch-rnn: ") and err.count("\n") == 1
        assert said in err and "Traceback" not in err
        assert sorted(p.name for p in folder.iterdir()) == [
            *("again.svg", "star.svg")
        ]

    @pytest.mark.parametrize("scheme", ["", "grpc://"])
    def test_nobody_listens(self, capfd, folder, scheme):
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        code, out, err = _run(
            capfd,
            f"request sample --server {scheme}127.0.0.1:{port} --retries 1 "
            "--out drawn.svg",
        )
        assert (code, out) == (2, "") and err.count("\n") == 1
        assert f"127.0.0.1:{port}, sketch_rnn, metadata: " in err
        assert "(2 attempts)" in err

    def test_a_beginning_that_leaves_nothing_to_draw(
        self, capfd, server, folder
    ):
        path = " ".join(f"{7 * i % 90},{3 * i % 80}" for i in range(300))
        pathlib.Path("long.svg").write_text(
            '<svg xmlns="http://www.w3.org/2000/svg"><polyline fill="none" '
            f'stroke="black" points="{path}"/></svg>'
        )
        for index, said in (
            ("", "expected sketches of at most"),
            ("--index 0", "sketch 0: expected at most"),
        ):
            code, _, err = _run(
                capfd,
                f"request complete --server {server.rest} --data long.svg "
                f"{index} --out drawn.svg",
            )
            assert code == 2 and said in err and err.count("\n") == 1
        assert not pathlib.Path("drawn.svg").exists()
