"""Every figure of the paper that the given models and data allow.

    given = figures.Materials(...)
    figures.write(given, "figures", numbers=figures.NUMBERS, command=...)

writes a page, a picture or more of each figure, and a manifest that says how
each was made.  A figure does not depend on the others: made alone it is the
same.

References:
  Figures 1 to 23, Ha & Eck (2017).
"""

import json
import os
import pathlib
from collections.abc import Callable, Sequence
from typing import NamedTuple

from sketch_rnn_tf import drawing, partials, version
from sketch_rnn_tf.figures import (
    basics,
    between,
    encoded,
    page,
    unencoded,
)
from sketch_rnn_tf.figures.materials import Materials, Missing, Named

__all__ = ["FIGURES", "NUMBERS", "Figure", "Materials", "Missing", "Named"]

MANIFEST = "manifest.json"


class Figure(NamedTuple):
    """A figure of the paper.

    Attributes:
      make: Makes its plates of `Materials`; raises `Missing`.
      title: What it is, a few words.
      caption: What one sees, a sentence or two.
    """

    make: Callable
    title: str
    caption: str


FIGURES = {
    1: Figure(
        between.two_words,
        "The latent space of two words",
        "Two sketches of each word stand in the corners, encoded; all else is "
        "what the model draws between them. Colours mix like the vectors.",
    ),
    2: Figure(
        between.reproductions,
        "Inputs, reproductions, and what lies between",
        "Above, four sketches and what the model draws of their encodings; "
        "below, the space between those four.",
    ),
    3: Figure(
        encoded.reconstructions,
        "Reconstructions",
        "Sketches by people, and what the model draws of each.",
    ),
    4: Figure(
        basics.stroke_format,
        "A sketch as a list of points",
        "Offsets and the one-hot pen state of each point; drawn, the colour "
        "tells the order of the strokes.",
    ),
    5: Figure(
        basics.schematic,
        "The model",
        "Drawn from the configuration of the models on this page.",
    ),
    6: Figure(
        between.generated,
        "Between four generated drawings",
        "The corners are drawn from the prior, not from any sketch.",
    ),
    7: Figure(
        unencoded.temperatures,
        "Unconditional drawings by temperature",
        "From 0.2 in blue to 0.9 in red; a column has one seed throughout.",
    ),
    8: Figure(
        basics.trade,
        "Reconstruction against KL",
        "What each training paid in reconstruction loss for what it saved in "
        "KL divergence, and its validation loss over time.",
    ),
    9: Figure(
        encoded.first_word,
        "Conditional drawing",
        "Each row is one sketch, drawn again over rising temperatures; the "
        "last is of something that the model does not know.",
    ),
    10: Figure(
        encoded.second_word,
        "Conditional drawing, another word",
        "Each row is one sketch, drawn again over rising temperatures; the "
        "last is of something that the model does not know.",
    ),
    11: Figure(
        between.single_words,
        "Between four sketches of one word",
        "The corners are encodings of four sketches of the test split.",
    ),
    12: Figure(
        between.weights,
        "Between two words, by the weight of the KL divergence",
        "A row is a model; the two sketches in boxes are the ends, and the "
        "steps between go along the arc.",
    ),
    13: Figure(
        encoded.weights,
        "Reconstructions by the weight of the KL divergence",
        "A column is a model; the sketches in boxes are what each was given.",
    ),
    14: Figure(
        encoded.analogies,
        "Analogies",
        "Vectors of the sketches in boxes are added and subtracted; the sums "
        "are drawn at several temperatures.",
    ),
    15: Figure(
        between.four_words,
        "Between four words, and within one",
        "The corners are encodings of sketches of four words, where the model "
        "knows as many; and of four sketches of one word.",
    ),
    16: Figure(
        between.generated_words,
        "More generated drawings, and what lies between",
        "The corners are drawn from the prior.",
    ),
    17: Figure(
        between.strangers,
        "What the model makes of things that it does not know",
        "Above, sketches of another word and what the model draws of them; "
        "below, the space between those four.",
    ),
    18: Figure(
        unencoded.many_temperatures,
        "Unconditional drawings, from cold to hot",
        "Each row is drawn at a higher temperature, 0.2 to 0.9.",
    ),
    19: Figure(
        unencoded.endings,
        "Endings of incomplete sketches",
        "The first third of each sketch, dark, was given; the red lines are "
        "the model's, at temperature 0.8.",
    ),
    20: Figure(
        unencoded.samples,
        "Unconditional drawings at temperature 0.8",
        "One seed after the other, none left out.",
    ),
    21: Figure(
        unencoded.many_words,
        "Unconditional drawings of models of several words",
        "At temperature 0.8; drawings may combine features of several words.",
    ),
    22: Figure(
        encoded.variations,
        "Similar, but unique",
        "The sketch in the box, and drawings around its encoding.",
    ),
    23: Figure(
        basics.examples,
        "Examples of the data set",
        "Sketches of the test split, of each word.",
    ),
}

