"""Replicas together do what one device does.

TensorFlow takes its logical devices before it starts, and a worker its
cluster, so this file runs itself: `python test_strategies.py replicas OUT`
trains on one and on two logical CPUs, `... worker OUT` is one of two
machines.  They write arrays to OUT.npz, which the tests compare.
"""

import json
import os
import pathlib
import socket
import subprocess
import sys

import numpy as np
import pytest

from sketch_rnn_tf import cli
from sketch_rnn_tf.command_line import options

ROOT = pathlib.Path(__file__).resolve().parents[1]
# Seconds: many times what it takes, on a machine with nothing else to do.
TIMEOUT = 900
STEPS = 20
CLIP = 0.02
FLOOR = 0.2
# Float32 sums in another order, over 20 steps of about the learning rate.
TOLERANCE = 1e-5


def _config(**changes):
    from sketch_rnn_tf import config

    settings = {
        "encoder_size": 8,
        "decoder_size": 8,
        "z_size": 4,
        "num_mixtures": 3,
        "max_len": 12,
        "scale_factor": 2.0,
        "batch_size": 5,
        "seed": 3,
        "learning_rate": 0.01,
        "gradient_clip": CLIP,
        "kl_start_fraction": 1.0,
        "kl_weight": 1.0,
        "kl_tolerance": FLOOR,
        "recurrent_dropout": 0.0,
        "random_scale": 0.0,
        "point_drop_rate": 0.0,
    }
    return config.Config(**(settings | changes))


def _sketches(count):
    """Returns stroke-3 sketches of 3 to 8 points."""
    rng = np.random.default_rng(0)
    made = []
    for index in range(count):
        stroke3 = rng.normal(0, 2, (3 + index % 6, 3)).astype(np.float32)
        stroke3[:, 2] = rng.integers(0, 2, len(stroke3))
        made.append(stroke3)
    return made


def _batches(sizes, num_steps=(12,)):
    """Returns batches of so many sketches, padded to T in turn."""
    from sketch_rnn_tf.data import input_pipeline

    sketches, made = _sketches(sum(sizes)), []
    for index, size in enumerate(sizes):
        chosen = [sketches.pop() for _ in range(size)]
        batch = input_pipeline.to_batch(chosen, _config())
        stop = num_steps[index % len(num_steps)] + 1
        made.append(batch | {"strokes": batch["strokes"][:, :stop]})
    return made


def _dataset(batches):
    """Streams batches, of shapes that the model learns as it goes."""
    import tensorflow as tf

    from sketch_rnn_tf.data import tuning

    signature = {
        "strokes": tf.TensorSpec([None, None, 5]),
        "lengths": tf.TensorSpec([None], tf.int32),
    }
    if "labels" in batches[0]:
        signature["labels"] = tf.TensorSpec([None], tf.int32)
    made = tf.data.Dataset.from_generator(
        lambda: iter(batches), output_signature=signature
    )
    # Each of many short trainings would wait for the tuning to end.
    return tuning.untuned(made)


def _model(strategy=None, optimizer=None, *, eager=False, **changes):
    """Returns a compiled model, by whose weights every input matters."""
    import tensorflow as tf

    from sketch_rnn_tf.model import vae

    with (strategy or tf.distribute.get_strategy()).scope():
        model = vae.SketchRNN(_config(**changes))
        made = optimizer() if optimizer else None
        model.compile(optimizer=made, run_eagerly=eager)
    rng = np.random.default_rng(5)
    for weight in model.trainable_weights:
        weight.assign(rng.normal(0, 0.4, weight.shape))
    return model


def _fit(model, data, steps=STEPS):
    """Returns what each step reports, by itself."""
    history = model.fit(
        data.repeat(),
        steps_per_epoch=1,
        epochs=steps,
        verbose=0,
    ).history
    return {f"history {name}": value for name, value in history.items()}


def _flat(values):
    return np.concatenate([np.ravel(value) for value in values])


def _weights(model):
    return _flat(model.get_weights())


def _evaluate(model, sizes):
    data = _dataset(_batches(sizes))
    values = model.evaluate(data, verbose=0, return_dict=True)
    return [float(values[name]) for name in sorted(values)]


