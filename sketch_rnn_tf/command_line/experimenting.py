"""The commands that make the paper's experiments."""

import argparse
import pathlib

from sketch_rnn_tf import config as config_lib, presets
from sketch_rnn_tf.experiments import (
    bench as bench_lib,
    claims as claims_lib,
    claims_files,
    estimate,
    grid,
    hardware,
    plan as plan_lib,
    sources,
    table,
    table_files,
    trainings,
)
from sketch_rnn_tf.training import work_directory


def experiment(arguments: argparse.Namespace) -> None:
    """Makes one of the experiments."""
    {"table1": _table1, "claims": _claims}[arguments.kind](arguments)


def _table1(arguments):
    """Trains the grid of Table 1, and writes the table as it grows."""
    specs = _specs(arguments)
    asked = table.grid(
        specs,
        _configuration(arguments),
        weights=arguments.kl_weights,
        decoder_only=arguments.decoder_only,
        seeds=arguments.seeds,
        minutes=arguments.minutes,
        data_dir=arguments.data_dir,
    )
    out = _directory(arguments.out)
    rows = out / table_files.ROWS
    for training in asked:
        trainings.check(training, rows)
    names = list(
        dict.fromkeys([*table_files.known(out), *(t.name for t in asked)])
    )
    _tell_estimate(asked, rows)
    with work_directory.locked(out):
        grid.run(
            asked,
            rows,
            finished=lambda _: table_files.write(out, names, pictures=False),
        )
        written = table_files.write(out, names)
    print((out / "table1.md").read_text())
    for path in written:
        print(f"wrote {path}")


def _claims(arguments):
    """Trains what the claims need, and measures one after another."""
    plan = _plan(arguments)
    names = arguments.only or tuple(claims_lib.CLAIMS)
    out = _directory(arguments.out)
    rows = out / table_files.ROWS
    left = claims_files.check(plan, names, out)
    asked = claims_files.wanted(plan, left)
    for training in asked:
        trainings.check(training, rows)
    print(f"{len(names)} claims, {len(names) - len(left)} measured before")
    _tell_estimate(asked, rows)
    with work_directory.locked(out):
        grid.run(asked, rows)
        bench = bench_lib.Bench(plan, out, train=trainings.run)
        claims_files.measure(bench, names, out)
    print((out / "claims.md").read_text())
    for name in ("claims.json", "claims.md", "claims.html"):
        print(f"wrote {out / name}")


def _plan(arguments):
    """Returns what the claims are measured on."""
    if arguments.preset is not None and arguments.data is None:
        raise ValueError("preset: expected --data with it, got none")
    budget = plan_lib.BUDGETS[arguments.budget]
    made = {}
    for key, name in (
        ("config", arguments.preset or "table1_small"),
        ("doodles", arguments.doodles_preset),
    ):
        config = _changed(presets.preset(name), arguments.set)
        made[key] = config.replace(
            steps=max(1, round(budget.steps * config.steps)),
            validate_every=max(1, round(budget.steps * config.validate_every))
            if budget.steps < 1
            else config.validate_every,
        )
    many = ()
    if arguments.many is not None:
        many = tuple(sources.specs(arguments.many))
        if len(many) != 3:
            raise ValueError(f"many: expected three data sets, got {len(many)}")
    subject = arguments.data
    if subject is None:
        subject, made["config"] = plan_lib.ANIMALS, made["doodles"]
    sources.specs(subject)
    return plan_lib.Plan(
        subject=subject,
        budget=budget,
        data_dir=arguments.data_dir,
        recogniser=arguments.recogniser,
        many=many,
        seed=arguments.seed,
        **made,
    )


def _specs(arguments):
    """Returns what each row of the table is trained on."""
    if arguments.classes is not None:
        if arguments.folder is None:
            raise ValueError("folder: expected one with --classes, got none")
        folder = pathlib.Path(arguments.folder)
        text = ",".join(
            "+".join(str(folder / f"{w.strip()}.npz") for w in row.split("+"))
            for row in arguments.classes.split(",")
        )
    else:
        text = arguments.data
    found = sources.specs(text)
    if arguments.union:
        if len(found) < 2:
            raise ValueError("union: expected several data sets, got one")
        found = sources.specs(",".join([*found, sources.union(found)]))
    return found


def _configuration(arguments):
    config = presets.preset(arguments.preset)
    if arguments.minutes is not None:
        config = config.replace(steps=trainings.ENDLESS)
    config = _changed(config, arguments.set)
    if arguments.steps is not None:
        config = config.replace(steps=arguments.steps)
    return config


def _changed(config, assignments):
    """Returns a configuration with changes that are the user's to make."""
    changes = dict(map(config_lib.parse_assignment, assignments))
    for key in ("kl_weight", "conditional", "seed"):
        if key in changes:
            raise ValueError(
                f"set: expected {key} to be left to the experiment, "
                f"got {key}={changes[key]}"
            )
    return config.replace(**changes)


def _directory(path):
    path = pathlib.Path(path)
    if path.exists() and not path.is_dir():
        raise ValueError(f"{path}: expected a directory, got a file")
    return path


def _tell_estimate(asked, rows):
    """Says what is left to train, on what, and for about how long.

    Data that are not found, of any of them, are told here.
    """
    left = [t for t in asked if trainings.share_done(t, rows) < 1]
    places = hardware.places()
    minutes = estimate.minutes(left, rows) / len(places)
    print(
        f"{len(asked)} trainings, {len(asked) - len(left)} done before; "
        f"{len(places)} at a time on {hardware.described()}; "
        f"about {minutes:.0f} minutes"
    )
