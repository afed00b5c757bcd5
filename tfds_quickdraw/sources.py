"""Where the npz files of words are: Google's bucket, a mirror, or a folder."""

import pathlib
import urllib.parse
import urllib.request
from collections.abc import Mapping, Sequence

import tensorflow_datasets as tfds

from tfds_quickdraw import words as words_lib

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


def url(word: str, location: str) -> str:
    """Gives the URL of a word's npz file in the bucket or a mirror of it.

    >>> url("The Eiffel Tower", "https://mirror.org/quickdraw/")
    'https://mirror.org/quickdraw/sketchrnn/The%20Eiffel%20Tower.npz'
    """
    name = urllib.parse.quote(word)
    return f"{location.rstrip('/')}/sketchrnn/{name}.npz"


def npz_words(path: pathlib.Path) -> dict[str, pathlib.Path]:
    """Finds the npz files of a folder, by the words that they are named for.

    Args:
      path: A folder with npz files, with or without a folder "sketchrnn" that
        has (more of) them; or one npz file.  Names may be URL-quoted.

    Returns:
      Words (the files' names without ".npz") in alphabetical order, mapped to
      files.

    Raises:
      ValueError: If there is no such file or folder, or no npz file in it.
    """
    if path.is_dir():
        files = [*path.glob("*.npz"), *path.glob("sketchrnn/*.npz")]
    elif path.is_file():
        files = [path]
    else:
        raise ValueError(f"{path}: no such file or folder")
    if not files:
        raise ValueError(
            f"{path}: expected npz files in this folder or its folder "
            "sketchrnn, got none"
        )
    found = {urllib.parse.unquote(file.stem): file for file in files}
    return dict(sorted(found.items()))


def find_files(words: Sequence[str], location: str) -> dict[str, pathlib.Path]:
    """Finds the files of words in a folder.

    Args:
      words: As the files are named, or as in Google's bucket (see
        `words.find`), or slugs of either.
      location: A folder as in `npz_words`, a path or a file:// URL.

    Returns:
      Words, spelt as the files are, in the order asked for, mapped to files.

    Raises:
      ValueError: If a word has no file.
    """
    path = local_path(location)
    present = npz_words(path)
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
        raise ValueError(
            f"{path}: expected {', '.join(f'{w}.npz' for w in missing[:5])}"
            f"{more} in this folder or its folder sketchrnn, got no such file"
            f"{words_lib.suggestion(missing[0], present)}"
        )
    return found


def fetch(
    words: Sequence[str],
    location: str | None,
    dl_manager: tfds.download.DownloadManager,
) -> Mapping[str, pathlib.Path]:
    """Finds or downloads the npz files of words.

    Args:
      words: Spelt as the files are.
      location: A folder, an npz file, a file:// URL, the URL of a mirror of
        Google's bucket, or None for the bucket.
      dl_manager: What downloads, and keeps what it has downloaded.

    Returns:
      Words mapped to files of this machine.

    Raises:
      ValueError: If a file is missing or cannot be downloaded; the message
        names it.
    """
    if location is not None and not is_remote(location):
        return find_files(words, location)
    urls = {word: url(word, location or BUCKET) for word in words}
    try:
        return dl_manager.download(urls)
    except Exception as error:
        # TFDS passes on whatever its libraries raise, over several lines.
        reason = " ".join(str(error).split()) or type(error).__name__
        shown = ", ".join(list(urls.values())[:3])
        more = f" and {len(urls) - 3} more" if len(urls) > 3 else ""
        raise ValueError(
            f"could not download {shown}{more}: {reason[:300]}; a mirror's "
            "URL or a folder that has the files may be given as the location"
        ) from error
