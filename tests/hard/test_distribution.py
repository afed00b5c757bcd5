"""The wheel and the sdist of the last commit, and the wheel installed alone."""

import io
import json
import os
import pathlib
import subprocess
import sys
import tarfile
import zipfile

import pytest
import readme_commands

from sketch_rnn_tf import pretrained, version
from supply_chain import distribution

ROOT = pathlib.Path(__file__).resolve().parents[2]
PACKAGES = ("sketch_rnn_tf", "tfds_quickdraw", "export")
MODEL_FILES = ("config.json", "weights.npz", "card.json", "card.md")
DATASET = "tfds_quickdraw/quickdraw_strokes/"
DATASET_FILES = ("README.md", "CITATIONS.bib", "TAGS.txt", "checksums.tsv")
DIST_INFO = f"sketch_rnn_tf-{version.__version__}.dist-info/"
SOURCE = f"sketch_rnn_tf-{version.__version__}/"

# What comes with the models and the page is most of it; megabytes.
SIZE_LIMIT = 8


pytestmark = pytest.mark.skipif(
    not (ROOT / ".git").exists(), reason="needs the repository's history"
)


@pytest.fixture(scope="module")
def committed():
    """Returns the content of each file of the last commit."""
    archive = subprocess.run(
        ["git", "archive", "--format=tar", "HEAD"],
        cwd=ROOT,
        capture_output=True,
        check=True,
    ).stdout
    with tarfile.open(fileobj=io.BytesIO(archive)) as tar:
        return {
            member.name: tar.extractfile(member).read()
            for member in tar
            if member.isfile()
        }


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    return distribution.build(tmp_path_factory.mktemp("dist"))


@pytest.fixture(scope="module")
def wheel(built):
    with zipfile.ZipFile(built[0]) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


@pytest.fixture(scope="module")
def sdist(built):
    return _read_sdist(built[1])


def _read_sdist(path):
    with tarfile.open(path) as tar:
        return {
            member.name.removeprefix(SOURCE): tar.extractfile(member).read()
            for member in tar
            if member.isfile()
        }


def shipped(name):
    """Whether a file of the repository belongs into the wheel."""
    path = pathlib.PurePosixPath(name)
    if path.parts[0] not in PACKAGES or "dummy_data" in path.parts:
        return False
    folder = f"{path.parent}/"
    return (
        path.suffix == ".py"
        or path.name == "py.typed"
        or (folder == DATASET and path.name in DATASET_FILES)
        or folder.startswith("export/serving/templates/")
        or folder in ("export/web/dist/", "export/web/src/")
        or name == "export/web/sketch_rnn.js"
        or (path.parts[1] == "pretrained" and path.name in MODEL_FILES)
    )


class TestWheel:
    def test_holds_these_files_and_no_other(self, wheel, committed):
        expected = {name for name in committed if shipped(name)}
        written = {"METADATA", "WHEEL", "RECORD", "top_level.txt"}
        written |= {"entry_points.txt", "licenses/LICENSE"}
        assert set(wheel) == expected | {DIST_INFO + name for name in written}
        # That the rules above let through what they should.
        for name in pretrained.names():
            assert f"sketch_rnn_tf/pretrained/{name}/weights.npz" in expected
        assert "export/web/dist/index.html" in expected
        assert not any("test" in name for name in expected)

    def test_holds_them_as_they_were_committed(self, wheel, committed):
        for name in wheel:
            if not name.startswith(DIST_INFO):
                assert wheel[name] == committed[name], name

    def test_says_whose_it_all_is(self, wheel, committed):
        assert wheel[DIST_INFO + "licenses/LICENSE"] == committed["LICENSE"]
        for name in pretrained.names():
            folder = f"sketch_rnn_tf/pretrained/{name}/"
            card = json.loads(wheel[folder + "card.json"])
            told = " ".join(wheel[folder + "card.md"].decode().split())
            # Lines are broken at hyphens, too.
            for said in (card["licence"], card["attribution"]):
                assert said.replace(" ", "") in told.replace(" ", "")
        licences = wheel["export/web/dist/LICENSES.txt"].decode()
        assert "@tensorflow/tfjs-core" in licences

    def test_is_small(self, built):
        for path in built:
            assert path.stat().st_size < SIZE_LIMIT * 1e6


class TestSdist:
    def test_holds_what_the_wheel_is_built_of_and_no_more(self, sdist, wheel):
        info = "sketch_rnn_tf.egg-info/"
        written = {"PKG-INFO", "setup.cfg"}
        assert {
            name
            for name in sdist
            if not name.startswith(info) and name not in written
        } == {name for name in wheel if not name.startswith(DIST_INFO)} | {
            *("LICENSE", "MANIFEST.in", "README.md"),
            *("pyproject.toml", "setup.py"),
        }

    def test_holds_them_as_they_were_committed(self, sdist, committed):
        for name in sdist.keys() & committed.keys():
            assert sdist[name] == committed[name], name


