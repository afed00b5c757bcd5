"""The page to draw on, with the models that it offers."""

import json
import os
import pathlib
import re
import tempfile
from importlib import resources

from export.tfjs import exporting
from sketch_rnn_tf import vae

LIST = "models.json"

_ENTRY_KEYS = {"name", "path"}


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
    models = directory / "models"
    offered = _offered(directory)
    slug = re.sub(r"[^a-z0-9]+", "_", name.lower()).strip("_") or "model"
    models.mkdir(parents=True, exist_ok=True)
    written = exporting.export_tfjs(
        model, models / slug, quantize=quantize, name=name
    )
    entry = {"name": name, "path": f"models/{slug}/"}
    offered = [one for one in offered if one["path"] != entry["path"]]
    _write(
        models / LIST,
        (json.dumps([*offered, entry], indent=2) + "\n").encode(),
    )
    for file in page_files():
        _write(directory / file.name, file.read_bytes())
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
    if not directory.exists() or not any(directory.iterdir()):
        return []
    file = directory / "models" / LIST
    if not file.is_file():
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


def _write(path, content):
    """Writes a file whole: a server may be reading it."""
    handle, partial = tempfile.mkstemp(prefix=".partial-", dir=path.parent)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
        os.chmod(partial, 0o644)
        os.replace(partial, path)
    except BaseException:
        pathlib.Path(partial).unlink(missing_ok=True)
        raise
