"""A training step that is padded to N_max and differentiated automatically.

It is the model and the loss of `vae.SketchRNN`, with weights of its own that
start as that model's, but runs its cells over time by a `Runner`: that of
`reference_loop` or of `keras_rnn`.
"""

from collections.abc import Callable, Mapping
from typing import Protocol

import numpy as np
import tensorflow as tf

from sketch_rnn_tf.backend import keras
from sketch_rnn_tf.model import cells, distributions, losses, schedules, vae


class Runner(Protocol):
    """Runs a cell over time."""

    def __call__(
        self,
        inputs: tf.Tensor,
        state: cells.State,
        *,
        lengths: tf.Tensor | None,
        training: bool,
    ) -> tuple[tf.Tensor | None, cells.State]:
        """Runs it.

        Args:
          inputs: float [B, T, X].
          state: The state before the first step, as the cell packs it.
          lengths: int32 [B]; a row's state stops changing after that many
            steps.  None runs all rows to the end.
          training: Whether to drop out.

        Returns:
          Outputs float [B, T, n], which may be None if there are lengths,
          and the last state.
        """


class Baseline:
    """A model that trains padded, by automatic differentiation, without XLA.

    Args:
      model: The model whose configuration and weights it starts from.
      make_runner: Makes a `Runner` of a cell and a drop rate.
    """

    def __init__(
        self, model: vae.SketchRNN, make_runner: Callable[..., Runner]
    ):
        self.config = model.config
        # Holds the weights; its own way of running is not used.
        self._weights = vae.SketchRNN(model.config)
        self._weights.set_weights(model.get_weights())
        encoder, decoder = self._weights.encoder, self._weights.decoder
        cells_in_order = (
            encoder.forward_cell,
            encoder.backward_cell,
            decoder.recurrent_cell,
        )
        self._runners = [
            make_runner(cell, dropout=model.config.recurrent_dropout)
            for cell in cells_in_order
        ]
        config = model.config
        self.optimizer = keras.optimizers.Adam(
            schedules.LearningRate(
                config.learning_rate,
                config.min_learning_rate,
                config.learning_rate_decay,
            ),
            epsilon=1e-8,
            clipvalue=config.gradient_clip or None,
        )
        self.optimizer.build(self._weights.trainable_variables)
        self._train = tf.function(self._step)

    def train(self, batch: Mapping[str, tf.Tensor]) -> float:
        """Runs one step on a batch padded to N_max; returns the objective."""
        return float(self._train(batch["strokes"], batch["lengths"]))

    def get_weights(self) -> list[np.ndarray]:
        """Returns the weights, in the order of those of a `vae.SketchRNN`."""
        return self._weights.get_weights()

    def loss(self, batch: Mapping[str, tf.Tensor]) -> float:
        """Returns recon + w_KL * kl of a batch, no dropout, z the mean."""
        recon, kl = tf.function(self._terms)(
            batch["strokes"], batch["lengths"], training=False
        )
        return float(recon + self.config.kl_weight * kl)

    def _trainable(self):
        return [weight.value for weight in self._weights.trainable_weights]

    def _step(self, strokes, lengths):
        config = self.config
        with tf.GradientTape() as tape:
            recon, kl = self._terms(strokes, lengths, training=True)
            annealing = schedules.kl_annealing(
                tf.cast(self.optimizer.iterations, tf.int32),
                start_fraction=config.kl_start_fraction,
                decay_rate=config.kl_decay_rate,
            )
            objective = recon + config.kl_weight * annealing * losses.floored(
                kl, kl_tolerance=config.kl_tolerance
            )
        gradients = tape.gradient(objective, self._trainable())
        self.optimizer.apply(gradients, self._weights.trainable_weights)
        return objective

    def _terms(self, strokes, lengths, *, training):
        """Returns L_R and L_KL, means over the batch."""
        mu, log_var = self._encoded(strokes[:, 1:], lengths, training)
        z = mu
        if training:
            z += tf.exp(0.5 * log_var) * tf.random.normal(z.shape)
        params = self._decoded(strokes[:, :-1], z, training)
        magenta = self.config.compatibility == "magenta"
        recon = losses.reconstruction(
            distributions.point_distribution(params),
            strokes[:, 1:],
            max_len=self.config.max_len,
            density_floor=1e-6 if magenta else 0.0,
        )
        kl = tf.reduce_mean(losses.kl_divergence(mu, log_var))
        return tf.reduce_mean(recon.offset + recon.pen), kl

    def _encoded(self, strokes, lengths, training):
        encoder = self._weights.encoder
        directions = (
            (encoder.forward_cell, strokes),
            (
                encoder.backward_cell,
                tf.reverse_sequence(strokes, lengths, seq_axis=1),
            ),
        )
        hidden = []
        for runner, (cell, inputs) in zip(
            self._runners[:2], directions, strict=True
        ):
            _, state = runner(
                inputs,
                cells.zero_state(cell, inputs.shape[0]),
                lengths=lengths,
                training=training,
            )
            hidden.append(cell.output_of(state))
        hidden = tf.concat(hidden, axis=-1)
        mu = tf.matmul(hidden, encoder.mu_kernel) + encoder.mu_bias
        log_var = tf.matmul(hidden, encoder.log_var_kernel)
        return mu, log_var + encoder.log_var_bias

    def _decoded(self, points, z, training):
        decoder = self._weights.decoder
        batch_size, num_steps, _ = points.shape
        repeated = tf.tile(z[:, None], [1, num_steps, 1])
        outputs, _ = self._runners[2](
            tf.concat([points, repeated], axis=-1),
            decoder.initial_state(z),
            lengths=None,
            training=training,
        )
        outputs = tf.reshape(outputs, [-1, decoder.size])
        params = tf.matmul(outputs, decoder.output_kernel)
        params += decoder.output_bias
        return tf.reshape(params, [batch_size, num_steps, -1])
