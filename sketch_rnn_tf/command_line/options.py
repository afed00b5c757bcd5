"""Options that several commands share, and the types of their values."""

import argparse
import math
from collections.abc import Callable

from sketch_rnn_tf import presets

ENDINGS = (".svg", ".png")
# `strategies.NAMES`, which cannot be had without TensorFlow.
STRATEGIES = ("none", "mirrored", "multi_worker")


def add_model(parser: argparse.ArgumentParser) -> None:
    """Adds --model."""
    parser.add_argument(
        "--model", required=True, metavar="DIR", help="a work directory"
    )


def add_data(parser: argparse.ArgumentParser) -> None:
    """Adds --data, and --data-dir."""
    parser.add_argument(
        "--data",
        required=True,
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
    parser.add_argument(
        "--set",
        nargs="+",
        action="extend",
        default=[],
        metavar="KEY=VALUE",
        help="configuration keys, over the preset and the file",
    )
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
    parser.add_argument(
        "--resume",
        action="store_true",
        help="go on from the last checkpoint, also of a killed training; "
        "steps, validate_every, learning rates and gradient_clip may change",
    )


def add_split(parser: argparse.ArgumentParser) -> None:
    """Adds --split."""
    parser.add_argument(
        "--split", choices=("train", "valid", "test"), default="test"
    )


def add_choice(parser: argparse.ArgumentParser) -> None:
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
        default=8,
        help="how many, where no index is given (default: 8)",
    )


def add_drawing(parser: argparse.ArgumentParser) -> None:
    """Adds how to draw, and where to."""
    parser.add_argument(
        "--temperature",
        type=number(0),
        default=0.4,
        metavar="TAU",
        help="0 is greedy, 1 as the model was trained (default: 0.4)",
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
        help="an .svg or a .png file",
    )
    parser.add_argument(
        "--also",
        nargs="+",
        choices=("json", "npz"),
        default=[],
        help="write stroke-3, z and seeds beside it, too",
    )


def drawing_file(text: str) -> str:
    """Checks that a file is one that drawings are written to."""
    if not text.endswith(ENDINGS):
        raise argparse.ArgumentTypeError(
            f"expected a file ending in {' or '.join(ENDINGS)}, got {text!r}"
        )
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
