"""Source lists: the packages that are asked for, and why each is."""

import dataclasses
import os
import pathlib
import re

_LINE = re.compile(r"([^#]+?)  # (.+)")
_NAME = re.compile(r"[@A-Za-z0-9._/-]+")


@dataclasses.dataclass(frozen=True)
class Reason:
    """One package that is asked for.

    Attributes:
      requirement: As it stands in the list, with a range where it has one.
      name: Normalized as registries compare names.
      why: What it is needed for.
    """

    requirement: str
    name: str
    why: str


def normalized(name: str) -> str:
    """Returns the name as registries compare it.

    >>> normalized("ruamel.yaml"), normalized("tf_keras")
    ('ruamel-yaml', 'tf-keras')
    """
    return re.sub(r"[-_.]+", "-", name).lower()


def name_of(requirement: str) -> str:
    """Returns a requirement's normalized name.

    >>> name_of("tensorflow[and-cuda]>=2.19,<2.22")
    'tensorflow'
    """
    return normalized(_NAME.match(requirement).group())


def read(path: str | os.PathLike) -> list[Reason]:
    """Reads a source list.

    Args:
      path: A file of lines `requirement  # why`, comments and empty lines.

    Returns:
      What it asks for, in the file's order; what is needed for two things,
      twice.

    Raises:
      ValueError: If a line gives no reason.
    """
    reasons = []
    for line in pathlib.Path(path).read_text().splitlines():
        if not line or line.startswith("#"):
            continue
        match = _LINE.fullmatch(line)
        if match is None or not _NAME.match(line):
            raise ValueError(
                f"{pathlib.Path(path).name}: expected `requirement  # why`, "
                f"got {line!r}"
            )
        requirement, why = match.groups()
        reasons.append(Reason(requirement, name_of(requirement), why))
    return reasons
