"""The comparison that `train_step` makes."""

import contextlib
import os
import pathlib
import tempfile
from collections.abc import Callable, Sequence

import numpy as np

from benchmarks import (
    bare_recurrence,
    contestants,
    fast_path,
    matmul_peak,
    report,
    step_parts,
    torch_client,
    turns,
    variant_worker,
    variants,
    worker,
)
from sketch_rnn_tf import config as config_lib, datasets, presets, processor
from sketch_rnn_tf.data import input_pipeline, measurement

TOLERANCE = 5e-5
"""Of losses that have to agree, in float32."""

TURNS = 2
"""Turns that each variant takes in a round."""

MEMORY_STEPS = 3

WITHOUT_ONEDNN = "no oneDNN"

Say = Callable[[str], None]


class LossesDifferError(Exception):
    """A baseline does not compute what our model computes."""


def compare(
    data: str,
    *,
    preset: str,
    assignments: Sequence[str],
    seed: int,
    rounds: int,
    batches: int | None,
    torch_python: str | None,
    defaults: bool,
    without_onednn: bool,
    say: Say,
) -> list[report.Row]:
    """Runs the comparison.

    Args:
      data: What `datasets.load` takes.
      preset: The preset's name.
      assignments: Changes of it, KEY=VALUE.
      seed: The configuration's.
      rounds: How many.
      batches: Batches in a round of the fast path; None for a window.
      torch_python: A Python that has torch; None leaves it out.
      defaults: Whether to run the plain loop in default settings as well.
      without_onednn: Whether to run it without oneDNN as well.
      say: Takes lines of progress.

    Returns:
      The figures.

    Raises:
      ValueError: If the arguments do not fit together, or the data not them.
      LossesDifferError: If a baseline's loss is another.
    """
    changes = dict(map(config_lib.parse_assignment, assignments))
    config = presets.preset(preset).replace(**{"seed": seed, **changes})
    _check(config, torch_python)
    sketches = datasets.load(data).train
    config = measurement.fit_config(config, sketches)
    with contextlib.ExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory())
        comparison = _Comparison(
            config, sketches, rounds, batches, pathlib.Path(folder), say
        )
        comparison.add_baselines()
        if torch_python:
            comparison.add_torch(torch_python, stack)
        if defaults:
            comparison.add_elsewhere("defaults", {}, stack)
        if without_onednn:
            comparison.add_elsewhere(
                WITHOUT_ONEDNN, {processor.ONEDNN: "0"}, stack
            )
        comparison.warm_up()
        comparison.take_turns()
        rows = comparison.rows()
        rows += comparison.parts()
        return rows + comparison.memory(torch_python)


def _check(config, torch_python):
    if not config.conditional:
        raise ValueError("conditional: expected true, got false")
    for name in ("input_dropout", "output_dropout"):
        if getattr(config, name):
            raise ValueError(f"{name}: expected 0, the baselines have none")
    if config.precision != "float32":
        raise ValueError(f"precision: expected float32, got {config.precision}")
    for name in ("encoder_cell", "decoder_cell"):
        if torch_python and getattr(config, name) != "lstm":
            raise ValueError(
                f"torch: expected {name} lstm, got {getattr(config, name)}"
            )


