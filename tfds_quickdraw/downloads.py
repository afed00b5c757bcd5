"""Downloads of several files at once, which go on where they stopped.

A file gets its name when all of it is there and its sums are right.  Until
then it is `<name>.part`, and `<name>.part.json` beside it says what it is a
part of: `url`, `if_range` (its ETag or Last-Modified), `size` (bytes or null)
and `md5` (hex or null).  Whoever writes a part holds a lock on it.
"""

import base64
import contextlib
import hashlib
import http.client
import json
import os
import pathlib
import queue
import re
import sys
import threading
import time
import urllib.parse
from collections.abc import Iterable, Iterator, Mapping
from typing import BinaryIO

import requests
import tqdm
import urllib3

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None

TRIES = 3
"""Failures in a row after which a file is given up."""
RETRY_SECONDS = 1.0
"""Pause after the first failure; each further one doubles it."""
LONGEST_PAUSE = 60.0
"""The most seconds that a server's Retry-After is obeyed for."""
RESET_BYTES = 2**20
"""After so many more bytes, failures are counted from zero again."""
SLOWEST = 1000.0
"""Bytes per second, below which a server counts as stalled ..."""
SLOW_SECONDS = 60.0
"""... when it was so slow for so many seconds."""

_BLOCK = 2**18
_PAGES = (".htm", ".html")
_AGAIN = "; running again goes on where it stopped"
_HINTS = {
    401: "the server wants a login",
    403: "the server lets nobody read it, or says so of what it does not have",
    404: (
        "is the name spelt as the server does, capitals included, and is the "
        "location right?"
    ),
    410: "the server had it once",
}


class _Failed(Exception):
    """One try came to nothing, another may not; `pause` is in seconds."""

    def __init__(self, reason: str, pause: float = 0.0):
        super().__init__(reason)
        self.pause = pause


class _Stopped(Exception):
    """Another file failed, or the user wants to stop."""


