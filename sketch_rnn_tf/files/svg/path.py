"""SVG path data: its grammar and what its commands draw.

As SVG 2, section 9.3, and strict: a viewer draws what comes before a mistake
and says nothing; here a mistake is an error.  All patterns are possessive,
so that no input takes more than linear time.
"""

import re
import reprlib
from collections.abc import Iterator

from sketch_rnn_tf.files.svg import pen as svg_pen

NUMBER = r"[+-]?+(?>[0-9]++\.?+[0-9]*+|\.[0-9]++)(?>[eE][+-]?+[0-9]++)?+"
"""One number.  Sources of regular expressions, without groups."""

SEPARATOR = r"[\s,]*+"
"""What may stand between numbers.  More than one comma passes, too."""

_FLAG = "[01]"

_ARGUMENTS = {
    "M": [NUMBER] * 2,
    "L": [NUMBER] * 2,
    "H": [NUMBER],
    "V": [NUMBER],
    "C": [NUMBER] * 6,
    "S": [NUMBER] * 4,
    "Q": [NUMBER] * 4,
    "T": [NUMBER] * 2,
    "A": [NUMBER] * 3 + [_FLAG] * 2 + [NUMBER] * 2,
    "Z": [],
}

_PATTERNS = {
    letter: re.compile(
        SEPARATOR + "".join(f"({kind}){SEPARATOR}" for kind in kinds)
    )
    for letter, kinds in _ARGUMENTS.items()
}

_SKIP = re.compile(SEPARATOR)


def commands(data: str) -> Iterator[tuple[str, list[float]]]:
    """Reads path data.

    Args:
      data: The `d` attribute of a path.

    Yields:
      Each command's letter with one set of its arguments; a repeated set
      comes as a command of its own, as L or l after M or m.

    Raises:
      ValueError: If the data are not a path.

    >>> list(commands("m1 2.5.5-1zh1e1"))
    [('m', [1.0, 2.5]), ('l', [0.5, -1.0]), ('z', []), ('h', [10.0])]
    """
    position = _SKIP.match(data).end()
    first = True
    while position < len(data):
        letter = data[position]
        pattern = _PATTERNS.get(letter.upper())
        if pattern is None or (first and letter not in "Mm"):
            expected = "the command M" if first else "a path command"
            raise ValueError(
                f"expected {expected}, got {_excerpt(data, position)}"
            )
        first = False
        match = pattern.match(data, position + 1)
        if match is None:
            raise ValueError(
                f"expected {pattern.groups} numbers after {letter}, "
                f"got {_excerpt(data, position + 1)}"
            )
        while match is not None:
            yield letter, [float(group) for group in match.groups()]
            position = match.end()
            if not pattern.groups:
                break
            letter = {"M": "L", "m": "l"}.get(letter, letter)
            match = pattern.match(data, position)


def draw(data: str, pen: svg_pen.Pen) -> None:
    """Draws path data.

    Args:
      data: The `d` attribute of a path.
      pen: What to draw with.

    Raises:
      ValueError: If the data are not a path or draw too much, see
        `svg_pen`.
    """
    here = start = control = 0j
    previous = "M"
    for letter, values in commands(data):
        kind = letter.upper()
        base = here if letter.islower() else 0j
        if previous == "Z" and kind not in "MZ":
            pen.move(start)
        if kind == "H":
            end = complex(base.real + values[0], here.imag)
        elif kind == "V":
            end = complex(here.real, base.imag + values[0])
        elif kind == "Z":
            end = start
        else:
            points = values[5:] if kind == "A" else values
            x_y = zip(points[::2], points[1::2], strict=True)
            points = [base + complex(x, y) for x, y in x_y]
            end = points[-1]

        if kind == "M":
            start = end
            pen.move(end)
        elif kind in "LHV":
            pen.line(end)
        elif kind == "Z":
            pen.close()
        elif kind == "A":
            rx, ry, rotation, large, clockwise = values[:5]
            pen.arc(
                here,
                (rx, ry),
                rotation=rotation,
                large=large == 1,
                clockwise=clockwise == 1,
                end=end,
            )
        elif kind in "CS":
            if kind == "S":
                smooth = previous in "CS"
                points.insert(0, 2 * here - control if smooth else here)
            control = points[1]
            pen.cubic(*points)
        else:
            if kind == "T":
                smooth = previous in "QT"
                control = 2 * here - control if smooth else here
            else:
                control = points[0]
            # A quadratic curve is a cubic one, with the same second
            # derivative.
            third = (here + 2 * control) / 3, (end + 2 * control) / 3
            pen.cubic(*third, end)
        here, previous = end, kind


def _excerpt(data: str, position: int) -> str:
    rest = data[position : position + 40]
    return reprlib.repr(rest) if rest else "the end"
