"""The installed package: what the wheel holds, what an import loads."""

import pathlib
import re
import shutil
import subprocess
import sys
import zipfile

import pytest

from sketch_rnn_tf import version

ROOT = pathlib.Path(__file__).resolve().parents[1]
PACKAGES = ("sketch_rnn_tf", "tfds_quickdraw", "export")
LIGHT = [
    "sketch_rnn_tf",
    "sketch_rnn_tf.strokes",
    "sketch_rnn_tf.doodles",
    "sketch_rnn_tf.drawing",
    "sketch_rnn_tf.files.sketchrnn_npz",
    "sketch_rnn_tf.config",
    "sketch_rnn_tf.pretrained",
    "sketch_rnn_tf.cli",
    "export.client",
]
MODEL_FILES = ("config.json", "weights.npz", "card.json", "card.md")
HEAVY = ("tensorflow", "keras", "tensorflow_probability", "tf_keras")


def _python(script, **environment):
    return subprocess.run(
        [sys.executable, "-c", script],
        env={"PATH": "/usr/bin:/bin", "PYTHONPATH": str(ROOT), **environment},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    """Builds the wheel, offline, from a copy: building writes beside it."""
    folder = tmp_path_factory.mktemp("build")
    source = folder / "source"
    source.mkdir()
    for name in (*PACKAGES, "setup.py", "pyproject.toml", "README.md"):
        path = ROOT / name
        if path.is_dir():
            ignored = shutil.ignore_patterns("__pycache__")
            shutil.copytree(path, source / name, ignore=ignored)
        else:
            shutil.copy(path, source)
    shutil.copy(ROOT / "LICENSE", source)
    # A model as one is shipped; none need be.
    shipped = source / "sketch_rnn_tf" / "pretrained" / "stand-in"
    shipped.mkdir()
    for name in (*MODEL_FILES, "notes.txt"):
        (shipped / name).write_text(name)
    result = subprocess.run(
        [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps"]
        + ["--no-index", "--no-build-isolation", "--wheel-dir", str(folder)]
        + [str(source)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 0, result.stderr[-2000:]
    (path,) = folder.glob("*.whl")
    assert path.name == f"sketch_rnn_tf-{version.__version__}-py3-none-any.whl"
    with zipfile.ZipFile(path) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


class TestWheel:
    def test_has_every_module_as_it_is_here(self, wheel):
        modules = [
            path.relative_to(ROOT).as_posix()
            for package in PACKAGES
            for path in (ROOT / package).rglob("*.py")
            if "dummy_data" not in path.parts
        ]
        assert len(modules) > 30
        assert sorted(name for name in wheel if name.endswith(".py")) == (
            sorted(modules)
        )
        for name in modules:
            assert wheel[name] == (ROOT / name).read_bytes()

    def test_says_that_it_is_typed(self, wheel):
        for package in PACKAGES:
            assert f"{package}/py.typed" in wheel

    @pytest.mark.parametrize(
        "name", ["README.md", "CITATIONS.bib", "TAGS.txt", "checksums.tsv"]
    )
    def test_has_what_tfds_reads_beside_the_builder(self, wheel, name):
        path = f"tfds_quickdraw/quickdraw_strokes/{name}"
        assert wheel[path] == (ROOT / path).read_bytes()

    def test_has_the_templates_of_bundles(self, wheel):
        folder = ROOT / "export" / "serving" / "templates"
        paths = [path for path in folder.rglob("*") if path.is_file()]
        assert len(paths) >= 8
        for path in paths:
            name = path.relative_to(ROOT).as_posix()
            assert wheel[name] == path.read_bytes()

    def test_has_the_files_of_shipped_models(self, wheel):
        folder = "sketch_rnn_tf/pretrained/stand-in"
        for name in MODEL_FILES:
            assert wheel[f"{folder}/{name}"] == name.encode()
        assert f"{folder}/notes.txt" not in wheel
        for card in ROOT.glob("sketch_rnn_tf/pretrained/*/card.json"):
            for name in MODEL_FILES:
                path = card.with_name(name)
                name = path.relative_to(ROOT).as_posix()
                assert wheel[name] == path.read_bytes()

    def test_metadata(self, wheel):
        (name,) = [n for n in wheel if n.endswith(".dist-info/METADATA")]
        metadata = wheel[name].decode()
        assert f"\nVersion: {version.__version__}\n" in metadata
        assert "\nAuthor: the sketch_rnn_tf developers\n" in metadata
        for needed in ("keras", "tensorflow", "tensorboard", "svgwrite"):
            assert re.search(rf"^Requires-Dist: {needed}\b", metadata, re.M)
        entry = name.replace("METADATA", "entry_points.txt")
        assert b"sketch-rnn = sketch_rnn_tf.cli:run" in wheel[entry]
        assert any("LICENSE" in n for n in wheel)

    def test_has_nothing_else(self, wheel):
        others = [
            name
            for name in wheel
            if name.partition("/")[0] not in PACKAGES
            and ".dist-info/" not in name
        ]
        assert others == []


class TestImport:
    def test_numpy_is_all_that_formats_and_drawings_need(self):
        result = _python(
            f"import sys, {', '.join(LIGHT)}\n"
            f"print([m for m in {HEAVY} if m in sys.modules])"
        )
        assert result.stdout == "[]\n", result.stderr

    def test_names_of_shipped_models_need_no_import_of_their_own(self):
        result = _python(
            "import sketch_rnn_tf; print(sketch_rnn_tf.pretrained.names())"
        )
        assert result.stdout.startswith("["), result.stderr

    def test_public_names_are_there(self):
        import sketch_rnn_tf

        for name in sketch_rnn_tf.__all__:
            assert getattr(sketch_rnn_tf, name) is not None
        with pytest.raises(AttributeError, match="no attribute 'sketch'"):
            sketch_rnn_tf.sketch  # noqa: B018


class TestBackend:
    """Another backend of Keras is refused; what needs none does not care."""

    MESSAGE = (
        "ImportError: sketch_rnn_tf: expected the TensorFlow backend of "
        "Keras, got 'jax'; set KERAS_BACKEND=tensorflow"
    )

    @pytest.mark.parametrize(
        "script",
        [
            "import sketch_rnn_tf; sketch_rnn_tf.SketchRNN",
            "import export.saved_model",
        ],
    )
    def test_jax_is_refused_in_one_line(self, script):
        result = _python(script, KERAS_BACKEND="jax", TF_CPP_MIN_LOG_LEVEL="3")
        assert result.returncode == 1
        assert result.stderr.splitlines()[-1] == self.MESSAGE

    def test_drawings_and_data_do_without_keras(self):
        result = _python(
            f"import {', '.join(LIGHT)}, tfds_quickdraw", KERAS_BACKEND="jax"
        )
        assert (result.returncode, result.stderr) == (0, "")

    def test_the_command_line_uses_tensorflow_whatever_is_set(self, tmp_path):
        result = _python(
            "import sys\n"
            "from sketch_rnn_tf import cli\n"
            "sys.exit(cli.main(['sample', '--model', '/nothing', '--out', "
            "'a.svg']))",
            KERAS_BACKEND="jax",
        )
        assert result.returncode == 2
        assert result.stderr == (
            "sketch-rnn: /nothing: expected a work directory, found none\n"
        )
