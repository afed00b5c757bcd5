"""Times whole training steps: ours against plain ones, and PyTorch's.

A step is forward, loss, gradients, clipping and Adam's update.  Its variants:

  fast       our model as `fit` trains it, fed by the input pipeline
  keras RNN  our cells under keras.layers.RNN, padded to N_max
  plain      a loop in the reference implementation's form, padded to N_max
  defaults   plain in TensorFlow's default settings
  no oneDNN  plain without oneDNN, the default on some processors
  torch      nn.LSTM, padded to N_max, in an environment of its own

They take turns, round by round; a round of `fast` is a window of the input
pipeline, in which all lengths occur as often as in the data.  Figures are
medians over the rounds, ratios medians of each round's.  benchmarks/README.md
says what the figures mean.

"""

import argparse
import os
import sys
from collections.abc import Sequence

from benchmarks import report
from sketch_rnn_tf import processor

EXAMPLES = """examples:
  python -m benchmarks.train_step --data sheep.npz --preset magenta
  python -m benchmarks.train_step --data car.npz --set max_len=200 \\
      --torch /path/to/python/with/torch --defaults --json car.json
"""


class _Parser(argparse.ArgumentParser):
    """Says what is wrong in one line; argparse prints the usage as well."""

    def error(self, message):
        self.exit(2, f"train_step: {message}\n")


def main(argv: Sequence[str] | None = None) -> int:
    """Runs the benchmark.

    Args:
      argv: The arguments; those of the process if None.

    Returns:
      The exit status: 1 if a baseline's loss differs, 2 for bad input.
    """
    parser = _Parser(
        prog="python -m benchmarks.train_step",
        description=__doc__,
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add = parser.add_argument
    add("--data", required=True, metavar="SPEC", help="as of sketch-rnn train")
    add("--preset", default="magenta", metavar="NAME")
    add("--set", action="append", default=[], metavar="KEY=VALUE")
    add("--repeats", type=int, default=3, metavar="N", help="rounds")
    add(
        "--batches",
        type=int,
        metavar="N",
        help="batches in a round of fast; all of a window if not given",
    )
    add("--seed", type=int, default=0, metavar="S")
    add("--torch", metavar="PYTHON", help="a Python that has torch")
    add("--defaults", action="store_true", help="time `defaults` as well")
    add(
        "--without-onednn", action="store_true", help="time `no oneDNN` as well"
    )
    add("--json", metavar="FILE")
    arguments = parser.parse_args(argv)
    for name in ("repeats", "batches"):
        value = getattr(arguments, name)
        if value is not None and value < 1:
            parser.error(f"--{name}: expected a positive number, got {value}")
    processor.prepare()
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    from benchmarks import comparison

    try:
        rows = comparison.compare(
            arguments.data,
            preset=arguments.preset,
            assignments=arguments.set,
            seed=arguments.seed,
            rounds=arguments.repeats,
            batches=arguments.batches,
            torch_python=arguments.torch,
            defaults=arguments.defaults,
            without_onednn=arguments.without_onednn,
            say=lambda line: print(line, file=sys.stderr, flush=True),
        )
        report.show(rows, json_file=arguments.json)
    except (ValueError, OSError) as error:
        print(f"train_step: {' '.join(str(error).split())}", file=sys.stderr)
        return 2
    except comparison.LossesDifferError as error:
        print(f"train_step: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
