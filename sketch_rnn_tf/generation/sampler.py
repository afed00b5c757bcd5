"""The graphs that draw: each sketch of a batch from its own seed.

`Sampler.draw` is one loop that ends with the last sketch of its batch, and
stands in the SavedModel; `Sampler.advance` runs a few steps, for `slots` to
refill a batch between calls.  Everything here is in scale_factor units.
"""

import weakref
from collections.abc import Sequence
from typing import NamedTuple

import tensorflow as tf

from sketch_rnn_tf import randomness, strokes
from sketch_rnn_tf.model import decoder as decoder_lib, next_point, vae


class Sampler:
    """The graphs that encode and draw with one model, in scale_factor units.

    Args:
      model: The model.
    """

    def __init__(self, model: "vae.SketchRNN"):
        encoder, decoder = model.encoder, model.decoder
        start_point = model.config.start_point
        compatibility = model.config.compatibility
        width = decoder_lib.POINT_SIZE
        strokes_spec = tf.TensorSpec([None, None, width], tf.float32)
        ints = tf.TensorSpec([None], tf.int32)
        floats = tf.TensorSpec([None], tf.float32)
        # An unconditional decoder has a z of size 0.
        z_spec = tf.TensorSpec([None, decoder.z_size], tf.float32)
        if encoder is not None:

            @tf.function(input_signature=[strokes_spec, ints])
            def encode(strokes, lengths):
                posterior = encoder(strokes, lengths)
                return posterior.loc, 2.0 * tf.math.log(posterior.scale)

            self.encode = encode

        @tf.function(
            input_signature=[
                z_spec,
                floats,
                floats,
                ints,
                ints,
                strokes_spec,
                ints,
            ]
        )
        def draw(
            z, temperature, softmax, seeds, max_len, prefix, prefix_lengths
        ):
            return decode(
                decoder,
                z,
                temperature,
                seeds,
                max_len,
                softmax_temperature=softmax,
                prefix=prefix,
                prefix_lengths=prefix_lengths,
                start_point=start_point,
                compatibility=compatibility,
            )

        self.draw = draw
        self.state_sizes = decoder.recurrent_cell.state_sizes
        state_spec = tuple(
            tf.TensorSpec([None, size], tf.float32) for size in self.state_sizes
        )
        _, bias = decoder.recurrent_cell.input_projection()
        self.condition_size = bias.shape[0]
        rows_spec = tf.TensorSpec([None, None, width], tf.float32)

        @tf.function(
            input_signature=[
                Places(
                    tf.TensorSpec([None, width], tf.float32),
                    tf.TensorSpec([None, self.condition_size], tf.float32),
                    state_spec,
                ),
                z_spec,
                ints,
                tf.TensorSpec([None, None, 4], tf.float32),
                rows_spec,
                tf.TensorSpec([None, None], tf.bool),
                floats,
                floats,
            ]
        )
        def advance(
            places, z, chosen, u, given, is_given, temperature, softmax
        ):
            fresh = start(decoder, z, start_point)
            point, condition, state = tf.nest.map_structure(
                lambda old, new: tf.gather(tf.concat([old, new], 0), chosen),
                places,
                fresh,
            )
            # Unrolled: a loop costs more than its steps where S is small.
            points = []
            for k in range(STEPS):
                params, state = decoder.advance(point, condition, state)
                point = next_point.sample_point(
                    params,
                    u[k],
                    temperature,
                    softmax_temperature=softmax,
                    compatibility=compatibility,
                )
                point = tf.where(is_given[k][:, None], given[k], point)
                points.append(point)
            return tf.stack(points), Places(point, condition, state)

        self.advance = advance

    def no_places(self) -> "Places":
        """Returns places for no sketch at all."""
        return Places(
            tf.zeros([0, decoder_lib.POINT_SIZE]),
            tf.zeros([0, self.condition_size]),
            tuple(tf.zeros([0, size]) for size in self.state_sizes),
        )


STEPS = 8
"""Steps that `Sampler.advance` runs.

A sketch that ends within them leaves its place idle for half as many.
"""


class Places(NamedTuple):
    """What the decoder holds between two steps, of S sketches.

    Attributes:
      point: float32 [S, 5], the last point.
      condition: float32 [S, P], as of `Decoder.condition`.
      state: The cell's state, a tuple of float32 [S, n].
    """

    point: tf.Tensor
    condition: tf.Tensor
    state: tuple[tf.Tensor, ...]


