"""Published models: what they are called, and downloads that may go wrong."""

import hashlib
import json
import random
import time

import numpy as np
import pytest
import reference_numpy
import test_downloads

from sketch_rnn_tf import cli, training
from sketch_rnn_tf.weights import published_models, sketch_rnn_js
from tfds_quickdraw import download as one_download

SIZES = {"decoder": "lstm", "decoder_size": 7, "num_mixtures": 20}


@pytest.fixture(scope="module")
def body():
    """Returns the bytes of a small model's file."""
    import base64

    shapes = reference_numpy.shapes(**SIZES)
    drawn = reference_numpy.draw(shapes, 0).values()
    encoded = [
        base64.b64encode(np.int16(v * 3000).astype("<i2").tobytes()).decode()
        for v in drawn
    ]
    info = {"version": 6, "mode": 2, "max_seq_len": 9, "scale_factor": 40.5}
    shapes = [list(v.shape) for v in drawn]
    return json.dumps([info, shapes, encoded]).encode()


@pytest.fixture
def server(body, monkeypatch, tmp_path):
    """Returns a server that has the model of cats."""
    monkeypatch.setattr(one_download, "RETRY_SECONDS", 0.01)
    monkeypatch.setenv("NO_PROXY", "*")
    monkeypatch.setenv("no_proxy", "*")
    monkeypatch.chdir(tmp_path)
    made = test_downloads.Server({"cat.gen.json": body})
    yield made
    if not made.killed:
        made.kill()


def _run(server, *arguments, name="cat"):
    base = f"http://127.0.0.1:{server.port}/sketchrnn"
    return cli.main(["download", name, "--base-url", base, *arguments])


class TestNames:
    def test_are_those_that_magenta_js_lists(self):
        names = published_models.NAMES
        assert len(set(names)) == len(names) == 114
        assert {"cat", "crabrabbitfacepig", "everything"} <= set(names)
        assert sorted(names) == list(names)

    @pytest.mark.parametrize("name", ["The Mona Lisa", " the_mona_lisa"])
    def test_may_be_written_as_words(self, name):
        assert published_models.checked_name(name) == "the_mona_lisa"

    def test_a_wrong_one_gets_the_nearest(self):
        with pytest.raises(ValueError, match="did you mean the_mona_lisa"):
            published_models.checked_name("the mona liza")
        with pytest.raises(ValueError, match=r"models, got 'unicorn'; --url"):
            published_models.checked_name("unicorn")
        assert published_models.checked_name("unicorn", known=False)

    @pytest.mark.parametrize(
        "name", ["../cat", "/etc/x", "a/b", "..", "", "a\\b", "%2e%2e", "c:x"]
    )
    def test_none_leaves_its_folder(self, name):
        with pytest.raises(ValueError, match="name: expected letters"):
            published_models.checked_name(name, known=False)

    def test_are_listed(self, capsys):
        assert cli.main(["download"]) == 0
        out = capsys.readouterr().out
        listed = out.replace("\n", " ").split(", ")
        assert listed == [*published_models.NAMES[:-1], "yogabicycle "]


