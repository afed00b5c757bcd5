"""One download, which goes on where it stopped.

A file gets its name when all of it is there and its sums are right.  Until
then it is `<name>.part`, and `<name>.part.json` beside it says what it is a
part of: `url`, `if_range` (its ETag or Last-Modified), `size` (bytes or null)
and `md5` (hex or null).  Whoever writes a part holds a lock on it.
"""

import hashlib
import http.client
import os
import pathlib
import threading
import time
from collections.abc import Mapping
from typing import BinaryIO

import requests
import urllib3

from sketch_rnn_tf import partials
from tfds_quickdraw import download_bar, part_file

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
AGAIN = "; running again goes on where it stopped"
"""The end of an error after which the part is kept."""
_HINTS = {
    401: "the server wants a login",
    403: "the server lets nobody read it, or says so of what it does not have",
    404: (
        "is the name spelt as the server does, capitals included, and is the "
        "location right?"
    ),
    410: "the server had it once",
}


class FailedError(Exception):
    """One try came to nothing, another may not; `pause` is in seconds."""

    def __init__(self, reason: str, pause: float = 0.0):
        super().__init__(reason)
        self.pause = pause


class StoppedError(Exception):
    """Another file failed, or the user wants to stop."""


class Event(threading.Event):
    """An event that ends what waits until it is set."""

    def check(self, seconds: float = 0.0) -> None:
        """Waits, and raises StoppedError if the event is set by then."""
        if self.wait(seconds) if seconds else self.is_set():
            raise StoppedError


class Download:
    """One file; SHA-256 `wanted` may be None, and so may `max_bytes`."""

    def __init__(
        self,
        url: str,
        path: pathlib.Path,
        wanted: str | None,
        session: requests.Session,
        timeout: float,
        stop: Event,
        bar: download_bar.Bar,
        max_bytes: int | None = None,
    ):
        self.url, self.path, self.wanted = url, path, wanted
        self.max_bytes = max_bytes
        self.session, self.timeout = session, timeout
        self.stop, self.bar = stop, bar
        self.part = path.with_name(f"{path.name}.part")
        self.note = path.with_name(f"{path.name}.part.json")

    def run(self) -> None:
        """Downloads the file if it is not there.

        Raises:
          ValueError: As `fetch` does.
          StoppedError: If it is to stop.
        """
        try:
            if self._is_kept():
                return
            with part_file.locked(self.part, self.stop.check) as part:
                # Another process may have been at it until now.
                if self._is_kept():
                    self._remove_part()
                    return
                self.path.unlink(missing_ok=True)
                self._complete(part)
        except OSError as error:
            reason = error.strerror or type(error).__name__
            raise ValueError(
                f"{self.path}: could not be written: {reason}{AGAIN}"
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
            raise error_of(self.url, f"{wrong}, twice; it is removed")
        # So that no power cut leaves the name without the bytes.
        os.fsync(part.fileno())
        self.note.unlink(missing_ok=True)
        os.replace(self.part, self.path)
        partials.sync(self.path.parent)

    def _remove_part(self) -> None:
        self.note.unlink(missing_ok=True)
        self.part.unlink()

    def _wrong_sum(self, part: BinaryIO) -> str:
        """Says which sum is another than expected; "" if none is."""
        note = part_file.read_note(self.note, self.url)
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
            except FailedError as error:
                failed = error
            # A bad line that brings ever more of a large file is good enough.
            failures = 1 if _size(part) >= most + RESET_BYTES else failures + 1
            most = max(most, _size(part))
            if failures == TRIES:
                raise error_of(
                    self.url,
                    f"expected the file, got {failed} (tried {TRIES} times)"
                    f"{AGAIN}",
                )
            pause = max(failed.pause, RETRY_SECONDS * 2 ** (failures - 1))
            self.stop.check(min(pause, LONGEST_PAUSE))

    def _receive(self, part: BinaryIO) -> None:
        """Makes one request, for what is missing, and writes what comes."""
        note = part_file.read_note(self.note, self.url)
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
                size = part_file.rest_of(response, note, done)
                fits = size is not None
            else:
                self._check(response)
                part.truncate(0)
                done, fits = 0, True
                size = part_file.write_note(self.note, self.url, response)
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
            raise error_of(
                self.url, f"expected a file, got: {error}"
            ) from error
        except (requests.RequestException, urllib3.exceptions.HTTPError) as e:
            raise FailedError(self._reason(e)) from e
        code = response.status_code
        if self.stop.is_set() or code not in (200, 206, 412, 416):
            response.close()
        self.stop.check()
        if code in (200, 206, 412, 416):
            return response
        said = f"{code} {response.reason or ''}".strip()
        if code in (408, 429) or code >= 500:
            after = response.headers.get("Retry-After", "")
            raise FailedError(said, float(after) if after.isdecimal() else 0.0)
        hint = f" ({_HINTS[code]})" if code in _HINTS else ""
        raise error_of(self.url, f"expected a file, got {said}{hint}")

    def _check(self, response: requests.Response) -> None:
        """Refuses, by a ValueError, an answer that is not the file."""
        code, got = response.status_code, response.headers
        if code != 200:
            raise error_of(self.url, f"expected status 200, got {code}")
        encoding = got.get("Content-Encoding", "identity")
        if encoding != "identity":
            raise error_of(
                self.url, f"expected the file as it is, got it as {encoding}"
            )
        kind = got.get("Content-Type", "")
        if kind.startswith("text/html") and self.path.suffix not in _PAGES:
            raise error_of(
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
            if self.max_bytes and max(done, size or 0) > self.max_bytes:
                raise error_of(
                    self.url,
                    f"expected at most {self.max_bytes:,} bytes, got "
                    f"{f'{size:,}' if size else 'more'}",
                )
            self.bar.show(self.url, done, size)
            try:
                # `read` would wait for all the bytes, however slow they come.
                data = response.raw.read1(_BLOCK, decode_content=False)
            except (urllib3.exceptions.HTTPError, OSError) as error:
                raise FailedError(self._reason(error, done, size)) from error
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
                    raise FailedError(
                        f"{done - start_done} bytes in {seconds:.0f} s"
                    )
                start, start_done = time.monotonic(), done
        if size is not None and done != size:
            if done > size:
                part.truncate(0)
            raise FailedError(f"{done} of {size} bytes")

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


def _md5():
    return hashlib.md5(usedforsecurity=False)


def _size(file: BinaryIO) -> int:
    return os.fstat(file.fileno()).st_size


def error_of(url: str, text: str) -> ValueError:
    """Makes an error of one line, whatever the libraries say."""
    return ValueError(" ".join(f"{url}: {text}".split()))
