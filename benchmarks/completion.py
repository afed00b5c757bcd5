"""Asks whether a model knows how a drawing goes on.

python -m benchmarks.completion --model car_u --data car.npz --cases 500

Of held-out drawings the model is given the first half.  Its likelihood per
row of the true second half, the end row included, is compared with that of
another drawing's second half put in its place; the share of cases where the
true one is likelier should be 0.80 at least.  A conditional model takes z as
the mean of its encoding of the given half, for both.

The other drawing is one of the same word, chosen among

    any           all of them
    like length   the tenth whose second half is nearest in points
    like pen      those whose first half also ends within a stroke, or also
                  between strokes, the tenth nearest in points
    other word    all of another word, where the data have several
"""

import argparse
import sys

import numpy as np

import sketch_rnn_tf
from benchmarks import report
from sketch_rnn_tf import datasets
from sketch_rnn_tf.generation import scoring

TARGET = 0.80
KINDS = ("any", "like length", "like pen", "other word")


def main() -> int:
    """Prints the table; returns 1 if any share is below the target."""
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--model", required=True, metavar="DIR")
    parser.add_argument("--data", required=True, metavar="SPEC")
    parser.add_argument("--data-dir", metavar="DIR")
    parser.add_argument("--cases", type=int, default=500)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--json", metavar="FILE")
    arguments = parser.parse_args()
    try:
        model = sketch_rnn_tf.load(arguments.model)
        data = datasets.load(arguments.data, data_dir=arguments.data_dir)
        rows = measure(model, data, cases=arguments.cases, seed=arguments.seed)
    except (ValueError, OSError) as error:
        print(f"completion: {error}", file=sys.stderr)
        return 2
    report.show(rows, json_file=arguments.json)
    return int(any(row.ratio is not None and row.ratio < 1 for row in rows))


def measure(
    model: "sketch_rnn_tf.SketchRNN",
    data: datasets.Dataset,
    *,
    cases: int,
    seed: int,
) -> list[report.Row]:
    """Compares true second halves with those of other drawings.

    Args:
      model: The model.
      data: In memory; its test split is used.
      cases: Drawings to complete, or all where there are fewer.
      seed: Of the choice of drawings and of their others.

    Returns:
      For each kind of pairing the share of cases where the true half is
      likelier, and the mean likelihoods, nats per row.

    Raises:
      ValueError: If the data are streamed, or fewer than two drawings fit.
    """
    if data.labels is None:
        raise ValueError("data: expected sketches in memory, got a stream")
    fitting = [
        (sketch, label)
        for sketch, label in zip(data.test, data.labels["test"], strict=True)
        if 2 <= len(sketch) <= model.config.max_len
    ]
    if len(fitting) < 2 or cases < 1:
        raise ValueError(
            f"expected two drawings of 2 to {model.config.max_len} points and "
            f"a case at least, got {len(fitting)} and {cases}"
        )
    sketches = [sketch for sketch, _ in fitting]
    labels = np.array([label for _, label in fitting])
    rng = np.random.default_rng(seed)
    known = np.isin(np.array(data.words)[labels], model.config.words)
    # Drawings of words that the model has not seen serve as the others only.
    able = np.flatnonzero(known) if known.any() else np.arange(len(sketches))
    chosen = rng.permutation(able)[:cases]
    true = _second_halves(model, [(sketches[i], sketches[i]) for i in chosen])
    rows = []
    for kind in KINDS:
        others = [
            _other(kind, case, sketches, labels, rng, model.config.max_len)
            for case in chosen
        ]
        kept = np.array([other is not None for other in others])
        if not kept.any():
            continue
        found = _second_halves(
            model,
            [
                (sketches[case], sketches[other])
                for case, other in zip(chosen, others, strict=True)
                if other is not None
            ],
        )
        own = true[kept]
        share = float(np.mean(own > found))
        for name, value, unit, against, ratio in (
            ("likelier", share, "of cases", "the target", share / TARGET),
            ("the true half", own.mean(), "nats/row", "", None),
            ("the other half", found.mean(), "nats/row", "", None),
            ("cases", len(own), "drawings", "", None),
        ):
            rows.append(
                report.Row(
                    f"{kind}: {name}", float(value), unit, against, ratio
                )
            )
    return rows


def _second_halves(model, pairs):
    """Returns the mean log-likelihood of each pair's second half's rows.

    A pair is the drawing that the first half is of, and that of the second.
    """
    given = [first[: len(first) // 2] for first, _ in pairs]
    joined = [
        np.concatenate([half, second[len(second) // 2 :]])
        for half, (_, second) in zip(given, pairs, strict=True)
    ]
    z = None
    if model.config.conditional:
        z, _ = sketch_rnn_tf.encode(model, given)
    rows = scoring.point_log_likelihoods(model, joined, z=z)
    return np.array(
        [row[len(half) :].mean() for half, row in zip(given, rows, strict=True)]
    )


def _other(kind, case, sketches, labels, rng, max_len):
    """Returns the index of another drawing of a kind, or None."""
    same = labels == labels[case]
    allowed = ~same if kind == "other word" else same
    allowed[case] = False
    lengths = np.array([len(sketch) for sketch in sketches])
    seconds = lengths - lengths // 2
    allowed &= lengths[case] // 2 + seconds <= max_len
    if kind == "like pen":
        lifted = np.array([s[len(s) // 2 - 1, 2] for s in sketches])
        allowed &= lifted == lifted[case]
    found = np.flatnonzero(allowed)
    if not len(found):
        return None
    if kind.startswith("like"):
        gap = np.abs(seconds[found] - seconds[case])
        order = np.argsort(gap, kind="stable")
        found = found[order[: max(1, len(found) // 10)]]
    return int(rng.choice(found))


if __name__ == "__main__":
    sys.exit(main())