@pytest.fixture(scope="module")
def again(tmp_path_factory):
    return distribution.build(tmp_path_factory.mktemp("again"))


class TestBuildingAgain:
    def test_gives_the_same_wheel_byte_for_byte(self, built, again):
        assert again[0].read_bytes() == built[0].read_bytes()

    def test_gives_an_sdist_of_the_same_files(self, sdist, again):
        assert _read_sdist(again[1]) == sdist

    def test_the_sdist_is_enough(self, built, wheel, tmp_path):
        with tarfile.open(built[1]) as tar:
            tar.extractall(tmp_path, filter="data")
        made = tmp_path / "made"
        subprocess.run(
            [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps"]
            + ["--no-index", "--no-build-isolation", "--wheel-dir", str(made)]
            + [str(tmp_path / SOURCE)],
            cwd=tmp_path,
            env=_environment(tmp_path),
            check=True,
        )
        with zipfile.ZipFile(made / built[0].name) as archive:
            assert set(archive.namelist()) == set(wheel)
            for name in wheel:
                if not name.startswith(DIST_INFO):
                    assert archive.read(name) == wheel[name]


class TestBadUse:
    def test_an_unknown_commit_is_told_in_one_line(self, tmp_path, capsys):
        arguments = ["--out", str(tmp_path / "dist"), "--commit", "no-such"]
        assert distribution.main(arguments) == 2
        (line,) = capsys.readouterr().err.splitlines()
        assert "no-such" in line
        assert not (tmp_path / "dist").exists()


@pytest.fixture(scope="module")
def installed(built, tmp_path_factory):
    """Returns an environment of nothing but the wheel, and the tests' packages.

    Those are lent by their path, as fetching them takes minutes and a registry;
    `make test-pythons` does that.  Neither the repository nor an editable
    install of it can be imported from there.
    """
    folder = tmp_path_factory.mktemp("empty") / "environment"
    subprocess.run(
        [sys.executable, "-m", "venv", "--without-pip", str(folder)], check=True
    )
    python = folder / "bin" / "python"
    subprocess.run(
        [sys.executable, "-m", "pip", "--python", str(python), "install"]
        + ["--quiet", "--no-index", "--no-deps", str(built[0])],
        cwd=folder,
        env=_environment(folder),
        check=True,
    )
    lent = [p for p in sys.path if pathlib.Path(p).name == "site-packages"]
    (packages,) = folder.glob("lib/python*/site-packages")
    (packages / "lent.pth").write_text("".join(f"{p}\n" for p in lent))
    return folder


def _environment(home):
    kept = ("PATH", "LANG", "TF_CPP_MIN_LOG_LEVEL")
    return {name: os.environ[name] for name in kept if name in os.environ} | {
        "HOME": str(home),
        "TFDS_DATA_DIR": str(home / "tfds"),
    }


class TestInstalled:
    def test_has_all_that_it_asks_for(self, installed, tmp_path):
        done = subprocess.run(
            [sys.executable, "-m", "pip", "--python"]
            + [str(installed / "bin" / "python"), "check"],
            cwd=tmp_path,
            env=_environment(tmp_path),
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0, done.stdout

    def test_has_the_command(self, installed, tmp_path):
        done = subprocess.run(
            [installed / "bin" / "sketch-rnn", "models"],
            cwd=tmp_path,
            env=_environment(tmp_path),
            capture_output=True,
            text=True,
        )
        assert (done.returncode, done.stderr) == (0, "")
        for name in pretrained.names():
            assert name in done.stdout

    def test_does_what_the_readme_says(self, installed, tmp_path, effort):
        script = pathlib.Path(readme_commands.__file__)
        every = ["--all"] if effort >= 2 else []
        done = subprocess.run(
            [installed / "bin" / "python", "-P", script, ROOT / "README.md"]
            + every,
            cwd=tmp_path,
            env=_environment(tmp_path),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        assert done.returncode == 0, done.stdout[-3000:]
        ran = [line for line in done.stdout.splitlines() if "ran " in line]
        print(*ran, sep="\n")
        assert f"package {installed.resolve()}" in done.stdout
        # But for what it takes from this environment, which may lie there.
        said = done.stdout.replace(sys.prefix, "")
        assert ROOT.as_posix() not in said
        assert (tmp_path / "cars.svg").read_text().count("<path") > 20


class TestReadmeCommands:
    text = (ROOT / "README.md").read_text()

    def test_each_is_run_or_left_out_for_a_reason(self):
        lines = readme_commands.lines(self.text)
        assert len(lines) > 30
        for start in (*readme_commands.LEFT_OUT, *readme_commands.LONG):
            assert any(line.startswith(start) for line in lines), start
        run = [line for line in lines if not readme_commands.left_out(line)]
        assert len(run) > 25

    def test_trainings_alone_are_changed(self):
        for line in readme_commands.lines(self.text):
            arguments = readme_commands.arguments_of(line)
            assert ("--steps" in arguments) == (
                line.startswith("train ") or "--steps" in line
            )
