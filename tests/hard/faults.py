"""Faults that a process meets on purpose: kills, errors, a clock set back.

A plan is a dictionary, as it comes from a test in another process:

    folder  paths below it count
    kill    before which of its events the process kills itself, from 1 on
    delay   seconds from there to the kill, which native code goes on in
    fail    from which of its events on whatever makes or renames something ...
    errno   ... raises this error
    back    before which of its events the clock is set back ...
    hours   ... by so many hours
    count   a file, to write the number of events so far to
    light   whether a SavedModel gets one small function in place of its graphs
    traced  whether to wait until another process traces this one

An event is what Python does to the folder: it opens a file for writing, makes,
renames or removes something, or waits for the disk.  What TensorFlow and HDF5
do by themselves is none.
"""

import datetime
import os
import pathlib
import signal
import sys
import threading
import time

_WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC
# Audit events, and how many of their first arguments are paths.
_EVENTS = {
    "os.rename": 2,
    "os.remove": 1,
    "os.mkdir": 1,
    "os.rmdir": 1,
    "os.chmod": 1,
    "os.truncate": 1,
}
# A full disk does not keep anybody from removing.
_MAKING = {"os.rename", "os.mkdir"}


class _Plan:
    def __init__(self, plan):
        self.plan, self.events = plan, 0
        self.folder = os.path.abspath(plan["folder"])
        self.lock = threading.RLock()

    def happens(self, *paths, making=True):
        """Counts an event, if it is of the folder, and does what is due."""
        if not any(self._is_below(path) for path in paths):
            return
        with self.lock:
            self.events += 1
            number, plan = self.events, self.plan
        if plan.get("count"):
            # At once: TensorFlow's processes do not always come to an end.
            descriptor = os.open(plan["count"], os.O_WRONLY | os.O_CREAT)
            os.write(descriptor, b"%9d" % number)
            os.close(descriptor)
        if number == plan.get("kill"):
            if plan.get("delay"):
                threading.Timer(plan["delay"], _die).start()
            else:
                _die()
        if number == plan.get("back"):
            set_back(plan["hours"])
        if making and number >= plan.get("fail", number + 1):
            code = plan["errno"]
            raise OSError(code, os.strerror(code))

    def _is_below(self, path):
        if not isinstance(path, str | bytes | os.PathLike):
            return False
        if path == self.plan.get("count"):
            return False
        path = os.path.abspath(os.fsdecode(path))
        return path == self.folder or path.startswith(self.folder + os.sep)


def _write_little(model, path, browser):
    """Writes the weights as a SavedModel, with a function that is soon made."""
    import tensorflow as tf

    module = tf.Module()
    module.weights = [weight.value for weight in model.weights]
    module.double = tf.function(lambda x: 2 * x, [tf.TensorSpec([], tf.int32)])
    tf.saved_model.save(module, path)


def _wait_for_tracer():
    end = time.monotonic() + 60
    while time.monotonic() < end:
        status = pathlib.Path("/proc/self/status").read_text()
        if "TracerPid:\t0\n" not in status:
            return
        time.sleep(0.05)
    raise TimeoutError("nobody traces this process")


def _die():
    os.kill(os.getpid(), signal.SIGKILL)


def install(plan: dict) -> None:
    """Has this process meet the faults of a plan."""
    if plan.get("light"):
        from export import saved_model

        saved_model._write = _write_little
    if plan.get("traced"):
        _wait_for_tracer()
    planned = _Plan(plan)

    def audit(event, arguments):
        if event == "open":
            path, _, flags = arguments
            if isinstance(flags, int) and flags & _WRITING:
                planned.happens(path)
        elif event in _EVENTS:
            planned.happens(
                *arguments[: _EVENTS[event]], making=event in _MAKING
            )

    sys.addaudithook(audit)
    fsync = os.fsync

    def synced(descriptor):
        planned.happens(os.readlink(f"/proc/self/fd/{descriptor}"))
        fsync(descriptor)

    os.fsync = synced


def set_back(hours: float) -> None:
    """Sets the clock that Python shows back; monotonic ones go on."""
    seconds = 3600 * hours
    now, now_ns, real = time.time, time.time_ns, datetime.datetime

    class Datetime(real):
        @classmethod
        def now(cls, tz=None):
            return real.now(tz) - datetime.timedelta(seconds=seconds)

        @classmethod
        def utcnow(cls):
            return real.now() - datetime.timedelta(seconds=seconds)

    time.time = lambda: now() - seconds
    time.time_ns = lambda: now_ns() - int(seconds * 1e9)
    datetime.datetime = Datetime


def read_count(file: pathlib.Path) -> int:
    """Reads how many events there were."""
    return int(file.read_text()) if file.exists() else 0
