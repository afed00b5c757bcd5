"""The browser: files that the page loads, tried in Node.

There it is V8 that tells what is covered; see `export/web/tests/fuzzing.js`.
"""

import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable

from fuzzing import runs as runs_lib

KINDS = {"tfjs_files": "tfjs", "sketch_rnn_js_page": "sketch_rnn_js"}
WEB = pathlib.Path(__file__).resolve().parents[3] / "export" / "web"
_SCRIPT = "tests/fuzzing.js"
# Of one input, by the wall clock; the machine may be busy.
_HANGS_AFTER = 120.0


def is_here() -> bool:
    """Whether Node is, with what the page's library needs."""
    return bool(shutil.which("node")) and (WEB / "node_modules").is_dir()


def export(folder: str) -> None:
    """Writes small exports for the page; loads TensorFlow."""
    from export import tfjs
    from fuzzing import checkpoints
    from sketch_rnn_tf.model import vae

    config = checkpoints.TINY
    tfjs.export_tfjs(vae.SketchRNN(config), pathlib.Path(folder, "plain"))
    config = config.replace(
        conditional=True, encoder_size=2, z_size=2, class_size=1,
        words=("cat", "pig"),
    )  # fmt: skip
    tfjs.export_tfjs(
        vae.SketchRNN(config), pathlib.Path(folder, "words"), quantize="uint16"
    )


def run(
    name: str,
    *,
    runs: int,
    seed: int = 0,
    say: Callable[[str], None] = lambda line: None,
) -> runs_lib.Result:
    """Tries inputs at an entrance of the page; as `runs.run`."""
    result = runs_lib.Result(name, seed)
    start = time.monotonic()
    with tempfile.TemporaryDirectory() as made:
        made = pathlib.Path(made)
        folders = []
        if _kind(name) == "tfjs":
            subprocess.run(
                [sys.executable, str(runs_lib.SCRIPT), "--export", str(made)],
                check=True,
                capture_output=True,
            )
            folders = sorted(map(str, made.iterdir()))
        for attempt in range(runs_lib.RESTARTS):
            left, at = runs - result.tried, made / f"attempt-{attempt}"
            at.mkdir()
            hung, log = _in_node(name, left, seed + attempt, at, folders, say)
            report = at / "report.json"
            if not report.exists():
                raise RuntimeError(f"{name}: {log[-3000:]}")
            report = json.loads(report.read_text())
            result.tried += report["tried"]
            result.read += report["read"]
            result.found += report["found"]
            result.edges = max(result.edges, report["edges"])
            result.features = max(result.features, report["features"])
            result.corpus = report["corpus"]
            if result.tried >= runs:
                break
            result.tried += 1
            result.found.append(
                {
                    "kind": "time" if hung else "death",
                    "what": "hung" if hung else log[-300:],
                    "place": "",
                    "times": 1,
                    "input": (at / "current").read_bytes().hex(),
                }
            )
    result.seconds = time.monotonic() - start
    return result


def _kind(name):
    return KINDS.get(name, name)


def _in_node(name, runs, seed, at, folders, say):
    """Runs the script; returns whether it hung, and what it said."""
    report, current, log = at / "report.json", at / "current", at / "log"
    with log.open("wb") as file:
        process = subprocess.Popen(
            [
                *("node", "--disallow-code-generation-from-strings"),
                *(_SCRIPT, _kind(name), str(runs), str(seed)),
                *(str(report), str(current), *folders),
            ],
            cwd=WEB,
            stdout=file,
            stderr=file,
            stdin=subprocess.DEVNULL,
            env=os.environ | {"NODE_NO_WARNINGS": "1"},
        )
        hung = False
        try:
            while process.poll() is None and not hung:
                try:
                    process.wait(timeout=10)
                except subprocess.TimeoutExpired:
                    if current.exists():
                        age = time.time() - current.stat().st_mtime
                        hung = age > _HANGS_AFTER
                    if report.exists():
                        tried = json.loads(report.read_text())["tried"]
                        say(f"{name}: {tried:,} of {runs:,} inputs")
        finally:
            process.kill()
    return hung, log.read_text(errors="replace")
