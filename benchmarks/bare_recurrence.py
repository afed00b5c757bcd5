"""Recurrences by themselves, forward and backward: ours, plain and torch's."""

import statistics
from collections.abc import Callable, Iterable
from typing import NamedTuple

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


class Run(NamedTuple):
    """A cell over time, on a batch that is divided as the model divides it.

    Attributes:
      cell: The cell.
      num_steps: T.
      batch_size: B.
      width: k, of the inputs [T, B, k].
      rate: Drop rate of its candidates.
    """

    cell: cells.Cell
    num_steps: int
    batch_size: int
    width: int
    rate: float


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
            [[Run(cell, num_steps, batch_size, width, 0.0)]], of_inputs=True
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


def gradients(
    stages: Iterable[Iterable[Run]],
    *,
    of_inputs: bool,
) -> Callable[[], float]:
    """Makes a function that runs cells, and their gradients, in one graph.

    The gradients of their outputs are given, as those of what comes after a
    recurrence would be: nothing else is timed.

    Args:
      stages: What runs side by side; each stage after the one before, and its
        gradient before that one's.
      of_inputs: Whether to differentiate for the inputs, too.
    """
    stages = [[_with_arguments(run) for run in stage] for stage in stages]
    options = cells.Options(input_gradient=of_inputs)

    @tf.function
    def compute():
        done, passed = [], []
        for stage in stages:
            with tf.control_dependencies(done), tf.GradientTape() as tape:
                outputs, sources = [], []
                for cell, width, parts in stage:
                    kernels = cell.training_kernels(width, options)
                    for inputs, state, condition, masks, _ in parts:
                        watched = [*state, condition] + [inputs] * of_inputs
                        tape.watch(watched)
                        sources += watched
                        outputs.append(
                            cell.run_training(
                                inputs,
                                state,
                                condition=condition,
                                masks=masks,
                                kernels=kernels,
                                options=options,
                            )
                        )
                    sources += [w.value for w in cell.trainable_weights]
            passed.append((tape, outputs, sources))
            done = outputs
        found = []
        for stage, (tape, outputs, sources) in zip(
            stages[::-1], passed[::-1], strict=True
        ):
            with tf.control_dependencies(done):
                # Computed in it, and not before.
                d_outputs = [
                    tf.identity(part[-1])
                    for _, _, parts in stage
                    for part in parts
                ]
                done = _tensors(tape.gradient(outputs, sources, d_outputs))
            found += done
        return _firsts(found)

    return lambda: float(compute())


def _with_arguments(run):
    """Returns the cell, k, and what each part of the batch is run on.

    A part's are the inputs, state, condition, masks, and outputs' gradient.
    """
    cell, num_steps, batch_size, width, rate = run
    rows = _rows(cell, batch_size)
    masks = None
    if rate:
        masks = cells.candidate_masks(
            [num_steps, batch_size, cell.size], rate=rate, seed=[0, 0]
        )
    columns = cell.input_projection()[1].shape[-1]
    of_parts = zip(
        [batch_size] if rows == 1 else rows,
        cells.split_masks(masks, rows),
        strict=True,
    )
    parts = [
        (
            tf.random.normal([num_steps, count, width]),
            cells.zero_state(cell, count),
            0.1 * tf.random.normal([count, columns]),
            of_part,
            tf.random.normal([num_steps + 1, count, cell.size]),
        )
        for count, of_part in of_parts
    ]
    return cell, width, parts


def _rows(cell, batch_size):
    """Returns how the model divides a batch."""
    one_core = cell.takes_one_core(cells.Options())
    return division.rows(batch_size, one_core=one_core)


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
