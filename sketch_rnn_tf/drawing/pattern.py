"""Pattern: a tile of sketches that repeats without a seam, for prints.

"A large number of similar, but unique designs, for textile or wallpaper
prints" (Ha & Eck, 2017, section 5.2).
"""

import dataclasses
import functools
import itertools
import math
from collections.abc import Sequence

import numpy as np
import svgwrite

from sketch_rnn_tf.drawing import (
    canvas,
    ink,
    motion as motion_lib,
    sketch as sketch_lib,
    theme as theme_lib,
)

_FILL = 0.74
"""Side of a square sketch, in sides of a place."""

_NARROWEST = 0.88
"""Lengthy sketches are larger, as if they were this part of their length."""

_PEN, _THINNEST = 0.0143, 1.25
"""Width of the pen in sides of a place, and in pixels at least.

Lines of a pixel or less are rendered in another way, which depends on where
the tile's edge is.
"""

_TURN, _SHIFT = math.radians(16), 0.05
"""How far sketches are turned, and moved in sides of a place, at most."""


@dataclasses.dataclass(frozen=True, eq=False)
class Pattern:
    """Sketches on a staggered lattice, slightly turned.

    What crosses an edge of the tile goes on at the opposite one.

    Attributes:
      sketches: Sequence of stroke3 [N, 3], N >= 0, any unit.  They are dealt
        out by turns, so that none is drawn twice before all are drawn once.
      columns: Places in a row of the tile.
      rows: Rows of the tile.  Every second row is moved by half a place; if
        their number is odd, every second column is, and if both are odd,
        none.
      cell: Side of a place, pixels.
      repeat: Tiles beside and below each other.
      seed: What places, turns and colours depend on.
      colors: "order", "black" or "#rrggbb" as for `Grid`; or a sequence of
        these, dealt out by turns.
      theme: "light" or "dark".
      background: "#rrggbb", instead of the theme's.

    Raises:
      ValueError: If there is no sketch or none with ink, a sketch is not
        valid, or another argument is out of range.

    >>> sketch = np.array([[3, 4, 1]])
    >>> Pattern([sketch], columns=4, rows=2, cell=50, repeat=(2, 1)).size
    (400, 100)
    """

    sketches: Sequence[np.ndarray]
    _: dataclasses.KW_ONLY
    columns: int = 4
    rows: int = 4
    cell: float = 120
    repeat: tuple[int, int] = (1, 1)
    seed: int = 0
    colors: str | Sequence[str] = "order"
    theme: str = "light"
    background: str | None = None

    def __post_init__(self):
        canvas.positive(self.cell, "cell")
        if len(self.repeat) != 2:
            raise ValueError(f"repeat: expected two numbers, got {self.repeat}")
        for name, value in (
            ("columns", self.columns),
            ("rows", self.rows),
            *(("repeat", number) for number in self.repeat),
        ):
            if value < 1:
                raise ValueError(
                    f"{name}: expected a positive integer, got {value}"
                )
        if self.seed < 0:
            raise ValueError(f"seed: expected 0 or more, got {self.seed}")
        if not any(map(len, self.sketches)):
            raise ValueError("sketches: expected at least one, got none")
        if not len(self.colors):
            raise ValueError("colors: expected at least one, got none")
        for color in self._inks:
            ink.check_colors(color)
        theme_lib.named(self.theme)
        if self.background is not None:
            if self.background in ("order", "black"):
                raise ValueError(
                    f'background: expected "#rrggbb", got {self.background!r}'
                )
            ink.check_colors(self.background)
        _ = self._placed  # Finds what is wrong with the sketches now.

    @property
    def tile(self) -> tuple[int, int]:
        """Width and height of one tile: whole pixels, or tiles would blur."""
        return (
            max(round(self.columns * self.cell), 1),
            max(round(self.rows * self.cell), 1),
        )

    @property
    def size(self) -> tuple[int, int]:
        """Width and height of the picture, pixels."""
        (width, height), (across, down) = self.tile, self.repeat
        return width * across, height * down

    def render(self, progress: float = 1.0) -> svgwrite.Drawing:
        """Draws the pattern.

        Args:
          progress: How much of each sketch's ink is there, from 0 to 1.

        Returns:
          The drawing; one group a sketch.

        Raises:
          ValueError: If `progress` is out of range.
        """
        ink.check_progress(progress)
        return self._draw(progress, None)

    def animate(
        self,
        *,
        seconds: float = motion_lib.SECONDS,
        hold_seconds: float = motion_lib.HOLD_SECONDS,
    ) -> svgwrite.Drawing:
        """Makes a drawing whose sketches draw themselves, as `Grid` does."""
        motion = motion_lib.Motion(seconds, hold_seconds)
        drawing = self._draw(1.0, motion)
        motion.add_to(drawing)
        return drawing

    @property
    def _inks(self) -> Sequence[str]:
        return [self.colors] if isinstance(self.colors, str) else self.colors

    @functools.cached_property
    def _placed(self) -> list[list[ink.Line]]:
        """The lines of each sketch, where it is in the first tile."""
        sketches = []
        for index, sketch in enumerate(self.sketches):
            stroke3, box = sketch_lib.checked(sketch, f"sketch {index}")
            if len(stroke3):
                sketches.append((stroke3, box))
        generator = np.random.default_rng(self.seed)
        count = self.rows * self.columns
        chosen = _dealt(generator, len(sketches), count)
        inks = _dealt(generator, len(self._inks), count)
        turns = generator.uniform(-_TURN, _TURN, count)
        shifts = generator.uniform(-_SHIFT, _SHIFT, (count, 2))
        pitch = np.array(self.tile) / (self.columns, self.rows)
        side = _FILL * self.cell / (1 - 2 * ink.MARGIN)
        placed = []
        for place in range(count):
            row, column = divmod(place, self.columns)
            at = np.array([column + 0.5, row + 0.5]) + shifts[place]
            if self.rows % 2 == 0:
                at[0] += 0.5 * (row % 2)
            elif self.columns % 2 == 0:
                at[1] += 0.5 * (column % 2)
            stroke3, box = sketches[chosen[place]]
            lines = ink.lines(
                stroke3,
                ink.fit(box, side, extent=_extent(box)),
                colors=self._inks[inks[place]],
                theme=theme_lib.named(self.theme),
            )
            cos, sin = math.cos(turns[place]), math.sin(turns[place])
            turn = np.array([[cos, sin], [-sin, cos]])
            placed.append(
                [
                    # Rounded before tiles are added, all copies are alike.
                    ink.Line(
                        np.round((points - side / 2) @ turn + at * pitch, 2),
                        color,
                    )
                    for points, color in lines
                ]
            )
        return placed

    def _draw(
        self, progress: float, motion: motion_lib.Motion | None
    ) -> svgwrite.Drawing:
        theme, size = theme_lib.named(self.theme), np.array(self.size)
        drawing = canvas.new(*self.size, self.background or theme.paper)
        pens = drawing.add(
            canvas.pen_group(
                drawing, self.cell, max(_PEN * self.cell, _THINNEST)
            )
        )
        # Round caps and joins reach over the box by half the pen's width.
        reach = float(pens["stroke-width"])
        # Sketch by sketch, so that one that lies over another does so in
        # every copy.
        for lines in self._placed:
            points = np.concatenate([line.points for line in lines])
            low, high = points.min(axis=0) - reach, points.max(axis=0) + reach
            across, down = (range(-1, number + 1) for number in self.repeat)
            for copy in itertools.product(across, down):
                offset = np.array(copy) * self.tile
                if (low + offset < size).all() and (high + offset > 0).all():
                    x, y = offset.tolist()
                    group = pens.add(drawing.g(transform=f"translate({x},{y})"))
                    motion_lib.draw(drawing, group, lines, progress, motion)
        return drawing


def _extent(box: ink.Box) -> float:
    """Measures how large a sketch looks, in its own units."""
    width, height = box[2] - box[0], box[3] - box[1]
    return max(math.sqrt(width * height), _NARROWEST * max(width, height))


def _dealt(
    generator: np.random.Generator, kinds: int, count: int
) -> np.ndarray:
    """Deals kinds out to places by turns, each turn in a new order: [count]."""
    turns = [generator.permutation(kinds) for _ in range(0, count, kinds)]
    return np.concatenate(turns)[:count]
