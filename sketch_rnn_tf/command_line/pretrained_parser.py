"""The arguments of the commands about models that are there already."""

from collections.abc import Callable

from sketch_rnn_tf.command_line import options


def _add_models(add):
    parser = add(
        "models",
        "list the models that come with the package",
        "sketch-rnn models",
        "sketch-rnn models quickdraw-car",
        "sketch-rnn models --json",
    )
    parser.add_argument(
        "name", nargs="?", metavar="NAME", help="one of them: print its card"
    )
    parser.add_argument(
        "--json", action="store_true", help="print the cards as JSON"
    )


def _add_pack(add):
    parser = add(
        "pack",
        "make a small folder of a trained model, with a card, to pass on",
        "sketch-rnn pack --model work --data quickdraw_strokes/doodles "
        "--name my-doodles --out packed --summary 'Ten kinds of doodles.' "
        "--trained-on 'The embedded doodles.' --licence Apache-2.0 "
        "--attribution 'Made by the drawers of sketch_rnn_tf.'",
        "sketch-rnn sample --model packed/my-doodles --out samples.svg",
    )
    options.add_model(parser)
    options.add_data(parser)
    options.add_split(parser)
    parser.add_argument(
        "--name",
        required=True,
        help="what the model is to be called: small letters, digits, hyphens",
    )
    parser.add_argument(
        "--out",
        required=True,
        metavar="DIR",
        help="where the folder NAME is made",
    )
    parser.add_argument(
        "--quantize",
        choices=("auto", "uint8", "uint16", "none"),
        default="auto",
        help="how to write matrices; auto takes the smallest that changes "
        "L_R by less than 0.002 nats, and all are refused that change it by "
        "more (default: auto)",
    )
    card = parser.add_argument_group("the card")
    for name, text in (
        ("summary", "what the model draws"),
        ("trained-on", "what data it was trained on"),
        ("licence", "the data's, such as 'CC BY 4.0'"),
        ("attribution", "whom the licence asks to name, a sentence"),
    ):
        card.add_argument(f"--{name}", required=True, metavar="TEXT", help=text)
    card.add_argument(
        "--limits",
        nargs="+",
        action="extend",
        default=[],
        metavar="TEXT",
        help="what it cannot do, a sentence each",
    )
    card.add_argument(
        "--fact",
        nargs="+",
        action="extend",
        default=[],
        metavar="NAME=TEXT",
        help="of its training: 'preset=magenta' 'hardware=two CPU cores'; "
        "steps, validation loss and minutes are in the work directory",
    )
    card.add_argument(
        "--evaluated-on",
        metavar="TEXT",
        help="what the data to measure on is called (default: the names in "
        "--data, without folders, and the split)",
    )


def _add_download(add):
    parser = add(
        "download",
        "get one of the published sketch-rnn-js models",
        "sketch-rnn download",
        "sketch-rnn download cat",
        "sketch-rnn download the_mona_lisa --large --out mona",
        "sketch-rnn download cat --base-url https://mirror.example/models",
        "sketch-rnn download mine --url file:///models/mine.gen.json",
        "sketch-rnn sample --model cat --out cats.svg",
    )
    parser.add_argument(
        "name",
        nargs="?",
        metavar="NAME",
        help="cat, pig, catpig, the_mona_lisa, ... (without one: list them)",
    )
    parser.add_argument(
        "--out",
        metavar="DIR",
        help="a new work directory (default: NAME)",
    )
    where = parser.add_mutually_exclusive_group()
    where.add_argument(
        "--large",
        action="store_true",
        help="the larger model of this name",
    )
    where.add_argument(
        "--base-url",
        metavar="URL|DIR",
        help="where files NAME.gen.json are, instead of Google's bucket",
    )
    where.add_argument(
        "--url", metavar="URL|FILE", help="the file itself, of any name"
    )
    parser.add_argument(
        "--sha256", metavar="HEX", help="what the file's sum has to be"
    )
    parser.add_argument(
        "--seconds",
        type=options.number(0.1),
        default=120.0,
        help="give up after so long (default: 120)",
    )
    parser.add_argument(
        "--max-megabytes",
        type=options.number(0.001),
        default=64.0,
        metavar="MB",
        help="refuse larger files (default: 64)",
    )


ALL: tuple[Callable, ...] = (_add_models, _add_pack, _add_download)
"""Each adds a command, given what makes a parser; see `parser`."""
