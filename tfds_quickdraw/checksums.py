"""Sums that files have to have."""

import base64
import os
import pathlib
import re
import urllib.parse
from collections.abc import Iterable, Mapping


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


def sums_by_url(
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


def google_md5(headers: Mapping[str, str]) -> str | None:
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
