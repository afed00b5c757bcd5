import doctest
import json

import numpy as np
import pytest
import tensorflow as tf

from benchmarks import (
    arithmetic,
    completion,
    contestants,
    matmul_peak,
    reference_loop,
    report,
    sampling as sampling_benchmark,
    train_step,
    turns,
    variant_worker,
    variants,
    worker,
)
from sketch_rnn_tf import datasets
from sketch_rnn_tf.data import input_pipeline
from sketch_rnn_tf.files import sketchrnn_npz
from sketch_rnn_tf.model import cells

CELLS = [("lstm", "lstm"), ("layer_norm", "layer_norm"), ("lstm", "hyper")]


@pytest.fixture(scope="module")
def padded(tiny_config):
    return tiny_config.replace(num_buckets=0, bucket_boundaries=())


@pytest.fixture(scope="module")
def batch(sketches, padded):
    return input_pipeline.to_batch(sketches[5:10], padded)


@pytest.fixture(scope="module")
def data(sketches, tmp_path_factory):
    path = tmp_path_factory.mktemp("data") / "drawn.npz"
    whole = [sketch.astype(np.int16) for sketch in sketches]
    sketchrnn_npz.write(path, dict.fromkeys(("train", "valid", "test"), whole))
    return path


@pytest.mark.parametrize("kinds", CELLS, ids="-".join)
def test_baselines_compute_our_loss(kinds, padded, batch):
    encoder_cell, decoder_cell = kinds
    config = padded.replace(
        encoder_cell=encoder_cell, decoder_cell=decoder_cell
    )
    wanted = variants.make("fast", config).loss(batch)
    for name in variants.BASELINES:
        made = variants.make(name, config)
        # Both add up the same terms in float32, in other orders.
        assert made.loss(batch) == pytest.approx(wanted, rel=1e-5)


@pytest.mark.parametrize("name", variants.BASELINES)
def test_baselines_learn(name, padded, batch):
    made = variants.make(name, padded)
    before = made.loss(batch)
    made.train(batch)
    assert made.loss(batch) < before


@pytest.mark.parametrize("kind", ["lstm", "layer_norm", "hyper"])
def test_the_plain_loop_drops_out_in_training_alone(kind):
    cell = cells.make(kind, 4, name="cell")
    cell.build((None, 3))
    runner = reference_loop.make_runner(cell, dropout=0.5)
    inputs = tf.random.normal([2, 6, 3])
    state = cells.zero_state(cell, 2)
    first, second, dropped = (
        runner(inputs, state, lengths=None, training=training)[0].numpy()
        for training in (False, False, True)
    )
    np.testing.assert_array_equal(first, second)
    assert (first != dropped).any()


@pytest.mark.parametrize("kinds", CELLS, ids="-".join)
def test_products_are_counted_as_the_cells_have_kernels(kinds, padded):
    encoder_cell, decoder_cell = kinds
    config = padded.replace(
        encoder_cell=encoder_cell, decoder_cell=decoder_cell
    )
    model = variants.make("fast", config).model

    def kernels(*found):
        return sum(
            int(np.prod(weight.shape))
            for cell in found
            for weight in cell.trainable_weights
            if len(weight.shape) > 1
        )

    counted = arithmetic.products(config, hoisted=False)
    encoder = model.encoder
    assert counted.encoder == kernels(
        encoder.forward_cell, encoder.backward_cell
    )
    assert counted.decoder == kernels(model.decoder.recurrent_cell)
    hoisted = arithmetic.products(config, hoisted=True)
    assert hoisted.decoder + hoisted.once == counted.decoder


def test_the_examples_of_the_counting_hold():
    assert doctest.testmod(arithmetic).failed == 0


@pytest.mark.slow
def test_our_contestant_trains_on_the_batches_that_it_has_surveyed(
    sketches, tiny_config
):
    tiny_config = tiny_config.replace(bucket_boundaries=(9, 12))
    batches = input_pipeline.batches(sketches, tiny_config, training=True)
    made = contestants.Fast(
        variants.make("fast", tiny_config, batches=batches),
        sizes=[3, 2],
        num_turns=2,
    )
    wanted = list(batches.take(5))
    assert sorted({b["strokes"].shape[1] for b in wanted}) == sorted(
        example["strokes"].shape[1] for example in made.examples
    )
    for example in made.examples:
        made.path.train(example)
    taken = sum((made.turn(index) for index in range(4)), turns.Turn())
    assert taken.batches == 5
    assert taken.sketches == 5 * tiny_config.batch_size
    assert taken.points == sum(int(b["lengths"].numpy().sum()) for b in wanted)
    steps = sum(b["strokes"].shape[1] - 1 for b in wanted)
    assert taken.decoder_steps == steps * tiny_config.batch_size
    assert 0 <= made.path.waiting(2) < 1


def test_rows_are_medians_and_medians_of_ratios():
    def done(seconds):
        return turns.Turn(
            seconds=seconds,
            batches=2,
            sketches=10,
            points=30,
            encoder_steps=40,
            decoder_steps=40,
        )

    rows = turns.rows(
        "ours",
        [done(1.0), done(2.0), done(5.0)],
        {"theirs": [done(4.0), done(4.0), done(5.0)]},
        products=arithmetic.Products(encoder=3, decoder=2, once=1),
        peak=1000.0,
    )
    operations = 6 * (3 * 40 + 2 * 40 + 10)
    assert rows == [
        report.Row("ours", 5.0, "sketches/s", "theirs", 2.0),
        report.Row("ours", 15.0, "points/s"),
        report.Row("ours", 1.0, "s/step"),
        report.Row("ours", operations / 2 / 1000, "of peak, executed"),
        report.Row("ours", 6 * (5 * 30 + 10) / 2 / 1000, "of peak, real"),
    ]


