"""The arguments of the commands that draw."""

from collections.abc import Callable

from sketch_rnn_tf.command_line import options


def _add_sample(add):
    parser = add(
        "sample",
        "draw new sketches",
        "sketch-rnn sample --model work --count 9 --out samples.svg",
        "sketch-rnn sample --model work --count 100 --temperature 0.4 "
        "--seed 7 --out samples.png --also json npz",
        "sketch-rnn sample --model work --temperature 0.2 0.4 0.6 0.9 "
        "--count 10 --out rows.svg",
        "sketch-rnn sample --model work --count 4 --best-of 8 --out best.gif",
        "sketch-rnn sample --model work --word cat pig --out cats_and_pigs.svg",
    )
    options.add_model(parser)
    options.add_word(
        parser,
        "the model's words in turn, drawing i of C words has word i mod C",
    )
    parser.add_argument(
        "--count",
        type=options.integer(1),
        default=9,
        help="how many, or how many a temperature (default: 9)",
    )
    parser.add_argument(
        "--columns", type=options.integer(1), help="of the grid"
    )
    parser.add_argument(
        "--max-len",
        type=options.integer(1),
        help="points at most (default: N_max)",
    )
    options.add_latent(parser)
    options.add_choices(parser)
    options.add_drawing(parser, temperature=(0.4,))


def _add_reconstruct(add):
    parser = add(
        "reconstruct",
        "encode sketches and draw them again",
        "sketch-rnn reconstruct --model work --data sheep.npz "
        "--out reconstructions.svg",
        "sketch-rnn reconstruct --model work --data "
        "quickdraw_strokes/doodles --index 3 14 15 --out three.png",
        "sketch-rnn reconstruct --model work --data toothbrush.svg "
        "--temperature 0.01 0.2 0.4 0.6 0.8 1 --out cat_like.svg",
        "sketch-rnn reconstruct --model high low --data sheep.npz "
        "--out side_by_side.svg",
    )
    options.add_model(parser, several=True)
    options.add_data(parser)
    options.add_split(parser)
    options.add_choice(parser)
    options.add_z(parser, "sample")
    options.add_word(parser, options.OWN_WORDS)
    options.add_drawing(parser, temperature=(0.4,))


def _add_interpolate(add):
    parser = add(
        "interpolate",
        "draw what lies between sketches",
        "sketch-rnn interpolate --model work --data sheep.npz --index 3 14 "
        "--out path.svg",
        "sketch-rnn interpolate --model work --data sheep.npz "
        "--index 3 14 15 92 --steps 8 --out grid.png",
        "sketch-rnn interpolate --model work --ends 4 --seed 5 --out four.svg",
        "sketch-rnn interpolate --model work --walk 36 --out walk.gif",
    )
    options.add_model(parser, several=True)
    options.add_data(parser, required=False)
    options.add_split(parser)
    options.add_choice(parser)
    options.add_z(parser, "mean")
    options.add_latent(parser)
    options.add_word(
        parser,
        "those of the ends, by the data or file, else the model's in turn; "
        "a drawing has that of the nearer end, a walk the first",
    )
    parser.add_argument(
        "--ends",
        type=int,
        choices=(2, 4),
        default=4,
        help="how many to draw from the prior, where neither --data nor "
        "--latent gives them (default: 4)",
    )
    parser.add_argument(
        "--steps",
        type=options.integer(2),
        default=8,
        help="drawings from end to end, along each side (default: 8)",
    )
    parser.add_argument(
        "--walk",
        type=options.integer(7),
        metavar="N",
        help="instead: N steps at random through the latent space and back",
    )
    parser.add_argument(
        "--method",
        choices=("slerp", "lerp"),
        default="slerp",
        help="on the arc or on the straight line (default: slerp)",
    )
    options.add_drawing(parser, temperature=0.2)


def _add_analogy(add):
    parser = add(
        "analogy",
        "add and subtract sketches",
        "sketch-rnn analogy --model work --data quickdraw_strokes/doodles "
        "--plus 3 14 --minus 15 --out sum.svg",
    )
    options.add_model(parser)
    options.add_data(parser)
    options.add_split(parser)
    parser.add_argument(
        "--plus",
        type=options.integer(0),
        nargs="+",
        required=True,
        metavar="I",
        help="sketches of the split to add",
    )
    parser.add_argument(
        "--minus",
        type=options.integer(0),
        nargs="*",
        default=[],
        metavar="I",
        help="sketches of the split to subtract",
    )
    options.add_word(
        parser, "what is left of the words of --plus less those of --minus"
    )
    options.add_drawing(parser, temperature=(0.1, 0.3, 0.5))


