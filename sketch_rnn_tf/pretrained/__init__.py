"""Models that come with the package, by name.

A packed model is a folder that holds

    config.json     the configuration, as of a work directory
    weights.npz     the weights, quantized; see `weights_file`
    card.json       what it is, and the SHA-256 of the weights; see `cards`
    card.md         the same for people

and nothing in it is executed.  The folders beside this file are the shipped
ones; others, wherever they are, are loaded by their path.  TensorFlow is not
needed to look at them.
"""

import difflib
import os
import pathlib

from sketch_rnn_tf.pretrained import cards, weights_file

FOLDER = pathlib.Path(__file__).parent
"""Where the shipped models are."""


def names() -> list[str]:
    """Returns the names of the shipped models, in alphabetical order."""
    return sorted(p.name for p in FOLDER.iterdir() if is_packed(p))


def is_packed(path: str | os.PathLike) -> bool:
    """Whether a path is a packed model's folder."""
    return (pathlib.Path(path) / cards.FILE).is_file()


def find(name_or_dir: str | os.PathLike) -> pathlib.Path:
    """Finds the directory that a model's name or path means.

    Args:
      name_or_dir: A work directory, a packed model's folder, or the exact
        name of a shipped model.  A directory of that name wins.

    Returns:
      The directory.

    Raises:
      ValueError: If there is no such directory and no such model; with the
        names that there are, and the nearest.
    """
    path = pathlib.Path(name_or_dir)
    if path.is_dir():
        return path
    name = os.fspath(name_or_dir)
    known = names()
    if name in known:
        return FOLDER / name
    message = f"{path}: expected a work directory, found none"
    if known and path.name == name:
        message += f", and no shipped model has this name{_nearest(name)}"
    raise ValueError(message)


def card(name: str) -> cards.Card:
    """Reads the card of a shipped model.

    Args:
      name: One of `names`.

    Raises:
      ValueError: If no shipped model has this name.
    """
    known = names()
    if name not in known:
        raise ValueError(
            f"models: expected the name of a shipped model, got {name!r}"
            f"{_nearest(name)}"
        )
    return cards.read(FOLDER / name)


def size(path: str | os.PathLike) -> int:
    """Returns the bytes of a packed model's files."""
    return sum(
        (pathlib.Path(path) / name).stat().st_size
        for name in ("config.json", weights_file.FILE, *cards.FILES)
    )


def _nearest(name):
    known = names()
    if not known:
        return "; none is shipped with this installation"
    close = difflib.get_close_matches(name, known, n=1)
    hint = f"; did you mean {close[0]!r}?" if close else ";"
    return f"{hint} Shipped are {', '.join(known)}"
