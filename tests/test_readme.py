import os
import pathlib
import re
import shlex
import subprocess
import sys

import pytest

from sketch_rnn_tf.command_line import parser

ROOT = pathlib.Path(__file__).resolve().parents[1]
README = (ROOT / "README.md").read_text()


def blocks(language):
    return re.findall(rf"```{language}\n(.*?)```", README, re.DOTALL)


def commands():
    for block in blocks("sh"):
        for line in block.splitlines():
            if line.startswith("sketch-rnn "):
                yield line


def run(code, folder, data_dir):
    """Runs Python as pasted, in a fresh process; Keras' warnings are its."""
    result = subprocess.run(
        [sys.executable, "-c", code],
        cwd=folder,
        env={
            **os.environ,
            "TFDS_DATA_DIR": str(data_dir),
            "PYTHONPATH": str(ROOT),
        },
        capture_output=True,
        text=True,
    )
    assert result.returncode == 0, result.stderr[-2000:]
    return result.stdout


@pytest.fixture(scope="module")
def data_dir(tmp_path_factory):
    return tmp_path_factory.mktemp("tfds")


@pytest.fixture(scope="module")
def trained(tmp_path_factory, data_dir):
    """Where the ten lines have run as they stand, and a model been exported."""
    folder = tmp_path_factory.mktemp("readme")
    code = blocks("python")[0]
    # Beyond what stands there: export, for the block that serves the model.
    code += '\nsrnn.export_saved_model(model, "saved_model")\n'
    run(code, folder, data_dir)
    return folder


@pytest.mark.slow
def test_ten_lines_train_and_draw_as_they_stand(trained):
    assert (trained / "samples.svg").read_text().count("<path") > 9


@pytest.mark.slow
def test_served_block_answers_as_it_stands(trained, data_dir):
    out = run(blocks("python")[1], trained, data_dir)
    assert out.strip().endswith("[0]")


@pytest.mark.parametrize("line", list(commands()))
def test_commands_are_understood(line):
    arguments = parser.build().parse_args(shlex.split(line)[1:])
    assert arguments.command


def test_figures_are_filled_in():
    assert not re.search(r"@[A-Z]+@", README)


def test_pictures_are_there():
    pictures = re.findall(r"!\[.*?\]\((.*?)\)", README)
    assert pictures
    for picture in pictures:
        assert (ROOT / picture).is_file(), picture
