"""The work of `generation` as an Apache Beam pipeline, for many machines."""

import importlib
from collections.abc import Iterator, Sequence
from typing import Any

from tfds_quickdraw import generation


def require() -> Any:
    """Imports Beam.

    Raises:
      ValueError: If it is not installed.
    """
    try:
        return importlib.import_module("apache_beam")
    except ImportError as error:
        raise ValueError(
            "beam: expected Apache Beam: pip install 'sketch_rnn_tf[beam]'"
        ) from error


def records(tasks: Sequence[generation.Task], *, max_bad_share: float) -> Any:
    """Makes the transform that does the tasks of a split.

    The workers have to see the files under the same paths.

    Args:
      tasks: The tasks.
      max_bad_share: Largest share of records of a task that may be bad.

    Returns:
      A PTransform, from the pipeline's start to keys and records.
    """
    beam = require()
    # One task is a few thousand drawings: nothing is gained by fusing them.
    return (
        beam.Create(list(tasks))
        | beam.Reshuffle()
        | beam.FlatMap(_examples, max_bad_share=max_bad_share)
    )


def _examples(
    task: generation.Task, *, max_bad_share: float
) -> Iterator[generation.Record]:
    found, tally = generation.examples(task)
    tally.check(max_bad_share=max_bad_share)
    yield from found
