"""Options that several commands share, and the types of their values."""

import argparse
import math
from collections.abc import Callable

from sketch_rnn_tf import drawing, presets

# `strategies.NAMES`, which cannot be had without TensorFlow.
STRATEGIES = ("none", "mirrored", "multi_worker")


def add_model(
    parser: argparse.ArgumentParser, *, several: bool = False
) -> None:
    """Adds --model, one or several."""
    parser.add_argument(
        "--model",
        required=True,
        metavar="DIR|NAME",
        help="work directories or names of shipped models, side by side"
        if several
        else "a work directory, or the name of a shipped model (`sketch-rnn "
        "models` lists them)",
        **({"nargs": "+"} if several else {}),
    )


def add_data(parser: argparse.ArgumentParser, *, required: bool = True) -> None:
    """Adds --data, and --data-dir."""
    parser.add_argument(
        "--data",
        required=required,
        metavar="SPEC",
        help="a TFDS name (quickdraw_strokes/doodles), a file or folder of what "
        "convert reads (npz, ndjson, svg, ...), or a comma-separated list",
    )
    add_data_dir(parser)


def add_data_dir(parser: argparse.ArgumentParser) -> None:
    """Adds --data-dir."""
    parser.add_argument(
        "--data-dir",
        metavar="DIR",
        help="where TFDS keeps its records (default: TFDS's own)",
    )


def add_training(parser: argparse.ArgumentParser) -> None:
    """Adds what to train, how and for how long."""
    parser.add_argument(
        "--stream",
        action="store_true",
        help="stream records from disk instead of holding them in memory",
    )
    parser.add_argument(
        "--mixture",
        choices=("natural", "balanced"),
        default="natural",
        help="balanced repeats the sketches of words that have fewer "
        "(default: natural)",
    )
    parser.add_argument(
        "--work-dir", required=True, metavar="DIR", help="what to write to"
    )
    parser.add_argument(
        "--preset",
        help=f"a configuration to start from: {', '.join(presets.PRESETS)} "
        "(default: small)",
    )
    parser.add_argument(
        "--config", metavar="FILE", help="a JSON file of configuration keys"
    )
    add_set(parser, over="the preset and the file")
    parser.add_argument(
        "--steps", type=integer(1), help="training steps in all"
    )
    parser.add_argument("--seed", type=integer(0), help="same as --set seed=N")
    parser.add_argument(
        "--strategy",
        choices=STRATEGIES,
        default="none",
        help="none: one device; mirrored: all GPUs of this machine, which "
        "share each batch; multi_worker: the machines listed in the "
        "environment variable TF_CONFIG, each running this command "
        "(default: none)",
    )
    parser.add_argument(
        "--minutes",
        type=number(0),
        default=math.inf,
        help="stop after that much time",
    )
    parser.add_argument(
        "--patience",
        type=integer(0),
        default=0,
        metavar="N",
        help="stop early after N validations without a new best",
    )
    parser.add_argument(
        "--checkpoint-minutes",
        type=number(0),
        default=5.0,
        metavar="MINUTES",
        help="save between validations, too, after so long (default: 5)",
    )
    begin = parser.add_mutually_exclusive_group()
    begin.add_argument(
        "--start-from",
        metavar="DIR|NAME",
        help="begin with the weights of this model, a work directory or a "
        "shipped one: its configuration (but for --config and --set) and "
        "scale factor, a new optimizer, step 0",
    )
    begin.add_argument(
        "--resume",
        action="store_true",
        help="go on from the last checkpoint, also of a killed training; "
        "steps, validate_every, learning rates and gradient_clip may change",
    )


def add_set(parser: argparse.ArgumentParser, *, over: str) -> None:
    """Adds --set, whose keys go over `over`."""
    parser.add_argument(
        "--set",
        nargs="+",
        action="extend",
        default=[],
        metavar="KEY=VALUE",
        help=f"configuration keys, over {over}",
    )


def add_split(parser: argparse.ArgumentParser) -> None:
    """Adds --split."""
    parser.add_argument(
        "--split", choices=("train", "valid", "test"), default="test"
    )


def add_choice(parser: argparse.ArgumentParser, *, count: int = 8) -> None:
    """Adds --index and --count, which sketches of a split to take."""
    parser.add_argument(
        "--index",
        type=integer(0),
        nargs="+",
        metavar="I",
        help="which sketches of the split (default: --count from the start)",
    )
    parser.add_argument(
        "--count",
        type=integer(1),
        default=count,
        help=f"how many, where no index is given (default: {count})",
    )


