"""What each command does; `cli` parses their arguments."""

import argparse
import json
import math
import pathlib
import sys

import numpy as np

import export as export_lib
from sketch_rnn_tf import (
    config as config_lib,
    datasets,
    drawing,
    evaluation,
    measurement,
    presets,
    sampling,
    strategies,
    training,
)
from sketch_rnn_tf.command_line import demo as demo_lib
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
    # imported model, which names no words, keeps its own.
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
    if not imported:
        config = measurement.apply(measured, config)
        config = config.replace(words=data.words)
    print(
        f"{measured.count:,} sketches to train on"
        f" ({measured.dropped:,} longer ones left out), "
        f"scale_factor {config.scale_factor:.6f}, N_max {config.max_len}"
    )
    training.train(
        config,
        data.train,
        data.valid,
        arguments.work_dir,
        resume=arguments.resume,
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
    """Computes the losses over a split."""
    model = training.load(arguments.model)
    data = datasets.load(arguments.data, data_dir=arguments.data_dir)
    values = evaluation.evaluate(
        model,
        getattr(data, arguments.split),
        sample_z=arguments.z == "sample",
        verbose=0 if arguments.json else 1,
    )
    if arguments.json:
        print(json.dumps(values, indent=2))
        return
    for name, value in values.items():
        print(f"{name:16}", value if name in _COUNTS else f"{value:.6f}")


_COUNTS = ("count", "dropped")


def sample(arguments: argparse.Namespace) -> None:
    """Draws new sketches."""
    drawn = sampling.sample(
        training.load(arguments.model),
        count=arguments.count,
        temperature=arguments.temperature,
        seed=arguments.seed,
        max_len=arguments.max_len,
    )
    picture = drawing.draw_grid(drawn.sketches)
    _write(arguments, picture, drawn)


def reconstruct(arguments: argparse.Namespace) -> None:
    """Encodes sketches and draws them again."""
    model = training.load(arguments.model)
    sketches = _chosen(arguments, model)
    drawn = sampling.reconstruct(
        model,
        sketches,
        temperature=arguments.temperature,
        seed=arguments.seed,
        sample_z=arguments.z == "sample",
    )
    picture = drawing.draw_grid(
        sketches + drawn.sketches,
        columns=len(sketches),
        row_labels=["given", "reconstructed"],
    )
    _write(arguments, picture, drawn)


def complete(arguments: argparse.Namespace) -> None:
    """Goes on with the beginnings of sketches."""
    model = training.load(arguments.model)
    sketches = _chosen(arguments, model)
    prefixes = []
    for sketch in sketches:
        points = arguments.points or max(1, len(sketch) // 2)
        prefixes += [sketch[:points]] * arguments.endings
    drawn = sampling.complete(
        model,
        prefixes,
        temperature=arguments.temperature,
        seed=arguments.seed,
    )
    picture = drawing.draw_grid(
        drawn.sketches,
        columns=arguments.endings,
        prefix_lengths=drawn.prefix_lengths,
    )
    _write(arguments, picture, drawn)


def export(arguments: argparse.Namespace) -> None:
    """Writes a model for deployment."""
    model = training.load(arguments.model)
    if arguments.kind == "saved-model":
        written = export_lib.export_saved_model(model, arguments.out)
    else:
        name = arguments.name or pathlib.Path(arguments.model).name
        written = sketch_rnn_js.export_sketch_rnn_js(
            model, arguments.out, name=name
        )
    print(f"wrote {written}")


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


def _configuration(arguments):
    """Returns the preset, under the file, under --set and the flags."""
    resumed = arguments.resume and not arguments.preset
    if resumed:
        config = work_directory.load_config(arguments.work_dir)
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


def _chosen(arguments, model):
    data = datasets.load(arguments.data, data_dir=arguments.data_dir)
    split = getattr(data, arguments.split)
    if arguments.index is None:
        # The first ones that the model can take.
        fitting = [s for s in split if len(s) <= model.config.max_len]
        if not fitting:
            raise ValueError(
                f"expected sketches of at most {model.config.max_len} points "
                f"(N_max), got none among {len(split)}"
            )
        return fitting[: arguments.count]
    for index in arguments.index:
        if index >= len(split):
            raise ValueError(
                f"index: expected 0 to {len(split) - 1}, got {index}"
            )
    return [split[index] for index in arguments.index]


def _write(arguments, picture, drawn):
    written = [drawing.write(arguments.out, picture)]
    for kind in dict.fromkeys(arguments.also):
        path = pathlib.Path(arguments.out).with_suffix(f".{kind}")
        with work_directory.written_whole(path) as partial:
            _WRITERS[kind](partial, drawn, arguments.temperature)
        written.append(path)
    print("wrote", ", ".join(map(str, written)))


def _write_json(path, drawn, temperature):
    rows = []
    for index, sketch in enumerate(drawn.sketches):
        rows.append(
            {
                "stroke3": sketch.tolist(),
                "seed": int(drawn.seeds[index]),
                "temperature": temperature,
                "prefix_length": int(drawn.prefix_lengths[index]),
                "z": None if drawn.z is None else drawn.z[index].tolist(),
            }
        )
    path.write_text(json.dumps(rows) + "\n")


def _write_npz(path, drawn, temperature):
    arrays = {
        # All points, one sketch after the other; no pickled objects.
        "points": np.concatenate(drawn.sketches),
        "lengths": np.array([len(s) for s in drawn.sketches], np.int32),
        "seeds": drawn.seeds,
        "temperature": np.float32(temperature),
        "prefix_lengths": drawn.prefix_lengths,
    }
    if drawn.z is not None:
        arrays["z"] = drawn.z
    with path.open("wb") as file:
        np.savez_compressed(file, **arrays)


_WRITERS = {"json": _write_json, "npz": _write_npz}
