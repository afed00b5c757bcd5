"""Measures: how good drawings are, beside real ones.

Pure functions on arrays, computed in float64.  Features are those of a
classifier's last layer but one (`classifier`), which is how Ge et al. (2021)
measure generated sketches as well.

References:
  Heusel et al. (2017), "GANs Trained by a Two Time-Scale Update Rule Converge
  to a Local Nash Equilibrium" (the Fréchet distance); Kynkäänniemi et al.
  (2019), "Improved Precision and Recall Metric for Assessing Generative
  Models"; Ge et al. (2021), "Creative Sketch Generation" (the share that a
  classifier recognises, the distances among features).
"""

from typing import NamedTuple

import numpy as np

NEIGHBOURS = 3
"""k of precision and recall, as Kynkäänniemi et al. choose it."""

DUPLICATE_DISTANCE = 0.05
"""Within which two drawings are near duplicates, a part of their longer side,
as a root mean square along the ink."""


def ranks(probabilities: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """Counts the classes that are likelier than the right one.

    Args:
      probabilities: [N, C].
      labels: int [N], the right classes.

    Returns:
      int64 [N], 0 where the right class is the likeliest.  Of classes that
      are equally likely the right one comes last.

    >>> ranks(np.array([[0.5, 0.3, 0.2], [0.5, 0.3, 0.2]]), [1, 0]).tolist()
    [1, 0]
    """
    probabilities = _matrix("probabilities", probabilities)
    labels = np.broadcast_to(labels, [len(probabilities)])
    own = np.take_along_axis(probabilities, labels[:, None], axis=1)
    return (probabilities >= own).sum(axis=1) - 1


def recognisability(
    probabilities: np.ndarray, labels: np.ndarray, *, k: int = 1
) -> float:
    """Measures the share whose right class is among the k likeliest.

    Args:
      probabilities: [N, C].
      labels: int [N], or one for all.
      k: How many classes may come.

    Returns:
      0 to 1.

    References:
      The characteristic score of Ge et al. (2021), where k is 1.
    """
    return float((ranks(probabilities, labels) < k).mean())


def recognisability_as_any(
    probabilities: np.ndarray, words: np.ndarray, *, k: int = 1
) -> float:
    """Measures the share with any of some classes among the k likeliest.

    It is for models of several words that do not say which one they drew.

    Args:
      probabilities: [N, C].
      words: int [W], the classes that count.
      k: How many classes may come.

    Returns:
      0 to 1.
    """
    probabilities = _matrix("probabilities", probabilities)
    best = probabilities[:, np.asarray(words)].argmax(axis=1)
    return recognisability(probabilities, np.asarray(words)[best], k=k)


def standard_error(share: float, count: int) -> float:
    """Returns the standard error of a share of independent drawings.

    >>> standard_error(0.5, 100)
    0.05
    """
    return float(np.sqrt(share * (1 - share) / count))


def frechet_distance(one: np.ndarray, other: np.ndarray) -> float:
    """Measures the Fréchet distance of the Gaussians of two sets of features.

    It is |m1 - m2|**2 + tr(S1 + S2 - 2 (S1 S2)**(1/2)), with the means and
    the covariances (over N - 1) of the sets.  tr (S1 S2)**(1/2) is taken as
    the sum of the roots of the eigenvalues of the symmetric R S2 R, where R
    is the root of S1, so that no root of a matrix has to exist or be real.

    A finite set's distance to another of the same source is not 0 but falls
    as about F / N, and with N <= F the covariances lack directions: compare
    distances of the same N only, with that of real drawings beside them.

    Args:
      one: [N, F], N >= 2.
      other: [M, F], M >= 2.

    Returns:
      The distance, in squared units of the features.

    Raises:
      ValueError: If there are too few rows, or they do not match.

    References:
      Heusel et al. (2017); Dowson & Landau (1982), "The Fréchet distance
      between multivariate normal distributions".

    >>> x = np.array([[0.0], [2.0]])  # mean 1, variance 2
    >>> round(frechet_distance(x, x + 3), 12)
    9.0
    """
    one, other = _pair(one, other, least=2)
    cov_one = np.atleast_2d(np.cov(one, rowvar=False))
    cov_other = np.atleast_2d(np.cov(other, rowvar=False))
    values, vectors = np.linalg.eigh(cov_one)
    # Rounding leaves eigenvalues a little below 0.
    root = (vectors * np.sqrt(np.maximum(values, 0))) @ vectors.T
    product = np.linalg.eigvalsh(root @ cov_other @ root)
    between = ((one.mean(axis=0) - other.mean(axis=0)) ** 2).sum()
    spread = np.trace(cov_one) + np.trace(cov_other)
    shared = 2 * np.sqrt(np.maximum(product, 0)).sum()
    return float(max(between + spread - shared, 0.0))


class PrecisionRecall(NamedTuple):
    """How two sets of features cover one another, each 0 to 1.

    Attributes:
      precision: Share of the generated ones that lie among real ones.
      recall: Share of the real ones that lie among generated ones.
    """

    precision: float
    recall: float


def precision_recall(
    real: np.ndarray, generated: np.ndarray, *, k: int = NEIGHBOURS
) -> PrecisionRecall:
    """Measures improved precision and recall.

    A set's manifold is all that is as near to one of its members as that
    member's k-th nearest other member, or nearer.

    Args:
      real: [N, F], N > k.
      generated: [M, F], M > k.
      k: Which neighbour.

    Returns:
      The share of the generated ones on the real manifold, and the share of
      the real ones on the generated manifold.

    Raises:
      ValueError: If there are too few rows, or they do not match.

    References:
      Eqs. 1 and 2, Kynkäänniemi et al. (2019).
    """
    real, generated = _pair(real, generated, least=k + 1)
    across = distances(real, generated)  # [N, M]
    near_real = across <= _radii(real, k)[:, None]
    near_generated = across <= _radii(generated, k)[None, :]
    return PrecisionRecall(
        float(near_real.any(axis=0).mean()),
        float(near_generated.any(axis=1).mean()),
    )


def diversity(features: np.ndarray) -> float:
    """Measures the mean distance of two different rows.

    Args:
      features: [N, F], N >= 2.

    References:
      The generation diversity of Ge et al. (2021).

    >>> diversity(np.array([[0.0], [1.0], [2.0]]))  # (1 + 1 + 2) / 3
    1.3333333333333333
    """
    features = _matrix("features", features, least=2)
    count = len(features)
    return float(distances(features, features).sum() / (count * (count - 1)))


def near_duplicates(
    drawn: np.ndarray,
    known: np.ndarray,
    *,
    within: float = DUPLICATE_DISTANCE,
) -> float:
    """Measures the share of drawings that copy a known one.

    Two drawings are near duplicates if their paths stay close: the order of
    the strokes counts, the number of points does not.  Simple drawings are
    near duplicates of others without being copies, which the share among real
    ones shows.

    Args:
      drawn: [N, 2 T], see `inks.paths`.
      known: [M, 2 T], of what may have been copied.
      within: Root mean square distance of the points, a part of the longer
        side.

    Returns:
      0 to 1.
    """
    # A path has two numbers a point.
    limit = within * np.sqrt(np.shape(drawn)[1] / 2)
    return float((nearest(drawn, known) <= limit).mean())


def nearest(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    """Returns the distance of each row to the nearest of other rows.

    Args:
      one: [N, F].
      other: [M, F].

    Returns:
      float64 [N].
    """
    one, other = _pair(one, other, least=1)
    found = np.full(len(one), np.inf)
    for start in range(0, len(other), 2048):
        part = distances(one, other[start : start + 2048])
        found = np.minimum(found, part.min(axis=1))
    return found


def wasserstein_distance(one: np.ndarray, other: np.ndarray) -> float:
    """Measures the Wasserstein-1 distance of two sets of numbers.

    It is the area between their distribution functions: how far numbers have
    to be moved, in the mean, to make one set of the other.

    Args:
      one: [N], N >= 1.
      other: [M], M >= 1.

    Returns:
      The distance, in units of the numbers.

    Raises:
      ValueError: If a set is empty.

    References:
      Vallender (1974), "Calculation of the Wasserstein distance between
      probability distributions on the line".

    >>> wasserstein_distance([0, 1], [5, 6, 6, 5])
    5.0
    """
    one, other = (
        np.sort(np.asarray(values, np.float64).ravel())
        for values in (one, other)
    )
    if not len(one) or not len(other):
        raise ValueError(
            f"expected numbers to compare, got {len(one)} and {len(other)}"
        )
    every = np.sort(np.concatenate([one, other]))
    below = [
        np.searchsorted(values, every[:-1], side="right") / len(values)
        for values in (one, other)
    ]
    return float((np.abs(below[0] - below[1]) * np.diff(every)).sum())


def distances(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    """Returns Euclidean distances, float64 [N, M], of [N, F] and [M, F]."""
    one, other = _pair(one, other, least=1)
    same = one is other or np.array_equal(one, other)
    # Moved to the middle, so that less is lost in the differences.
    middle = one.mean(axis=0)
    one, other = one - middle, other - middle
    squared = (one**2).sum(axis=1)[:, None] + (other**2).sum(axis=1)
    squared = np.maximum(squared - 2 * one @ other.T, 0)
    if same:
        np.fill_diagonal(squared, 0)
    return np.sqrt(squared)


def _radii(features, k):
    """Returns the distance of each row to its k-th nearest other row."""
    own = distances(features, features)
    # The nearest, at 0, is the row itself.
    return np.partition(own, k, axis=1)[:, k]


def _pair(one, other, *, least):
    same = one is other
    one = _matrix("features", one, least=least)
    other = one if same else _matrix("features", other, least=least)
    if one.shape[1] != other.shape[1]:
        raise ValueError(
            f"features: expected the same width twice, got {one.shape[1]} and "
            f"{other.shape[1]}"
        )
    return one, other


def _matrix(name, values, least=1):
    values = np.asarray(values, np.float64)
    if values.ndim != 2 or len(values) < least:
        raise ValueError(
            f"{name}: expected at least {least} rows of numbers, got shape "
            f"{list(values.shape)}"
        )
    if not np.isfinite(values).all():
        raise ValueError(f"{name}: expected finite numbers, got others")
    return values
