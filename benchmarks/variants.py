"""The training steps that are compared, by name."""

from collections.abc import Mapping

import tensorflow as tf

from benchmarks import baseline, fast_path, keras_rnn, reference_loop
from sketch_rnn_tf import config as config_lib
from sketch_rnn_tf.model import vae

BASELINES = {
    "keras RNN": keras_rnn.make_runner,
    "plain": reference_loop.make_runner,
}

CHECKED_STEPS = 32
"""Of a batch, on which the variants' losses have to agree."""


def beginning(batch: Mapping[str, tf.Tensor]) -> dict[str, tf.Tensor]:
    """Cuts a batch to its first steps.

    With untrained layer norm, rounding grows a billionfold over 250 steps:
    weights that are moved by 1e-7 move the loss by 1e-2, and two float32
    computations of the whole batch's loss cannot agree.  (In float64 they
    do, to 5e-7.)

    Args:
      batch: A training batch.

    Returns:
      The same with `CHECKED_STEPS` steps at most.
    """
    return {
        "strokes": batch["strokes"][:, : CHECKED_STEPS + 1],
        "lengths": tf.minimum(batch["lengths"], CHECKED_STEPS),
    }


def make(
    name: str,
    config: config_lib.Config,
    *,
    batches: tf.data.Dataset | None = None,
) -> fast_path.FastPath | baseline.Baseline:
    """Makes a variant; all start from the same weights.

    Args:
      name: "fast" or one of `BASELINES`.
      config: The model's configuration.
      batches: What the fast one trains on; None if only on what is handed to
        its `train`.
    """
    if name in BASELINES:
        return baseline.Baseline(vae.SketchRNN(config), BASELINES[name])
    if batches is None:
        size = config.batch_size
        batches = tf.data.Dataset.from_generator(
            lambda: iter(()),
            output_signature={
                "strokes": tf.TensorSpec([size, None, 5]),
                "lengths": tf.TensorSpec([size], tf.int32),
            },
        )
    return fast_path.FastPath(config, batches)
