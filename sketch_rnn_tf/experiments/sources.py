"""Sources: what the rows of an experiment are trained on.

A spec is what `datasets.load` takes, but for two things: `+` joins what makes
one data set, as the comma parts one row from the next; and `doodles/cat+pig`
is drawings of these kinds by the embedded drawers, made when asked for.
"""

import os
import pathlib
import re
from collections.abc import Sequence

import numpy as np

from sketch_rnn_tf import datasets, doodles

DOODLES = "doodles"

DOODLE_COUNTS = {"train": 2_000, "valid": 100, "test": 200}
"""Doodles of a kind in each split."""

_SEEDS = {"train": 0, "valid": 10**9, "test": 2 * 10**9}
"""First seeds, those of the embedded TFDS data set."""


def parts(spec: str) -> list[str]:
    """Takes a spec apart into what `datasets.load` takes.

    Args:
      spec: Such as "car.npz+backpack.npz"; a TFDS name, or a file whose name
        has a `+`, stays whole.

    Raises:
      ValueError: If a part is missing.

    >>> parts("car.npz + backpack.npz")
    ['car.npz', 'backpack.npz']
    >>> parts("quickdraw_strokes/cat+pig")
    ['quickdraw_strokes/cat+pig']
    """
    if pathlib.Path(spec).exists() or _prefix(spec) in (
        DOODLES,
        "quickdraw_strokes",
    ):
        return [spec]
    found = [part.strip() for part in spec.split("+")]
    if not all(found):
        raise ValueError(f"data: expected names between plus signs: {spec!r}")
    return found


def specs(text: str) -> list[str]:
    """Takes `--data` apart, a spec a row.

    Raises:
      ValueError: If one is missing or comes twice.

    >>> specs("car.npz,backpack.npz,car.npz+backpack.npz")
    ['car.npz', 'backpack.npz', 'car.npz+backpack.npz']
    """
    found = [spec.strip() for spec in text.split(",")]
    if not all(found):
        raise ValueError(f"data: expected names between commas, got {text!r}")
    names = [name(spec) for spec in found]
    for spec, called in zip(found, names, strict=True):
        if names.count(called) > 1:
            raise ValueError(
                f"data: expected rows of different names, got {called!r} "
                f"twice, from {spec}"
            )
    return found


def union(specs: Sequence[str]) -> str:
    """Joins specs to one.

    Raises:
      ValueError: If doodles would be joined with something else.

    >>> union(["doodles/cat", "doodles/pig"])
    'doodles/cat+pig'
    >>> union(["a.npz", "b.npz+c.npz"])
    'a.npz+b.npz+c.npz'
    """
    if all(_prefix(spec) == DOODLES for spec in specs):
        found = dict.fromkeys(kind for spec in specs for kind in kinds(spec))
        return f"{DOODLES}/{'+'.join(found)}"
    joined = "+".join(dict.fromkeys(p for spec in specs for p in parts(spec)))
    if len(parts(joined)) != sum(len(parts(spec)) for spec in specs):
        raise ValueError(
            f"union: expected files to join, got {', '.join(specs)}"
        )
    return joined


def name(spec: str) -> str:
    """Names a spec, for a directory.

    >>> name("data/car.npz+data/The Eiffel Tower.npz")
    'car+The_Eiffel_Tower'
    >>> name("doodles/cat+pig")
    'doodles.cat+pig'
    """
    if _prefix(spec) == DOODLES:
        return _slug(spec.replace("/", "."))
    named = []
    for part in parts(spec):
        path = pathlib.Path(part)
        named.append(path.stem if path.suffix else path.name)
    return "+".join(_slug(part) for part in named)


def load(
    spec: str, *, data_dir: str | os.PathLike | None = None
) -> datasets.Dataset:
    """Loads what a spec names, in memory.

    Args:
      spec: The spec.
      data_dir: Where TFDS keeps its data; None is TFDS's default.

    Raises:
      ValueError: If a part is not found or bad.
    """
    if _prefix(spec) == DOODLES and not pathlib.Path(spec).exists():
        return drawn(kinds(spec))
    return datasets.load(",".join(parts(spec)), data_dir=data_dir)


def kinds(spec: str) -> tuple[str, ...]:
    """Lists the kinds of doodles of "doodles" or "doodles/cat+pig".

    Raises:
      ValueError: If one is no kind of doodle.
    """
    _, _, listed = spec.partition("/")
    found = tuple(listed.split("+")) if listed else doodles.KINDS
    for kind in found:
        if kind not in doodles.KINDS:
            raise ValueError(
                f"data: {spec}: expected kinds out of "
                f"{', '.join(doodles.KINDS)}, got {kind!r}"
            )
    return found


def drawn(kinds: Sequence[str]) -> datasets.Dataset:
    """Draws doodles of some kinds, `DOODLE_COUNTS` of each."""
    labels = np.arange(len(kinds))
    return datasets.Dataset(
        tuple(kinds),
        *(
            [
                doodles.draw(kind, seed=_SEEDS[split] + index).stroke3
                for kind in kinds
                for index in range(DOODLE_COUNTS[split])
            ]
            for split in datasets.SPLITS
        ),
        {s: np.repeat(labels, DOODLE_COUNTS[s]) for s in datasets.SPLITS},
    )


def _prefix(spec):
    return spec.split("/")[0]


def _slug(text):
    return re.sub(r"[^\w.+-]+", "_", text)
