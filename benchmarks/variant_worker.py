"""Runs one variant of the training step in a process of its own.

A worker (see `worker`): in TensorFlow's default settings, or to find how much
memory the variant needs.
"""

import os
import time

import numpy as np

from benchmarks import worker

PREFIXES = ("TF_", "XLA_")
MODULE = "benchmarks.variant_worker"


def environment() -> dict[str, str]:
    """Returns the environment without TensorFlow's and XLA's variables."""
    return {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(PREFIXES)
    }


class VariantWorker:
    """The handlers: `start`, `step`, `memory` and `settings`."""

    def start(
        self, *, variant: str, config: str, batches: list[str]
    ) -> dict[str, float]:
        """Builds a variant and runs it once.

        Args:
          variant: "fast" or one of `BASELINES`.
          config: The configuration as JSON.
          batches: npz files of a batch each.

        Returns:
          The loss of the first batch, without dropout, if a baseline.
        """
        import tensorflow as tf

        from benchmarks import variants
        from sketch_rnn_tf import config as config_lib

        self._batches = []
        for file in batches:
            with np.load(file, allow_pickle=False) as arrays:
                batch = {name: tf.constant(arrays[name]) for name in arrays}
            self._batches.append(batch)
        made = variants.make(variant, config_lib.from_json(config))
        self._train = made.train
        loss = made.loss(variants.beginning(self._batches[0]))
        self._train(self._batches[0])
        return {"loss": loss}

    def step(self, *, index: int) -> float:
        """Trains on a batch; returns the seconds."""
        batch = self._batches[index % len(self._batches)]
        start = time.perf_counter()
        self._train(batch)
        return time.perf_counter() - start

    def memory(self) -> float:
        """Returns the most memory that was held, MB."""
        return worker.peak_memory()

    def settings(self) -> list[str]:
        """Returns the names of TensorFlow's and XLA's variables set."""
        return sorted(name for name in os.environ if name.startswith(PREFIXES))


if __name__ == "__main__":
    handlers = VariantWorker()
    names = ("start", "step", "memory", "settings")
    worker.serve({name: getattr(handlers, name) for name in names})
