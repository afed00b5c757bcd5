"""The command line, in processes that tests may treat as they like."""

import contextlib
import itertools
import json
import os
import pathlib
import signal
import subprocess
import sys
import threading
from typing import NamedTuple

SERVER = pathlib.Path(__file__).with_name("command_server.py")
# Of one command; the machine may have much else to do.
SECONDS = 500.0


class Done(NamedTuple):
    """How a command ended: its exit status, or minus the signal.

    `seconds` are those of the processor.
    """

    status: int
    out: str
    err: str
    seconds: float

    def refused(self, *parts: str) -> None:
        """Asserts that it failed with one line, which has the parts."""
        assert self.status == 2, (self.status, self.out, self.err)
        lines = self.err.splitlines()
        assert len(lines) == 1, self.err
        assert lines[0].startswith("sketch-rnn: "), self.err
        for part in parts:
            assert part in lines[0], self.err

    def good(self) -> "Done":
        """Asserts that it did its work."""
        assert self.status == 0, (self.status, self.out, self.err)
        return self

    @property
    def killed(self) -> bool:
        """Whether it was killed; else it has to be good."""
        if self.status != -signal.SIGKILL:
            self.good()
        return self.status != 0


class Commands:
    """Starts commands, see `command_server`.

    Args:
      folder: For what they print.

    Attributes:
      mounts: Whether disks can be made.
    """

    def __init__(self, folder: pathlib.Path):
        self._folder, self._numbers = folder, itertools.count()
        self._said, self._lock = {}, threading.Lock()
        self._server = subprocess.Popen(
            [sys.executable, str(SERVER)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=(folder / "server.err").open("wb"),
            text=True,
        )
        line = self._server.stdout.readline()
        assert line, (folder / "server.err").read_text()
        ready = json.loads(line)
        self.pid, self.mounts = ready["pid"], ready["mounts"]

    def close(self) -> None:
        """Ends the server, and with it the disks."""
        self._server.stdin.close()
        self._server.wait(60)

    def _ask(self, **request):
        with self._lock:
            print(json.dumps(request), file=self._server.stdin, flush=True)
            answer = json.loads(self._server.stdout.readline())
        assert "error" not in answer, answer
        return answer

    def start(self, *argv, fault=None, eager=True, cwd="/") -> int:
        """Starts a command; returns its process."""
        said = self._folder / f"command-{next(self._numbers)}"
        pid = self._ask(
            do="start",
            argv=[str(argument) for argument in argv],
            cwd=str(cwd),
            said=str(said),
            fault=fault,
            eager=eager,
        )["pid"]
        self._said[pid] = said
        return pid

    def wait(self, pid: int) -> Done:
        """Waits for a command that was started."""
        timer = threading.Timer(SECONDS, self.kill, [pid])
        timer.start()
        try:
            ended = self._ask(do="wait", pid=pid)
        finally:
            timer.cancel()
        out, err = (
            pathlib.Path(f"{self._said[pid]}.{name}").read_text()
            for name in ("out", "err")
        )
        return Done(ended["status"], out, err, ended["seconds"])

    def kill(self, pid: int) -> None:
        """Kills a command."""
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)

    def said(self, pid: int) -> str:
        """Returns what a command has printed so far."""
        return pathlib.Path(f"{self._said[pid]}.out").read_text()

    def run(self, *argv, **options) -> Done:
        """Runs a command."""
        return self.wait(self.start(*argv, **options))

    def disk(self, path: pathlib.Path, size: int) -> pathlib.Path:
        """Mounts a small disk, which the commands see.

        Args:
          path: An empty folder.
          size: In bytes.

        Returns:
          Where this process finds what is on it.
        """
        path.mkdir(exist_ok=True)
        self._ask(do="mount", path=str(path), bytes=size)
        return pathlib.Path(f"/proc/{self.pid}/root{path}")

    def set_read_only(self, path: pathlib.Path, read_only: bool = True) -> None:
        """Makes a disk read-only, or writable again."""
        self._ask(do="remount", path=str(path), read_only=read_only)
