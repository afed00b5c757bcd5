"""What each command does; `cli` parses their arguments."""

import argparse
import json
import math
import pathlib
import sys

from sketch_rnn_tf import (
    config as config_lib,
    datasets,
    presets,
    pretrained,
    strategies,
    training,
)
from sketch_rnn_tf.command_line import demo as demo_lib, given, quality
from sketch_rnn_tf.data import measurement
from sketch_rnn_tf.generation import evaluation
from sketch_rnn_tf.training import work_directory
from sketch_rnn_tf.weights import magenta, sketch_rnn_js


def train(arguments: argparse.Namespace) -> None:
    """Trains a model into a work directory."""
    config = _configuration(arguments)
    if arguments.strategy == "multi_worker" and math.isfinite(
        arguments.minutes
    ):
        raise ValueError(
            "minutes: expected none with several machines, whose clocks would "
            f"stop them at different steps, got {arguments.minutes:g}"
        )
    if arguments.start_from:
        _check_start(arguments, config)
    # Several machines have to meet before TensorFlow does anything.
    strategy = strategies.make(arguments.strategy)
    if strategy:
        strategies.check_batch_size(strategy, config.batch_size)
    if strategies.is_chief(strategy):
        # Before the data, which may take long to prepare.
        training.check_space(config, arguments.work_dir)
    data = datasets.load(
        arguments.data, data_dir=arguments.data_dir, stream=arguments.stream
    )
    for line in data.tally.lines():
        print(line, file=sys.stderr)
    if arguments.mixture == "balanced":
        data = datasets.balanced(data)
    # With --resume, N_max and the scale factor are those of the first run
    # if the data are, and `work_directory.create` says so if not; but an
    # imported model, which names no words, keeps its own, and one that began
    # with another's weights the scale factor that those were fitted to.
    imported = (
        arguments.resume and not config.words and config.compatibility != "none"
    )
    measured = measurement.statistics(data.train, max_len=config.max_len)
    if config.compatibility == "magenta":
        # Deviation: the reference takes N_max over all splits.
        for split in (data.valid, data.test):
            others = measurement.statistics(split, max_len=config.max_len)
            measured = measured._replace(
                max_len=max(measured.max_len, others.max_len)
            )
    started = arguments.start_from or (
        pathlib.Path(arguments.work_dir, work_directory.STARTED_FROM).is_file()
    )
    if not imported:
        kept = {"scale_factor": config.scale_factor} if started else {}
        config = measurement.apply(measured, config)
        config = config.replace(words=data.words, **kept)
    sources = data.train, data.valid
    if config.class_size:
        sources = [data.labelled(s, config.words) for s in ("train", "valid")]
    print(
        f"{measured.count:,} sketches to train on"
        f" ({measured.dropped:,} longer ones left out), "
        f"scale_factor {config.scale_factor:.6f}, N_max {config.max_len}"
    )
    if arguments.start_from:
        training.start(config, arguments.start_from, arguments.work_dir)
    training.train(
        config,
        *sources,
        arguments.work_dir,
        resume=arguments.resume or bool(arguments.start_from),
        patience=arguments.patience,
        max_minutes=arguments.minutes,
        checkpoint_minutes=arguments.checkpoint_minutes,
        strategy=strategy,
    )
    if not strategies.is_chief(strategy):
        return
    rows = work_directory.read_history(arguments.work_dir)
    if rows:
        print(
            f"step {rows[-1]['step']:.0f}: validation loss "
            f"{rows[-1]['val_loss']:.4f}, best {training.best_loss(rows):.4f}"
        )
    print(f"wrote {arguments.work_dir}")


def evaluate(arguments: argparse.Namespace) -> None:
    """Computes the losses over a split, or measures drawings."""
    if arguments.quality:
        quality.evaluate(arguments)
        return
    model = training.load(arguments.model)
    data = datasets.load(arguments.data, data_dir=arguments.data_dir)
    source = getattr(data, arguments.split)
    labels = data.labels[arguments.split].tolist()
    own = [data.words[label] for label in labels]
    values = evaluation.evaluate(
        model,
        source,
        words=given.words(arguments, {"": model}, own),
        sample_z=arguments.z == "sample",
        verbose=0 if arguments.json else 1,
    )
    if arguments.json:
        print(json.dumps(values, indent=2))
        return
    for name, value in values.items():
        print(f"{name:16}", value if name in _COUNTS else f"{value:.6f}")


_COUNTS = ("count", "dropped")


def import_(arguments: argparse.Namespace) -> None:
    """Makes a work directory of other programs' weights."""
    if arguments.kind == "magenta":
        scale_factor, max_len = arguments.scale_factor, arguments.max_len
        if arguments.data:
            scale_factor, max_len = _measured(arguments)
        model, checkpoint = magenta.import_magenta(
            arguments.source, scale_factor=scale_factor or 1.0, max_len=max_len
        )
        if not scale_factor:
            print(
                "scale_factor 1: the checkpoint does not hold that of its "
                "data; --scale-factor or --data gives it"
            )
        print(f"{checkpoint.path}: step {checkpoint.step}")
    else:
        model = sketch_rnn_js.import_sketch_rnn_js(arguments.source)
        model.compile()
    config = model.config
    print(
        f"{model.count_params():,} parameters, "
        f"scale_factor {config.scale_factor:.6f}, N_max {config.max_len}"
    )
    print(f"wrote {training.save(model, arguments.out)}")


def _measured(arguments):
    """Returns scale factor and N_max as the reference measures them."""
    data = datasets.load(arguments.data, data_dir=arguments.data_dir)
    train = measurement.statistics(data.train)
    lengths = [train.max_len]
    for split in (data.valid, data.test):
        lengths.append(measurement.statistics(split).max_len)
    return train.scale_factor, arguments.max_len or max(lengths)


def demo(arguments: argparse.Namespace) -> None:
    """Trains on the embedded doodles, draws and exports."""
    demo_lib.run(
        arguments.out,
        max_minutes=arguments.minutes,
        steps=arguments.steps,
        seed=arguments.seed,
    )


def _check_start(arguments, config):
    """Refuses what cannot begin with another model's weights, at once."""
    if arguments.preset:
        raise ValueError(
            "preset: expected none with --start-from, whose model has its own "
            f"configuration, got {arguments.preset}"
        )
    if arguments.strategy == "multi_worker":
        raise ValueError(
            "start-from: expected one machine, got --strategy multi_worker; "
            "begin on one, and go on by --resume on several"
        )
    work_directory.check(arguments.work_dir, config, resume=False)


def _configuration(arguments):
    """Returns the preset, under the file, under --set and the flags."""
    resumed = arguments.resume and not arguments.preset
    if resumed:
        config = work_directory.load_config(arguments.work_dir)
    elif arguments.start_from:
        config = work_directory.load_config(
            pretrained.find(arguments.start_from)
        )
        # Another N_max has other ones.
        config = config.replace(bucket_boundaries=())
    else:
        config = presets.preset(arguments.preset or "small")
    if arguments.config:
        path = pathlib.Path(arguments.config)
        try:
            text = path.read_text()
        except UnicodeDecodeError as error:
            raise ValueError(
                f"{path}: expected UTF-8 text, got {error}"
            ) from None
        config = config_lib.from_json(text, name=str(path), base=config)
    changes = dict(map(config_lib.parse_assignment, arguments.set))
    for name in ("steps", "seed"):
        if getattr(arguments, name) is not None:
            changes[name] = getattr(arguments, name)
    return config.replace(**changes)
