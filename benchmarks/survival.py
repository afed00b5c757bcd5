"""Kills a training again and again, and compares it with one left in peace.

python -m benchmarks.survival --kills 20 --seed 0

Both train the same tiny model.  One runs through; the other is killed (SIGKILL)
at random moments, while it starts, steps, validates or writes a checkpoint,
and resumed each time.  In the end weights, optimizer, history, best weights
and TensorBoard's curves must be the same, bit for bit, but for times.
"""

import argparse
import json
import math
import os
import pathlib
import random
import re
import subprocess
import sys
import tempfile
import time

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("TQDM_DISABLE", "1")

import h5py
import numpy as np
import tensorflow as tf

from benchmarks import report
from sketch_rnn_tf import datasets, partials
from sketch_rnn_tf.training import work_directory

SETTINGS = "--preset tiny --checkpoint-minutes 0.005 --set num_buckets=2"
TIMES = "sketches_per_second"


def main() -> int:
    """Runs the benchmark; returns 1 if anything differs."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--seed", type=int, default=0, help="of the moments")
    parser.add_argument("--data", default="quickdraw_strokes/doodles")
    parser.add_argument("--data-dir", help="default: a temporary one")
    parser.add_argument("--stream", action="store_true")
    parser.add_argument("--steps", type=int, default=1500)
    parser.add_argument("--json", metavar="FILE")
    arguments = parser.parse_args()
    started = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        data_dir = arguments.data_dir or str(folder / "data")
        # Prepared once, which takes longer than to start.
        datasets.load(
            arguments.data, data_dir=data_dir, stream=arguments.stream
        )
        options = [
            "--data", arguments.data, "--data-dir", data_dir,
            "--steps", str(arguments.steps), *SETTINGS.split(),
            f"validate_every={max(1, arguments.steps // 30)}",
        ]  # fmt: skip
        if arguments.stream:
            options.append("--stream")
        starting, total = _run_through(folder / "straight", options)
        print(
            f"without a kill: {total:.1f} s, the first {starting:.1f} s of "
            "which to the first checkpoint",
            flush=True,
        )
        kills = _run_killed(
            folder / "killed",
            options,
            arguments,
            starting=starting,
            a_step=(total - starting) / arguments.steps,
        )
        differences = compare(folder / "straight", folder / "killed")
    rows = [report.Row("kills", kills, "kills")]
    rows += [
        report.Row(f"{name} that differ", len(wrong), f"of {count}")
        for name, (wrong, count) in differences.items()
    ]
    rows.append(report.Row("time", time.monotonic() - started, "s"))
    report.show(rows, json_file=arguments.json)
    wrong = [w for found, _ in differences.values() for w in found]
    for name in wrong[:20]:
        print(f"differs: {name}")
    if kills < arguments.kills:
        print(f"the training was over after {kills} kills; give it more steps")
    print(f"verdict: {'DIFFERENT' if wrong else 'identical'}")
    return bool(wrong) or kills < arguments.kills


def _start(work_dir, options, log):
    command = [sys.executable, "-m", "sketch_rnn_tf", "train", *options]
    command += ["--work-dir", str(work_dir)]
    if (work_dir / work_directory.CONFIG).exists():
        command.append("--resume")
    return subprocess.Popen(
        command,
        stdout=log,
        stderr=subprocess.STDOUT,
        env=os.environ | {"PYTHONUNBUFFERED": "1"},
    )


def _run_through(work_dir, options):
    """Returns the seconds to the first checkpoint, and to the end."""
    state = work_dir / work_directory.CHECKPOINTS / "checkpoint"
    begun, first = time.monotonic(), None
    with tempfile.TemporaryFile() as log:
        process = _start(work_dir, options, log)
        while process.poll() is None:
            if first is None and state.exists():
                first = time.monotonic() - begun
            time.sleep(0.05)
        _check(process, log)
    return first, time.monotonic() - begun


def _run_killed(work_dir, options, arguments, *, starting, a_step):
    """Trains under fire; returns how many kills it took."""
    rng = random.Random(arguments.seed)
    for kill in range(arguments.kills):
        left = arguments.kills - kill
        step = last_step(work_dir)
        seconds = (arguments.steps - step) * a_step
        moment = rng.uniform(0, starting + beyond(seconds, left, starting))
        # Where the machine has become faster, leave some for the others.
        most = (arguments.steps - step) * min(0.8, 3 / (left + 1))
        delay, begun = rng.uniform(0, 0.5), time.monotonic()
        with tempfile.TemporaryFile() as log:
            process = _start(work_dir, options, log)
            if not _wait(process, work_dir, moment, step + most, delay):
                _check(process, log)
                return kill
            process.kill()
            process.wait()
            lived = time.monotonic() - begun
            doing = _doing(log)
        left_over = [
            path.name
            for path in work_dir.rglob("*")
            if path.name.startswith(partials.PREFIX) or "_temp" in path.name
        ]
        print(
            f"kill {kill + 1:2} after {lived:5.1f} s, {doing:10} "
            f"checkpoint {step:4} -> {last_step(work_dir):4}",
            *left_over,
            flush=True,
        )
    with tempfile.TemporaryFile() as log:
        process = _start(work_dir, options, log)
        process.wait()
        _check(process, log)
    return arguments.kills


def _wait(process, work_dir, moment, last, delay):
    """Waits for a moment, or a while after a step; returns if it still runs."""
    end = time.monotonic() + moment
    while time.monotonic() < end:
        if process.poll() is not None:
            return False
        if last_step(work_dir) >= last:
            end, last = min(end, time.monotonic() + delay), math.inf
        time.sleep(0.02)
    return process.poll() is None


def beyond(seconds: float, left: int, starting: float) -> float:
    """Chooses how long after its start a process is killed at the latest.

    So that the kills left, at moments uniform from the start on, will have
    let half of the training through, and none comes too late.

    Args:
      seconds: What is left of the training.
      left: Kills.
      starting: Seconds from the start to the first step.
    """
    share = 0.5 * seconds / left
    # kills * x**2 / (2 * (starting + x)) is what they let through.
    beyond = share + math.sqrt(share * (share + 2 * starting))
    return min(beyond, 0.7 * seconds)


def _doing(log):
    log.seek(0)
    text = log.read().decode(errors="replace")
    if "Epoch" not in text:
        return "starting"
    # Keras' progress: behind a full bar comes the validation.
    bars = re.findall(r"\x1b\[1m *(\d+)/(\d+)", text)
    return "validating" if bars and len(set(bars[-1])) == 1 else "stepping"


def _check(process, log):
    if process.returncode:
        log.seek(0)
        raise SystemExit(log.read().decode(errors="replace")[-2000:])


def last_step(work_dir: pathlib.Path) -> int:
    """Returns the step of the last checkpoint; 0 if there is none."""
    path = tf.train.latest_checkpoint(
        str(work_dir / work_directory.CHECKPOINTS)
    )
    return int(path.rpartition("-")[2]) if path else 0


def compare(one: pathlib.Path, other: pathlib.Path) -> dict:
    """Compares two work directories, but for what measures time.

    Args:
      one: A work directory.
      other: Another.

    Returns:
      For each kind of thing the names of those that differ, and their number.
    """
    return {
        name: _differing(read(one), read(other))
        for name, read in {
            "weights and slots": checkpoint,
            "best weights": best_weights,
            "history values": _history,
            "TensorBoard values": events,
            "files": _files,
        }.items()
    }


def _differing(one, other):
    names = one.keys() | other.keys()
    wrong = [
        name
        for name in sorted(names)
        if name not in one
        or name not in other
        or not _same(one[name], other[name])
    ]
    return wrong, len(names)


def _same(one, other):
    one, other = np.asarray(one), np.asarray(other)
    return one.dtype == other.dtype and one.tobytes() == other.tobytes()


def checkpoint(work_dir: pathlib.Path) -> dict:
    """Reads the last checkpoint, but for the seconds that it took."""
    directory = str(work_dir / work_directory.CHECKPOINTS)
    reader = tf.train.load_checkpoint(directory)
    found = {
        name: reader.get_tensor(name)
        for name in reader.get_variable_to_shape_map()
        if not name.startswith("_CHECKPOINTABLE")
    }
    for name in list(found):
        if name.startswith("interval/"):
            state = json.loads(found.pop(name))
            del state["seconds"]
            found[name] = json.dumps(state, sort_keys=True)
    return found


def best_weights(work_dir: pathlib.Path) -> dict:
    """Reads the best weights by their names in the file."""
    found = {}
    with h5py.File(work_dir / work_directory.BEST_WEIGHTS) as file:
        file.visititems(
            lambda name, item: (
                found.update({name: item[()]})
                if isinstance(item, h5py.Dataset)
                else None
            )
        )
    return found


def _history(work_dir):
    # As text, since rounding is a difference, too.
    lines = (work_dir / work_directory.HISTORY).read_text().splitlines()
    names = lines[0].split(",")
    return {
        f"{name} of row {row}": value
        for row, line in enumerate(lines[1:])
        for name, value in zip(names, line.split(","), strict=True)
        if name != TIMES
    }


def events(work_dir: pathlib.Path) -> dict:
    """Reads TensorBoard's values, lists by tag and step, but for speed."""
    found = {}
    logs = work_dir / work_directory.LOGS
    for file in sorted(logs.rglob("events*")):
        for record in tf.data.TFRecordDataset(str(file)):
            event = tf.compat.v1.Event.FromString(record.numpy())
            for value in event.summary.value:
                if value.tag != TIMES:
                    name = f"{file.parent.name}/{value.tag} at {event.step}"
                    found.setdefault(name, []).append(
                        value.tensor.SerializeToString()
                    )
    return found


def _files(work_dir):
    """Returns the names of all files but those that time makes differ."""
    names = (str(path.relative_to(work_dir)) for path in work_dir.rglob("*"))
    # Checkpoints by the clock are of other steps, and each process has event
    # files of its own.
    timed = re.compile(r".*/(ckpt-\d+\.(index|data-.*)|events\..*)")
    return {name: "" for name in names if not timed.fullmatch(name)}


if __name__ == "__main__":
    sys.exit(main())
