"""Evidence: shares and distances, and when a difference is one.  NumPy only."""

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

ERRORS = 2.0
"""Standard errors by which two shares have to differ."""


class Share(NamedTuple):
    """How many of how many.

    Attributes:
      yes: So many.
      count: Of so many, at least one.
    """

    yes: int
    count: int

    @property
    def value(self) -> float:
        """The share, 0 to 1."""
        return self.yes / self.count

    def __str__(self) -> str:
        return f"{self.value:.3f} of {self.count:,}"


def share(answers: Sequence[bool]) -> Share:
    """Counts how many answers are yes.

    >>> str(share([True, False, False, True]))
    '0.500 of 4'
    """
    answers = np.asarray(answers, bool)
    return Share(int(answers.sum()), len(answers))


def larger(first: Share, second: Share) -> bool:
    """Tells whether a share is larger than another, by `ERRORS` and more.

    >>> larger(Share(60, 100), Share(40, 100))
    True
    >>> larger(Share(6, 10), Share(4, 10))
    False
    """
    # As after one more yes and one more no, so that 0 and 1 have errors too.
    errors = [
        p * (1 - p) / (s.count + 2)
        for s in (first, second)
        for p in [(s.yes + 1) / (s.count + 2)]
    ]
    return first.value - second.value > ERRORS * math.sqrt(sum(errors))


def distance(first: Sequence[int], second: Sequence[int]) -> float:
    """Returns how far two distributions are apart (Kolmogorov-Smirnov).

    Returns:
      The largest difference of their distribution functions, 0 to 1.

    >>> distance([1, 2, 3, 4], [3, 4, 5, 6])
    0.5
    """
    first, second = np.sort(first), np.sort(second)
    places = np.concatenate([first, second])
    functions = [
        np.searchsorted(values, places, side="right") / len(values)
        for values in (first, second)
    ]
    return float(np.abs(functions[0] - functions[1]).max())
