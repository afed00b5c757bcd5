"""Training on several replicas: strategies, and what a step has to know.

The parts of a step are written for replicas that hold the rows of one global
batch, in the order of the replicas, as `tf.distribute` splits it: the first
replicas may have a row more than the last.  On one device they cost nothing.
"""

import json
import os
import re
from typing import NamedTuple

import tensorflow as tf

from sketch_rnn_tf import quoting
from sketch_rnn_tf.backend import keras

NAMES = ("none", "mirrored", "multi_worker")

_EXAMPLE = (
    '{"cluster": {"worker": ["HOST:PORT", ...]}, '
    '"task": {"type": "worker", "index": 0}}'
)


class Rows(NamedTuple):
    """Where the rows of a replica lie in the global batch.

    Attributes:
      total: Rows of the global batch, int32 scalar.
      start: Rows on the replicas before this one, int32 scalar.
    """

    total: tf.Tensor
    start: tf.Tensor


class GlobalMean(keras.metrics.Mean):
    """A mean of which every replica is given the whole.

    So each knows it at any time, and to read it takes no communication: a
    worker may do so by itself, to write a checkpoint for instance.
    """

    def add_variable(self, *args, **kwargs):
        kwargs["aggregation"] = "only_first_replica"
        return super().add_variable(*args, **kwargs)

    def add(self, total: tf.Tensor, count: tf.Tensor) -> None:
        """Adds a sum over rows, and their number, float scalars."""
        self.total.assign_add(tf.cast(total, self.dtype))
        self.count.assign_add(tf.cast(count, self.dtype))


class GlobalMeans(keras.metrics.Metric):
    """As `GlobalMean`, of several numbers at once.

    Args:
      size: How many, n.
      **kwargs: As of every Keras metric.
    """

    def __init__(self, size: int, **kwargs):
        super().__init__(**kwargs)
        self.total = self.add_variable(
            shape=(size,),
            initializer="zeros",
            aggregation="only_first_replica",
            name="total",
        )
        self.count = self.add_variable(
            shape=(),
            initializer="zeros",
            aggregation="only_first_replica",
            name="count",
        )

    def add(self, total: tf.Tensor, count: tf.Tensor) -> None:
        """Adds sums over rows, float [n], and the number of rows."""
        self.total.assign_add(tf.cast(total, self.dtype))
        self.count.assign_add(tf.cast(count, self.dtype))

    def result(self) -> tf.Tensor:
        """Returns the means, float [n]; zeros of no rows."""
        return tf.math.divide_no_nan(self.total.value, self.count.value)


def make(name: str) -> tf.distribute.Strategy | None:
    """Makes a strategy, to build and compile a model in the scope of.

    "multi_worker" has to be made before TensorFlow does anything else, and
    waits for the other workers.

    Args:
      name: "none"; "mirrored", all GPUs of this machine, or where there is
        none its logical CPUs; or "multi_worker", the machines that the
        environment variable TF_CONFIG lists, all of which run the same
        command.

    Returns:
      The strategy; None for "none".

    Raises:
      ValueError: If there is no such strategy, or TF_CONFIG is missing or
        does not describe a cluster and this machine's part in it.
    """
    if name == "none":
        return None
    if name == "mirrored":
        devices = tf.config.list_logical_devices("GPU")
        devices = devices or tf.config.list_logical_devices("CPU")
        return tf.distribute.MirroredStrategy([d.name for d in devices])
    if name == "multi_worker":
        _check_cluster(os.environ.get("TF_CONFIG", ""))
        try:
            return tf.distribute.MultiWorkerMirroredStrategy()
        except (tf.errors.OpError, RuntimeError) as error:
            reason = quoting.line(error)
            raise ValueError(
                f"TF_CONFIG: expected a cluster to join, got {reason}"
            ) from error
    raise ValueError(
        f"strategy: expected one of {', '.join(NAMES)}, got {name!r}"
    )


def is_chief(strategy: tf.distribute.Strategy | None) -> bool:
    """Returns whether this process is the one to write files and to print."""
    return strategy is None or strategy.extended.should_checkpoint


