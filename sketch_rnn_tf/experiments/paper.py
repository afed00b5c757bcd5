"""What the paper reports: Table 1, to stand beside what was measured.

References:
  Table 1, Ha & Eck (2017).
"""

from collections.abc import Sequence
from typing import NamedTuple


class Reported(NamedTuple):
    """A row of Table 1, nats.

    Attributes:
      losses: L_R and L_KL by w_KL.
      decoder_only: L_R of the standalone decoder.
    """

    losses: dict[float, tuple[float, float]]
    decoder_only: float


def _row(high, middle, low, decoder_only):
    return Reported({1.0: high, 0.5: middle, 0.25: low}, decoder_only)


TABLE_1 = {
    ("cat",): _row((-0.98, 0.29), (-1.33, 0.70), (-1.46, 1.01), -0.57),
    ("pig",): _row((-1.14, 0.22), (-1.37, 0.49), (-1.52, 0.80), -0.82),
    ("cat", "pig"): _row((-1.02, 0.22), (-1.24, 0.49), (-1.50, 0.98), -0.75),
    ("crab", "face", "pig", "rabbit"): _row(
        (-0.91, 0.22), (-1.04, 0.40), (-1.47, 1.17), -0.67
    ),
    ("face",): _row((-1.13, 0.27), (-1.55, 0.71), (-1.90, 1.44), -0.73),
    ("firetruck",): _row((-1.24, 0.22), (-1.26, 0.24), (-1.78, 1.10), -0.90),
    ("garden",): _row((-0.79, 0.20), (-0.81, 0.25), (-0.99, 0.54), -0.62),
    ("owl",): _row((-0.93, 0.20), (-1.03, 0.34), (-1.29, 0.77), -0.66),
    ("mermaid",): _row((-0.64, 0.23), (-0.91, 0.54), (-1.30, 1.22), -0.37),
    ("mosquito",): _row((-0.67, 0.30), (-1.02, 0.66), (-1.41, 1.54), -0.34),
    ("yoga",): _row((-0.80, 0.24), (-1.07, 0.55), (-1.51, 1.33), -0.48),
}
"""By the words of the data set, in alphabetical order."""

EVERYTHING = _row((-0.61, 0.21), (-0.79, 0.46), (-1.02, 0.98), -0.41)
"""All 75 classes of quickdraw-75."""


def reported(words: Sequence[str]) -> Reported | None:
    """Finds the paper's row of a data set of these words; None without one.

    >>> reported(["pig", "cat"]).decoder_only
    -0.75
    >>> reported(["car"]) is None
    True
    """
    if len(set(words)) == 75:
        return EVERYTHING
    return TABLE_1.get(tuple(sorted(words)))
