"""The arguments of the commands that make data and look at them."""

from collections.abc import Callable

from sketch_rnn_tf.command_line import options
from sketch_rnn_tf.preparation import recipes


def add_prepare(add: Callable) -> None:
    """Adds `prepare`.

    Args:
      add: Makes a command's parser from its name, summary and examples.
    """
    parser = add(
        "prepare",
        "write a data set's records to disk, for TFDS",
        "sketch-rnn prepare --dataset quickdraw_strokes/doodles",
        "sketch-rnn prepare --dataset quickdraw_strokes/cat",
        "sketch-rnn prepare --dataset quickdraw_strokes/quickdraw75 "
        "--source https://mirror.example/quickdraw",
        "sketch-rnn prepare --dataset quickdraw_strokes/cat+pig "
        "--format raw --recipe google --only-recognized",
        "sketch-rnn prepare --dataset quickdraw_strokes/all "
        "--format simplified --max-drawings 1000",
        "sketch-rnn prepare --dataset my_sketches.npz",
        "sketch-rnn prepare --dataset folder_of_ndjson",
        "sketch-rnn prepare --dataset quickdraw_strokes/all --source "
        "/nfs/quickdraw --beam-options=--runner=FlinkRunner",
    )
    parser.add_argument(
        "--dataset",
        required=True,
        metavar="NAME|FILE|DIR",
        help="quickdraw_strokes/ and a word, words joined by +, all, "
        "quickdraw75 or doodles; or an npz or ndjson file, or a folder of them",
    )
    parser.add_argument(
        "--source",
        metavar="URL|DIR",
        help="where the files are, instead of Google's bucket: a mirror of it",
    )
    parser.add_argument(
        "--format",
        choices=("sketchrnn", "simplified", "raw"),
        help="which files: npz, simplified ndjson or raw ndjson (default: "
        "sketchrnn, or what a file's name says)",
    )
    _add_recipe(parser)
    parser.add_argument(
        "--max-drawings",
        type=_number_or_all,
        metavar="N|all",
        help="most drawings of a word, in all splits (default: 75000 of "
        "ndjson, all of npz)",
    )
    parser.add_argument(
        "--only-recognized",
        action="store_true",
        help="take none but the drawings that the game recognised (ndjson)",
    )
    parser.add_argument(
        "--dtype",
        choices=("int16", "float32"),
        help="of the numbers on disk (default: int16 where that loses nothing)",
    )
    add_max_bad(parser)
    parser.add_argument(
        "--processes",
        type=options.integer(1),
        metavar="N",
        help="that read files (default: one a core)",
    )
    parser.add_argument(
        "--sums",
        metavar="FILE",
        help="SHA-256 sums of the files to download, as sha256sum writes them",
    )
    parser.add_argument(
        "--beam-options",
        metavar="OPTIONS",
        help="have an Apache Beam pipeline with these options do the work, "
        "--beam-options='--runner=... --...' (= '' is Beam's local runner)",
    )
    options.add_data_dir(parser)


def add_max_bad(parser) -> None:
    """Adds --max-bad."""
    parser.add_argument(
        "--max-bad",
        type=options.number(0),
        metavar="SHARE",
        help="largest share of records that may be bad (default: 0.1)",
    )


def _add_recipe(parser):
    parser.add_argument(
        "--recipe",
        choices=recipes.RECIPES,
        help="how ndjson drawings are made smaller (default: paper for raw "
        "files, none for simplified ones)",
    )
    parser.add_argument(
        "--epsilon",
        type=options.number(0),
        metavar="E",
        help="of Ramer-Douglas-Peucker, pixels (default: 2)",
    )
    parser.add_argument(
        "--max-points",
        type=options.integer(1),
        metavar="N",
        help="most points of a drawing (default: 200 with the paper's recipe)",
    )
    parser.add_argument(
        "--too-long",
        choices=recipes.TOO_LONG,
        help="drop longer drawings, or simplify them further (default: drop)",
    )