def check_batch_size(strategy: tf.distribute.Strategy, batch_size: int) -> None:
    """Refuses a global batch that leaves a replica without a row.

    Raises:
      ValueError: If there are more replicas than rows.
    """
    replicas = strategy.num_replicas_in_sync
    if batch_size < replicas:
        raise ValueError(
            "batch_size: expected at least one sketch for each of the "
            f"{replicas} replicas, got {batch_size}"
        )


def by_rows(dataset: tf.data.Dataset) -> tf.data.Dataset:
    """Has machines share each batch, where they might share out files.

    Args:
      dataset: Batches, the same and in the same order on every machine.

    Returns:
      The same; of each batch a machine gets its own rows.
    """
    options = tf.data.Options()
    options.experimental_distribute.auto_shard_policy = (
        tf.data.experimental.AutoShardPolicy.DATA
    )
    return dataset.with_options(options)


def replica() -> tf.Tensor:
    """Returns the number of this replica among all, int64 scalar."""
    context = tf.distribute.get_replica_context()
    number = 0 if context is None else context.replica_id_in_sync_group
    return tf.cast(number, tf.int64)


def total(values):
    """Returns the sums over all replicas of a structure of float tensors."""
    if tf.distribute.get_strategy().num_replicas_in_sync == 1:
        return values
    context = tf.distribute.get_replica_context()
    return context.all_reduce(tf.distribute.ReduceOp.SUM, values)


def rows(count: tf.Tensor) -> Rows:
    """Finds this replica's place in the global batch.

    Args:
      count: Rows on this replica, int32 scalar.

    Returns:
      The rows of all replicas, and of those before this one.
    """
    replicas = tf.distribute.get_strategy().num_replicas_in_sync
    if replicas == 1:
        return Rows(count, tf.constant(0))
    mine = tf.range(replicas, dtype=tf.int64) == replica()
    # In float32, which every kind of device can sum.
    counts = total(tf.where(mine, tf.cast(count, tf.float32), 0.0))
    counts = tf.cast(counts, tf.int32)
    return Rows(tf.reduce_sum(counts), tf.reduce_sum(counts[: replica()]))


def noise(
    values: tf.Tensor, seed: tf.Tensor, *, rows: Rows | None = None
) -> tf.Tensor:
    """Draws this replica's rows of standard normals for the global batch.

    Args:
      values: float [B, n], what the noise is for.
      seed: int [2].
      rows: Where they lie in the global batch; None has them be all.

    Returns:
      float [B, n].
    """
    count = tf.shape(values)[0]
    total_rows, start = rows or (count, 0)
    drawn = tf.random.stateless_normal(
        [total_rows, values.shape[-1]], seed, dtype=values.dtype
    )
    drawn = drawn[start : start + count]
    drawn.set_shape(values.shape)
    return drawn


def logs(results: dict[str, tf.Tensor]) -> dict[str, tf.Tensor]:
    """Makes what a step returns fit for Keras.

    Among several workers Keras 3 reduces the first axis of each value, and
    fails on scalars (seen on 3.15).

    Args:
      results: Scalars, the same on all replicas.

    Returns:
      Scalars, or float [1] where Keras needs them.
    """
    strategy = tf.distribute.get_strategy()
    if not (
        isinstance(strategy, tf.distribute.MultiWorkerMirroredStrategy)
        and strategy.extended._in_multi_worker_mode()  # as Keras asks
    ):
        return results
    return {name: tf.reshape(value, [1]) for name, value in results.items()}


def _check_cluster(text):
    """Refuses what TensorFlow would wait for, or fail on with a traceback."""
    try:
        read = json.loads(text)
        cluster, task = read["cluster"], read["task"]
        addresses = [a for group in cluster.values() for a in group]
        valid = (
            set(cluster) <= {"chief", "worker"}
            and 0 <= int(task["index"]) < len(cluster[task["type"]])
            and all(re.fullmatch(r"\S+:\d+", a) for a in addresses)
        )
    except (AttributeError, KeyError, TypeError, ValueError):
        valid = False
    if not valid:
        got = quoting.line(text) or "nothing"
        raise ValueError(f"TF_CONFIG: expected {_EXAMPLE}, got {got}")
