"""Retrying: how often a request is sent, and until when.

Requests carry their seeds, so that sending one again does no harm.
"""

import math
import random
import time
from collections.abc import Callable
from typing import NamedTuple, TypeVar

from export.client import errors

_Answer = TypeVar("_Answer")

_FIRST_PAUSE = 0.1
_LONGEST_PAUSE = 5.0
# Of our own, so that a program's seeds are left alone.
_jitter = random.Random()


class Deadline(NamedTuple):
    """A time by which something is to be done.

    Attributes:
      timeout: Seconds that were given.
      end: `time.monotonic` at the end.
    """

    timeout: float
    end: float

    @classmethod
    def after(cls, timeout: float) -> "Deadline":
        """Returns that of so many seconds from now."""
        return cls(timeout, time.monotonic() + timeout)

    def left(self, where: errors.Where) -> float:
        """Returns the seconds left.

        Raises:
          errors.DeadlineError: If there are none.
        """
        left = self.end - time.monotonic()
        if left <= 0:
            raise self.error(where)
        return left

    def error(self, where: errors.Where) -> errors.DeadlineError:
        """Makes the error of its having passed."""
        return errors.DeadlineError(
            f"expected an answer in {self.timeout:g} s, got none", where
        )


def check_seconds(name: str, seconds: float) -> None:
    """Raises a ValueError unless seconds are finite and above 0."""
    if not (math.isfinite(seconds) and seconds > 0):
        raise ValueError(f"{name}: expected seconds above 0, got {seconds}")


def call(
    attempt: Callable[[], _Answer], *, retries: int, deadline: Deadline
) -> _Answer:
    """Calls something until it is not unavailable.

    Pauses grow from 0.1 s to 5 s by doubling, or are what the server asked
    for; up to a half of each is left to chance, so that clients that failed
    together do not come back together.

    Args:
      attempt: What to call.
      retries: Calls at most, after the first one.
      deadline: Of all of them.

    Raises:
      errors.UnavailableError: If it still is after the last one, or the
        deadline would pass in a pause.
      errors.RequestError: Whatever else it raises, at once.
    """
    for count in range(1, retries + 2):
        try:
            return attempt()
        except errors.UnavailableError as error:
            pause = min(_FIRST_PAUSE * 2.0 ** (count - 1), _LONGEST_PAUSE)
            pause *= _jitter.uniform(0.5, 1.0)
            pause = max(pause, error.retry_after)
            late = time.monotonic() + pause >= deadline.end
            if count > retries or late:
                tries = "1 attempt" if count == 1 else f"{count} attempts"
                raise errors.UnavailableError(
                    f"{error.reason} ({tries})",
                    error.where,
                    retry_after=error.retry_after,
                ) from error
        time.sleep(pause)
    raise AssertionError("unreachable")
