"""Lists every dependency and why it is there, `docs/dependencies.md`.

Example:
  python -m supply_chain.dependencies
"""

import argparse
import sys

from supply_chain import ROOT, npm_lock, pins, reasons

DOCUMENT = ROOT / "docs" / "dependencies.md"
SOURCES = ROOT / "requirements"
PINNED = {
    "ci": ROOT / "requirements.txt",
    "build": SOURCES / "build.txt",
    "tools": SOURCES / "tools.txt",
}
WEB = ROOT / "export" / "web"

_HEAD = """\
# Dependencies

`make pins` writes this page. Each package that is asked for stands here with
its reason, from the lists in `requirements/`; each other one with those that
bring it. Versions are the pinned ones, of which every offered file has its hash
in `requirements.txt` and `requirements/*.txt`.
"""

_TITLES = {
    "ci": (
        "What the project runs, tests and builds with",
        "`requirements/ci.in`, pinned in `requirements.txt`.",
    ),
    "build": (
        "What is installed before that",
        "`requirements/build.in`, pinned in `requirements/build.txt`.",
    ),
    "tools": (
        "Tools beside it",
        "`requirements/tools.in`, pinned in `requirements/tools.txt`; an "
        "environment of\ntheir own, for `make pins`, `make audit` and "
        "`make test-pythons`.",
    ),
}


def text() -> str:
    """Returns the page.

    Raises:
      ValueError: If a list or a pin file is malformed, or a package that is
        asked for is not pinned.
    """
    parts = [_HEAD]
    for name, (title, note) in _TITLES.items():
        asked = reasons.read(SOURCES / f"{name}.in")
        parts.append(_section(title, note, asked, pins.read(PINNED[name])))
    locked = npm_lock.read(WEB / "package-lock.json")
    everywhere = [one for one in locked if not one.optional]
    some = [one for one in locked if one.optional]
    note = (
        "`requirements/web.in` and `export/web/package.json`, pinned in "
        "`export/web/package-lock.json`\nwith the hash of each archive. None "
        "is needed to install or use the package: what\nthe page is made of "
        "lies in `export/web/dist`."
    )
    parts.append(
        _section(
            "JavaScript", note, reasons.read(SOURCES / "web.in"), everywhere
        )
    )
    bringers = sorted({by for one in some for by in one.brought_by})
    parts.append(
        f"{len(some)} more are programs for one kind of machine each, "
        f"brought by {', '.join(bringers)}.\n"
    )
    return "\n".join(parts)


def _section(title, note, asked, pinned):
    versions = {pin.name: pin.version for pin in pinned if pin.direct}
    missing = [one.name for one in asked if one.name not in versions]
    if missing:
        raise ValueError(f"expected a pin of {missing[0]}; run make pins")
    rows = [(one.requirement, versions[one.name], one.why) for one in asked]
    # A package may be locked in several versions.
    brought = [
        (pin.name, pin.version, ", ".join(pin.brought_by))
        for pin in pinned
        if not pin.direct
    ]
    made = [f"## {title}\n", f"{note}\n"]
    made.append(_table(("asked for", "pinned", "why"), rows))
    if brought:
        made.append(_table(("package", "pinned", "brought by"), brought))
    return "\n".join(made)


def _table(head, rows):
    lines = [head, ("---",) * len(head), *rows]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def main(argv: list[str] | None = None) -> int:
    """Runs the command; see the module's docstring."""
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.parse_args(argv)
    try:
        content = text()
    except (OSError, ValueError) as error:
        print(f"supply_chain.dependencies: {error}", file=sys.stderr)
        return 2
    DOCUMENT.write_text(content)
    print(f"wrote {DOCUMENT.relative_to(ROOT)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