def fetch(
    urls: Mapping[str, str],
    folder: str | os.PathLike,
    *,
    sums: Mapping[str, str] | None = None,
    parallel: int = 4,
    timeout: float = 30.0,
    progress: bool = True,
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

    Returns:
      Names mapped to files in `folder`, in the order of `urls`.  A file is
      named for its URL's last part and a hash of the URL.

    Raises:
      ValueError: If an argument is wrong, `sums` has none of the URLs, a file
        cannot be had or has another sum, or the disk is full; in one line,
        with the URL or file.  The other downloads stop, too.
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
    wanted = _sums_by_url(urls.values(), sums or {})
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ValueError(
            f"{folder}: expected a folder, or to make one: {error.strerror}"
        ) from error
    jobs, ended, stop = queue.SimpleQueue(), queue.SimpleQueue(), _Event()
    for url in wanted:
        jobs.put(url)

    def work() -> None:
        try:
            with requests.Session() as session:
                while not stop.is_set():
                    url = jobs.get_nowait()
                    path = folder / file_name(url)
                    _Download(
                        url, path, wanted[url], session, timeout, stop, bar
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
    with _Bar(len(wanted), progress) as bar:
        try:
            for thread in threads:
                thread.start()
            for _ in wanted:
                end = ended.get()
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


def read_sums(path: str | os.PathLike) -> dict[str, str]:
    """Reads a file that sha256sum wrote.

    Args:
      path: Lines of 64 hex digits, a space, a space or "*", and a name; empty
        lines; and comments, which begin with "#".

    Returns:
      Names mapped to sums in lower case.

    Raises:
      ValueError: If the file cannot be read, a line is none of these, or a
        name has two sums; with file and line.
    """
    found = {}
    try:
        # A signature, as Windows' editors write, belongs to no sum.
        text = pathlib.Path(path).read_text(encoding="utf-8-sig")
    except (OSError, UnicodeError) as error:
        reason = getattr(error, "strerror", None) or "it is not UTF-8"
        raise ValueError(
            f"{path}: expected a file of SHA-256 sums, got: {reason}"
        ) from error
    for number, line in enumerate(text.split("\n"), start=1):
        line = line.rstrip("\r")
        if not line.strip() or line.startswith("#"):
            continue
        match = re.fullmatch(r"([0-9a-fA-F]{64}) [ *](.+)", line)
        if match is None:
            raise ValueError(
                f"{path}:{number}: expected 64 hex digits, two spaces and a "
                f"name, got {line[:100]!r}"
            )
        digest, name = match[1].lower(), match[2].removeprefix("./")
        if found.setdefault(name, digest) != digest:
            raise ValueError(
                f"{path}:{number}: expected one sum for {name}, got a second"
            )
    return found


def _check_url(url: str) -> None:
    """Refuses, by a ValueError, what is no http or https URL."""
    try:
        parts = urllib.parse.urlsplit(url)
        right = parts.scheme in ("http", "https") and bool(parts.hostname)
    except ValueError:
        right = False
    if not right:
        raise ValueError(f"expected an http or https URL, got {url!r}")


def _sums_by_url(
    urls: Iterable[str], sums: Mapping[str, str]
) -> dict[str, str | None]:
    """Finds the SHA-256 sum, or None, of each different URL."""
    found = {}
    for url in dict.fromkeys(urls):
        quoted = urllib.parse.urlsplit(url).path
        ends = [
            end
            for end in sums
            for path in (quoted, urllib.parse.unquote(quoted))
            if f"/{path}".endswith(f"/{end}")
        ]
        found[url] = sums[max(ends, key=len)].lower() if ends else None
        if ends and not re.fullmatch("[0-9a-f]{64}", found[url]):
            raise ValueError(
                f"{url}: expected a sum of 64 hex digits, got {found[url]!r}"
            )
    # A file of sums for other paths would check nothing without a word.
    if sums and found and not any(found.values()):
        raise ValueError(
            f"{url}: expected a SHA-256 sum of this file or another one asked "
            f"for, got sums of others, such as {next(iter(sums))}"
        )
    return found


class _Event(threading.Event):
    """An event that ends what waits until it is set."""

    def check(self, seconds: float = 0.0) -> None:
        """Waits, and raises _Stopped if the event is set by then."""
        if self.wait(seconds) if seconds else self.is_set():
            raise _Stopped


class _Bar:
    """One bar for all files, in bytes; what is not known yet is estimated."""

    def __init__(self, num_files: int, shown: bool):
        terminal = sys.stderr is not None and sys.stderr.isatty()
        self._bar = tqdm.tqdm(
            desc=f"0/{num_files} files",
            unit="B",
            unit_scale=True,
            disable=not (shown and terminal),
        )
        self._lock = threading.Lock()
        self._num_files, self._num_kept, self._num_ended = num_files, 0, 0
        self._done, self._sizes = {}, {}

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._bar.close()

    def end(self, url: str) -> None:
        """Counts a file as there."""
        with self._lock:
            self._num_ended += 1
            self._num_kept += url not in self._sizes
            self._estimate()
            self._bar.set_description(
                f"{self._num_ended}/{self._num_files} files"
            )

    def show(self, url: str, done: int, size: int | None) -> None:
        """Shows that a file has `done` bytes, of `size` if that is known."""
        with self._lock:
            self._sizes[url] = max(done, size or 0)
            self._estimate()
            self._bar.update(done - self._done.get(url, 0))
            self._done[url] = done

    def _estimate(self) -> None:
        # As if the files not begun yet were of the mean size.
        if self._sizes:
            mean = sum(self._sizes.values()) / len(self._sizes)
            self._bar.total = int(mean * (self._num_files - self._num_kept))


class _Download:
    """One file; SHA-256 `wanted` may be None."""

    def __init__(
        self,
        url: str,
        path: pathlib.Path,
        wanted: str | None,
        session: requests.Session,
        timeout: float,
        stop: _Event,
        bar: _Bar,
    ):
        self.url, self.path, self.wanted = url, path, wanted
        self.session, self.timeout = session, timeout
        self.stop, self.bar = stop, bar
        self.part = path.with_name(f"{path.name}.part")
        self.note = path.with_name(f"{path.name}.part.json")

    def run(self) -> None:
        """Downloads the file if it is not there.

        Raises:
          ValueError: As `fetch` does.
          _Stopped: If it is to stop.
        """
        try:
            if self._is_kept():
                return
            with _locked(self.part, self.stop) as part:
                # Another process may have been at it until now.
                if self._is_kept():
                    self._remove_part()
                    return
                self.path.unlink(missing_ok=True)
                self._complete(part)
        except OSError as error:
            reason = error.strerror or type(error).__name__
            raise ValueError(
                f"{self.path}: could not be written: {reason}{_AGAIN}"
            ) from error

    def _is_kept(self) -> bool:
        if not self.path.is_file() or self.wanted is None:
            return self.path.is_file()
        with open(self.path, "rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest() == (
                self.wanted
            )

    def _complete(self, part: BinaryIO) -> None:
        """Fills the part and gives it the file's name."""
        for _ in range(2):
            self._fill(part)
            wrong = self._wrong_sum(part)
            if not wrong:
                break
            part.truncate(0)
        else:
            self._remove_part()
            raise _error(self.url, f"{wrong}, twice; it is removed")
        # So that no power cut leaves the name without the bytes.
        os.fsync(part.fileno())
        self.note.unlink(missing_ok=True)
        os.replace(self.part, self.path)

    def _remove_part(self) -> None:
        self.note.unlink(missing_ok=True)
        self.part.unlink()

    def _wrong_sum(self, part: BinaryIO) -> str:
        """Says which sum is another than expected; "" if none is."""
        note = self._read_note()
        sums = [
            ("SHA-256 sum", self.wanted, hashlib.sha256),
            ("MD5 sum (x-goog-hash)", note.get("md5"), _md5),
        ]
        for name, wanted, kind in sums:
            part.seek(0)
            if wanted:
                got = hashlib.file_digest(part, kind).hexdigest()
                if got != wanted:
                    return f"expected the {name} {wanted}, got {got}"
        return ""

    def _fill(self, part: BinaryIO) -> None:
        """Receives the whole file, in several tries if need be."""
        failures, most = 0, _size(part)
        while True:
            try:
                self._receive(part)
                return
            except _Failed as error:
                failed = error
            # A bad line that brings ever more of a large file is good enough.
            failures = 1 if _size(part) >= most + RESET_BYTES else failures + 1
            most = max(most, _size(part))
            if failures == TRIES:
                raise _error(
                    self.url,
                    f"expected the file, got {failed} (tried {TRIES} times)"
                    f"{_AGAIN}",
                )
            pause = max(failed.pause, RETRY_SECONDS * 2 ** (failures - 1))
            self.stop.check(min(pause, LONGEST_PAUSE))

    def _receive(self, part: BinaryIO) -> None:
        """Makes one request, for what is missing, and writes what comes."""
        note = self._read_note()
        done, size = _size(part), note.get("size")
        if done and not note.get("if_range"):
            part.truncate(0)
            done = 0
        if done and done == size:
            return
        # Compressed bytes could be neither counted nor summed up.
        headers = {"Accept-Encoding": "identity"}
        if done:
            headers |= {
                "Range": f"bytes={done}-",
                "If-Range": note["if_range"],
            }
        with self._get(headers) as response:
            if done and response.status_code != 200:
                size = _rest_of(response, note, done)
                fits = size is not None
            else:
                self._check(response)
                part.truncate(0)
                done, size, fits = 0, self._write_note(response), True
            if fits:
                self._copy(response, part, done, size)
                return
        part.truncate(0)
        self._receive(part)

    def _get(self, headers: Mapping[str, str]) -> requests.Response:
        """Asks for the file; gives statuses 200, 206, 412 and 416."""
        try:
            # Redirects to other schemes fail: the session knows these two.
            response = self.session.get(
                self.url, headers=headers, stream=True, timeout=self.timeout
            )
        except (ValueError, requests.TooManyRedirects) as error:
            raise _error(self.url, f"expected a file, got: {error}") from error
        except (requests.RequestException, urllib3.exceptions.HTTPError) as e:
            raise _Failed(self._reason(e)) from e
        code = response.status_code
        if self.stop.is_set() or code not in (200, 206, 412, 416):
            response.close()
        self.stop.check()
        if code in (200, 206, 412, 416):
            return response
        said = f"{code} {response.reason or ''}".strip()
        if code in (408, 429) or code >= 500:
            after = response.headers.get("Retry-After", "")
            raise _Failed(said, float(after) if after.isdecimal() else 0.0)
        hint = f" ({_HINTS[code]})" if code in _HINTS else ""
        raise _error(self.url, f"expected a file, got {said}{hint}")

    def _check(self, response: requests.Response) -> None:
        """Refuses, by a ValueError, an answer that is not the file."""
        code, got = response.status_code, response.headers
        if code != 200:
            raise _error(self.url, f"expected status 200, got {code}")
        encoding = got.get("Content-Encoding", "identity")
        if encoding != "identity":
            raise _error(
                self.url, f"expected the file as it is, got it as {encoding}"
            )
        kind = got.get("Content-Type", "")
        if kind.startswith("text/html") and self.path.suffix not in _PAGES:
            raise _error(
                self.url,
                "expected a file, got a web page (is the location right, or "
                "does this network want a login?)",
            )

    def _copy(
        self,
        response: requests.Response,
        part: BinaryIO,
        done: int,
        size: int | None,
    ) -> None:
        """Writes an answer's bytes to the end of the part."""
        start, start_done = time.monotonic(), done
        while True:
            self.bar.show(self.url, done, size)
            try:
                # `read` would wait for all the bytes, however slow they come.
                data = response.raw.read1(_BLOCK, decode_content=False)
            except (urllib3.exceptions.HTTPError, OSError) as error:
                raise _Failed(self._reason(error, done, size)) from error
            self.stop.check()
            if not data:
                break
            done += len(data)
            rest = memoryview(data)
            while rest:
                rest = rest[part.write(rest) :]
            seconds = time.monotonic() - start
            if seconds >= SLOW_SECONDS:
                if done - start_done < SLOWEST * seconds:
                    raise _Failed(
                        f"{done - start_done} bytes in {seconds:.0f} s"
                    )
                start, start_done = time.monotonic(), done
        if size is not None and done != size:
            if done > size:
                part.truncate(0)
            raise _Failed(f"{done} of {size} bytes")

    def _reason(self, error: Exception, done: int = 0, size: object = 0) -> str:
        """Says in a few words what the libraries say in many."""
        came = f"{done} of {size or 'unknown'} bytes, then " if done else ""
        while cause := error.__cause__ or error.__context__:
            error = cause
        if isinstance(error, TimeoutError | urllib3.exceptions.TimeoutError):
            return f"{came}nothing for {self.timeout:g} s"
        if isinstance(error, http.client.IncompleteRead):
            return f"{came}the connection's end"
        return came + (getattr(error, "strerror", None) or str(error))

    def _read_note(self) -> dict:
        """Reads what the part is a part of; {} if that is not known."""
        try:
            note = json.loads(self.note.read_text(encoding="utf-8"))
        except (FileNotFoundError, ValueError):
            return {}
        right = isinstance(note, dict) and note.get("url") == self.url
        return note if right else {}

    def _write_note(self, response: requests.Response) -> int | None:
        """Notes what the part will be a part of, and returns its size."""
        got = response.headers
        etag = got.get("ETag", "")
        length = got.get("Content-Length", "")
        chunked = "Transfer-Encoding" in got
        size = int(length) if length.isdecimal() and not chunked else None
        # A weak ETag may be that of other bytes.
        strong = etag.startswith('"')
        note = {
            "url": self.url,
            "if_range": etag if strong else got.get("Last-Modified", ""),
            "size": size,
            "md5": _goog_md5(got),
        }
        # The part is empty now: cut short, this makes it begin anew.
        self.note.write_text(json.dumps(note), encoding="utf-8")
        return size


@contextlib.contextmanager
def _locked(path: pathlib.Path, stop: _Event) -> Iterator[BinaryIO]:
    """Opens a part for this process and thread alone; waits for others."""
    while True:
        with open(path, "a+b", buffering=0) as file:
            while not _lock(file):
                stop.check(0.1)
            try:
                # Whoever had the lock may have renamed or removed the file.
                with contextlib.suppress(FileNotFoundError):
                    if os.path.samestat(os.fstat(file.fileno()), path.stat()):
                        yield file
                        return
            finally:
                if fcntl:  # a forked process may have the file open as well
                    with contextlib.suppress(OSError):
                        fcntl.flock(file, fcntl.LOCK_UN)


def _lock(file: BinaryIO) -> bool:
    """Whether the file is locked for us, or cannot be locked at all."""
    try:
        if fcntl:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:  # a file system without locks
        pass
    return True


def _rest_of(
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


def _goog_md5(headers: Mapping[str, str]) -> str | None:
    """Gives the MD5 sum, in hex, of Google's header; None without."""
    # The sum is that of the bytes as they are stored.
    stored = headers.get("x-goog-stored-content-encoding", "identity")
    match = re.search(
        r"(?:^|[,\s])md5=([A-Za-z0-9+/]{22}==)",
        headers.get("x-goog-hash", ""),
    )
    if stored != "identity" or match is None:
        return None
    return base64.b64decode(match[1]).hex()


def _md5():
    return hashlib.md5(usedforsecurity=False)


def _size(file: BinaryIO) -> int:
    return os.fstat(file.fileno()).st_size


def _error(url: str, text: str) -> ValueError:
    """Makes an error of one line, whatever the libraries say."""
    return ValueError(" ".join(f"{url}: {text}".split()))
