"""Runs the README's commands and Python with the Python that this is started with.

Alone, it needs neither pytest nor the repository: only an installed package, a
folder to write to, and the README's text.

Example:
  python -P readme_commands.py README.md
"""

import argparse
import pathlib
import re
import shlex
import sys
import time

# What is not run, by how it begins, and why.
LEFT_OUT = {
    "download": "needs a network",
    "prepare": "needs a network",
    "train --data aaron_sheep.npz": "needs a file of Google's",
    "train --data cat.npz": "needs a file of Google's",
    "experiment": "needs a file of Google's, and days",
    "import magenta": "needs a TF1 checkpoint",
    "import sketch-rnn-js": "needs a published model",
    "classifier": "needs files of Google's",
    "evaluate --model work --data car.npz": "needs a file of Google's",
    "request": "needs a server",
}

# Those that take long without showing more, run with `--all`.
LONG = (
    "train --data quickdraw_strokes/doodles --work-dir classes",
    "sample --model classes",
    "sample --model quickdraw-44",
    "sample --model doodles",
    "sample --model work --count 8",
    "interpolate",
    "variations",
    "figures",
    "score",
    "complete",
    "reconstruct",
    "pack",
)

# Trainings are as long as it takes to see that they work.
STEPS = ["--steps", "3"]


def lines(text: str) -> list[str]:
    """Returns the commands of a README, as they stand in it."""
    return [
        line.partition(" ")[2]
        for block in re.findall(r"```sh\n(.*?)```", text, re.DOTALL)
        for line in block.splitlines()
        if line.startswith("sketch-rnn ")
    ]


def python_blocks(text: str) -> list[str]:
    """Returns the Python of a README, as it stands in it."""
    return re.findall(r"```python\n(.*?)```", text, re.DOTALL)


def left_out(line: str) -> str | None:
    """Returns why a command is not run, or None."""
    for start, reason in LEFT_OUT.items():
        if line.startswith(start):
            return reason
    return None


def arguments_of(line: str) -> list[str]:
    """Returns what is run of a command."""
    arguments = shlex.split(line)
    if arguments[0] == "train":
        if "--minutes" in arguments:
            at = arguments.index("--minutes")
            del arguments[at : at + 2]
        arguments += STEPS
    return arguments


def written_by(arguments: list[str]) -> pathlib.Path | None:
    """Returns the file or folder that a command is told to write, if any."""
    for flag in ("--out", "--work-dir"):
        if flag in arguments:
            return pathlib.Path(arguments[arguments.index(flag) + 1])
    return None


def main() -> int:
    """Runs the commands here, one after the other; see above."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("readme", type=pathlib.Path)
    parser.add_argument("--all", action="store_true")
    options = parser.parse_args()
    text = options.readme.read_text()

    import sketch_rnn_tf
    from sketch_rnn_tf import cli, doodles, drawing

    print(f"package {pathlib.Path(sketch_rnn_tf.__file__).resolve()}")
    # What the README calls your own drawings.
    pathlib.Path("drawings").mkdir(exist_ok=True)
    for seed, kind in enumerate(doodles.KINDS):
        svg = drawing.draw_grid([doodles.draw(kind, seed=seed).stroke3])
        drawing.write(f"drawings/{kind}.svg", svg)
    for line in lines(text):
        if left_out(line) or (line.startswith(LONG) and not options.all):
            continue
        arguments = arguments_of(line)
        began = time.monotonic()
        status = cli.main(arguments)
        took = time.monotonic() - began
        out = written_by(arguments)
        if status or (out and not out.exists()):
            print(f"failed {status}: {line}")
            return 1
        print(f"ran {took:.1f} s: {line}", flush=True)
    for number, code in enumerate(python_blocks(text)):
        began = time.monotonic()
        exec(compile(code, f"README, block {number}", "exec"), {})
        print(f"ran {time.monotonic() - began:.1f} s: block {number}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
