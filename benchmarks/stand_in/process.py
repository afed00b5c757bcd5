"""The stand-in in a process of its own."""

import contextlib
import os
import pathlib
import queue
import re
import subprocess
import sys
import threading
from collections.abc import Iterator
from typing import NamedTuple

_STARTED = re.compile(r"REST (\S+), gRPC (\S+), ")
_ROOT = pathlib.Path(__file__).parents[2]
_SECONDS = 120.0  # for loading TensorFlow and the models
# An arena for each thread fragments what glibc holds.
_MALLOC = {
    "MALLOC_ARENA_MAX": "2",
    "MALLOC_MMAP_THRESHOLD_": str(2**17),
    "MALLOC_TRIM_THRESHOLD_": str(2**17),
}


class Process(NamedTuple):
    """A stand-in that runs elsewhere.

    Attributes:
      rest: Its REST address, 127.0.0.1:PORT.
      grpc: Its gRPC address.
      popen: The process.
    """

    rest: str
    grpc: str
    popen: subprocess.Popen


@contextlib.contextmanager
def start(*options: str) -> Iterator[Process]:
    """Starts `python -m benchmarks.stand_in`, and ends it.

    Args:
      *options: Its, but for the ports, which are any.

    Raises:
      OSError: If it does not start.
    """
    command = [sys.executable, "-m", "benchmarks.stand_in", *options]
    command += ["--rest-port", "0", "--grpc-port", "0"]
    popen = subprocess.Popen(
        command,
        cwd=_ROOT,
        env=os.environ | {"TF_CPP_MIN_LOG_LEVEL": "3"} | _MALLOC,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    lines: queue.Queue = queue.Queue()
    said: list[str] = []
    readers = [
        threading.Thread(target=_read, args=(popen.stdout, lines.put)),
        # Unread, it would block the process in the end.
        threading.Thread(target=_read, args=(popen.stderr, said.append)),
    ]
    for reader in readers:
        reader.start()
    try:
        found = None
        with contextlib.suppress(queue.Empty):
            found = _STARTED.search(lines.get(timeout=_SECONDS) or "")
        if found is None:
            popen.kill()
            popen.wait()
            readers[1].join()
            last = "".join(said).strip().splitlines()[-1:] or ["no message"]
            raise OSError(f"the stand-in did not start: {last[0]}")
        yield Process(found[1], found[2], popen)
    finally:
        popen.terminate()
        try:
            popen.wait(timeout=20)
        except subprocess.TimeoutExpired:
            popen.kill()
            popen.wait()
        for reader in readers:
            reader.join()
        popen.stdout.close()
        popen.stderr.close()


def _read(stream, put):
    for line in stream:
        put(line)
    put("")
