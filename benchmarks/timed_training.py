"""Trainings for a given time or number of steps: ours, and a plain one's.

Time is that of training steps, waiting for data included.  What a step takes
beyond that of a later one of its length, as it is traced and compiled, is
counted apart.
"""

import queue
import time
from collections.abc import Callable, Iterator

import numpy as np
import tensorflow as tf

from benchmarks import baseline, reference_loop
from sketch_rnn_tf import config as config_lib
from sketch_rnn_tf.data import augmentation, input_pipeline
from sketch_rnn_tf.generation import evaluation
from sketch_rnn_tf.model import vae

Progress = Callable[[float], None]
"""Takes the seconds trained since it was last called."""


class Clock:
    """Parts the time of training from that of compiling.

    Attributes:
      trained: Seconds that the steps take.
      compiled: Seconds that the first steps of each length took beyond that.
    """

    def __init__(self):
        self.trained = self.compiled = 0.0
        self._first = {}
        self._seen = set()

    def add(self, length: int, seconds: float) -> float:
        """Adds a step; returns the seconds by which `trained` has grown.

        A first step of a length counts as compiling, until a second one says
        how long it would have taken without.

        Args:
          length: Steps T of the batch.
          seconds: That the training step took.
        """
        before = self.trained
        if length not in self._seen:
            self._seen.add(length)
            self._first[length] = seconds
            self.compiled += seconds
        elif length in self._first:
            own = min(seconds, self._first.pop(length))
            self.trained += seconds + own
            self.compiled -= own
        else:
            self.trained += seconds
        return self.trained - before


def train_ours(
    config: config_lib.Config,
    sketches: list[np.ndarray],
    *,
    seconds: float,
    snapshot_steps: int,
    progress: Progress,
) -> tuple[Clock, int, vae.SketchRNN, list[np.ndarray] | None]:
    """Trains our model as `fit` does, on the pipeline's batches.

    Args:
      config: Its max_len, scale_factor and buckets are set.
      sketches: The training split, pixels.
      seconds: How long.
      snapshot_steps: After how many steps to keep the weights, too; it goes
        on until then.  0 keeps none.
      progress: Told of the time.

    Returns:
      The clock, the steps trained until the time was up, the model with the
      weights of then, and the weights after `snapshot_steps`.
    """
    model = vae.SketchRNN(config)
    model.compile()
    model.make_train_function()
    batches = input_pipeline.batches(sketches, config, training=True)
    # Fetched here, to see a batch's length before it is trained on.
    fetched = queue.SimpleQueue()
    handed = iter(
        tf.data.Dataset.from_generator(
            lambda: iter(fetched.get, None),
            output_signature=batches.element_spec,
        )
    )
    clock, steps, steps_in_time = Clock(), 0, None
    in_time = snapshot = None
    source = iter(batches)
    while True:
        if steps_in_time is None and clock.trained >= seconds:
            steps_in_time, in_time = steps, model.get_weights()
        if steps_in_time is not None and steps >= snapshot_steps:
            break
        start = time.perf_counter()
        batch = next(source)
        fetched.put(batch)
        logs = model.train_function(handed)
        for value in logs.values():  # which `fit` reads, too
            float(value)
        length = batch["strokes"].shape[1] - 1
        progress(clock.add(length, time.perf_counter() - start))
        steps += 1
        if steps == snapshot_steps:
            snapshot = model.get_weights()
    fetched.put(None)
    model.set_weights(in_time)
    return clock, steps_in_time, model, snapshot


def train_plain(
    config: config_lib.Config,
    sketches: list[np.ndarray],
    *,
    seconds: float,
    progress: Progress,
) -> tuple[Clock, int, vae.SketchRNN]:
    """Trains the same model in the reference's formulation.

    Every batch is drawn anew from all sketches and padded to N_max; the
    recurrence is `reference_loop`, differentiated automatically.

    Args:
      config: Its max_len and scale_factor are set.
      sketches: The training split, pixels.
      seconds: How long.
      progress: Told of the time.

    Returns:
      The clock, the steps trained, and our model with the weights.
    """
    config = config.replace(num_buckets=0, bucket_boundaries=())
    model = vae.SketchRNN(config)
    made = baseline.Baseline(model, reference_loop.make_runner)
    batches = tf.data.Dataset.from_generator(
        lambda: drawn_anew(sketches, config),
        output_signature={
            "strokes": tf.TensorSpec(
                [config.batch_size, config.max_len + 1, 5]
            ),
            "lengths": tf.TensorSpec([config.batch_size], tf.int32),
        },
    ).prefetch(4)
    clock, steps = Clock(), 0
    source = iter(batches)
    while clock.trained < seconds:
        start = time.perf_counter()
        objective = made.train(next(source))
        if not np.isfinite(objective):
            raise FloatingPointError(
                f"step {steps + 1}: the loss is not finite"
            )
        progress(clock.add(config.max_len, time.perf_counter() - start))
        steps += 1
    model.set_weights(made.get_weights())
    return clock, steps, model


def drawn_anew(
    sketches: list[np.ndarray], config: config_lib.Config
) -> Iterator[dict[str, tf.Tensor]]:
    """Yields batches as the reference makes them, augmented, without end.

    Args:
      sketches: Stroke-3, pixels; those beyond N_max are left out.
      config: Its max_len and scale_factor are set.
    """
    kept = [sketch for sketch in sketches if len(sketch) <= config.max_len]
    rng = np.random.default_rng([config.seed, 1])
    while True:
        chosen = rng.permutation(len(kept))[: config.batch_size]
        drawn = [kept[index] for index in chosen]
        lengths = tf.constant([len(sketch) for sketch in drawn])
        stroke3 = tf.constant(np.concatenate(drawn), tf.float32)
        scale = config.random_scale
        stroke3 = augmentation.random_scale(
            stroke3,
            lengths,
            factors=tf.constant(
                rng.uniform(1 - scale, 1 + scale, [len(drawn), 2]), tf.float32
            ),
        )
        stroke3, lengths = augmentation.drop_points(
            stroke3,
            lengths,
            uniforms=tf.constant(rng.random(len(stroke3)), tf.float32),
            rate=config.point_drop_rate,
        )
        ends = np.cumsum(lengths.numpy())[:-1]
        yield input_pipeline.to_batch(np.split(stroke3.numpy(), ends), config)


def losses(model: vae.SketchRNN, sketches: list[np.ndarray]) -> dict:
    """Evaluates by Eq. 12 in full, z sampled: L_R, L_KL and their sum."""
    values = evaluation.evaluate(model, sketches)
    return {name: values[name] for name in ("recon", "kl", "loss", "count")}
