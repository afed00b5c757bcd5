"""The arguments of the command line.

They are checked here as far as that goes without TensorFlow, so that a wrong
one is said at once.
"""

import argparse
import functools
import textwrap

from sketch_rnn_tf import version
from sketch_rnn_tf.command_line import (
    data_parser,
    experiments_parser,
    export_parser,
    figures_parser,
    options,
    pretrained_parser,
    quality_parser,
    request_parser,
    studio_parser,
)


class _Parser(argparse.ArgumentParser):
    """Says what is wrong in one line; argparse prints the usage as well."""

    def error(self, message):
        name = self.prog.partition(" ")[2]
        self.exit(
            2,
            f"sketch-rnn: {name + ': ' if name else ''}{message} "
            f"({self.prog} --help shows examples)\n",
        )


def build() -> argparse.ArgumentParser:
    """Builds the parser of `sketch-rnn`, whose `command` names what to do."""
    parser = _Parser(
        prog="sketch-rnn",
        description="A machine that draws: sketch-rnn (Ha & Eck, 2017).",
        formatter_class=argparse.RawDescriptionHelpFormatter,
        epilog=_examples(
            "sketch-rnn demo --out demo_out",
            "sketch-rnn train --data quickdraw_strokes/doodles --work-dir work",
            "sketch-rnn sample --model work --count 9 --out samples.svg",
        ),
    )
    parser.add_argument(
        "--version", action="version", version=version.__version__
    )
    commands = parser.add_subparsers(dest="command", required=True)
    for add in (
        data_parser.add_prepare,
        data_parser.add_convert,
        data_parser.add_inspect,
        *studio_parser.ALL,
        figures_parser.add_figures,
        quality_parser.add_classifier,
        *pretrained_parser.ALL,
    ):
        add(functools.partial(_add, commands))
    for add in (
        _add_train,
        _add_evaluate,
        _add_import,
        _add_demo,
    ):
        add(commands)
    experiments_parser.add_experiment(functools.partial(_add, commands), _add)
    export_parser.add_export(functools.partial(_add, commands), _add)
    request_parser.add_request(functools.partial(_add, commands), _add)
    return parser


def _examples(*lines):
    return "examples:\n" + textwrap.indent("\n".join(lines), "  ")


def _add(commands, name, summary, *examples):
    return commands.add_parser(
        name,
        help=summary,
        description=summary[0].upper() + summary[1:] + ".",
        epilog=_examples(*examples),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )


def _add_train(commands):
    parser = _add(
        commands,
        "train",
        "train a model into a work directory",
        "sketch-rnn train --data quickdraw_strokes/doodles --work-dir work",
        "sketch-rnn train --data sheep.npz --work-dir sheep --preset small "
        "--minutes 30",
        "sketch-rnn train --data cat.npz,pig.npz --work-dir both "
        "--set max_len=200 kl_weight=1.0",
        "sketch-rnn train --data sheep.npz --work-dir sheep --resume "
        "--steps 4000",
        "sketch-rnn train --data sheep.npz --work-dir sheep "
        "--strategy mirrored",
        "sketch-rnn train --data my_cars.npz --work-dir cars --start-from "
        "quickdraw-car --set learning_rate=0.0001 --minutes 10",
    )
    options.add_data(parser)
    options.add_training(parser)


def _add_evaluate(commands):
    parser = _add(
        commands,
        "evaluate",
        "compute the losses of Eq. 12 over a split, or measure drawings",
        "sketch-rnn evaluate --model work --data quickdraw_strokes/doodles",
        "sketch-rnn evaluate --model sheep --data sheep.npz --split valid "
        "--json",
        "sketch-rnn evaluate --model cars --data car.npz --quality "
        "--real sketchrnn/ --classifier classifier --out quality",
        "sketch-rnn evaluate --model work --data work.npz --quality --as cat "
        "--classifier classifier --temperatures 0.2 0.5 --out quality",
    )
    options.add_model(parser)
    options.add_data(parser)
    options.add_split(parser)
    parser.add_argument(
        "--z",
        choices=("sample", "mean"),
        default="sample",
        help="whether z is sampled, as in the paper, or the mean",
    )
    options.add_word(parser, options.OWN_WORDS)
    parser.add_argument(
        "--json", action="store_true", help="print a JSON object"
    )
    quality_parser.add_quality(parser)


def _add_import(commands):
    parser = _add(
        commands,
        "import",
        "make a work directory of other programs' weights",
        "sketch-rnn import magenta checkpoint_dir --out work "
        "--data aaron_sheep.npz",
        "sketch-rnn import sketch-rnn-js ant.gen.json --out ant",
    )
    kinds = parser.add_subparsers(dest="kind", required=True)
    magenta = _add(
        kinds,
        "magenta",
        "import a TF1 checkpoint of the reference implementation",
        "sketch-rnn import magenta checkpoint_dir --out work "
        "--data aaron_sheep.npz",
    )
    magenta.add_argument(
        "source", metavar="DIR", help="holds vector-N.* or vector.*"
    )
    magenta.add_argument(
        "--scale-factor",
        type=options.number(1e-9),
        metavar="X",
        help="of the data that it was trained on, which it does not hold",
    )
    magenta.add_argument(
        "--data", metavar="SPEC", help="measure that, and N_max, on this data"
    )
    options.add_data_dir(magenta)
    magenta.add_argument("--max-len", type=options.integer(1), help="N_max")
    library = _add(
        kinds,
        "sketch-rnn-js",
        "import a weight file of sketch-rnn-js",
        "sketch-rnn import sketch-rnn-js ant.gen.json --out ant",
    )
    library.add_argument("source", metavar="FILE", help="a .json or .js file")
    for kind in (magenta, library):
        kind.add_argument(
            "--out", required=True, metavar="DIR", help="a new work directory"
        )


def _add_demo(commands):
    parser = _add(
        commands,
        "demo",
        "train on the embedded doodles, draw, and export, in minutes",
        "sketch-rnn demo --out demo_out",
    )
    parser.add_argument(
        "--out", default="demo_out", metavar="DIR", help="what to write to"
    )
    parser.add_argument(
        "--minutes",
        type=options.number(0),
        default=6.5,
        help="train for at most that long (default: 6.5)",
    )
    parser.add_argument(
        "--steps", type=options.integer(1), help="training steps at most"
    )
    parser.add_argument("--seed", type=options.integer(0), default=0)
