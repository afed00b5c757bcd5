"""Latent vectors: ways between them, sums, neighbours and directions.

A z is [Z] numbers without a unit; those of N(0, I) have a norm of about
sqrt(Z).  Everything is computed in float64 and returned in float32.  What has
another shape than was wanted, is empty or is not finite is a ValueError.
"""

from collections.abc import Sequence

import numpy as np

METHODS = ("slerp", "lerp")

_ALIGNED = 1e-12  # a smaller sine is rounding: it spans no plane
_CHUNK = 2**20  # distances that `nearest` holds at once
_PENALTIES = 10.0 ** np.arange(-1, 4)  # in variances of the prior


def lerp(a: np.ndarray, b: np.ndarray, t: float | np.ndarray) -> np.ndarray:
    """Interpolates on the straight line, (1 - t) a + t b.

    Args:
      a: [..., Z].
      b: [..., Z].
      t: A number, or [S]; beyond 0 and 1 the line goes on.

    Returns:
      float32 [..., Z], or [S, ..., Z] for S numbers.
    """
    a, b, t = _pair(a, b, t)
    return _single((1.0 - t) * a + t * b)


def slerp(a: np.ndarray, b: np.ndarray, t: float | np.ndarray) -> np.ndarray:
    """Interpolates on the arc: the direction turns evenly, the norm is linear.

    With w the angle between a and b, both of norm 1, it is

        (sin((1 - t) w) * a + sin(t w) * b) / sin(w)

    Vectors of N(0, I) lie near a sphere, which a straight line would leave.
    Opposite vectors turn by way of the axis that a has least of, zero takes
    the other's direction, and both ends are exact.

    Args:
      a: [..., Z].
      b: [..., Z].
      t: A number from 0 to 1, or [S].

    Returns:
      float32 [..., Z], or [S, ..., Z] for S numbers.

    >>> slerp([3.0, 0.0], [0.0, 3.0], 0.5)
    array([2.1213202, 2.1213202], dtype=float32)
    """
    a, b, t = _pair(a, b, t)
    if ((t < 0) | (t > 1)).any():
        raise ValueError(f"t: expected 0 to 1, got {t.min():g} to {t.max():g}")
    (from_a, norm_a), (from_b, norm_b) = _polar(a), _polar(b)
    from_a = np.where(norm_a > 0, from_a, from_b)
    from_b = np.where(norm_b > 0, from_b, from_a)
    cosine = np.sum(from_a * from_b, axis=-1, keepdims=True)
    across, sine = _polar(from_b - cosine * from_a)
    aligned = sine < _ALIGNED
    if a.shape[-1] == 1 and (aligned & (cosine < 0)).any():
        raise ValueError("slerp: expected Z > 1 for opposite vectors, got 1")
    across = np.where(aligned, _perpendicular(from_a), across)
    angle = t * np.arctan2(np.where(aligned, 0.0, sine), cosine)
    turned = np.cos(angle) * from_a + np.sin(angle) * across
    made = ((1.0 - t) * norm_a + t * norm_b) * turned
    return _single(np.where(t == 0, a, np.where(t == 1, b, made)))


def path(
    a: np.ndarray, b: np.ndarray, steps: int, method: str = "slerp"
) -> np.ndarray:
    """Goes from a to b in even steps, both ends included.

    Args:
      a: [Z], the first.
      b: [Z], the last.
      steps: Vectors, at least 2.
      method: One of `METHODS`.

    Returns:
      float32 [steps, Z].
    """
    _check_at_least(2, steps=steps)
    a, b = _array("a", a, rank=1), _array("b", b, rank=1)
    return _interpolate(method)(a, b, np.linspace(0.0, 1.0, steps))


def grid(
    corners: np.ndarray, rows: int, columns: int, method: str = "slerp"
) -> np.ndarray:
    """Fills a grid from its four corners: down both edges, then across.

    As Figure 6 of Ha & Eck (2017) does.

    Args:
      corners: [4, Z]: top left, top right, bottom left, bottom right.
      rows: At least 2.
      columns: At least 2.
      method: One of `METHODS`; "lerp" is bilinear.

    Returns:
      float32 [rows, columns, Z].
    """
    _check_at_least(2, rows=rows, columns=columns)
    corners = _array("corners", corners, rank=2)
    if len(corners) != 4:
        raise ValueError(f"corners: expected 4 vectors, got {len(corners)}")
    interpolate = _interpolate(method)
    down = np.linspace(0.0, 1.0, rows)
    left = interpolate(corners[0], corners[2], down)  # [rows, Z]
    right = interpolate(corners[1], corners[3], down)
    across = interpolate(left, right, np.linspace(0.0, 1.0, columns))
    return np.ascontiguousarray(across.swapaxes(0, 1))