class TestDownload:
    def test_makes_a_work_directory(self, server, body, tmp_path, capsys):
        assert _run(server) == 0
        out = capsys.readouterr().out
        assert hashlib.sha256(body).hexdigest() in out
        assert out.endswith("wrote cat\n")
        model = training.load(tmp_path / "cat")
        assert model.config.compatibility == "sketch_rnn_js"
        assert model.config.max_len == 9
        (tmp_path / "same.gen.json").write_bytes(body)
        same = sketch_rnn_js.import_sketch_rnn_js(tmp_path / "same.gen.json")
        for one, two in zip(model.weights, same.weights, strict=True):
            np.testing.assert_array_equal(one.numpy(), two.numpy())

    @pytest.mark.parametrize("kind", ["directory", "base", "file", "path"])
    def test_files_of_this_machine_do(self, body, tmp_path, kind, monkeypatch):
        monkeypatch.chdir(tmp_path)
        folder = tmp_path / "models"
        folder.mkdir()
        file = folder / "cat.gen.json"
        file.write_bytes(body)
        option = {
            "directory": ["--base-url", str(folder)],
            "base": ["--base-url", folder.as_uri() + "/"],
            "file": ["--url", file.as_uri()],
            "path": ["--url", str(file)],
        }[kind]
        assert cli.main(["download", "cat", *option, "--out", "new"]) == 0
        assert training.load("new").config.decoder_size == 7

    def test_a_sum_is_checked(self, server, body, tmp_path, capsys):
        assert _run(server, "--sha256", "0" * 64) == 2
        assert "expected the SHA-256 sum 0000" in capsys.readouterr().err
        assert not list(tmp_path.iterdir())
        digest = hashlib.sha256(body).hexdigest().upper()
        assert _run(server, "--sha256", digest) == 0

    def test_what_is_there_stays(self, server, tmp_path, capsys):
        (tmp_path / "cat").mkdir()
        (tmp_path / "cat" / "mine").touch()
        assert _run(server) == 2
        assert "cat: expected a new or empty" in capsys.readouterr().err
        assert server.log == []

    @pytest.mark.parametrize("plan", [{"stall": 0}, {"trickle": 0.05}])
    def test_a_slow_server_gets_no_more_time(
        self, server, tmp_path, capsys, plan
    ):
        server.plan += [plan] * 3
        started = time.monotonic()
        assert _run(server, "--seconds", "0.5") == 2
        assert time.monotonic() - started < 5
        error = capsys.readouterr().err
        assert error.count("\n") == 1
        assert "cat.gen.json: expected" in error
        assert "0.5 s" in error
        assert not list(tmp_path.iterdir())

    @pytest.mark.parametrize("chunked", [False, True])
    def test_a_large_file_is_refused(self, server, tmp_path, capsys, chunked):
        server.chunked = chunked
        server.files["cat.gen.json"] = random.Random(0).randbytes(200_000)
        if not chunked:
            # Its size is enough, before any of it comes.
            server.plan.append({"stall": 0})
        limits = ["--max-megabytes", "0.1", "--seconds", "10"]
        assert _run(server, *limits) == 2
        error = capsys.readouterr().err
        got = "more" if chunked else "200,000"
        assert f"expected at most 100,000 bytes, got {got}\n" in error
        assert len(server.log) == 1
        assert not list(tmp_path.iterdir())

    def test_a_large_file_of_this_machine_is_refused(
        self, body, tmp_path, capsys
    ):
        file = tmp_path / "cat.gen.json"
        file.write_bytes(body)
        arguments = ["--url", str(file), "--max-megabytes", "0.001"]
        arguments += ["--out", str(tmp_path / "new")]
        assert cli.main(["download", "cat", *arguments]) == 2
        assert "expected at most 1,000 bytes" in capsys.readouterr().err
        assert not (tmp_path / "new").exists()

    @pytest.mark.parametrize(
        ("content", "message"),
        [
            (b"<!doctype html>", "cat.gen.json: expected JSON, got"),
            (b"\xff\xfe", "cat.gen.json: expected UTF-8 text"),
            (b"[" * 100_000, "cat.gen.json: expected JSON, got"),
            (b"{}", "cat.gen.json: expected [info, shapes, weights]"),
            (b"[{}, [], []]", "cat.gen.json: shapes: expected 17 for mode"),
        ],
    )
    def test_other_content_is_refused(
        self, server, tmp_path, capsys, content, message
    ):
        server.files["cat.gen.json"] = content
        assert _run(server) == 2
        error = capsys.readouterr().err
        assert message in error
        assert error.count("\n") == 1
        assert not list(tmp_path.iterdir())

    def test_a_cut_file_is_refused(self, server, body, tmp_path, capsys):
        server.ranges = False
        server.plan += [{"cut": len(body) // 2}] * 3
        assert _run(server) == 2
        error = capsys.readouterr().err
        assert f"of {len(body)} bytes" in error
        # Where the other downloads say that they go on.
        assert error.endswith("(tried 3 times)\n")
        assert not list(tmp_path.iterdir())

    @pytest.mark.parametrize(
        "target", ["http://elsewhere.example/cat", "file:///etc/passwd", "//x/"]
    )
    def test_a_server_may_not_send_one_elsewhere(
        self, server, tmp_path, capsys, target
    ):
        server.plan.append({"status": 302, "headers": {"Location": target}})
        assert _run(server) == 2
        assert "a reference to another server, " in capsys.readouterr().err
        assert not list(tmp_path.iterdir())

    def test_a_server_may_send_one_along(self, server):
        headers = {"Location": "/sketchrnn/cat.gen.json"}
        server.plan.append({"status": 302, "headers": headers})
        assert _run(server) == 0
        assert len(server.log) == 2

    def test_what_is_not_there_is_said(self, server, tmp_path, capsys):
        assert _run(server, name="unicorn") == 2
        assert "expected a file, got 404" in capsys.readouterr().err
        assert cli.main(["download", "cat", "--url", "nothing"]) == 2
        assert "nothing: expected a file, found" in capsys.readouterr().err
        assert not list(tmp_path.iterdir())

    def test_no_server_is_one_line(self, server, capsys):
        server.kill()
        assert _run(server) == 2
        error = capsys.readouterr().err
        assert error.count("\n") == 1
        assert "tried 3 times" in error
