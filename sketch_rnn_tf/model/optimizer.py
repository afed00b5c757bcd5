"""Adam, and how the train step hands gradients to any optimizer.

Keras clips a replica's gradients and sums them afterwards.  What is clipped
here is the sum, the gradient of the global batch, so that any number of
replicas takes the step of one device.
"""

import math
from collections.abc import Sequence

import tensorflow as tf

from sketch_rnn_tf import config as config_lib, strategies
from sketch_rnn_tf.backend import keras
from sketch_rnn_tf.model import schedules


@keras.saving.register_keras_serializable("sketch_rnn_tf")
class Adam(keras.optimizers.Adam):
    """Adam that clips the summed gradient, and skips what is not finite.

    Its numbers are those of `keras.optimizers.Adam`.  An update of which any
    gradient is not finite changes no variable, no moment and not the count of
    `iterations`; the gradients have to be finite on all replicas or on none,
    as `apply` below has them.

    Args:
      learning_rate: A float or a schedule.
      beta_1: Decay of the first moment.
      beta_2: Decay of the second moment.
      epsilon: Added to the root of the second moment.
      clipvalue: Largest absolute value of a gradient; None does not clip.
      name: The optimizer's name.

    References:
      Kingma & Ba (2014).
    """

    def __init__(
        self,
        learning_rate: float
        | keras.optimizers.schedules.LearningRateSchedule = 0.001,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float = 1e-8,
        clipvalue: float | None = None,
        name: str = "adam",
    ):
        super().__init__(
            learning_rate=learning_rate,
            beta_1=beta_1,
            beta_2=beta_2,
            epsilon=epsilon,
            clipvalue=clipvalue,
            name=name,
        )

    def apply(self, grads, trainable_variables=None):
        good = tf.math.is_finite(sum_of(grads))
        super().apply(_or_else(grads, good, math.nan), trainable_variables)
        # Keras has counted this update; the schedules count good ones.
        skipped = tf.cast(~good, self._iterations.dtype)
        self._iterations.assign_sub(skipped)

    def _clip_gradients(self, grads):
        # Keras would clip here, before the sum over the replicas.
        return grads

    def update_step(self, gradient, variable, learning_rate):
        # `gradient` is the sum: NaN if any replica's is.
        good = tf.math.is_finite(tf.reduce_sum(gradient))
        (gradient,) = super()._clip_gradients([gradient])
        gradient = tf.where(good, gradient, 0.0)
        index = self._get_variable_index(variable)
        m, v = self._momentums[index], self._velocities[index]
        rate = tf.cast(learning_rate, variable.dtype)
        t = tf.cast(self.iterations + 1, variable.dtype)
        rate = rate * tf.sqrt(1 - self.beta_2**t) / (1 - self.beta_1**t)
        # Adding nothing leaves a variable as it is, without a copy of it.
        share = tf.cast(good, variable.dtype)
        self.assign_add(m, (gradient - m) * ((1 - self.beta_1) * share))
        self.assign_add(
            v, (tf.square(gradient) - v) * ((1 - self.beta_2) * share)
        )
        self.assign_sub(
            variable, m * (rate * share) / (tf.sqrt(v) + self.epsilon)
        )

    def get_config(self):
        config = super().get_config()
        kept = (
            "learning_rate", "beta_1", "beta_2", "epsilon", "clipvalue", "name",
        )  # fmt: skip
        return {key: config[key] for key in kept}


def default(config: config_lib.Config) -> Adam:
    """Makes the optimizer that a configuration describes."""
    return Adam(
        schedules.LearningRate(
            config.learning_rate,
            config.min_learning_rate,
            config.learning_rate_decay,
        ),
        clipvalue=config.gradient_clip or None,
    )


def apply(
    optimizer: keras.optimizers.Optimizer,
    gradients: Sequence[tf.Tensor],
    weights: Sequence[keras.Variable],
    *,
    good: tf.Tensor,
) -> None:
    """Applies this replica's gradients, of which Keras makes the sum over all.

    Any optimizer that clips clips that sum.  `Adam` skips a step that is not
    good; another optimizer gets zeros for it, so that momentum may still move
    the weights, but never to a NaN.

    Args:
      optimizer: Any Keras optimizer that `check` lets pass.
      gradients: Of this replica, one a weight.
      weights: The trainable weights.
      good: Whether to take the step, bool scalar, the same on all replicas;
        the gradients of a good step are finite.
    """
    if isinstance(optimizer, Adam):
        optimizer.apply(_or_else(gradients, good, math.nan), weights)
        return
    gradients = _or_else(gradients, good, 0.0)
    replicas = tf.distribute.get_strategy().num_replicas_in_sync
    if replicas > 1 and _clips(optimizer):
        # Clipped as one device would, then cut into equal parts, which are
        # too small for Keras to clip again, and whose sum is the whole.
        gradients = optimizer._clip_gradients(strategies.total(gradients))
        gradients = [gradient / replicas for gradient in gradients]
    optimizer.apply(gradients, weights)


def sum_of(gradients: Sequence[tf.Tensor]) -> tf.Tensor:
    """Returns the sum of all entries, finite if they are (up to 1e38)."""
    return tf.add_n([tf.reduce_sum(gradient) for gradient in gradients])


def check(optimizer: keras.optimizers.Optimizer, replicas: int) -> None:
    """Refuses an optimizer that replicas would not run as one device does.

    Raises:
      ValueError: If it clips gradients that it has accumulated, and there
        are several replicas.
    """
    accumulates = getattr(optimizer, "gradient_accumulation_steps", None)
    if replicas > 1 and accumulates and _clips(optimizer):
        raise ValueError(
            "optimizer: expected clipping or gradient_accumulation_steps "
            f"with {replicas} replicas, got both"
        )


def _clips(optimizer):
    kinds = ("clipvalue", "clipnorm", "global_clipnorm")
    return any(getattr(optimizer, kind, None) is not None for kind in kinds)


def _or_else(gradients, good, value):
    return [tf.where(good, gradient, value) for gradient in gradients]
