"""The page to draw on, with the models that it offers."""

import json
import os
import pathlib
import re
from importlib import resources

from export.tfjs import exporting
from sketch_rnn_tf import locks, partials
from sketch_rnn_tf.model import vae

LIST = "models.json"

_ENTRY_KEYS = {"name", "path"}
# Parts of a built page, named by what they hold.
_PART = re.compile(r"(chunk|dist)-[A-Z0-9]{8}\.js")


def export_page(
    model: "vae.SketchRNN",
    directory: str | os.PathLike,
    *,
    name: str,
    quantize: str = "none",
) -> pathlib.Path:
    """Writes the page with a model, or one more model into a page.

    The page works from any server of static files, without a network.

    Args:
      model: The model, of any kind.
      directory: New, or a page's.  A model of the same name is replaced, the
        page's own files are written anew.
      name: What the page calls the model.
      quantize: As of `export_tfjs`.

    Returns:
      The model's directory in the page's.

    Raises:
      ValueError: If the directory holds something else, or `quantize` is
        unknown.
    """
    directory = pathlib.Path(directory)
    if directory.exists() and not directory.is_dir():
        raise ValueError(f"{directory}: expected a directory, got a file")
    # Two at once would each write a list without the other's model.
    with locks.waited_for(directory):
        return _export_page(model, directory, name, quantize)


def _export_page(model, directory, name, quantize):
    files = page_files()
    others = [one for one in _offered(directory) if one["name"] != name]
    path = _path(name, {one["path"] for one in others})
    written = exporting.export_tfjs(
        model, directory / path, quantize=quantize, name=name
    )
    # The list last: it names what is there.
    for file in files:
        _write(directory / file.name, file.read_bytes())
    entries = [*others, {"name": name, "path": path}]
    content = json.dumps(entries, indent=2, ensure_ascii=False) + "\n"
    _write(directory / "models" / LIST, content.encode())
    names = {file.name for file in files}
    for old in directory.iterdir():
        if _PART.fullmatch(old.name) and old.name not in names:
            old.unlink()
    return written


def page_files() -> list:
    """Returns the page's own files, as they stand in the package.

    Raises:
      ValueError: If the package was installed without them.
    """
    built = resources.files("export").joinpath("web", "dist")
    files = sorted(
        (file for file in built.iterdir() if file.is_file()),
        key=lambda file: file.name,
    )
    if not any(file.name == "index.html" for file in files):
        raise ValueError(f"{built}: expected the built page, got none")
    return files


def _offered(directory):
    """Returns the models that a page offers already."""
    file = directory / "models" / LIST
    if not file.is_file():
        # An export that was killed has not come to the list.
        names = {file.name for file in page_files()} | {"models"}
        if all(
            path.name in names
            or _PART.fullmatch(path.name)
            or partials.is_partial(path.name)
            for path in directory.iterdir()
        ):
            return []
        raise ValueError(
            f"{directory}: expected a new directory or a page, got one "
            f"without models/{LIST}"
        )
    try:
        offered = json.loads(file.read_text())
    except ValueError as error:
        raise ValueError(f"{file}: expected JSON, got {error}") from None
    good = isinstance(offered, list) and all(
        isinstance(one, dict)
        and set(one) == _ENTRY_KEYS
        and all(isinstance(value, str) for value in one.values())
        for one in offered
    )
    if not good:
        raise ValueError(f"{file}: expected a list of name and path")
    return offered


def _path(name, taken):
    """Returns a path for a model, none of those that others have."""
    slug = re.sub(r"[^a-z0-9]+", "_", name.lower()).strip("_") or "model"
    number, path = 1, f"models/{slug}/"
    while path in taken:
        number += 1
        path = f"models/{slug}_{number}/"
    return path


def _write(path, content):
    # Whole: a server may be reading it.
    with partials.file(path) as partial:
        partial.write_bytes(content)