def analogy(
    plus: Sequence[np.ndarray], minus: Sequence[np.ndarray] = ()
) -> np.ndarray:
    """Adds and subtracts concepts, sum(plus) - sum(minus).

    As Figure 14 of Ha & Eck (2017) does.

    Args:
      plus: [P, Z], at least one.
      minus: [Q, Z]; may be none.

    Returns:
      float32 [Z].
    """
    made = _array("plus", plus, rank=2).sum(axis=0)
    if len(minus):
        made -= _array("minus", minus, rank=2, width=len(made)).sum(axis=0)
    return _single(made)


def loop(
    z_size: int,
    steps: int,
    seed: int,
    start: np.ndarray | None = None,
    *,
    waves: int = 3,
) -> np.ndarray:
    """Walks at random through the prior, and back to where it began.

    With c = 2 pi k / steps for vector k, and all a and b drawn from N(0, I),

        z_k = sum_j (a_j cos(j c) + b_j sin(j c)) / sqrt(waves)

    over j = 1 to `waves`.  So each vector by itself is a draw from N(0, I),
    and the last goes over into the first as smoothly as any into its next.
    Vectors k steps apart are sqrt(2 Z (1 - mean_j cos(j c))) from each other
    in the quadratic mean.  `start` is z_0, given which the rest is drawn.

    Args:
      z_size: Z.
      steps: Vectors, more than twice `waves`.
      seed: Of the walk.
      start: [Z]; None draws the first as well.
      waves: Frequencies in it; more make longer steps and more turns.

    Returns:
      float32 [steps, Z].
    """
    _check_at_least(1, z_size=z_size, waves=waves)
    _check_at_least(2 * waves + 1, steps=steps)
    drawn = np.random.default_rng(seed).standard_normal((2, waves, z_size))
    turns = np.outer(np.arange(steps), np.arange(1, waves + 1))
    angle = 2.0 * np.pi / steps * turns  # [steps, waves]
    cosines = np.cos(angle)
    made = (cosines @ drawn[0] + np.sin(angle) @ drawn[1]) / np.sqrt(waves)
    if start is not None:
        start = _array("start", start, rank=1, width=z_size)
        # A Gaussian process, given its value at 0: the mean cosine is the
        # covariance of z_0 and z_k.
        made += cosines.mean(axis=1, keepdims=True) * (start - made[0])
        made[0] = start
    return _single(made)