def _replicas():
    """Trains on one and on two logical CPUs."""
    import keras
    import tensorflow as tf

    cpu = tf.config.list_physical_devices("CPU")[0]
    tf.config.set_logical_device_configuration(
        cpu, [tf.config.LogicalDeviceConfiguration()] * 2
    )
    mirrored = tf.distribute.MirroredStrategy(["CPU:0", "CPU:1"])
    results = {}
    for kind, strategy in (("one", None), ("two", mirrored)):
        case = {}
        results |= {kind: case}
        model = _model(strategy)
        case["start"] = _weights(model)
        case |= _fit(model, _dataset(_batches([5] * 7, (12, 9))))
        case["trained"] = _weights(model)
        case["iterations"] = model.optimizer.iterations.numpy()
        # Full batches and a part of one; and so few that a replica has none.
        case["evaluated"] = _evaluate(model, [5, 5, 3])
        case["evaluated, one left"] = _evaluate(model, [5, 1])
        case |= _bad_steps(model, strategy)
        case["as documented"] = _as_documented(strategy)
        for clip in ("clipvalue", "global_clipnorm"):

            def optimizer(clip=clip):
                return keras.optimizers.SGD(1.0, **{clip: CLIP})

            model = _model(strategy, optimizer, eager=True)
            _fit(model, _dataset(_batches([5])), 1)
            case[f"SGD {clip}"] = _weights(model)
        for floor in (1.0 - 1e-3, 1.0 + 1e-3):
            case[f"floor {floor}"] = _at_the_floor(strategy, floor, case)
        case |= _words_and_free_bits(strategy)
        case["masks"] = _masks(strategy)
    return results


def _as_documented(strategy):
    """Trains as a user would; in the scope of a strategy, if any."""
    import contextlib

    from sketch_rnn_tf import SketchRNN, batches

    config = _config(batch_size=4)
    with strategy.scope() if strategy else contextlib.nullcontext():
        model = SketchRNN(config)
        model.compile()
    data = batches(_sketches(30), config, training=True)
    model.fit(data, steps_per_epoch=STEPS, verbose=0)
    return _weights(model)


def _at_the_floor(strategy, share, case):
    """Takes a step with a floor just beside the batch's mean KL."""
    import keras
    import tensorflow as tf

    (batch,) = _batches([5])
    model = _model(eager=True)
    output = model(batch, training=True, seed=model._seed(1))
    _, kl = model.loss_terms(output, batch["strokes"], training=True)
    case["kl by replica"] = [tf.reduce_mean(kl[:3]), tf.reduce_mean(kl[3:])]
    case["kl"] = tf.reduce_mean(kl)
    model = _model(
        strategy,
        lambda: keras.optimizers.SGD(1.0),
        eager=True,
        kl_tolerance=share * float(case["kl"]),
    )
    _fit(model, _dataset([batch]), 1)
    return _weights(model)


def _words_and_free_bits(strategy):
    """Takes a step with floors that the replicas' own means lie across."""
    import keras
    import tensorflow as tf

    from sketch_rnn_tf.model import losses

    (batch,) = _batches([5])
    batch |= {"labels": tf.constant([0, 1, 2, 1, 0])}
    settings = {"class_size": 2, "words": ("cat", "pig", "owl")}
    model = _model(eager=True, **settings)
    posterior = model(batch, training=True, seed=model._seed(1)).posterior
    log_var = 2.0 * tf.math.log(posterior.scale)
    kl = losses.kl_by_dimension(posterior.loc, log_var).numpy()
    means = kl.mean(axis=0)
    # Just below one dimension's: one replica's mean of it lies under it.
    floor = (1.0 - 1e-3) * float(np.sort(means)[1])
    model = _model(
        strategy,
        lambda: keras.optimizers.SGD(1.0),
        eager=True,
        free_bits=floor,
        **settings,
    )
    reported = _fit(model, _dataset([batch]), 1)
    return {
        "bits above": [kl[:3].mean(0) >= floor, kl[3:].mean(0) >= floor],
        "bits above, all": means >= floor,
        "bits wanted": np.maximum(means, floor).mean(),
        "bits reported": reported["history kl_floored"],
        "bits trained": _weights(model),
    }


