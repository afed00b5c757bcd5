"""Stroke formats and the conversions between them.  NumPy only.

Every format of the project is specified here, once.

stroke3: [N, 3], any real dtype.  One row a point:
    0 dx          offset of this point from the previous one, in the
                  drawing's own units (*pixels*); the first row's offset is
                  taken from the origin (0, 0), where the pen starts *down*.
    1 dy          likewise; y grows downwards, as on a screen.
    2 pen_lifted  1 if the pen is lifted *after* this point (no line to the
                  next point), else 0.

stroke5: [T, 5], float32.  One row a point (section 3.2 of Ha & Eck, 2017):
    0 dx, 1 dy    as above.
    2 p1          pen down: a line joins this point with the next one.
    3 p2          pen up: the pen is lifted after this point.
    4 p3          end: the drawing ended before this point; the row and all
                  that follow it are not drawn.
    Exactly one of p1, p2, p3 is 1.  Rows after the last point are
    (0, 0, 0, 0, 1).  `START_POINT`, S_0, is not part of a sketch: the input
    pipeline puts it first.

polylines: list of [K, 2] float64 arrays, absolute points.  One polyline a
    stroke (a pen-down run).  The first one starts where the pen starts, at
    the origin, as the first row of stroke3 is a drawn segment from there.

length (N_s) counts points: the rows of stroke3, or the stroke5 rows before
the first end row.
"""

from collections.abc import Sequence

import numpy as np

PEN_DOWN, PEN_UP, END = 0, 1, 2
"""Indices of the pen states p1, p2, p3 within columns 2 to 4 of stroke5."""

START_POINT = (0.0, 0.0, 1.0, 0.0, 0.0)
"""S_0, the decoder's first input (section 3.3, Ha & Eck, 2017)."""

END_POINT = (0.0, 0.0, 0.0, 0.0, 1.0)
"""The row that ends a sketch and pads it."""


def validate_stroke3(stroke3: np.ndarray, *, name: str = "stroke3") -> None:
    """Checks that an array is a sketch in stroke-3.

    Args:
      stroke3: [N, 3], N >= 1.
      name: What to call the array in the message.

    Raises:
      ValueError: If the rank or width is wrong, the array is empty, its
        dtype is not a real number, an offset is not finite, or a pen value
        is neither 0 nor 1.

    >>> validate_stroke3(np.array([[1, 2, 0], [3, 4, 1]]))
    >>> validate_stroke3(np.array([[1, 2, 5]]), name="sketch 7")
    Traceback (most recent call last):
    ...
    ValueError: sketch 7: expected pen_lifted 0 or 1, got 5 in row 0
    """
    stroke3 = np.asarray(stroke3)
    if stroke3.ndim != 2 or stroke3.shape[1] != 3:
        raise ValueError(
            f"{name}: expected an array of shape [N, 3], "
            f"got shape {list(stroke3.shape)}"
        )
    if stroke3.dtype.kind not in "iufb":
        raise ValueError(
            f"{name}: expected real numbers, got dtype {stroke3.dtype}"
        )
    if not len(stroke3):
        raise ValueError(f"{name}: expected at least one point, got none")
    finite = _fits_float32(stroke3[:, :2])
    if not finite.all():
        row = int(np.argmin(finite))
        raise ValueError(
            f"{name}: expected finite offsets, "
            f"got {stroke3[row, :2].tolist()} in row {row}"
        )
    pen = stroke3[:, 2]
    known = (pen == 0) | (pen == 1)
    if not known.all():
        row = int(np.argmin(known))
        raise ValueError(
            f"{name}: expected pen_lifted 0 or 1, got {pen[row]:g} in row {row}"
        )


