"""Scores drawings of each class by each class's published model.

python -m benchmarks.published WEIGHTS_DIR DRAWINGS_DIR

WEIGHTS_DIR holds sketch-rnn-js files, `<word>.gen.json`; DRAWINGS_DIR holds
`<word>.npz`.  Every model reads the test split of every word, teacher-forced,
each word normalised by the standard deviation of its own training split, and
the table says how many nats a point it takes.  A word's own model should be
the best of its row.
"""

import argparse
import pathlib
import sys

import numpy as np

from benchmarks import report
from sketch_rnn_tf.data import measurement
from sketch_rnn_tf.files import sketchrnn_npz
from sketch_rnn_tf.generation import evaluation
from sketch_rnn_tf.weights import sketch_rnn_js

ENDING = ".gen.json"


def main() -> int:
    """Prints the table; returns 1 if a word's own model is not the best."""
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("weights", type=pathlib.Path)
    parser.add_argument("drawings", type=pathlib.Path)
    parser.add_argument("--json", metavar="FILE")
    arguments = parser.parse_args()
    try:
        models = {
            path.name.removesuffix(ENDING): sketch_rnn_js.import_sketch_rnn_js(
                path
            )
            for path in sorted(arguments.weights.glob(f"*{ENDING}"))
        }
        if not models:
            raise ValueError(
                f"{arguments.weights}: expected files <word>{ENDING}, "
                "found none"
            )
        splits = {
            word: sketchrnn_npz.read(arguments.drawings / f"{word}.npz")
            for word in models
        }
    except (ValueError, OSError) as error:
        print(f"published: {error}", file=sys.stderr)
        return 2
    rows, best = [], True
    print(f"{'drawings':12}" + "".join(f"{word:>12}" for word in models))
    for word, found in splits.items():
        own = measurement.statistics(found["train"]).scale_factor
        # All models read the same drawings: those that the shortest N_max
        # has room for.
        limit = min(model.config.max_len for model in models.values())
        sketches = [s for s in found["test"] if len(s) <= limit]
        scores = {
            name: score(model, sketches, own) for name, model in models.items()
        }
        print(f"{word:12}" + "".join(f"{s:12.3f}" for s in scores.values()))
        best &= min(scores, key=scores.get) == word
        rows += [
            report.Row(f"{word} by {name}", value, "nats/point")
            for name, value in scores.items()
        ]
    if arguments.json:
        report.write_json(rows, arguments.json)
    return int(not best)


def score(model, sketches: list[np.ndarray], own: float) -> float:
    """Returns the mean loss of a point, nats, drawings scaled by `own`."""
    factor = np.array([model.config.scale_factor / own] * 2 + [1.0])
    scaled = [(sketch * factor).astype(np.float32) for sketch in sketches]
    return evaluation.evaluate(model, scaled)["recon_per_point"]


if __name__ == "__main__":
    sys.exit(main())
