"""Pinned requirements: exact versions, their hashes, and who brings them."""

import dataclasses
import os
import pathlib
import re
from collections.abc import Set

_PIN = re.compile(
    r"([a-z0-9-]+)==([0-9A-Za-z.+!]+)"
    r"(?: ; python_version < \"([0-9.]+)\")? \\"
)
_HASH = re.compile(r"    --hash=sha256:([0-9a-f]{64})( \\)?")
_VIA = re.compile(r"    # via (.+)")


@dataclasses.dataclass(frozen=True)
class Pin:
    """One version of one package.

    Attributes:
      name: Normalized: small letters, words joined by hyphens.
      version: The exact version.
      hashes: SHA-256 of each file that is offered of it, in hexadecimal.
      brought_by: Normalized names of the pinned packages that require it.
      direct: Whether a source list names it.
      before: The first version of Python that does without it; "" if none.
    """

    name: str
    version: str
    hashes: tuple[str, ...]
    brought_by: tuple[str, ...]
    direct: bool
    before: str = ""


def marked(text: str, names: Set[str], python: str) -> str:
    """Returns the text of pins, some of which are for older Pythons alone.

    Args:
      text: As `read` takes it.
      names: Of the packages that a Python does without.
      python: Its version.
    """

    def line(match):
        pin = match[0].removesuffix(" \\")
        return f'{pin} ; python_version < "{python}" \\'

    for name in names:
        plain = rf"^{re.escape(name)}==[0-9A-Za-z.+!]+ \\$"
        text = re.sub(plain, line, text, flags=re.MULTILINE)
    return text


def read(path: str | os.PathLike) -> list[Pin]:
    """Reads what `make pins` wrote.

    Args:
      path: A requirements file with hashes and one line of `# via` a package.

    Returns:
      Its pins, in the file's order.

    Raises:
      ValueError: If a line is none that `make pins` writes, or a package has no
        hash or nobody who brings it.
    """
    name = pathlib.Path(path).name
    pins, hashes, started = [], [], None
    for number, line in enumerate(pathlib.Path(path).read_text().splitlines()):
        where = f"{name}, line {number + 1}"
        if not line.strip() or line.startswith("#"):
            continue
        if match := _PIN.fullmatch(line):
            if started:
                raise ValueError(f"{where}: expected who brings {started[0]}")
            started, hashes = match.groups(), []
        elif started and (match := _HASH.fullmatch(line)):
            hashes.append(match.group(1))
        elif started and hashes and (match := _VIA.fullmatch(line)):
            via = match.group(1).split(", ")
            pins.append(
                Pin(
                    *started[:2],
                    before=started[2] or "",
                    hashes=tuple(hashes),
                    brought_by=tuple(v for v in via if not v.startswith("-")),
                    direct=any(v.startswith("-r ") for v in via),
                )
            )
            started = None
        else:
            raise ValueError(
                f"{where}: expected a pin, its hashes and `# via`, got {line!r}"
            )
    if started:
        raise ValueError(
            f"{name}: expected who brings {started[0]}, got no more"
        )
    return pins
