"""Backpropagation through time, written out for speed.

`lstm` computes what `cells.run` computes over an `LSTMCell`, with a gradient
of its own: the weight gradient is one [T B, n]^T [T B, 4 n] product after the
backward loop, where automatic differentiation accumulates T small ones.
Both loops are compiled by XLA, so T and B have to be static for each trace.
Random masks come in from outside, since random ops draw otherwise under XLA.
"""

import tensorflow as tf


def lstm(
    projected: tf.Tensor,
    recurrent_kernel: tf.Tensor,
    state: tuple[tf.Tensor, tf.Tensor],
    *,
    masks: tf.Tensor | None = None,
    lengths: tf.Tensor | None = None,
) -> tuple[tf.Tensor, tuple[tf.Tensor, tf.Tensor]]:
    """Runs an LSTM over time, differentiably.

    Args:
      projected: float [T, B, 4 n], x @ kernel + bias, gates i, j, f, o.
      recurrent_kernel: float [n, 4 n].
      state: (c, h) before the first step, float [B, n] each.
      masks: float [T, B, n] that multiply the candidate; None keeps all.
      lengths: int32 [B]; a row's state stops changing after that many steps.

    Returns:
      Outputs h, float [T, B, n], and the last state (c, h).
    """
    c0, h0 = state
    constants = {}
    if masks is not None:
        constants["masks"] = masks
    if lengths is not None:
        num_steps = tf.shape(projected)[0]
        going = tf.sequence_mask(lengths, num_steps, projected.dtype)
        constants["going"] = tf.transpose(going)[..., None]  # [T, B, 1]

    @tf.custom_gradient
    def scan(projected, recurrent_kernel, c0, h0):
        # Run eagerly, a tape would ask the compiled loop for its own
        # gradient, which XLA does not have; nothing in it is watched so.
        inputs = (projected, recurrent_kernel, c0, h0, constants)
        inputs = tf.nest.map_structure(tf.stop_gradient, inputs)
        gates, cs, hs = _forward(*inputs)

        def gradient(d_hs, d_c, d_h):
            return _backward(
                d_hs, d_c, d_h, gates, cs, hs, recurrent_kernel, c0, h0,
                constants,
            )  # fmt: skip

        return (hs, cs[-1], hs[-1]), gradient

    hs, c, h = scan(projected, recurrent_kernel, c0, h0)
    return hs, (c, h)


@tf.function(jit_compile=True, reduce_retracing=False)
def _forward(projected, recurrent_kernel, c0, h0, constants):
    """Returns the activated gates [T, B, 4 n], c and h [T, B, n]."""
    num_steps, batch_size, width = projected.shape
    n = width // 4

    def array(size):
        return tf.TensorArray(
            projected.dtype, num_steps, element_shape=[batch_size, size]
        )

    def body(t, c, h, gates, cs, hs):
        a = projected[t] + tf.matmul(h, recurrent_kernel)
        i, j, f, o = tf.split(a, 4, axis=-1)
        i, j, f, o = (
            tf.sigmoid(i), tf.tanh(j), tf.sigmoid(f + 1.0), tf.sigmoid(o),
        )  # fmt: skip
        candidate = j
        if "masks" in constants:
            candidate *= constants["masks"][t]
        new_c = c * f + i * candidate
        new_h = tf.tanh(new_c) * o
        gates = gates.write(t, tf.concat([i, j, f, o], axis=-1))
        if "going" in constants:
            going = constants["going"][t] > 0
            new_c = tf.where(going, new_c, c)
            new_h = tf.where(going, new_h, h)
        return (
            t + 1, new_c, new_h,
            gates, cs.write(t, new_c), hs.write(t, new_h),
        )  # fmt: skip

    *_, gates, cs, hs = tf.while_loop(
        lambda t, *_: t < num_steps,
        body,
        (tf.constant(0), c0, h0, array(width), array(n), array(n)),
        maximum_iterations=num_steps,
    )
    return gates.stack(), cs.stack(), hs.stack()


@tf.function(jit_compile=True, reduce_retracing=False)
def _backward(
    d_hs, d_c, d_h, gates, cs, hs, recurrent_kernel, c0, h0, constants
):
    """Returns gradients for projected, recurrent_kernel, c0 and h0."""
    num_steps, batch_size, width = gates.shape
    n = width // 4
    previous_cs = tf.concat([c0[None], cs[:-1]], axis=0)
    previous_hs = tf.concat([h0[None], hs[:-1]], axis=0)
    transposed = tf.transpose(recurrent_kernel)

    def body(k, d_c, d_h, d_as):
        t = num_steps - 1 - k
        i, j, f, o = tf.split(gates[t], 4, axis=-1)
        tanh_c = tf.tanh(cs[t])
        through_c, d_h = d_c, d_h + d_hs[t]
        d_c += d_h * o * (1.0 - tanh_c * tanh_c)
        mask = constants["masks"][t] if "masks" in constants else 1.0
        d_a = tf.concat(
            [
                d_c * j * mask * i * (1.0 - i),
                d_c * i * mask * (1.0 - j * j),
                d_c * previous_cs[t] * f * (1.0 - f),
                d_h * tanh_c * o * (1.0 - o),
            ],
            axis=-1,
        )
        new_d_c = d_c * f
        if "going" in constants:
            going = constants["going"][t]
            # A row that has ended passes its state's gradients through.
            d_a *= going
            new_d_c = tf.where(going > 0, new_d_c, through_c)
            d_h = tf.matmul(d_a, transposed) + d_h * (1.0 - going)
        else:
            d_h = tf.matmul(d_a, transposed)
        return k + 1, new_d_c, d_h, d_as.write(t, d_a)

    d_as = tf.TensorArray(
        gates.dtype, num_steps, element_shape=[batch_size, width]
    )
    _, d_c, d_h, d_as = tf.while_loop(
        lambda k, *_: k < num_steps,
        body,
        (tf.constant(0), d_c, d_h, d_as),
        maximum_iterations=num_steps,
    )
    d_projected = d_as.stack()
    d_kernel = tf.matmul(
        tf.reshape(previous_hs, [-1, n]),
        tf.reshape(d_projected, [-1, width]),
        transpose_a=True,
    )
    return d_projected, d_kernel, d_c, d_h
