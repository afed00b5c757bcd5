"""Whether two answers are the same, as far as drawing goes."""

from typing import NamedTuple

import numpy as np

TOLERANCE = 1e-4
"""Of offsets, in their scale, and of numbers that are no drawings."""


class Judgement(NamedTuple):
    """How an answer compares with the one expected.

    Attributes:
      rows: Rows compared.
      status: Rows whose status is the same.
      lengths: Rows whose length is; all, where there are no drawings.
      pens: Rows whose pen states are all the same.
      difference: The largest of offsets, in scale_factor units, where those
        are the same; of other numbers, relative to 1 or their size.
    """

    rows: int
    status: int
    lengths: int
    pens: int
    difference: float

    @property
    def holds(self) -> bool:
        """Whether all is the same, within `TOLERANCE`."""
        same = self.status == self.lengths == self.pens == self.rows
        # NaN is no difference that holds.
        return same and self.difference <= TOLERANCE


def compare(
    found: dict[str, np.ndarray],
    expected: dict[str, np.ndarray],
    scale: float,
) -> Judgement:
    """Compares two answers of a signature.

    Args:
      found: The outputs by name, the batch first.
      expected: Likewise.
      scale: scale_factor.

    Raises:
      ValueError: If they have other outputs or rows.
    """
    shapes = [
        {name: value.shape for name, value in answer.items()}
        for answer in (found, expected)
    ]
    if shapes[0] != shapes[1]:
        raise ValueError(f"answer: expected {shapes[1]}, got {shapes[0]}")
    rows = len(expected["status"])
    same_status = found["status"] == expected["status"]
    lengths = pens = np.ones(rows, bool)
    differences = [0.0]
    if "strokes" in expected:
        lengths = found["lengths"] == expected["lengths"]
        inside = np.arange(expected["strokes"].shape[1])
        inside = inside < expected["lengths"][:, None]  # [B, L]
        other = (found["strokes"] != expected["strokes"])[..., 2:].any(axis=-1)
        pens = ~(other & inside).any(axis=-1)
        apart = np.abs(found["strokes"] - expected["strokes"])[..., :2]
        # NaN is carried on by max.
        differences.append((apart.max(axis=-1)[inside] / scale).max(initial=0))
    for name in set(expected) - {"strokes", "lengths", "status"}:
        apart = np.abs(found[name] - expected[name])
        size = np.maximum(1.0, np.abs(expected[name]))
        differences.append((apart / size).max(initial=0))
    return Judgement(
        rows,
        int(same_status.sum()),
        int(lengths.sum()),
        int(pens.sum()),
        float(np.max(differences)),
    )
