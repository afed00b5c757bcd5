"""The JavaScript library, tested in Node."""

import os
import pathlib
import shutil
import subprocess

import pytest
import web_exports

WEB = pathlib.Path(__file__).parents[1] / "export" / "web"
CHROMIUM = os.environ.get("CHROMIUM") or shutil.which("chromium")

pytestmark = pytest.mark.skipif(
    not shutil.which("node") or not (WEB / "node_modules").is_dir(),
    reason="needs node, and `npm ci` in export/web",
)


@pytest.fixture(scope="module")
def exports(tmp_path_factory):
    """Returns a folder of exports and of what TensorFlow gives for them."""
    folder = tmp_path_factory.mktemp("web")
    web_exports.write(folder)
    return folder


@pytest.mark.parametrize("name", ["library", "parity"])
def test_the_library_in_node(exports, name):
    _run(name, {"SKETCH_RNN_EXPORTS": str(exports)})


@pytest.mark.skipif(not CHROMIUM, reason="needs chromium, or $CHROMIUM")
def test_the_library_in_chromium(exports):
    found = {"SKETCH_RNN_EXPORTS": str(exports), "CHROMIUM": CHROMIUM}
    _run("chromium", found)


def _run(name, variables):
    done = subprocess.run(
        ["node", "--test", f"tests/{name}.test.js"],
        cwd=WEB,
        env=os.environ | variables,
        capture_output=True,
        text=True,
        timeout=600,
    )
    assert done.returncode == 0, done.stdout[-6000:] + done.stderr[-2000:]
    assert "# skipped 0" in done.stdout


def test_types_are_right():
    done = subprocess.run(
        [WEB / "node_modules" / ".bin" / "tsc", "-p", "."],
        cwd=WEB,
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stdout
