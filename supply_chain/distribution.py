"""Builds the wheel and the sdist of a commit, from nothing but its files.

What lies in the folder besides, committed or not, is not looked at.

Example:
  python -m supply_chain.distribution --out dist
"""

import argparse
import io
import os
import pathlib
import subprocess
import sys
import tarfile
import tempfile

from supply_chain import ROOT


def build(
    out: str | os.PathLike, *, commit: str = "HEAD"
) -> tuple[pathlib.Path, pathlib.Path]:
    """Builds both, the wheel from the sdist.

    setuptools is this Python's own, not one that is fetched.  Files carry the
    commit's time, so that building again gives the same bytes in the wheel and
    the same files in the sdist.

    Args:
      out: A folder, made if missing.
      commit: What git calls it.

    Returns:
      The wheel and the sdist.

    Raises:
      ValueError: If git does not know the commit, or the build fails.
    """
    out = pathlib.Path(out)
    archive = _git("archive", "--format=tar", commit)
    time = _git("log", "-1", "--format=%ct", commit).decode().strip()
    with tempfile.TemporaryDirectory() as folder:
        source = pathlib.Path(folder) / "source"
        with tarfile.open(fileobj=io.BytesIO(archive)) as tar:
            tar.extractall(source, filter="data")
        made = pathlib.Path(folder) / "dist"
        done = subprocess.run(
            [sys.executable, "-m", "build", "--no-isolation"]
            + ["--outdir", str(made), str(source)],
            # Beside the commit, or Python would take ROOT's packages.
            cwd=folder,
            env={**os.environ, "SOURCE_DATE_EPOCH": time, "PYTHONPATH": ""},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        if done.returncode:
            last = " ".join(done.stdout.strip().splitlines()[-1:])
            raise ValueError(f"{commit}: the build failed: {last}")
        out.mkdir(parents=True, exist_ok=True)
        written = []
        for pattern in ("*.whl", "*.tar.gz"):
            (file,) = made.glob(pattern)
            written.append(out / file.name)
            written[-1].write_bytes(file.read_bytes())
    return tuple(written)


def _git(*arguments):
    done = subprocess.run(
        ["git", *arguments], cwd=ROOT, capture_output=True, check=False
    )
    if done.returncode:
        reason = " ".join(done.stderr.decode(errors="replace").split())
        raise ValueError(f"git {arguments[0]}: {reason}")
    return done.stdout


def main(argv: list[str] | None = None) -> int:
    """Runs the command; see the module's docstring."""
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--out", required=True, metavar="DIR")
    parser.add_argument("--commit", default="HEAD", metavar="COMMIT")
    arguments = parser.parse_args(argv)
    try:
        written = build(arguments.out, commit=arguments.commit)
    except (OSError, ValueError) as error:
        print(f"supply_chain.distribution: {error}", file=sys.stderr)
        return 2
    for file in written:
        print(f"wrote {file} ({file.stat().st_size:,} bytes)")
    return 0


if __name__ == "__main__":
    sys.exit(main())
