"""Arguments of `classifier`, and of `evaluate --quality`."""

import argparse
from collections.abc import Callable

from sketch_rnn_tf.command_line import options

# As in `quality.report` and `quality.classifier`, which cannot be had without
# TensorFlow; a test compares them.
TEMPERATURES = (0.2, 0.4, 0.6, 0.8, 1.0)
COUNT = 500
EPOCHS = 16
PER_WORD = 300
PATIENCE = 5


def add_quality(parser: argparse.ArgumentParser) -> None:
    """Adds --quality and what belongs to it."""
    group = parser.add_argument_group("quality")
    group.add_argument(
        "--quality",
        action="store_true",
        help="measure drawings instead: are they recognised, how near to real "
        "ones are they, over temperatures",
    )
    group.add_argument(
        "--temperatures",
        type=options.number(0),
        nargs="+",
        default=list(TEMPERATURES),
        metavar="TAU",
        help="of samples and reconstructions (default: 0.2 0.4 0.6 0.8 1.0)",
    )
    group.add_argument(
        "--count",
        type=options.integer(5),
        default=COUNT,
        help=f"drawings at each temperature (default: {COUNT})",
    )
    group.add_argument(
        "--classifier",
        metavar="DIR",
        help="what `sketch-rnn classifier` wrote; trained on --real where "
        "there is none yet (default: a folder in --out)",
    )
    group.add_argument(
        "--real",
        metavar="SPEC",
        help="real drawings of at least two words to train the classifier on",
    )
    group.add_argument(
        "--as",
        dest="as_word",
        metavar="WORD",
        help="what the drawings should be recognised as (default: the word of "
        "the model, or of its data's file)",
    )
    group.add_argument(
        "--seed",
        type=options.integer(0, 2**30),
        default=0,
        help="of the first drawing at each temperature (default: 0)",
    )
    group.add_argument(
        "--out",
        metavar="DIR",
        help="where to write quality.json, curves and a sheet of drawings",
    )


def add_classifier(add: Callable[..., argparse.ArgumentParser]) -> None:
    """Adds `classifier`.

    Args:
      add: Adds a command with its summary and examples.
    """
    parser = add(
        "classifier",
        "train a classifier of drawings, to measure quality with",
        "sketch-rnn classifier --data quickdraw_strokes/doodles --out judge",
        "sketch-rnn classifier --data sketchrnn/,car.npz --out classifier",
        "sketch-rnn evaluate --model work --data quickdraw_strokes/doodles "
        "--quality --classifier judge --out quality",
    )
    options.add_data(parser)
    parser.add_argument(
        "--out",
        required=True,
        metavar="DIR",
        help="a new directory, or one that a stopped training left",
    )
    parser.add_argument(
        "--epochs",
        type=options.integer(1),
        default=EPOCHS,
        help=f"passes over the drawings, at most (default: {EPOCHS})",
    )
    parser.add_argument(
        "--per-word",
        type=options.integer(1),
        default=PER_WORD,
        metavar="N",
        help="drawings of each word in a pass, at most; others each time "
        f"(default: {PER_WORD})",
    )
    parser.add_argument(
        "--patience",
        type=options.integer(1),
        default=PATIENCE,
        metavar="N",
        help="stop after N passes without a better validation accuracy "
        f"(default: {PATIENCE})",
    )
    parser.add_argument("--seed", type=options.integer(0, 10**6), default=0)
