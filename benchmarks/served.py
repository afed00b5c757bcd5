"""The SavedModel that a benchmark serves: a bundle, or a model's export."""

import argparse
import contextlib
import pathlib
import tempfile
from collections.abc import Iterator


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds --model and --bundle, of which one has to be given."""
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument("--model", metavar="DIR", help="a work directory")
    what.add_argument(
        "--bundle", metavar="DIR", help="versions of a SavedModel: 1, 2, ..."
    )


@contextlib.contextmanager
def versions(arguments: argparse.Namespace) -> Iterator[pathlib.Path]:
    """Yields the directory of the versions; that of an export is temporary.

    Raises:
      ValueError: If there is no such model.
    """
    if arguments.bundle:
        yield pathlib.Path(arguments.bundle).resolve()
        return
    # Loads Keras and the decoder, which a bundle does without.
    import export
    from sketch_rnn_tf import training

    with tempfile.TemporaryDirectory() as folder:
        export.export_saved_model(training.load(arguments.model), folder)
        yield pathlib.Path(folder)
