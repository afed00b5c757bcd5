"""The encoder: a sketch, forwards and backwards, to the posterior of z."""

import tensorflow as tf
import tensorflow_probability as tfp

from sketch_rnn_tf.backend import keras
from sketch_rnn_tf.model import cells
from sketch_rnn_tf.model.cells import division

tfd = tfp.distributions


@keras.saving.register_keras_serializable("sketch_rnn_tf")
class Encoder(keras.layers.Layer):
    """Bidirectional RNN over a sketch, and two linear heads (Eqs. 1 and 2).

    Called with strokes float [B, T, 5] (stroke-5 without S_0, scale_factor
    units) and lengths int32 [B], it returns the posterior of z, a
    `tfd.Normal` of batch shape [B, Z].  Rows from a sketch's length on are
    never read, in either direction.

    Args:
      cell: Kind of cell, one of `config.CELLS`.
      size: Units in each direction.
      z_size: Latent dimensions, N_z.
      recurrent_dropout: Drop rate on the cells' candidates in training.
      product_dtype: Of the recurrent products in training; None is the
        layer's own.
      recompute: Whether training computes products twice, to save memory.
      **kwargs: As of every Keras layer.

    References:
      Eqs. 1 and 2, Ha & Eck (2017).
    """

    def __init__(
        self,
        cell: str,
        size: int,
        z_size: int,
        recurrent_dropout: float = 0.0,
        product_dtype: str | None = None,
        recompute: bool = False,
        **kwargs,
    ):
        super().__init__(**kwargs)
        self.cell = cell
        self.size = size
        self.z_size = z_size
        self.recurrent_dropout = recurrent_dropout
        self.product_dtype = product_dtype
        self.recompute = recompute
        self._options = cells.Options(product_dtype, recompute)
        self.forward_cell = cells.make(cell, size, name="forward_cell")
        self.backward_cell = cells.make(cell, size, name="backward_cell")

    def build(self, strokes_shape):
        self.forward_cell.build((None, strokes_shape[-1]))
        self.backward_cell.build((None, strokes_shape[-1]))
        heads = ("mu_kernel", "mu_bias", "log_var_kernel", "log_var_bias")
        for name in heads:
            kernel = name.endswith("kernel")
            weight = self.add_weight(
                name=name,
                shape=(2 * self.size, self.z_size)
                if kernel
                else (self.z_size,),
                initializer=keras.initializers.RandomNormal(stddev=0.001)
                if kernel
                else "zeros",
            )
            setattr(self, name, weight)

    def call(self, strokes, lengths, training=False, seed=None):
        hidden = self.encode_hidden(
            strokes, lengths, training=training, seed=seed
        )
        mu = tf.matmul(hidden, self.mu_kernel) + self.mu_bias
        log_var = tf.matmul(hidden, self.log_var_kernel) + self.log_var_bias
        return posterior(mu, log_var)

    def encode_hidden(
        self,
        strokes: tf.Tensor,
        lengths: tf.Tensor,
        *,
        training: bool = False,
        seed: tf.Tensor | None = None,
    ) -> tf.Tensor:
        """Returns h, the last outputs of both directions (Eq. 1).

        Args:
          strokes: float [B, T, 5], stroke-5 without S_0.
          lengths: int32 [B], N_s.
          training: Whether to drop out.
          seed: int [2], needed in training with dropout.

        Returns:
          float [B, 2 H].
        """
        if training:
            # What stands after a sketch's end is computed on below: a NaN
            # there would reach the gradients.
            drawn = tf.sequence_mask(lengths, tf.shape(strokes)[1])
            strokes = tf.where(
                drawn[..., None], strokes, tf.zeros_like(strokes)
            )
        directions = (
            (self.forward_cell, strokes),
            (self.backward_cell, _backwards(strokes, lengths)),
        )
        hidden = []
        for index, (cell, inputs) in enumerate(directions):
            inputs = tf.transpose(inputs, [1, 0, 2])  # [T, B, 5]
            if training:
                hidden.append(self._train(cell, inputs, lengths, seed, index))
                continue
            kernel, bias = cell.input_projection()
            # Steps that no sketch of the batch reaches change nothing.
            inputs = inputs[: tf.reduce_max(lengths)]
            projected = tf.tensordot(inputs, kernel, 1) + bias
            state = cells.zero_state(cell, tf.shape(inputs)[1])
            _, state = cells.run(
                cell, projected, state, lengths=lengths, keep_outputs=False
            )
            hidden.append(cell.output_of(state))
        return tf.concat(hidden, axis=-1)

    def _train(self, cell, inputs, lengths, seed, index):
        """Returns the last outputs of a direction, [B, H]."""
        _, bias = cell.input_projection()
        rows = division.rows(
            inputs.shape[1], one_core=cell.takes_one_core(self._options)
        )
        masks = None
        if self.recurrent_dropout:
            masks = cells.candidate_masks(
                [*tf.unstack(tf.shape(inputs)[:2]), self.size],
                rate=self.recurrent_dropout,
                seed=seed + [0, index],
            )
        parts = zip(
            tf.split(inputs, rows, axis=1),
            tf.split(lengths, rows),
            cells.split_masks(masks, rows),
            strict=True,
        )
        kernels = cell.training_kernels(inputs.shape[-1], self._options)
        hidden = []
        for inputs, lengths, masks in parts:
            batch_size = tf.shape(inputs)[1]
            outputs = cell.run_training(
                inputs,
                cells.zero_state(cell, batch_size),
                condition=tf.tile(bias[None], [batch_size, 1]),
                masks=masks,
                kernels=kernels,
                options=self._options,
            )
            # The rows go on after their sketches' ends: cheaper than to
            # hold each where it is, and read by nobody.
            last = tf.stack([lengths, tf.range(batch_size)], axis=1)
            hidden.append(tf.gather_nd(outputs, last))
        return tf.concat(hidden, axis=0)

    def get_config(self):
        return {
            **super().get_config(),
            "cell": self.cell,
            "size": self.size,
            "z_size": self.z_size,
            "recurrent_dropout": self.recurrent_dropout,
            "product_dtype": self.product_dtype,
            "recompute": self.recompute,
        }


def _backwards(strokes, lengths):
    """Returns [B, T, 5], each sketch last point first, its padding after it.

    As `tf.reverse_sequence` does, which TensorFlow.js lacks.
    """
    steps = tf.range(tf.shape(strokes)[1])[None]
    last = lengths[:, None] - 1
    return tf.gather(
        strokes, tf.where(steps <= last, last - steps, steps), batch_dims=1
    )


def posterior(mu: tf.Tensor, log_var: tf.Tensor) -> tfd.Normal:
    """Returns q(z | S), with sigma = exp(log_var / 2) (Eq. 2).

    Args:
      mu: float [B, Z].
      log_var: float [B, Z].

    Returns:
      Normal of batch shape [B, Z].

    References:
      Eq. 2, Ha & Eck (2017).
    """
    return tfd.Normal(mu, tf.exp(0.5 * log_var))
