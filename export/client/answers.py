"""Answers: what a server's outputs must be before they are believed."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from export import status as status_lib
from export.client import errors, results
from sketch_rnn_tf import strokes as strokes_lib

_KINDS = {np.float32: "iuf", np.int32: "iu"}


def array(
    outputs: Mapping[str, Any],
    name: str,
    shape: Sequence[int | None],
    where: errors.Where,
    *,
    dtype: type = np.float32,
    finite: bool = True,
) -> np.ndarray:
    """Takes an output.

    Args:
      outputs: Nested lists or arrays by name.
      name: The output's.
      shape: What it must have, None where any size will do.
      where: For messages.
      dtype: float32 or int32.
      finite: Whether every number has to be.

    Raises:
      errors.AnswerError: If it is missing or something else.
    """
    if name not in outputs:
        raise errors.AnswerError(
            f"expected the output {name}, got "
            f"{errors.quoted(', '.join(outputs)) or 'none'}",
            where,
        )
    wanted = [size if size is not None else "any" for size in shape]
    wanted = f"expected numbers of shape {wanted} as {name}".replace("'", "")
    try:
        # Without a dtype, as NumPy makes numbers of text and None otherwise.
        found = np.asarray(outputs[name])
    except (ValueError, OverflowError, RecursionError):
        raise errors.AnswerError(
            f"{wanted}, got a ragged list", where
        ) from None
    if found.size and found.dtype.kind not in _KINDS[dtype]:
        raise errors.AnswerError(f"{wanted}, got {found.dtype}", where)
    matching = len(found.shape) == len(shape) and all(
        size in (None, got)
        for size, got in zip(shape, found.shape, strict=True)
    )
    if not matching:
        raise errors.AnswerError(
            f"{wanted}, got shape {list(found.shape)}", where
        )
    limits = np.iinfo(np.int32)
    if (
        dtype is np.int32
        and ((found < limits.min) | (found > limits.max)).any()
    ):
        raise errors.AnswerError(f"{wanted}, got ones beyond int32", where)
    with np.errstate(over="ignore"):
        found = found.astype(dtype)
    if finite and not np.isfinite(found).all():
        raise errors.AnswerError(
            f"{wanted}, got some that are not finite", where
        )
    return found


def check_status(
    outputs: Mapping[str, Any], first: int, count: int, where: errors.Where
) -> None:
    """Raises what the first bad row's status says.

    Args:
      outputs: By name.
      first: What the first row is to be called.
      count: Rows.
      where: For messages.

    Raises:
      errors.InputError: If a row was bad.
      errors.AnswerError: If there is no status, or it is unknown.
    """
    codes = array(outputs, "status", [count], where, dtype=np.int32)
    for index, code in enumerate(codes.tolist(), first):
        if code == status_lib.OK:
            continue
        meaning = status_lib.MEANINGS.get(code)
        if meaning is None:
            raise errors.AnswerError(
                f"expected a status of 0 to {max(status_lib.MEANINGS)}, got "
                f"{code} for row {index}",
                where,
            )
        raise errors.InputError(
            f"row {index}: {meaning}, says the server",
            where,
            input=meaning.partition(":")[0],
            index=index,
            code=code,
        )


def drawings(
    outputs: Mapping[str, Any],
    max_len: np.ndarray,
    least: np.ndarray,
    first: int,
    where: errors.Where,
) -> list[np.ndarray]:
    """Takes drawings.

    Args:
      outputs: With `strokes` and `lengths`.
      max_len: int32 [B], points of each at most.
      least: int32 [B], and at least.
      first: What the first row is to be called.
      where: For messages.

    Returns:
      stroke-3 of each, float32 [N, 3].

    Raises:
      errors.AnswerError: If they are none, or not as long.
    """
    count = len(max_len)
    lengths = array(outputs, "lengths", [count], where, dtype=np.int32)
    strokes = array(outputs, "strokes", [count, None, 5], where)
    longest = np.minimum(max_len, strokes.shape[1])
    good = (lengths >= least) & (lengths <= longest)
    if not good.all():
        row = int(np.argmin(good))
        raise errors.AnswerError(
            f"expected {least[row]} to {longest[row]} points in row "
            f"{first + row}, got the length {lengths[row]}",
            where,
        )
    made = []
    for row, (points, length) in enumerate(zip(strokes, lengths, strict=True)):
        points = points[:length]
        pen = points[:, 2:]
        one_hot = ((pen == 0) | (pen == 1)).all(1) & (pen.sum(1) == 1)
        if not (one_hot & (pen[:, strokes_lib.END] == 0)).all():
            raise errors.AnswerError(
                f"expected one-hot pen states in row {first + row}, got others",
                where,
            )
        made.append(points[:, [0, 1, 2 + strokes_lib.PEN_UP]])
    return made


def scores(
    outputs: Mapping[str, Any],
    lengths: np.ndarray,
    max_len: int,
    where: errors.Where,
) -> results.Scores:
    """Takes scores; those of a model that diverged may be NaN.

    Args:
      outputs: Those of `score`.
      lengths: int32 [B], points of the sketches.
      max_len: N_max.
      where: For messages.

    Raises:
      errors.AnswerError: If they are none.
    """
    count = len(lengths)

    def column(name, *axes):
        return array(outputs, name, [count, *axes], where, finite=False)

    points = column("point_log_likelihoods", max_len)
    return results.Scores(
        column("recon"),
        column("kl"),
        column("loss"),
        column("log_likelihood"),
        lengths,
        [row[: n + 1] for row, n in zip(points, lengths, strict=True)],
    )


def check_prefixes(
    outputs: Mapping[str, Any], lengths: np.ndarray, where: errors.Where
) -> None:
    """Raises an `errors.AnswerError` unless `prefix_lengths` are those sent."""
    shape = list(lengths.shape)
    found = array(outputs, "prefix_lengths", shape, where, dtype=np.int32)
    if (found != lengths).any():
        raise errors.AnswerError(
            f"expected the prefix_lengths {errors.quoted(lengths.tolist())}, "
            f"got {errors.quoted(found.tolist())}",
            where,
        )