def _add_complete(add):
    parser = add(
        "complete",
        "go on with the beginnings of sketches",
        "sketch-rnn complete --model work --data sheep.npz "
        "--out completions.svg",
        "sketch-rnn complete --model work --data begun.svg --points 20 "
        "--endings 9 --best-of 4 --out nine.svg",
    )
    options.add_model(parser)
    options.add_data(parser)
    options.add_split(parser)
    options.add_choice(parser)
    parser.add_argument(
        "--points",
        type=options.integer(1),
        metavar="N",
        help="how many points of each to give (default: half)",
    )
    parser.add_argument(
        "--endings",
        type=options.integer(1),
        default=4,
        metavar="N",
        help="endings for each sketch (default: 4)",
    )
    options.add_choices(parser)
    options.add_word(parser, options.OWN_WORDS)
    options.add_drawing(parser, temperature=0.8)


def _add_variations(add):
    parser = add(
        "variations",
        "draw similar but unique sketches, in a grid or as a pattern",
        "sketch-rnn variations --model work --data sheep.npz --index 5 "
        "--out flock.svg",
        "sketch-rnn variations --model work --data sheep.npz --count 3 "
        "--pattern 6 6 --out tile.svg",
    )
    options.add_model(parser)
    options.add_data(parser)
    options.add_split(parser)
    options.add_choice(parser, count=1)
    parser.add_argument(
        "--variations",
        type=options.integer(1),
        default=24,
        metavar="N",
        help="how many (default: 24)",
    )
    parser.add_argument(
        "--spread",
        type=options.number(0),
        default=1.0,
        metavar="SIGMA",
        help="how far z strays, in deviations of the encoding (default: 1)",
    )
    parser.add_argument(
        "--pattern",
        type=options.integer(1),
        nargs=2,
        metavar=("COLUMNS", "ROWS"),
        help="make a tile that repeats without a seam, for prints",
    )
    parser.add_argument(
        "--repeat",
        type=options.integer(1),
        default=1,
        metavar="N",
        help="show N by N tiles of the pattern (default: 1)",
    )
    options.add_word(parser, options.OWN_WORDS)
    options.add_drawing(parser, temperature=0.3)


def _add_beautify(add):
    parser = add(
        "beautify",
        "redraw clumsy sketches with a steady hand",
        "sketch-rnn beautify --model work --data clumsy.svg --out better.svg",
    )
    options.add_model(parser)
    options.add_data(parser)
    options.add_split(parser)
    options.add_choice(parser)
    parser.add_argument(
        "--best-of",
        type=options.integer(1),
        default=8,
        metavar="N",
        help="draw N of each and keep the likeliest (default: 8)",
    )
    options.add_word(parser, options.OWN_WORDS)
    options.add_drawing(parser, temperature=0.1)


def _add_lesson(add):
    parser = add(
        "lesson",
        "show how to draw a sketch, a stroke a panel",
        "sketch-rnn lesson --data quickdraw_strokes/doodles --index 3 "
        "--out lesson.svg",
        "sketch-rnn lesson --model work --seed 5 --out lesson.svg",
    )
    parser.add_argument(
        "--model", metavar="DIR|NAME", help="draws the sketch, without --data"
    )
    options.add_data(parser, required=False)
    options.add_split(parser)
    parser.add_argument(
        "--index",
        type=options.integer(0),
        nargs=1,
        metavar="I",
        help="which sketch of the split (default: the first)",
    )
    options.add_word(parser, "the model's first, where it draws")
    options.add_drawing(parser, temperature=0.2)


def _add_score(add):
    parser = add(
        "score",
        "rank sketches by their loss, worst first",
        "sketch-rnn score --model work --data sheep.npz --out worst.svg",
    )
    options.add_model(parser)
    options.add_data(parser)
    options.add_split(parser)
    options.add_choice(parser, count=300)
    options.add_z(parser, "mean")
    parser.add_argument(
        "--shown",
        type=options.integer(1),
        default=60,
        metavar="N",
        help="sketches in the picture (default: 60)",
    )
    options.add_word(parser, options.OWN_WORDS)
    options.add_drawing(parser)


def _add_density(add):
    parser = add(
        "density",
        "show where the next point may fall, as heat along a drawing",
        "sketch-rnn density --model work --data sheep.npz --index 5 "
        "--out heat.png",
    )
    options.add_model(parser)
    options.add_data(parser)
    options.add_split(parser)
    options.add_choice(parser, count=3)
    parser.add_argument(
        "--panels",
        type=options.integer(0),
        default=4,
        metavar="N",
        help="single steps shown of each (default: 4)",
    )
    options.add_word(parser, options.OWN_WORDS)
    options.add_drawing(parser, temperature=1.0)


ALL: tuple[Callable, ...] = (
    _add_sample,
    _add_reconstruct,
    _add_interpolate,
    _add_analogy,
    _add_complete,
    _add_variations,
    _add_beautify,
    _add_lesson,
    _add_score,
    _add_density,
)
"""Each adds a command, given what makes a parser; see `parser`."""

NAMES = tuple(add.__name__.removeprefix("_add_") for add in ALL)
"""Of the commands that draw."""
