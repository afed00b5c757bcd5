"""Table 1: losses by data set and w_KL, beside the paper's.

References:
  Table 1, Ha & Eck (2017).
"""

import dataclasses
import statistics
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from sketch_rnn_tf import config as config_lib
from sketch_rnn_tf.experiments import paper, trainings

Result = Mapping[str, Any]
"""What `trainings.run` returns."""

DECODER_ONLY = None
"""The w_KL of a standalone decoder."""


class Mean(NamedTuple):
    """A mean over trainings of several seeds.

    Attributes:
      value: The mean.
      spread: The standard deviation; None of a single one.
      count: How many.
    """

    value: float
    spread: float | None
    count: int


@dataclasses.dataclass(frozen=True)
class Group:
    """The trainings on one data set.

    Attributes:
      spec: What they were trained on.
      words: Its words.
      columns: Their results by w_KL, falling, `DECODER_ONLY` last.
    """

    spec: str
    words: tuple[str, ...]
    columns: dict[float | None, list[Result]]

    @property
    def title(self) -> str:
        """The words, as the paper lists them."""
        return ", ".join(self.words)

    def mean(self, weight: float | None, key: str) -> Mean | None:
        """Returns the mean of a loss in a column; None of an empty one."""
        values = [result[key] for result in self.columns.get(weight, ())]
        if not values:
            return None
        spread = statistics.stdev(values) if len(values) > 1 else None
        return Mean(statistics.fmean(values), spread, len(values))


def grid(
    specs: Sequence[str],
    config: config_lib.Config,
    *,
    weights: Sequence[float],
    decoder_only: bool,
    seeds: Sequence[int],
    minutes: float | None = None,
    data_dir: str | None = None,
) -> list[trainings.Training]:
    """Lists the trainings of a table.

    Args:
      specs: Data sets, see `sources`.
      config: What all have in common.
      weights: Values of w_KL.
      decoder_only: Whether to train standalone decoders, too.
      seeds: Seeds; each is a training of its own.
      minutes: How long to train each; None trains `config.steps` steps.
      data_dir: Where TFDS keeps its data.
    """
    changes = [{"kl_weight": weight} for weight in weights]
    if decoder_only:
        changes.append({"conditional": False})
    return [
        trainings.make(
            spec,
            config.replace(seed=seed, **change),
            minutes=minutes,
            data_dir=data_dir,
        )
        for seed in seeds
        for spec in specs
        for change in changes
    ]


def groups(results: Sequence[Result]) -> list[Group]:
    """Groups results by data set, in the order in which those come."""
    found = {}
    for result in results:
        columns = found.setdefault((result["spec"], *result["words"]), {})
        columns.setdefault(result["kl_weight"], []).append(result)
    return [
        Group(spec, tuple(words), {w: columns[w] for w in _order(columns)})
        for (spec, *words), columns in found.items()
    ]


def columns(found: Sequence[Group]) -> list[float | None]:
    """Lists the values of w_KL of all groups, falling, `DECODER_ONLY` last."""
    return _order({weight for group in found for weight in group.columns})


def cells(
    group: Group, weights: Sequence[float | None]
) -> list[tuple[Mean | None, Mean | None]]:
    """Returns L_R and L_KL for each w_KL; a standalone decoder has no L_KL."""
    return [
        (
            group.mean(weight, "recon"),
            None if weight is DECODER_ONLY else group.mean(weight, "kl"),
        )
        for weight in weights
    ]


def papers(
    group: Group, weights: Sequence[float | None]
) -> list[tuple[float | None, float | None]] | None:
    """Returns the paper's L_R and L_KL for each w_KL; None without a row."""
    reported = paper.reported(group.words)
    if reported is None:
        return None
    return [
        (reported.decoder_only, None)
        if weight is DECODER_ONLY
        else reported.losses.get(weight, (None, None))
        for weight in weights
    ]


class Ordering(NamedTuple):
    """Something that the paper says of its table, asked of this one.

    Attributes:
      title: The data set's.
      says: What it says.
      holds: Whether it is so here; None where it cannot be told.
      detail: The numbers.
    """

    title: str
    says: str
    holds: bool | None
    detail: str


def orderings(found: Sequence[Group]) -> list[Ordering]:
    """Asks of each data set what section 4.1 of the paper says of its own."""
    made = []
    for group in found:
        weights = [w for w in group.columns if w is not DECODER_ONLY]
        recon = [group.mean(w, "recon").value for w in weights]
        kl = [group.mean(w, "kl").value for w in weights]
        for says, values, sign in (
            ("L_R falls as w_KL falls", recon, -1),
            ("L_KL rises as w_KL falls", kl, 1),
        ):
            holds = None
            if len(values) > 1:
                pairs = zip(values, values[1:], strict=False)
                holds = all(sign * (b - a) > 0 for a, b in pairs)
            made.append(Ordering(group.title, says, holds, _chain(values)))
        alone = group.mean(DECODER_ONLY, "recon")
        holds, detail = None, _chain(recon)
        if alone and recon:
            holds = max(recon) < alone.value
            detail = f"at most {max(recon):.4f}, decoder only {alone.value:.4f}"
        made.append(
            Ordering(
                group.title,
                "each conditional L_R is below the decoder-only one",
                holds,
                detail,
            )
        )
        made += _unions(group, found)
    return made


NEAR = 0.1
"""Nats by which the L_R of a union may lie outside of its parts', to be near
them."""


def _unions(union, found):
    """Asks whether a union's L_R lies between or near those of its parts."""
    if len(union.words) < 2:
        return
    parts = [
        group for group in found
        if group is not union and set(group.words) < set(union.words)
    ]  # fmt: skip
    if {w for part in parts for w in part.words} != set(union.words):
        return
    holds, details = True, []
    for weight in union.columns:
        values = [part.mean(weight, "recon") for part in parts]
        if not all(values):
            continue
        low = min(v.value for v in values)
        high = max(v.value for v in values)
        own = union.mean(weight, "recon").value
        holds = holds and low - NEAR <= own <= high + NEAR
        details.append(f"{_weight(weight)} {low:.4f} to {high:.4f}, {own:.4f}")
    if details:
        yield Ordering(
            union.title,
            f"L_R lies between those of its parts, or within {NEAR:g} of them",
            holds,
            "; ".join(details),
        )


def _order(weights):
    return sorted(weights, key=lambda w: (w is DECODER_ONLY, -(w or 0.0)))


def _weight(weight):
    return "decoder only" if weight is DECODER_ONLY else f"w_KL {weight:g}:"


def _chain(values):
    return ", ".join(f"{value:.4f}" for value in values)
