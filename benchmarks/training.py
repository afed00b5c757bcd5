"""Times training steps and the input pipeline on the embedded doodles.

python -m benchmarks.training --preset small
"""

import argparse
import itertools
import statistics

from benchmarks import report
from sketch_rnn_tf import (
    doodles,
    input_pipeline,
    presets,
    vae,
)


def main() -> None:
    """Runs the benchmark."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--preset", default="small")
    parser.add_argument("--max-len", type=int, default=0)
    parser.add_argument("--sketches", type=int, default=2000)
    parser.add_argument("--repeats", type=int, default=10)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--json", metavar="FILE")
    arguments = parser.parse_args()
    sketches = [
        doodles.draw(kind, seed=arguments.seed + index).stroke3
        for index in range(arguments.sketches // len(doodles.KINDS))
        for kind in doodles.KINDS
    ]
    config = presets.preset(arguments.preset).replace(seed=arguments.seed)
    config = input_pipeline.fit_config(config, sketches)
    if arguments.max_len:
        config = config.replace(max_len=arguments.max_len)
    model = vae.SketchRNN(config)
    model.compile()
    batches = iter(input_pipeline.batches(sketches, config, training=True))
    batch = next(batches)
    pipeline_steps = 50

    def train():
        model.train_on_batch(batch)

    def read():
        for _ in itertools.islice(batches, pipeline_steps):
            pass

    (steps,) = report.time_alternately([train], repeats=arguments.repeats)
    (reads,) = report.time_alternately([read], repeats=arguments.repeats)
    size = config.batch_size
    rows = [
        report.Row("training step", statistics.median(steps), "s"),
        report.Row("training", size / statistics.median(steps), "sketches/s"),
        report.Row(
            "input pipeline",
            pipeline_steps * size / statistics.median(reads),
            "sketches/s",
        ),
    ]
    report.show(rows, json_file=arguments.json)


if __name__ == "__main__":
    main()
