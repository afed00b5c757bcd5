"""What one processor core serves: requests a second by the size of a batch.

python -m benchmarks.serving_speed --model work [--core 1]

This process keeps to one core and TensorFlow to one thread; the SavedModel is
run by its signatures, on requests that are merged as TF Serving merges them:
completions of a doodle's beginning, and drawings of random z, all up to N_max
points.  Reading and writing requests is not in the times.  Each row says how
many such cores a thousand requests a second take.
"""

import argparse
import functools
import os
import pathlib
import statistics
import sys

import tensorflow as tf
import tqdm

from benchmarks import report, request_pool, served
from benchmarks.stand_in import catalogue, loaded, merging

SIGNATURES = ("complete", "decode")
WANTED = 1_000
"""Requests a second."""

_TEMPERATURE = 0.4


def main(argv: list[str] | None = None) -> int:
    """Runs the benchmark; returns 2 for bad input."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.serving_speed",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    served.add_arguments(parser)
    parser.add_argument(
        "--sizes",
        type=lambda text: [int(size) for size in text.split(",")],
        default=[1, 2, 4, 8, 16, 32, 64],
        metavar="N,N",
        help="rows of the batches (default: 1,2,4,8,16,32,64)",
    )
    parser.add_argument("--rounds", type=int, default=30)
    parser.add_argument(
        "--core", type=int, help="which (default: the last that there is)"
    )
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--json", metavar="FILE")
    arguments = parser.parse_args(argv)
    try:
        if min(*arguments.sizes, arguments.rounds) < 1:
            raise ValueError("expected sizes and rounds of at least 1")
        _keep_to(arguments.core)
        with served.versions(arguments) as bundle:
            models = catalogue.load_directory(bundle, request_pool.NAME)
            rows = measure(
                models.find(request_pool.NAME),
                arguments.sizes,
                rounds=arguments.rounds,
                seed=arguments.seed,
            )
    except (ValueError, OSError) as error:
        print(f"serving_speed: {error}", file=sys.stderr)
        return 2
    _show(rows)
    if arguments.json:
        report.write_json(rows, arguments.json)
    return 0


def measure(
    version: loaded.Version, sizes: list[int], *, rounds: int, seed: int = 0
) -> list[report.Row]:
    """Times batches of each size in turn.

    Args:
      version: The SavedModel.
      sizes: Rows of the batches.
      rounds: Of all sizes; each has other requests.
      seed: Which.

    Returns:
      For each signature and size the batch's time, the rate, and the cores
      that `WANTED` requests a second take.
    """
    pool = request_pool.RequestPool(version, seed)
    rows = []
    for signature in SIGNATURES:
        calls = [
            functools.partial(_run, version, signature, iter(batches))
            for batches in _batches(pool, signature, sizes, rounds)
        ]
        progress = tqdm.tqdm(
            total=(rounds + 1) * len(calls), desc=signature, disable=None
        )
        with progress as bar:

            def counted(call, bar=bar):
                call()
                bar.update()

            seconds = report.time_alternately(
                [functools.partial(counted, call) for call in calls],
                repeats=rounds,
            )
        alone = seconds[0]
        for size, times in zip(sizes, seconds, strict=True):
            name = f"{signature}, {size} a batch"
            rate = size / statistics.median(times)
            # How many times as many requests as in the first size.
            ratio = (size / sizes[0]) * report.ratio(times, alone)
            against = f"{sizes[0]} a batch"
            rows += [
                report.Row(name, 1e3 * statistics.median(times), "ms"),
                report.Row(name, rate, "requests/s", against, ratio),
                report.Row(name, WANTED / rate, f"cores for {WANTED:,}/s"),
            ]
    return rows


def _show(rows):
    print(f"{'one core':24} {'ms':>10} {'requests/s':>12} {'cores':>8}")
    print(f"{'':48} for {WANTED:,}/s")
    for milliseconds, rate, cores in zip(
        rows[::3], rows[1::3], rows[2::3], strict=True
    ):
        print(
            f"{rate.name:24} {milliseconds.value:10.2f} {rate.value:12.1f} "
            f"{cores.value:8.2f}   {rate.ratio:.2f}x {rate.against}"
        )


def _run(version, signature, batches):
    version.run(signature, next(batches), ("status", "strokes", "lengths"))


def _batches(pool, signature, sizes, rounds):
    """Makes all batches beforehand, for each size one a round and one more."""
    made = []
    for size in sizes:
        batches = []
        for _ in range(rounds + 1):
            requests = []
            for _ in range(size):
                inputs = pool.inputs(signature, rows=1)
                inputs["temperature"][:] = _TEMPERATURE
                inputs["max_len"][:] = pool.max_len
                requests.append(inputs)
            batches.append(merging.merge(requests)[0])
        made.append(batches)
    return made


def _keep_to(core):
    """Keeps all threads, those to come included, to one core."""
    allowed = os.sched_getaffinity(0)
    core = max(allowed) if core is None else core
    if core not in allowed:
        raise ValueError(f"--core: expected one of {allowed}, got {core}")
    for thread in pathlib.Path("/proc/self/task").iterdir():
        os.sched_setaffinity(int(thread.name), {core})
    tf.config.threading.set_intra_op_parallelism_threads(1)
    tf.config.threading.set_inter_op_parallelism_threads(1)


if __name__ == "__main__":
    sys.exit(main())
