"""Compares what a time of training brings: ours, and the reference's way.

The reference's formulation is a plain loop over batches that are drawn anew,
padded to N_max and differentiated automatically (`reference_loop`); sizes and
hyper-parameters are the same on both sides.  The runs take turns, each alone
in a process of its own.  Compared are the losses of Eq. 12 over the whole
test split, all N_max steps, z sampled, with the last weights: after the same
time of training, where tracing and compiling count apart, and after the same
number of steps.  Runs that are done are kept in --work, and not made again.
"""

import argparse
import json
import pathlib
import statistics
import subprocess
import sys
from collections.abc import Sequence

from benchmarks import report

EXAMPLES = """examples:
  python -m benchmarks.against_reference --data car.npz --work runs
  python -m benchmarks.against_reference --data car.npz --minutes 1 --seeds 0 \\
      --preset small --work tried --json tried.json
"""

TIME_BAR = 0.1
"""Nats by which our L_R + w_KL L_KL has to be lower after the same time."""

STEPS_BAR = 0.02
"""Nats by which it may be higher after the same number of steps."""


class _Parser(argparse.ArgumentParser):
    """Says what is wrong in one line; argparse prints the usage as well."""

    def error(self, message):
        self.exit(2, f"against_reference: {message}\n")


def main(argv: Sequence[str] | None = None) -> int:
    """Runs what has not been run; returns 1 if a figure misses its bar."""
    parser = _Parser(
        prog="python -m benchmarks.against_reference",
        description=__doc__,
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add = parser.add_argument
    add("--data", required=True, metavar="SPEC", help="as of sketch-rnn train")
    add("--minutes", type=float, default=20.0, metavar="M", help="of each run")
    add("--seeds", type=int, nargs="+", default=[0, 1, 2], metavar="S")
    add("--preset", default="magenta", metavar="NAME")
    add(
        "--set",
        nargs="+",
        default=["max_len=200", "kl_weight=0.5"],
        metavar="KEY=VALUE",
        help="over the preset (default: max_len=200 kl_weight=0.5)",
    )
    add("--work", default="against_reference", metavar="DIR")
    add("--json", metavar="FILE")
    arguments = parser.parse_args(argv)
    if not arguments.minutes > 0:
        parser.error(
            f"--minutes: expected more than 0, got {arguments.minutes}"
        )
    try:
        found = _runs(arguments)
        rows = compared(found)
        report.show(rows, json_file=arguments.json)
    except (ValueError, OSError) as error:
        line = " ".join(str(error).split())
        print(f"against_reference: {line}", file=sys.stderr)
        return 2
    return int(any(row.ratio is not None and row.ratio < 1 for row in rows))


def compared(runs: dict[tuple[str, int], dict]) -> list[report.Row]:
    """Makes the table.

    Args:
      runs: What each run found, by way, "plain" or "ours", and seed.

    Returns:
      Losses of each run, and how much lower ours are; a ratio of at least 1
      says that a bar is reached.
    """
    rows, in_time, in_steps = [], [], []
    for seed in dict.fromkeys(seed for _, seed in runs):
        plain, ours = runs["plain", seed], runs["ours", seed]
        for name, found, losses in (
            ("plain", plain, plain["in_time"]),
            ("ours", ours, ours["in_time"]),
            ("ours, equal steps", None, ours["in_steps"]),
        ):
            title = f"seed {seed}, {name}"
            for key, unit in (
                ("recon", "L_R, nats"),
                ("kl", "L_KL, nats"),
                ("loss", "L_R + w_KL L_KL"),
            ):
                rows.append(report.Row(title, losses[key], unit))
            if found:
                rows += [
                    report.Row(title, found["steps"], "steps"),
                    report.Row(title, found["trained_seconds"], "s trained"),
                    report.Row(title, found["compiled_seconds"], "s compiled"),
                ]
        in_time.append(plain["in_time"]["loss"] - ours["in_time"]["loss"])
        in_steps.append(plain["in_time"]["loss"] - ours["in_steps"]["loss"])
        rows.append(
            report.Row(f"seed {seed}, lower by, time", in_time[-1], "nats")
        )
        rows.append(
            report.Row(f"seed {seed}, lower by, steps", in_steps[-1], "nats")
        )
    mean = statistics.fmean(in_time)
    rows.append(
        report.Row(
            "lower by, equal time",
            mean,
            "nats, mean",
            f"of {TIME_BAR}",
            max(mean, 1e-9) / TIME_BAR,
        )
    )
    mean = statistics.fmean(in_steps)
    rows.append(
        report.Row(
            "lower by, equal steps",
            mean,
            "nats, mean",
            f"of at least -{STEPS_BAR}",
            # 1 at the bar, and more above it.
            max(1 + mean + STEPS_BAR, 1e-9),
        )
    )
    return rows


def _runs(arguments):
    """Returns what all runs found, after those that are missing are made."""
    work = pathlib.Path(arguments.work)
    if work.exists() and not work.is_dir():
        raise ValueError(f"{work}: expected a directory, got a file")
    orders = [
        (way, seed) for seed in arguments.seeds for way in ("plain", "ours")
    ]
    missing = [
        order for order in orders if _read(work, *order, arguments) is None
    ]
    _check(arguments)
    minutes = len(missing) * arguments.minutes
    print(
        f"{len(orders)} runs, {len(missing)} to make: about {minutes:.0f} "
        "minutes of training, and some for compiling and evaluating",
        file=sys.stderr,
        flush=True,
    )
    for way, seed in orders:
        if (way, seed) not in missing:
            continue
        steps = 0
        if way == "ours":
            steps = _read(work, "plain", seed, arguments)["steps"]
        path = _path(work, way, seed)
        asked = {
            "settings": _settings(way, seed, arguments),
            "snapshot_steps": steps,
            "out": str(path.resolve()),
        }
        command = [sys.executable, "-m", "benchmarks.timed_worker"]
        ended = subprocess.run([*command, json.dumps(asked)], check=False)
        if ended.returncode:
            raise ValueError(
                f"{way}, seed {seed}: failed with status {ended.returncode}"
            )
        found = _read(work, way, seed, arguments)
        print(
            f"{way}, seed {seed}: L_R {found['in_time']['recon']:.4f}, L_KL "
            f"{found['in_time']['kl']:.4f}, L_R + w_KL L_KL "
            f"{found['in_time']['loss']:.4f}; {found['steps']:,} steps in "
            f"{found['trained_seconds']:.0f} s, "
            f"{found['compiled_seconds']:.0f} s of compiling",
            file=sys.stderr,
            flush=True,
        )
    return {order: _read(work, *order, arguments) for order in orders}


def _check(arguments):
    """Refuses what would fail in a run."""
    from sketch_rnn_tf import config as config_lib, datasets, presets

    changes = dict(map(config_lib.parse_assignment, arguments.set))
    config = presets.preset(arguments.preset).replace(**changes)
    if "seed" in changes:
        raise ValueError("set: expected the seed by --seeds")
    for name in ("input_dropout", "output_dropout"):
        if getattr(config, name):
            raise ValueError(f"{name}: expected 0, the plain loop has none")
    if not config.conditional:
        raise ValueError("conditional: expected true, got false")
    data = datasets.load(arguments.data)
    longest = config.max_len or max(map(len, data.train))
    count = sum(len(sketch) <= longest for sketch in data.train)
    if count < config.batch_size:
        raise ValueError(
            f"{arguments.data}: expected at least {config.batch_size} "
            f"sketches, a batch, got {count}"
        )


def _settings(way, seed, arguments):
    return {
        "way": way,
        "seed": seed,
        "data": arguments.data,
        "preset": arguments.preset,
        "set": arguments.set,
        "minutes": arguments.minutes,
    }


def _path(work, way, seed):
    return work / f"{way}-seed{seed}.json"


def _read(work, way, seed, arguments):
    """Returns what a run found; None if it has not been made."""
    path = _path(work, way, seed)
    if not path.is_file():
        return None
    try:
        written = json.loads(path.read_text())
        there, found = written["settings"], written["found"]
    except (ValueError, KeyError, TypeError):
        raise ValueError(f"{path}: expected a run, got another file") from None
    for key, value in _settings(way, seed, arguments).items():
        if there.get(key) != value:
            raise ValueError(
                f"{path}: {key} is {there.get(key)!r} there, {value!r} here; "
                "ask for the same, or name another --work"
            )
    return found


if __name__ == "__main__":
    sys.exit(main())