def validate_stroke5(stroke5: np.ndarray, *, name: str = "stroke5") -> None:
    """Checks that an array is in stroke-5.

    Args:
      stroke5: [T, 5], T >= 1.
      name: What to call the array in the message.

    Raises:
      ValueError: If the rank or width is wrong, the array is empty, its
        dtype is not a real number, an offset is not finite, or a row's pen
        state is not one-hot.

    >>> validate_stroke5(np.array([[1.0, 2.0, 1, 0, 0]]))
    >>> validate_stroke5(np.array([[1.0, 2.0, 1, 1, 0]]))
    Traceback (most recent call last):
    ...
    ValueError: stroke5: expected a one-hot pen state, got [1.0, 1.0, 0.0] \
in row 0
    """
    stroke5 = np.asarray(stroke5)
    if stroke5.ndim != 2 or stroke5.shape[1] != 5:
        raise ValueError(
            f"{name}: expected an array of shape [T, 5], "
            f"got shape {list(stroke5.shape)}"
        )
    if stroke5.dtype.kind not in "iufb":
        raise ValueError(
            f"{name}: expected real numbers, got dtype {stroke5.dtype}"
        )
    if not len(stroke5):
        raise ValueError(f"{name}: expected at least one row, got none")
    finite = _fits_float32(stroke5[:, :2])
    if not finite.all():
        row = int(np.argmin(finite))
        raise ValueError(
            f"{name}: expected finite offsets, "
            f"got {stroke5[row, :2].tolist()} in row {row}"
        )
    pen = stroke5[:, 2:]
    one_hot = ((pen == 0) | (pen == 1)).all(axis=1) & (pen.sum(axis=1) == 1)
    if not one_hot.all():
        row = int(np.argmin(one_hot))
        raise ValueError(
            f"{name}: expected a one-hot pen state, "
            f"got {pen[row].tolist()} in row {row}"
        )


def _fits_float32(offsets):
    """Whether each row stays finite as float32, the type of stroke-5."""
    with np.errstate(over="ignore"):
        return np.isfinite(offsets.astype(np.float32)).all(axis=1)


def concatenated(
    sketches: Sequence[np.ndarray], *, indexes: Sequence[int]
) -> np.ndarray:
    """Puts the points of valid sketches one after another.

    Args:
      sketches: [N, 3] each, N >= 0.
      indexes: What to call each in messages.

    Returns:
      float32 [sum of N, 3].

    Raises:
      ValueError: If a sketch is not valid, see `validate_stroke3`, or not
        [N, 3].
    """
    if all(np.shape(s)[1:] == (3,) for s in sketches):
        points = np.concatenate(sketches)
        if points.dtype.kind in "iufb":
            pen = points[:, 2]
            with np.errstate(over="ignore"):
                points = points.astype(np.float32)
            known = ((pen == 0) | (pen == 1)).all()
            if known and np.isfinite(points).all():
                return points
    # Looked at one by one, which takes long, to tell which it is.
    for index, sketch in zip(indexes, sketches, strict=True):
        if len(sketch) or np.shape(sketch)[1:] != (3,):
            validate_stroke3(sketch, name=f"sketch {index}")
    raise ValueError("sketches: expected arrays of one kind of numbers")


def stroke3_to_stroke5(stroke3: np.ndarray) -> np.ndarray:
    """Converts stroke-3 to stroke-5 with its end row.

    Args:
      stroke3: [N, 3], pixels.

    Returns:
      float32 [N + 1, 5]; the last row is `END_POINT`.

    Raises:
      ValueError: If `stroke3` is not valid, see `validate_stroke3`.

    >>> stroke3_to_stroke5(np.array([[3, 4, 0], [1, 0, 1]]))
    array([[3., 4., 1., 0., 0.],
           [1., 0., 0., 1., 0.],
           [0., 0., 0., 0., 1.]], dtype=float32)
    """
    stroke3 = np.asarray(stroke3)
    validate_stroke3(stroke3)
    stroke5 = np.zeros((len(stroke3) + 1, 5), np.float32)
    stroke5[:-1, :2] = stroke3[:, :2]
    stroke5[:-1, 2 + PEN_DOWN] = stroke3[:, 2] == 0
    stroke5[:-1, 2 + PEN_UP] = stroke3[:, 2] == 1
    stroke5[-1] = END_POINT
    return stroke5


def stroke5_length(stroke5: np.ndarray) -> int:
    """Counts the points of a sketch, N_s: the rows before the first end row.

    Args:
      stroke5: [T, 5].

    Returns:
      Number of points, 0 to T.

    >>> stroke5_length(np.array([[1, 2, 0, 1, 0], [0, 0, 0, 0, 1]]))
    1
    """
    ended = np.asarray(stroke5)[:, 2 + END] == 1
    return int(np.argmax(ended)) if ended.any() else len(ended)


def stroke5_to_stroke3(stroke5: np.ndarray) -> np.ndarray:
    """Converts stroke-5 to stroke-3, up to the first end row.

    Args:
      stroke5: [T, 5], with or without end rows.

    Returns:
      float32 [N, 3] where N is the number of rows before the first end row;
      [0, 3] where the first row is an end row.

    Raises:
      ValueError: If `stroke5` is not valid, see `validate_stroke5`.

    >>> stroke5_to_stroke3(np.array([[3, 4, 0, 1, 0], [0, 0, 0, 0, 1]]))
    array([[3., 4., 1.]], dtype=float32)
    """
    stroke5 = np.asarray(stroke5)
    validate_stroke5(stroke5)
    points = stroke5[: stroke5_length(stroke5)]
    stroke3 = np.empty((len(points), 3), np.float32)
    stroke3[:, :2] = points[:, :2]
    stroke3[:, 2] = points[:, 2 + PEN_UP]
    return stroke3