def add_drawing(
    parser: argparse.ArgumentParser,
    *,
    temperature: float | tuple[float, ...] = 0.4,
) -> None:
    """Adds how to draw, and where to.

    Args:
      parser: The parser.
      temperature: The default; several allow several.
    """
    several = isinstance(temperature, tuple)
    shown = " ".join(f"{t:g}" for t in temperature) if several else temperature
    parser.add_argument(
        "--temperature",
        type=number(0),
        default=list(temperature) if several else temperature,
        metavar="TAU",
        help="0 is greedy, 1 as the model was trained"
        f"{'; may be several' * several} (default: {shown})",
        **({"nargs": "+"} if several else {}),
    )
    parser.add_argument(
        "--seed",
        type=integer(0, 2**31 - 1),
        default=0,
        help="of the first drawing; drawing i has seed + i (default: 0)",
    )
    parser.add_argument(
        "--out",
        required=True,
        type=drawing_file,
        metavar="FILE",
        help="an .svg, .png, .gif or .animated.svg file; in the last two the "
        "strokes are drawn in order",
    )
    parser.add_argument(
        "--also",
        nargs="+",
        choices=("json", "npz"),
        default=[],
        help="write stroke-3, z and seeds beside it, too",
    )
    look = parser.add_argument_group("looks")
    look.add_argument("--title", help="written on top")
    look.add_argument("--theme", choices=("light", "dark"), default="light")
    look.add_argument(
        "--scale",
        choices=("each", "shared"),
        default="each",
        help="each fits its cell, or all share one scale (default: each)",
    )
    look.add_argument(
        "--colors",
        metavar="NAME|#RRGGBB",
        help="order, black or one colour for all",
    )
    look.add_argument(
        "--cell",
        type=number(8),
        default=160,
        metavar="PIXELS",
        help="side of a cell (default: 160)",
    )
    look.add_argument(
        "--pixels",
        type=number(0.05),
        default=2.0,
        metavar="X",
        help="of a PNG or GIF, for each of the picture's (default: 2)",
    )
    look.add_argument(
        "--seconds",
        type=number(0.1),
        default=4.0,
        help="that drawing takes in a GIF or animated SVG (default: 4)",
    )


def add_choices(
    parser: argparse.ArgumentParser, *, best_of: int | None = 1
) -> None:
    """Adds what chooses among drawings: --best-of and the pen's temperature.

    Args:
      parser: The parser.
      best_of: The default.
    """
    parser.add_argument(
        "--best-of",
        type=integer(1),
        default=best_of,
        metavar="N",
        help="draw N of each and keep the likeliest, by the point "
        f"(default: {best_of})",
    )
    parser.add_argument(
        "--softmax-temperature",
        type=number(0),
        metavar="TAU",
        help="of mixture and pen alone (default: --temperature)",
    )


def add_latent(parser: argparse.ArgumentParser) -> None:
    """Adds --latent, latent vectors from files."""
    parser.add_argument(
        "--latent",
        nargs="+",
        metavar="FILE[:I]",
        help="z of drawing I of a .json or .npz that --also wrote",
    )


def add_word(parser: argparse.ArgumentParser, default: str) -> None:
    """Adds --word, for class-conditioned models.

    Args:
      parser: The parser.
      default: What is drawn without it.
    """
    parser.add_argument(
        "--word",
        nargs="+",
        metavar="WORD",
        help="for a class-conditioned model: what to draw; several are gone "
        f"round in their order (default: {default})",
    )


OWN_WORDS = "each drawing's own, by the data"
"""The default of `--word` where there are data."""


def add_z(parser: argparse.ArgumentParser, default: str) -> None:
    """Adds --z, how a sketch is encoded."""
    parser.add_argument(
        "--z",
        choices=("sample", "mean"),
        default=default,
        help=f"whether z is sampled or the mean (default: {default})",
    )


def drawing_file(text: str) -> str:
    """Checks that a file is one that pictures are written to."""
    try:
        drawing.check_ending(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None
    return text


def integer(least: int, most: int | None = None) -> Callable[[str], int]:
    """Makes a type: whole numbers from `least` on, or to `most`."""

    def parse(text: str) -> int:
        try:
            value = int(text)
        except ValueError:
            value = None
        if value is None or value < least or (most and value > most):
            bound = f"from {least} to {most}" if most else f"from {least} on"
            raise argparse.ArgumentTypeError(
                f"expected a whole number {bound}, got {text!r}"
            )
        return value

    return parse


def number(least: float) -> Callable[[str], float]:
    """Makes a type: finite numbers of at least `least`."""

    def parse(text: str) -> float:
        try:
            value = float(text)
        except ValueError:
            value = math.nan
        if not (math.isfinite(value) and value >= least):
            raise argparse.ArgumentTypeError(
                f"expected a number of at least {least}, got {text!r}"
            )
        return value

    return parse
