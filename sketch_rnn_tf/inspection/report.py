"""What an inspection finds, as plain tuples."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from sketch_rnn_tf.files import tally as tally_lib


class Summary(NamedTuple):
    """How numbers are spread; `pK` is the least that K % do not exceed."""

    least: float
    median: float
    mean: float
    p90: float
    p95: float
    p99: float
    most: float


class Split(NamedTuple):
    """What one split holds.

    Attributes:
      count: Sketches.
      words: How many show each word; None if that is not known.
      lengths: Of their numbers of points; None where there is no sketch.
      strokes: Of their numbers of strokes, likewise.
      sides: Of the longest sides of their boxes, pixels, likewise.
      zero_offsets: Share of points that lie on the point before them.
      repeated: Sketches that equal an earlier one of this split.
      histogram: How many sketches have 0, 1, ... points.
    """

    count: int
    words: dict[str, int] | None
    lengths: Summary | None
    strokes: Summary | None
    sides: Summary | None
    zero_offsets: float
    repeated: int
    histogram: tuple[int, ...]


class Named(NamedTuple):
    """Sketches that share a property: how many, and the first of them."""

    count: int
    names: tuple[str, ...]


class Limit(NamedTuple):
    """What a max_len does to the training split.

    Attributes:
      kept: Sketches of at most that many points.
      share: Their share.
      scale_factor: Standard deviation of their offsets, pixels; 0 if there
        is none, or nothing varies.
    """

    kept: int
    share: float
    scale_factor: float


class Simplification(NamedTuple):
    """The epsilon with which 99 % have at most 200 points.

    Attributes:
      epsilon: Pixels of a drawing whose longest side is 255; None if none is
        needed, or no value tried is enough.
      median_epsilon: The same in the data's own pixels, for the median box.
      needed: Whether fewer than 99 % have at most 200 points as they are.
      sampled: Training sketches looked at.
      share_before: Share of these with at most 200 points as they are.
      share_after: The same with `epsilon`, or the largest value tried.
    """

    epsilon: float | None
    median_epsilon: float | None
    needed: bool
    sampled: int
    share_before: float
    share_after: float


class Report(NamedTuple):
    """What a data set holds.

    Attributes:
      words: Names of the classes.
      splits: Each split, by name.
      max_len: N_max, points: the longest training sketch.
      proposed_max_len: The smallest round number that keeps 99 % of the
        training sketches, or N_max if that is less.
      limits: What each max_len does: `LIMITS`, N_max and the proposed one.
      simplification: The proposed epsilon.
      shared: Sketches of one split that equal one of an earlier split, by
        "valid in train" and so on.
      suspects: Sketches that can be read but look wrong, by reason.
      tally: What reading the data left out.
    """

    words: tuple[str, ...]
    splits: dict[str, Split]
    max_len: int
    proposed_max_len: int
    limits: dict[int, Limit]
    simplification: Simplification
    shared: dict[str, Named]
    suspects: dict[str, Named]
    tally: tally_lib.Tally


def as_json(report: Report) -> dict[str, Any]:
    """Gives a report as plain values, for `json.dumps`."""
    return _plain(report)


def _plain(value):
    if isinstance(value, tally_lib.Tally):
        value = vars(value)
    if hasattr(value, "_asdict"):
        value = value._asdict()
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, tuple | list):
        return [_plain(item) for item in value]
    return value
