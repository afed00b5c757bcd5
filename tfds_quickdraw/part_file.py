"""The part of a file that has come, and a note of what it is a part of."""

import contextlib
import json
import os
import pathlib
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any, BinaryIO

import requests

from sketch_rnn_tf import locks
from tfds_quickdraw import checksums

_WAIT_SECONDS = 0.1


@contextlib.contextmanager
def locked(
    path: pathlib.Path, wait: Callable[[float], None]
) -> Iterator[BinaryIO]:
    """Opens a part for this process and thread alone; waits for others.

    Args:
      path: The part, made if there is none.
      wait: Waits for so many seconds, or raises what ends the waiting.

    Yields:
      The part, to read and to append to.

    Raises:
      OSError: If it cannot be made, or is a link.
    """
    while True:
        with open(path, "a+b", buffering=0, opener=_no_link) as file:
            # None: a file system without locks.
            while locks.take(file.fileno()) is False:
                wait(_WAIT_SECONDS)
            try:
                # Whoever had the lock may have renamed or removed the file.
                if locks.is_at(file.fileno(), path):
                    yield file
                    return
            finally:
                # A forked process may have the file open as well.
                locks.release(file.fileno())


def _no_link(path, flags):
    return os.open(path, flags | getattr(os, "O_NOFOLLOW", 0), 0o666)


def read_note(path: pathlib.Path, url: str) -> dict[str, Any]:
    """Reads what the part is a part of.

    Args:
      path: The note.
      url: Where the file comes from.

    Returns:
      `if_range`, `size` and `md5`; {} if there is no such note of this URL.
    """
    try:
        note = json.loads(path.read_text(encoding="utf-8"))
    except (FileNotFoundError, ValueError):
        return {}
    right = isinstance(note, dict) and note.get("url") == url
    return note if right else {}


def write_note(
    path: pathlib.Path, url: str, response: requests.Response
) -> int | None:
    """Notes what the part, which is empty, will be a part of.

    Args:
      path: The note.
      url: Where the file comes from.
      response: The answer that begins the file.

    Returns:
      The file's size, bytes; None if the answer does not say.
    """
    got = response.headers
    etag = got.get("ETag", "")
    length = got.get("Content-Length", "")
    chunked = "Transfer-Encoding" in got
    size = int(length) if length.isdecimal() and not chunked else None
    # A weak ETag may be that of other bytes.
    strong = etag.startswith('"')
    note = {
        "url": url,
        "if_range": etag if strong else got.get("Last-Modified", ""),
        "size": size,
        "md5": checksums.google_md5(got),
    }
    # The part is empty now: cut short, this makes it begin anew.
    path.write_text(json.dumps(note), encoding="utf-8")
    return size


def rest_of(
    response: requests.Response, note: Mapping, done: int
) -> int | None:
    """Gives the whole size if an answer goes on at `done` of the same file."""
    got, if_range = response.headers, note["if_range"]
    field = "ETag" if if_range.startswith('"') else "Last-Modified"
    match = re.fullmatch(r"bytes (\d+)-\d+/(\d+)", got.get("Content-Range", ""))
    if (
        response.status_code != 206
        or match is None
        or int(match[1]) != done
        or note.get("size") not in (None, int(match[2]))
        # Some servers go on whatever If-Range says.
        or got.get(field, if_range) != if_range
        or got.get("Content-Encoding", "identity") != "identity"
    ):
        return None
    return int(match[2])
