"""Our model's training step, as `fit` runs it, waiting for data included."""

import itertools
import queue
import time
from collections.abc import Callable, Mapping

import numpy as np
import tensorflow as tf

from sketch_rnn_tf import config as config_lib
from sketch_rnn_tf.data import bucketing
from sketch_rnn_tf.model import vae

Batch = Mapping[str, tf.Tensor]

UNBUCKETED = 10
"""Batches of a round where all have the same number of steps."""


class FastPath:
    """A model, its input pipeline and Keras' own train function.

    Args:
      config: The configuration, its buckets chosen.
      batches: Training batches, as `input_pipeline.batches` makes them.

    Attributes:
      model: The model.
    """

    def __init__(self, config: config_lib.Config, batches: tf.data.Dataset):
        self._batches = batches
        self._iterator = iter(batches)
        self.model = vae.SketchRNN(config)
        self.model.compile()
        self.model.make_train_function()

    def survey(self, count: int) -> tuple[list[int], list[int], list[Batch]]:
        """Looks at the first batches, without training.

        Args:
          count: How many.

        Returns:
          The batches' numbers of steps T and of points, and one batch of each
          T, the longest first.
        """
        steps, points, examples = [], [], {}
        for batch in self._batches.take(count):
            steps.append(batch["strokes"].shape[1] - 1)
            points.append(int(tf.reduce_sum(batch["lengths"])))
            examples.setdefault(steps[-1], batch)
        return steps, points, [examples[t] for t in sorted(examples)[::-1]]

    def train(self, batch: Batch) -> None:
        """Trains on a batch that is given, from which on its T is compiled."""
        self.trainer(batch)()

    def trainer(self, batch: Batch) -> Callable[[], None]:
        """Returns a function that trains on a batch, again at each call."""
        iterator = iter(self._made_by(lambda: itertools.repeat(batch)))
        return lambda: self._step(iterator)

    def loss(self, batch: Batch) -> float:
        """Returns recon + w_KL * kl of a batch, no dropout, z the mean."""
        output = self.model(batch, sample_z=False)
        recon, kl = self.model.loss_terms(
            output, batch["strokes"], training=True
        )
        loss = recon.offset + recon.pen + self.model.config.kl_weight * kl
        return float(tf.reduce_mean(loss))

    def run(self, count: int) -> float:
        """Trains on the pipeline's next batches; returns the seconds."""
        start = time.perf_counter()
        for _ in range(count):
            self._step(self._iterator)
        return time.perf_counter() - start

    def waiting(self, count: int) -> float:
        """Trains on, and returns what share of the time goes for data.

        The batches are fetched by themselves and handed to the same train
        function, while the pipeline works on in the background as ever.
        """
        # It may be asked for a batch before there is one.
        fetched = queue.SimpleQueue()
        handed = iter(self._made_by(lambda: iter(fetched.get, None)))
        waited = 0.0
        start = time.perf_counter()
        for _ in range(count):
            asked = time.perf_counter()
            batch = next(self._iterator)
            waited += time.perf_counter() - asked
            fetched.put(batch)
            self._step(handed)
        fetched.put(None)
        return waited / (time.perf_counter() - start)

    def _step(self, iterator):
        # `fit` reads what the step reports, too.
        logs = self.model.train_function(iterator)
        for value in logs.values():
            float(value)

    def _made_by(self, generator):
        # Of the pipeline's own signature, so that nothing is traced anew.
        return tf.data.Dataset.from_generator(
            generator, output_signature=self._batches.element_spec
        )


def round_sizes(
    config: config_lib.Config, sketches: list[np.ndarray], rounds: int
) -> list[int]:
    """Returns how many batches make each round of a timing.

    A round is a window of the pipeline, in which all lengths occur as often
    as in the data.
    """
    if len(config.bucket_boundaries) < 2:
        return [UNBUCKETED] * rounds
    count = sum(len(sketch) <= config.max_len for sketch in sketches)
    windows = bucketing.windows(count, config.batch_size)
    starts = [int(windows.first_batch(index)) for index in range(rounds + 1)]
    return np.diff(starts).tolist()