def start(
    decoder: "decoder_lib.Decoder",
    z: tf.Tensor,
    start_point: Sequence[float],
) -> Places:
    """Returns sketches before their first point.

    Args:
      decoder: The decoder.
      z: float32 [B, Z]; Z is 0 for an unconditional decoder.
      start_point: S_0, 5 numbers.
    """
    batch_size = tf.shape(z)[0]
    condition = decoder.condition(z)
    return Places(
        tf.tile(tf.constant(start_point, tf.float32)[None], [batch_size, 1]),
        tf.broadcast_to(condition, [batch_size, condition.shape[-1]]),
        decoder.initial_state(z, batch_size=batch_size),
    )


_samplers: "weakref.WeakKeyDictionary" = weakref.WeakKeyDictionary()


def of(model: "vae.SketchRNN") -> Sampler:
    """Returns the model's `Sampler`, made on first use."""
    if model not in _samplers:
        # The graphs hold the layers, not the model: it can be collected.
        _samplers[model] = Sampler(model)
    return _samplers[model]


def decode(
    decoder: "decoder_lib.Decoder",
    z: tf.Tensor,
    temperature: tf.Tensor,
    seeds: tf.Tensor,
    max_len: tf.Tensor,
    *,
    softmax_temperature: tf.Tensor,
    prefix: tf.Tensor,
    prefix_lengths: tf.Tensor,
    start_point: Sequence[float],
    compatibility: str = "none",
) -> tuple[tf.Tensor, tf.Tensor]:
    """Draws a batch of sketches, in one loop that ends with the last.

    Args:
      decoder: The decoder.
      z: float32 [B, Z]; Z is 0 for an unconditional decoder.
      temperature: float32 [B], tau >= 0; 0 is greedy.
      seeds: int32 [B].
      max_len: int32 [B], points at most, those of the prefix included.
      softmax_temperature: float32 [B], see `next_point.sample_point`.
      prefix: float32 [B, P, 5], points to begin with, scale_factor units.
      prefix_lengths: int32 [B], how many of them count.
      start_point: S_0, 5 numbers.
      compatibility: As of the configuration.

    Returns:
      strokes, float32 [B, T, 5], scale_factor units, T = max(1, max_len), end
      rows from each length on; and lengths, int32 [B].

    References:
      Eq. 9 and section 3.3, Ha & Eck (2017).
    """
    # One step at least: an array that nothing was written to has no shape.
    num_steps = tf.maximum(tf.reduce_max(max_len), 1)
    u = randomness.uniforms(seeds, randomness.POINTS, [num_steps, 4])
    u = tf.transpose(u, [1, 0, 2])  # [T, B, 4]
    prefix_steps = tf.shape(prefix)[1]
    given = tf.transpose(
        tf.pad(prefix, [[0, 0], [0, 1], [0, 0]]), [1, 0, 2]
    )  # [P + 1, B, 5]
    end_point = tf.constant(strokes.END_POINT)
    places = start(decoder, z, start_point)
    batch_size = tf.shape(seeds)[0]
    points = tf.TensorArray(
        tf.float32, num_steps, element_shape=[None, decoder_lib.POINT_SIZE]
    )

    def body(t, point, state, ended, lengths, points):
        params, state = decoder.advance(point, places.condition, state)
        point = next_point.sample_point(
            params,
            u[t],
            temperature,
            softmax_temperature=softmax_temperature,
            compatibility=compatibility,
        )
        in_prefix = (t < prefix_lengths)[:, None]
        point = tf.where(in_prefix, given[tf.minimum(t, prefix_steps)], point)
        ended |= (point[:, 2 + strokes.END] > 0) | (t >= max_len)
        point = tf.where(ended[:, None], end_point, point)
        lengths += tf.cast(~ended, tf.int32)
        return t + 1, point, state, ended, lengths, points.write(t, point)

    def going(t, point, state, ended, *_):
        return (t < num_steps) & ~tf.reduce_all(ended)

    t, *_, lengths, points = tf.while_loop(
        going,
        body,
        (
            tf.constant(0),
            places.point,
            places.state,
            tf.zeros([batch_size], tf.bool),
            tf.zeros([batch_size], tf.int32),
            points,
        ),
    )
    drawn = tf.transpose(points.stack(), [1, 0, 2])[:, :t]
    padding = tf.broadcast_to(
        end_point, [batch_size, num_steps - t, decoder_lib.POINT_SIZE]
    )
    return tf.concat([drawn, padding], axis=1), lengths
