"""Recurrences by themselves, forward and backward: ours, plain and torch's.

`run_training` is the one place that calls a cell's own `run_training`.
"""

import statistics
from collections.abc import Callable, Iterable

import tensorflow as tf

from benchmarks import (
    arithmetic,
    matmul_peak,
    reference_loop,
    report,
    worker,
)
from sketch_rnn_tf import config as config_lib
from sketch_rnn_tf.model import cells, decoder
from sketch_rnn_tf.model.cells import division

REPEATS = 5


def rows(
    config: config_lib.Config,
    torch: worker.Worker | None,
    *,
    peak: matmul_peak.MatmulPeak,
) -> list[report.Row]:
    """Compares the decoder's recurrence, on inputs that differ in each step.

    T is N_max, and the inputs are [T, B, 5 + Z], whose gradients are computed,
    too, as is the case where z is among them.  There is no dropout.

    Args:
      config: The sizes.
      torch: A worker that runs `torch_lstm`, whose nn.LSTM takes part; None
        leaves it out.
      peak: The best rate of a product; measured once more.

    Returns:
      The rows.
    """
    kind, size = config.decoder_cell, config.decoder_size
    batch_size, num_steps = config.batch_size, config.max_len
    width = decoder.POINT_SIZE + config.z_size
    cell = cells.make(kind, size, name="bare")
    cell.build((None, width))
    functions = {
        "ours": gradients(
            [
                (cell, tf.random.normal([num_steps, rows, width]), 0.0)
                for rows in parts(batch_size)
            ],
            of_inputs=True,
        ),
        "plain": _plain(cell, tf.random.normal([batch_size, num_steps, width])),
    }
    if torch:
        functions["torch"] = lambda: torch.ask(
            "scan",
            size=size,
            batch_size=batch_size,
            num_steps=num_steps,
            input_size=width,
        )
    times = report.time_alternately(functions.values(), repeats=REPEATS)
    peak.measure()
    times = dict(zip(functions, times, strict=True))
    operations = 6 * batch_size * num_steps
    operations *= arithmetic.step(kind, size, width)
    found = [
        report.Row(
            f"bare {kind}, {name}",
            operations / statistics.median(times[name]) / 1e9,
            "GFLOP/s",
            other,
            report.ratio(times[name], times[other]),
        )
        for name in times
        for other in times
        if other != name and other != "ours"
    ]
    ours = f"bare {kind}, ours"
    for name, seconds in (
        (ours, statistics.median(times["ours"])),
        (f"{ours} at its best", min(times["ours"])),
    ):
        rate = operations / seconds / peak.best
        found.append(report.Row(name, rate, "of peak, executed"))
    return found


def run_training(
    cell: cells.Cell,
    inputs: tf.Tensor,
    state: cells.State,
    condition: tf.Tensor,
    masks: cells.Masks | None,
) -> tf.Tensor:
    """Runs a cell over time as training does; returns its outputs."""
    return cell.run_training(inputs, state, condition=condition, masks=masks)


def parts(batch_size: int) -> list[int]:
    """Returns the sizes of the parts of a batch that run side by side."""
    rows = division.rows(batch_size)
    return [batch_size] if rows == 1 else rows


def gradients(
    runs: Iterable[tuple[cells.Cell, tf.Tensor, float]], *, of_inputs: bool
) -> Callable[[], float]:
    """Makes a function that runs cells, and their gradients, in one graph.

    The gradients of their outputs are given, as those of what comes after a
    recurrence would be: nothing else is timed.

    Args:
      runs: Of each a cell, its inputs float [T, B, k] and a drop rate.
      of_inputs: Whether to differentiate for the inputs, too.
    """
    arguments, d_outputs = [], []
    for index, (cell, inputs, rate) in enumerate(runs):
        num_steps, batch_size, _ = inputs.shape
        masks = None
        if rate:
            masks = cells.candidate_masks(
                [num_steps, batch_size, cell.size], rate=rate, seed=[index, 0]
            )
        width = cell.input_projection()[1].shape[-1]
        condition = 0.1 * tf.random.normal([batch_size, width])
        state = cells.zero_state(cell, batch_size)
        arguments.append((cell, inputs, state, condition, masks))
        d_outputs.append(
            tf.random.normal([num_steps + 1, batch_size, cell.size])
        )

    @tf.function
    def compute():
        outputs, sources = [], []
        with tf.GradientTape() as tape:
            for cell, inputs, state, condition, masks in arguments:
                watched = [*state, condition] + [inputs] * of_inputs
                tape.watch(watched)
                outputs.append(
                    run_training(cell, inputs, state, condition, masks)
                )
                sources += [w.value for w in cell.trainable_weights] + watched
        return _firsts(tape.gradient(outputs, sources, d_outputs))

    return lambda: float(compute())


def _plain(cell, inputs):
    """Makes the plain loop likewise; inputs float [B, T, k]."""
    runner = reference_loop.make_runner(cell, dropout=0.0)
    d_outputs = tf.random.normal([*inputs.shape[:2], cell.size])

    @tf.function
    def compute():
        with tf.GradientTape() as tape:
            state = cells.zero_state(cell, inputs.shape[0])
            watched = [*state, inputs]
            tape.watch(watched)
            outputs, _ = runner(inputs, state, lengths=None, training=True)
        sources = [w.value for w in cell.trainable_weights] + watched
        return _firsts(tape.gradient(outputs, sources, d_outputs))

    return lambda: float(compute())


def _firsts(tensors):
    """Returns a number that needs all of the tensors there are."""
    return tf.add_n(
        [
            tf.reshape(tf.convert_to_tensor(tensor), [-1])[0]
            for tensor in tensors
            if tensor is not None
        ]
    )
