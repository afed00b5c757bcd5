"""Tests of trainings, grids of them, and the command that makes Table 1."""

import dataclasses
import io
import json

import numpy as np
import pytest
import tensorflow as tf

from sketch_rnn_tf import cli, presets
from sketch_rnn_tf.experiments import (
    estimate,
    grid,
    pens,
    sources,
    table_files,
    trainings,
)
from sketch_rnn_tf.generation import evaluation
from sketch_rnn_tf.model import distributions, losses

COUNTS = {"train": 20, "valid": 5, "test": 6}


@pytest.fixture(autouse=True)
def few_doodles(monkeypatch):
    monkeypatch.setattr(sources, "DOODLE_COUNTS", COUNTS)


@pytest.fixture(scope="module")
def config():
    return presets.preset("tiny").replace(
        encoder_size=4,
        decoder_size=4,
        z_size=2,
        num_mixtures=2,
        batch_size=5,
        num_buckets=0,
        steps=4,
        validate_every=2,
    )


SETTINGS = [
    "--preset",
    "tiny",
    "--steps",
    "4",
    "--set",
    "encoder_size=4",
    "decoder_size=4",
    "z_size=2",
    "num_mixtures=2",
    "batch_size=5",
    "num_buckets=0",
    "validate_every=2",
]


@pytest.mark.slow
def test_the_command_goes_on_where_it_was_cut(tmp_path, capsys, monkeypatch):
    out, name = tmp_path / "out", "doodles.fish-kl1-seed0"
    rows = out / table_files.ROWS
    command = ["experiment", "table1", "--data", "doodles/fish"]
    command += [*SETTINGS, "--kl-weights", "1", "--out", str(out)]
    asked = []
    train = trainings.training_lib.train

    def cut(config, *arguments, **options):
        asked.append(options["resume"])
        if len(asked) == 1:
            train(config.replace(steps=2), *arguments, **options)
            raise OSError("cut")
        return train(config, *arguments, **options)

    monkeypatch.setattr(trainings.training_lib, "train", cut)
    assert cli.main(command) == 2
    assert "cut" in capsys.readouterr().err
    record = trainings.read(rows, name)
    assert record["result"] is None and record["seconds"] > 0
    training = trainings.restored(rows, name)
    assert 0.4 < trainings.share_done(training, rows) < 0.6

    assert cli.main(command) == 0
    printed = capsys.readouterr().out
    assert "1 trainings, 0 done before" in printed
    assert f"{name}: L_R " in printed
    found = trainings.read(rows, name)["result"]
    assert asked == [False, True] and found["steps"] == 4
    assert found["minutes"] > record["seconds"] / 60
    assert trainings.share_done(training, rows) == 1
    # The best weights, over the whole test split.
    model = trainings.load(rows, name)
    values = evaluation.evaluate(model, sources.load("doodles/fish").test)
    assert found["recon"] == pytest.approx(values["recon"])
    assert found["test_count"] == 6 and found["train_count"] == 20
    assert found["max_len"] == model.config.max_len
    assert "<img" in (out / "index.html").read_text()
    assert (out / "tradeoff.svg").is_file()

    # Finished rows are not trained again.
    weights = rows / name / "best.weights.h5"
    before = weights.stat().st_mtime_ns
    assert cli.main(command) == 0
    assert "1 done before" in capsys.readouterr().out
    assert weights.stat().st_mtime_ns == before

    # A changed setting is refused, in a line that says which.
    assert cli.main([*command, "--set", "decoder_size=5"]) == 2
    said = capsys.readouterr().err
    assert said.count("\n") == 1
    assert "decoder_size is 4 there, 5 here" in said
    assert cli.main([*command, "--minutes", "1"]) == 2
    assert "minutes is None there, 1.0 here" in capsys.readouterr().err


@pytest.mark.parametrize(
    "more, said",
    [
        (["--data", "nowhere.npz"], "nowhere.npz"),
        (["--data", "doodles/cat,doodles/cat"], "twice"),
        (["--classes", "cat"], "folder"),
        (["--data", "doodles/cat", "--union"], "union"),
        (["--data", "doodles/cat", "--set", "kl_weight=2"], "kl_weight"),
        (["--data", "doodles/cat", "--preset", "tinny"], "tinny"),
        (["--data", "doodles/cat,nowhere.npz"], "nowhere.npz"),
    ],
)
def test_bad_input_is_told_before_anything_is_written(
    tmp_path, capsys, more, said
):
    out = tmp_path / "out"
    assert cli.main(["experiment", "table1", *more, "--out", str(out)]) == 2
    line = capsys.readouterr().err
    assert said in line and line.count("\n") == 1
    assert not out.exists()


