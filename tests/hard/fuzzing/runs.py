"""Runs: an entrance in a process of its own, begun again where that dies."""

import dataclasses
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable

RESTARTS = 10
SCRIPT = pathlib.Path(__file__).parents[1] / "fuzz.py"
_MEMORY = "/dev/shm"
_COVERAGE = re.compile(r"cov: (\d+) ft: (\d+) corp: (\d+)/")


@dataclasses.dataclass
class Result:
    """What came of an entrance.

    Attributes:
      entrance: Its name.
      seed: Of the engine.
      tried: Inputs.
      read: Those that were read, not refused.
      edges: Branches covered, by all inputs together.
      features: Branches told apart by how often they were taken.
      corpus: Inputs that cover something that no other does.
      seconds: Of the wall clock.
      found: The findings: kind, what, place, how many times, input in hex.
    """

    entrance: str
    seed: int
    tried: int = 0
    read: int = 0
    edges: int = 0
    features: int = 0
    corpus: int = 0
    seconds: float = 0.0
    found: list[dict] = dataclasses.field(default_factory=list)


def run(
    name: str,
    *,
    runs: int,
    seed: int = 0,
    corpus: pathlib.Path | None = None,
    restarts: int = RESTARTS,
    say: Callable[[str], None] = lambda line: None,
) -> Result:
    """Tries inputs at an entrance, in another process.

    Args:
      name: Of the entrance.
      runs: Inputs.
      seed: Of the engine.
      corpus: A folder to begin from and to add to; a new one if None.
      restarts: Processes at most; each ends early with an input that it
        cannot survive.
      say: Told how it goes, a line now and then.

    Returns:
      What came of it.

    Raises:
      RuntimeError: If the process did not come to its first input.
    """
    result = Result(name, seed)
    start = time.monotonic()
    with tempfile.TemporaryDirectory() as made:
        made = pathlib.Path(made)
        corpus = corpus or made / "corpus"
        corpus.mkdir(parents=True, exist_ok=True)
        for attempt in range(restarts):
            folder = made / str(attempt)
            folder.mkdir()
            left = runs - result.tried
            log = _in_process(name, left, seed + attempt, folder, corpus, say)
            report = _read(folder / "report.json")
            if not (report and report["tried"]):
                raise RuntimeError(f"{name}: {log[-3000:]}")
            result.tried += report["tried"]
            result.read += report["read"]
            result.found += report["found"]
            for found in _COVERAGE.findall(log):
                edges, features, size = map(int, found)
                result.edges = max(result.edges, edges)
                result.features = max(result.features, features)
                result.corpus = size
            if result.tried >= runs:
                break
            # The process died in the midst of an input.
            result.tried += 1
            result.found.append(_death(folder, log))
            say(f"{name}: the process died after {result.tried} inputs")
    result.seconds = time.monotonic() - start
    return result


def _in_process(name, runs, seed, folder, corpus, say):
    """Runs the engine; returns what it said."""
    # Inputs that cover more are put there; the seeds are made again.
    own = folder / "corpus"
    shutil.copytree(corpus, own)
    log = folder / "log"
    # Inputs lie in memory where that can be had.
    memory = _MEMORY if os.access(_MEMORY, os.W_OK) else None
    with (
        log.open("wb") as file,
        tempfile.TemporaryDirectory(dir=memory) as temporary,
    ):
        process = subprocess.Popen(
            [
                *(sys.executable, str(SCRIPT), "--inside", name),
                *("--runs", str(runs), "--seed", str(seed)),
                *("--report", str(folder / "report.json")),
                *("--corpus", str(own)),
            ],
            stdout=file,
            stderr=file,
            stdin=subprocess.DEVNULL,
            env=_environment(temporary),
        )
        try:
            while True:
                try:
                    process.wait(timeout=10)
                    break
                except subprocess.TimeoutExpired:
                    report = _read(folder / "report.json")
                    if report:
                        say(
                            f"{name}: {report['tried']:,} of {runs:,} inputs, "
                            f"{len(report['found'])} findings"
                        )
        finally:
            process.kill()
    shutil.copytree(own, corpus, dirs_exist_ok=True)
    return log.read_text(errors="replace")


def _environment(temporary):
    quiet = {"TF_CPP_MIN_LOG_LEVEL": "3", "CUDA_VISIBLE_DEVICES": "-1"}
    return os.environ | quiet | {"TMPDIR": temporary}


def _read(path):
    return json.loads(path.read_text()) if path.exists() else None


def _death(folder, log):
    inputs = [
        path
        for path in folder.iterdir()
        if re.match(r"(crash|timeout|oom|leak|slow-unit)-", path.name)
    ]
    data = inputs[0].read_bytes() if inputs else b""
    said = re.findall(r"(?:ERROR|SUMMARY|Fatal)[^\n]*", log) or [log[-300:]]
    return {
        "kind": "death",
        "what": said[-1],
        "place": inputs[0].name.split("-")[0] if inputs else "",
        "times": 1,
        "input": data.hex(),
    }
