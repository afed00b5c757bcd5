"""The arguments of the command that makes the figures of the paper."""

from collections.abc import Callable

from sketch_rnn_tf.command_line import options


def add_figures(add: Callable) -> None:
    """Adds `figures`, given what makes a parser; see `parser`."""
    parser = add(
        "figures",
        "make every figure of the paper that models and data allow",
        "sketch-rnn figures --model work --data quickdraw_strokes/doodles "
        "--out figures",
        "sketch-rnn figures --model high --model low --uncond-model plain "
        "--experiment runs --data cat.npz,pig.npz --foreign chair.npz "
        "--out figures",
        "sketch-rnn figures --only 6 14 --model work --data cat.npz,pig.npz "
        "--out figures",
    )
    parser.add_argument(
        "--model",
        action="append",
        metavar="DIR|NAME",
        help="a conditional model; may come again",
    )
    parser.add_argument(
        "--uncond-model",
        action="append",
        metavar="DIR|NAME",
        help="a model without an encoder; may come again",
    )
    parser.add_argument(
        "--experiment",
        metavar="DIR",
        help="holds the work directories of several trainings, for Figure 8",
    )
    options.add_data(parser, required=False)
    parser.add_argument(
        "--foreign",
        metavar="SPEC",
        help="sketches of what the models do not know (default: other words "
        "of --data, or doodles)",
    )
    parser.add_argument(
        "--only",
        type=options.integer(1, 23),
        nargs="+",
        metavar="N",
        help="make these figures again, and leave the others as they are",
    )
    parser.add_argument(
        "--seed",
        type=options.integer(0, 2**30),
        default=0,
        help="of all that is random (default: 0)",
    )
    parser.add_argument(
        "--out", required=True, metavar="DIR", help="what to write to"
    )
