"""Trials: tests run against a copy of the project with a fault in it.

Each trial is a process of its own, forked from one that has imported
TensorFlow and never run an op of it, as importing takes longer than most
trials.  The copy is a whole tree on disk, so that the processes that tests
start, and tf.function's look at the source, meet the fault as well.
"""

import contextlib
import gc
import importlib
import json
import os
import pathlib
import resource
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from typing import NamedTuple

# What tests import most of; their own packages must come from the copy.
_PRELOADED = (
    "hypothesis.extra.numpy",
    "keras",
    "pytest",
    "tensorflow",
    "tensorflow_probability.python.distributions",
)
COPIED = ("sketch_rnn_tf", "tests", "export", "tfds_quickdraw")
"""Folders that a trial has its own copies of."""

# A mutant may ask for any amount of memory; TensorFlow itself maps 10 GB.
_MOST_BYTES = 24 * 2**30


class Trial(NamedTuple):
    """What became of a run of tests.

    Attributes:
      outcome: "passed", "failed", "timeout" or "error", which is a run that
        says nothing: no test was found, or the copy was not what was tested.
      test: The test that failed first, or what else ended the run.
      tests: How many were run.
      cpu_seconds: Of the run and the processes that it started.
      seconds: From start to end.
    """

    outcome: str
    test: str
    tests: int
    cpu_seconds: float
    seconds: float


