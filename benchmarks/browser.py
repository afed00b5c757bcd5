"""How fast an exported model draws in Chromium, and what a page weighs.

python -m benchmarks.browser [--size 512] [--rounds 7]

An LSTM decoder whose drawings do not end draws one and nine at a time, in
WebAssembly, in turn with the same step in plain typed arrays, in one page.
Then the page itself makes nine endings of about 60 points, its frames counted.
Needs node, `npm ci` in export/web, and Chromium (or $CHROMIUM).
"""

import argparse
import gzip
import json
import pathlib
import shutil
import statistics
import subprocess
import sys
import tempfile

from benchmarks import report
from export import tfjs
from export.tfjs import page
from sketch_rnn_tf import config as config_lib
from sketch_rnn_tf.model import vae

_WEB = pathlib.Path(__file__).parents[1] / "export" / "web"
_STEPS = 250
_ENDING = 62  # points of an ending, and the two that are given
_NEVER = -30.0  # the end's logit
# What a browser with WebAssembly's SIMD does not load.
_UNUSED = ("tfjs-backend-wasm.wasm", "dist-")


def main(argv: list[str] | None = None) -> int:
    """Runs the benchmark; 2 for bad input, or where something is missing."""
    arguments = _parser().parse_args(argv)
    try:
        rows = _rows(arguments)
    except (ValueError, OSError) as error:
        print(f"browser: {error}", file=sys.stderr)
        return 2
    for row in rows:
        ratio = f"{row['ratio']:.2f}x" if row["ratio"] else ""
        print(
            f"{row['name']:<44} {row['value']:>12,.1f} {row['unit']:<16} "
            f"{ratio:>8} {row['against']}"
        )
    if arguments.json:
        report.write_json(rows, arguments.json)
    return 0


def _rows(arguments):
    if arguments.size < 8 or arguments.rounds < 1:
        raise ValueError("expected a size from 8 and rounds from 1")
    if not shutil.which("node") or not (_WEB / "node_modules").is_dir():
        raise ValueError("needs node, and `npm ci` in export/web")
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        model = _endless(arguments.size, _STEPS)
        tfjs.export_tfjs(model, folder / "steps")
        exported = tfjs.export_tfjs(model, folder / "uint16", quantize="uint16")
        parameters = sum(weight.numpy().size for weight in model.weights)
        size = sum(file.stat().st_size for file in exported.glob("*.bin"))
        tfjs.export_page(
            _endless(arguments.size, _ENDING), folder / "page", name="lstm"
        )
        done = subprocess.run(
            [
                *("node", "benchmarks/run.js", str(folder / "steps")),
                *(str(folder / "page"), str(arguments.rounds)),
            ],
            cwd=_WEB,
            capture_output=True,
            text=True,
        )
    if done.returncode:
        last = done.stderr.strip().splitlines() or ["no message"]
        raise ValueError(f"node ended with {done.returncode}: {last[0]}")
    found = json.loads(done.stdout.strip().splitlines()[-1])
    plain = statistics.median(found["plain"])
    flops = _flops(arguments.size)
    rows = [
        _row("plain typed arrays, B 1", plain, "steps/s"),
        _row("plain typed arrays", plain * flops / 1e9, "GFLOP/s"),
    ]
    for batch, limit in (("1", 2.0), ("9", 4.5)):
        rate = statistics.median(found["library"][batch])
        rows.append(
            _row(
                f"wasm, B {batch}",
                rate,
                "sketch-steps/s",
                f"plain ({limit} asked)",
                rate / plain,
            )
        )
    endings = found["endings"]
    for name, unit in (
        ("seconds", "s"),
        ("framesPerSecond", "frames/s"),
        ("longest", "ms"),
    ):
        value = statistics.median(one[name] for one in endings)
        rows.append(_row(f"nine endings on the page, {name}", value, unit))
    weight = sum(
        len(gzip.compress(file.read_bytes(), 9))
        for file in page.page_files()
        if not file.name.startswith(_UNUSED)
    )
    rows.append(_row("page before the model, gzip", weight / 1000, "kB"))
    rows.append(_row("uint16 weights", size / parameters, "bytes/parameter"))
    return rows


def _row(name, value, unit, against="", ratio=None):
    return {
        "name": name,
        "value": value,
        "unit": unit,
        "against": against,
        "ratio": ratio,
    }


def _endless(size, max_len):
    model = vae.SketchRNN(
        config_lib.Config(
            conditional=False,
            decoder_size=size,
            max_len=max_len,
            scale_factor=20.0,
        )
    )
    bias = model.decoder.output_bias.numpy()
    bias[2] = _NEVER
    model.decoder.output_bias.assign(bias)
    return model


def _flops(size):
    """Returns the arithmetic of one step's products."""
    width = 6 * config_lib.Config().num_mixtures + 3
    return 2 * ((5 + size) * 4 * size + size * width)


def _parser():
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.browser",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--size", type=int, default=512, help="units")
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--json", metavar="FILE")
    return parser


if __name__ == "__main__":
    sys.exit(main())
