"""The arguments of `request`, which asks a model server."""

import argparse
import pathlib
from collections.abc import Callable

from sketch_rnn_tf.command_line import options

VECTOR_ENDINGS = (".json", ".npz")


def add_request(add: Callable, add_kind: Callable) -> None:
    """Adds `request`.

    Args:
      add: Makes a command's parser from its name, summary and examples.
      add_kind: Makes that of one of its kinds, given all of them first.
    """
    parser = add(
        "request",
        "ask a model server to draw, encode or score",
        "sketch-rnn request status --server localhost:8501",
        "sketch-rnn request complete --server localhost:8501 "
        "--data drawing.svg --out ending.svg",
        "sketch-rnn request sample --server grpc://localhost:8500 "
        "--label canary --count 9 --out samples.png",
    )
    kinds = parser.add_subparsers(dest="kind", required=True)
    for add_one in (
        _add_complete,
        _add_sample,
        _add_reconstruct,
        _add_interpolate,
        _add_encode,
        _add_score,
        _add_status,
    ):
        add_one(kinds, add_kind)


def _add_complete(kinds, add):
    parser = add(
        kinds,
        "complete",
        "go on with drawings",
        "sketch-rnn request complete --server localhost:8501 "
        "--data drawing.svg --out ending.svg",
        "sketch-rnn request complete --server localhost:8501 "
        "--data sheep.npz --index 3 14 --points 20 --endings 6 "
        "--out endings.png --also npz",
    )
    _add_server(parser)
    _add_sketches(parser)
    parser.add_argument(
        "--points",
        type=options.integer(1),
        metavar="N",
        help="how many points of each to give (default: all)",
    )
    parser.add_argument(
        "--endings",
        type=options.integer(1),
        default=4,
        metavar="N",
        help="endings for each drawing (default: 4)",
    )
    _add_word_index(parser)
    options.add_drawing(parser, temperature=0.8)


def _add_sample(kinds, add):
    parser = add(
        kinds,
        "sample",
        "draw new sketches, those of `sketch-rnn sample` with the same seed",
        "sketch-rnn request sample --server localhost:8501 --count 9 "
        "--out samples.svg",
    )
    _add_server(parser)
    parser.add_argument(
        "--count",
        type=options.integer(1),
        default=9,
        help="how many (default: 9)",
    )
    parser.add_argument(
        "--columns", type=options.integer(1), help="of the grid"
    )
    parser.add_argument(
        "--max-len",
        type=options.integer(1),
        help="points at most (default: N_max)",
    )
    _add_word_index(parser)
    options.add_drawing(parser, temperature=0.4)


def _add_reconstruct(kinds, add):
    parser = add(
        kinds,
        "reconstruct",
        "encode sketches and draw them again",
        "sketch-rnn request reconstruct --server localhost:8501 "
        "--data sheep.npz --index 3 14 15 --out again.svg",
    )
    _add_server(parser)
    _add_sketches(parser)
    options.add_z(parser, "sample")
    _add_word_index(parser)
    options.add_drawing(parser, temperature=0.4)


def _add_interpolate(kinds, add):
    parser = add(
        kinds,
        "interpolate",
        "draw what lies between two sketches",
        "sketch-rnn request interpolate --server localhost:8501 "
        "--data sheep.npz --index 3 14 --steps 8 --out path.gif",
    )
    _add_server(parser)
    _add_sketches(parser, count=2)
    parser.add_argument(
        "--steps",
        type=options.integer(2),
        default=8,
        help="drawings from end to end (default: 8)",
    )
    _add_word_index(parser)
    options.add_drawing(parser, temperature=0.2)


def _add_encode(kinds, add):
    parser = add(
        kinds,
        "encode",
        "write mu and log_var of sketches",
        "sketch-rnn request encode --server localhost:8501 "
        "--data drawing.svg --out vectors.json",
    )
    _add_server(parser)
    _add_sketches(parser)
    parser.add_argument(
        "--out",
        required=True,
        type=_vector_file,
        metavar="FILE",
        help="a .json or .npz file",
    )


def _add_score(kinds, add):
    parser = add(
        kinds,
        "score",
        "rank sketches by their loss, worst first",
        "sketch-rnn request score --server localhost:8501 --data sheep.npz "
        "--out worst.svg",
    )
    _add_server(parser)
    _add_sketches(parser, count=300)
    parser.add_argument(
        "--shown",
        type=options.integer(1),
        default=60,
        metavar="N",
        help="sketches in the picture (default: 60)",
    )
    _add_word_index(parser)
    options.add_drawing(parser)


def _add_status(kinds, add):
    parser = add(
        kinds,
        "status",
        "say how the model's versions are",
        "sketch-rnn request status --server localhost:8501",
        "sketch-rnn request status --server localhost:8501 --wait 60",
    )
    _add_server(parser)
    parser.add_argument(
        "--wait",
        type=options.number(0.001),
        metavar="SECONDS",
        help="until it is available, at most so long",
    )


def _add_server(parser):
    parser.add_argument(
        "--server",
        required=True,
        metavar="HOST:PORT",
        help="also https://host:port/prefix, or grpc://host:port",
    )
    parser.add_argument(
        "--name",
        default="sketch_rnn",
        help="of the model on the server (default: sketch_rnn)",
    )
    which = parser.add_mutually_exclusive_group()
    which.add_argument(
        "--version",
        type=options.integer(1),
        metavar="N",
        help="of the model (default: the newest)",
    )
    which.add_argument("--label", help="of the version, as stable or canary")
    parser.add_argument(
        "--timeout",
        type=options.number(0.001),
        default=60.0,
        metavar="SECONDS",
        help="for each request with its retries (default: 60)",
    )
    parser.add_argument(
        "--retries",
        type=options.integer(0),
        default=3,
        metavar="N",
        help="where the server cannot be reached or is too busy (default: 3)",
    )


def _add_word_index(parser):
    parser.add_argument(
        "--word-index",
        type=options.integer(0),
        nargs="+",
        metavar="I",
        help="of a class-conditioned model, which has to be told what to draw: "
        "indices of its words, gone round in their order",
    )


def _add_sketches(parser, *, count=8):
    options.add_data(parser)
    options.add_split(parser)
    options.add_choice(parser, count=count)


def _vector_file(text):
    if pathlib.Path(text).suffix not in VECTOR_ENDINGS:
        raise argparse.ArgumentTypeError(
            f"expected a file that ends in {' or '.join(VECTOR_ENDINGS)}, "
            f"got {text!r}"
        )
    return text
