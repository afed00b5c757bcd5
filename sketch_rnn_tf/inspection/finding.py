"""What a data set holds, counted and measured."""

import hashlib
import math
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np

from sketch_rnn_tf import strokes
from sketch_rnn_tf.files import tally as tally_lib
from sketch_rnn_tf.inspection import report as report_lib
from sketch_rnn_tf.preparation import simplify

LIMITS = (100, 150, 200, 250)
"""Values of max_len to compare, points."""

MAX_POINTS = 200
"""What epsilon is proposed for, points: section A.1 of Ha & Eck (2017)."""

EPSILONS = (0, 0.5, 1, 1.5, 2, 3, 4, 5, 6, 8, 10, 12, 16, 20)
"""What is tried, pixels of a drawing whose longest side is `simplify.BOX`."""

ENOUGH = 0.99
"""Share of the training sketches to keep."""

MAX_SAMPLED = 2000
"""Training sketches that are simplified to find epsilon."""

MAX_NAMES = tally_lib.MAX_EXAMPLES
MAX_RATIO = 10.0
"""Of a box to the median one, either way."""

# `measurement.MAX_OFFSET`, which cannot be had without TensorFlow.
MAX_OFFSET = 1000.0

_STEPS = (1, 1.5, 2, 2.5, 3, 4, 5, 6, 8)


class _Table(NamedTuple):
    """What is measured of each sketch of a split, in order."""

    lengths: np.ndarray  # int64 [S]
    strokes: np.ndarray  # int64 [S]
    sides: np.ndarray  # float64 [S]
    zeros: np.ndarray  # int64 [S]
    farthest: np.ndarray  # float64 [S]
    sums: np.ndarray  # float64 [S, 3], see `pooled_std`
    digests: list[bytes]


def inspect(
    words: Sequence[str],
    splits: Mapping[str, Sequence[np.ndarray]],
    *,
    labels: Mapping[str, np.ndarray | None] | None = None,
    tally: tally_lib.Tally | None = None,
    seed: int = 0,
) -> report_lib.Report:
    """Inspects a data set.

    Args:
      words: Names of the classes.
      splits: Sketches by split, "train" among them; stroke-3 [N, 3], pixels.
      labels: Index of each sketch's word, int [number of sketches], by
        split; None, or None for a split, if that is not known.
      tally: What reading the data left out.
      seed: Of the choice of training sketches to simplify.

    Returns:
      The report.

    Raises:
      ValueError: If there is no training sketch, one is not valid, or labels
        do not fit.
    """
    words = tuple(words)
    if not len(splits.get("train", ())):
        raise ValueError("train: expected sketches to inspect, got none")
    tables = {name: _measure(name, rows) for name, rows in splits.items()}
    train = tables["train"]
    enough = _percentile(train.lengths, 100 * ENOUGH)
    longest = int(train.lengths.max())
    proposed = min(_round_up(enough), longest)
    return report_lib.Report(
        words=words,
        splits={
            name: _split(table, _word_counts(words, name, table, labels))
            for name, table in tables.items()
        },
        max_len=longest,
        proposed_max_len=proposed,
        limits={
            limit: _limit(train, limit)
            for limit in sorted({*LIMITS, longest, proposed})
        },
        simplification=_simplification(splits["train"], train, seed),
        shared=_shared(tables),
        suspects=_suspects(tables, longest),
        tally=tally or tally_lib.Tally(),
    )


def pooled_std(sums: np.ndarray) -> float:
    """Computes a standard deviation, as `measurement.statistics` does.

    Args:
      sums: float64 [3]: number, sum and sum of squares of all dx and dy,
        clamped to `MAX_OFFSET`, pixels.

    Returns:
      The population's, pixels; 0 of nothing.

    >>> pooled_std(np.array([4.0, 8.0, 20.0]))
    1.0
    """
    if not sums[0]:
        return 0.0
    mean, square = sums[1:] / sums[0]
    return math.sqrt(max(square - mean * mean, 0.0))


def _measure(name, sketches):
    rows, sums, digests = [], [], []
    for index, sketch in enumerate(sketches):
        # Also makes -0.0 a zero, which is to have the same digest.
        stroke3 = np.asarray(sketch, np.float64) + 0.0
        strokes.validate_stroke3(stroke3, name=f"{name}[{index}]")
        offsets = stroke3[:, :2]
        points = np.cumsum(offsets, axis=0)
        high, low = points.max(axis=0), points.min(axis=0)
        # The box is around the origin, too, where the pen starts.
        side = (np.maximum(high, 0) - np.minimum(low, 0)).max()
        lifts = np.count_nonzero(stroke3[:, 2]) + (stroke3[-1, 2] == 0)
        zeros = len(offsets) - np.count_nonzero(offsets.any(axis=1))
        rows.append((len(offsets), lifts, side, zeros, np.abs(offsets).max()))
        flat = np.clip(offsets, -MAX_OFFSET, MAX_OFFSET).ravel()
        sums.append((flat.size, flat.sum(), flat @ flat))
        # float32 holds int16 whole: the dtype makes no difference.
        data = stroke3.astype(np.float32).tobytes()
        digests.append(hashlib.blake2b(data, digest_size=16).digest())
    columns = np.array(rows, np.float64).reshape(-1, 5).T
    counts = columns[[0, 1, 3]].astype(np.int64)
    return _Table(
        counts[0], counts[1], columns[2], counts[2], columns[4],
        np.array(sums).reshape(-1, 3), digests,
    )  # fmt: skip


