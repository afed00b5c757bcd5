"""The arguments of the commands that make the paper's experiments."""

import argparse
from collections.abc import Callable

from sketch_rnn_tf import presets
from sketch_rnn_tf.command_line import options


def add_experiment(add: Callable, add_kind: Callable) -> None:
    """Adds `experiment`.

    Args:
      add: Makes a command's parser from its name, summary and examples.
      add_kind: Makes that of one of its kinds, given all of them first.
    """
    parser = add("experiment", "make the paper's experiments", _TABLE1[0])
    kinds = parser.add_subparsers(dest="kind", required=True)
    _add_table1(
        add_kind(
            kinds,
            "table1",
            "train a grid of models and make the paper's Table 1 of them",
            *_TABLE1,
        )
    )
    _add_claims(
        add_kind(
            kinds,
            "claims",
            "measure every claim that the paper makes in words",
            *_CLAIMS,
        )
    )


_TABLE1 = ("table1", "train a grid of models and make Table 1 of them")
_TABLE1 = (
    "sketch-rnn experiment table1 --data doodles/cat,doodles/pig "
    "--decoder-only --steps 400 --out table1",
    "sketch-rnn experiment table1 "
    "--data car.npz,backpack.npz,car.npz+backpack.npz "
    "--set max_len=200 --decoder-only --out table1",
    "sketch-rnn experiment table1 --classes cat,pig --folder sketchrnn "
    "--union --preset paper --decoder-only --out table1",
    "sketch-rnn experiment table1 --data car.npz --kl-weights 1 "
    "--set max_len=200 --seeds 1 2 --out table1",
)


_CLAIMS = (
    "sketch-rnn experiment claims --budget quick --out claims",
    "sketch-rnn experiment claims --data car.npz --set max_len=200 "
    "--out table1",
    "sketch-rnn experiment claims --only odd-inputs spirals --out claims",
)

CLAIMS = (
    "tradeoff",
    "bound",
    "annealing",
    "reconstructions",
    "interpolations",
    "samples",
    "classes",
    "real-classes",
    "stopping",
    "spirals",
    "odd-inputs",
    "foreign-inputs",
)
"""Those of `experiments.claims`, which cannot be had without TensorFlow."""

BUDGETS = ("quick", "two-core", "full")
"""Those of `experiments.plan`."""


def _add_claims(parser):
    parser.add_argument(
        "--only",
        nargs="+",
        choices=CLAIMS,
        metavar="NAME",
        help=f"measure these alone, out of {', '.join(CLAIMS)}",
    )
    parser.add_argument(
        "--data",
        metavar="SPEC",
        help="what the claims about losses and ends are measured on "
        "(default: embedded doodles, which the others always take)",
    )
    options.add_data_dir(parser)
    parser.add_argument(
        "--many",
        metavar="SPECS",
        help="real data of one, of a few and of many words, between commas, "
        "for the claim real-classes",
    )
    parser.add_argument(
        "--recogniser",
        metavar="DIR",
        help="a classifier of real drawings, for the claim real-classes",
    )
    parser.add_argument(
        "--budget",
        choices=BUDGETS,
        default="two-core",
        help="a tenth of the presets' steps and 100 drawings a share; as the "
        "presets say and 500; or five times that and 2,000 "
        "(default: two-core)",
    )
    parser.add_argument(
        "--preset", help="of models of --data (default: table1_small)"
    )
    parser.add_argument(
        "--doodles-preset",
        default="doodles",
        help="of models of doodles (default: doodles)",
    )
    options.add_set(parser, over="both presets")
    parser.add_argument(
        "--seed",
        type=options.integer(0, 2**30),
        default=0,
        help="of judges and drawings (default: 0)",
    )
    parser.add_argument(
        "--out",
        required=True,
        metavar="DIR",
        help="what to write to; that of table1 shares its models",
    )


def _add_table1(parser):
    data = parser.add_mutually_exclusive_group(required=True)
    data.add_argument(
        "--data",
        metavar="SPECS",
        help="data sets between commas, a row each: what train takes, joined "
        "by + to a union, or doodles/KIND+KIND for embedded ones",
    )
    data.add_argument(
        "--classes",
        metavar="WORDS",
        help="words between commas, whose .npz files are in --folder; joined "
        "by + to a union",
    )
    parser.add_argument(
        "--folder", metavar="DIR", help="holds the files of --classes"
    )
    parser.add_argument(
        "--union",
        action="store_true",
        help="add a row that is trained on all of them together",
    )
    options.add_data_dir(parser)
    parser.add_argument(
        "--kl-weights",
        type=_numbers,
        default=(1.0, 0.5, 0.25),
        metavar="W,W,...",
        help="values of w_KL (default: 1,0.5,0.25)",
    )
    parser.add_argument(
        "--decoder-only",
        action="store_true",
        help="train standalone decoders, too",
    )
    _add_training(parser, preset="table1_small")
    parser.add_argument(
        "--seeds",
        type=options.integer(0),
        nargs="+",
        default=[0],
        metavar="N",
        help="train each model with each of these seeds (default: 0)",
    )
    parser.add_argument(
        "--out",
        required=True,
        metavar="DIR",
        help="what to write to; the same command goes on where it was, "
        "another one adds rows",
    )


def _add_training(parser, *, preset):
    parser.add_argument(
        "--preset",
        default=preset,
        help=f"a configuration to start from: {', '.join(presets.PRESETS)} "
        f"(default: {preset})",
    )
    options.add_set(parser, over="the preset")
    parser.add_argument(
        "--steps",
        type=options.integer(1),
        help="training steps of each model (default: the preset's)",
    )
    parser.add_argument(
        "--minutes",
        type=options.number(0),
        help="train each model for so long instead",
    )


def _numbers(text):
    parse = options.number(0)
    values = tuple(parse(part) for part in text.split(","))
    if len(set(values)) < len(values):
        raise argparse.ArgumentTypeError(
            f"expected different numbers, got {text!r}"
        )
    return values
