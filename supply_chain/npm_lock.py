"""The JavaScript packages that `package-lock.json` pins."""

import dataclasses
import json
import os
import pathlib

_NEEDS = ("dependencies", "optionalDependencies", "peerDependencies")
_DIRECT = ("dependencies", "devDependencies")
_FOLDER = "node_modules/"


@dataclasses.dataclass(frozen=True)
class Locked:
    """One version of one package.

    Attributes:
      name: With its scope.
      version: The exact version.
      integrity: Its archive's hash, `ALGORITHM-BASE64`, or "".
      resolved: The address that it came from, or "".
      brought_by: Names of the locked packages that require it.
      direct: Whether `package.json` names it.
      optional: Whether it is installed on some machines alone.
    """

    name: str
    version: str
    integrity: str
    resolved: str
    brought_by: tuple[str, ...]
    direct: bool
    optional: bool


def read(path: str | os.PathLike) -> list[Locked]:
    """Reads a lock file of version 3.

    Args:
      path: Of `package-lock.json`.

    Returns:
      What it pins, by name; a package is listed once for each version.

    Raises:
      ValueError: If the file has another version.
    """
    lock = json.loads(pathlib.Path(path).read_text())
    if lock.get("lockfileVersion") != 3:
        raise ValueError(
            f"{pathlib.Path(path).name}: expected lockfileVersion 3, got "
            f"{lock.get('lockfileVersion')!r}"
        )
    entries = {key: entry for key, entry in lock["packages"].items() if key}
    direct = {
        name for kind in _DIRECT for name in lock["packages"][""].get(kind, {})
    }
    brought = {key: set() for key in entries}
    for key, entry in entries.items():
        for kind in _NEEDS:
            for name in entry.get(kind, {}):
                found = _found(name, key, entries)
                if found:
                    brought[found].add(_name(key))
    locked = [
        Locked(
            name=_name(key),
            version=entry["version"],
            integrity=entry.get("integrity", ""),
            resolved=entry.get("resolved", ""),
            brought_by=tuple(sorted(brought[key])),
            direct=key.removeprefix(_FOLDER) in direct,
            optional=bool(entry.get("optional")),
        )
        for key, entry in entries.items()
    ]
    return sorted(locked, key=lambda one: (one.name, one.version))


def _name(key):
    return key.rpartition(_FOLDER)[2]


def _found(name, asker, entries):
    """Returns the entry that Node would find, from the innermost outwards."""
    while True:
        key = f"{asker}/{_FOLDER}{name}" if asker else f"{_FOLDER}{name}"
        if key in entries or not asker:
            return key if key in entries else None
        asker = asker.rpartition(_FOLDER)[0].rstrip("/")