def nearest(
    z: np.ndarray, others: np.ndarray, count: int = 1
) -> tuple[np.ndarray, np.ndarray]:
    """Finds the nearest of many vectors, by Euclidean distance.

    Args:
      z: [Q, Z].
      others: [N, Z].
      count: Neighbours of each, 1 to N.

    Returns:
      Indexes into `others`, int64 [Q, count], nearest first, and distances,
      float32 [Q, count].
    """
    z = _array("z", z, rank=2)
    others = _array("others", others, rank=2, width=z.shape[1])
    if not 1 <= count <= len(others):
        raise ValueError(f"count: expected 1 to {len(others)}, got {count}")
    squares = np.sum(np.square(others), axis=1)
    indexes = np.empty((len(z), count), np.int64)
    distances = np.empty((len(z), count))
    rows = max(1, _CHUNK // len(others))
    for first in range(0, len(z), rows):
        # |z|**2 is left out: it is the same for all others.
        score = squares - 2.0 * (z[first : first + rows] @ others.T)
        found = np.argpartition(score, count - 1, axis=1)[:, :count]
        for row, index in enumerate(found, first):
            # The differences themselves: the score cancels for near vectors.
            exact = np.linalg.norm(others[index] - z[row], axis=1)
            order = np.lexsort((index, exact))
            indexes[row], distances[row] = index[order], exact[order]
    return indexes, _single(distances)


def direction(z: np.ndarray, ratings: np.ndarray) -> np.ndarray:
    """Finds the direction in which ratings rise.

    That is w of a ridge regression of the standardised ratings on z,

        minimise |ratings - z w - c|**2 + penalty * |w|**2

    with the penalty of the least leave-one-out error, so that fewer sketches
    than dimensions do, and labels may be noisy.  It is a tenth of the prior's
    variance at least: a dimension whose means hardly vary carries nothing,
    however well it goes with the ratings, and no drawing changes along it.

    Args:
      z: [N, Z].
      ratings: bool or numbers, [N], not all equal, that go with z at all.

    Returns:
      A unit vector, float32 [Z].

    References:
      Section 5.2, Ha & Eck (2017): "the direction that maximizes the
      aesthetics of the drawing".
    """
    z = _array("z", z, rank=2)
    ratings = _array("ratings", ratings, rank=1, width=len(z))
    if (ratings == ratings[0]).all():
        raise ValueError(
            f"ratings: expected some that differ, got only {ratings[0]:g}"
        )
    ratings = (ratings - ratings.mean()) / ratings.std()
    u, scale, axes = np.linalg.svd(z - z.mean(axis=0), full_matrices=False)
    kept = scale > scale[0] * max(z.shape) * np.finfo(np.float64).eps
    u, scale, axes = u[:, kept], scale[kept], axes[kept]
    along = u.T @ ratings  # [K]
    if not np.linalg.norm(along) > _ALIGNED * np.sqrt(len(z)):
        raise ValueError("ratings: expected some that go with z, got none")
    fits = []
    for penalty in _PENALTIES * len(z):
        shrink = scale**2 / (scale**2 + penalty)
        # 1 / N is for the constant, which is fitted as well.
        leverage = 1.0 / len(z) + np.square(u) @ shrink
        left_out = (ratings - u @ (shrink * along)) / (1.0 - leverage)
        fits.append((np.sum(left_out**2), (shrink / scale * along) @ axes))
    _, best = min(fits, key=lambda fit: fit[0])
    return _single(_polar(best)[0])


def moved(
    z: np.ndarray, direction: np.ndarray, strength: float | np.ndarray
) -> np.ndarray:
    """Moves vectors along a direction, z + strength * direction / |direction|.

    Args:
      z: [..., Z].
      direction: [Z], not zero; its norm does not count.
      strength: A number, or [S], in standard deviations of the prior N(0, I),
        which along any direction is 1.

    Returns:
      float32 [..., Z], or [S, ..., Z] for S numbers.
    """
    z = _array("z", z)
    direction = _array("direction", direction, rank=1, width=z.shape[-1])
    unit, norm = _polar(direction)
    if not norm > 0:
        raise ValueError("direction: expected a vector that is not zero")
    return _single(z + _spread("strength", strength, z) * unit)


def _interpolate(method):
    if method not in METHODS:
        raise ValueError(f"method: expected slerp or lerp, got {method!r}")
    return slerp if method == "slerp" else lerp


def _pair(a, b, t):
    a, b = _array("a", a), _array("b", b)
    if a.shape != b.shape:
        raise ValueError(
            f"b: expected the shape of a, {list(a.shape)}, got {list(b.shape)}"
        )
    return a, b, _spread("t", t, a)


def _spread(name, numbers, z):
    """Returns a number, or [S], with the axes of z after its own."""
    numbers = np.asarray(numbers, np.float64)
    if numbers.ndim > 1 or not numbers.size or not np.isfinite(numbers).all():
        raise ValueError(
            f"{name}: expected a finite number or a list of them, "
            f"got {numbers.tolist()}"
        )
    return numbers.reshape(numbers.shape + (1,) * z.ndim)


def _array(name, values, *, rank=None, width=None):
    array = np.asarray(values, np.float64)
    wrong = array.ndim != rank if rank else not array.ndim
    if wrong or not array.size or width not in (None, array.shape[-1]):
        axes = ["..."] if rank is None else ["N"] * (rank - 1)
        shape = ", ".join([*axes, str(width or "Z")])
        raise ValueError(
            f"{name}: expected shape [{shape}], got {list(array.shape)}"
        )
    if not np.isfinite(array).all():
        raise ValueError(
            f"{name}: expected finite numbers, got NaN or infinity"
        )
    return array


def _check_at_least(least, **sizes):
    for name, size in sizes.items():
        if size < least:
            raise ValueError(f"{name}: expected at least {least}, got {size}")


def _polar(vectors):
    """Returns the unit vectors, zero for zero, and the norms."""
    norms = np.linalg.norm(vectors, axis=-1, keepdims=True)
    return vectors / np.where(norms > 0, norms, 1.0), norms


def _perpendicular(unit):
    """Returns the unit vector across each, towards the axis it has least of."""
    axis = np.eye(unit.shape[-1])[np.argmin(np.abs(unit), axis=-1)]
    return _polar(axis - unit * np.sum(unit * axis, axis=-1, keepdims=True))[0]


def _single(values):
    return np.asarray(values, np.float32)
