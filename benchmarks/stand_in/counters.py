"""What the stand-in counts."""

import dataclasses
import threading


@dataclasses.dataclass
class Counters:
    """Numbers since the start; each may be read at any time.

    Attributes:
      requests: Predictions that were asked for, errors included.
      errors: Those of them that got an error.
      batches: Runs of a model, warm-up left out.
      rows: Rows of the requests in them.
      filled: Rows more, which filled batches up to an allowed size.
    """

    requests: int = 0
    errors: int = 0
    batches: int = 0
    rows: int = 0
    filled: int = 0

    def __post_init__(self):
        self._lock = threading.Lock()

    def add(self, **counts: int) -> None:
        """Adds to the numbers, one thread at a time."""
        with self._lock:
            for name, count in counts.items():
                setattr(self, name, getattr(self, name) + count)

    def snapshot(self) -> dict[str, int]:
        """Returns all numbers, of one moment."""
        with self._lock:
            return dataclasses.asdict(self)
