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
                [
                    (cell, tf.random.normal([num_steps, rows, width]), 0.0)
                    for rows in parts(cell, batch_size)
                ]
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


def parts(cell: cells.Cell, batch_size: int) -> list[int]:
    """Returns the sizes of the parts of a batch that run side by side."""
    one_core = cell.takes_one_core(cells.Options())
    rows = division.rows(batch_size, one_core=one_core)
    return [batch_size] if rows == 1 else rows


def gradients(
    stages: Iterable[Iterable[tuple[cells.Cell, tf.Tensor, float]]],
    *,
    of_inputs: bool,
) -> Callable[[], float]:
    """Makes a function that runs cells, and their gradients, in one graph.

    The gradients of their outputs are given, as those of what comes after a
    recurrence would be: nothing else is timed.

    Args:
      stages: What runs side by side; each stage after the one before, and its
        gradient before that one's.  Of each run a cell, its inputs float
        [T, B, k] and a drop rate.
      of_inputs: Whether to differentiate for the inputs, too.
    """
    stages = [
        [_arguments(*run, seed=seed) for seed, run in enumerate(stage)]
        for stage in stages
    ]

    @tf.function
    def compute():
        done, passed = [], []
        for stage in stages:
            with tf.control_dependencies(done), tf.GradientTape() as tape:
                outputs, sources = [], []
                for cell, inputs, state, condition, masks, _ in stage:
                    watched = [*state, condition] + [inputs] * of_inputs
                    tape.watch(watched)
                    outputs.append(
                        run_training(cell, inputs, state, condition, masks)
                    )
                    sources += watched
                    sources += [w.value for w in cell.trainable_weights]
            passed.append((tape, outputs, sources))
            done = outputs
        found = []
        for stage, (tape, outputs, sources) in zip(
            stages[::-1], passed[::-1], strict=True
        ):
            with tf.control_dependencies(done):
                # Computed in it, and not before.
                d_outputs = [tf.identity(run[-1]) for run in stage]
                done = _tensors(tape.gradient(outputs, sources, d_outputs))
            found += done
        return _firsts(found)

    return lambda: float(compute())


def _arguments(cell, inputs, rate, *, seed):
    """Returns what a cell is run on, and its outputs' gradient."""
    num_steps, batch_size, _ = inputs.shape
    masks = None
    if rate:
        masks = cells.candidate_masks(
            [num_steps, batch_size, cell.size], rate=rate, seed=[seed, 0]
        )
    width = cell.input_projection()[1].shape[-1]
    condition = 0.1 * tf.random.normal([batch_size, width])
    state = cells.zero_state(cell, batch_size)
    d_outputs = tf.random.normal([num_steps + 1, batch_size, cell.size])
    return cell, inputs, state, condition, masks, d_outputs


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
        return _firsts(_tensors(tape.gradient(outputs, sources, d_outputs)))

    return lambda: float(compute())


def _tensors(gradients):
    """Returns the gradients that there are."""
    return [tf.convert_to_tensor(g) for g in gradients if g is not None]


def _firsts(tensors):
    """Returns a number that needs all of the tensors."""
    return tf.add_n([tf.reshape(tensor, [-1])[0] for tensor in tensors])
