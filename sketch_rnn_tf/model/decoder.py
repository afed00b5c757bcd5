"""The decoder: an autoregressive RNN over points, conditioned on z."""

import tensorflow as tf

from sketch_rnn_tf.backend import keras
from sketch_rnn_tf.model import cells, size as size_lib
from sketch_rnn_tf.model.cells import division

POINT_SIZE = 5


@keras.saving.register_keras_serializable("sketch_rnn_tf")
class Decoder(keras.layers.Layer):
    """RNN over the previous points that predicts the next (Eqs. 3 to 8).

    Called with inputs float [B, T, 5] (stroke-5, S_0 first, scale_factor
    units) and z float [B, Z] (None for an unconditional decoder), it returns
    the parameters y of every next point, float [B, T, 6 M + 3]; read them
    with `distributions.point_distribution`.

    Args:
      cell: Kind of cell, one of `config.CELLS`.
      size: Units.
      z_size: Latent dimensions, N_z; 0 makes an unconditional decoder.
      num_mixtures: Bivariate normals in the mixture, M.
      recurrent_dropout: Drop rate on the cell's candidate in training.
      input_dropout: Drop rate on the inputs in training.
      output_dropout: Drop rate on the cell's outputs in training.
      squash_z: Whether the initial state is made of tanh(z).
      product_dtype: Of the recurrent products in training; None is the
        layer's own.
      recompute: Whether training computes products twice, to save memory.
      **kwargs: As of every Keras layer.

    References:
      Section 3.3, Ha & Eck (2017).
    """

    def __init__(
        self,
        cell: str,
        size: int,
        z_size: int,
        num_mixtures: int,
        recurrent_dropout: float = 0.0,
        input_dropout: float = 0.0,
        output_dropout: float = 0.0,
        squash_z: bool = False,
        product_dtype: str | None = None,
        recompute: bool = False,
        **kwargs,
    ):
        super().__init__(**kwargs)
        self.cell = cell
        self.size = size
        self.z_size = z_size
        self.num_mixtures = num_mixtures
        self.recurrent_dropout = recurrent_dropout
        self.input_dropout = input_dropout
        self.output_dropout = output_dropout
        self.squash_z = squash_z
        self.product_dtype = product_dtype
        self.recompute = recompute
        self._options = cells.Options(
            product_dtype, recompute, input_gradient=bool(input_dropout)
        )
        self.recurrent_cell = cells.make(cell, size, name="recurrent_cell")

    def build(self, input_shape):
        self.recurrent_cell.build((None, POINT_SIZE + self.z_size))
        if self.z_size:
            state_size = sum(self.recurrent_cell.state_sizes)
            self.initial_kernel = self.add_weight(
                name="initial_kernel",
                shape=(self.z_size, state_size),
                initializer=keras.initializers.RandomNormal(stddev=0.001),
            )
            self.initial_bias = self.add_weight(
                name="initial_bias", shape=(state_size,), initializer="zeros"
            )
        width = size_lib.params_size(self.num_mixtures)
        self.output_kernel = self.add_weight(
            name="output_kernel",
            shape=(self.size, width),
            initializer="glorot_uniform",
        )
        # The reference gives its output bias no initializer, so that it
        # starts Glorot uniform, as a [1, n] matrix would; not at zero.
        limit = (6.0 / (2 * width)) ** 0.5
        self.output_bias = self.add_weight(
            name="output_bias",
            shape=(width,),
            initializer=keras.initializers.RandomUniform(-limit, limit),
        )

    def call(self, inputs, z=None, training=False, seed=None):
        batch_size = tf.shape(inputs)[0]
        state = self.initial_state(z, batch_size=batch_size)
        steps = tf.transpose(inputs, [1, 0, 2])  # [T, B, 5]
        if training:
            params = self._train(steps, z, state, seed)
        else:
            kernel, _ = self.recurrent_cell.input_projection()
            projected = tf.tensordot(steps, kernel[:POINT_SIZE], 1)
            projected += self.condition(z)
            outputs, _ = cells.run(self.recurrent_cell, projected, state)
            params = self._predict(outputs)
        return tf.transpose(params, [1, 0, 2])  # [B, T, 6 M + 3]

    def _train(self, inputs, z, state, seed):
        """Returns the parameters of all next points, [T, B, 6 M + 3]."""
        num_steps, batch_size = tf.unstack(tf.shape(inputs)[:2])
        condition = self.condition(z)
        if self.input_dropout:
            if self.z_size:
                # Every step drops its own entries of z, as in the reference.
                z = tf.tile(z[None], [num_steps, 1, 1])
                inputs = tf.concat([inputs, z], axis=-1)
            inputs = self._dropout(inputs, self.input_dropout, seed, 1)
            _, condition = self.recurrent_cell.input_projection()
        width = condition.shape[-1]
        condition = tf.broadcast_to(condition, [batch_size, width])
        rows = division.rows(
            inputs.shape[1],
            one_core=self.recurrent_cell.takes_one_core(self._options),
        )
        # Drawn for the whole batch: its parts are as many as there are cores.
        shape = [num_steps, batch_size, self.size]
        masks, kept = None, None
        if self.recurrent_dropout:
            masks = cells.candidate_masks(
                shape, rate=self.recurrent_dropout, seed=seed
            )
        if self.output_dropout:
            ones = tf.ones(shape, inputs.dtype)
            kept = self._dropout(ones, self.output_dropout, seed, 2)
            kept = tf.split(kept, rows, axis=1)
        # Splits, as the gradient of a slice is padded in a loop of one thread.
        states = zip(*(tf.split(part, rows) for part in state), strict=True)
        parts = zip(
            tf.split(inputs, rows, axis=1),
            tf.split(condition, rows),
            states,
            cells.split_masks(masks, rows),
            strict=True,
        )
        kernels = self.recurrent_cell.training_kernels(
            inputs.shape[-1], self._options
        )
        params = []
        for index, (inputs, condition, state, masks) in enumerate(parts):
            outputs = self.recurrent_cell.run_training(
                inputs,
                state,
                condition=condition,
                masks=masks,
                kernels=kernels,
                options=self._options,
            )
            _, outputs = tf.split(outputs, [1, -1])
            if kept is not None:
                outputs *= kept[index]
            params.append(self._predict(outputs))
        return tf.concat(params, axis=1)

    def _predict(self, outputs):
        return tf.tensordot(outputs, self.output_kernel, 1) + self.output_bias

    def initial_state(
        self, z: tf.Tensor | None, *, batch_size: tf.Tensor | None = None
    ) -> cells.State:
        """Returns the state before the first step, tanh(z W + b) (Eq. 3).

        Args:
          z: float [B, Z]; None for an unconditional decoder, which starts
            from zeros.
          batch_size: B, needed where z is None.

        Returns:
          The cell's state, a tuple of float [B, n].
        """
        if not self.z_size:
            return cells.zero_state(self.recurrent_cell, batch_size)
        if self.squash_z:
            # Deviation: sketch-rnn-js does so for files before version 6.
            z = tf.tanh(z)
        packed = tf.matmul(z, self.initial_kernel) + self.initial_bias
        sizes = self.recurrent_cell.state_sizes
        # As [B, 1, n]: else the stock TensorFlow.js converter fuses tanh into
        # the product, which no backend of TensorFlow.js can run.
        squashed = tf.tanh(packed[:, None])[:, 0]
        return tuple(tf.split(squashed, sizes, axis=-1))

    def condition(self, z: tf.Tensor | None) -> tf.Tensor:
        """Projects z, which is the same at every step of a drawing.

        Args:
          z: float [B, Z]; None for an unconditional decoder.

        Returns:
          float [B, P], or [P] for an unconditional decoder.
        """
        kernel, bias = self.recurrent_cell.input_projection()
        if not self.z_size:
            return bias
        return tf.matmul(z, kernel[POINT_SIZE:]) + bias

    def advance(
        self, point: tf.Tensor, condition: tf.Tensor, state: cells.State
    ) -> tuple[tf.Tensor, cells.State]:
        """Runs one step with z already projected by `condition`.

        Args:
          point: float [B, 5], S_{i-1}, stroke-5 in scale_factor units.
          condition: float [B, P] or [P].
          state: The cell's state, a tuple of float [B, n].

        Returns:
          Parameters y of S_i, float [B, 6 M + 3], and the next state.
        """
        kernel, _ = self.recurrent_cell.input_projection()
        projected = tf.matmul(point, kernel[:POINT_SIZE]) + condition
        output, state = self.recurrent_cell.step(projected, state)
        params = tf.matmul(output, self.output_kernel) + self.output_bias
        return params, state

    def step(
        self, point: tf.Tensor, z: tf.Tensor | None, state: cells.State
    ) -> tuple[tf.Tensor, cells.State]:
        """Runs one step: the previous point in, the next one's parameters out.

        Args:
          point: float [B, 5], S_{i-1}, stroke-5 in scale_factor units.
          z: float [B, Z]; None for an unconditional decoder.
          state: The cell's state, from `initial_state` or the last step.

        Returns:
          Parameters y of S_i, float [B, 6 M + 3], and the next state.
        """
        return self.advance(point, self.condition(z), state)

    def _dropout(self, values, rate, seed, stream):
        return tf.nn.experimental.stateless_dropout(
            values, rate, seed=seed + [0, stream]
        )

    def get_config(self):
        return {
            **super().get_config(),
            "cell": self.cell,
            "size": self.size,
            "z_size": self.z_size,
            "num_mixtures": self.num_mixtures,
            "recurrent_dropout": self.recurrent_dropout,
            "input_dropout": self.input_dropout,
            "output_dropout": self.output_dropout,
            "squash_z": self.squash_z,
            "product_dtype": self.product_dtype,
            "recompute": self.recompute,
        }
