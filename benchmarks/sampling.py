"""How fast drawings are made: many at once, one at a time, every cell.

python -m benchmarks.sampling --weights rabbit.gen.json [--count 2000]

Without weights a random LSTM 512 is measured, whose drawings end after 50
points on average.  Useful steps are those up to each drawing's end, its end
row included; the best rate of a matrix product is measured in the same run.
"""

import argparse
import pathlib
import statistics
import sys
import time

import numpy as np
import tqdm

from benchmarks import arithmetic, matmul_peak, report
from sketch_rnn_tf import config as config_lib, training
from sketch_rnn_tf.generation import sampling, slots
from sketch_rnn_tf.model import decoder as decoder_lib, vae
from sketch_rnn_tf.weights import sketch_rnn_js

POINTS = 50
"""Points of a random model's drawing, on average."""


def main() -> int:
    """Runs the benchmark; returns 2 for bad input."""
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "--weights",
        metavar="FILE|DIR",
        help="a .gen.json file or a work directory (default: a random LSTM)",
    )
    parser.add_argument("--count", type=int, default=2_000, help="drawings")
    parser.add_argument(
        "--single", type=int, default=30, help="drawings one at a time"
    )
    parser.add_argument("--temperature", type=float, default=0.5)
    parser.add_argument("--size", type=int, default=512, help="random models'")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--json", metavar="FILE")
    arguments = parser.parse_args()
    try:
        if min(arguments.count, arguments.single, arguments.rounds) < 1:
            raise ValueError("expected counts of at least 1")
        rows = measure(arguments)
    except (ValueError, OSError) as error:
        print(f"sampling: {error}", file=sys.stderr)
        return 2
    report.show(rows, json_file=arguments.json)
    return 0


def measure(arguments: argparse.Namespace) -> list[report.Row]:
    """Measures all models; returns the rows."""
    models = {}
    if arguments.weights:
        models[pathlib.Path(arguments.weights).name] = _load(arguments.weights)
    for cell in config_lib.CELLS:
        if cell != "lstm" or not models:
            models[f"random {cell}"] = _random(cell, arguments.size)
    peak = matmul_peak.MatmulPeak(
        batch_size=slots.SLOTS, num_steps=8, size=arguments.size
    )
    rates = {name: ([], []) for name in models}
    total = arguments.rounds * len(models) + 1
    with tqdm.tqdm(total=total, disable=None) as bar:
        for model in models.values():  # builds the graphs
            _rates(model, 2, 1, arguments)
        bar.update()
        for _ in range(arguments.rounds):
            for name, model in models.items():
                peak.measure()
                pair = _rates(
                    model, arguments.count, arguments.single, arguments
                )
                for kept, rate in zip(rates[name], pair, strict=True):
                    kept.append(rate)
                bar.update()
    rows = [report.Row("best product", peak.best / 1e9, "GFLOP/s")]
    for name, (many, single) in rates.items():
        ratio = statistics.median(
            m / s for m, s in zip(many, single, strict=True)
        )
        config = models[name].config
        operations = arithmetic.step(
            config.decoder_cell, config.decoder_size, decoder_lib.POINT_SIZE
        )
        for label, values, against in (
            (f"{name}, {arguments.count:,} drawings", many, "one at a time"),
            (f"{name}, one at a time", single, ""),
        ):
            rate = statistics.median(values)
            rows += [
                report.Row(
                    label, rate, "steps/s", against, ratio if against else None
                ),
                report.Row(
                    f"{label}, arithmetic",
                    2 * operations * rate / peak.best,
                    "of the best product",
                ),
            ]
    return rows


def _rates(model, count, single, arguments):
    """Returns useful steps a second, of many drawings and of single ones."""
    settings = {"temperature": arguments.temperature}
    start = time.perf_counter()
    drawn = sampling.sample(
        model, count=count, seed=arguments.seed, **settings
    ).sketches
    many = _steps(drawn, model) / (time.perf_counter() - start)
    start = time.perf_counter()
    drawn = [
        sampling.sample(model, count=1, seed=arguments.seed + i, **settings)
        for i in range(single)
    ]
    seconds = time.perf_counter() - start
    alone = _steps([d.sketches[0] for d in drawn], model)
    return many, alone / seconds


def _steps(sketches, model):
    # A sketch of N_max points has no end row.
    longest = model.config.max_len
    return sum(min(len(sketch) + 1, longest) for sketch in sketches)


def _load(path):
    if pathlib.Path(path).is_dir():
        return training.load(path)
    return sketch_rnn_js.import_sketch_rnn_js(path)


def _random(cell, size):
    """Makes a random unconditional model whose drawings end after `POINTS`."""
    config = config_lib.Config(
        conditional=False,
        decoder_cell=cell,
        decoder_size=size,
        max_len=200,
        scale_factor=1.0,
    )
    model = vae.SketchRNN(config)
    bias = model.decoder.output_bias
    values = bias.numpy()
    values[:3] = 0, 0, np.log(2 / POINTS)
    bias.assign(values)
    return model


if __name__ == "__main__":
    sys.exit(main())
