"""Trains a small model for long, and counts the steps that stay finite.

python -m benchmarks.long_training --steps 20000 --precision mixed_float16

The data are the embedded doodles; annealing, dropout of all three kinds,
augmentation and clipping are on, and the learning rate decays.  Each step goes
through the library's own `train_step`, which says whether a term of its loss
or a gradient was not finite.  The exit status is 1 if any was.
"""

import argparse
import json
import math
import pathlib
import sys
import time
from typing import NamedTuple

import numpy as np
import tensorflow as tf

from sketch_rnn_tf import config as config_lib, doodles, presets
from sketch_rnn_tf.data import input_pipeline, measurement
from sketch_rnn_tf.model import vae

STEPS = 20_000
# Steps that run before the next look: a call costs as much as some of them.
CHUNK = 100


class Outcome(NamedTuple):
    """What came of a long training.

    Attributes:
      steps: Steps taken.
      bad: Steps of which a term or a gradient was not finite, by the term;
        all of `vae.TERMS`.
      finite: Whether all weights, and Adam's moments, are finite at the end.
      first_loss: Mean of the loss (Eq. 12) over the first steps, nats.
      last_loss: Likewise, over the last ones.
      largest_weight: The largest absolute value of a weight at the end.
      seconds: How long it took.
    """

    steps: int
    bad: dict[str, int]
    finite: bool
    first_loss: float
    last_loss: float
    largest_weight: float
    seconds: float

    @property
    def good(self) -> bool:
        """Whether all stayed finite."""
        return self.finite and not sum(self.bad.values())


def configuration(
    precision: str, *, cell: str = "lstm", seed: int = 0
) -> config_lib.Config:
    """Returns the small model's configuration; N_max is yet to be measured.

    Raises:
      ValueError: If there is no such precision or cell.
    """
    return presets.preset("tiny").replace(
        precision=precision,
        encoder_cell=cell if cell != "hyper" else "layer_norm",
        decoder_cell=cell,
        seed=seed,
        batch_size=16,
        max_len=32,
        num_buckets=3,
        kl_decay_rate=0.9995,
        learning_rate_decay=0.9998,
        recurrent_dropout=0.1,
        input_dropout=0.1,
        output_dropout=0.1,
        gradient_clip=1.0,
    )


def trained(
    config: config_lib.Config,
    sketches: list[np.ndarray],
    *,
    steps: int,
    say=lambda line: None,
) -> Outcome:
    """Trains for so many steps, in chunks.

    Args:
      config: Its max_len, if positive, is the longest sketch to keep.
      sketches: Stroke-3, pixels.
      steps: How many; a last chunk may be smaller.
      say: Told what came of each chunk, a line at a time.

    Raises:
      ValueError: If no sketch is short enough.
    """
    config = measurement.fit_config(config, sketches)
    model = vae.SketchRNN(config)
    model.compile()
    model.optimizer.build(model.trainable_variables)
    batches = iter(input_pipeline.batches(sketches, config, training=True))

    @tf.function
    def run(count):
        bad = tf.zeros([len(vae.TERMS)])
        loss = tf.constant(0.0)
        for _ in tf.range(count):
            logs = model.train_step(next(batches))
            # -1 is none, and a row of zeros.
            term = tf.cast(logs["bad_term"], tf.int32)
            bad += tf.one_hot(term, len(vae.TERMS))
            loss = logs["loss"]
        return bad, loss

    start = time.perf_counter()
    bad, done, losses = np.zeros(len(vae.TERMS), int), 0, []
    while done < steps:
        count = min(CHUNK, steps - done)
        model.reset_metrics()
        found, loss = run(tf.constant(count))
        bad += found.numpy().astype(int)
        losses.append(float(loss))
        done += count
        say(
            f"{config.precision}: step {done} of {steps}, loss "
            f"{losses[-1]:.4f}, {bad.sum()} not finite, "
            f"{time.perf_counter() - start:.0f} s"
        )
    variables = [*model.weights, *model.optimizer.variables]
    values = [np.asarray(variable.numpy()) for variable in variables]
    return Outcome(
        steps=int(model.optimizer.iterations.numpy()) + int(bad.sum()),
        bad=dict(zip(vae.TERMS, bad.tolist(), strict=True)),
        finite=all(np.isfinite(value).all() for value in values),
        first_loss=losses[0] if losses else math.nan,
        last_loss=losses[-1] if losses else math.nan,
        largest_weight=max(
            float(np.abs(weight.numpy()).max()) for weight in model.weights
        ),
        seconds=time.perf_counter() - start,
    )


def some_doodles(per_kind: int = 30) -> list[np.ndarray]:
    """Returns doodles of every kind, stroke-3, pixels."""
    return [
        doodles.draw(kind, seed=seed).stroke3
        for seed in range(per_kind)
        for kind in doodles.KINDS
    ]


def main(argv: list[str] | None = None) -> int:
    """Runs the training and prints what came of it."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.long_training",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--steps", type=int, default=STEPS)
    parser.add_argument(
        "--precision",
        nargs="+",
        choices=config_lib.PRECISIONS,
        default=["float32"],
        help="one training after the other for each",
    )
    parser.add_argument("--cell", choices=config_lib.CELLS, default="lstm")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument(
        "--json", metavar="FILE", help="write what came of each as JSON"
    )
    arguments = parser.parse_args(argv)
    if arguments.steps < 1:
        parser.error(f"--steps: expected at least 1, got {arguments.steps}")
    outcomes = {}
    for precision in arguments.precision:
        config = configuration(
            precision, cell=arguments.cell, seed=arguments.seed
        )
        outcome = trained(
            config,
            some_doodles(),
            steps=arguments.steps,
            say=lambda line: print(line, file=sys.stderr, flush=True),
        )
        outcomes[precision] = outcome._asdict() | {"good": outcome.good}
        print(
            f"{precision}: {outcome.steps} steps, "
            f"{sum(outcome.bad.values())} not finite, loss "
            f"{outcome.first_loss:.4f} to {outcome.last_loss:.4f}, largest "
            f"weight {outcome.largest_weight:.3f}, {outcome.seconds:.0f} s",
            flush=True,
        )
        if arguments.json:
            text = json.dumps(outcomes, indent=2)
            pathlib.Path(arguments.json).write_text(text + "\n")
    return 0 if all(outcome["good"] for outcome in outcomes.values()) else 1


if __name__ == "__main__":
    sys.exit(main())
