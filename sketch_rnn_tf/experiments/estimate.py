"""How long trainings will take, before the first of them has begun.

Counted is what the recurrent networks multiply; the machine's speed is that
of one product, timed for a moment.
"""

import os
import time
from collections.abc import Sequence

import numpy as np
import tensorflow as tf

from sketch_rnn_tf import config as config_lib
from sketch_rnn_tf.experiments import sources, trainings

_SHARE = 0.5
"""Of the speed of a large product, that a whole training comes to, data,
validation and compilation included; on two cores it was 0.4 to 0.6."""

_BUCKETS = 1.08
"""Steps of bucketed batches, against those of each sketch padded alone."""

_POINT = 5


def minutes(
    asked: Sequence[trainings.Training], rows: str | os.PathLike
) -> float:
    """Estimates how long trainings will take, one after another.

    Args:
      asked: The trainings.
      rows: The directory of their records; what is done there is left out.

    Returns:
      Minutes.

    Raises:
      ValueError: If the data of one are not found or bad.
    """
    rate = product_rate()
    lengths, total = {}, 0.0
    for training in asked:
        left = 1 - trainings.share_done(training, rows)
        # Of all, so that what is not found is told before the first of them.
        if training.spec not in lengths:
            data = sources.load(training.spec, data_dir=training.data_dir)
            lengths[training.spec] = [len(sketch) for sketch in data.train]
        if training.minutes is not None:
            total += left * training.minutes
            continue
        seconds = seconds_a_step(
            training.config, lengths[training.spec], rate=rate
        )
        total += left * training.config.steps * seconds / 60
    return total


def seconds_a_step(
    config: config_lib.Config,
    lengths: Sequence[int],
    *,
    rate: float,
) -> float:
    """Estimates a training step.

    Args:
      config: The configuration.
      lengths: Numbers of points of the training sketches.
      rate: Operations a second of a large product.
    """
    kept = [n for n in lengths if not config.max_len or n <= config.max_len]
    if not kept:
        return 0.0
    steps = max(kept)
    if config.num_buckets > 1:
        # Padded to the next of the boundaries, which is little more.
        steps = np.minimum(np.array(kept) + config.end_steps, steps).mean()
        steps *= _BUCKETS
    sizes = [(config.decoder_cell, config.decoder_size)]
    if config.conditional:
        sizes += 2 * [(config.encoder_cell, config.encoder_size)]
    products = sum(
        4 * size * (_POINT + size) * (1.3 if cell == "hyper" else 1.0)
        for cell, size in sizes
    )
    # Two operations a multiply-add, and a backward pass costs two forward.
    return 6 * products * steps * config.batch_size / (_SHARE * rate)


def product_rate(seconds: float = 0.3) -> float:
    """Times a large product; returns its operations a second."""
    size = 1024
    values = tf.random.stateless_normal([size, size], [0, 0])

    @tf.function
    def product():
        return tf.reduce_sum(tf.matmul(values, values))

    float(product())
    best, end = np.inf, time.perf_counter() + seconds
    while time.perf_counter() < end:
        start = time.perf_counter()
        float(product())
        best = min(best, time.perf_counter() - start)
    return 2 * size**3 / best
