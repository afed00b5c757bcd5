"""The command that makes the figures of the paper."""

import argparse
import pathlib
import shlex

import tqdm

from sketch_rnn_tf import datasets, figures as figures_lib, training


def figures(arguments: argparse.Namespace) -> None:
    """Makes every figure of the paper that models and data allow."""
    models = [_named(path) for path in arguments.model or ()]
    decoders = [_named(path) for path in arguments.uncond_model or ()]
    for named in models:
        if named.model.encoder is None:
            raise ValueError(
                f"model: expected conditional ones, got {named.path}; "
                "--uncond-model takes it"
            )
    for named in decoders:
        if named.model.encoder is not None:
            raise ValueError(
                f"uncond-model: expected unconditional ones, got {named.path}; "
                "--model takes it"
            )
    if not models and not decoders:
        raise ValueError("expected --model or --uncond-model, got neither")
    loaded = {
        name: getattr(arguments, name)
        and datasets.load(getattr(arguments, name), data_dir=arguments.data_dir)
        for name in ("data", "foreign")
    }
    experiment = arguments.experiment and pathlib.Path(arguments.experiment)
    if experiment and not experiment.is_dir():
        raise ValueError(f"experiment: expected a directory, got {experiment}")
    with tqdm.tqdm(unit=" drawings", disable=None, leave=False) as bar:
        manifest = figures_lib.write(
            figures_lib.Materials(
                models,
                decoders,
                loaded["data"],
                loaded["foreign"],
                experiment,
                arguments.seed,
                bar.update,
            ),
            arguments.out,
            numbers=arguments.only or figures_lib.NUMBERS,
            command=lambda number: _command(arguments, number),
            started=lambda number: bar.set_description(f"Figure {number}"),
        )
    entries = manifest["figures"]
    for number, entry in entries.items():
        if "needs" in entry:
            print(f"left out Figure {number}: needs {entry['needs']}")
    made = sum("files" in entry for entry in entries.values())
    print(f"{made} figures: open {pathlib.Path(arguments.out) / 'index.html'}")


def _named(path):
    path = pathlib.Path(path)
    return figures_lib.Named(path.resolve().name, path, training.load(path))


def _command(arguments, number):
    """Returns the command that makes one figure alone."""
    words = ["sketch-rnn", "figures", "--only", str(number)]
    for flag in ("model", "uncond_model"):
        for path in getattr(arguments, flag) or ():
            words += [f"--{flag.replace('_', '-')}", path]
    for flag in ("experiment", "data", "foreign", "data_dir"):
        if getattr(arguments, flag):
            words += [f"--{flag.replace('_', '-')}", getattr(arguments, flag)]
    words += ["--seed", str(arguments.seed), "--out", arguments.out]
    return shlex.join(words)
