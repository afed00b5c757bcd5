"""Counts how often arithmetic on z does what the paper's Figure 14 shows.

python -m benchmarks.doodle_arithmetic --model demo_out/work --out sheets

Cats and pigs of the embedded doodles come as a head only or whole.  Of a model
trained on them this asks, with doodles of the test split encoded to the mean
of z:

- analogies: full pig - pig head + cat head is drawn as a full cat, and
  full pig + cat head - full cat as a pig head;
- interpolation: on the way from a head to a whole animal of the same kind the
  probability of "full body", averaged over many drawings a step, rises by
  0.7 and never falls by more than 0.15 below what it has been.

A network says what a drawing is (see `judge`); it is trained first, on other
doodles.  How often it recognises a plain reconstruction bounds the rest.
Returns 1 if a figure is below its bar.
"""

import argparse
import pathlib
import sys

import numpy as np

import sketch_rnn_tf
from benchmarks import judge as judge_lib, report
from sketch_rnn_tf import doodles, drawing, latent
from sketch_rnn_tf.generation import encoding, sampling

TEST_SEED = 2 * 10**9
"""First seed of the doodles of the embedded data set's test split."""

TEST_COUNT = 50
"""Doodles of a kind in that split."""

ANALOGIES = {
    "full cat": ("full pig", "pig head", "cat head"),
    "pig head": ("full pig", "full cat", "cat head"),
}
"""What is wanted, of z(first) - z(second) + z(third)."""

STEPS, DRAWINGS = 20, 64  # of an interpolation, and of each step
LARGEST_FALL, SMALLEST_RISE = 0.15, 0.7
JUDGE_BAR, ANALOGY_BAR, PAIR_BAR = 0.95, 0.7, 0.9


def main(argv: list[str] | None = None) -> int:
    """Prints the table; returns 1 if a figure is below its bar."""
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "--model", required=True, help="work directory or name of a model"
    )
    parser.add_argument("--trials", type=int, default=100, help="an analogy")
    parser.add_argument("--pairs", type=int, default=50)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--temperature", type=float, default=0.2)
    parser.add_argument("--json", metavar="FILE")
    parser.add_argument(
        "--out", type=pathlib.Path, metavar="DIR", help="for contact sheets"
    )
    arguments = parser.parse_args(argv)
    try:
        if min(arguments.trials, arguments.pairs) < 1:
            raise ValueError("expected --trials and --pairs of 1 or more")
        model = sketch_rnn_tf.load(arguments.model)
        ends = encoded(model)
        sampling.sample(model, count=1, temperature=arguments.temperature)
    except (ValueError, OSError) as error:
        print(f"doodle_arithmetic: {error}", file=sys.stderr)
        return 2
    say("training the judge")
    judge = judge_lib.train(seed=arguments.seed)
    bench = Bench(model, judge, ends, arguments)
    rows = bench.rows()
    report.show(rows, json_file=arguments.json)
    return int(any(row.ratio is not None and row.ratio < 1 for row in rows))


def encoded(model) -> dict[str, list[tuple[np.ndarray, np.ndarray]]]:
    """Encodes the test split's cats and pigs, those short enough.

    Returns:
      Pairs of a sketch, stroke-3, and its z, the mean, by class.
    """
    ends = {name: [] for name in judge_lib.CLASSES[:4]}
    drawn = [
        doodles.draw(kind, seed=TEST_SEED + index)
        for kind in ("cat", "pig")
        for index in range(TEST_COUNT)
    ]
    drawn = [d for d in drawn if len(d.stroke3) <= model.config.max_len]
    mu, _ = encoding.encode(model, [d.stroke3 for d in drawn])
    for doodle, z in zip(drawn, mu, strict=True):
        name = judge_lib.CLASSES[judge_lib.class_of(doodle)]
        ends[name].append((doodle.stroke3, z))
    return ends


def holds(probabilities: np.ndarray) -> bool:
    """Says whether an interpolation goes steadily to the whole animal.

    Args:
      probabilities: float [steps], mean probability of "full body".
    """
    fall = (np.maximum.accumulate(probabilities) - probabilities).max()
    rise = probabilities[-1] - probabilities[0]
    return bool(fall <= LARGEST_FALL and rise >= SMALLEST_RISE)


def say(text: str) -> None:
    """Tells of progress."""
    print(text, file=sys.stderr, flush=True)


