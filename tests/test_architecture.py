"""Tests of the schematic and of the board that it is drawn on."""

import re

import pytest

from sketch_rnn_tf import config as config_lib, drawing
from sketch_rnn_tf.diagrams import architecture, board as board_lib

LARGE = config_lib.Config(
    encoder_cell="hyper",
    encoder_size=23456,
    decoder_cell="layer_norm",
    decoder_size=34567,
    z_size=45678,
    num_mixtures=12345,
    max_len=1234,
    words=("the_cat", "<b>"),
)


def texts(picture):
    """Lists the texts of a picture, formulas without their subscripts' size."""
    found = re.findall(r"<text.*?</text>", picture.tostring())
    return [re.sub(r"<.*?>", "", text) for text in found]


def test_schematic_tells_the_sizes_of_its_model():
    shown = texts(architecture.draw(LARGE, parameters=9876543))
    assert shown.count("23456") == 6  # three steps, two directions
    assert shown.count("34567") == 3
    assert shown.count("HyperLSTM") == 6 and shown.count("LN-LSTM") == 3
    assert shown.count("45678") == 3  # mu, sigma-hat and z
    assert shown.count(str(6 * 12345 + 3)) == 3
    assert {"2 × 23456", "5 + 45678 numbers", "Nmax = 1234"} <= set(shown)
    assert "wKL = 0.5" in shown and "KLmin = 0.2" in shown
    # The words of users are no formulas, nor markup.
    assert "9,876,543 parameters · the_cat, &lt;b&gt;" in shown


def test_unconditional_schematic_has_no_encoder_and_no_z():
    shown = texts(architecture.draw(LARGE.replace(conditional=False)))
    assert "Decoder" in shown and "zeros" in shown
    assert not {"Encoder", "Latent vector", "z", "LKL"} & set(shown)
    assert "5 numbers" in shown and not any("KL =" in t for t in shown)


def test_schematic_tells_a_squashed_z():
    squashed = architecture.draw(LARGE.replace(squash_z=True))
    assert "tanh(W tanh z + b)" in texts(squashed)
    assert "tanh(W z + b)" in texts(architecture.draw(LARGE))


def test_long_lines_of_a_box_stay_within_it():
    board = board_lib.Board(100, 100, "light")
    board.box((0, 0, 40, 48), ["HyperLSTM", "S_{12345}"], "#ff0000")
    sizes = re.findall(r'<text[^>]*font-size="([\d.]+)"',
                       board.drawing.tostring())  # fmt: skip
    for text, size in zip(["HyperLSTM", "S_{12345}"], sizes, strict=True):
        assert board_lib.formula_width(text, float(size)) <= 30.1


def test_arrow_ends_where_it_points():
    board = board_lib.Board(100, 100, "light")
    board.arrow((10, 90), (10, 50), (60, 50), color="#ff0000")
    source = board.drawing.tostring()
    assert 'points="60,50 53,46 53,54"' in source
    assert 'points="10,90 10,50 53,50"' in source


def test_schematic_is_written_in_both_themes(tmp_path):
    picture = architecture.draw(LARGE, theme="dark")
    assert drawing.write(tmp_path / "a.png", picture).stat().st_size > 10_000
    assert drawing.write(tmp_path / "a.svg", picture).stat().st_size > 10_000
    assert (
        picture.tostring() == architecture.draw(LARGE, theme="dark").tostring()
    )
    assert picture.tostring() != architecture.draw(LARGE).tostring()
    with pytest.raises(ValueError, match="theme"):
        architecture.draw(LARGE, theme="blue")