def _bad_steps(model, strategy):
    """Takes a step whose last row, of the last replica, is not a number."""
    good, bad = _batches([5]), _batches([5])
    strokes = bad[0]["strokes"].numpy()
    strokes[-1, 1, 0] = np.nan
    bad[0]["strokes"] = strokes

    def state():
        variables = [*model.weights, *model.optimizer.variables]
        if strategy is None:
            return [_flat(v.numpy() for v in variables)]
        local = [
            strategy.experimental_local_results(v.value) for v in variables
        ]
        # One array a replica.
        return [_flat(parts) for parts in zip(*local, strict=True)]

    before = state()
    reported = _fit(model, _dataset(bad), 1)
    after = state()
    _fit(model, _dataset(good), 1)
    moved = state()
    changed = [np.abs(b - a).max() for a, b in zip(before, after, strict=True)]
    went_on = [np.abs(b - a).max() for a, b in zip(after, moved, strict=True)]
    return {
        "bad changed": changed,
        "bad went on": went_on,
        "bad term": reported["history bad_term"],
        "bad loss": reported["history loss"],
    }


def _masks(strategy):
    """Returns the dropout masks that each replica draws, [replicas, ...]."""
    import tensorflow as tf

    from sketch_rnn_tf import strategies
    from sketch_rnn_tf.model import cells, decoder, vae

    rates = dict.fromkeys(
        ("recurrent_dropout", "input_dropout", "output_dropout"), 0.5
    )
    drawn, draw = {}, cells.candidate_masks
    drop = decoder.Decoder._dropout

    def note(mask):
        mine = drawn.setdefault(int(strategies.replica()), [])
        mine.append(mask.numpy().ravel())

    def candidate_masks(shape, **options):
        masks = draw(shape, **options)
        note(masks.at(slice(None), tf.float32))
        return masks

    def dropout(self, values, *options):
        note(drop(self, tf.ones_like(values), *options))
        return drop(self, values, *options)

    cells.candidate_masks, decoder.Decoder._dropout = candidate_masks, dropout
    scope = strategy or tf.distribute.get_strategy()
    with scope.scope():
        model = vae.SketchRNN(_config(**rates))
    (batch,) = _batches([2])
    scope.run(lambda: model(batch, training=True, seed=model._seed(1)) and None)
    cells.candidate_masks, decoder.Decoder._dropout = draw, drop
    return [np.concatenate(drawn[number]) for number in sorted(drawn)]


def _worker():
    """Trains as one of the machines of TF_CONFIG."""
    import tensorflow as tf

    from sketch_rnn_tf import strategies

    strategy = strategies.make("multi_worker")
    # From a file, which TensorFlow would not know how to share out.
    lines = tf.data.TextLineDataset(__file__).enumerate().take(12)
    shared = strategies.by_rows(lines.map(lambda index, _: index).batch(5))
    rows = [
        strategy.experimental_local_results(batch)[0].numpy()
        for batch in strategy.experimental_distribute_dataset(shared)
    ]
    model = _model(strategy)
    case = _fit(model, _dataset(_batches([5] * 7, (12, 9))))
    case["trained"] = _weights(model)
    case["evaluated"] = _evaluate(model, [5, 5, 3])
    case["evaluated, one left"] = _evaluate(model, [5, 1])
    # Batches of its own, whose T is not the other's.
    chief = strategies.is_chief(strategy)
    options = tf.data.Options()
    options.experimental_distribute.auto_shard_policy = (
        tf.data.experimental.AutoShardPolicy.OFF
    )
    own = _dataset(_batches([6] * 3, (12, 9) if chief else (9, 12)))
    _fit(model, own.with_options(options), 4)
    case["trained apart"] = _weights(model)
    case["chief"] = chief
    case["rows"] = np.concatenate(rows)
    return {"worker": case}


