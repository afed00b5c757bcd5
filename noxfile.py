"""The wheel under each version of Python, in an environment of its own.

`make test-pythons` runs this: what is pinned is fetched and checked against its
hash, the wheel of the last commit installed beside it, and then the core's
tests and the README's commands are run.  uv installs, as it takes a minute for
what takes pip many.  An environment has 2.7 GB, and is removed when its tests
have passed.
"""

import pathlib
import shutil

import nox
import uv

ROOT = pathlib.Path(__file__).resolve().parent
PYTHONS = ("3.11", "3.12", "3.13")

# Formats, mathematics, networks, drawing, files and the command line.
CORE = (
    *("strokes", "sketchrnn_npz", "ndjson", "svg"),
    *("distributions", "losses", "cells", "vae", "sampling"),
    *("saved_model", "pretrained", "cli"),
)

nox.options.stop_on_first_error = True
# A version that is not here is left out, and said so.
nox.options.download_python = "never"
nox.options.error_on_missing_interpreters = False


@nox.session(python=PYTHONS, venv_backend="uv")
def core(session):
    """Installs the wheel, and runs the core's tests and the README."""
    for name, builds in (
        ("requirements/build.txt", ("--only-binary", ":all:")),
        ("requirements.txt", ("--no-build-isolation",)),
    ):
        session.install("--require-hashes", *builds, "-r", name)
    folder = pathlib.Path(session.create_tmp()).resolve()
    session.run("python", "-m", "supply_chain.distribution", "--out", folder)
    (wheel,) = folder.glob("*.whl")
    session.install("--no-deps", wheel)
    session.run(uv.find_uv_bin(), "pip", "check", external=True)
    tests = [f"tests/test_{name}.py" for name in CORE]
    # Not `python -m pytest`, which would import what lies here.
    session.run("pytest", "-q", "-p", "no:cacheprovider", *tests)
    with session.chdir(folder):
        script = ROOT / "tests" / "hard" / "readme_commands.py"
        session.run("python", "-P", script, ROOT / "README.md")
    shutil.rmtree(session.virtualenv.location)
