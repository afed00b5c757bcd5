"""How large a model is, before it is made."""

import pytest

from sketch_rnn_tf import config as config_lib
from sketch_rnn_tf.model import size as size_lib, vae


@pytest.mark.parametrize("cell", config_lib.CELLS)
@pytest.mark.parametrize("conditional", [True, False])
def test_no_model_is_smaller(cell, conditional):
    config = config_lib.Config(
        conditional=conditional,
        encoder_cell=cell,
        encoder_size=20,
        decoder_cell=cell,
        decoder_size=30,
        z_size=7,
        class_size=3,
        words=("cat", "pig"),
        num_mixtures=5,
        max_len=9,
        scale_factor=1.0,
    )
    weights = vae.SketchRNN(config).weights
    matrices = sum(int(w.numpy().size) for w in weights if len(w.shape) > 1)
    least = size_lib.least(config)
    assert least <= matrices
    # A hyper cell has those of its own network as well.
    assert (least == matrices) == (cell != "hyper")


def test_a_file_that_is_too_small_is_refused():
    config = config_lib.Config(conditional=False, decoder_size=10)
    count = size_lib.least(config)
    size_lib.check(config, count, where="a.npz")
    with pytest.raises(ValueError, match=f"a.npz: .* {count:,} or more, got"):
        size_lib.check(config, count - 1, where="a.npz")


def test_params_size_is_that_of_eq_6():
    assert size_lib.params_size(20) == 20 * 5 + 20 + 3
