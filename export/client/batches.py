"""Batches: sketches and settings checked, and made what signatures take."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from export.client import errors
from sketch_rnn_tf import strokes as strokes_lib

_ARRAYS = (list, tuple, np.ndarray)


def is_single(sketches: Any) -> bool:
    """Whether these are the rows of one sketch, not several sketches.

    >>> is_single([[1, 2, 0], [3, 4, 1]]), is_single([[[1, 2, 0]]])
    (True, False)
    """
    if isinstance(sketches, np.ndarray) and sketches.dtype != object:
        return sketches.ndim < 3
    if not hasattr(sketches, "__len__"):
        return True
    if not len(sketches):
        return False
    first = sketches[0]
    if isinstance(first, _ARRAYS):
        return len(first) > 0 and not isinstance(first[0], _ARRAYS)
    return True


def stroke5(
    sketches: Sequence[np.ndarray], most: int, where: errors.Where
) -> dict[str, np.ndarray]:
    """Makes `strokes` and `lengths` of sketches.

    Args:
      sketches: Stroke-3 of 1 to `most` points, the user's units.
      most: Points of each.
      where: For messages.

    Returns:
      `strokes`, float32 [B, T, 5], and `lengths`, int32 [B].

    Raises:
      errors.InputError: If there is none, or one is wrong or too long.
    """
    if not len(sketches):
        raise errors.InputError(
            "sketches: expected at least one, got none", where, input="strokes"
        )
    made = []
    for index, sketch in enumerate(sketches):
        try:
            sketch = np.asarray(sketch)
            strokes_lib.validate_stroke3(sketch, name=f"sketch {index}")
        except ValueError as error:
            reason = str(error)
            if not reason.startswith("sketch"):
                reason = f"sketch {index}: expected rows of three numbers"
            raise errors.InputError(
                reason, where, input="strokes", index=index
            ) from None
        if len(sketch) > most:
            raise errors.InputError(
                f"sketch {index}: expected at most {most} points, got "
                f"{len(sketch)}",
                where,
                input="lengths",
                index=index,
            )
        made.append(strokes_lib.stroke3_to_stroke5(sketch)[:-1])
    lengths = np.array([len(points) for points in made], np.int32)
    batch = np.empty((len(made), int(lengths.max()), 5), np.float32)
    batch[:] = strokes_lib.END_POINT
    for row, points in zip(batch, made, strict=True):
        row[: len(points)] = points
    return {"strokes": batch, "lengths": lengths}


def numbers(
    name: str,
    values: float | Sequence[float],
    count: int,
    where: errors.Where,
    *,
    most: float = np.inf,
) -> np.ndarray:
    """Makes float32 [B] of one number, or of one for each row.

    Args:
      name: The input's.
      values: Finite, from 0 to `most`.
      count: B.
      where: For messages.
      most: The largest.

    Raises:
      errors.InputError: If they are others, or not as many.
    """
    bound = "of at least 0" if most == np.inf else f"from 0 to {most:g}"
    try:
        found = np.asarray(values, np.float32)
    except (TypeError, ValueError):
        found = np.float32(np.nan)
    if found.shape not in ((), (count,)):
        raise errors.InputError(
            f"{name}: expected one number or {count}, got shape "
            f"{list(found.shape)}",
            where,
            input=name,
        )
    found = np.broadcast_to(found, [count])
    good = np.isfinite(found) & (found >= 0) & (found <= most)
    if not good.all():
        row = int(np.argmin(good))
        raise errors.InputError(
            f"{name}: expected a finite number {bound}, got "
            f"{errors.quoted(np.broadcast_to(values, [count])[row])}",
            where,
            input=name,
            index=row if np.ndim(values) else None,
        )
    return found


def places(t: float | Sequence[float], where: errors.Where) -> np.ndarray:
    """Makes float32 [B] of places between two ends, or of one.

    Raises:
      errors.InputError: If there is none, or one is not from 0 to 1.
    """
    several = np.atleast_1d(t)
    if several.ndim != 1 or not len(several):
        raise errors.InputError(
            "t: expected a number or a list of them, got shape "
            f"{list(several.shape)}",
            where,
            input="t",
        )
    return numbers("t", several, len(several), where, most=1.0)


def check_at_least(
    least: int, name: str, value: int, where: errors.Where
) -> None:
    """Raises an `errors.InputError` unless a whole number is large enough."""
    if np.asarray(value).dtype.kind not in "iu" or value < least:
        raise errors.InputError(
            f"{name}: expected a whole number from {least} on, got "
            f"{errors.quoted(value)}",
            where,
            input=name,
        )


def seeds(
    seed: int | Sequence[int], count: int, where: errors.Where
) -> np.ndarray:
    """Makes int32 [B] of the first drawing's seed, or of one for each.

    Raises:
      errors.InputError: If they are out of range, or not as many.
    """
    found = np.asarray(seed)
    if found.dtype.kind not in "iu" or found.shape not in ((), (count,)):
        raise errors.InputError(
            f"seed: expected a whole number or {count}, got "
            f"{found.dtype} of shape {list(found.shape)}",
            where,
            input="seed",
        )
    found = found.astype(object)
    if not found.ndim:
        found = found + np.arange(count).astype(object)
    good = np.array([0 <= value < 2**31 for value in found])
    if not good.all():
        row = int(np.argmin(good))
        raise errors.InputError(
            f"seed: expected 0 to {2**31 - 1}, got {found[row]} for drawing "
            f"{row}",
            where,
            input="seed",
            index=row,
        )
    return found.astype(np.int32)


def labels(
    labels: int | Sequence[int] | None,
    count: int,
    wanted: bool,
    where: errors.Where,
) -> dict[str, np.ndarray]:
    """Makes `labels` of a class-conditioned model's rows; of others nothing.

    Args:
      labels: Indices of the model's words, one for all or one for each.
      count: B.
      wanted: Whether the model is class-conditioned.
      where: For messages.

    Returns:
      `labels`, int32 [B], if wanted.

    Raises:
      errors.InputError: If they are missing, not wanted, not whole numbers
        from 0 on, or not as many.
    """
    if labels is None and not wanted:
        return {}
    found = np.asarray(labels)
    good = found.dtype.kind in "iu" and found.shape in ((), (count,))
    if not wanted or not good or ((found < 0) | (found >= 2**31)).any():
        expected = f"a whole number from 0 on, or {count} of them"
        if not wanted:
            expected = "None, as the model is not class-conditioned"
        raise errors.InputError(
            f"labels: expected {expected}, got {errors.quoted(labels)}",
            where,
            input="labels",
        )
    return {"labels": np.broadcast_to(found, [count]).astype(np.int32)}


def max_lens(
    max_len: int | None, limit: int, count: int, where: errors.Where
) -> np.ndarray:
    """Makes int32 [B] of the points at most, N_max if None.

    Raises:
      errors.InputError: Unless it is a whole number of 1 to N_max.
    """
    found = np.asarray(limit if max_len is None else max_len)
    whole = not found.ndim and found.dtype.kind in "iu"
    if not whole or not 1 <= found <= limit:
        raise errors.InputError(
            f"max_len: expected 1 to {limit}, got {errors.quoted(max_len)}",
            where,
            input="max_len",
        )
    return np.full(count, found, np.int32)


def settings(
    count: int,
    limit: int,
    where: errors.Where,
    temperature: float | Sequence[float],
    seed: int | Sequence[int],
    max_len: int | None,
) -> dict[str, np.ndarray]:
    """Makes `temperature`, `seed` and `max_len` of drawings.

    Args:
      count: B.
      limit: N_max.
      where: For messages.
      temperature: As for `numbers`.
      seed: As for `seeds`.
      max_len: As for `max_lens`.

    Raises:
      errors.InputError: If one is wrong.
    """
    return {
        "temperature": numbers("temperature", temperature, count, where),
        "seed": seeds(seed, count, where),
        "max_len": max_lens(max_len, limit, count, where),
    }


def latents(
    name: str, z: np.ndarray, z_size: int, where: errors.Where
) -> np.ndarray:
    """Makes float32 [B, Z] of latent vectors, [B, Z].

    Raises:
      errors.InputError: If they are of another shape, or not finite.
    """
    try:
        with np.errstate(over="ignore"):
            found = np.asarray(z, np.float32)
    except (TypeError, ValueError):
        found = np.float32(np.nan)
    if found.ndim != 2 or found.shape[1] != z_size or not len(found):
        raise errors.InputError(
            f"{name}: expected shape [B, {z_size}], got {list(found.shape)}",
            where,
            input=name,
        )
    good = np.isfinite(found).all(axis=1)
    if not good.all():
        row = int(np.argmin(good))
        raise errors.InputError(
            f"{name}: expected finite numbers, got NaN or infinity in row "
            f"{row}",
            where,
            input=name,
            index=row,
        )
    return found