def _number_or_all(text):
    return 0 if text == "all" else options.integer(1)(text)


def add_convert(add: Callable) -> None:
    """Adds `convert`; `add` as of `add_prepare`."""
    parser = add(
        "convert",
        "turn drawings, of SVG, scans, ndjson, npz or JSON, into training "
        "data or pictures",
        "sketch-rnn convert drawings/ --out data",
        "sketch-rnn convert cats/*.svg --out cats.npz",
        "sketch-rnn convert scans/ --out scans.npz --epsilon 2",
        "sketch-rnn convert cat.ndjson --out cat --tfds",
        "sketch-rnn convert cats.npz --out sheet.png --count 36",
        "sketch-rnn convert cats.npz --out pictures --each svg",
    )
    parser.add_argument(
        "source",
        nargs="+",
        metavar="SOURCE",
        help="svg, png, jpeg, ndjson, npz or json files, or folders of them; "
        "pictures in a folder are labelled by its name, others by their own",
    )
    parser.add_argument(
        "--out",
        required=True,
        metavar="DATA",
        help="an npz, ndjson or json file; a folder, for an npz file of each "
        "label; or an svg or png file, for a contact sheet",
    )
    parser.add_argument(
        "--box",
        type=options.number(0),
        metavar="SIZE",
        help="scale each drawing's longest side to this; 0 keeps the units "
        "(default: 255, but 0 for npz and ndjson)",
    )
    parser.add_argument(
        "--epsilon",
        type=options.number(0),
        metavar="E",
        help="of Ramer-Douglas-Peucker, in units of the result (default: 1 "
        "for svg and scans, 0 for others)",
    )
    parser.add_argument(
        "--max-points",
        type=options.integer(1),
        metavar="N",
        help="most points of a sketch (default: no limit)",
    )
    parser.add_argument(
        "--too-long",
        choices=recipes.TOO_LONG,
        help="drop longer drawings, or simplify them further (default: drop)",
    )
    parser.add_argument(
        "--whole",
        action="store_true",
        help="round points to whole numbers, which are stored in half the room",
    )
    parser.add_argument(
        "--split",
        choices=("train", "valid", "test"),
        help="which to draw or list (default: all)",
    )
    parser.add_argument(
        "--count",
        type=options.integer(1),
        default=100,
        metavar="N",
        help="sketches on a contact sheet (default: 100)",
    )
    parser.add_argument(
        "--each",
        choices=("svg", "png"),
        help="write a picture of each sketch into the folder",
    )
    parser.add_argument(
        "--tfds",
        action="store_true",
        help="prepare TFDS records of the npz files as well",
    )
    add_max_bad(parser)
    options.add_data_dir(parser)


def add_inspect(add: Callable) -> None:
    """Adds `inspect`; `add` as of `add_prepare`."""
    parser = add(
        "inspect",
        "say what a data set holds, and draw some of it",
        "sketch-rnn inspect cats.npz",
        "sketch-rnn inspect quickdraw_strokes/doodles --out report",
        "sketch-rnn inspect folder_of_npz --json",
    )
    parser.add_argument(
        "data",
        metavar="DATA",
        help="a TFDS name, files or folders of any kind that convert reads, or "
        "a comma-separated list",
    )
    parser.add_argument(
        "--out",
        metavar="DIR",
        help="write report.json, lengths and a contact sheet, SVG and PNG",
    )
    parser.add_argument(
        "--json", action="store_true", help="print the report as JSON"
    )
    parser.add_argument(
        "--split",
        choices=("train", "valid", "test"),
        default="train",
        help="whose sketches are drawn (default: train)",
    )
    parser.add_argument(
        "--count",
        type=options.integer(1),
        default=100,
        metavar="N",
        help="sketches on the sheet (default: 100)",
    )
    parser.add_argument(
        "--seed",
        type=options.integer(0),
        default=0,
        help="of their choice (default: 0)",
    )
    options.add_data_dir(parser)
