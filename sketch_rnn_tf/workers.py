"""Work that several processes share."""

import collections
import os
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import loky

FEW = 12
"""Tasks that are sooner done than other processes start."""

_IDLE_SECONDS = 10


def in_order(
    function: Callable[..., Any],
    tasks: Iterable[tuple[Any, ...]],
    *,
    processes: int | None = None,
) -> Iterator[Any]:
    """Calls a function for each task, in other processes if there are more.

    Few results wait at a time, however many tasks there are.

    Args:
      function: Of a module, so that another process finds it.
      tasks: Its arguments.
      processes: How many; None is one a core.  `FEW` tasks take but this.

    Yields:
      The results, in the order of the tasks.
    """
    tasks = list(tasks)
    processes = processes or os.cpu_count() or 1
    if len(tasks) < FEW or processes == 1:
        for task in tasks:
            yield function(*task)
        return
    # Not those of `multiprocessing`: they start by running the user's script
    # once more, or are forks of a process in which TensorFlow has threads.
    executor = loky.get_reusable_executor(
        max_workers=processes, timeout=_IDLE_SECONDS
    )
    waiting = collections.deque()
    try:
        for task in tasks:
            waiting.append(executor.submit(function, *task))
            if len(waiting) > 2 * processes:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
    finally:
        for future in waiting:
            future.cancel()