def test_a_process_that_ends_is_said_with_its_last_words():
    with (
        worker.Worker("benchmarks.there_is_none") as made,
        pytest.raises(ValueError, match="No module named benchmarks.there_is"),
    ):
        made.ask("start")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--preset", "tiny"], "--data"),
        (["--data", "x.npz", "--repeats", "0"], "--repeats"),
        (["--data", "x.npz", "--preset", "tinny"], "did you mean 'tiny'"),
        (["--data", "x.npz", "--set", "size=1"], "unknown configuration key"),
        (["--data", "x.npz", "--set", "conditional=false"], "conditional"),
        (["--data", "x.npz"], "found no such thing"),
        (
            ["--data", "x.npz", "--torch", "p", "--set", "decoder_cell=hyper"],
            "expected decoder_cell lstm",
        ),
    ],
)
def test_bad_arguments_are_said_in_one_line(arguments, message, capsys):
    try:
        status = train_step.main(arguments)
    except SystemExit as error:
        status = error.code
    assert status == 2
    err = capsys.readouterr().err
    assert err.count("\n") == 1
    assert message in err


def test_another_loss_ends_the_benchmark(monkeypatch, capsys, data):
    # One that leaves out what the decoder sees.
    def wrong(cell, *, dropout):
        runner = reference_loop.make_runner(cell, dropout=dropout)
        return lambda inputs, *args, **kw: runner(0 * inputs, *args, **kw)

    monkeypatch.setitem(variants.BASELINES, "plain", wrong)
    arguments = ["--data", str(data), "--preset", "tiny", "--repeats", "1"]
    arguments += ["--set", "batch_size=5", "--set", "num_buckets=2"]
    assert train_step.main(arguments) == 1
    assert "plain: loss: expected" in capsys.readouterr().err


@pytest.mark.slow
def test_the_whole_comparison(data, tmp_path, capsys):
    file = tmp_path / "rows.json"
    arguments = ["--data", str(data), "--preset", "tiny", "--repeats", "1"]
    arguments += ["--set", "batch_size=5", "--set", "num_buckets=2"]
    arguments += ["--defaults", "--without-onednn"]
    arguments += ["--batches", "2", "--json", str(file)]
    assert train_step.main(arguments) == 0
    rows = [report.Row(**row) for row in json.loads(file.read_text())]
    rates = {row.name for row in rows if row.unit == "s/step"}
    assert rates == {"fast", "keras RNN", "plain", "defaults", "no oneDNN"}
    assert all(row.value >= 0 for row in rows)
    assert len(capsys.readouterr().out.splitlines()) == len(rows)


def test_no_variable_of_tensorflows_reaches_the_default_settings(monkeypatch):
    monkeypatch.setenv("TF_ENABLE_ONEDNN_OPTS", "1")
    monkeypatch.setenv("XLA_FLAGS", "--xla_cpu_use_thunk_runtime=true")
    environment = variant_worker.environment()
    with worker.Worker(
        "benchmarks.variant_worker", environment=environment
    ) as made:
        assert made.ask("settings") == []


@pytest.mark.slow
def test_sampling_counts_steps_up_to_each_end(tmp_path, monkeypatch, capsys):
    path = tmp_path / "rows.json"
    monkeypatch.setattr(
        "sys.argv",
        f"sampling --size 8 --count 6 --single 2 --rounds 1 --json {path}".split(),
    )
    assert sampling_benchmark.main() == 0
    rows = {row["name"]: row for row in json.loads(path.read_text())}
    for cell in ("lstm", "layer_norm", "hyper"):
        many = rows[f"random {cell}, 6 drawings"]
        alone = rows[f"random {cell}, one at a time"]
        assert many["value"] > 0 and alone["value"] > 0
        assert many["ratio"] == pytest.approx(many["value"] / alone["value"])
    monkeypatch.setattr("sys.argv", ["sampling", "--weights", "nothing"])
    assert sampling_benchmark.main() == 2
    assert capsys.readouterr().err.count("\n") == 1


def test_completion_prefers_what_was_seen_before(
    make_model, tiny_config, sketches, monkeypatch
):
    """Likelihoods that favour the true halves give a share of 1."""
    data = datasets.Dataset(
        ("a",),
        *([sketches] * 3),
        dict.fromkeys(datasets.SPLITS, np.zeros(len(sketches), np.int64)),
    )
    model = make_model(tiny_config)
    known = {sketch.astype(np.float32).tobytes() for sketch in sketches}

    def likelihoods(_, given, **__):
        return [
            np.full(
                len(sketch) + 1,
                float(sketch.astype(np.float32).tobytes() in known),
                np.float32,
            )
            for sketch in given
        ]

    monkeypatch.setattr(
        completion.scoring, "point_log_likelihoods", likelihoods
    )
    rows = completion.measure(model, data, cases=20, seed=0)
    shares = [row.value for row in rows if row.unit == "of cases"]
    assert shares and min(shares) == 1


def test_the_fastest_product_is_the_one_with_the_best_rate(monkeypatch):
    monkeypatch.setattr(matmul_peak, "SQUARE", 8)
    peak = matmul_peak.MatmulPeak(batch_size=2, num_steps=3, size=4)
    peak.measure()
    fastest = peak.fastest
    assert fastest.operations > 0
    assert peak.rates[fastest.name] == peak.best > 0
    peak.add(fastest, 2.0 * fastest.operations / peak.best)
    assert peak.fastest is fastest
    before = peak.best
    peak.add(fastest, 0.5 * fastest.operations / before)
    assert peak.best == pytest.approx(2.0 * before)
