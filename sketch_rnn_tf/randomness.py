"""Randomness of drawings: one contract for Python, SavedModel and browser.

A drawing has an int32 seed.  Its uniforms are

    u = tf.random.stateless_uniform([max_len, 4], [seed, 0], alg="philox")

whose rows do not depend on max_len.  Point t takes u[t, 0] for the mixture
component and u[t, 1] for the pen state, both by inverse CDF in index order,
and two normals from u[t, 2] and u[t, 3] by Box-Muller (see `box_muller`).  A
z from the prior takes its dimensions, two a pair, from

    u = tf.random.stateless_uniform([ceil(Z / 2), 2], [seed, 1], alg="philox")

Under XLA these ops draw otherwise: nothing here may be compiled with it.
"""

import math

import tensorflow as tf

POINTS, PRIOR = 0, 1
"""Streams of a drawing's random numbers."""


def uniforms(seeds: tf.Tensor, stream: int, shape: list) -> tf.Tensor:
    """Draws the uniforms of each drawing.

    Args:
      seeds: int32 [B].
      stream: `POINTS` or `PRIOR`.
      shape: Shape of one drawing's uniforms.

    Returns:
      float32 [B, ...] in [0, 1).
    """

    def draw(seed):
        return tf.random.stateless_uniform(
            shape, tf.stack([seed, stream]), alg="philox"
        )

    return tf.map_fn(draw, seeds, fn_output_signature=tf.float32)


def box_muller(u_2: tf.Tensor, u_3: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    """Makes two independent standard normals of two uniforms.

    n1, n2 = sqrt(-2 log(1 - u2)) * (cos, sin)(2 pi u3)

    Args:
      u_2: float [...], in [0, 1).
      u_3: float [...], in [0, 1).

    Returns:
      n1 and n2, float [...].
    """
    radius = tf.sqrt(-2.0 * tf.math.log1p(-u_2))
    angle = 2.0 * math.pi * u_3
    return radius * tf.cos(angle), radius * tf.sin(angle)


# One by one, without a graph, each seed costs 2 ms.
@tf.function(reduce_retracing=True)
def prior(seeds: tf.Tensor, *, z_size: int) -> tf.Tensor:
    """Draws z from N(0, I), each from its seed.

    Args:
      seeds: int32 [B].
      z_size: Latent dimensions, N_z.

    Returns:
      float32 [B, Z].
    """
    pairs = uniforms(seeds, PRIOR, [-(-z_size // 2), 2])
    normals = tf.stack(box_muller(pairs[..., 0], pairs[..., 1]), axis=-1)
    return tf.reshape(normals, [tf.shape(seeds)[0], -1])[:, :z_size]