def preload() -> None:
    """Imports what every trial needs; no op may be run before the last one."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    os.environ.setdefault("KERAS_BACKEND", "tensorflow")
    for name in _PRELOADED:
        importlib.import_module(name)
    # Lazy until it is looked at.
    sys.modules["tensorflow_probability"].distributions.MixtureSameFamily  # noqa: B018
    # What is here stays: a trial that looks for garbage need not copy it all.
    gc.collect()
    gc.freeze()


class Project:
    """A copy of the project to plant faults in, a context manager.

    Args:
      root: The root of the project.
    """

    def __init__(self, root: pathlib.Path):
        self._root = root
        self._copy = None

    def __enter__(self) -> "Project":
        self._copy = pathlib.Path(tempfile.mkdtemp(prefix="mutation-"))
        for entry in self._root.iterdir():
            target = self._copy / entry.name
            if entry.name in COPIED:
                # With the dates, by which bytecode is known to be current.
                ignored = shutil.ignore_patterns("__pycache__", "node_modules")
                shutil.copytree(entry, target, ignore=ignored)
            elif not entry.name.startswith("."):
                target.symlink_to(entry)
        return self

    def __exit__(self, *_):
        shutil.rmtree(self._copy, ignore_errors=True)

    @contextlib.contextmanager
    def planted(self, path: pathlib.Path, source: str) -> Iterator[None]:
        """Gives a file of the copy other contents for a while."""
        target = self._copy / path
        target.write_text(source, encoding="utf-8")
        try:
            yield
        finally:
            shutil.copy2(self._root / path, target)

    def run(
        self,
        tests: Sequence[str],
        *,
        cpu_seconds: float,
        seconds: float,
        keep_bytecode: bool = False,
    ) -> Trial:
        """Runs tests until one fails.

        Args:
          tests: What to hand to pytest: files and tests, first to last.
          cpu_seconds: How long the trial's own process may compute.
          seconds: How long it may take.
          keep_bytecode: Whether to leave bytecode for the runs that follow;
            not while a fault is planted.
        """
        log = self._copy / "log"
        report = self._copy / "report.json"
        report.unlink(missing_ok=True)
        began = time.monotonic()
        used = resource.getrusage(resource.RUSAGE_CHILDREN)
        pid = os.fork()
        if not pid:
            code = 70
            try:
                _limit(cpu_seconds)
                code = _child(self._copy, tests, log, report, keep_bytecode)
            finally:
                os._exit(code)
        status = _wait(pid, began + seconds)
        now = resource.getrusage(resource.RUSAGE_CHILDREN)
        took = now.ru_utime + now.ru_stime - used.ru_utime - used.ru_stime
        outcome, test, count = _outcome(status, report)
        if outcome == "error":
            test = f"{test}: {log.read_text(errors='replace')[-2000:]}"
        return Trial(
            outcome,
            test,
            count,
            round(took, 2),
            round(time.monotonic() - began, 2),
        )


def _limit(cpu_seconds):
    os.setsid()
    most = int(cpu_seconds) + 1
    resource.setrlimit(resource.RLIMIT_CPU, (most, most + 5))
    resource.setrlimit(resource.RLIMIT_AS, (_MOST_BYTES, _MOST_BYTES))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def _child(root, tests, log, report, keep_bytecode):
    """Runs pytest in the copy; returns its exit status."""
    with open(log, "wb") as file:
        os.dup2(file.fileno(), 1)
        os.dup2(file.fileno(), 2)
    os.chdir(root)
    # In place of the project that this process was started in.
    here = os.environ.get("PYTHONPATH", "").split(os.pathsep)
    os.environ["PYTHONPATH"] = os.pathsep.join([str(root), *here])
    sys.path.insert(0, str(root))
    for name in [n for n in sys.modules if n.split(".")[0] in COPIED]:
        del sys.modules[name]
    if not keep_bytecode:
        sys.dont_write_bytecode = True
        os.environ["PYTHONDONTWRITEBYTECODE"] = "1"
    watcher = _Watcher(root, report)
    plugins = ("cacheprovider", "xdist", "unraisableexception")
    options = ["-x", "-q", *(f"-pno:{name}" for name in plugins)]
    options += ["--rootdir", str(root), "-m", "not slow and not hard"]
    options += ["--basetemp", str(root / "tmp")]
    return int(sys.modules["pytest"].main([*options, *tests], [watcher]))


class _Watcher:
    """Writes which test failed first, and how many were run."""

    def __init__(self, root, report):
        self._root = root
        self._report = report
        self._failed = ""
        self._count = 0
        self._times = {}

    def pytest_configure(self):
        # Repeatable, and without a search for the smallest example.
        hypothesis = sys.modules["hypothesis"]
        phases = (hypothesis.Phase.explicit, hypothesis.Phase.generate)
        hypothesis.settings.register_profile(
            "mutation",
            derandomize=True,
            database=None,
            deadline=None,
            max_examples=40,
            phases=phases,
            suppress_health_check=list(hypothesis.HealthCheck),
        )
        hypothesis.settings.load_profile("mutation")

    def pytest_runtest_logreport(self, report):
        self._count += report.when == "call"
        spent = self._times.get(report.nodeid, 0.0) + report.duration
        self._times[report.nodeid] = round(spent, 2)
        if report.failed and not self._failed:
            self._failed = report.nodeid

    def pytest_collectreport(self, report):
        if report.failed and not self._failed:
            self._failed = f"importing {report.nodeid}"

    def pytest_sessionfinish(self):
        tested = getattr(sys.modules.get("sketch_rnn_tf"), "__file__", "")
        text = json.dumps(
            {
                "failed": self._failed,
                "count": self._count,
                "copy": pathlib.Path(tested).is_relative_to(self._root),
                "times": self._times,
            }
        )
        self._report.write_text(text)


def _wait(pid, deadline):
    """Returns a process's status, None where it was ended at the deadline."""
    status = None
    while status is None:
        done, found = os.waitpid(pid, os.WNOHANG)
        if done:
            status = os.waitstatus_to_exitcode(found)
        elif time.monotonic() > deadline:
            break
        else:
            time.sleep(0.05)
    # What the tests started must not outlive them.
    with contextlib.suppress(ProcessLookupError):
        os.killpg(pid, signal.SIGKILL)
    if status is None:
        os.waitpid(pid, 0)
    return status


def _outcome(status, report):
    """Returns an outcome, what failed, and how many tests were run."""
    if status is None or status in (-signal.SIGXCPU, -signal.SIGKILL):
        return "timeout", "", 0
    if status < 0:
        return "failed", signal.Signals(-status).name, 0
    if not report.exists():
        return "error", f"status {status}", 0
    found = json.loads(report.read_text())
    if status == 0 and found["copy"] and found["count"]:
        return "passed", "", found["count"]
    # 1 is a test that failed, 2 one that could not be imported.
    if status in (1, 2) and found["failed"]:
        return "failed", found["failed"], found["count"]
    return "error", f"status {status}", found["count"]
