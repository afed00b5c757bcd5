"""The model: a Keras subclass that joins encoder, z and decoder."""

import dataclasses
import inspect
from typing import Any

import tensorflow as tf

from sketch_rnn_tf import config as config_lib, strategies
from sketch_rnn_tf.backend import keras
from sketch_rnn_tf.model import (
    distributions,
    loss_means,
    losses,
    model_output,
    optimizer as optimizer_lib,
    parts,
    schedules,
)

TERMS = ("offset_loss", "pen_loss", "kl", "gradient")
"""What `bad_term` counts, in this order."""

# Streams of the model's random numbers, folded into the seed.  Two parts of a
# batch take 2, 3, 10 and 11 in the encoder, and 4 to 9 in the decoder.
_EVALUATION, _NOISE, _ENCODER, _DECODER = 0, 1, 2, 4
# The seed takes 31 bits, above 4 for streams; replicas count above them.
_STREAMS, _REPLICA = 16, 2**36


@keras.saving.register_keras_serializable("sketch_rnn_tf")
class SketchRNN(keras.Model):
    """sketch-rnn: a sequence-to-sequence VAE over sketches.

    `fit` and `evaluate` take batches as `input_pipeline` makes them: a dict
    of `strokes`, float32 [B, T + 1, 5] with S_0 first in scale_factor units,
    and `lengths`, int32 [B]; a class-conditioned model also wants `labels`,
    int32 [B], indices of the configuration's words.  They report

        loss        recon + w_KL * kl, with the full w_KL (Eq. 12)
        recon       L_R, nats, over N_max (Eq. 10)
        kl          L_KL, nats per latent dimension (Eq. 11)
        kl_floored  max(kl, KL_min), over the data seen; with free bits the
                    mean over dimensions of max(kl_j, free_bits)

    whereas training minimises recon + w_KL * eta * kl_floored, the floor on
    the batch mean (Eq. 13).  A training step whose loss or gradient
    is not finite changes neither weights nor metrics; it reports the first
    of `TERMS` that was not, by its index, as `bad_term`, which otherwise is
    -1.

    In the scope of a `tf.distribute` strategy a batch is the global one: all
    replicas together do what one device would do, but that each draws its
    own dropout.

    Args:
      config: A `Config` whose max_len and scale_factor are set, or its
        values as a mapping.
      **kwargs: As of every Keras model.

    Attributes:
      config: The configuration.
      encoder: The `Encoder`; None if unconditional.
      decoder: The `Decoder`; its z is `conditioned`.
      class_embedding: The `ClassEmbedding`; None without class conditioning.
      sample_z: Whether evaluation samples z (Eq. 2) or takes its mean; read
        when the step is traced.

    Raises:
      ValueError: If max_len or scale_factor has not been set, or there are
        no words to condition on.

    References:
      Section 3.3, Ha & Eck (2017).
    """

    def __init__(self, config: "config_lib.Config | dict", **kwargs):
        super().__init__(**kwargs)
        if not isinstance(config, config_lib.Config):
            config = config_lib.from_mapping(config)
        self.config = config
        self.sample_z = True
        keras.utils.set_random_seed(config.seed)
        made = parts.make(config)
        self.encoder, self.decoder = made.encoder, made.decoder
        self.class_embedding = made.class_embedding
        self._means = loss_means.LossMeans(config)
        self.built = True

    def call(self, inputs, training=False, seed=None, sample_z=True, rows=None):
        strokes, lengths = inputs["strokes"], inputs["lengths"]
        seed = self._seed(_EVALUATION) if seed is None else seed
        seed = tf.cast(seed, tf.int64)
        # Dropout is each replica's own; z's noise is that of the global batch.
        local = seed + [0, strategies.replica() * _REPLICA]
        targets = strokes[:, 1:]
        z, posterior = None, None
        if self.encoder is not None:
            posterior = self.encoder(
                targets,
                lengths,
                training=training,
                seed=local + [0, _ENCODER],
            )
            z = posterior.loc
            if sample_z:
                noise = strategies.noise(z, seed + [0, _NOISE], rows=rows)
                z += posterior.scale * noise
        if self.class_embedding is not None and "labels" not in inputs:
            raise ValueError(
                "labels: expected int32 [B] in the batches of a "
                f"class-conditioned model, got {', '.join(inputs)} alone"
            )
        params = self.decoder(
            strokes[:, :-1],
            self.conditioned(z, inputs.get("labels")),
            training=training,
            seed=local + [0, _DECODER],
        )
        return model_output.ModelOutput(
            distributions.point_distribution(params), posterior, z
        )

    def conditioned(
        self, z: tf.Tensor | None, labels: tf.Tensor | None
    ) -> tf.Tensor | None:
        """Joins z and the embedding of the label: what the decoder sees as z.

        Args:
          z: float [B, Z]; None of an unconditional model.
          labels: int32 [B]; None without class conditioning.

        Returns:
          float [B, Z + class_size], or what there is of it; None of neither.
        """
        if self.class_embedding is None:
            return z
        embedded = self.class_embedding(labels)
        return embedded if z is None else tf.concat([z, embedded], axis=-1)

    def loss_terms(
        self,
        output: model_output.ModelOutput,
        strokes: tf.Tensor,
        *,
        training: bool,
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
        return recon, losses.kl_divergence(*output.posterior_moments())

    def compile(self, optimizer=None, **kwargs):
        """Configures training; without an optimizer, as `config` says.

        The default is Adam with the configuration's learning rate schedule
        and its clipping of gradients by value.

        Args:
          optimizer: As of `keras.Model.compile`.
          **kwargs: As of `keras.Model.compile`, but for `loss`: the model
            brings its own.
        """
        # The optimizer's variables are made with it.
        with self.distribute_strategy.scope() as strategy:
            strategies.check_batch_size(strategy, self.config.batch_size)
            if optimizer is None:
                optimizer = optimizer_lib.default(self.config)
            # "auto" would compile each new batch shape anew on a GPU.
            kwargs.setdefault("jit_compile", False)
            super().compile(optimizer=optimizer, **kwargs)
        optimizer_lib.check(self.optimizer, strategy.num_replicas_in_sync)

    def compile_from_config(self, config: dict[str, Any]) -> None:
        """Compiles a model that is being loaded, as it was when saved.

        Args:
          config: What `get_compile_config` returned.
        """
        # Keras does not call a custom `compile` by itself.
        with self.distribute_strategy.scope():
            self.compile(**keras.saving.deserialize_keras_object(config))
            self.optimizer.build(self.trainable_variables)

    def fit(self, x=None, *args, **kwargs):
        """Trains, as `keras.Model.fit` does.

        Args:
          x: Batches, as `input_pipeline` makes them.
          *args: As of `keras.Model.fit`.
          **kwargs: As of `keras.Model.fit`.

        Returns:
          The history.
        """
        fit = super().fit
        given = inspect.signature(fit).bind(x, *args, **kwargs)
        if isinstance(x, (tf.data.Dataset, tf.distribute.DistributedDataset)):
            # Shuffled already; Keras would warn of its own default.
            given.arguments.setdefault("shuffle", False)
        return fit(*given.args, **given.kwargs)

    def _maybe_symbolic_build(self, iterator=None, data_batch=None):
        # In a strategy's scope Keras would average a batch over the replicas
        # to build the model by it, and fails where their shapes differ (seen
        # on 3.15).  The model is built; only the optimizer may not be.
        optimizer = self.optimizer
        if self._distribute_strategy and optimizer and not optimizer.built:
            with self._distribute_strategy.scope():
                optimizer.build(self.trainable_variables)

    @property
    def metrics(self):
        """The means that `fit` and `evaluate` report and reset."""
        return self._means.metrics

    def train_step(self, data):
        inputs = _inputs(data)
        step = tf.convert_to_tensor(self.optimizer.iterations)
        rows = strategies.rows(tf.shape(inputs["lengths"])[0])
        annealing = schedules.kl_annealing(
            step,
            start_fraction=self.config.kl_start_fraction,
            decay_rate=self.config.kl_decay_rate,
        )
        with tf.GradientTape() as tape:
            output = self(
                inputs, training=True, seed=self._seed(1 + step), rows=rows
            )
            recon, kl = self.loss_terms(
                output, inputs["strokes"], training=True
            )
            floored, floor, name = kl, self.config.kl_tolerance, "kl"
            dimensions = None
            if self._means.by_dimension:
                dimensions = floored = output.kl_by_dimension()
                floor, name = self.config.free_bits, "kl_dimensions"
            sums = self._means.sums(recon, kl, dimensions)
            count = tf.cast(rows.total, kl.dtype)
            objective = losses.objective(
                recon,
                floored,
                count=count,
                mean_kl=sums[name] / count,
                kl_weight=self.config.kl_weight * tf.cast(annealing, kl.dtype),
                kl_tolerance=floor,
            )
        weights = self.trainable_weights
        gradients = tape.gradient(objective, [w.value for w in weights])
        sums["gradient"] = strategies.total(optimizer_lib.sum_of(gradients))
        finite = tf.math.is_finite([sums[name] for name in TERMS])
        good = tf.reduce_all(finite)
        optimizer_lib.apply(self.optimizer, gradients, weights, good=good)
        self._means.add(sums, tf.where(good, count, 0))
        # The first that is not finite.
        bad_term = tf.argmin(tf.cast(finite, tf.int32))
        bad_term = tf.where(good, -1.0, tf.cast(bad_term, tf.float32))
        results = self._means.results()
        results |= {"kl_annealing": annealing, "bad_term": bad_term}
        return strategies.logs(results)

    def test_step(self, data):
        inputs = _inputs(data)
        rows = strategies.rows(tf.shape(inputs["lengths"])[0])
        # The sketches seen so far in this evaluation; Keras resets it.
        output = self(
            inputs,
            seed=self._seed(_EVALUATION) + [self._means.seen, 0],
            sample_z=self.sample_z,
            rows=rows,
        )
        recon, kl = self.loss_terms(output, inputs["strokes"], training=False)
        dimensions = None
        if self._means.by_dimension:
            dimensions = output.kl_by_dimension()
        sums = self._means.sums(recon, kl, dimensions)
        count = tf.cast(rows.total, kl.dtype)
        if self.config.compatibility == "magenta" and self.encoder is not None:
            # Deviation: the reference reports what its floor leaves.
            means = {name: total / count for name, total in sums.items()}
            sums["kl"] = count * self._means.floored(means)
            sums["loss"] = sums["recon"] + self.config.kl_weight * sums["kl"]
        self._means.add(sums, count)
        return strategies.logs(self._means.results())

    def _seed(self, stream):
        """Returns int64 [2]: a stream of its own for each training step."""
        seed = tf.constant(self.config.seed * _STREAMS, tf.int64)
        return tf.stack([tf.cast(stream, tf.int64), seed])

    def get_config(self) -> dict[str, Any]:
        """Returns the constructor's arguments."""
        return {"config": dataclasses.asdict(self.config)}


def _inputs(data):
    inputs, _, _ = keras.utils.unpack_x_y_sample_weight(data)
    return inputs