class Bench:
    """A model, its judge, and what they are asked.

    Args:
      model: The model.
      judge: Says what a drawing is.
      ends: As of `encoded`.
      arguments: Of the command.
    """

    def __init__(self, model, judge, ends, arguments):
        self.model = model
        self.judge = judge
        self.ends = ends
        self.arguments = arguments
        self.rng = np.random.default_rng(arguments.seed)

    def rows(self) -> list[report.Row]:
        """Measures everything."""
        right = judge_lib.accuracy(self.judge)
        rows = [bar("judge, held-out doodles", right.mean(), JUDGE_BAR)]
        rows += [
            report.Row(f"judge, {name}", share, "right")
            for name, share in zip(judge_lib.CLASSES, right, strict=True)
        ]
        rows += [self.reconstructed(name) for name in self.ends]
        for wanted in ANALOGIES:
            rows += self.analogy(wanted)
        return rows + self.interpolations()

    def draw(self, z: np.ndarray) -> list[np.ndarray]:
        """Draws one sketch for each z, float [B, Z]."""
        seed = int(self.rng.integers(2**30))
        temperature = self.arguments.temperature
        return sampling.sample(
            self.model, z=z, temperature=temperature, seed=seed
        ).sketches

    def reconstructed(self, name: str) -> report.Row:
        """Asks whether each doodle of a class, drawn again, stays one."""
        drawn = self.draw(np.stack([z for _, z in self.ends[name]]))
        found = self.judge.classes(drawn)
        share = (found == judge_lib.CLASSES.index(name)).mean()
        return report.Row(f"reconstructed {name}", share, "right")

    def analogy(self, wanted: str) -> list[report.Row]:
        """Tries an analogy, with a triple of doodles a drawing."""
        terms = ANALOGIES[wanted]
        trials = [
            [self.ends[t][self.rng.integers(len(self.ends[t]))] for t in terms]
            for _ in range(self.arguments.trials)
        ]
        sums = [
            latent.analogy([first, third], [second])
            for (_, first), (_, second), (_, third) in trials
        ]
        drawn = self.draw(np.stack(sums))
        found = self.judge.classes(drawn)
        right = found == judge_lib.CLASSES.index(wanted)
        title = f"{terms[0]} - {terms[1]} + {terms[2]}"
        say(
            f"{title}: "
            + ", ".join(
                f"{name} {(found == index).sum()}"
                for index, name in enumerate(judge_lib.CLASSES)
            )
        )
        if self.arguments.out:
            cells, labels = [], []
            for trial, sketch, index in zip(trials, drawn, found, strict=True):
                cells += [*(s for s, _ in trial), sketch]
                labels += [*terms, f"= {judge_lib.CLASSES[index]}"]
            self.write(wanted, cells[:96], labels[:96], columns=8)
        return [bar(f"{title} = {wanted}", right.mean(), ANALOGY_BAR)]

    def interpolations(self) -> list[report.Row]:
        """Goes from heads to whole animals of the same kind."""
        curves, cells, labels = [], [], []
        for pair in range(self.arguments.pairs):
            kind = ("cat", "pig")[pair % 2]
            start, end = (
                self.ends[name][self.rng.integers(len(self.ends[name]))][1]
                for name in (f"{kind} head", f"full {kind}")
            )
            path = latent.path(start, end, STEPS)
            drawn = self.draw(np.repeat(path, DRAWINGS, axis=0))
            full = self.judge.probabilities(drawn)[:, judge_lib.FULL_BODY]
            curve = full.sum(axis=1).reshape(STEPS, DRAWINGS).mean(axis=1)
            curves.append(curve)
            if pair < 10:
                cells += drawn[::DRAWINGS]
                labels += [f"{share:.2f}" for share in curve]
            say(
                f"{kind} {pair + 1}/{self.arguments.pairs}: "
                f"{'holds' if holds(curve) else 'does not hold'}, "
                + " ".join(f"{share:.2f}" for share in curve)
            )
        if self.arguments.out:
            self.write("interpolations", cells, labels, columns=STEPS)
        curves = np.stack(curves)
        falls = np.maximum.accumulate(curves, axis=1) - curves
        steady = np.mean([holds(curve) for curve in curves])
        return [
            bar("head to full body", steady, PAIR_BAR, "of pairs hold"),
            report.Row(
                "median largest fall",
                np.median(falls.max(axis=1)),
                "probability",
            ),
            report.Row(
                "median rise",
                np.median(curves[:, -1] - curves[:, 0]),
                "probability",
            ),
        ]

    def write(self, name, cells, labels, *, columns):
        """Writes a contact sheet."""
        # A drawing may end at once, which a sheet shows as a dot.
        cells = [c if len(c) else np.array([[0, 0, 1]]) for c in cells]
        path = self.arguments.out / f"{name.replace(' ', '_')}.png"
        sheet = drawing.draw_grid(
            cells, labels=labels, columns=columns, cell=90
        )
        say(f"wrote {drawing.write(path, sheet, scale=1)}")


def bar(name: str, value: float, least: float, unit="right") -> report.Row:
    """Makes a row of a figure that has to reach a bar."""
    return report.Row(name, value, unit, f"of {least}", value / least)


if __name__ == "__main__":
    sys.exit(main())
