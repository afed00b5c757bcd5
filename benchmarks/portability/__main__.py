"""Whether an exported model draws the same wherever it is loaded.

    python -m benchmarks.portability --model work --python other/bin/python

asks the same of the SavedModel in this TensorFlow, in a fresh process of it, in
the TensorFlow of each --python, and in a program in C over TensorFlow's C API,
without Python.  The same seed has to give the same pen states and lengths, and
offsets within 1e-4 of their scale; encodings and losses within 1e-4.  Prints
how large the SavedModel is and how long loading and the first answer take, too.
Returns 1 if anything does not hold.
"""

import argparse
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import time

import numpy as np
import tensorflow as tf

from benchmarks import report, served
from benchmarks.portability import (
    c_program,
    judgement,
    request_rows,
    run_saved_model,
)

SECONDS = 5.0
"""What loading and the first answer may take."""


def main(argv: list[str] | None = None) -> int:
    """Runs the comparison; 1 if something does not hold, 2 for bad input."""
    arguments = _parser().parse_args(argv)
    try:
        with (
            tempfile.TemporaryDirectory() as folder,
            served.versions(arguments) as versions,
        ):
            return _run(arguments, _latest(versions), pathlib.Path(folder))
    except (ValueError, OSError) as error:
        line = " ".join(str(error).split())
        print(f"portability: {line}", file=sys.stderr)
        return 2


def _parser():
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    served.add_arguments(parser)
    parser.add_argument(
        "--python",
        action="append",
        default=[],
        metavar="FILE",
        help="of an environment with another TensorFlow; may be repeated",
    )
    parser.add_argument(
        "--no-c", action="store_true", help="leave out the program in C"
    )
    parser.add_argument("--count", type=int, default=64, help="rows a request")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--json", metavar="FILE")
    return parser


def _latest(versions):
    numbers = [int(p.name) for p in versions.glob("*") if p.name.isdigit()]
    if not numbers:
        raise ValueError(f"{versions}: expected versions 1, 2, ..., got none")
    return versions / str(max(numbers))


def _run(arguments, version, folder):
    loaded = tf.saved_model.load(str(version))
    asked = request_rows.requests(
        loaded.signatures, count=arguments.count, seed=arguments.seed
    )
    expected = {
        signature: _numpy(
            loaded.signatures[signature](
                **{name: tf.constant(value) for name, value in request.items()}
            )
        )
        for signature, request in asked.items()
    }
    # Offsets in the user's units: their own spread is their scale.
    scale = _scale(expected["decode"])
    print(f"{version}: {arguments.count} rows a signature, scale {scale:.2f}")
    rows, held = [], True
    for place, answers, note in _places(arguments, version, asked, folder):
        print(f"\n{place}{note}")
        for signature, answer in answers.items():
            judged = judgement.compare(answer, expected[signature], scale)
            held &= judged.holds
            print(
                f"  {signature:12} status {judged.status}/{judged.rows}  "
                f"lengths {judged.lengths}/{judged.rows}  "
                f"pens {judged.pens}/{judged.rows}  "
                f"largest difference {judged.difference:.1e}  "
                f"{'holds' if judged.holds else 'DOES NOT HOLD'}"
            )
            rows.append(
                report.Row(
                    f"{place}, {signature}",
                    judged.difference,
                    "of the scale",
                    str(judgement.TOLERANCE),
                    judged.difference / judgement.TOLERANCE,
                )
            )
    held &= _size(version, rows)
    held &= _first_answer(version, asked, folder, rows)
    if arguments.json:
        report.write_json(rows, arguments.json)
    return 0 if held else 1


def _places(arguments, version, asked, folder):
    """Yields each place, its answers by signature, and a note."""
    for python in [sys.executable, *arguments.python]:
        answers, said = _in_python(python, version, asked, folder)
        fresh = ", a fresh process" * (python == sys.executable)
        yield f"TensorFlow {said['version']}{fresh}", answers, ""
    if arguments.no_c:
        return
    program = c_program.build(folder)
    answers = {
        signature: c_program.ask(program, version, signature, request, folder)
        for signature, request in asked.items()
    }
    yield f"C API, TensorFlow {tf.__version__}", answers, ", without Python"


def _in_python(python, version, asked, folder):
    """Returns the answers of another Python's TensorFlow, and what it said."""
    given, taken = folder / "requests.npz", folder / "answers.npz"
    np.savez(
        given,
        **{
            f"{signature}/{name}": value
            for signature, request in asked.items()
            for name, value in request.items()
        },
    )
    environment = {k: v for k, v in os.environ.items() if k != "PYTHONPATH"}
    result = subprocess.run(
        [python, run_saved_model.__file__, version, given, taken],
        capture_output=True,
        text=True,
        check=False,
        cwd=folder,
        env=environment | {"TF_CPP_MIN_LOG_LEVEL": "3"},
    )
    if result.returncode:
        lines = result.stderr.strip().splitlines() or ["no message"]
        raise ValueError(f"{python}: {lines[-1]}")
    answers = {}
    with np.load(taken, allow_pickle=False) as arrays:
        for key in arrays.files:
            signature, _, name = key.partition("/")
            answers.setdefault(signature, {})[name] = arrays[key]
    return answers, json.loads(result.stdout.splitlines()[-1])


def _size(version, rows):
    """Reports the size on disk; returns whether it is small enough."""
    files = [file for file in version.rglob("*") if file.is_file()]
    size = sum(file.stat().st_size for file in files)
    weights = _parameter_bytes(version)
    limit = 1.1 * weights + 2**20
    rows.append(
        report.Row("size on disk", size, "bytes", "1.1 x + 1 MiB", size / limit)
    )
    print(
        f"\non disk {size:,} bytes, parameters {weights:,}: "
        f"{size / limit:.2f} of 1.1 times and 1 MiB"
    )
    return size <= limit


def _parameter_bytes(version):
    """Returns the bytes of the weights, each counted once."""
    reader = tf.train.load_checkpoint(str(version / "variables" / "variables"))
    types = reader.get_variable_to_dtype_map()
    return sum(
        int(np.prod(shape, dtype=np.int64)) * types[name].size
        for name, shape in reader.get_variable_to_shape_map().items()
        if types[name] == tf.float32
    )


def _first_answer(version, asked, folder, rows):
    """Times a fresh process's loading and first answer, as users meet them."""
    one = {"complete": {k: v[:1] for k, v in asked["complete"].items()}}
    took = []
    for _ in range(3):
        started = time.perf_counter()
        _, said = _in_python(sys.executable, version, one, folder)
        took.append((said["loading"] + said["first"], said))
        print(
            f"loading {said['loading']:.2f} s, first answer "
            f"{said['first']:.2f} s; with TensorFlow's start "
            f"{time.perf_counter() - started:.2f} s"
        )
    seconds = sorted(took, key=lambda each: each[0])[1][0]
    rows.append(
        report.Row(
            "loading and first answer",
            seconds,
            "s",
            f"{SECONDS:g}",
            seconds / SECONDS,
        )
    )
    return seconds <= SECONDS


def _scale(answer):
    drawn = np.arange(answer["strokes"].shape[1]) < answer["lengths"][:, None]
    return float(answer["strokes"][..., :2][drawn].std())


def _numpy(answer):
    return {name: value.numpy() for name, value in answer.items()}


if __name__ == "__main__":
    sys.exit(main())
