"""The model: a Keras subclass that joins encoder, z and decoder."""

import dataclasses
from typing import Any, NamedTuple

import tensorflow as tf
import tensorflow_probability as tfp

from sketch_rnn_tf import (
    config as config_lib,
    decoder,
    distributions,
    encoder,
    losses,
    schedules,
)
from sketch_rnn_tf.backend import keras

tfd = tfp.distributions

# Streams of the model's random numbers, folded into the seed.
_EVALUATION, _NOISE, _ENCODER, _DECODER = 0, 1, 2, 4


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


@keras.saving.register_keras_serializable("sketch_rnn_tf")
class SketchRNN(keras.Model):
    """sketch-rnn: a sequence-to-sequence VAE over sketches.

    `fit` and `evaluate` take batches as `input_pipeline` makes them: a dict
    of `strokes`, float32 [B, T + 1, 5] with S_0 first in scale_factor units,
    and `lengths`, int32 [B].  They report

        loss        recon + w_KL * kl, with the full w_KL (Eq. 12)
        recon       L_R, nats, over N_max (Eq. 10)
        kl          L_KL, nats per latent dimension (Eq. 11)
        kl_floored  max(kl, KL_min), over the data seen

    whereas training minimises recon + w_KL * eta * max(kl, KL_min), the
    floor on the batch mean (Eq. 13).

    Args:
      config: A `Config` whose max_len and scale_factor are set, or its
        values as a mapping.
      **kwargs: As of every Keras model.

    Attributes:
      config: The configuration.
      encoder: The `Encoder`; None if unconditional.
      decoder: The `Decoder`.
      sample_z: Whether evaluation samples z (Eq. 2) or takes its mean; read
        when the step is traced.

    Raises:
      ValueError: If max_len or scale_factor has not been set.

    References:
      Section 3.3, Ha & Eck (2017).
    """

    def __init__(self, config: "config_lib.Config | dict", **kwargs):
        super().__init__(**kwargs)
        if not isinstance(config, config_lib.Config):
            config = config_lib.from_mapping(config)
        for key in ("max_len", "scale_factor"):
            if not getattr(config, key) > 0:
                raise ValueError(
                    f"{key}: expected a positive number, got "
                    f"{getattr(config, key)}; input_pipeline.fit_config sets "
                    "it from the training data"
                )
        self.config = config
        self.sample_z = True
        keras.utils.set_random_seed(config.seed)
        self.encoder = None
        if config.conditional:
            self.encoder = encoder.Encoder(
                config.encoder_cell,
                config.encoder_size,
                config.z_size,
                recurrent_dropout=config.recurrent_dropout,
                name="encoder",
            )
            self.encoder.build((None, None, decoder.POINT_SIZE))
        self.decoder = decoder.Decoder(
            config.decoder_cell,
            config.decoder_size,
            config.z_size if config.conditional else 0,
            config.num_mixtures,
            recurrent_dropout=config.recurrent_dropout,
            input_dropout=config.input_dropout,
            output_dropout=config.output_dropout,
            squash_z=config.squash_z,
            name="decoder",
        )
        self.decoder.build((None, None, decoder.POINT_SIZE))
        self._means = {
            name: keras.metrics.Mean(name=name)
            for name in ("loss", "recon", "kl", "offset_loss", "pen_loss")
        }
        self.built = True

    def call(self, inputs, training=False, seed=None, sample_z=True):
        strokes, lengths = inputs["strokes"], inputs["lengths"]
        if seed is None:
            seed = self._seed(_EVALUATION)
        targets = strokes[:, 1:]
        z, posterior = None, None
        if self.encoder is not None:
            posterior = self.encoder(
                targets,
                lengths,
                training=training,
                seed=seed + tf.constant([0, _ENCODER]),
            )
            z = posterior.loc
            if sample_z:
                noise = tf.random.stateless_normal(
                    tf.shape(z), seed + tf.constant([0, _NOISE]), dtype=z.dtype
                )
                z += posterior.scale * noise
        params = self.decoder(
            strokes[:, :-1],
            z,
            training=training,
            seed=seed + tf.constant([0, _DECODER]),
        )
        return ModelOutput(
            distributions.point_distribution(params), posterior, z
        )

    def loss_terms(
        self, output: ModelOutput, strokes: tf.Tensor, *, training: bool
    ) -> tuple[losses.ReconstructionLoss, tf.Tensor]:
        """Computes the loss terms of each sketch.

        Args:
          output: The model's output for the batch.
          strokes: float [B, T + 1, 5], S_0 first, scale_factor units.
          training: Whether the terms are those of training; only
            `compatibility` "magenta" makes a difference.

        Returns:
          L_s and L_p, nats over N_max, float [B] each, and L_KL, nats per
          dimension, float [B] (zeros if unconditional).
        """
        magenta = self.config.compatibility == "magenta"
        recon = losses.reconstruction(
            output.points,
            strokes[:, 1:],
            max_len=self.config.max_len,
            density_floor=1e-6 if magenta else 0.0,
            mask_pen=magenta and not training,
        )
        if output.posterior is None:
            return recon, tf.zeros_like(recon.offset)
        log_var = 2.0 * tf.math.log(output.posterior.scale)
        return recon, losses.kl_divergence(output.posterior.loc, log_var)

    def compile(self, optimizer=None, **kwargs):
        """Configures training; without an optimizer, as `config` says.

        The default is Adam with the configuration's learning rate schedule
        and its clipping of gradients by value.

        Args:
          optimizer: As of `keras.Model.compile`.
          **kwargs: As of `keras.Model.compile`, but for `loss`: the model
            brings its own.
        """
        if optimizer is None:
            config = self.config
            optimizer = keras.optimizers.Adam(
                schedules.LearningRate(
                    config.learning_rate,
                    config.min_learning_rate,
                    config.learning_rate_decay,
                ),
                epsilon=1e-8,
                clipvalue=config.gradient_clip or None,
            )
        # "auto" would compile each new batch shape anew on a GPU.
        kwargs.setdefault("jit_compile", False)
        super().compile(optimizer=optimizer, **kwargs)

    def compile_from_config(self, config: dict[str, Any]) -> None:
        """Compiles a model that is being loaded, as it was when saved.

        Args:
          config: What `get_compile_config` returned.
        """
        # Keras does not call a custom `compile` by itself.
        self.compile(**keras.saving.deserialize_keras_object(config))
        self.optimizer.build(self.trainable_variables)

    @property
    def metrics(self):
        """The means that `fit` and `evaluate` report and reset."""
        return list(self._means.values())

    def train_step(self, data):
        inputs = _inputs(data)
        step = tf.cast(self.optimizer.iterations, tf.int32)
        seed = self._seed(1 + step)
        with tf.GradientTape() as tape:
            output = self(inputs, training=True, seed=seed)
            recon, kl = self.loss_terms(
                output, inputs["strokes"], training=True
            )
            objective = tf.reduce_mean(recon.offset + recon.pen)
            annealing = schedules.kl_annealing(
                step,
                start_fraction=self.config.kl_start_fraction,
                decay_rate=self.config.kl_decay_rate,
            )
            if self.encoder is not None:
                objective += (
                    self.config.kl_weight
                    * tf.cast(annealing, objective.dtype)
                    * losses.floored(
                        tf.reduce_mean(kl),
                        kl_tolerance=self.config.kl_tolerance,
                    )
                )
            # Gradients are summed over replicas.
            strategy = tf.distribute.get_strategy()
            objective /= strategy.num_replicas_in_sync
        weights = self.trainable_weights
        gradients = tape.gradient(objective, [w.value for w in weights])
        self.optimizer.apply(gradients, weights)
        self._update_means(recon, kl)
        return {**self._results(), "kl_annealing": annealing}

    def test_step(self, data):
        inputs = _inputs(data)
        # The sketches seen so far in this evaluation; Keras resets it.
        seen = tf.cast(self._means["loss"].count.value, tf.int32)
        output = self(
            inputs,
            seed=self._seed(_EVALUATION) + [seen, 0],
            sample_z=self.sample_z,
        )
        recon, kl = self.loss_terms(output, inputs["strokes"], training=False)
        if self.config.compatibility == "magenta" and self.encoder is not None:
            # Deviation: the reference reports what its floor leaves.
            kl = tf.fill(
                tf.shape(kl),
                losses.floored(
                    tf.reduce_mean(kl), kl_tolerance=self.config.kl_tolerance
                ),
            )
        self._update_means(recon, kl)
        return self._results()

    def _update_means(self, recon, kl):
        total = recon.offset + recon.pen
        values = {
            "loss": total + self.config.kl_weight * kl,
            "recon": total,
            "kl": kl,
            "offset_loss": recon.offset,
            "pen_loss": recon.pen,
        }
        for name, value in values.items():
            self._means[name].update_state(value)

    def _results(self):
        results = {name: mean.result() for name, mean in self._means.items()}
        results["kl_floored"] = results["kl"]
        if self.encoder is not None:
            results["kl_floored"] = losses.floored(
                results["kl"], kl_tolerance=self.config.kl_tolerance
            )
        return results

    def _seed(self, stream):
        """Returns int32 [2]: a stream of its own for each training step."""
        return tf.stack([tf.cast(stream, tf.int32), self.config.seed * 8])

    def get_config(self) -> dict[str, Any]:
        """Returns the constructor's arguments."""
        return {"config": dataclasses.asdict(self.config)}


def _inputs(data):
    inputs, _, _ = keras.utils.unpack_x_y_sample_weight(data)
    return inputs
