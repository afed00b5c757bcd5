"""What the model makes of a batch."""

from typing import NamedTuple

import tensorflow as tf
import tensorflow_probability as tfp

from sketch_rnn_tf.model import distributions, losses

tfd = tfp.distributions


class ModelOutput(NamedTuple):
    """What the model makes of a batch.

    Attributes:
      points: Distributions of the points S_1 to S_T, batch shape [B, T].
      posterior: q(z | S), batch shape [B, Z]; None if unconditional.
      z: The sampled z, float [B, Z]; None if unconditional.
    """

    points: distributions.PointDistribution
    posterior: tfd.Normal | None
    z: tf.Tensor | None

    def posterior_moments(self) -> tuple[tf.Tensor, tf.Tensor]:
        """Returns the posterior's mean and log variance, float [B, Z] each."""
        log_var = 2.0 * tf.math.log(self.posterior.scale)
        return self.posterior.loc, log_var

    def kl_by_dimension(self) -> tf.Tensor:
        """Returns the KL of each sketch's latent dimensions, float [B, Z]."""
        return losses.kl_by_dimension(*self.posterior_moments())