NUMBERS = tuple(FIGURES)


def write(
    given: Materials,
    out: str | os.PathLike,
    *,
    numbers: Sequence[int] = NUMBERS,
    command: Callable[[int], str] = str,
    started: Callable[[int], None] | None = None,
) -> dict:
    """Makes figures and a page of them.

    What an earlier call wrote to the same directory stays, unless it is made
    again; so figures can be made one after the other.

    Args:
      given: What to make them of.
      out: The directory.
      numbers: Which.
      command: Gives the command that makes a figure alone, for the manifest.
      started: Called with the number of each figure before it is made.

    Returns:
      The manifest: by number what was made of which seed and by which
      command, or what it needs.

    Raises:
      ValueError: If a number is not one of `NUMBERS`, or `out` holds
        something else.
    """
    out = pathlib.Path(out)
    for number in numbers:
        if number not in FIGURES:
            raise ValueError(f"figure: expected 1 to 23, got {number}")
    manifest = _read(out)
    out.mkdir(parents=True, exist_ok=True)
    for number in numbers:
        if started:
            started(number)
        figure = FIGURES[number]
        entry = {"title": figure.title, "caption": figure.caption}
        try:
            plates = figure.make(given)
        except Missing as missing:
            entry["needs"] = str(missing)
        else:
            entry |= {
                "files": _write_plates(out, number, plates),
                "command": command(number),
                "seed": given.seed_of(number),
            }
        manifest["figures"][str(number)] = entry
        manifest["figures"] = {
            str(n): manifest["figures"][str(n)]
            for n in NUMBERS
            if str(n) in manifest["figures"]
        }
        with partials.file(out / MANIFEST) as partial:
            partial.write_text(json.dumps(manifest, indent=2) + "\n")
        with partials.file(out / "index.html") as partial:
            partial.write_text(page.render(manifest))
    return manifest


def _read(out):
    """Returns the manifest of an earlier call, or an empty one."""
    empty = {"version": version.__version__, "figures": {}}
    if out.exists() and not out.is_dir():
        raise ValueError(f"{out}: expected a directory, got a file")
    if not out.exists() or not any(out.iterdir()):
        return empty
    path = out / MANIFEST
    wanted = f"{out}: expected a new directory or one of figures"
    try:
        found = json.loads(path.read_text())
        return empty | {"figures": dict(found["figures"])}
    except OSError:
        raise ValueError(f"{wanted}, got one without {MANIFEST}") from None
    except (ValueError, KeyError, TypeError) as error:
        raise ValueError(
            f"{wanted}, got one whose {MANIFEST} is damaged ({error!r})"
        ) from None


def _write_plates(out, number, plates):
    files = []
    for index, plate in enumerate(plates):
        part = chr(ord("a") + index) if len(plates) > 1 else ""
        name = f"figure_{number:02}{part}.svg"
        drawing.write(out / name, plate.picture)
        files.append(name)
    return files
