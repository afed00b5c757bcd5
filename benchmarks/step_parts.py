"""Parts of our training step, each by itself, on the shapes of its batches."""

import statistics
import time
from collections.abc import Callable, Mapping, Sequence

import tensorflow as tf

from benchmarks import bare_recurrence, contestants, matmul_peak, report
from sketch_rnn_tf.model import (
    decoder,
    distributions,
    model_output,
    size as size_lib,
    vae,
)

REPEATS = 3
"""Of each part, for each T."""

WAITING_BATCHES = 20
"""Trained on to see how long the step waits for data."""


def rows(
    fast: contestants.Fast,
    *,
    step: float,
    peak: matmul_peak.MatmulPeak,
    say: Callable[[str], None],
) -> list[report.Row]:
    """Measures the parts of our step.

    Args:
      fast: Our model and the batches that it was timed on.
      step: Seconds of a step.
      peak: The best rate of a product; measured once more.
      say: Takes lines of progress.

    Returns:
      The rows.
    """
    model = fast.path.model
    say("fast: data")
    waiting = fast.path.waiting(WAITING_BATCHES)
    start = time.perf_counter()
    fast.path.survey(len(fast.steps))
    pipeline = len(fast.steps) / (time.perf_counter() - start)
    say("fast: mixture head")
    examples = {
        example["strokes"].shape[1] - 1: example for example in fast.examples
    }
    head = weighted(lambda t: mixture_head(model, examples[t]), fast.steps)
    say("fast: recurrences")
    seconds = weighted(lambda t: recurrences(model, t), fast.steps)
    mean_steps = model.config.batch_size * statistics.mean(fast.steps)
    operations = fast.products.training(
        encoder_steps=mean_steps, decoder_steps=mean_steps, sketches=0
    )
    peak.measure()
    rate = operations / seconds
    return [
        report.Row(
            "input pipeline alone",
            pipeline * model.config.batch_size,
            "sketches/s",
        ),
        report.Row("fast, waiting for data", waiting, "of the step"),
        report.Row("fast, mixture head", head / step, "of the step"),
        report.Row("fast, recurrences", seconds / step, "of the step"),
        report.Row("fast, recurrences", rate / 1e9, "GFLOP/s"),
        report.Row("fast, recurrences", rate / peak.best, "of peak, executed"),
    ]


def weighted(
    make: Callable[[int], Callable[[], object]], steps: Sequence[int]
) -> float:
    """Times something that depends on T, over batches of different T.

    Args:
      make: Makes the function to time for a T; it has to wait for its result.
      steps: T of each batch.

    Returns:
      Mean seconds a batch; the median of a few, for each T.
    """
    total = 0.0
    for num_steps in sorted(set(steps)):
        function = make(num_steps)
        function()
        seconds = []
        for _ in range(REPEATS):
            start = time.perf_counter()
            function()
            seconds.append(time.perf_counter() - start)
        total += statistics.median(seconds) * steps.count(num_steps)
    return total / len(steps)


def mixture_head(
    model: vae.SketchRNN, batch: Mapping[str, tf.Tensor]
) -> Callable[[], float]:
    """Makes the loss of given parameters, forward and backward.

    Args:
      model: The model.
      batch: A training batch.
    """
    strokes = tf.convert_to_tensor(batch["strokes"])
    batch_size, length, _ = strokes.shape
    width = size_lib.params_size(model.config.num_mixtures)
    params = 0.1 * tf.random.normal([batch_size, length - 1, width])

    @tf.function
    def gradient(params, strokes):
        with tf.GradientTape() as tape:
            tape.watch(params)
            output = model_output.ModelOutput(
                distributions.point_distribution(params), None, None
            )
            recon, _ = model.loss_terms(output, strokes, training=True)
            loss = tf.reduce_mean(recon.offset + recon.pen)
        return tape.gradient(loss, params)

    return lambda: float(gradient(params, strokes)[0, 0, 0])


def recurrences(model: vae.SketchRNN, num_steps: int) -> Callable[[], float]:
    """Makes the recurrences of encoder and decoder, forward and backward.

    Args:
      model: The model, conditional.
      num_steps: T.
    """
    config = model.config
    runs = [
        (model.encoder.forward_cell, config.batch_size),
        (model.encoder.backward_cell, config.batch_size),
    ]
    for batch_size in bare_recurrence.parts(config.batch_size):
        runs.append((model.decoder.recurrent_cell, batch_size))
    return bare_recurrence.gradients(
        [
            (
                cell,
                tf.random.normal([num_steps, batch_size, decoder.POINT_SIZE]),
                config.recurrent_dropout,
            )
            for cell, batch_size in runs
        ],
        of_inputs=False,
    )
