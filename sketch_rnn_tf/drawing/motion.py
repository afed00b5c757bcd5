"""Motion: strokes of an SVG that draw themselves, without a script.

The motion is CSS within the SVG, so that it runs in an <img>, too.  It is
laid over a picture that is whole without it: a program that knows no CSS
animations, and a reader who prefers reduced motion, see all of the picture.
"""

import svgwrite

from sketch_rnn_tf.drawing import canvas, ink

SECONDS = 4.0
"""How long drawing takes, unless told."""

HOLD_SECONDS = 2.0
"""How long the whole picture stays before it starts again, unless told."""


class Motion:
    """The moving strokes of one picture.

    Args:
      seconds: How long drawing takes.
      hold_seconds: How long the whole picture stays.

    Raises:
      ValueError: If one of them is not positive.
    """

    def __init__(
        self, seconds: float = SECONDS, hold_seconds: float = HOLD_SECONDS
    ):
        seconds = canvas.positive(seconds, "seconds")
        hold_seconds = canvas.positive(hold_seconds, "hold_seconds")
        self._cycle = seconds + hold_seconds
        self._share = seconds / self._cycle
        # Several pictures may stand in one HTML page, where names are shared:
        # those of equal content are equal.
        self._kind = f"ink-{round(1000 * self._cycle)}"
        self._keyframes = {}

    def attributes(
        self, line: ink.Line, start: float, end: float
    ) -> dict[str, str]:
        """Makes a stroke move.

        Args:
          line: The stroke.
          start: When it begins, from 0 to 1 (see `ink.times`).
          end: When it ends.

        Returns:
          Further attributes of its path.
        """
        # Rounded to a per mille, strokes of many sketches share keyframes.
        first, last = (round(1000 * self._share * t) for t in (start, end))
        name = f"ink-{first}-{last}"
        hidden = "visibility:hidden;stroke-dashoffset:1.02"
        shown = "visibility:visible;stroke-dashoffset:0"
        self._keyframes[name] = (
            f"@keyframes {name}{{0%,{first / 10:g}%{{{hidden}}}"
            f"{last / 10:g}%,to{{{shown}}}}}"
        )
        given = {"style": f"animation-name:{name}"}
        # Without a length there is nothing to divide into dashes.
        if line.length() < 0.05:
            return {"class_": f"{self._kind} ink-dot", **given}
        return {"class_": self._kind, "pathLength": "1", **given}

    def add_to(self, drawing: svgwrite.Drawing) -> None:
        """Adds the style sheet of all strokes so far to their picture."""
        # A dash a little longer than the line leaves no gap at its end.
        rules = (
            f".{self._kind}{{stroke-dasharray:1.02;animation:"
            f"{self._cycle:g}s linear infinite}}"
            ".ink-dot{stroke-dasharray:none}"
        )
        drawing.defs.add(
            drawing.style(
                "@media (prefers-reduced-motion:no-preference){"
                + rules
                + "".join(self._keyframes.values())
                + "}"
            )
        )


def draw(
    drawing: svgwrite.Drawing,
    group: svgwrite.container.Group,
    drawn: list[ink.Line],
    progress: float,
    motion: Motion | None,
) -> None:
    """Adds the strokes of a sketch to a group.

    Args:
      drawing: The picture.
      group: Part of it that has the pen.
      drawn: All lines of the sketch.
      progress: How much of their ink there is, from 0 to 1.
      motion: What draws them again and again, or None.
    """
    drawn = ink.until(drawn, progress)
    if motion is None:
        for line in drawn:
            group.add(drawing.path(d=line.path(), stroke=line.color))
        return
    for line, (start, end) in zip(drawn, ink.times(drawn), strict=True):
        moving = motion.attributes(line, start, end)
        group.add(drawing.path(d=line.path(), stroke=line.color, **moving))
