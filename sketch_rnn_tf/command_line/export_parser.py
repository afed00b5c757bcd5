"""The arguments of `export`, which writes a model for deployment."""

from collections.abc import Callable

from sketch_rnn_tf.command_line import options


def add_export(add: Callable, add_kind: Callable) -> None:
    """Adds `export`.

    Args:
      add: Makes a command's parser from its name, summary and examples.
      add_kind: Makes that of one of its kinds, given all of them first.
    """
    parser = add(
        "export",
        "write a model for deployment",
        "sketch-rnn export saved-model --model work --out saved_model",
        "sketch-rnn export serving --model work --out bundle",
        "sketch-rnn export tfjs --model work --out page --page",
    )
    kinds = parser.add_subparsers(dest="kind", required=True)
    for add_one in (
        _add_saved_model,
        _add_serving,
        _add_promote,
        _add_tfjs,
        _add_library,
    ):
        add_one(kinds, add_kind)


def _add_saved_model(kinds, add):
    parser = add(
        kinds,
        "saved-model",
        "write a SavedModel with signatures to draw, encode and score",
        "sketch-rnn export saved-model --model work --out saved_model",
        "saved_model_cli show --dir saved_model/1 --all",
    )
    options.add_model(parser)
    parser.add_argument(
        "--out",
        required=True,
        metavar="DIR",
        help="what holds the versions 1, 2, ...: the next one is written",
    )


def _add_serving(kinds, add):
    parser = add(
        kinds,
        "serving",
        "write a bundle for TensorFlow Serving, or the next version into one",
        "sketch-rnn export serving --model work --out bundle",
        "sketch-rnn export serving --model better --out bundle --promote",
        "sketch-rnn export serving --model cats --out bundle --name cats",
    )
    options.add_model(parser)
    _add_bundle(parser)
    parser.add_argument(
        "--promote",
        action="store_true",
        help="label it stable at once (default: canary; stable stays, unless "
        "it is the first)",
    )
    parser.add_argument(
        "--renew",
        action="store_true",
        help="write configuration and README anew where they are there "
        "(default: keep them)",
    )


def _add_promote(kinds, add):
    parser = add(
        kinds,
        "promote",
        "make a bundle's canary, or another version of it, the stable one",
        "sketch-rnn export promote --out bundle",
        "sketch-rnn export promote --out bundle --version 1",
    )
    _add_bundle(parser)
    parser.add_argument(
        "--version",
        type=options.integer(1),
        metavar="N",
        help="which one (default: the canary)",
    )


def _add_tfjs(kinds, add):
    parser = add(
        kinds,
        "tfjs",
        "write a model for browsers: a TensorFlow.js graph model",
        "sketch-rnn export tfjs --model work --out web_model",
        "sketch-rnn export tfjs --model work --out page --page "
        "--quantize uint16",
        "sketch-rnn export tfjs --model all --out page --page",
    )
    options.add_model(parser, several=True)
    parser.add_argument(
        "--out",
        required=True,
        metavar="DIR",
        help="new, or an earlier export, which is replaced; with --page, "
        "the page's, which gets one more model",
    )
    parser.add_argument(
        "--quantize",
        choices=("none", "uint16", "uint8"),
        default="none",
        help="how to write matrices: uint16 halves the size, uint8 quarters "
        "it and draws less exactly (default: none)",
    )
    parser.add_argument(
        "--page",
        action="store_true",
        help="write the page to draw on, too, with these models in its list; "
        "`--model all` is all that are shipped",
    )
    parser.add_argument(
        "--name", help="what the page calls the model (default: its folder's)"
    )


def _add_library(kinds, add):
    parser = add(
        kinds,
        "sketch-rnn-js",
        "write a weight file that the JavaScript library reads",
        "sketch-rnn export sketch-rnn-js --model work --out work.gen.json",
    )
    options.add_model(parser)
    parser.add_argument("--out", required=True, metavar="FILE")
    parser.add_argument(
        "--name", help="the model's name in the file (default: DIR's)"
    )


def _add_bundle(parser):
    parser.add_argument(
        "--out", required=True, metavar="DIR", help="the bundle"
    )
    parser.add_argument(
        "--name",
        default="sketch_rnn",
        help="what the model is served as (default: sketch_rnn)",
    )
