"""How fast ndjson files become records, before TFDS writes them.

python -m benchmarks.preparing --raw cat.ndjson --simplified cat.ndjson

Lines of the given files, or of doodles, are repeated under new keys until
there are enough.  Each measurement has processes of its own, whose memory is
the sum of each one's most; a file ten times as large shows whether it grows.
TFDS's own buffers are not among them: `--tfds` prepares records whole.
"""

import argparse
import itertools
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import time

import numpy as np
import psutil

from benchmarks import report
from sketch_rnn_tf import doodles, strokes as strokes_lib
from sketch_rnn_tf.preparation import recipes, simplify

RECIPES = {"raw": ("paper", "google"), "simplified": ("none",)}


def main() -> int:
    """Runs the benchmark."""
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    for name in RECIPES:
        parser.add_argument(
            f"--{name}", metavar="FILE", nargs="*", help="default: doodles"
        )
    parser.add_argument("--drawings", type=int, default=20_000)
    parser.add_argument("--processes", type=int, default=os.cpu_count())
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--tfds", action="store_true")
    parser.add_argument("--json", metavar="FILE")
    parser.add_argument("--measure", nargs=4, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.measure:
        print(json.dumps(_measured(*arguments.measure)))
        return 0
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        for kind, names in RECIPES.items():
            files = []
            for times in (1, 10):
                path = pathlib.Path(folder, f"{kind}{times}.ndjson")
                count = times * arguments.drawings
                _write(path, getattr(arguments, kind), kind, count)
                files.append((path, count))
            for name in names:
                rows += _compared(kind, name, files, arguments)
    report.show(rows, json_file=arguments.json)
    return 0


def _compared(kind, recipe, files, arguments):
    what = f"{kind}, {recipe}"
    rows = []
    for path, count in files:
        found = [
            _run(path, recipe, arguments.processes, arguments.tfds)
            for _ in range(arguments.repeats)
        ]
        seconds = np.median([one["seconds"] for one in found])
        memory = np.median([one["memory"] for one in found])
        rows.append(report.Row(f"{what}: {count:,}", count / seconds,
                               "drawings/s"))  # fmt: skip
        rows.append(report.Row(f"{what}: {count:,}", memory, "MiB at most"))
    return rows


def _run(path, recipe, processes, tfds):
    print(f"{path.name}, {recipe}", file=sys.stderr)
    command = [
        sys.executable, "-m", "benchmarks.preparing", "--measure", str(path),
        recipe, str(processes), "tfds" if tfds else "",
    ]  # fmt: skip
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE)
    return json.loads(done.stdout.splitlines()[-1])


def _measured(path, recipe, processes, tfds):
    """Makes all records of a file; runs in a process of its own."""
    from sketch_rnn_tf.files import tally as tally_lib
    from tfds_quickdraw import generation

    start = time.perf_counter()
    if tfds:
        import tfds_quickdraw

        with tempfile.TemporaryDirectory() as folder:
            tfds_quickdraw.prepare(
                tfds_quickdraw.config_for(
                    files=path, recipe=recipe, max_drawings=0
                ),
                folder,
                processes=int(processes),
            )
    else:
        tasks = generation.plan(
            {"word": pathlib.Path(path)},
            recipe=recipes.make(recipe),
            max_drawings=None,
            only_recognized=False,
            dtype="int16",
        )
        for found in tasks.values():
            for _ in generation.generate(
                found, tally_lib.Tally(), processes=int(processes)
            ):
                pass
    seconds = time.perf_counter() - start
    return {"seconds": seconds, "memory": _memory()}


def _memory():
    """The most that this process held, and each of its children, MiB."""
    process = psutil.Process()
    total = 0
    for one in (process, *process.children(recursive=True)):
        status = pathlib.Path(f"/proc/{one.pid}/status").read_text()
        (line,) = (x for x in status.splitlines() if x.startswith("VmHWM"))
        total += int(line.split()[1])
    return total / 1024


def _write(path, sources, kind, count):
    """Writes lines under new keys."""
    lines = _of_files(sources) if sources else _of_doodles(kind)
    with open(path, "w") as file:
        for key, record in zip(range(count), itertools.cycle(lines)):
            file.write(json.dumps({**record, "key_id": str(key)}) + "\n")


def _of_files(sources):
    return [
        json.loads(line)
        for source in sources
        for line in pathlib.Path(source).read_text().splitlines()
    ]


def _of_doodles(kind):
    """Draws doodles; raw ones have a point every three pixels, and times."""
    records = []
    for seed in range(200):
        stroke3 = doodles.draw("cat", seed=seed).stroke3
        polylines = strokes_lib.stroke3_to_polylines(stroke3)
        if kind == "raw":
            polylines = [
                simplify.resample(2 * p, [0], spacing=3.0)[0] for p in polylines
            ]
        strokes = [np.rint(p).T.astype(int).tolist() for p in polylines]
        if kind == "raw":
            strokes = [[*s, list(range(len(s[0])))] for s in strokes]
        records.append({"word": "cat", "recognized": True, "drawing": strokes})
    return records


if __name__ == "__main__":
    sys.exit(main())
