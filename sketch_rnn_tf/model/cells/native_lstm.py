"""An LSTM over time in C, for CPUs, forward and backward.

It computes what `bptt.Scan` does for the LSTM, faster: XLA's products are of
matrices that it takes to be new each time, and what it does between them is
not all vectorised.  A call takes one core; parts of a batch run side by side.
"""

from typing import NamedTuple

import tensorflow as tf

from sketch_rnn_tf.model.cells import bptt, division, recurrence
from sketch_rnn_tf.native import library


def usable(dtype: str, options: bptt.Options) -> bool:
    """Says whether `run` can be used here, now.

    Args:
      dtype: Of the inputs.
      options: How to compute.
    """
    return (
        dtype == "float32"
        and not options.product_dtype
        and not options.recompute
        and division.on_cpu()
        and not _in_xla()
        and library.operations() is not None
    )


class Kernels(NamedTuple):
    """What an LSTM multiplies, for `run`, on any part of a batch.

    Attributes:
      kernel: float32 [X, 4 n].
      recurrent_kernel: float32 [n, 4 n].
      forward: Both, as the products of a step take them.
      backward: Their transpose likewise.
      input_gradient: Whether the inputs' gradient is wanted; zeros if not.
    """

    kernel: tf.Tensor
    recurrent_kernel: tf.Tensor
    forward: tf.Tensor
    backward: tf.Tensor
    input_gradient: bool


def pack(
    kernel: tf.Tensor, recurrent_kernel: tf.Tensor, *, input_gradient: bool
) -> Kernels:
    """Packs an LSTM's kernels; the fields of `Kernels` say which.

    Raises:
      tf.errors.InvalidArgumentError: If shapes do not agree, once it runs.
    """
    # `run` has the gradient.
    kernels = [tf.stop_gradient(k) for k in (kernel, recurrent_kernel)]
    forward, backward = (
        library.operations().sketch_rnn_lstm_pack(
            *kernels, transposed=transposed, input_gradient=input_gradient
        )
        for transposed in (False, True)
    )
    return Kernels(kernel, recurrent_kernel, forward, backward, input_gradient)


def run(
    inputs: tf.Tensor,
    kernels: Kernels,
    condition: tf.Tensor,
    state: recurrence.State,
    *,
    masks: recurrence.Masks | None = None,
) -> tf.Tensor:
    """Runs an LSTM over time, differentiably in all tensors but the masks.

        i, j, f, o = split(x @ kernel + h @ recurrent_kernel + condition)
        c' = c * sigmoid(f + 1) + sigmoid(i) * mask * tanh(j)
        h' = tanh(c') * sigmoid(o)

    Args:
      inputs: float32 [T, B, X], time first.
      kernels: The kernels, packed.
      condition: float32 [B, 4 n].
      state: (c, h) before the first step, float32 [B, n] each.
      masks: Candidate masks of all steps; None keeps all.

    Returns:
      The outputs, float32 [T + 1, B, n], from that of `state` on.

    Raises:
      tf.errors.InvalidArgumentError: If shapes do not agree, once it runs.
    """
    native = library.operations()
    if masks is None:
        masks = recurrence.Masks(tf.zeros([0, 0, 0], tf.uint16), 0.0)
    bits = masks.bits
    attributes = {
        "first_row": masks.first,
        "threshold": masks.threshold,
        "scale": masks.scale,
    }

    # The packed kernels are arguments, too: what is not one may not depend on
    # variables.
    @tf.custom_gradient
    def differentiable(inputs, weights, packed, condition, c, h):
        forward, backward = packed
        all_c, all_h, gates = native.sketch_rnn_lstm_forward(
            inputs, forward, bits, condition, c, h, **attributes
        )

        def gradient(d_outputs):
            d_inputs, d_kernels, *others = native.sketch_rnn_lstm_backward(
                inputs, backward, bits, all_c, all_h, gates, d_outputs,
                input_gradient=kernels.input_gradient, **attributes,
            )  # fmt: skip
            if not kernels.input_gradient:
                d_inputs = tf.zeros_like(inputs)
            # Along the first axis, which copies nothing.
            d_weights = tf.split(d_kernels, [w.shape[0] for w in weights])
            return d_inputs, *d_weights, None, None, *others

        return all_h, gradient

    outputs = differentiable(
        inputs,
        (kernels.kernel, kernels.recurrent_kernel),
        (kernels.forward, kernels.backward),
        condition,
        *state,
    )
    num_steps = None if inputs.shape[0] is None else inputs.shape[0] + 1
    size = kernels.recurrent_kernel.shape[0]
    outputs.set_shape([num_steps, inputs.shape[1], size])
    return outputs


def _in_xla():
    """Says whether a graph is being built that XLA is to compile as a whole."""
    graph = tf.compat.v1.get_default_graph()
    while graph is not None:
        context = graph._get_control_flow_context()
        while context is not None:
            if context.IsXLAContext():
                return True
            context = context.outer_context
        graph = getattr(graph, "outer_graph", None)
    return False
