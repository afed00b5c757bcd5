"""Grids: many trainings, one after another, or one on each GPU."""

import collections
import os
import pathlib
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import tqdm

from sketch_rnn_tf.backend import keras
from sketch_rnn_tf.experiments import hardware, trainings

Say = Callable[[str], None]
"""Takes lines of progress."""

_LOOK_SECONDS = 2.0
_STOP_SECONDS = 60.0


def run(
    asked: Sequence[trainings.Training],
    rows: str | os.PathLike,
    *,
    places: Sequence[Mapping[str, str]] | None = None,
    finished: Callable[[dict[str, Any]], None] | None = None,
    say: Say = print,
) -> list[dict[str, Any]]:
    """Runs trainings, those that are not done yet.

    Args:
      asked: The trainings, of different names.
      rows: The directory of their records and work directories.
      places: Environments of processes that train side by side; one of them
        trains in this process.  None asks `hardware.places`.
      finished: Called with each result, in the order in which they come.
      say: Takes a line for each training that has ended.

    Returns:
      The results, in the order of the trainings.

    Raises:
      ValueError: If a training has other settings than one of that name that
        is there, and then nothing has been trained; or as `trainings.run`.
      OSError: As `trainings.run`.
      FloatingPointError: Likewise.
      interruption.Interrupted: Likewise.
    """
    rows = pathlib.Path(rows)
    for training in asked:
        trainings.check(training, rows)
    places = hardware.places() if places is None else places
    left = [t for t in asked if trainings.share_done(t, rows) < 1]
    with _Progress(asked, rows, places=len(places)) as progress:

        def ended(result):
            if finished:
                finished(result)
            say(progress.line(result))

        if len(places) < 2:
            for training in left:
                result = trainings.run(training, rows)
                # A model's functions stay in memory else.
                keras.backend.clear_session()
                ended(result)
        else:
            _side_by_side(left, rows, places, ended)
    return [trainings.read(rows, t.name)["result"] for t in asked]


def _side_by_side(left, rows, places, ended):
    """Trains one in a process of its own in each place."""
    waiting = collections.deque(left)
    free = list(places)
    running = {}
    try:
        while waiting or running:
            while waiting and free:
                training, place = waiting.popleft(), free.pop(0)
                trainings.prepare(training, rows)
                process = _started(training, rows, place)
                running[process] = (training, place)
            done = [p for p in running if p.poll() is not None]
            for process in done:
                training, place = running.pop(process)
                free.append(place)
                said = process.stderr.read().strip().splitlines()
                process.stderr.close()
                if process.returncode:
                    line = said[-1] if said else f"{training.name}: failed"
                    failed = process.returncode == 1
                    raise (FloatingPointError if failed else ValueError)(line)
                ended(trainings.read(rows, training.name)["result"])
            if not done:
                time.sleep(0.1)
    finally:
        # They save what they have trained.
        for process in running:
            process.terminate()
        for process in running:
            try:
                process.wait(_STOP_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
            process.stderr.close()


def _started(training, rows, place):
    command = [sys.executable, "-m", "sketch_rnn_tf.experiments.worker"]
    return subprocess.Popen(
        [*command, str(rows), training.name],
        env={**os.environ, **place},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        # Ctrl-C at a terminal goes to this process, which tells the others.
        start_new_session=True,
    )


class _Progress:
    """Shows how much of a grid is done, by what the trainings write."""

    def __init__(self, asked, rows, *, places):
        self._asked, self._rows, self._places = asked, rows, places
        self._start = time.monotonic()
        self._before = self._done()
        self._stop = threading.Event()
        self._bar = tqdm.tqdm(
            total=len(asked),
            initial=self._before,
            disable=None,
            bar_format="{percentage:3.0f}% |{bar}| {n:.2f} of {total} "
            "trainings, {elapsed} so far, {remaining} left",
        )
        self._thread = threading.Thread(target=self._look, daemon=True)

    def __enter__(self):
        if not self._bar.disable:
            self._thread.start()
        return self

    def __exit__(self, *_):
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join()
        self._bar.n = self._done()
        self._bar.close()

    def line(self, result):
        """Returns a line about a training that has ended."""
        done = self._done()
        passed = time.monotonic() - self._start
        rate = (done - self._before) / max(passed, 1e-9)
        kl = ""
        if result["kl_weight"] is not None:
            kl = f", L_KL {result['kl']:.4f}"
        line = (
            f"{result['name']}: L_R {result['recon']:.4f}{kl}, "
            f"{result['steps']:,} steps, {result['minutes']:.1f} minutes"
        )
        left = len(self._asked) - done
        if left > 0.005 and rate > 0:
            line += f"; about {left / rate / 60:.0f} minutes left"
        return line

    def _done(self):
        return sum(trainings.share_done(t, self._rows) for t in self._asked)

    def _look(self):
        while not self._stop.wait(_LOOK_SECONDS):
            self._bar.n = self._done()
            self._bar.refresh()
