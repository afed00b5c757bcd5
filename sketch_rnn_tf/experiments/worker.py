"""A training of a grid in a process of its own, on the GPU that it is shown.

    python -m sketch_rnn_tf.experiments.worker DIR/rows car-kl1-seed0

It reads the training's record, goes on where that was, and says in one line
on standard error what went wrong.
"""

import os
import sys

from sketch_rnn_tf import processor


def main(argv: list[str] | None = None) -> int:
    """Trains; returns the exit status, as of `sketch_rnn_tf.cli.main`."""
    processor.prepare()
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    from sketch_rnn_tf.experiments import trainings

    rows, name = sys.argv[1:] if argv is None else argv
    try:
        trainings.run(trainings.restored(rows, name), rows)
    except (ValueError, OSError, FloatingPointError) as error:
        print(f"{name}: {' '.join(str(error).split())}", file=sys.stderr)
        return 1 if isinstance(error, FloatingPointError) else 2
    except KeyboardInterrupt as error:
        print(str(error) or f"{name}: interrupted", file=sys.stderr)
        return 128 + getattr(error, "signum", 2)
    return 0


if __name__ == "__main__":
    sys.exit(main())
