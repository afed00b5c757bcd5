"""From drawings as they were drawn to the few points that are learnt from.

paper: Ramer-Douglas-Peucker with epsilon 2.0, in pixels; at most 200 points
    (section 3.1 of Ha & Eck, 2017).
google: what Quick, Draw!'s simplified files were made by: moved to the
    corner, scaled to 255, resampled at 1 pixel, Ramer-Douglas-Peucker with
    epsilon 2.0, whole numbers.
none: the points as they are.

References:
  Section 3.1 of Ha & Eck (2017); the description of the simplified files.
"""

from typing import NamedTuple

import numpy as np

from sketch_rnn_tf.preparation import drawings as drawings_lib, simplify

RECIPES = ("paper", "google", "none")
TOO_LONG = ("drop", "simplify")

MAX_POINTS = 200
"""The paper's limit."""

_GROWTH = 1.25
"""Of epsilon, until a drawing that is too long fits."""


class Recipe(NamedTuple):
    """How drawings are made smaller.

    Attributes:
      name: One of `RECIPES`.
      epsilon: Of Ramer-Douglas-Peucker, pixels.
      max_points: Most points of a drawing; None is no limit.
      too_long: "drop" leaves longer ones out; "simplify" raises epsilon for
        them until they fit.
      whole: Whether points are rounded to whole pixels.
    """

    name: str = "paper"
    epsilon: float = simplify.EPSILON
    max_points: int | None = MAX_POINTS
    too_long: str = "drop"
    whole: bool = True


def make(
    name: str,
    *,
    epsilon: float | None = None,
    max_points: int | None = None,
    too_long: str = "drop",
    whole: bool = True,
) -> Recipe:
    """Makes a recipe; None stands for what its name says.

    Raises:
      ValueError: If the name or a value is not known.
    """
    if name not in RECIPES:
        raise ValueError(
            f"recipe: expected one of {', '.join(RECIPES)}, got {name}"
        )
    if too_long not in TOO_LONG:
        raise ValueError(
            f"too_long: expected one of {', '.join(TOO_LONG)}, got {too_long}"
        )
    if epsilon is None:
        epsilon = simplify.EPSILON
    if not 0 <= epsilon < float("inf"):
        raise ValueError(f"epsilon: expected 0 or more, got {epsilon}")
    if max_points is None and name == "paper":
        max_points = MAX_POINTS
    if max_points is not None and max_points < 1:
        raise ValueError(f"max_points: expected 1 or more, got {max_points}")
    return Recipe(name, epsilon, max_points, too_long, whole)


def apply(
    drawings: drawings_lib.Drawings, recipe: Recipe
) -> tuple[drawings_lib.Drawings, np.ndarray]:
    """Makes drawings smaller.

    Args:
      drawings: Pixels.
      recipe: How.

    Returns:
      Those that are not too long, and bool [D], which of all these are.
    """
    if recipe.name == "google":
        points = simplify.aligned(drawings.points, drawings.starts)
        points, strokes = simplify.resample(points, drawings.strokes)
        drawings = drawings._replace(points=points, strokes=strokes)
    simple = drawings
    if recipe.name != "none":
        simple = drawings.kept(
            simplify.kept(
                drawings.points, drawings.strokes, epsilon=recipe.epsilon
            )
        )
    fits = np.ones(len(simple.first_strokes), bool)
    if recipe.max_points is not None:
        fits = simple.lengths <= recipe.max_points
        if recipe.too_long == "simplify" and not fits.all():
            simple, fits = _simpler(drawings, simple, recipe)
    if not fits.all():
        simple = simple.chosen(fits)
    if recipe.whole:
        simple = simple._replace(points=np.rint(simple.points))
    return simple, fits


def _simpler(drawings, simple, recipe):
    """Raises epsilon, drawing by drawing, until all fit that can."""
    strokes_each = np.diff(
        np.append(drawings.first_strokes, len(drawings.strokes))
    )
    # Two points of each stroke stay whatever epsilon is.
    can = 2 * strokes_each - 1 <= recipe.max_points
    epsilon = np.full(len(strokes_each), max(recipe.epsilon, 0.5))
    while True:
        long = can & (simple.lengths > recipe.max_points)
        if not long.any():
            return simple, can & (simple.lengths <= recipe.max_points)
        epsilon[long] *= _GROWTH
        simple = drawings.kept(
            simplify.kept(
                drawings.points,
                drawings.strokes,
                epsilon=np.repeat(epsilon, strokes_each),
            )
        )
