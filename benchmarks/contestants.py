"""The variants of the training step as what takes turns with the others."""

import time
from collections.abc import Callable, Sequence

import tensorflow as tf

from benchmarks import arithmetic, fast_path, turns
from sketch_rnn_tf import config as config_lib


class Fast:
    """Our model, which trains on the pipeline's batches.

    Args:
      path: The model and its pipeline, of which nothing has been read yet.
      sizes: Batches in each round.
      num_turns: Turns in a round.
      more: Batches to be trained on after the last round.

    Attributes:
      path: As given.
      steps: Numbers of steps T of all rounds' batches.
      examples: A batch of each T that will come, the longest first.
      products: What a step multiplies.
    """

    def __init__(
        self,
        path: fast_path.FastPath,
        *,
        sizes: Sequence[int],
        num_turns: int,
        more: int = 0,
    ):
        self.path = path
        count = sum(sizes)
        steps, self._points, self.examples = path.survey(count + more)
        self.steps = steps[:count]
        self.products = arithmetic.products(path.model.config, hoisted=True)
        self._batch_size = path.model.config.batch_size
        self._done = 0
        self._counts = [
            (turn + 1) * size // num_turns - turn * size // num_turns
            for size in sizes
            for turn in range(num_turns)
        ]

    def turn(self, index: int) -> turns.Turn:
        """Takes the next turn, which is number `index` of all."""
        count = self._counts[index]
        done = slice(self._done, self._done + count)
        self._done += count
        seconds = self.path.run(count)
        steps = self._batch_size * sum(self.steps[done])
        return turns.Turn(
            seconds=seconds,
            batches=count,
            sketches=count * self._batch_size,
            points=sum(self._points[done]),
            encoder_steps=steps,
            decoder_steps=steps,
        )


class Padded:
    """A variant that takes a step a turn, on batches padded to N_max.

    Args:
      config: The configuration.
      lengths: The sketches' lengths in each turn's batch, int [B] each.
      step: Takes the step of a turn and returns its seconds.
      to_longest: Whether the encoder stops with a batch's longest sketch.

    Attributes:
      products: What a step multiplies.
    """

    def __init__(
        self,
        config: config_lib.Config,
        *,
        lengths: Sequence[tf.Tensor],
        step: Callable[[int], float],
        to_longest: bool,
    ):
        self.products = arithmetic.products(config, hoisted=False)
        self._config = config
        self._lengths = lengths
        self._step = step
        self._to_longest = to_longest

    def turn(self, index: int) -> turns.Turn:
        """Takes turn number `index` of all."""
        size, max_len = self._config.batch_size, self._config.max_len
        lengths = self._lengths[index]
        longest = int(lengths.max()) if self._to_longest else max_len
        return turns.Turn(
            seconds=self._step(index),
            batches=1,
            sketches=size,
            points=int(lengths.sum()),
            encoder_steps=size * longest,
            decoder_steps=size * max_len,
        )


def timed(train: Callable, batches: Sequence) -> Callable[[int], float]:
    """Returns a function that trains on a turn's batch, giving the seconds."""

    def step(index):
        start = time.perf_counter()
        train(batches[index])
        return time.perf_counter() - start

    return step
