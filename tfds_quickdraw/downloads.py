"""Downloads of several files at once, which go on where they stopped. See `download`."""

import hashlib
import math
import os
import pathlib
import queue
import re
import threading
import time
import urllib.parse
from collections.abc import Mapping

import requests

from tfds_quickdraw import checksums, download, download_bar


def fetch(
    urls: Mapping[str, str],
    folder: str | os.PathLike,
    *,
    sums: Mapping[str, str] | None = None,
    parallel: int = 4,
    timeout: float = 30.0,
    progress: bool = True,
    max_bytes: int | None = None,
    max_seconds: float | None = None,
    leave_host: bool = True,
) -> dict[str, pathlib.Path]:
    """Downloads the files, or parts of them, that are not there yet.

    A file is whole if it has the size that the server gives (or the end that
    chunks give) and its sums, where known, are right.  Of a server that gives
    none of these, the connection's end is taken for the file's.

    Args:
      urls: Names, of any kind, mapped to http or https URLs.
      folder: Where the files are kept; it is made if there is none.
      sums: Ends of URL paths (`cat.npz`, `sketchrnn/cat.npz`) mapped to
        SHA-256 sums in hex, as `read_sums` gives; the longest end counts.
        They are for files that are there already, too.  A URL may have none.
      parallel: Files at once.
      timeout: Seconds to wait for a connection, and for more of a file.
      progress: Whether to show a bar, if stderr is a terminal.
      max_bytes: Of a file, at most; None is no limit.
      max_seconds: For all files together; None is no limit.
      leave_host: Whether a server may refer to another one.

    Returns:
      Names mapped to files in `folder`, in the order of `urls`.  A file is
      named for its URL's last part and a hash of the URL.

    Raises:
      ValueError: If an argument is wrong, `sums` has none of the URLs, a file
        cannot be had, is larger or has another sum, time is up, or the disk
        is full; in one line, with the URL or file.  The other downloads stop,
        too.
    """
    if parallel < 1 or timeout <= 0:
        raise ValueError(
            "expected a positive parallel and timeout, got "
            f"{parallel} and {timeout}"
        )
    for url in urls.values():
        _check_url(url)
    folder = pathlib.Path(folder)
    paths = {name: folder / file_name(url) for name, url in urls.items()}
    wanted = checksums.sums_by_url(urls.values(), sums or {})
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ValueError(
            f"{folder}: expected a folder, or to make one: {error.strerror}"
        ) from error
    jobs, ended, stop = (
        queue.SimpleQueue(),
        queue.SimpleQueue(),
        download.Event(),
    )
    for url in wanted:
        jobs.put(url)

    def work() -> None:
        try:
            with requests.Session() as session:
                if not leave_host:
                    session.hooks["response"].append(_check_host)
                while not stop.is_set():
                    url = jobs.get_nowait()
                    path = folder / file_name(url)
                    download.Download(
                        url,
                        path,
                        wanted[url],
                        session,
                        timeout,
                        stop,
                        bar,
                        max_bytes,
                    ).run()
                    ended.put(url)
        except queue.Empty:
            pass
        except BaseException as error:
            ended.put(error)

    # Daemons, as one that waits for a server must not keep Ctrl-C waiting:
    # it writes nothing any more once it sees that it is to stop.
    threads = [
        threading.Thread(target=work, daemon=True)
        for _ in range(min(parallel, len(wanted)))
    ]
    limit = math.inf if max_seconds is None else max_seconds
    last = time.monotonic() + limit
    with download_bar.Bar(len(wanted), progress) as bar:
        try:
            for thread in threads:
                thread.start()
            for _ in wanted:
                end = _next(ended, last)
                if end is None:
                    raise download.error_of(
                        ", ".join(wanted),
                        f"expected all in {limit:g} s, got no more time",
                    )
                if isinstance(end, BaseException):
                    raise end
                bar.end(end)
        finally:
            stop.set()
            deadline = time.monotonic() + 1
            for thread in threads:
                if thread.is_alive():
                    thread.join(max(0.0, deadline - time.monotonic()))
    return paths


def _next(ended, last):
    """Waits for what ends next; None if nothing does before the last second."""
    if last == math.inf:
        return ended.get()
    try:
        return ended.get(timeout=max(0.0, last - time.monotonic()))
    except queue.Empty:
        return None


def _check_host(response, *_args, **_kwargs):
    """Refuses, by a ValueError, to be referred to another server."""
    if not response.is_redirect:
        return
    target = urllib.parse.urljoin(response.url, response.headers["Location"])
    old, new = map(urllib.parse.urlsplit, (response.url, target))
    if (old.scheme, old.netloc) != (new.scheme, new.netloc):
        raise ValueError(f"a reference to another server, {target}")


def file_name(url: str) -> str:
    """Gives the name, safe in any folder, of the file that a URL is kept in.

    >>> file_name("https://mirror.org/sketchrnn/The%20Eiffel%20Tower.npz")
    'The Eiffel Tower-00e1e234.npz'
    """
    path = urllib.parse.urlsplit(url).path
    last = urllib.parse.unquote(path.rpartition("/")[2])
    stem, suffix = re.fullmatch(
        r"(.*?)(\.[A-Za-z0-9]{1,8})?", last, re.DOTALL
    ).groups("")
    # At most four bytes a letter, of the 255 that file systems have for all.
    stem = re.sub(r"[^\w +-]", "_", stem).strip(" ")[:48] or "file"
    digest = hashlib.sha256(url.encode(errors="backslashreplace")).hexdigest()
    return f"{stem}-{digest[:8]}{suffix}"


def _check_url(url: str) -> None:
    """Refuses, by a ValueError, what is no http or https URL."""
    try:
        parts = urllib.parse.urlsplit(url)
        right = parts.scheme in ("http", "https") and bool(parts.hostname)
    except ValueError:
        right = False
    if not right:
        raise ValueError(f"expected an http or https URL, got {url!r}")
