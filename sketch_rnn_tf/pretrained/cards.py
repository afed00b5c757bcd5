"""What a packed model is: a card for programs and the same for people."""

import dataclasses
import json
import os
import pathlib
import reprlib
import sys
import textwrap
import typing
from collections.abc import Mapping

from sketch_rnn_tf import version

FILE = "card.json"
TEXT = "card.md"
FILES = (FILE, TEXT)
FORMAT = "sketch_rnn_tf.pretrained"
FORMAT_VERSION = 1
LIMIT = 0.002
"""Nats that quantizing may change L_R by, less than."""

_MEASURED = ("recon", "kl", "loss", "recon_per_point", "count", "dropped")
_WIDTH = 79


@dataclasses.dataclass(frozen=True)
class Card:
    """A packed model's facts.

    Attributes:
      name: What it is loaded by.
      summary: What it draws, in a line or two.
      architecture: Cells and sizes, in a line.
      words: Names of the classes in its data.
      data: What it was trained on.
      licence: The data's, under which the weights come.
      attribution: Whom the licence asks to name.
      training: What is known of the training, by what it is called.
      metrics: As of `evaluation.evaluate`, of the quantized weights.
      unquantized: The same of the weights as they were trained, with the same
        noise for z.
      evaluated_on: The data and split of the metrics.
      quantization: One of `quantization.KINDS`.
      limits: What it cannot do, a sentence each.
      parameters: Number of weights.
      weights_bytes: Size of the weights' file.
      weights_sha256: Its SHA-256, in hex.
      version: Version of the package that packed it.
    """

    name: str
    summary: str
    architecture: str
    words: tuple[str, ...]
    data: str
    licence: str
    attribution: str
    training: Mapping[str, str | int | float]
    metrics: Mapping[str, float]
    unquantized: Mapping[str, float]
    evaluated_on: str
    quantization: str
    limits: tuple[str, ...]
    parameters: int
    weights_bytes: int
    weights_sha256: str
    version: str = version.__version__

    @property
    def recon_change(self) -> float:
        """L_R of the quantized weights less that of the trained ones, nats."""
        return self.metrics["recon"] - self.unquantized["recon"]

    def to_json(self) -> str:
        """Returns the card as a JSON object, a key a line."""
        about = {"format": FORMAT, "format_version": FORMAT_VERSION}
        values = about | dataclasses.asdict(self)
        return json.dumps(values, indent=2, ensure_ascii=False) + "\n"

    def to_markdown(self) -> str:
        """Returns the card for people."""
        words = ", ".join(self.words) or "not known"
        blocks = [
            f"# {self.name}",
            _filled(self.summary),
            _filled(f"Words ({len(self.words)}): {words}."),
            _filled(f"{self.architecture}; {self.parameters:,} parameters."),
            "## Data and licence",
            _filled(self.data),
            _filled(f"Licence: {self.licence}. {self.attribution}"),
            "## Training",
            _listed(self.training),
            "## Measured",
            _filled(f"On {self.evaluated_on}, z sampled:"),
            self._table(),
            _filled(
                f"Quantization of matrices: {self.quantization}. It changed "
                f"L_R by {self.recon_change:+.6f} nats, with the same noise."
            ),
        ]
        if self.limits:
            blocks += ["## Limits", "\n".join(map(_item, self.limits))]
        return "\n\n".join(blocks) + "\n"

    def _table(self):
        lines = ["| | as shipped | as trained |", "|---|---|---|"]
        for key, title in (
            ("recon", "L_R, nats"),
            ("kl", "L_KL, nats per dimension"),
            ("loss", "L_R + w_KL L_KL"),
            ("recon_per_point", "L_R per point"),
        ):
            lines.append(
                f"| {title} | {self.metrics[key]:.4f} "
                f"| {self.unquantized[key]:.4f} |"
            )
        for key, title in (
            ("count", "sketches"),
            ("dropped", "longer ones left out"),
        ):
            lines.append(
                f"| {title} | {self.metrics[key]:,.0f} "
                f"| {self.unquantized[key]:,.0f} |"
            )
        return "\n".join(lines)


def read(directory: str | os.PathLike) -> Card:
    """Reads the card of a packed model.

    Args:
      directory: Its folder.

    Raises:
      ValueError: In one line, if it is missing or damaged, or of a format
        that this version does not know.
    """
    file = pathlib.Path(directory) / FILE
    try:
        values = json.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise ValueError(f"{directory}: expected {FILE}, found none") from None
    except (ValueError, RecursionError) as error:
        raise ValueError(f"{file}: expected JSON, got {error}") from None
    if not isinstance(values, dict) or values.pop("format", None) != FORMAT:
        raise ValueError(f"{file}: expected a card with the format {FORMAT}")
    if values.pop("format_version", None) != FORMAT_VERSION:
        raise ValueError(
            f"{file}: expected format_version {FORMAT_VERSION}; it is of "
            "another version of sketch_rnn_tf"
        )
    hints = typing.get_type_hints(Card)
    wrong = sorted(hints.keys() ^ values.keys())
    if wrong:
        raise ValueError(
            f"{file}: expected the keys {', '.join(hints)}; "
            f"{reprlib.repr(wrong[0])} is missing or one too many"
        )
    for key, hint in hints.items():
        kind = typing.get_origin(hint) or hint
        wanted = {tuple: list, Mapping: dict}.get(kind, kind)
        value = values[key]
        # True is an int in Python, but no number of anything.
        good = isinstance(value, wanted) and not isinstance(value, bool)
        if not good or (
            wanted is list and not all(isinstance(v, str) for v in value)
        ):
            raise ValueError(
                f"{file}: {key}: expected {wanted.__name__}, got "
                f"{reprlib.repr(value)}"
            )
        if wanted is list:
            values[key] = tuple(value)
    for name, value in values["training"].items():
        if not isinstance(value, str | int | float):
            raise ValueError(
                f"{file}: training: expected a string or a number for "
                f"{reprlib.repr(name)}, got {reprlib.repr(value)}"
            )
    for key in ("metrics", "unquantized"):
        for name in dict.fromkeys([*_MEASURED, *values[key]]):
            if not _is_finite(values[key].get(name)):
                raise ValueError(
                    f"{file}: {key}: expected a number for "
                    f"{reprlib.repr(name)}, got "
                    f"{reprlib.repr(values[key].get(name))}"
                )
    return Card(**values)


def _is_finite(value):
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    # An integer may be too large for a float.
    return abs(value) <= sys.float_info.max


def _filled(text):
    return textwrap.fill(text, _WIDTH, break_long_words=False)


def _listed(facts):
    if not facts:
        return "Not known."
    return "\n".join(
        _item(f"{name}: {f'{value:,}' if isinstance(value, int) else value}")
        for name, value in facts.items()
    )


def _item(text):
    return textwrap.fill(
        text,
        _WIDTH,
        initial_indent="- ",
        subsequent_indent="  ",
        break_long_words=False,
    )