def _run(kind, path, **environment):
    environment = os.environ | environment | {"PYTHONPATH": str(ROOT)}
    return subprocess.Popen(
        [sys.executable, __file__, kind, str(path)],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def _read(process, path):
    try:
        output, _ = process.communicate(timeout=TIMEOUT)
    finally:
        process.kill()
    assert process.returncode == 0, output[-3000:]
    cases = {}
    with np.load(path) as arrays:
        for name in arrays:
            kind, _, key = name.partition("/")
            cases.setdefault(kind, {})[key] = arrays[name]
    return cases


@pytest.fixture(scope="module")
def replicas(tmp_path_factory):
    path = tmp_path_factory.mktemp("replicas") / "out.npz"
    return _read(_run("replicas", path), path)


def _assert_close(one, two, tolerance=TOLERANCE):
    np.testing.assert_allclose(two, one, rtol=0, atol=tolerance)


def test_two_replicas_train_as_one_device(replicas):
    one, two = replicas["one"], replicas["two"]
    _assert_close(one["trained"], two["trained"])
    assert np.abs(one["trained"] - one["start"]).max() > 0.05
    assert one["iterations"] == two["iterations"] == STEPS
    for name in one:
        if name.startswith("history"):
            _assert_close(one[name], two[name])
    # Nats per dimension: on both sides of the floor.
    kl = one["history kl"]
    assert kl.min() < FLOOR - 0.01 and kl.max() > FLOOR + 0.01


def test_floor_acts_on_the_mean_over_all_replicas(replicas):
    one, two = replicas["one"], replicas["two"]
    least, most = sorted(one["kl by replica"] / one["kl"])
    assert least < 1 - 0.01 and most > 1 + 0.01
    weights = []
    for share in (1.0 - 1e-3, 1.0 + 1e-3):
        _assert_close(one[f"floor {share}"], two[f"floor {share}"], 1e-6)
        weights.append(one[f"floor {share}"])
    assert np.abs(weights[0] - weights[1]).max() > 0.01


def test_free_bits_act_on_the_means_over_all_replicas(replicas):
    one, two = replicas["one"], replicas["two"]
    _assert_close(one["bits trained"], two["bits trained"], 1e-6)
    for case in (one, two):
        _assert_close(case["bits wanted"], case["bits reported"], 1e-6)
    assert 0 < one["bits above, all"].sum() < 4
    # A replica by itself would have floored others.
    assert (one["bits above"] != one["bits above, all"]).any()


@pytest.mark.parametrize("clip", ["clipvalue", "global_clipnorm"])
def test_any_optimizer_clips_the_gradient_of_the_global_batch(replicas, clip):
    one, two = replicas["one"][f"SGD {clip}"], replicas["two"][f"SGD {clip}"]
    _assert_close(one, two, 1e-6)
    step = one - replicas["one"]["start"]
    size = np.linalg.norm(step, np.inf if clip == "clipvalue" else 2)
    assert size == pytest.approx(CLIP, rel=1e-4)
    # The gradient itself is many times as large.
    free = replicas["one"]["floor 0.999"] - replicas["one"]["start"]
    assert np.abs(free).max() > 5 * CLIP


def test_code_of_users_trains_the_same_in_a_scope(replicas):
    one, two = replicas["one"], replicas["two"]
    _assert_close(one["as documented"], two["as documented"])


@pytest.mark.parametrize("name", ["evaluated", "evaluated, one left"])
def test_two_replicas_evaluate_as_one_device(replicas, name):
    one, two = replicas["one"][name], replicas["two"][name]
    _assert_close(one, two)
    assert (np.abs(one) > 1e-3).all()


@pytest.mark.parametrize("kind", ["one", "two"])
def test_step_that_is_not_finite_changes_nothing_on_any_replica(replicas, kind):
    from sketch_rnn_tf.model import vae

    case = replicas[kind]
    count = {"one": 1, "two": 2}[kind]
    np.testing.assert_array_equal(case["bad changed"], np.zeros(count))
    assert len(case["bad went on"]) == count
    assert (case["bad went on"] > 1e-3).all()
    (index,) = case["bad term"]
    assert vae.TERMS[int(index)] == "offset_loss"
    np.testing.assert_array_equal(case["bad loss"], [0.0])


def test_replicas_draw_dropout_of_their_own(replicas):
    (alone,), (first, second) = (
        replicas["one"]["masks"],
        replicas["two"]["masks"],
    )
    assert set(np.unique(alone)) == {0.0, 2.0}
    # The first draws what one device would for the same rows.
    np.testing.assert_array_equal(first, alone)
    # Half of the entries of two independent masks differ.
    assert np.mean(first != second) == pytest.approx(0.5, abs=0.05)


@pytest.mark.slow
def test_two_machines_train_and_evaluate_as_one_device(replicas, tmp_path):
    servers = [socket.create_server(("127.0.0.1", 0)) for _ in range(2)]
    ports = [server.getsockname()[1] for server in servers]
    for server in servers:
        server.close()
    cluster = {"worker": [f"127.0.0.1:{port}" for port in ports]}
    processes = []
    for index in range(2):
        task = {"type": "worker", "index": index}
        config = json.dumps({"cluster": cluster, "task": task})
        path = tmp_path / f"{index}.npz"
        processes.append((_run("worker", path, TF_CONFIG=config), path))
    workers = [_read(*each)["worker"] for each in processes]
    assert [worker["chief"] for worker in workers] == [True, False]
    assert workers[0]["rows"].tolist() == [0, 1, 2, 5, 6, 7, 10]
    assert workers[1]["rows"].tolist() == [3, 4, 8, 9, 11]
    one = replicas["one"]
    for worker in workers:
        _assert_close(one["trained"], worker["trained"])
        for name in one:
            if name.startswith(("history", "evaluated")):
                _assert_close(one[name], worker[name])
    apart = [worker["trained apart"] for worker in workers]
    np.testing.assert_array_equal(*apart)
    assert np.abs(apart[0] - workers[0]["trained"]).max() > 1e-3


WORKER = {"cluster": {"worker": ["a:1", "b:2"]}, "task": {"type": "worker"}}


@pytest.mark.parametrize(
    "text",
    [
        None,
        "",
        "{",
        "[]",
        "3",
        "{}",
        json.dumps(WORKER),
        json.dumps({"cluster": {}, "task": {"type": "worker", "index": 0}}),
        json.dumps(WORKER | {"task": {"type": "worker", "index": 2}}),
        json.dumps(WORKER | {"task": {"type": "worker", "index": -1}}),
        json.dumps(WORKER | {"task": {"type": "chief", "index": 0}}),
        json.dumps(WORKER | {"task": {"type": "worker", "index": "x"}}),
        json.dumps(
            {
                "cluster": {"worker": ["a"]},
                "task": {"type": "worker", "index": 0},
            }
        ),
        json.dumps(
            {"cluster": {"ps": ["a:1"]}, "task": {"type": "ps", "index": 0}}
        ),
    ],
)
def test_cluster_that_is_none_is_refused_in_one_line(text, monkeypatch):
    from sketch_rnn_tf import strategies

    monkeypatch.delenv("TF_CONFIG", raising=False)
    if text is not None:
        monkeypatch.setenv("TF_CONFIG", text)
    with pytest.raises(ValueError, match="TF_CONFIG: expected") as caught:
        strategies.make("multi_worker")
    assert "\n" not in str(caught.value)


def test_command_without_a_cluster_ends_in_one_line(
    tmp_path, monkeypatch, capsys
):
    monkeypatch.delenv("TF_CONFIG", raising=False)
    arguments = "train --data none.npz --strategy multi_worker --work-dir"
    assert cli.main([*arguments.split(), str(tmp_path / "work")]) == 2
    error = capsys.readouterr().err
    assert error.startswith("sketch-rnn: TF_CONFIG: expected")
    assert error.count("\n") == 1
    assert not (tmp_path / "work").exists()


def test_strategies_by_name():
    import tensorflow as tf

    from sketch_rnn_tf import strategies

    assert options.STRATEGIES == strategies.NAMES
    assert strategies.make("none") is None
    mirrored = strategies.make("mirrored")
    devices = tf.config.list_logical_devices("GPU")
    devices = devices or tf.config.list_logical_devices("CPU")
    assert mirrored.num_replicas_in_sync == len(devices)
    assert strategies.is_chief(None) and strategies.is_chief(mirrored)
    with pytest.raises(ValueError, match="strategy: expected one of none, "):
        strategies.make("tpu")


def test_batch_smaller_than_the_replicas_is_refused():
    from sketch_rnn_tf import strategies

    class Three:
        num_replicas_in_sync = 3

    strategies.check_batch_size(Three(), 3)
    with pytest.raises(ValueError, match="batch_size: .* 3 replicas, got 2"):
        strategies.check_batch_size(Three(), 2)


if __name__ == "__main__":
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    made = {"replicas": _replicas, "worker": _worker}[sys.argv[1]]()
    arrays = {
        f"{kind}/{name}": np.asarray(value)
        for kind, case in made.items()
        for name, value in case.items()
    }
    np.savez(sys.argv[2], **arrays)
