"""Doodles: hand-like drawings by parametric drawers.  NumPy only.

The embedded data set that needs no download.  Ten kinds; cats and pigs come
as a head only or with a full body, half and half.  A drawing is as concise as
a simplified Quick, Draw! one: up to `MAX_POINTS` whole-number points, 35 on
average, whose longer side is 120 to 255 pixels.  Strokes come in a natural
order with a few variations, lines tremble, loops do not quite close, and
parts such as whiskers or smoke come and go.
"""

import dataclasses
import operator
import types
from collections.abc import Callable, Mapping

import numpy as np

from sketch_rnn_tf.doodles import animals, pen, things

MAX_POINTS = 64
"""No doodle is longer than this."""

_DRAWERS = {
    "car": things.car,
    "cat": animals.cat,
    "face": things.face,
    "fish": animals.fish,
    "flower": things.flower,
    "house": things.house,
    "pig": animals.pig,
    "sailboat": things.sailboat,
    "snowman": things.snowman,
    "umbrella": things.umbrella,
}

KINDS: tuple[str, ...] = tuple(_DRAWERS)
"""What can be drawn, in alphabetical order."""

FACTORS: Mapping[str, str] = types.MappingProxyType(
    {
        "full_body": "Whether a cat or pig has more than a head.",
        "num_eyes": "Eyes drawn.",
        "num_legs": "Legs drawn.",
        "num_parts": "Optional parts drawn (whiskers, tail, smoke, ...).",
        "size": "Longer side of the drawing's box, pixels.",
        "slant": "Angle by which the drawing is turned clockwise, radians.",
        "wobble": "Amplitude of the hand's tremor, pixels.",
    }
)
"""The fields of `Factors`, each with its meaning; the same for all kinds."""


@dataclasses.dataclass(frozen=True)
class Factors:
    """What a doodle was made from; the fields' meanings are in `FACTORS`.

    Attributes:
      full_body: False for all kinds but cat and pig.
      num_eyes: 0 for kinds without a face.
      num_legs: 0 for heads and for all kinds but cat and pig.
      num_parts: Parts that come in pairs or rows count once.
      size: As drawn, a whole number, pixels.
      slant: -0.15 to 0.15, radians; positive is clockwise on the screen.
      wobble: 1 to 4, pixels.
    """

    full_body: bool
    num_eyes: int
    num_legs: int
    num_parts: int
    size: float
    slant: float
    wobble: float


@dataclasses.dataclass(frozen=True, eq=False)
class Doodle:
    """One drawing.

    Attributes:
      stroke3: int16 [N, 3], N <= `MAX_POINTS`, pixels; see `strokes`.
      kind: One of `KINDS`.
      factors: What it was made from.
    """

    stroke3: np.ndarray
    kind: str
    factors: Factors


def draw(
    kind: str,
    *,
    seed: int,
    make_pen: Callable[[np.random.Generator], pen.Pen] = pen.Pen,
) -> Doodle:
    """Makes one drawing, the same for the same seed on every machine.

    Args:
      kind: One of `KINDS`.
      seed: Not negative; each gives another drawing of the kind.
      make_pen: Makes the hand that draws, for one with habits of its own.

    Returns:
      The drawing.

    Raises:
      ValueError: If the kind is unknown or the seed negative.

    >>> doodle = draw("cat", seed=1)
    >>> doodle.stroke3.dtype, doodle.stroke3.shape[1], doodle.factors.num_eyes
    (dtype('int16'), 3, 2)
    >>> draw("dgo", seed=1)
    Traceback (most recent call last):
    ...
    ValueError: kind: expected one of car, cat, face, fish, flower, house, \
pig, sailboat, snowman, umbrella, got 'dgo'
    """
    if kind not in _DRAWERS:
        raise ValueError(
            f"kind: expected one of {', '.join(KINDS)}, got {kind!r}"
        )
    seed = operator.index(seed)
    if seed < 0:
        raise ValueError(f"seed: expected a number from 0 on, got {seed}")
    # The word itself seeds, not its place, so that a new kind leaves the
    # drawings of the others as they are.
    word = int.from_bytes(kind.encode("ascii"), "big")
    hand = make_pen(np.random.Generator(np.random.PCG64([word, seed])))
    size = hand.uniform(140, 230)
    slant = 0.0119 * (hand.uniform(-1, 1) + hand.uniform(-1, 1))  # turns
    wobble = hand.uniform(1, 4)
    stretch = hand.uniform(0.9, 1.1)
    _DRAWERS[kind](hand)
    stroke3 = hand.trace(size=size, stretch=stretch, slant=slant, wobble=wobble)
    points = np.cumsum(stroke3[:, :2], axis=0, dtype=np.int64)
    # The origin, where the pen starts, belongs to the drawing.
    low = np.minimum(points.min(axis=0), 0)
    high = np.maximum(points.max(axis=0), 0)
    return Doodle(
        stroke3=stroke3,
        kind=kind,
        factors=Factors(
            full_body=hand.full_body,
            num_eyes=hand.num_eyes,
            num_legs=hand.num_legs,
            num_parts=hand.num_parts,
            size=float((high - low).max()),
            slant=slant * 2 * np.pi,
            wobble=wobble,
        ),
    )
