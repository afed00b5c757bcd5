"""Tests of the comparison with the reference's way of training."""

import json
import pathlib

import numpy as np
import pytest

from benchmarks import against_reference, timed_training, timed_worker
from sketch_rnn_tf.files import sketchrnn_npz
from sketch_rnn_tf.generation import evaluation


def test_compiling_is_what_a_first_step_takes_more():
    clock = timed_training.Clock()
    assert clock.add(10, 5.0) == 0
    assert clock.add(20, 3.0) == 0
    # The second says how long the first would have taken.
    assert clock.add(10, 1.0) == 2.0
    assert clock.add(10, 1.5) == 1.5
    assert (clock.trained, clock.compiled) == (3.5, 7.0)


def test_plain_batches_are_drawn_anew_and_padded(sketches, tiny_config):
    config = tiny_config.replace(random_scale=0.0, point_drop_rate=0.0)
    made = timed_training.drawn_anew(sketches, config)
    first, second = next(made), next(made)
    assert first["strokes"].shape == (5, config.max_len + 1, 5)
    lengths = first["lengths"].numpy()
    rows = first["strokes"].numpy()[:, 1:, :2] * config.scale_factor
    for row, length in zip(rows, lengths, strict=True):
        assert any(
            len(s) == length and np.allclose(row[:length], s[:, :2], atol=1e-4)
            for s in sketches
        )
    assert not np.array_equal(first["strokes"], second["strokes"])
    again = next(timed_training.drawn_anew(sketches, config))
    np.testing.assert_array_equal(first["strokes"], again["strokes"])


def test_plain_batches_are_augmented(sketches, tiny_config):
    config = tiny_config.replace(random_scale=0.4, point_drop_rate=0.9)
    long = [np.concatenate([s[:, :3] * [1, 1, 0], [[0, 0, 1]]])
            for s in sketches if len(s) == 11]  # fmt: skip
    batch = next(timed_training.drawn_anew(3 * long, config))
    assert batch["lengths"].numpy().max() < 12


@pytest.mark.slow
def test_both_ways_train_and_what_is_compared_is_their_evaluation(
    sketches, tiny_config
):
    told = []
    config = tiny_config.replace(batch_size=5)
    clock, steps, plain = timed_training.train_plain(
        config, sketches, seconds=1e-3, progress=told.append
    )
    assert steps >= 2 and sum(told) == pytest.approx(clock.trained)
    clock, ours_steps, ours, snapshot = timed_training.train_ours(
        config, sketches, seconds=1e-3, snapshot_steps=3, progress=told.append
    )
    assert ours_steps >= 2 and clock.compiled > 0
    for model in (plain, ours):
        model.compile()
        found = timed_training.losses(model, sketches)
        assert found["loss"] == pytest.approx(
            found["recon"] + config.kl_weight * found["kl"], rel=1e-5
        )
    in_time = evaluation.evaluate(ours, sketches)["loss"]
    ours.set_weights(snapshot)
    assert evaluation.evaluate(ours, sketches)["loss"] != in_time


def run(loss, **more):
    losses = {"recon": loss, "kl": 0.0, "loss": loss}
    return {"in_time": losses, "steps": 3, "trained_seconds": 2.0,
            "compiled_seconds": 1.0, **more}  # fmt: skip


def ratios(plain, in_time, in_steps):
    runs = {
        ("plain", 0): run(plain),
        ("ours", 0): run(in_time, in_steps=run(in_steps)["in_time"]),
    }
    rows = against_reference.compared(runs)
    return [row.ratio >= 1 for row in rows if row.ratio is not None]


def test_bars_are_a_tenth_of_a_nat_and_a_fiftieth():
    assert ratios(1.0, 0.89, 1.01) == [True, True]
    assert ratios(1.0, 0.91, 1.03) == [False, False]


@pytest.fixture
def data(sketches, tmp_path):
    path = tmp_path / "drawn.npz"
    whole = [sketch.astype(np.int16) for sketch in sketches]
    sketchrnn_npz.write(path, dict.fromkeys(("train", "valid", "test"), whole))
    return str(path)


def command(data, work, *more):
    return ["--data", data, "--minutes", "0.001", "--seeds", "0", "--preset",
            "tiny", "--set", "batch_size=5", "decoder_size=4", "num_buckets=0",
            "encoder_size=4", "--work", str(work), *more]  # fmt: skip


def test_runs_are_kept_and_other_settings_refused(
    data, tmp_path, monkeypatch, capsys
):
    made = []

    def fake(asked, check):
        asked = json.loads(asked[-1])
        made.append((asked["settings"]["way"], asked["snapshot_steps"]))
        found = run(1.0, in_steps=run(0.9)["in_time"])
        text = json.dumps({"settings": asked["settings"], "found": found})
        (tmp_path / "work").mkdir(exist_ok=True)
        pathlib.Path(asked["out"]).write_text(text)
        return type("Ended", (), {"returncode": 0})

    monkeypatch.setattr(against_reference.subprocess, "run", fake)
    work = tmp_path / "work"
    assert against_reference.main(command(data, work)) == 1
    assert made == [("plain", 0), ("ours", 3)]
    file = tmp_path / "table.json"
    against_reference.main(command(data, work, "--json", str(file)))
    assert len(made) == 2 and json.loads(file.read_text())
    capsys.readouterr()
    assert against_reference.main(command(data, work, "--minutes", "2")) == 2
    said = capsys.readouterr().err
    assert "minutes is 0.001 there, 2.0 here" in said and said.count("\n") == 1


@pytest.mark.slow
def test_a_worker_writes_what_it_found(data, tmp_path):
    arguments = against_reference._Parser()
    for name, value in {
        "data": data, "preset": "tiny", "minutes": 1e-5,
        "set": ["batch_size=5", "decoder_size=4", "encoder_size=4",
                "num_buckets=0", "num_mixtures=2"],
    }.items():  # fmt: skip
        setattr(arguments, name, value)
    settings = against_reference._settings("ours", 0, arguments)
    asked = {"settings": settings, "snapshot_steps": 2,
             "out": str(tmp_path / "work" / "ours-seed0.json")}  # fmt: skip
    assert timed_worker.main([json.dumps(asked)]) == 0
    found = against_reference._read(tmp_path / "work", "ours", 0, arguments)
    assert found["steps"] == 2 and found["in_time"] == found["in_steps"]


@pytest.mark.parametrize(
    "more, said",
    [
        (["--set", "batch_size=50"], "a batch"),
        (["--data", "nowhere.npz"], "nowhere.npz"),
        (["--minutes", "0"], "--minutes"),
    ],
)
def test_bad_input_is_told_in_one_line(data, tmp_path, capsys, more, said):
    try:
        status = against_reference.main(command(data, tmp_path / "w", *more))
    except SystemExit as stopped:
        status = stopped.code
    line = capsys.readouterr().err
    assert status == 2 and said in line and line.count("\n") == 1