class _Comparison:
    """The contestants of one comparison, and what they have done."""

    def __init__(self, config, sketches, rounds, batches, folder, say):
        self._config = config
        self._padded_config = config.replace(
            num_buckets=0, bucket_boundaries=()
        )
        self._folder = folder
        self._say = say
        say(
            f"N_max {config.max_len}, buckets {config.bucket_boundaries}, "
            f"{processor.ONEDNN}={os.environ[processor.ONEDNN]}, "
            f"XLA_FLAGS={os.environ.get('XLA_FLAGS', '')}"
        )
        sizes = [batches] * rounds
        if batches is None:
            sizes = fast_path.round_sizes(config, sketches, rounds)
        made = input_pipeline.batches(sketches, config, training=True)
        self._fast = contestants.Fast(
            variants.make("fast", config, batches=made),
            sizes=sizes,
            num_turns=TURNS,
            more=step_parts.WAITING_BATCHES,
        )
        # Of random sketches each, as the baselines would get them.
        made = input_pipeline.batches(
            sketches, self._padded_config, training=True
        )
        self._batches = list(made.take(rounds * TURNS))
        self._beginning = variants.beginning(self._batches[0])
        self._files = self._written("padded", self._batches)
        self._peak = matmul_peak.MatmulPeak(
            batch_size=config.batch_size,
            num_steps=config.max_len,
            size=config.decoder_size,
        )
        self._torch_peak = 0.0
        self._contestants = {"fast": self._fast}
        self._workers = {}
        self._rounds = []

    def _written(self, name, batches):
        files = []
        for index, batch in enumerate(batches):
            path = self._folder / f"{name}{index}.npz"
            np.savez(path, **{key: batch[key].numpy() for key in batch})
            files.append(str(path))
        return files

    def add_baselines(self):
        """Adds those that run in this process, and checks their losses."""
        for name in variants.BASELINES:
            self._say(f"{name}: tracing")
            made = variants.make(name, self._padded_config)
            self._check_loss(name, made.loss(self._beginning))
            made.train(self._batches[0])
            self._add(name, contestants.timed(made.train, self._batches))

    def add_torch(self, python, stack):
        """Adds PyTorch, in an environment of its own."""
        self._say("torch: starting")
        made = worker.Worker(torch_client.MODULE, python=python)
        self._workers["torch"] = stack.enter_context(made)
        facts = torch_client.start(made, self._padded_config, files=self._files)
        form = "packed" if facts["packed"] else "padded, reversed"
        self._say(f"torch {facts['version']}: encoder {form}")
        self._torch_packed = facts["packed"]
        losses = torch_client.losses_of_given_outputs(
            made,
            self._padded_config,
            targets=self._batches[0]["strokes"].numpy()[:, 1:],
            folder=self._folder,
        )
        _require_close("torch: loss of given outputs", *losses)
        self._add("torch", lambda index: made.ask("step", index=index))

    def add_elsewhere(self, name, settings, stack):
        """Adds the plain loop in a process with just these of TF's settings."""
        self._say(f"{name}: starting")
        made = worker.Worker(
            variant_worker.MODULE,
            environment=variant_worker.environment() | settings,
        )
        self._workers[name] = stack.enter_context(made)
        facts = made.ask(
            "start",
            variant="plain",
            config=self._padded_config.to_json(),
            batches=self._files,
        )
        self._check_loss(name, facts["loss"])
        self._add(name, lambda index: made.ask("step", index=index))

    def _add(self, name, step):
        self._contestants[name] = contestants.Padded(
            self._padded_config,
            lengths=[batch["lengths"].numpy() for batch in self._batches],
            step=step,
            # keras.layers.RNN runs over all of its input.
            to_longest=name != "keras RNN",
        )

    def _check_loss(self, name, loss):
        wanted = self._fast.path.loss(self._beginning)
        _require_close(f"{name}: loss", loss, wanted)

    def warm_up(self):
        """Compiles our model's step for every T that will come."""
        for example in self._fast.examples:
            self._say(f"fast: compiling T = {example['strokes'].shape[1] - 1}")
            self._fast.path.train(example)

    def take_turns(self):
        """Runs the rounds, all contestants in turn."""
        self._measure_peaks(repeats=4)
        count = len(self._batches) // TURNS
        for number in range(count):
            done = {name: turns.Turn() for name in self._contestants}
            for turn in range(TURNS):
                for name, contestant in self._contestants.items():
                    self._say(
                        f"round {number + 1} of {count}, turn {turn + 1}: "
                        f"{name}"
                    )
                    done[name] += contestant.turn(number * TURNS + turn)
            self._measure_peaks(repeats=1)
            self._rounds.append(done)

    def _measure_peaks(self, *, repeats):
        self._say("matmul peak")
        self._peak.measure(repeats=repeats)
        if "torch" in self._workers:
            rate = self._workers["torch"].ask("peak")
            self._torch_peak = max(self._torch_peak, rate)

    def rows(self):
        """Returns the rows of the peaks and of all contestants."""
        found = [
            report.Row(f"matmul peak, {name}", rate / 1e9, "GFLOP/s")
            for name, rate in self._peak.rates.items()
        ]
        if "torch" in self._workers:
            found.append(
                report.Row(
                    "matmul peak, torch", self._torch_peak / 1e9, "GFLOP/s"
                )
            )
        by_name = {
            name: [done[name] for done in self._rounds]
            for name in self._contestants
        }
        for name, contestant in self._contestants.items():
            against = [] if name == "plain" else ["plain"]
            if name == "fast":
                against = [other for other in by_name if other != name]
            found += turns.rows(
                name,
                by_name[name],
                {other: by_name[other] for other in against},
                products=contestant.products,
                # Each library is held against its own products.
                peak=self._torch_peak if name == "torch" else self._peak.best,
            )
        return found

    def parts(self):
        """Returns rows of parts of our step, and of the bare recurrence."""
        rows = step_parts.rows(self._fast, peak=self._peak, say=self._say)
        self._say("bare recurrences")
        torch = self._workers.get("torch")
        return rows + bare_recurrence.rows(self._config, torch, peak=self._peak)

    def memory(self, torch_python):
        """Returns rows of the memory that each needs in its own process."""
        found = {}
        for name, made in self._workers.items():
            if name in ("defaults", WITHOUT_ONEDNN):
                found[name] = made.ask("memory")
            made.close()
        # The longest batches need the most.
        longest = self._written("bucketed", self._fast.examples[:MEMORY_STEPS])
        for name in ("fast", *variants.BASELINES):
            self._say(f"{name}: memory")
            fast = name == "fast"
            config = self._config if fast else self._padded_config
            with worker.Worker(variant_worker.MODULE) as made:
                made.ask(
                    "start",
                    variant=name,
                    config=config.to_json(),
                    batches=longest if fast else self._files,
                )
                found[name] = _memory(made)
        if torch_python:
            self._say("torch: memory")
            with worker.Worker(
                torch_client.MODULE, python=torch_python
            ) as made:
                torch_client.start(
                    made,
                    self._padded_config,
                    files=self._files,
                    packed=self._torch_packed,
                )
                found["torch"] = _memory(made)
        return [
            report.Row(
                f"{name}, alone",
                memory,
                "MB at most",
                "plain",
                found["plain"] / memory,
            )
            for name, memory in found.items()
        ]


def _memory(made):
    """Runs a few steps in a worker; returns what it held at most, MB."""
    for index in range(MEMORY_STEPS):
        made.ask("step", index=index)
    return made.ask("memory")


def _require_close(what, value, wanted):
    if not abs(value - wanted) <= TOLERANCE * max(1.0, abs(wanted)):
        raise LossesDifferError(f"{what}: expected {wanted:.6f}, got {value}")
