"""The JavaScript library, tested in Node."""

import os
import pathlib
import re
import shutil
import subprocess

import pytest
import tensorflow as tf
import web_exports
from tensorflow.python.framework import convert_to_constants

import export
from sketch_rnn_tf import config as config_lib

WEB = pathlib.Path(__file__).parents[1] / "export" / "web"
CHROMIUM = os.environ.get("CHROMIUM") or shutil.which("chromium")

NEEDS_NODE = pytest.mark.skipif(
    not shutil.which("node") or not (WEB / "node_modules").is_dir(),
    reason="needs node, and `npm ci` in export/web",
)
pytestmark = [pytest.mark.slow, NEEDS_NODE]


@pytest.fixture(scope="module")
def exports(tmp_path_factory):
    """Returns a folder of exports and of what TensorFlow gives for them."""
    folder = tmp_path_factory.mktemp("web")
    web_exports.write(folder)
    return folder


@pytest.mark.parametrize("name", ["library", "parity"])
def test_the_library_in_node(exports, name):
    run(name, {"SKETCH_RNN_EXPORTS": str(exports)})


@pytest.mark.skipif(not CHROMIUM, reason="needs chromium, or $CHROMIUM")
def test_the_library_in_chromium(exports):
    found = {"SKETCH_RNN_EXPORTS": str(exports), "CHROMIUM": CHROMIUM}
    run("chromium", found)


def run(name, variables):
    """Runs one file of the JavaScript tests, with variables set."""
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


@pytest.mark.parametrize("cell", config_lib.CELLS)
@pytest.mark.parametrize("name", ["encode", "browser"])
def test_tensorflow_js_has_every_op_of_what_the_stock_converter_takes(
    tmp_path, cell, name
):
    model = web_exports.make_model(cell, conditional=True, size=16)
    saved = export.export_saved_model(model, tmp_path / "saved")
    loaded = tf.saved_model.load(str(saved))
    frozen = convert_to_constants.convert_variables_to_constants_v2(
        loaded.signatures[name], lower_control_flow=False
    ).graph.as_graph_def()
    nodes = [*frozen.node]
    for inner in frozen.library.function:
        nodes += inner.node_def
    converter = WEB / "node_modules" / "@tensorflow" / "tfjs-converter" / "dist"
    known = set(
        re.findall(
            r"'?tfOpName'?: '(\w+)'",
            (converter / "tf-converter.node.js").read_text(),
        )
    )
    assert len(known) > 200
    # The converter inlines calls and strips assertions.
    gone = {"Assert", "PartitionedCall", "StatefulPartitionedCall"}
    assert {node.op for node in nodes} - known - gone == set()


def test_types_are_right():
    done = subprocess.run(
        [WEB / "node_modules" / ".bin" / "tsc", "-p", "."],
        cwd=WEB,
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stdout
