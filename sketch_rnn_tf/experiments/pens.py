"""Pens: two ways to teach a model when to lift the pen and when to stop.

The paper pads every sketch to N_max and takes all of L_p; what it replaced
are hand-tuned weights of the pen states.
"""

import tensorflow as tf

from sketch_rnn_tf import strokes
from sketch_rnn_tf.model import losses, vae

PADDED = "padded"
WEIGHTED = "weighted"

WEIGHTS = (1.0, 10.0, 100.0)
"""Of pen down, pen up and end, as in section 3.3 of the paper."""


class WeightedPen(vae.SketchRNN):
    """The model, its pen states taught by hand-tuned weights.

    L_p counts each pen state `WEIGHTS` times and no step after the first end
    row, in training and in validation.  Its losses are its own: to compare
    it with another load its weights into a `vae.SketchRNN`.

    References:
      Section 3.3, Ha & Eck (2017), of the approach that it replaces.
    """

    def loss_terms(self, output, strokes, *, training):
        recon, kl = super().loss_terms(output, strokes, training=training)
        pen = weighted_pen_loss(
            output.points.pen.logits, strokes[:, 1:], self.config.max_len
        )
        return losses.ReconstructionLoss(recon.offset, pen), kl


def weighted_pen_loss(
    logits: tf.Tensor, targets: tf.Tensor, max_len: int
) -> tf.Tensor:
    """Computes L_p with weights, up to the first end row and no further.

    Args:
      logits: float [B, T, 3], of the pen states.
      targets: float [B, T, 5], stroke-5 without S_0.
      max_len: N_max, the divisor.

    Returns:
      Nats, float [B].
    """
    ended = targets[..., 2 + strokes.END]  # [B, T]
    counted = tf.cumsum(ended, axis=1, exclusive=True) == 0
    weighted = targets[..., 2:] * tf.constant(WEIGHTS, targets.dtype)
    log_prob = tf.reduce_sum(weighted * tf.nn.log_softmax(logits), axis=-1)
    return -tf.reduce_sum(tf.where(counted, log_prob, 0), axis=-1) / max_len


PENS = {PADDED: vae.SketchRNN, WEIGHTED: WeightedPen}
"""Model classes by how they are taught the pen's states."""
