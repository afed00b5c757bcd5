"""Asks a class-conditioned model for each word, and counts what comes.

sketch-rnn train --preset doodles --set class_size=16 --minutes 15
    --data quickdraw_strokes/doodles --work-dir classes
python -m benchmarks.class_conditioning --model classes --out sheets

The model is one of the embedded doodles' words.  For each word it draws from
the prior, and a network, trained on other doodles, says what word each drawing
is of (see `judge`); the same is asked of doodles of the test split.  The bar is
that 0.8 of the samples of a word are recognised as it, where 0.9 of the real
ones are.  Beside it stands the share that is recognised as the
word when another is asked for.

Returns 1 if a word is below its bar.
"""

import argparse
import pathlib
import sys

import numpy as np

import sketch_rnn_tf
from benchmarks import doodle_arithmetic, judge as judge_lib, report
from sketch_rnn_tf import doodles, drawing
from sketch_rnn_tf.experiments import judge as experiment_judge
from sketch_rnn_tf.generation import sampling

BAR, REAL_BAR = 0.8, 0.9
TEST_SEED, TEST_COUNT = (
    doodle_arithmetic.TEST_SEED,
    doodle_arithmetic.TEST_COUNT,
)
_SHOWN = 12  # drawings a word on a contact sheet


def main(argv: list[str] | None = None) -> int:
    """Prints the table; returns 1 if a word is below its bar."""
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--model", required=True, help="its work directory")
    parser.add_argument("--count", type=int, default=200, help="of each word")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument(
        "--temperature", type=float, nargs="+", default=[0.2, 0.3, 0.4]
    )
    parser.add_argument("--json", metavar="FILE")
    parser.add_argument(
        "--out", type=pathlib.Path, metavar="DIR", help="for contact sheets"
    )
    arguments = parser.parse_args(argv)
    try:
        if arguments.count < 1:
            raise ValueError("expected --count of 1 or more")
        model = sketch_rnn_tf.load(arguments.model)
        _check(model.config)
        sampling.sample(model, count=1, temperature=arguments.temperature[0])
    except (ValueError, OSError) as error:
        print(f"class_conditioning: {error}", file=sys.stderr)
        return 2
    print("training the judge", file=sys.stderr)
    judge = judge_lib.train_words(seed=arguments.seed)
    rows = []
    for temperature in arguments.temperature:
        drawn = sampled(
            model,
            count=arguments.count,
            temperature=temperature,
            seed=arguments.seed,
        )
        rows += table(judge, model.config.words, drawn, temperature)
        if arguments.out:
            _draw(drawn, model.config.words, temperature, arguments.out)
    report.show(rows, json_file=arguments.json)
    return int(any(row.ratio is not None and row.ratio < 1 for row in rows))


def sampled(
    model: "sketch_rnn_tf.SketchRNN",
    *,
    count: int,
    temperature: float,
    seed: int,
) -> list[list[np.ndarray]]:
    """Draws from the prior, as many of each of the model's words.

    Args:
      model: A class-conditioned model.
      count: Drawings of each word; all words have the same seeds.
      temperature: tau.
      seed: Of the first.

    Returns:
      Of each word, its drawings, stroke-3.
    """
    words = model.config.words
    drawn = sampling.sample(
        model,
        count=count * len(words),
        temperature=temperature,
        seed=np.tile(np.arange(seed, seed + count), len(words)),
        words=[word for word in words for _ in range(count)],
    )
    return [
        drawn.sketches[first : first + count]
        for first in range(0, count * len(words), count)
    ]


def table(
    judge: experiment_judge.Judge,
    words: tuple[str, ...],
    drawn: list[list[np.ndarray]],
    temperature: float,
) -> list[report.Row]:
    """Counts what is recognised as what was asked for.

    Args:
      judge: Of words.
      words: Those asked for.
      drawn: Of each of them, what came.
      temperature: tau, for the rows' names.

    Returns:
      Of each word the share of samples recognised as it, against the bar
      where the real ones pass theirs; that of real ones; that of samples of
      the other words; and the means over words.
    """
    places = [judge.words.index(word) for word in words]
    found = np.stack([judge.classes(sketches) for sketches in drawn])
    rows, shares, reals = [], [], []
    for number, (word, place) in enumerate(zip(words, places, strict=True)):
        real = [
            doodles.draw(word, seed=TEST_SEED + index).stroke3
            for index in range(TEST_COUNT)
        ]
        reals.append((judge.classes(real) == place).mean())
        shares.append((found[number] == place).mean())
        others = np.delete(found, number, axis=0)
        name = f"{word}, tau {temperature:g}"
        rows.append(_against_bar(f"{name}: recognised", shares[-1], reals[-1]))
        rows.append(report.Row(f"{name}: real ones", reals[-1], "share"))
        if len(others):
            chance = (others == place).mean()
            rows.append(report.Row(f"{name}: of other words", chance, "share"))
    name = f"all words, tau {temperature:g}"
    rows.append(
        _against_bar(f"{name}: recognised", np.mean(shares), np.mean(reals))
    )
    rows.append(report.Row(f"{name}: real ones", np.mean(reals), "share"))
    return rows


def _against_bar(name, share, real):
    if real < REAL_BAR:
        return report.Row(name, share, "share")
    return report.Row(name, share, "share", f"the bar, {BAR:g}", share / BAR)


def _check(config):
    if not config.class_size:
        raise ValueError(
            "model: expected a class-conditioned one, --set class_size=16, got "
            "class_size 0"
        )
    strange = sorted(set(config.words) - set(doodles.KINDS))
    if strange:
        raise ValueError(
            f"model: expected one of doodles, {', '.join(doodles.KINDS)}, got "
            f"one of {', '.join(strange)}"
        )


def _draw(drawn, words, temperature, folder):
    """Writes a contact sheet, a row a word."""
    folder.mkdir(parents=True, exist_ok=True)
    sketches = [s for sketches in drawn for s in sketches[:_SHOWN]]
    sheet = drawing.draw_grid(
        sketches,
        columns=len(drawn[0][:_SHOWN]),
        row_labels=list(words),
    )
    drawing.write(folder / f"classes_{temperature:g}.svg", sheet)


if __name__ == "__main__":
    sys.exit(main())
