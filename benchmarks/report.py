"""How every benchmark reports: a table for people, JSON for programs."""

import dataclasses
import json
import pathlib
import statistics
import time
from collections.abc import Callable, Sequence


@dataclasses.dataclass(frozen=True)
class Row:
    """One figure.

    Attributes:
      name: What was measured.
      value: The median.
      unit: Its unit.
      against: What it is compared with, or "".
      ratio: The median of the paired ratios, how many times as good as that.
    """

    name: str
    value: float
    unit: str
    against: str = ""
    ratio: float | None = None


def time_alternately(
    functions: Sequence[Callable[[], object]], *, repeats: int
) -> list[list[float]]:
    """Times functions in turn, so that a busy machine slows all alike.

    Args:
      functions: What to time; each has to wait for its own result.
      repeats: Rounds; a first one warms up and does not count.

    Returns:
      Seconds of each function, one list a function.
    """
    seconds = [[] for _ in functions]
    for repeat in range(repeats + 1):
        for function, times in zip(functions, seconds, strict=True):
            start = time.perf_counter()
            function()
            if repeat:
                times.append(time.perf_counter() - start)
    return seconds


def ratio(seconds: Sequence[float], baseline: Sequence[float]) -> float:
    """Returns the median of the paired ratios baseline / seconds."""
    pairs = zip(seconds, baseline, strict=True)
    return statistics.median(b / s for s, b in pairs)


def show(rows: Sequence[Row], *, json_file: str | None) -> None:
    """Prints the rows as a table and writes them as JSON on request."""
    for row in rows:
        compared = f"{row.ratio:.2f}x {row.against}" if row.ratio else ""
        print(f"{row.name:40} {row.value:12.4f} {row.unit:18} {compared}")
    if json_file:
        write_json(rows, json_file)


def write_json(rows: Sequence[Row], json_file: str) -> None:
    """Writes the rows as a JSON list of objects."""
    # NumPy's numbers are not JSON's.
    rows = [dataclasses.asdict(row) for row in rows]
    text = json.dumps(rows, indent=2, default=float)
    pathlib.Path(json_file).write_text(text + "\n")
