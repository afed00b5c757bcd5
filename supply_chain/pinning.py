"""Pins what `requirements/*.in` ask for, with the hash of every offered file.

Pinned versions stay as they are where the lists allow it; `--upgrade` takes the
newest.  uv resolves; the registry is the one that it is set up for.

Example:
  python -m supply_chain.pinning
"""

import argparse
import pathlib
import shutil
import subprocess
import sys
import tempfile

from supply_chain import ROOT, dependencies, pins

# What the oldest that setup.py allows needs is written; it must do for all.
PYTHONS = ("3.11", "3.12", "3.13")
PLATFORM = "x86_64-unknown-linux-gnu"


def command(
    name: str, python: str, out: pathlib.Path, *, upgrade: bool
) -> list[str]:
    """Returns the line that pins one list.

    Args:
      name: The list's, "ci" for `requirements/ci.in`.
      python: For which version of Python.
      out: The file to write; the pins in it are preferred.
      upgrade: Whether to prefer the newest versions instead.
    """
    uv = pathlib.Path(sys.executable).with_name("uv")
    line = [uv if uv.is_file() else "uv", "pip", "compile", "--quiet"]
    line += ["--generate-hashes", "--annotation-style", "line"]
    line += ["--custom-compile-command", "make pins"]
    # The file is for anyone's registry.
    line += ["--no-emit-index-url", "--no-emit-find-links"]
    line += ["--python-version", python, "--python-platform", PLATFORM]
    line += ["--output-file", str(out), f"requirements/{name}.in"]
    if name != "ci":
        # One version of a package, whichever environment it is in.
        line += ["--constraints", "requirements.txt"]
    if upgrade:
        line.append("--upgrade")
    return [str(part) for part in line]


def pin(name: str, *, upgrade: bool) -> None:
    """Pins one list, for all versions of Python.

    Raises:
      ValueError: If uv finds no versions, or others for a newer Python.
    """
    target = dependencies.PINNED[name]
    with tempfile.TemporaryDirectory() as folder:
        made = pathlib.Path(folder) / target.name
        if target.exists():
            shutil.copy(target, made)
        _compile(name, PYTHONS[0], made, upgrade=upgrade)
        content = made.read_text()
        wanted = _content(made)
        for python in PYTHONS[1:]:
            _compile(name, python, made, upgrade=False)
            found = _content(made)
            if others := found - wanted:
                raise ValueError(
                    f"{name}.in: expected Python {python} to need no more than "
                    f"{PYTHONS[0]}, got {min(others)[0]}"
                )
            # What an older Python needs besides may need there what has no pin.
            left_out = {pin[0] for pin in wanted - found}
            content = pins.marked(content, left_out, python)
    target.write_text(content)
    print(f"wrote {target.relative_to(ROOT)}")


def _compile(name, python, out, *, upgrade):
    done = subprocess.run(
        command(name, python, out, upgrade=upgrade),
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        reason = " ".join(done.stderr.split())
        raise ValueError(f"{name}.in, Python {python}: {reason}")


def _content(path):
    """Returns what is installed; who brings it may differ between versions."""
    return {(pin.name, pin.version, pin.hashes) for pin in pins.read(path)}


def main(argv: list[str] | None = None) -> int:
    """Runs the command; see the module's docstring."""
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "--upgrade",
        action="store_true",
        help="take the newest versions that the lists allow",
    )
    arguments = parser.parse_args(argv)
    try:
        for name in dependencies.PINNED:
            pin(name, upgrade=arguments.upgrade)
    except (OSError, ValueError) as error:
        print(f"supply_chain.pinning: {error}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
