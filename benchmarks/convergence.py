"""Compares training on bucketed batches with training on padded ones.

python -m benchmarks.convergence --data car.npz --set max_len=200 --seeds 0 1 2

Each seed trains the same model on the same data for equal steps, once with
every batch padded to N_max and once for each number of end steps that a
bucket keeps.  What is compared is the validation loss of Eq. 12, over all
N_max steps.
"""

import argparse
import statistics
import sys
import time

from benchmarks import report
from sketch_rnn_tf import config as config_lib, datasets, presets
from sketch_rnn_tf.backend import keras
from sketch_rnn_tf.data import input_pipeline, measurement
from sketch_rnn_tf.generation import evaluation
from sketch_rnn_tf.model import vae


def main() -> None:
    """Runs the benchmark."""
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--data", required=True, metavar="SPEC")
    parser.add_argument("--preset", default="small")
    parser.add_argument("--set", nargs="+", default=[], metavar="KEY=VALUE")
    parser.add_argument("--steps", type=int, default=2000)
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--end-steps", type=int, nargs="*", default=[2])
    parser.add_argument(
        "--no-padded", action="store_true", help="leave out padded training"
    )
    parser.add_argument("--json", metavar="FILE")
    arguments = parser.parse_args()
    try:
        base = presets.preset(arguments.preset).replace(
            **dict(map(config_lib.parse_assignment, arguments.set))
        )
        data = datasets.load(arguments.data)
    except (ValueError, OSError) as error:
        parser.error(str(error))
    num_buckets = max(base.num_buckets, 2)
    ways = [
        (f"{end} end steps", {"num_buckets": num_buckets, "end_steps": end})
        for end in arguments.end_steps
    ]
    if not arguments.no_padded:
        ways.insert(0, ("padded", {"num_buckets": 0}))
    rows, sums = [], {}
    for seed in arguments.seeds:
        for name, changes in ways:
            config = measurement.fit_config(
                base.replace(seed=seed, **changes), data.train
            )
            values, seconds = _trained(config, data, arguments.steps)
            total = values["recon"] + values["kl"]
            sums.setdefault(name, []).append(total)
            print(
                f"seed {seed}, {name}: L_R {values['recon']:.4f}, "
                f"L_KL {values['kl']:.4f}, sum {total:.4f}, loss "
                f"{values['loss']:.4f}; {seconds:.0f} s",
                file=sys.stderr,
                flush=True,
            )
            for key in ("recon", "kl", "loss"):
                rows.append(
                    report.Row(f"{name}, seed {seed}: {key}", values[key], "")
                )
            rows.append(report.Row(f"{name}, seed {seed}", seconds, "s"))
    for name, totals in sums.items():
        mean = statistics.mean(totals)
        difference = mean - statistics.mean(sums[ways[0][0]])
        print(f"{name:40} L_R + L_KL {mean:.4f} {difference:+.4f}")
    report.show(rows, json_file=arguments.json)


def _trained(config, data, steps):
    """Returns the validation losses after training, and how long it took."""
    model = vae.SketchRNN(config)
    model.compile()
    batches = input_pipeline.batches(data.train, config, training=True)
    start = time.perf_counter()
    model.fit(batches, steps_per_epoch=steps, epochs=1, verbose=0)
    seconds = time.perf_counter() - start
    values = evaluation.evaluate(model, data.valid)
    keras.backend.clear_session()
    return values, seconds


if __name__ == "__main__":
    main()
