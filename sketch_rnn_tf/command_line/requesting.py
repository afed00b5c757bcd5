"""The command that asks a model server: `request`."""

import argparse
import json
import pathlib

import numpy as np

from export import client
from sketch_rnn_tf import partials, studio as plates_of
from sketch_rnn_tf.command_line import given, studio


def request(arguments: argparse.Namespace) -> None:
    """Asks a server for what the kind says."""
    with client.Sketcher(
        arguments.server,
        model=arguments.name,
        version=arguments.version,
        label=arguments.label,
        timeout=arguments.timeout,
        retries=arguments.retries,
    ) as sketcher:
        _KINDS[arguments.kind](sketcher, arguments)


def _complete(sketcher, arguments):
    longest = sketcher.metadata.max_len
    # Of a whole drawing there has to be something left to draw.
    longest -= not arguments.points
    sketches, _ = given.fitting(arguments, longest)
    drawn = sketcher.complete(
        [sketch[: arguments.points] for sketch in sketches],
        labels=_labels(arguments, len(sketches)),
        count=arguments.endings,
        temperature=arguments.temperature,
        seed=arguments.seed,
    )
    plate = plates_of.completions.plate(
        drawn,
        count=arguments.endings,
        temperature=arguments.temperature,
        style=given.style(arguments),
    )
    _write(sketcher, arguments, plate)


def _sample(sketcher, arguments):
    drawn = sketcher.sample(
        count=arguments.count,
        labels=_labels(arguments, arguments.count),
        temperature=arguments.temperature,
        seed=arguments.seed,
        max_len=arguments.max_len,
    )
    plate = plates_of.sampled.plate(
        drawn,
        temperature=arguments.temperature,
        columns=arguments.columns,
        style=given.style(arguments),
    )
    _write(sketcher, arguments, plate)


def _reconstruct(sketcher, arguments):
    sketches = _sketches(sketcher, arguments)
    drawn = sketcher.reconstruct(
        sketches,
        temperature=arguments.temperature,
        seed=arguments.seed,
        sample_z=arguments.z == "sample",
        labels=_labels(arguments, len(sketches)),
    )
    plate = plates_of.reconstructions.plate(
        sketches,
        drawn,
        temperature=arguments.temperature,
        style=given.style(arguments),
    )
    _write(sketcher, arguments, plate)


def _interpolate(sketcher, arguments):
    ends = _sketches(sketcher, arguments)
    if len(ends) != 2:
        raise ValueError(f"index: expected two, got {len(ends)}")
    drawn = sketcher.interpolate(
        *ends,
        steps=arguments.steps,
        labels=_labels(arguments, arguments.steps),
        temperature=arguments.temperature,
        seed=arguments.seed,
    )
    plate = plates_of.interpolations.plate(
        {"": drawn},
        temperature=arguments.temperature,
        given=ends,
        style=given.style(arguments),
    )
    _write(sketcher, arguments, plate)


def _score(sketcher, arguments):
    sketches, indexes = given.fitting(arguments, sketcher.metadata.max_len)
    plate, rows = plates_of.rankings.plate(
        sketches,
        sketcher.score(sketches, labels=_labels(arguments, len(sketches))),
        indexes=indexes,
        shown=arguments.shown,
        style=given.style(arguments),
    )
    studio.print_scores(rows)
    _write(sketcher, arguments, plate)


def _encode(sketcher, arguments):
    sketches, indexes = given.fitting(arguments, sketcher.metadata.max_len)
    found = sketcher.encode(sketches)
    path = pathlib.Path(arguments.out)
    with partials.file(path) as partial:
        if path.suffix == ".npz":
            with partial.open("wb") as file:
                np.savez_compressed(
                    file,
                    indexes=np.array(indexes, np.int32),
                    mu=found.mu,
                    log_var=found.log_var,
                )
        else:
            rows = [
                {"index": index, "mu": mu, "log_var": log_var}
                for index, mu, log_var in zip(
                    indexes,
                    found.mu.tolist(),
                    found.log_var.tolist(),
                    strict=True,
                )
            ]
            partial.write_text(json.dumps(rows) + "\n")
    print("wrote", path)


def _status(sketcher, arguments):
    if arguments.wait:
        versions = sketcher.wait_until_ready(arguments.wait)
    else:
        versions = sketcher.status()
    for version in versions:
        print(version)


def _sketches(sketcher, arguments):
    return given.fitting(arguments, sketcher.metadata.max_len)[0]


def _labels(arguments, count):
    """Returns the labels of drawings, which go round those given."""
    turns = arguments.word_index
    return turns and [turns[number % len(turns)] for number in range(count)]


def _write(sketcher, arguments, plate):
    # A server does not show the weights that would name its model.
    name = f"{arguments.name}/{sketcher.metadata.version} on {arguments.server}"
    studio.write(arguments, plate, {"": name})


_KINDS = {
    "complete": _complete,
    "sample": _sample,
    "reconstruct": _reconstruct,
    "interpolate": _interpolate,
    "encode": _encode,
    "score": _score,
    "status": _status,
}
