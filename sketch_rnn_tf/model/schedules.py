"""Schedules over training steps: KL annealing and the learning rate."""

import tensorflow as tf

from sketch_rnn_tf.backend import keras


def kl_annealing(
    step: tf.Tensor, *, start_fraction: float, decay_rate: float
) -> tf.Tensor:
    """Returns eta_step, the fraction of w_KL in force (Eq. 13).

    eta = 1 - (1 - eta_min) * R ** step

    Args:
      step: Scalar, training steps done before this one.
      start_fraction: eta_min, the fraction at step 0.
      decay_rate: R, per step.

    Returns:
      float32 scalar from `start_fraction` to 1.

    References:
      Eq. 13, Ha & Eck (2017).
    """
    return 1.0 - (1.0 - start_fraction) * _decayed(decay_rate, step)


@keras.saving.register_keras_serializable("sketch_rnn_tf")
class LearningRate(keras.optimizers.schedules.LearningRateSchedule):
    """Exponential decay towards a floor.

    lr(step) = (initial - minimum) * decay_rate ** step + minimum, as in the
    reference implementation; the paper states no decay.

    Args:
      initial: Learning rate at step 0.
      minimum: Learning rate in the end.
      decay_rate: Factor per step.
    """

    def __init__(self, initial: float, minimum: float, decay_rate: float):
        self.initial = initial
        self.minimum = minimum
        self.decay_rate = decay_rate

    def __call__(self, step: tf.Tensor) -> tf.Tensor:
        """Returns the learning rate at a step, float32 scalar."""
        decayed = _decayed(self.decay_rate, step)
        return (self.initial - self.minimum) * decayed + self.minimum

    def get_config(self) -> dict[str, float]:
        """Returns the constructor's arguments."""
        return {
            "initial": self.initial,
            "minimum": self.minimum,
            "decay_rate": self.decay_rate,
        }


def _decayed(rate, step):
    """Returns rate ** step, float32.

    Taken in float64: 0.99999 rounded to float32 is off by 1e-3 after 100,000
    steps.
    """
    rate = tf.constant(rate, tf.float64)
    return tf.cast(tf.pow(rate, tf.cast(step, tf.float64)), tf.float32)
