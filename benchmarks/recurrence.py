"""Times the LSTM's written-out gradient against automatic differentiation.

python -m benchmarks.recurrence --size 512 --steps 128
"""

import argparse
import statistics

import keras
import tensorflow as tf

from benchmarks import report
from sketch_rnn_tf import cells


def main() -> None:
    """Runs the benchmark."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--batch", type=int, default=100)
    parser.add_argument("--steps", type=int, default=128)
    parser.add_argument("--size", type=int, default=256)
    parser.add_argument("--repeats", type=int, default=7)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--json", metavar="FILE")
    arguments = parser.parse_args()
    keras.utils.set_random_seed(arguments.seed)
    batch, steps, size = arguments.batch, arguments.steps, arguments.size
    cell = cells.LSTMCell(size)
    cell.build((None, 5))
    inputs = tf.random.normal([steps, batch, 4 * size])
    masks = cells.candidate_masks(
        [steps, batch, size], rate=0.1, seed=[0, 1], dtype="float32"
    )

    def gradients(run):
        @tf.function
        def compute():
            with tf.GradientTape() as tape:
                tape.watch(inputs)
                state = cells.zero_state(cell, batch)
                outputs, _ = run(inputs, state, masks=masks)
                total = tf.reduce_sum(tf.sin(outputs))
            return tape.gradient(total, [inputs, cell.recurrent_kernel.value])

        return lambda: compute()[1].numpy()

    written_out = gradients(cell.run_training)
    automatic = gradients(lambda *args, **kw: cells.run(cell, *args, **kw))
    fast, plain = report.time_alternately(
        [written_out, automatic], repeats=arguments.repeats
    )
    operations = 3 * 2 * batch * size * 4 * size * steps
    rows = [
        report.Row(
            name,
            operations / statistics.median(seconds) / 1e9,
            "GFLOP/s",
            "automatic differentiation",
            report.ratio(seconds, plain),
        )
        for name, seconds in (
            ("written-out gradient", fast),
            ("automatic differentiation", plain),
        )
    ]
    report.show(rows, json_file=arguments.json)


if __name__ == "__main__":
    main()
