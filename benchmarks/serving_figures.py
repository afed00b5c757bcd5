"""The figures of `serving_load`: a table, and rows of JSON."""

import math
import statistics
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from benchmarks import load_clients, report

PHASES = ("on", "off")
"""Whether batching is."""

_OUTCOMES = (
    load_clients.RIGHT,
    load_clients.REFUSED,
    load_clients.PADDED,
    load_clients.NEIGHBOUR,
    load_clients.BUSY,
    load_clients.WRONG,
    load_clients.UNEXPECTED,
)


def growth(samples: Sequence[float], settling: int = 60) -> float:
    """Returns by how much memory grew after the first minute, in percent.

    Args:
      samples: One a second.
      settling: How many do not count, and how many the median is taken of at
        either end; less of a short run.
    """
    window = min(settling, len(samples) // 3)
    if not window:
        return math.nan
    first = statistics.median(samples[window : 2 * window])
    return 100 * (statistics.median(samples[-window:]) / first - 1)


def figures(
    phases: Mapping[str, tuple[load_clients.Tally, Mapping[str, Any]]],
) -> dict[str, dict[str, float]]:
    """Makes figures of what came of the load.

    Args:
      phases: For "on" and "off" the tally, and the phase's `seconds`,
        `restarts`, `memory` (MB each second) and `counters`.

    Returns:
      Values by the figure's name, then by phase.
    """
    rows = {}
    for phase, (tally, seen) in phases.items():
        counters = seen["counters"]
        memory = seen["memory"] or [math.nan]
        values = {"requests": tally.outcomes.total()}
        values |= {name: tally.outcomes[name] for name in _OUTCOMES}
        values |= {
            "restarts": seen["restarts"],
            "memory at the end": memory[-1],
            "memory growth": growth(seen["memory"]),
            "throughput": tally.outcomes.total() / seen["seconds"],
            "rows a batch": counters.get("rows", math.nan)
            / max(counters.get("batches", 0), 1),
        }
        everything = [s for kind in tally.seconds.values() for s in kind]
        kinds = {"all signatures": everything} | dict(
            sorted(tally.seconds.items())
        )
        for kind, seconds in kinds.items():
            for percent in (50, 95, 99):
                values[f"{kind}, p{percent}"] = 1e3 * float(
                    np.percentile(seconds or [math.nan], percent)
                )
        for name, value in values.items():
            rows.setdefault(name, dict.fromkeys(PHASES, math.nan))
            rows[name][phase] = value
    return rows


def show(rows: Mapping[str, Mapping[str, float]]) -> None:
    """Prints the figures, batching on beside batching off."""
    print(
        "stand-in for TF Serving, in Python: what batching changes, not how "
        "fast TF Serving is"
    )
    print(f"{'':34} {'batching on':>14} {'batching off':>14}")
    for name, values in rows.items():
        digits = 2 if _unit(name) else 0
        numbers = " ".join(f"{values[phase]:14,.{digits}f}" for phase in PHASES)
        print(f"{name:34} {numbers} {_unit(name)}")


def json_rows(
    rows: Mapping[str, Mapping[str, float]],
) -> list[report.Row]:
    """Returns the rows of the JSON; of times, those with batching compared."""
    made = []
    for name, values in rows.items():
        unit = _unit(name) or "requests"
        ratio = None
        if unit == "ms" and values["on"]:
            ratio = values["off"] / values["on"]
        elif unit == "requests/s" and values["off"]:
            ratio = values["on"] / values["off"]
        off = f"{name}, batching off"
        against = off if ratio is not None else ""
        made += [
            report.Row(
                f"{name}, batching on", values["on"], unit, against, ratio
            ),
            report.Row(off, values["off"], unit),
        ]
    return made


def _unit(name):
    if ", p" in name:
        return "ms"
    units = {
        "memory at the end": "MB",
        "memory growth": "%, after 1st minute",
        "throughput": "requests/s",
        "rows a batch": "rows",
    }
    return units.get(name, "")
