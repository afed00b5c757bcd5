"""The command export."""

import argparse
import pathlib
import shlex

import export as export_lib
from sketch_rnn_tf import pretrained, training
from sketch_rnn_tf.weights import sketch_rnn_js

ALL = "all"
"""What `--model` means all shipped models by, for the page."""


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

    given = arguments.model
    if len(given) > 1 and not arguments.page:
        raise ValueError(
            f"model: expected one without --page, got {len(given)}"
        )
    if given == [ALL] and arguments.page and not pathlib.Path(ALL).is_dir():
        given = pretrained.names()
        if not given:
            raise ValueError("model: no model comes with this installation")
    if len(given) > 1 and arguments.name:
        raise ValueError(
            f"name: expected one model to give it to, got {len(given)}"
        )
    # Before the first is written.
    paths = [pretrained.find(one) for one in given]
    for path in paths:
        model = training.load(path)
        name = arguments.name or path.resolve().name
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
            word = model.config.words[0]
            print(f"{name}: the page draws {word} until a word is chosen")
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
