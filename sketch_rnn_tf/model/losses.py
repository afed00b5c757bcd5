"""Losses as pure functions: reconstruction (Eq. 10) and KL (Eq. 11).

Two floors keep training from pressing z's information out.  KL_min (Eq. 13)
is one of the mean over all latent dimensions; free bits are one of each
dimension's own mean over the batch, so that a few dimensions cannot carry all
that the floor asks for:

    mean over j of max(lambda, mean over the batch of KL_j)

This is the objective with free bits of Kingma et al. (2016), whose groups are
single dimensions here; divided by N_z, as L_KL is a mean, not a sum.

References:
  Kingma et al. (2016), "Improved variational inference with inverse
  autoregressive flow".
"""

import math
from typing import NamedTuple

import tensorflow as tf

from sketch_rnn_tf import strokes
from sketch_rnn_tf.model import distributions


class ReconstructionLoss(NamedTuple):
    """The two parts of L_R for each sketch, nats, divided by N_max.

    Attributes:
      offset: L_s, float [B].
      pen: L_p, float [B].
    """

    offset: tf.Tensor
    pen: tf.Tensor


def reconstruction(
    predictions: distributions.PointDistribution,
    targets: tf.Tensor,
    *,
    max_len: int,
    density_floor: float = 0.0,
    mask_pen: bool = False,
) -> ReconstructionLoss:
    """Computes L_s and L_p of each sketch (Eq. 10).

    L_s sums over the N_s points of a sketch, L_p over all T steps; both are
    divided by N_max whatever T is.  Where a batch stops before N_max, so does
    L_p.

    Args:
      predictions: Batch shape [B, T]; step i predicts target i.
      targets: float [B, T, 5], stroke-5 without S_0, scale_factor units.
      max_len: N_max, the divisor.
      density_floor: Added to the density before the logarithm: 1e-6 in the
        reference implementation, 0 in the paper.
      mask_pen: Whether L_p, too, leaves out the steps after the end, as the
        reference implementation does in evaluation.

    Returns:
      L_s and L_p, nats, float [B].

    References:
      Eq. 10, Ha & Eck (2017).
    """
    drawn = 1.0 - targets[..., 2 + strokes.END]  # [B, T]
    log_prob = predictions.offset.log_prob(targets[..., :2])  # [B, T]
    if density_floor:
        floor = tf.constant(math.log(density_floor), log_prob.dtype)
        floor = tf.fill(tf.shape(log_prob), floor)
        log_prob = tf.reduce_logsumexp(tf.stack([log_prob, floor]), axis=0)
    # A product would turn an infinite log_prob of a masked row into NaN.
    log_prob = tf.where(drawn > 0, log_prob, tf.zeros_like(log_prob))
    pen_log_probs = tf.nn.log_softmax(predictions.pen.logits)  # [B, T, 3]
    pen_log_prob = tf.reduce_sum(targets[..., 2:] * pen_log_probs, axis=-1)
    if mask_pen:
        pen_log_prob *= drawn
    return ReconstructionLoss(
        offset=-tf.reduce_sum(log_prob, axis=-1) / max_len,
        pen=-tf.reduce_sum(pen_log_prob, axis=-1) / max_len,
    )


def kl_divergence(mu: tf.Tensor, log_var: tf.Tensor) -> tf.Tensor:
    """Computes L_KL of each sketch (Eq. 11), the mean over latent dimensions.

    Args:
      mu: float [B, Z].
      log_var: float [B, Z]; sigma = exp(log_var / 2).

    Returns:
      Nats per latent dimension, float [B].

    References:
      Eq. 11, Ha & Eck (2017).
    """
    terms = 1.0 + log_var - tf.square(mu) - tf.exp(log_var)
    return -0.5 * tf.reduce_mean(terms, axis=-1)


def kl_by_dimension(mu: tf.Tensor, log_var: tf.Tensor) -> tf.Tensor:
    """Computes each latent dimension's part of L_KL, whose mean that is.

    Args:
      mu: float [B, Z].
      log_var: float [B, Z]; sigma = exp(log_var / 2).

    Returns:
      Nats, float [B, Z].
    """
    return -0.5 * (1.0 + log_var - tf.square(mu) - tf.exp(log_var))


def floored(kl: tf.Tensor, *, kl_tolerance: float) -> tf.Tensor:
    """Applies KL_min to the batch's mean KL (Eq. 13).

    Args:
      kl: Mean L_KL over the batch, nats per dimension, scalar.
      kl_tolerance: KL_min, nats per dimension.

    Returns:
      max(kl, KL_min), scalar.

    References:
      Eq. 13, Ha & Eck (2017).
    """
    return tf.maximum(kl, kl_tolerance)


def floored_by_dimension(kl: tf.Tensor, *, free_bits: float) -> tf.Tensor:
    """Applies free bits to the batch's mean KL of each dimension.

    Args:
      kl: Mean over the batch of each dimension's KL, nats, float [Z].
      free_bits: The floor of each, nats.

    Returns:
      The mean over dimensions of max(kl, free_bits), nats, scalar.

    References:
      Kingma et al. (2016).
    """
    return tf.reduce_mean(tf.maximum(kl, free_bits))


def objective(
    recon: ReconstructionLoss,
    kl: tf.Tensor,
    *,
    count: tf.Tensor,
    mean_kl: tf.Tensor,
    kl_weight: tf.Tensor,
    kl_tolerance: float,
) -> tf.Tensor:
    """Computes what training minimises, or a replica's part of it (Eq. 13).

    Summed over the replicas its gradient is that of the means over the global
    batch, L_R + w_KL * eta * max(L_KL, KL_min).  So is its value, but that the
    KL term is 0 under the floor, where it has no gradient.  Given the KL of
    each dimension, each has the floor for itself (free bits).

    Args:
      recon: The parts of L_R, nats, float [B].
      kl: L_KL of each sketch, nats per dimension, float [B]; or that of each
        of its dimensions, float [B, Z].
      count: Sketches of the global batch, float scalar.
      mean_kl: Mean of `kl` over the global batch, scalar or [Z]; not
        differentiated.
      kl_weight: w_KL * eta, scalar.
      kl_tolerance: The floor of `mean_kl`, nats per dimension: KL_min, or
        free bits.

    Returns:
      Nats, scalar.

    References:
      Eqs. 12 and 13, Ha & Eck (2017).
    """
    above = tf.cast(mean_kl >= kl_tolerance, kl.dtype)
    kl_part = above * (tf.reduce_sum(kl, axis=0) / count)
    if kl.shape.rank == 2:
        kl_part = tf.reduce_mean(kl_part)
    return tf.reduce_sum(recon.offset + recon.pen) / count + kl_weight * kl_part
