"""A process that measures when it is asked to, and is idle otherwise.

One JSON object a line goes each way: a request names a handler and its
arguments, the answer is what the handler returns.  This module needs nothing
but Python, since a worker may run in an environment without TensorFlow.
"""

import json
import os
import pathlib
import resource
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping
from typing import Any

ROOT = pathlib.Path(__file__).resolve().parents[1]


class Worker:
    """The side that asks; a context manager that ends the process.

    Args:
      module: The module to run, such as "benchmarks.torch_lstm".
      python: The interpreter.
      environment: The process's environment variables; this one's if None.
    """

    def __init__(
        self,
        module: str,
        *,
        python: str = sys.executable,
        environment: Mapping[str, str] | None = None,
    ):
        environment = dict(os.environ if environment is None else environment)
        environment["PYTHONPATH"] = str(ROOT)
        self._module = module
        # Open as long as the process runs.
        self._log = tempfile.TemporaryFile("w+")  # noqa: SIM115
        self._process = subprocess.Popen(
            [python, "-m", module],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._log,
            text=True,
            env=environment,
        )

    def ask(self, request: str, **arguments: Any) -> Any:
        """Asks for something and waits for the answer.

        Raises:
          ValueError: If the worker could not do it, or has ended.
        """
        line = json.dumps({"request": request, "arguments": arguments})
        try:
            self._process.stdin.write(line + "\n")
            self._process.stdin.flush()
            answer = self._process.stdout.readline()
        except BrokenPipeError:
            answer = ""
        if not answer:
            self._log.seek(0)
            lines = self._log.read().strip().splitlines() or ["nothing"]
            raise ValueError(
                f"{self._module}: expected an answer to {request!r}, the "
                f"process ended; last it said: {lines[-1]}"
            )
        answer = json.loads(answer)
        if "error" in answer:
            raise ValueError(f"{self._module}: {answer['error']}")
        return answer["value"]

    def close(self) -> None:
        """Ends the process, if it has not been ended."""
        if self._log.closed:
            return
        self._process.stdin.close()
        self._process.stdout.close()
        try:
            self._process.wait(timeout=20)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._log.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


def serve(handlers: Mapping[str, Callable[..., Any]]) -> None:
    """Answers requests until there are no more, the worker's side.

    Args:
      handlers: What to call, by the request's name; returns plain data.
    """
    # What libraries print must not get between the answers.
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    for line in sys.stdin:
        request = json.loads(line)
        try:
            handler = handlers[request["request"]]
            answer = {"value": handler(**request["arguments"])}
        except Exception as error:
            answer = {"error": " ".join(f"{error!r}".split())[:400]}
        answers.write(json.dumps(answer) + "\n")
        answers.flush()


def peak_memory() -> float:
    """Returns the most memory that this process has held, MB."""
    status = pathlib.Path("/proc/self/status")
    if status.exists():
        # What getrusage says takes in the process that started this one.
        fields = dict(
            line.split(":", 1) for line in status.read_text().splitlines()
        )
        return int(fields["VmHWM"].split()[0]) / 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