def stroke3_to_polylines(
    stroke3: np.ndarray, *, origin: Sequence[float] = (0.0, 0.0)
) -> list[np.ndarray]:
    """Converts stroke-3 to the absolute points of each stroke.

    The first polyline starts with `origin`, where the pen starts down; every
    other polyline starts with the first point after a lift.

    Args:
      stroke3: [N, 3], pixels.
      origin: Where the pen starts, pixels.

    Returns:
      List of float64 [K, 2], K >= 1, pixels.

    Raises:
      ValueError: If `stroke3` is not valid, see `validate_stroke3`.

    >>> [p.tolist() for p in stroke3_to_polylines(
    ...     np.array([[3, 4, 1], [1, 1, 0], [2, 0, 1]]))]
    [[[0.0, 0.0], [3.0, 4.0]], [[4.0, 5.0], [6.0, 5.0]]]
    """
    stroke3 = np.asarray(stroke3)
    validate_stroke3(stroke3)
    offsets = stroke3[:, :2].astype(np.float64)
    start = np.asarray(origin, np.float64)[None]
    points = np.cumsum(np.concatenate([start, offsets]), axis=0)
    # Point k + 1 is row k's, so a lift after row k splits before point k + 2.
    lifts = np.flatnonzero(stroke3[:, 2] == 1) + 2
    return [p for p in np.split(points, lifts) if len(p)]


def polylines_to_stroke3(
    polylines: Sequence[np.ndarray], *, lift_last: bool = True
) -> np.ndarray:
    """Converts absolute points to stroke-3; the first point is the origin.

    The inverse of `stroke3_to_polylines`: both ways round give back the
    offsets exactly for whole numbers, and to float64 rounding of the sums
    otherwise.  A first polyline of a single point (which stroke-3 cannot
    express, as its first row is a drawn segment) becomes a segment of length
    zero.  Empty polylines are skipped.

    Args:
      polylines: Sequence of [K, 2], pixels.
      lift_last: Whether the pen is lifted after the last point.  False keeps
        a stroke open, for completion to go on with.

    Returns:
      float32 [N, 3].

    Raises:
      ValueError: If there is no point, or a polyline is not [K, 2] and
        finite.

    >>> polylines_to_stroke3([[[1, 1], [4, 5]], [[5, 6], [7, 6]]])
    array([[3., 4., 1.],
           [1., 1., 0.],
           [2., 0., 1.]], dtype=float32)
    """
    arrays = []
    for index, polyline in enumerate(polylines):
        array = np.asarray(polyline, np.float64)
        if array.size == 0:
            continue
        if array.ndim != 2 or array.shape[1] != 2:
            raise ValueError(
                f"polyline {index}: expected an array of shape [K, 2], "
                f"got shape {list(array.shape)}"
            )
        if not np.isfinite(array).all():
            raise ValueError(
                f"polyline {index}: expected finite points, got NaN or infinity"
            )
        arrays.append(array)
    if not arrays:
        raise ValueError("polylines: expected at least one point, got none")
    if len(arrays[0]) == 1:
        arrays[0] = np.repeat(arrays[0], 2, axis=0)
    points = np.concatenate(arrays)
    stroke3 = np.zeros((len(points) - 1, 3), np.float32)
    stroke3[:, :2] = np.diff(points, axis=0)
    last_points = np.cumsum([len(a) for a in arrays]) - 1
    stroke3[last_points - 1, 2] = 1
    stroke3[-1, 2] = float(lift_last)
    return stroke3


def bounds(stroke3: np.ndarray) -> tuple[float, float, float, float]:
    """Finds the box around everything that a sketch draws.

    Args:
      stroke3: [N, 3], pixels.

    Returns:
      (min_x, min_y, max_x, max_y) over all points and the origin, pixels.

    >>> bounds(np.array([[3, -4, 1], [1, 1, 1]]))
    (0.0, -4.0, 4.0, 0.0)
    """
    points = np.concatenate(stroke3_to_polylines(stroke3))
    low, high = points.min(axis=0), points.max(axis=0)
    return float(low[0]), float(low[1]), float(high[0]), float(high[1])
