"""A bundle: all that TensorFlow Serving needs of a model, in one directory.

NAME/1/, NAME/2/, ...  the versions, each with its warm-up requests
models.config          which are served, and the labels stable and canary
batching.config, monitoring.config, compose.yaml, Dockerfile, kubernetes/
README.md              the lines to run, and what may be asked
"""

import os
import pathlib
import shutil
import string
from importlib import resources
from typing import NamedTuple

from export import saved_model, signatures, status
from export.serving import models_config, names, warmup
from sketch_rnn_tf import locks, partials, version as version_lib
from sketch_rnn_tf.model import vae

TEMPLATES = (
    "batching.config",
    "monitoring.config",
    "compose.yaml",
    "Dockerfile",
    "kubernetes/deployment.yaml",
    "kubernetes/service.yaml",
    "kubernetes/autoscaler.yaml",
    "README.md",
)
"""Files that are the same for all versions, and that people may edit."""

IMAGE_TAG = "2.21.0"
"""Of TensorFlow Serving's image: its protobufs are those of the package."""


class Written(NamedTuple):
    """What an export has written.

    Attributes:
      version: The new version's directory.
      files: Files written, relative to the bundle.
      kept: Files that were there and were left as they are.
    """

    version: pathlib.Path
    files: list[str]
    kept: list[str]


def export_serving(
    model: "vae.SketchRNN",
    directory: str | os.PathLike,
    *,
    name: str = "sketch_rnn",
    promoted: bool = False,
    renew: bool = False,
) -> Written:
    """Writes a bundle, or the next version of a model into one.

    The versions before stay as they are.  The new one is labelled `canary`,
    and `stable` as well if it is the first; a server that watches the bundle
    serves both.

    Args:
      model: The model.
      directory: The bundle, new or not.
      name: What the model is served as.
      promoted: Whether the new version is to be `stable` at once.
      renew: Whether files that are there already are written anew, too;
        models.config always is, with what it holds.

    Returns:
      What was written.

    Raises:
      ValueError: If `name` cannot be one, `directory` is a file, or the
        models.config in it cannot be read; nothing is written then.
    """
    directory = pathlib.Path(directory)
    names.check(name)
    if directory.exists() and not directory.is_dir():
        raise ValueError(f"{directory}: expected a directory, got a file")
    # Two at once would each write a list without the other's version.
    with locks.waited_for(directory):
        return _export_serving(model, directory, name, promoted, renew)


def _export_serving(model, directory, name, promoted, renew):
    config = models_config.read(directory)
    version = saved_model.export_saved_model(
        model,
        directory / name,
        beside=lambda path: warmup.write(path, model, name=name),
        browser=False,
    )
    number = int(version.name)
    try:
        config = models_config.with_version(
            config, name, number, promoted=promoted
        )
        files, kept = [models_config.FILE], []
        values = _values(model, name, number)
        for template in TEMPLATES:
            path = directory / template
            if path.exists() and not renew:
                kept.append(template)
                continue
            text = string.Template(_text(template)).substitute(values)
            with partials.file(path) as partial:
                partial.write_text(text)
            files.append(template)
        # Last: a server that watches it must find all that it names.
        models_config.write(directory, config)
    except BaseException:
        shutil.rmtree(version, ignore_errors=True)
        raise
    return Written(version, files, kept)


def _text(template):
    """Returns a template's text, which the package brings along."""
    return (resources.files(__package__) / "templates" / template).read_text()


def _values(model, name, number):
    return {
        "name": name,
        "label": names.dns_label(name),
        "version": number,
        "tag": IMAGE_TAG,
        "package_version": version_lib.__version__,
        "max_len": model.config.max_len,
        **_of_classes(model.config),
        "signatures": _signatures_table(model),
        "statuses": "\n".join(
            f"| {code} | {meaning} |"
            for code, meaning in status.MEANINGS.items()
            if code != status.BAD_LABELS or model.config.class_size
        ),
    }


def _of_classes(config):
    """Returns what is said of a class-conditioned model; of others nothing."""
    if not config.class_size:
        names = ("label_row", "label_column", "word_index", "labels")
        return dict.fromkeys(names, "")
    words = ", ".join(f"{i} {word}" for i, word in enumerate(config.words))
    return {
        "label_row": ', "labels": 0',
        "label_column": ', "labels": [0]',
        "word_index": " --word-index 0",
        "labels": f"\n`labels` say what to draw: {words}.",
    }


def _signatures_table(model):
    """Returns the model's signatures as rows of a Markdown table."""
    rows = []
    functions = signatures.Signatures(model).functions
    for name, function in functions.items():
        inputs = [_shown(spec.name, spec) for spec in function.input_signature]
        outputs = [
            _shown(key, value)
            for key, value in sorted(
                function.get_concrete_function().structured_outputs.items()
            )
        ]
        rows.append(
            f"| `{name}` | {', '.join(inputs)} | {', '.join(outputs)} |"
        )
    return "\n".join(rows)


def _shown(name, spec):
    sizes = ["B", *("T" if n is None else str(n) for n in spec.shape[1:])]
    return f"`{name}` {spec.dtype.name} [{', '.join(sizes)}]"
