import sys

import numpy as np

from benchmarks import published
from sketch_rnn_tf import config
from sketch_rnn_tf.files import sketchrnn_npz
from sketch_rnn_tf.model import vae
from sketch_rnn_tf.weights import sketch_rnn_js


def run(monkeypatch, *arguments):
    monkeypatch.setattr(sys, "argv", ["published", *map(str, arguments)])
    return published.main()


def test_no_weights_are_said_in_one_line(monkeypatch, capsys, tmp_path):
    assert run(monkeypatch, tmp_path, tmp_path) == 2
    err = capsys.readouterr().err
    assert err.count("\n") == 1
    assert "expected files <word>.gen.json" in err


def test_scores_depend_on_each_words_own_scale(monkeypatch, capsys, tmp_path):
    # The same drawings ten times as large are the same once normalised.
    rng = np.random.default_rng(0)
    sketches = []
    for _ in range(4):
        offsets = rng.integers(-9, 10, (8, 2))
        pens = np.zeros((8, 1), int)
        pens[-1] = 1
        sketches.append(np.concatenate([offsets, pens], axis=1))
    larger = [s * np.array([10, 10, 1]) for s in sketches]
    for word, drawn in (("large", larger), ("small", sketches)):
        splits = dict.fromkeys(("train", "valid", "test"), drawn)
        sketchrnn_npz.write(tmp_path / f"{word}.npz", splits)
        model = vae.SketchRNN(
            config.Config(
                conditional=False,
                decoder_size=8,
                max_len=10,
                scale_factor=3.0,
                seed=len(word),
            )
        )
        sketch_rnn_js.export_sketch_rnn_js(model, tmp_path / f"{word}.gen.json")
    assert run(monkeypatch, tmp_path, tmp_path) in (0, 1)
    table = capsys.readouterr().out.splitlines()
    assert table[0].split() == ["drawings", "large", "small"]
    assert table[1].split()[1:] == table[2].split()[1:]
