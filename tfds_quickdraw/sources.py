"""Where the files of words are: Google's bucket, a mirror, or a folder."""

import os
import pathlib
import urllib.parse
import urllib.request
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from tfds_quickdraw import downloads, words as words_lib


class Format(NamedTuple):
    """A kind of files.

    Attributes:
      endings: Of their names; the first is that in Google's bucket.
      folder: Where they are in the bucket.
    """

    endings: tuple[str, ...]
    folder: str


FORMATS = {
    "sketchrnn": Format((".npz",), "sketchrnn"),
    "simplified": Format((".ndjson", ".ndjson.gz"), "full/simplified"),
    "raw": Format((".ndjson", ".ndjson.gz"), "full/raw"),
}

BUCKET = "https://storage.googleapis.com/quickdraw_dataset"
"""Google's public bucket; the location where none is given."""


def is_remote(location: str) -> bool:
    """Whether a location is a URL of anything but files of this machine."""
    return "://" in location and not location.startswith("file://")


def local_path(location: str) -> pathlib.Path:
    """Gives the path of a location that is not remote.

    Args:
      location: A path, with or without "~", or a file:// URL.

    Returns:
      The absolute path.
    """
    if location.startswith("file://"):
        url_path = urllib.parse.urlparse(location).path
        location = urllib.request.url2pathname(url_path)
    return pathlib.Path(location).expanduser().absolute()


def url(word: str, location: str, *, source: str = "sketchrnn") -> str:
    """Gives the URL of a word's file in the bucket or a mirror of it.

    >>> url("The Eiffel Tower", "https://mirror.org/quickdraw/")
    'https://mirror.org/quickdraw/sketchrnn/The%20Eiffel%20Tower.npz'
    """
    kind = FORMATS[source]
    name = urllib.parse.quote(word)
    return f"{location.rstrip('/')}/{kind.folder}/{name}{kind.endings[0]}"


def format_of(path: pathlib.Path) -> str:
    """Tells the kind of files at a path, by their names.

    Args:
      path: A file or a folder.

    Returns:
      "sketchrnn", or "simplified" for ndjson.

    Raises:
      ValueError: If it is a file of another kind.
    """
    for source in ("sketchrnn", "simplified"):
        if path.name.endswith(FORMATS[source].endings):
            return source
        if path.is_dir() and _files(path, FORMATS[source]):
            return source
    if path.is_file():
        raise ValueError(
            f"{path}: expected an npz or ndjson file, got another name"
        )
    return "sketchrnn"


def files_by_word(
    path: pathlib.Path, *, source: str = "sketchrnn"
) -> dict[str, pathlib.Path]:
    """Finds the files of a folder, by the words that they are named for.

    Args:
      path: A folder with files, with or without a folder as in Google's
        bucket that has (more of) them; or one file.  Names may be URL-quoted.
      source: One of `FORMATS`.

    Returns:
      Words (the files' names without their ending) in alphabetical order,
      mapped to files.

    Raises:
      ValueError: If there is no such file or folder, or no such file in it.
    """
    kind = FORMATS[source]
    if path.is_dir():
        files = _files(path, kind)
    elif path.is_file():
        files = [path]
    else:
        raise ValueError(f"{path}: no such file or folder")
    if not files:
        raise ValueError(
            f"{path}: expected {kind.endings[0][1:]} files in this folder or "
            f"its folder {kind.folder}, got none"
        )
    found = {}
    for file in files:
        name = file.name
        for ending in kind.endings:
            name = name.removesuffix(ending)
        found[urllib.parse.unquote(name)] = file
    return dict(sorted(found.items()))


def _files(path, kind):
    # A folder that has both raw and simplified files has folders for each.
    folders = [path / kind.folder, path / pathlib.Path(kind.folder).name, path]
    return [
        file
        for folder in reversed(folders)
        for ending in reversed(kind.endings)
        for file in sorted(folder.glob(f"*{ending}"))
    ]


def find_files(
    words: Sequence[str], location: str, *, source: str = "sketchrnn"
) -> dict[str, pathlib.Path]:
    """Finds the files of words in a folder.

    Args:
      words: As the files are named, or as in Google's bucket (see
        `words.find`), or slugs of either.
      location: A folder as in `files_by_word`, a path or a file:// URL.
      source: One of `FORMATS`.

    Returns:
      Words, spelt as the files are, in the order asked for, mapped to files.

    Raises:
      ValueError: If a word has no file.
    """
    path = local_path(location)
    kind = FORMATS[source]
    present = files_by_word(path, source=source)
    by_slug = {words_lib.slug(word): word for word in present}
    found, missing = {}, []
    for word in words:
        name = word if word in present else by_slug.get(words_lib.slug(word))
        if name is None:
            missing.append(word)
        else:
            found[name] = present[name]
    if missing:
        more = f" and {len(missing) - 5} more" if len(missing) > 5 else ""
        named = ", ".join(f"{word}{kind.endings[0]}" for word in missing[:5])
        raise ValueError(
            f"{path}: expected {named}{more} in this folder or its folder "
            f"{kind.folder}, got no such file"
            f"{words_lib.suggestion(missing[0], present)}"
        )
    return found


def fetch(
    words: Sequence[str],
    location: str | None,
    folder: str | os.PathLike,
    *,
    source: str = "sketchrnn",
    sums: Mapping[str, str] | None = None,
) -> Mapping[str, pathlib.Path]:
    """Finds or downloads the files of words.

    Args:
      words: Spelt as the files are.
      location: A folder, a file, a file:// URL, the URL of a mirror of
        Google's bucket, or None for the bucket.
      folder: Where to keep what is downloaded.
      source: One of `FORMATS`.
      sums: SHA-256 of files, as of `downloads.fetch`.

    Returns:
      Words mapped to files of this machine.

    Raises:
      ValueError: If a file is missing or cannot be downloaded; the message
        names it.
    """
    if location is not None and not is_remote(location):
        return find_files(words, location, source=source)
    urls = {
        word: url(word, location or BUCKET, source=source) for word in words
    }
    return downloads.fetch(urls, folder, sums=sums)
