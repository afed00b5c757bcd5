"""Which drawings are taken from files, and how they are made smaller."""

import dataclasses
from typing import Any

from sketch_rnn_tf.files import splits
from sketch_rnn_tf.preparation import recipes


@dataclasses.dataclass(frozen=True)
class Selection:
    """Which drawings are taken, and how ndjson's are made smaller.

    Attributes:
      recipe: One of `recipes.RECIPES`; None is paper for raw files and none
        for simplified ones.
      epsilon: Of Ramer-Douglas-Peucker, pixels; None is the recipe's.
      max_points: Most points of a drawing; None is the recipe's.
      too_long: One of `recipes.TOO_LONG`.
      max_drawings: Most drawings of a word, in all splits; 0 takes all.  None
        is 75,000 for ndjson, all for npz files.
      only_recognized: Whether to take none but those that the game
        recognised; ndjson only.
    """

    recipe: str | None = None
    epsilon: float | None = None
    max_points: int | None = None
    too_long: str = "drop"
    max_drawings: int | None = None
    only_recognized: bool = False

    def fields(self, source: str, dtype: str) -> dict[str, Any]:
        """Returns a configuration's fields for a kind of files.

        Raises:
          ValueError: If a value is bad, or asks of npz files what they do
            not have.
        """
        most = self.max_drawings
        if most is not None and most < 0:
            raise ValueError(f"max_drawings: expected 0 or more, got {most}")
        if source == "sketchrnn":
            if self != Selection(max_drawings=most):
                raise ValueError(
                    "recipe, epsilon, max_points, too_long and "
                    "only_recognized: expected none of these with npz files, "
                    "whose drawings are simplified and not marked"
                )
            return {"max_drawings": most or None}
        most = splits.MAX_DRAWINGS if most is None else most or None
        recipe = recipes.make(
            self.recipe or ("paper" if source == "raw" else "none"),
            epsilon=self.epsilon,
            max_points=self.max_points,
            too_long=self.too_long,
            whole=dtype == "int16",
        )
        return {
            "max_drawings": most,
            "recipe": recipe,
            "only_recognized": self.only_recognized,
        }

    def mark(self, source: str) -> str:
        """Returns what a configuration's name says of this."""
        marks = [] if source == "sketchrnn" else [source]
        if self.recipe and self.recipe != (
            "paper" if source == "raw" else "none"
        ):
            marks.append(self.recipe)
        if self.epsilon is not None:
            marks.append(f"eps{self.epsilon:g}")
        if self.max_points is not None:
            marks.append(f"max{self.max_points}")
        if self.too_long != "drop":
            marks.append("fit")
        if self.max_drawings is not None:
            marks.append(f"{self.max_drawings or 'all'}_drawings")
        if self.only_recognized:
            marks.append("recognized")
        return "".join(f"-{mark}" for mark in marks)