def test_minutes_that_were_trained_count(tmp_path, config, monkeypatch):
    training = trainings.make("doodles/fish", config, minutes=3.0)
    record = trainings.prepare(training, tmp_path)
    record["seconds"] = 60.0
    (tmp_path / f"{training.name}.json").write_text(json.dumps(record))
    assert trainings.share_done(training, tmp_path) == pytest.approx(1 / 3)
    given = {}

    def train(*_, **options):
        given.update(options)
        raise OSError("enough")

    monkeypatch.setattr(trainings.training_lib, "train", train)
    with pytest.raises(OSError, match="enough"):
        trainings.run(training, tmp_path)
    assert given["max_minutes"] == pytest.approx(2.0)


def test_other_data_of_the_same_name_are_refused(tmp_path, config, monkeypatch):
    training = trainings.make("doodles/fish", config)
    record = trainings.prepare(training, tmp_path)
    record["data"]["counts"] = {"train": 21, "valid": 5, "test": 6}
    (tmp_path / f"{training.name}.json").write_text(json.dumps(record))
    with pytest.raises(ValueError, match="21/5/6 sketches there, 20/5/6"):
        trainings.run(training, tmp_path)


def test_a_damaged_record_is_told(tmp_path, config):
    training = trainings.make("doodles/fish", config)
    (tmp_path / f"{training.name}.json").write_text("{")
    with pytest.raises(ValueError, match="record of a training"):
        trainings.check(training, tmp_path)


def test_trainings_side_by_side_take_turns_in_the_places(
    tmp_path, config, monkeypatch
):
    class Process:
        """Ends when it has been looked at twice."""

        running, most = set(), 0

        def __init__(self, command, env, **_):
            self.name, self.polled, self.returncode = command[-1], 0, 0
            self.place = env["PLACE"]
            self.stderr = io.StringIO()
            assert self.place not in Process.running
            Process.running.add(self.place)
            Process.most = max(Process.most, len(Process.running))

        def poll(self):
            self.polled += 1
            if self.polled < 2:
                return None
            Process.running.discard(self.place)
            record = trainings.read(tmp_path, self.name)
            record["result"] = {
                "name": self.name, "kl_weight": 1.0, "recon": 0.0, "kl": 0.0,
                "steps": 4, "minutes": 0.1,
            }  # fmt: skip
            trainings._write(record, tmp_path, self.name)
            return 0

    monkeypatch.setattr(grid.subprocess, "Popen", Process)
    asked = [
        trainings.make("doodles/fish", config.replace(seed=seed))
        for seed in range(3)
    ]
    said = []
    found = grid.run(
        asked,
        tmp_path,
        places=[{"PLACE": "0"}, {"PLACE": "1"}],
        say=said.append,
    )
    assert [r["name"] for r in found] == [t.name for t in asked]
    assert Process.most == 2 and len(said) == 3


@pytest.mark.slow
def test_a_process_of_its_own_trains_and_tells_what_is_wrong(tmp_path):
    # Processes of their own have all doodles.
    config = presets.preset("tiny").replace(steps=2, validate_every=2)
    good = trainings.make("doodles/fish", config)
    bad = dataclasses.replace(good, name="bad", spec="nowhere.npz")
    (found,) = grid.run([good], tmp_path, places=[{}, {}])
    assert found["steps"] == 2
    with pytest.raises(ValueError, match="bad: data: nowhere.npz"):
        grid.run([bad], tmp_path, places=[{}, {}])


def test_weighted_pen_loss_counts_up_to_the_first_end():
    logits = tf.zeros([1, 4, 3])
    pens_drawn = [[1, 0, 0], [0, 1, 0], [0, 0, 1], [0, 0, 1]]
    targets = np.zeros([1, 4, 5], np.float32)
    targets[0, :, 2:] = pens_drawn
    loss = pens.weighted_pen_loss(logits, tf.constant(targets), 4)
    # log 3 each, 1 + 10 + 100 times; the last row is not counted.
    np.testing.assert_allclose(loss, [111 * np.log(3) / 4], rtol=1e-6)
    points = distributions.point_distribution(tf.zeros([1, 4, 6 * 2 + 3]))
    plain = losses.reconstruction(points, tf.constant(targets), max_len=4)
    np.testing.assert_allclose(plain.pen, [4 * np.log(3) / 4], rtol=1e-6)


def test_a_step_takes_longer_of_longer_sketches_and_larger_models(config):
    def seconds(changed=None, lengths=(10, 20)):
        return estimate.seconds_a_step(changed or config, lengths, rate=1e9)

    assert seconds(lengths=(10, 40)) > seconds() > 0
    assert seconds(config.replace(decoder_size=8)) > seconds()
    assert seconds(config.replace(conditional=False)) < seconds()
    bucketed = config.replace(num_buckets=4)
    assert seconds(bucketed) < seconds()
    assert seconds(config.replace(max_len=5)) == 0
    assert estimate.product_rate(0.01) > 1e8
