"""Grid: many sketches side by side, with what is written around them."""

import dataclasses
import functools
import math
from collections.abc import Sequence

import numpy as np
import svgwrite

from sketch_rnn_tf.drawing import (
    canvas,
    ink,
    layout as layout_lib,
    lettering,
    motion as motion_lib,
    sketch as sketch_lib,
    theme as theme_lib,
    underlay as underlay_lib,
)


@dataclasses.dataclass(frozen=True, eq=False)
class Grid:
    """Sketches in a grid, row by row, each fitted into its own cell.

    Text that is too long for its place ends in an ellipsis; a viewer shows
    all of it as a tooltip.

    Attributes:
      sketches: Sequence of stroke3 [N, 3], N >= 0, any unit.  No points: an
        empty cell.
      labels: One a sketch, written under it; None leaves one out.
      columns: Columns of the grid; by default as many as there are
        `column_labels`, or as `row_labels` leave, or near a square.
      cell: Side of a cell, pixels.
      row_labels: One a row, written to the left of it.
      column_labels: One a column, written above it.
      title: Written on top.
      caption: Written under the grid, in lines of its width.
      colors: "order" colours the strokes from the first to the last one,
        "black" or "#rrggbb" draws all of them alike; or a sequence of these,
        one a sketch.
      prefix_lengths: One a sketch: this many first points are drawn dark
        and the rest red; 0 draws a sketch in `colors`.
      scale: "each" fits every sketch into its cell; "shared" fits the
        largest one, and the others keep their size relative to it.
      boxes: One a sketch, left, top, right and bottom in its coordinates,
        where the pen starts at the origin: what is fitted into the cell
        instead of the sketch itself; None leaves one out.  Ink beyond it is
        not cut off.
      underlays: One a sketch, a picture under it; None leaves one out.
      framed: Indexes of the sketches that have a box around their cell.
      theme: "light" or "dark".

    Raises:
      ValueError: If there is no sketch, a sketch is not valid, labels do not
        match in number, or another argument is out of range.

    >>> sketch = np.array([[3, 4, 1], [1, 1, 0], [2, 0, 1]])
    >>> grid = Grid([sketch] * 3, framed=[0], theme="dark")
    >>> grid.rows, grid.render(progress=0.5).tostring().count("<path")
    (2, 4)
    """

    sketches: Sequence[np.ndarray]
    _: dataclasses.KW_ONLY
    labels: Sequence[str | None] | None = None
    columns: int | None = None
    cell: float = 160
    row_labels: Sequence[str] | None = None
    column_labels: Sequence[str] | None = None
    title: str | None = None
    caption: str | None = None
    colors: str | Sequence[str] = "order"
    prefix_lengths: Sequence[int] | None = None
    scale: str = "each"
    boxes: Sequence[ink.Box | None] | None = None
    underlays: Sequence[underlay_lib.Underlay | None] | None = None
    framed: Sequence[int] = ()
    theme: str = "light"

    def __post_init__(self):
        canvas.positive(self.cell, "cell")
        count = len(self.sketches)
        if not count:
            raise ValueError("sketches: expected at least one, got none")
        if self.columns is None:
            object.__setattr__(self, "columns", self._default_columns())
        if self.columns < 1:
            raise ValueError(
                f"columns: expected a positive integer, got {self.columns}"
            )
        for name, expected in (
            ("labels", count),
            ("prefix_lengths", count),
            ("row_labels", self.rows),
            ("column_labels", self.columns),
            ("boxes", count),
            ("underlays", count),
        ):
            values = getattr(self, name)
            if values is not None and len(values) != expected:
                raise ValueError(
                    f"{name}: expected {expected}, got {len(values)}"
                )
        if not isinstance(self.colors, str) and len(self.colors) != count:
            raise ValueError(
                f"colors: expected {count}, got {len(self.colors)}"
            )
        if self.scale not in ("each", "shared"):
            raise ValueError(
                f'scale: expected "each" or "shared", got {self.scale!r}'
            )
        for index in self.framed:
            if not 0 <= index < count:
                raise ValueError(
                    f"framed: expected 0 to {count - 1}, got {index}"
                )
        theme_lib.named(self.theme)
        _ = self._lines  # Finds what is wrong with the sketches now.

    @property
    def rows(self) -> int:
        """Rows of the grid."""
        return math.ceil(len(self.sketches) / self.columns)

    def render(self, progress: float = 1.0) -> svgwrite.Drawing:
        """Draws the grid.

        Args:
          progress: How much of each sketch's ink is there, from 0 to 1.
            Nothing else depends on it.

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
        """Makes a drawing whose sketches draw themselves, all at once.

        Args:
          seconds: How long drawing takes.
          hold_seconds: How long the whole picture stays before it starts
            again.

        Returns:
          The drawing; see `motion` for where it stands still.

        Raises:
          ValueError: If a time is not positive.
        """
        motion = motion_lib.Motion(seconds, hold_seconds)
        drawing = self._draw(1.0, motion)
        motion.add_to(drawing)
        return drawing

    def _default_columns(self) -> int:
        if self.column_labels is not None:
            return len(self.column_labels)
        if self.row_labels is not None:
            return math.ceil(len(self.sketches) / max(len(self.row_labels), 1))
        return math.ceil(math.sqrt(len(self.sketches)))

    @functools.cached_property
    def _frames(self) -> list[ink.Frame]:
        """Where each sketch lies within its cell."""
        fitted = []
        for index, sketch in enumerate(self.sketches):
            name = f"sketch {index}"
            stroke3, box = sketch_lib.checked(sketch, name)
            if self.underlays is not None and self.underlays[index] is not None:
                # A cell may be empty but for its underlay.
                box = box if len(stroke3) else self.underlays[index].box
            if self.boxes is not None and self.boxes[index] is not None:
                box = underlay_lib.check_box(self.boxes[index], f"box {index}")
            fitted.append(box)
        extent = None
        if self.scale == "shared":
            extent = max(max(r - x, b - y) for x, y, r, b in fitted)
        return [ink.fit(box, self.cell, extent=extent) for box in fitted]

    @functools.cached_property
    def _lines(self) -> list[list[ink.Line]]:
        """The lines of each sketch, within its cell."""
        lines = []
        for index, frame in enumerate(self._frames):
            prefix = 0
            if self.prefix_lengths is not None:
                prefix = self.prefix_lengths[index]
            sketch_lib.check_prefix(prefix, f"sketch {index}")
            lines.append(
                ink.lines(
                    np.asarray(self.sketches[index]),
                    frame,
                    colors=(
                        self.colors
                        if isinstance(self.colors, str)
                        else self.colors[index]
                    ),
                    prefix_length=prefix,
                    theme=theme_lib.named(self.theme),
                )
            )
        return lines

    @functools.cached_property
    def _layout(self) -> layout_lib.Layout:
        return layout_lib.lay_out(
            len(self.sketches),
            self.columns,
            float(self.cell),
            labelled=self.labels is not None,
            row_labels=self.row_labels,
            has_column_labels=self.column_labels is not None,
            title=self.title,
            caption=self.caption,
        )

    def _draw(
        self, progress: float, motion: motion_lib.Motion | None
    ) -> svgwrite.Drawing:
        layout, theme = self._layout, theme_lib.named(self.theme)
        drawing = canvas.new(layout.width, layout.height, theme.paper)
        if self.underlays is not None:
            group = drawing.add(drawing.g())
            for index, underlay in enumerate(self.underlays):
                if underlay is not None:
                    frame, corner = self._frames[index], layout.corner(index)
                    underlay.add_to(group, frame, corner)
        drawing.add(
            drawing.path(
                d=layout.hairlines(),
                fill="none",
                stroke=theme.hairline,
                stroke_width=1,
            )
        )
        if len(self.framed):
            self._add_boxes(drawing, theme.frame)
        pens = drawing.add(canvas.pen_group(drawing, layout.cell))
        for index, lines in enumerate(self._lines):
            x, y = map(ink.number, layout.corner(index))
            group = pens.add(drawing.g(transform=f"translate({x},{y})"))
            motion_lib.draw(drawing, group, lines, progress, motion)
        self._add_texts(drawing, theme)
        return drawing

    def _add_boxes(self, drawing: svgwrite.Drawing, color: str) -> None:
        inset = 0.03 * self.cell
        side = ink.number(self.cell - 2 * inset)
        group = drawing.add(
            drawing.g(
                fill="none",
                stroke=color,
                stroke_width=ink.number(max(0.009 * self.cell, 1.0)),
            )
        )
        for index in sorted(set(self.framed)):
            x, y = self._layout.corner(index)
            group.add(
                drawing.rect(
                    insert=(ink.number(x + inset), ink.number(y + inset)),
                    size=(side, side),
                    rx=ink.number(inset),
                )
            )

    def _add_texts(
        self, drawing: svgwrite.Drawing, theme: theme_lib.Theme
    ) -> None:
        layout = self._layout
        cell, font, pad = layout.cell, layout.font, layout.pad
        room = cell - layout.gap
        texts = drawing.add(drawing.g(font_family=canvas.FONT_FAMILY))

        def write(text, x, y, width, size, style):
            texts.add(
                lettering.label(
                    drawing, text, (x, y), width, size, style, theme=theme
                )
            )

        if self.title:
            size, width = 1.5 * font, layout.width - 2 * pad
            write(self.title, pad, pad + size, width, size, "start")
        for column, label in enumerate(self.column_labels or ()):
            x, y = layout.left + (column + 0.5) * cell, layout.top - 0.7 * font
            write(label, x, y, room, font, "middle")
        for row, label in enumerate(self.row_labels or ()):
            # Lowered by a third of an em, capitals are centred on the row.
            y = layout.top + row * layout.row_height + cell / 2 + 0.35 * font
            write(label, layout.left - layout.gap, y, cell, font, "end")
        for index, label in enumerate(self.labels or ()):
            if label is not None:
                x, y = layout.corner(index)
                x, y = x + cell / 2, y + cell + 0.85 * font
                write(label, x, y, room, font, "label")
        lines = layout.caption
        for index, line in enumerate(lines):
            above = (len(lines) - 1 - index) * layout_lib.LEADING * font
            y = layout.height - pad - 0.3 * font - above
            write(line, pad, y, layout.width, font, "caption")


def draw_grid(
    sketches: Sequence[np.ndarray],
    *,
    labels: Sequence[str | None] | None = None,
    columns: int | None = None,
    cell: float = 160,
    row_labels: Sequence[str] | None = None,
    column_labels: Sequence[str] | None = None,
    title: str | None = None,
    colors: str = "order",
    prefix_lengths: Sequence[int] | None = None,
) -> svgwrite.Drawing:
    """Draws sketches in a grid: `Grid(...).render()`, where all is said.

    >>> sketch = np.array([[3, 4, 1]])
    >>> grid = draw_grid([sketch] * 5, cell=100)
    >>> float(grid["width"]), float(grid["height"])
    (316.0, 216.0)
    """
    return Grid(
        sketches,
        labels=labels,
        columns=columns,
        cell=cell,
        row_labels=row_labels,
        column_labels=column_labels,
        title=title,
        colors=colors,
        prefix_lengths=prefix_lengths,
    ).render()
