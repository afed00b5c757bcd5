"""Parts of our training step, each by itself, on the shapes of its batches."""

import statistics
import time
from collections.abc import Callable, Mapping

import tensorflow as tf

from benchmarks import bare_recurrence, contestants, matmul_peak, report
from sketch_rnn_tf.model import (
    decoder as decoder_lib,
    distributions,
    model_output,
    size as size_lib,
    vae,
)

REPEATS = 5
"""Of each part, for each T."""

WAITING_BATCHES = 20
"""Trained on to see how long the step waits for data."""


def rows(
    fast: contestants.Fast,
    *,
    peak: matmul_peak.MatmulPeak,
    say: Callable[[str], None],
) -> list[report.Row]:
    """Measures the parts of our step, in turns with the step itself.

    Args:
      fast: Our model and the batches that it was timed on.
      peak: The best rate of a product; measured some times more.  The fastest
        so far takes turns with the recurrences.
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
    times = {}
    product = peak.fastest
    for batch in fast.examples[::-1]:
        num_steps = batch["strokes"].shape[1] - 1
        if num_steps not in fast.steps:
            continue
        say(f"fast: parts of {num_steps} steps")
        times[num_steps] = report.time_alternately(
            [
                fast.path.trainer(batch),
                mixture_head(model, batch),
                recurrences(model, num_steps),
                product.run,
            ],
            repeats=REPEATS,
        )
        for seconds in times[num_steps][-1]:
            peak.add(product, seconds)
        peak.measure()
    step, head, recurrent, _ = _means(times, fast.steps, statistics.median)
    *_, recurrent_at_best, _ = _means(times, fast.steps, min)
    # How often the product could have been computed meanwhile, turn by turn.
    products = statistics.fmean(
        1.0 / report.ratio(*times[num_steps][-2:]) for num_steps in fast.steps
    )
    mean_steps = model.config.batch_size * statistics.mean(fast.steps)
    operations = fast.products.training(
        encoder_steps=mean_steps, decoder_steps=mean_steps, sketches=0
    )
    found = [
        report.Row(
            "input pipeline alone",
            pipeline * model.config.batch_size,
            "sketches/s",
        ),
        report.Row("fast, waiting for data", waiting, "of the step"),
        report.Row("fast, mixture head", head / step, "of the step"),
        report.Row("fast, recurrences", recurrent / step, "of the step"),
    ]
    for name, seconds, compared in (
        (
            "fast, recurrences",
            recurrent,
            (
                "the best product",
                operations / (products * product.operations),
            ),
        ),
        ("fast, recurrences at their best", recurrent_at_best, ()),
    ):
        rate = operations / seconds
        found += [
            report.Row(name, rate / 1e9, "GFLOP/s", *compared),
            report.Row(name, rate / peak.best, "of peak, executed"),
        ]
    return found


def _means(times, steps, choose):
    """Returns each part's mean seconds a batch, over batches of these T."""
    parts = zip(
        *([choose(part) for part in times[num_steps]] for num_steps in steps),
        strict=True,
    )
    return [statistics.fmean(part) for part in parts]


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
    encoder, decoder = model.encoder, model.decoder
    return bare_recurrence.gradients(
        [
            [
                bare_recurrence.Run(
                    cell,
                    num_steps,
                    config.batch_size,
                    decoder_lib.POINT_SIZE,
                    config.recurrent_dropout,
                )
                for cell in stage
            ]
            for stage in (
                (encoder.forward_cell, encoder.backward_cell),
                (decoder.recurrent_cell,),
            )
        ],
        of_inputs=False,
    )
