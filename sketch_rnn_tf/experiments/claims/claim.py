"""A claim: a sentence of the paper, and how it is measured."""

from collections.abc import Callable
from typing import Any, NamedTuple

from sketch_rnn_tf.experiments import bench as bench_lib, trainings
from sketch_rnn_tf.experiments.plan import Plan


class Measured(NamedTuple):
    """What a measurement brought.

    Attributes:
      holds: Whether the criterion is met.
      says: The numbers, in a sentence.
      numbers: All numbers, by name.
    """

    holds: bool
    says: str
    numbers: dict[str, Any]


class Claim(NamedTuple):
    """A claim of the paper.

    Attributes:
      section: Where the paper makes it.
      quote: Its words.
      criterion: When it counts as holding; written before any measurement.
      trainings: Lists what has to be trained for it.
      measure: Measures it; raises `bench.MissingError` where it cannot.
    """

    section: str
    quote: str
    criterion: str
    trainings: Callable[[Plan], list[trainings.Training]]
    measure: Callable[[bench_lib.Bench], Measured]
