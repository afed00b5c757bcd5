"""Matrices as whole numbers: a step and an offset for each column.

A column w becomes codes = round((w - least) / step), with least = min w and
step = (max w - min w) / (2^bits - 1), so that codes * step + least is off by
half a step at most.  Columns, since those of a recurrent kernel differ in
range by an order of magnitude: one step for all loses L_R with 8 bits.
"""

from typing import NamedTuple

import numpy as np

KINDS = ("uint8", "uint16", "none")
"""How a matrix may be written: "none" is as it is."""


class Columns(NamedTuple):
    """A quantized matrix.

    Attributes:
      codes: uint8 or uint16, of the matrix's shape.
      least: float32 [C], of each column.
      step: float32 [C], of each column; 0 where all values are the least.
    """

    codes: np.ndarray
    least: np.ndarray
    step: np.ndarray


def quantized(matrix: np.ndarray, kind: str) -> Columns:
    """Quantizes a matrix, or a stack of them, column by column.

    Args:
      matrix: float32 [..., C], finite.
      kind: "uint8" or "uint16".

    Returns:
      The quantized matrix.

    >>> quantized(np.array([[0, 1], [5.1, 1]], np.float32), "uint8").codes
    array([[  0,   0],
           [255,   0]], dtype=uint8)
    """
    rows = matrix.reshape(-1, matrix.shape[-1]).astype(np.float64)
    steps = np.iinfo(kind).max
    least = rows.min(axis=0).astype(np.float32)
    # In float32 as it is stored: codes are fitted to what is read back.
    step = ((rows.max(axis=0) - least) / steps).astype(np.float32)
    divisor = np.where(step > 0, step.astype(np.float64), 1.0)
    codes = np.rint((rows - least) / divisor).clip(0, steps)
    codes = np.where(step > 0, codes, 0).astype(kind)
    return Columns(codes.reshape(matrix.shape), least, step)


def restored(columns: Columns) -> np.ndarray:
    """Returns the matrix of codes, float32.

    >>> restored(quantized(np.array([[0.0], [0.5], [1.0]]), "uint16")).ravel()
    array([0.       , 0.5000076, 1.       ], dtype=float32)
    """
    values = columns.codes * columns.step.astype(np.float64) + columns.least
    return values.astype(np.float32)
