"""The command export."""

import argparse
import pathlib
import shlex

import export as export_lib
from sketch_rnn_tf import training
from sketch_rnn_tf.weights import sketch_rnn_js


def export(arguments: argparse.Namespace) -> None:
    """Writes a model for deployment."""
    {
        "saved-model": _saved_model,
        "serving": _serving,
        "promote": _promote,
        "tfjs": _tfjs,
        "sketch-rnn-js": _sketch_rnn_js,
    }[arguments.kind](arguments)


def _saved_model(arguments):
    model = training.load(arguments.model)
    print("wrote", export_lib.export_saved_model(model, arguments.out))


def _serving(arguments):
    from export import serving

    written = serving.export_serving(
        training.load(arguments.model),
        arguments.out,
        name=arguments.name,
        promoted=arguments.promote,
        renew=arguments.renew,
    )
    print("wrote", written.version)
    print("wrote", ", ".join(written.files), "in", arguments.out)
    if written.kept:
        print("kept", ", ".join(written.kept), "(--renew writes them anew)")
    print(f"{pathlib.Path(arguments.out, 'README.md')} has the lines to run")


def _promote(arguments):
    from export import serving

    version = serving.promote(
        arguments.out, name=arguments.name, version=arguments.version
    )
    print(f"{arguments.name}: version {version} is stable")


def _tfjs(arguments):
    from export import tfjs

    model = training.load(arguments.model)
    name = arguments.name or pathlib.Path(arguments.model).resolve().name
    if not arguments.page:
        written = tfjs.export_tfjs(
            model, arguments.out, quantize=arguments.quantize, name=name
        )
        print("wrote", written)
        return
    written = tfjs.export_page(
        model, arguments.out, quantize=arguments.quantize, name=name
    )
    print("wrote", written, "for the page in", arguments.out)
    if model.config.class_size:
        print(f"the page draws {model.config.words[0]} until a word is chosen")
    print(
        "serve it with: python -m http.server --bind 127.0.0.1 "
        f"--directory {shlex.quote(str(arguments.out))}"
    )


def _sketch_rnn_js(arguments):
    written = sketch_rnn_js.export_sketch_rnn_js(
        training.load(arguments.model),
        arguments.out,
        name=arguments.name or pathlib.Path(arguments.model).name,
    )
    print("wrote", written)
