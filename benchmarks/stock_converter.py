"""Whether the stock TensorFlow.js converter gives the numbers of our writer.

python -m benchmarks.stock_converter --model work --converter env/bin/tensorflowjs_converter

The converter wants an environment of its own, of 2.9 GB:

    python3 -m venv env && env/bin/pip install tensorflowjs==4.22.0 ydf==0.12.0

It converts the signatures `browser` and, of a model with an encoder, `encode`
of the model's SavedModel; Node runs what it wrote and what `export tfjs`
writes, on the same random inputs.  Ends with status 1 if they differ by more
than 1e-5, or if an output cannot be run.  Needs node, and `npm ci` in export/web.
"""

import argparse
import json
import pathlib
import subprocess
import sys
import tempfile

import export
from benchmarks import report
from export import tfjs
from sketch_rnn_tf import training

_WEB = pathlib.Path(__file__).parents[1] / "export" / "web"
_LIMIT = 1e-5


def main(argv: list[str] | None = None) -> int:
    """Runs the comparison; 1 if numbers differ, 2 for bad input."""
    arguments = _parser().parse_args(argv)
    try:
        differences = _differences(arguments)
    except (ValueError, OSError) as error:
        print(f"stock_converter: {error}", file=sys.stderr)
        return 2
    rows = []
    for name, difference in differences.items():
        if difference is None:
            print(f"{name:<24} cannot be run")
        else:
            holds = "holds" if difference <= _LIMIT else "DIFFERS"
            print(f"{name:<24} {difference:.1e} {holds}")
        rows.append(
            {
                "name": name,
                "value": difference,
                "unit": "largest difference",
                "against": "export tfjs",
                "ratio": None,
            }
        )
    if arguments.json:
        report.write_json(rows, arguments.json)
    return int(any(not _holds(row["value"]) for row in rows))


def _holds(difference):
    return difference is not None and difference <= _LIMIT


def _differences(arguments):
    """Returns the largest difference of each output."""
    model = training.load(arguments.model)
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        saved = export.export_saved_model(model, folder / "saved_model")
        tfjs.export_tfjs(model, folder / "ours")
        signatures = ["browser"]
        if model.encoder is not None:
            signatures.append("encode")
        for name in signatures:
            _run(
                [
                    arguments.converter,
                    "--input_format=tf_saved_model",
                    f"--signature_name={name}",
                    # TensorFlow.js runs no loop of the other kind.
                    "--control_flow_v2=True",
                    "--output_format=tfjs_graph_model",
                    str(saved),
                    str(folder / name),
                ]
            )
        others = [str(folder / name) for name in signatures]
        said = _run(
            ["node", "benchmarks/compare.js", str(folder / "ours"), *others],
            cwd=_WEB,
        )
    return json.loads(said.strip().splitlines()[-1])


def _run(command, **options):
    done = subprocess.run(command, capture_output=True, text=True, **options)
    if done.returncode:
        lines = done.stderr.strip().splitlines() or ["no message"]
        # Node puts the error before its stack and its version.
        said = next((line for line in lines if "Error" in line), lines[-1])
        raise ValueError(f"{command[0]} ended with {done.returncode}: {said}")
    return done.stdout


def _parser():
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.stock_converter",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--model", required=True, metavar="DIR|NAME")
    parser.add_argument("--converter", default="tensorflowjs_converter")
    parser.add_argument("--json", metavar="FILE")
    return parser


if __name__ == "__main__":
    sys.exit(main())