def _word_counts(words, name, table, labels):
    found = (labels or {}).get(name)
    if found is None:
        known = len(words) == 1
        return {words[0]: len(table.lengths)} if known else None
    found = np.asarray(found)
    if found.shape != table.lengths.shape:
        raise ValueError(
            f"{name}: expected {len(table.lengths)} labels, "
            f"got shape {list(found.shape)}"
        )
    if len(found) and not 0 <= found.min() <= found.max() < len(words):
        raise ValueError(
            f"{name}: expected labels from 0 to {len(words) - 1}, "
            f"got {found.min()} to {found.max()}"
        )
    counts = np.bincount(found.astype(np.int64), minlength=len(words))
    return dict(zip(words, counts.tolist(), strict=True))


def _split(table, word_counts):
    points = int(table.lengths.sum())
    return report_lib.Split(
        count=len(table.lengths),
        words=word_counts,
        lengths=_summary(table.lengths),
        strokes=_summary(table.strokes),
        sides=_summary(table.sides),
        zero_offsets=int(table.zeros.sum()) / points if points else 0.0,
        repeated=len(table.digests) - len(set(table.digests)),
        histogram=tuple(np.bincount(table.lengths).tolist()),
    )


def _summary(values):
    if not len(values):
        return None
    middle = float(np.median(values)), float(values.mean())
    high = (_percentile(values, share) for share in (90, 95, 99))
    return report_lib.Summary(
        values.min().item(), *middle, *high, values.max().item()
    )


def _percentile(values, share):
    # One of the values: what a max_len of that keeps is `share` at least.
    return np.percentile(values, share, method="inverted_cdf").item()


def _round_up(least):
    """Finds the smallest round number from 10 on that is not less."""
    power = 10
    while True:
        for step in _STEPS:
            if step * power >= least:
                return int(step * power)
        power *= 10


def _limit(train, limit):
    kept = train.lengths <= limit
    sums = train.sums[kept].sum(axis=0)
    return report_lib.Limit(
        int(kept.sum()), kept.mean().item(), pooled_std(sums)
    )


def _simplification(sketches, train, seed):
    chosen = np.arange(len(sketches))
    if len(chosen) > MAX_SAMPLED:
        rng = np.random.default_rng(seed)
        chosen = np.sort(rng.choice(chosen, MAX_SAMPLED, replace=False))
    # Simplification adds no points: those that are short enough stay so.
    long = chosen[train.lengths[chosen] > MAX_POINTS]
    short = len(chosen) - len(long)
    before = short / len(chosen)
    if before >= ENOUGH:
        return report_lib.Simplification(
            None, None, False, len(chosen), before, before
        )
    polylines, starts, last = [], [], 0
    for index in long:
        starts.append(last)
        for polyline in strokes.stroke3_to_polylines(sketches[index]):
            polylines.append(polyline)
            last += len(polyline)
    counts = [len(polyline) for polyline in polylines]
    begins = np.cumsum([0, *counts[:-1]])
    points = simplify.aligned(np.concatenate(polylines), np.array(starts))
    for epsilon in EPSILONS:
        keep = simplify.kept(points, begins, epsilon=epsilon)
        # Less the origin, which is no row of stroke-3.
        lengths = np.add.reduceat(keep, starts, dtype=np.int64) - 1
        after = (short + int((lengths <= MAX_POINTS).sum())) / len(chosen)
        if after >= ENOUGH:
            own = float(epsilon * np.median(train.sides) / simplify.BOX)
            return report_lib.Simplification(
                float(epsilon), own, True, len(chosen), before, after
            )
    return report_lib.Simplification(
        None, None, True, len(chosen), before, after
    )


def _shared(tables):
    found, earlier = {}, []
    for name, table in tables.items():
        for other in earlier:
            first = {}
            for index, digest in enumerate(tables[other].digests):
                first.setdefault(digest, index)
            pairs = [
                f"{name}[{index}] = {other}[{first[digest]}]"
                for index, digest in enumerate(table.digests)
                if digest in first
            ]
            named = report_lib.Named(len(pairs), tuple(pairs[:MAX_NAMES]))
            found[f"{name} in {other}"] = named
        earlier.append(name)
    return found


def _suspects(tables, max_len):
    sides = np.concatenate([table.sides for table in tables.values()])
    typical = float(np.median(sides))
    found = {}
    for name, table in tables.items():
        dot = (table.lengths == 1) | (table.sides == 0)
        checks = {
            "a single point, or all in one place": dot,
            f"box more than {MAX_RATIO:g} times the median one": (
                table.sides > MAX_RATIO * typical
            ),
            f"box less than 1/{MAX_RATIO:g} of the median one": (
                (table.sides * MAX_RATIO < typical) & ~dot
            ),
            f"offsets beyond {MAX_OFFSET:g}, which are clamped": (
                table.farthest > MAX_OFFSET
            ),
            f"longer than N_max ({max_len}), left out of evaluation": (
                table.lengths > max_len
            ),
        }
        for reason, wrong in checks.items():
            named = found.get(reason, report_lib.Named(0, ()))
            places = np.flatnonzero(wrong)
            names = [f"{name}[{place}]" for place in places[:MAX_NAMES]]
            found[reason] = report_lib.Named(
                named.count + len(places), (*named.names, *names)[:MAX_NAMES]
            )
    return {reason: named for reason, named in found.items() if named.count}
