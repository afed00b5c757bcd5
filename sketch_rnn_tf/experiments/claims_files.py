"""Measures claims one after another, each kept in a file, and lists them."""

import dataclasses
import json
import os
import pathlib
from collections.abc import Callable, Sequence
from typing import Any

from sketch_rnn_tf import partials, version
from sketch_rnn_tf.experiments import (
    bench as bench_lib,
    claims as claims_lib,
    hardware,
    page,
    table_text,
    trainings,
)
from sketch_rnn_tf.experiments.plan import Plan

HOLDS, FAILS, MISSING = "holds", "does not hold", "not measured"

_TITLE = "What the paper claims, measured"
_DIRECTORY = "claims"


def wanted(plan: Plan, names: Sequence[str]) -> list[trainings.Training]:
    """Lists the trainings of some claims, each once."""
    found = {}
    for name in names:
        for training in claims_lib.CLAIMS[name].trainings(plan):
            found.setdefault(training.name, training)
    return list(found.values())


def check(plan: Plan, names: Sequence[str], out: str | os.PathLike) -> list:
    """Lists the claims that are still to be measured.

    Raises:
      ValueError: If one was measured by another plan; says what differs.
    """
    return [name for name in names if _kept(plan, name, out) is None]


def measure(
    bench: bench_lib.Bench,
    names: Sequence[str],
    out: str | os.PathLike,
    *,
    say: Callable[[str], None] = print,
) -> list[dict[str, Any]]:
    """Measures claims that have not been, and writes all that are known.

    Args:
      bench: What they are measured with.
      names: Of `claims.CLAIMS`.
      out: The experiment's directory.
      say: Takes a line for each.

    Returns:
      All claims that this directory has, measured or not.
    """
    out = pathlib.Path(out)
    for name in names:
        if _kept(bench.plan, name, out) is not None:
            continue
        row = _measured(bench, name)
        with partials.file(_path(out, name)) as partial:
            partial.write_text(json.dumps(row, indent=2) + "\n")
        say(f"{name}: {row['verdict']}; {row['measured']}")
        write(out)
    return write(out)


def write(out: str | os.PathLike) -> list[dict[str, Any]]:
    """Writes claims.json, claims.md and claims.html of what is known."""
    out = pathlib.Path(out)
    rows = [
        row
        for name in claims_lib.CLAIMS
        if (row := _read(_path(out, name))) is not None
    ]
    text = [["claim", "the paper", "says", "counts as holding if", "measured",
             "verdict"]]  # fmt: skip
    for row in rows:
        claim = claims_lib.CLAIMS[row["claim"]]
        text.append(
            [row["claim"], f"section {claim.section}", claim.quote,
             claim.criterion, row["measured"], row["verdict"]]
        )  # fmt: skip
    counts = {
        verdict: sum(row["verdict"] == verdict for row in rows)
        for verdict in (HOLDS, FAILS, MISSING)
    }
    summary = ", ".join(f"{count} {name}" for name, count in counts.items())
    places = dict.fromkeys(row["hardware"] for row in rows)
    summary += f". On {'; '.join(places)}." if places else "."
    files = {
        "claims.json": json.dumps(
            {"version": version.__version__, "claims": rows}, indent=2
        )
        + "\n",
        "claims.md": f"{summary}\n\n{table_text.markdown(text)}\n",
        "claims.html": page.render(
            _TITLE, summary, [("Claims", table_text.html_table(text))]
        ),
    }
    for name, content in files.items():
        with partials.file(out / name) as partial:
            partial.write_text(content)
    return rows


def _measured(bench, name):
    row = {
        "claim": name,
        "plan": _settings(bench.plan, name),
        "hardware": hardware.described(),
    }
    try:
        measured = claims_lib.CLAIMS[name].measure(bench)
    except bench_lib.MissingError as missing:
        return row | {
            "verdict": MISSING,
            "measured": f"needs {missing}",
            "numbers": {},
        }
    return row | {
        "verdict": HOLDS if measured.holds else FAILS,
        "measured": measured.says,
        "numbers": measured.numbers,
    }


def _kept(plan, name, out):
    """Returns a claim as it was measured; None if it is to be measured."""
    path = _path(pathlib.Path(out), name)
    row = _read(path)
    # What was missing may be there now.
    if row is None or row["verdict"] == MISSING:
        return None
    for key, value in _settings(plan, name).items():
        if row["plan"].get(key) != value:
            raise ValueError(
                f"{path}: was measured by another plan: {key} is "
                f"{row['plan'].get(key)!r} there, {value!r} here; ask for the "
                "same, or name another directory"
            )
    return row


def _read(path):
    if not path.is_file():
        return None
    try:
        row = json.loads(path.read_text())
        if not {"claim", "plan", "verdict", "measured"} <= row.keys():
            raise ValueError
    except (ValueError, AttributeError):
        raise ValueError(
            f"{path}: expected a claim, got another file"
        ) from None
    return row


def _path(out, name):
    return out / _DIRECTORY / f"{name}.json"


def _settings(plan, name):
    """Returns what a claim was measured with, as JSON would have it."""
    made = {
        "trainings": [t.name for t in claims_lib.CLAIMS[name].trainings(plan)],
        "drawings": plan.budget.drawings,
        "seed": plan.seed,
        "steps": [
            dataclasses.asdict(t)["config"]["steps"]
            for t in claims_lib.CLAIMS[name].trainings(plan)
        ],
    }
    return json.loads(json.dumps(made))
