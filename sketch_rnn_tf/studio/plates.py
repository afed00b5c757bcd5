"""Plates: a picture, and what was drawn for it."""

import dataclasses
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from sketch_rnn_tf import drawing
from sketch_rnn_tf.drawing import animation
from sketch_rnn_tf.generation import sampling


class Drawn(NamedTuple):
    """A drawing of a plate, with all that it takes to draw it again.

    Attributes:
      sketch: stroke-3 [N, 3], the user's units.
      seed: int; None of a sketch that no model drew.
      temperature: tau, or None likewise.
      z: float32 [Z]; None from an unconditional model.
      prefix_length: Points that were given, not drawn.
      model: What the plate calls the model that drew it; "" where there is
        one at most.
      word: What it was asked to be; None from a model that is not
        class-conditioned.
    """

    sketch: np.ndarray
    seed: int | None
    temperature: float | None
    z: np.ndarray | None
    prefix_length: int
    model: str = ""
    word: str | None = None


class Plate(NamedTuple):
    """A picture and its drawings.

    Attributes:
      picture: What `drawing.write` takes.
      drawings: In the order of the picture: those of the model, or what was
        given where a model draws nothing.
    """

    picture: animation.Picture
    drawings: list[Drawn]


@dataclasses.dataclass(frozen=True)
class Style:
    """How plates look.

    Attributes:
      title: Written on top.
      theme: "light" or "dark".
      scale: "each" fits each sketch to its cell, "shared" draws all at one
        scale.
      colors: Of all sketches, see `drawing.Grid`; None lets the plate choose.
      cell: Side of a cell, pixels.
    """

    title: str | None = None
    theme: str = "light"
    scale: str = "each"
    colors: str | None = None
    cell: float = 160

    def grid(
        self, sketches: Sequence[np.ndarray], **options: Any
    ) -> drawing.Grid:
        """Makes a grid in this style, with options of its own."""
        settings = dataclasses.asdict(self)
        colors = settings.pop("colors") or options.pop("colors", "order")
        options.pop("colors", None)
        settings["title"] = settings["title"] or options.pop("title", None)
        options.pop("title", None)
        return drawing.Grid(sketches, colors=colors, **settings, **options)


PLAIN = Style()


def listed(
    drawn: sampling.Drawings,
    temperature: float | Sequence[float],
    model: str = "",
) -> list[Drawn]:
    """Lists drawings with their temperatures and their model's name."""
    temperatures = np.broadcast_to(temperature, [len(drawn.sketches)])
    return [
        Drawn(
            sketch,
            int(drawn.seeds[index]),
            float(temperatures[index]),
            None if drawn.z is None else drawn.z[index],
            int(drawn.prefix_lengths[index]),
            model,
            drawn.words[index] if drawn.words else None,
        )
        for index, sketch in enumerate(drawn.sketches)
    ]


def given(sketches: Sequence[np.ndarray]) -> list[Drawn]:
    """Lists sketches that no model drew."""
    return [Drawn(s, None, None, None, len(s)) for s in sketches]


def tau(temperature: float) -> str:
    """Writes a temperature, for labels."""
    return f"\u03c4 {temperature:g}"
