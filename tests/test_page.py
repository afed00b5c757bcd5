"""The page: built as its sources say, and driven in Chromium."""

import os
import pathlib
import shutil
import subprocess

import pytest
import web_exports

from export import tfjs
from export.tfjs import page

WEB = pathlib.Path(__file__).parents[1] / "export" / "web"
CHROMIUM = os.environ.get("CHROMIUM") or shutil.which("chromium")

needs_node = pytest.mark.skipif(
    not shutil.which("node") or not (WEB / "node_modules").is_dir(),
    reason="needs node, and `npm ci` in export/web",
)


def test_the_built_page_is_in_the_package():
    names = {file.name for file in page.page_files()}
    assert {"index.html", "page.css", "page.js", "worker.js"} <= names
    assert "tfjs-backend-wasm-simd.wasm" in names


def test_the_page_brings_the_licences_of_what_it_is_made_of():
    (file,) = [f for f in page.page_files() if f.name == "LICENSES.txt"]
    text = file.read_text()
    ours = (WEB.parents[1] / "LICENSE").read_text()
    assert text.endswith(ours.strip("\n") + "\n")
    # The MIT licence asks for its notice in every copy.
    assert "seedrandom 3.0.5: MIT\n\nCopyright 2019 David Bau." in text
    for name in ("core", "converter", "backend-wasm", "backend-webgl"):
        assert f"@tensorflow/tfjs-{name} 4.22.0: Apache-2.0\n" in text


@needs_node
def test_the_built_page_is_current():
    done = subprocess.run(
        ["node", "build.mjs", "--check"],
        cwd=WEB,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr


@pytest.mark.slow
@needs_node
@pytest.mark.skipif(not CHROMIUM, reason="needs chromium, or $CHROMIUM")
def test_a_person_uses_the_page(tmp_path):
    for name, conditional in (("Sketches", True), ("Strokes", False)):
        model = web_exports.make_model("lstm", conditional=conditional)
        tfjs.export_page(model, tmp_path, name=name, quantize="uint16")
    done = subprocess.run(
        ["node", "--test", "tests/page.test.js"],
        cwd=WEB,
        env=os.environ
        | {"SKETCH_RNN_PAGE": str(tmp_path), "CHROMIUM": CHROMIUM},
        capture_output=True,
        text=True,
        timeout=900,
    )
    assert done.returncode == 0, done.stdout[-6000:] + done.stderr[-2000:]
    assert "# skipped 0" in done.stdout
