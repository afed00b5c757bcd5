"""What a variant did in its turns, and the figures that follow from it."""

import dataclasses
import statistics
from collections.abc import Sequence

from benchmarks import arithmetic, report


@dataclasses.dataclass
class Turn:
    """What was done in a turn, or in several.

    Attributes:
      seconds: How long it took.
      batches: Training steps.
      sketches: Sketches in them.
      points: Their points, after augmentation.
      encoder_steps: Steps that the encoder ran, of all sketches together.
      decoder_steps: Likewise of the decoder.
    """

    seconds: float = 0.0
    batches: int = 0
    sketches: int = 0
    points: int = 0
    encoder_steps: int = 0
    decoder_steps: int = 0

    def __add__(self, other: "Turn") -> "Turn":
        """Adds up two turns."""
        pairs = zip(
            dataclasses.astuple(self), dataclasses.astuple(other), strict=True
        )
        return Turn(*(one + another for one, another in pairs))


def rows(
    name: str,
    rounds: Sequence[Turn],
    against: dict[str, Sequence[Turn]],
    *,
    products: arithmetic.Products,
    peak: float,
) -> list[report.Row]:
    """Makes a variant's rows.

    Args:
      name: The variant.
      rounds: What it did in each round.
      against: What others did in the same rounds.
      products: What it multiplies.
      peak: The best rate of a product, operations a second.
    """

    def row(unit, values):
        return report.Row(name, statistics.median(values), unit)

    rates = [turn.sketches / turn.seconds for turn in rounds]
    found = [row("sketches/s", rates)]
    for other, turns in against.items():
        pairs = zip(
            rates, (turn.sketches / turn.seconds for turn in turns), strict=True
        )
        ratio = statistics.median(ours / theirs for ours, theirs in pairs)
        found.append(dataclasses.replace(found[0], against=other, ratio=ratio))
    executed, real = (
        [
            products.training(
                encoder_steps=getattr(turn, encoder_steps),
                decoder_steps=getattr(turn, decoder_steps),
                sketches=turn.sketches,
            )
            / turn.seconds
            / peak
            for turn in rounds
        ]
        for encoder_steps, decoder_steps in (
            ("encoder_steps", "decoder_steps"),
            ("points", "points"),
        )
    )
    return [
        *(found[1:] or found),
        row("points/s", [turn.points / turn.seconds for turn in rounds]),
        row("s/step", [turn.seconds / turn.batches for turn in rounds]),
        row("of peak, executed", executed),
        row("of peak, real", real),
    ]
