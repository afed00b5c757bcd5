"""Means of the loss's terms over sketches, which `fit` and `evaluate` report."""

from collections.abc import Mapping

import tensorflow as tf

from sketch_rnn_tf import config as config_lib, strategies
from sketch_rnn_tf.model import losses

_TERMS = ("loss", "recon", "kl", "offset_loss", "pen_loss")


class LossMeans:
    """Means over the sketches seen since the last reset.

    Sums and counts are those of the global batch, the same on all replicas.

    Args:
      config: The model's.

    Attributes:
      by_dimension: Whether the floor is put on each latent dimension, free
        bits, and not on L_KL.
    """

    def __init__(self, config: config_lib.Config):
        self._config = config
        self._means = {
            name: strategies.GlobalMean(name=name) for name in _TERMS
        }
        self.by_dimension = bool(config.free_bits and config.conditional)
        self._dimensions = None
        if self.by_dimension:
            self._dimensions = strategies.GlobalMeans(
                config.z_size, name="kl_dimensions"
            )

    @property
    def metrics(self) -> list:
        """The Keras metrics that hold the means."""
        metrics = list(self._means.values())
        return metrics + [self._dimensions] * self.by_dimension

    @property
    def seen(self) -> tf.Tensor:
        """Sketches since the last reset, int64."""
        return tf.cast(self._means["loss"].count.value, tf.int64)

    def sums(
        self,
        recon: losses.ReconstructionLoss,
        kl: tf.Tensor,
        kl_by_dimension: tf.Tensor | None = None,
    ) -> dict[str, tf.Tensor]:
        """Sums terms over the global batch, for `add`.

        Args:
          recon: L_s and L_p, float [B] each.
          kl: L_KL, float [B].
          kl_by_dimension: float [B, Z], needed if `by_dimension`.

        Returns:
          The sums by name, scalars but for `kl_dimensions`, float [Z].
        """
        total = recon.offset + recon.pen
        values = {
            "loss": total + self._config.kl_weight * kl,
            "recon": total,
            "kl": kl,
            "offset_loss": recon.offset,
            "pen_loss": recon.pen,
        }
        sums = tf.stack([tf.reduce_sum(values[name]) for name in _TERMS])
        sums = tf.unstack(strategies.total(tf.stop_gradient(sums)))
        sums = dict(zip(_TERMS, sums, strict=True))
        if self.by_dimension:
            dimensions = tf.stop_gradient(kl_by_dimension)
            sums["kl_dimensions"] = strategies.total(
                tf.reduce_sum(dimensions, axis=0)
            )
        return sums

    def add(self, sums: Mapping[str, tf.Tensor], count: tf.Tensor) -> None:
        """Adds sums over so many sketches; nothing of none, whatever they are.

        Args:
          sums: As of `sums`.
          count: The sketches, a float scalar.
        """
        for name, mean in self._means.items():
            mean.add(tf.where(count > 0, sums[name], 0), count)
        if self.by_dimension:
            dimensions = tf.where(count > 0, sums["kl_dimensions"], 0)
            self._dimensions.add(dimensions, count)

    def results(self) -> dict[str, tf.Tensor]:
        """Returns the means by name, and L_KL with its floor."""
        results = {name: mean.result() for name, mean in self._means.items()}
        results["kl_floored"] = results["kl"]
        if self._config.conditional:
            means = {"kl": results["kl"]}
            if self.by_dimension:
                means["kl_dimensions"] = self._dimensions.result()
            results["kl_floored"] = self.floored(means)
        return results

    def floored(self, means: Mapping[str, tf.Tensor]) -> tf.Tensor:
        """Applies the floor that is in force.

        Args:
          means: Of `kl`, a scalar, or, if `by_dimension`, of
            `kl_dimensions`, float [Z].

        Returns:
          A scalar, nats per dimension.

        References:
          Eq. 13, Ha & Eck (2017).
        """
        if self.by_dimension:
            return losses.floored_by_dimension(
                means["kl_dimensions"], free_bits=self._config.free_bits
            )
        return losses.floored(
            means["kl"], kl_tolerance=self._config.kl_tolerance
        )
