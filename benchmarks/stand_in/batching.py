"""The queues in which requests wait to be merged, as in TF Serving.

Each kind of request, one version's signature and outputs, has a queue of
batches, of which the last is open.  A thread takes a batch that is full, or
whose first request has waited for `batch_timeout_micros`.
"""

import collections
import dataclasses
import threading
import time
from collections.abc import Callable, Hashable, Mapping
from typing import Any

import numpy as np

from benchmarks.stand_in import (
    counters as counters_lib,
    merging,
    parameters as parameters_lib,
    refusals,
)

Run = Callable[[Mapping[str, np.ndarray]], dict[str, np.ndarray]]


@dataclasses.dataclass
class _Task:
    inputs: Mapping[str, np.ndarray]
    rows: int
    done: threading.Event = dataclasses.field(default_factory=threading.Event)
    outputs: Any = None
    error: refusals.RefusalError | None = None


@dataclasses.dataclass
class _Batch:
    run: Run
    since: float
    tasks: list = dataclasses.field(default_factory=list)
    rows: int = 0


class Batcher:
    """Merges requests that are asked at about the same time.

    Args:
      parameters: When and how.
      counters: What counts the batches.
    """

    def __init__(
        self,
        parameters: parameters_lib.Parameters,
        counters: counters_lib.Counters,
    ):
        self._parameters = parameters
        self._counters = counters
        self._changed = threading.Condition()
        # In the order of whose turn it is.
        self._queues: collections.OrderedDict = collections.OrderedDict()
        self._closed = False
        self._threads = [
            threading.Thread(target=self._work, name=f"batch-{i}", daemon=True)
            for i in range(parameters.num_batch_threads)
        ]
        for thread in self._threads:
            thread.start()

    def run(
        self, key: Hashable, run: Run, inputs: Mapping[str, np.ndarray]
    ) -> dict[str, np.ndarray]:
        """Runs a request in a batch; blocks until it is done.

        Args:
          key: Requests of the same key may be merged.
          run: What to do with a batch.
          inputs: By name, batch first.

        Returns:
          The request's outputs.

        Raises:
          refusals.RefusalError: If it cannot be queued, or its batch failed.
        """
        task = _Task(inputs, merging.rows(inputs))
        largest = self._parameters.max_batch_size
        if task.rows > largest:
            raise refusals.RefusalError(
                "INVALID_ARGUMENT",
                f"Task size {task.rows} is larger than maximum input batch "
                f"size {largest}",
            )
        if not task.rows:
            # TF Serving queues it, and cannot fill a batch with its first row.
            raise refusals.RefusalError(
                "INVALID_ARGUMENT", "Batching needs at least one row, got none"
            )
        with self._changed:
            self._put(key, run, task)
            self._changed.notify()
        task.done.wait()
        if task.error is not None:
            raise task.error
        return task.outputs

    def close(self) -> None:
        """Lets the threads end; what waits gets an error."""
        with self._changed:
            self._closed = True
            waiting = [b for q in self._queues.values() for b in q]
            self._queues.clear()
            self._changed.notify_all()
        for batch in waiting:
            self._fail(batch, refusals.RefusalError("UNAVAILABLE", "shut down"))
        for thread in self._threads:
            thread.join()

    def _put(self, key, run, task):
        if self._closed:
            raise refusals.RefusalError("UNAVAILABLE", "shut down")
        queue = self._queues.setdefault(key, collections.deque())
        limits = self._parameters
        if not queue or queue[-1].rows + task.rows > limits.max_batch_size:
            if len(queue) >= limits.max_enqueued_batches:
                raise refusals.RefusalError(
                    "UNAVAILABLE",
                    "The batch scheduling queue to which this task was "
                    "submitted is full",
                )
            queue.append(_Batch(run, time.monotonic()))
        queue[-1].tasks.append(task)
        queue[-1].rows += task.rows

    def _work(self):
        while True:
            with self._changed:
                batch = None
                while batch is None:
                    if self._closed:
                        return
                    batch, seconds = self._take()
                    if batch is None:
                        self._changed.wait(seconds)
            self._process(batch)

    def _take(self):
        """Returns a batch that may run, or how long until there is one."""
        now = time.monotonic()
        timeout = self._parameters.batch_timeout_micros / 1e6
        soonest = None
        for key, queue in self._queues.items():
            first = queue[0]
            left = first.since + timeout - now
            full = first.rows >= self._parameters.max_batch_size
            if len(queue) > 1 or full or left <= 0:
                queue.popleft()
                if queue:
                    self._queues.move_to_end(key)
                else:
                    del self._queues[key]
                return first, None
            soonest = left if soonest is None else min(soonest, left)
        return None, soonest

    def _process(self, batch):
        try:
            inputs, sizes = merging.merge(
                [task.inputs for task in batch.tasks],
                self._parameters.allowed_batch_sizes,
                pad=self._parameters.pad_variable_length_inputs,
            )
            rows = sum(sizes)
            self._counters.add(
                batches=1, rows=rows, filled=merging.rows(inputs) - rows
            )
            answers = merging.split(batch.run(inputs), sizes)
        except refusals.RefusalError as error:
            self._fail(batch, error)
        except Exception as error:
            # The thread has to go on, whatever it was.
            self._fail(batch, refusals.RefusalError("INTERNAL", repr(error)))
        else:
            for task, answer in zip(batch.tasks, answers, strict=True):
                task.outputs = answer
                task.done.set()

    def _fail(self, batch, error):
        for task in batch.tasks:
            # Raised in several threads: each wants its own traceback.
            task.error = refusals.RefusalError(error.code, error.message)
            task.done.set()
