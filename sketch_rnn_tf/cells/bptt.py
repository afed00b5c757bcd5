"""Backpropagation through time, written out for speed.

`Scan` runs a cell over time with a gradient of its own: the gradients of the
recurrent kernels are one [k, T B] [T B, m] product each after the backward
loop, where automatic differentiation accumulates T small ones.  Both loops
are compiled by XLA, which compiles anew for each number of steps it meets.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

import tensorflow as tf

from sketch_rnn_tf.cells import recurrence

Tensors = tuple[tf.Tensor, ...]


class Options(NamedTuple):
    """How to compute, not what.

    Attributes:
      product_dtype: Of the recurrent products' operands; None is the
        state's.
      recompute: Whether the backward loop computes the products once more,
        instead of keeping them.
    """

    product_dtype: str | None = None
    recompute: bool = False


DEFAULT = Options()


class Scan:
    """A cell over time.

    A step from `state` to `new_state` is

        products = operands(x, state) @ kernels, pairwise
        new_state, kept = step(x, products, state, mask, weights)

    with x [B, X] the input, mask [B, n] or None, and `weights` the cell's
    other tensors, whose gradients are summed in the loop.

    Args:
      operands: Takes x and the state, and returns what the kernels multiply,
        a tuple of [B, k]; works on [T, B, ...] as well.
      step: See above; `kept` is what `gradient` asks for, a tuple of [B, m].
      gradient: Takes x, kept, state, new_state, the gradient of new_state,
        mask and weights; returns gradients of x, products, state (but for
        the path through the products) and weights.  None derives it from
        `step`, whose `kept` has to be the products.
      output: Index in the state of the output.
    """

    def __init__(
        self,
        *,
        operands: Callable[..., Tensors],
        step: Callable[..., tuple[Tensors, Tensors]],
        gradient: Callable[..., Any] | None = None,
        output: int,
    ):
        self._operands = operands
        self._step = step
        self._gradient = gradient or self._derived
        self._output = output
        compiled = tf.function(jit_compile=True, reduce_retracing=False)
        self._forward = compiled(self._run_forward)
        self._backward = compiled(self._run_backward)

    def __call__(
        self,
        inputs: tf.Tensor,
        kernels: Tensors,
        weights: Tensors,
        state: Tensors,
        *,
        masks: recurrence.Masks | None = None,
        options: Options = DEFAULT,
    ) -> tf.Tensor:
        """Runs over time, differentiably in all tensors but the masks.

        Args:
          inputs: float [T, B, X], time first.
          kernels: float [k, m] each.
          weights: The cell's other tensors.
          state: The state before the first step, float [B, n] each.
          masks: Candidate masks of all steps; None keeps all.
          options: How to compute.

        Returns:
          The outputs, float [T + 1, B, n], from that of `state` on.
        """

        @tf.custom_gradient
        def run(inputs, kernels, weights, state):
            # Run eagerly, a tape would ask the compiled loop for its own
            # gradient, which XLA does not have; nothing in it is watched so.
            primals = tf.nest.map_structure(
                tf.stop_gradient, (inputs, kernels, weights, state)
            )
            states, kept = self._forward(*primals, masks, options)

            def gradient(d_outputs):
                d_inputs, *others = self._backward(
                    d_outputs, *primals, states, kept, masks, options
                )
                return d_inputs, *others

            return states[self._output], gradient

        return run(inputs, kernels, weights, state)

    def _run_forward(self, inputs, kernels, weights, state, masks, options):
        """Returns the states, [T + 1, B, n] each, and what was kept."""
        num_steps = tf.shape(inputs)[0]
        kernels = _operand(kernels, options)

        def compute(t, state):
            mask = None if masks is None else masks.at(t, state[0].dtype)
            products = _products(
                self._operands(inputs[t], state), kernels, options, state
            )
            return self._step(inputs[t], products, state, mask, weights)

        states = tuple(_array(s, num_steps + 1).write(0, s) for s in state)
        kept = ()
        if not options.recompute:
            _, example = compute(0, state)  # for its shapes
            kept = tuple(_array(k, num_steps) for k in example)

        def body(t, state, states, kept):
            state, new = compute(t, state)
            states = tuple(
                array.write(t + 1, s)
                for array, s in zip(states, state, strict=True)
            )
            if kept:
                kept = tuple(
                    array.write(t, k)
                    for array, k in zip(kept, new, strict=True)
                )
            return t + 1, state, states, kept

        _, _, states, kept = tf.while_loop(
            lambda t, *_: t < num_steps,
            body,
            (tf.constant(0), state, states, kept),
            maximum_iterations=num_steps,
        )
        return (
            tuple(array.stack() for array in states),
            tuple(array.stack() for array in kept),
        )

    def _run_backward(
        self, d_outputs, inputs, kernels, weights, state, states, kept, masks,
        options,
    ):  # fmt: skip
        """Returns gradients for inputs, kernels, weights and the state."""
        num_steps = tf.shape(inputs)[0]
        plain_kernels = kernels
        kernels = _operand(kernels, options)
        transposed = tuple(tf.transpose(kernel) for kernel in kernels)

        def body(k, d_state, d_weights, d_inputs, d_products):
            t = num_steps - 1 - k
            x = inputs[t]
            before = tuple(array[t] for array in states)
            after = tuple(array[t + 1] for array in states)
            mask = None if masks is None else masks.at(t, x.dtype)
            d_state = self._with_output(d_state, d_outputs[t + 1])
            with tf.GradientTape() as tape:
                tape.watch((x, before))
                operands = self._operands(x, before)
            if options.recompute:
                products = _products(operands, kernels, options, before)
                _, now = self._step(x, products, before, mask, weights)
            else:
                now = tuple(array[t] for array in kept)
            d_x, d_now, d_before, d_more = self._gradient(
                x, now, before, after, d_state, mask, weights
            )
            d_operands = _products(d_now, transposed, options, before)
            through_x, through_state = tape.gradient(
                operands,
                (x, before),
                output_gradients=d_operands,
                unconnected_gradients="zero",
            )
            return (
                k + 1,
                _sums(d_before, through_state),
                _sums(d_weights, d_more),
                d_inputs.write(t, _sum(d_x, through_x)),
                tuple(
                    array.write(t, d)
                    for array, d in zip(d_products, d_now, strict=True)
                ),
            )

        _, d_state, d_weights, d_inputs, d_products = tf.while_loop(
            lambda k, *_: k < num_steps,
            body,
            (
                tf.constant(0),
                tuple(tf.zeros_like(s) for s in state),
                tuple(tf.zeros_like(w) for w in weights),
                _array(inputs[0], num_steps),
                tuple(
                    _array(tf.matmul(o, kernel), num_steps)
                    for o, kernel in zip(
                        self._operands(inputs[0], state),
                        plain_kernels,
                        strict=True,
                    )
                ),
            ),
            maximum_iterations=num_steps,
        )
        operands = self._operands(inputs, tuple(s[:-1] for s in states))
        d_kernels = tuple(
            tf.cast(
                tf.matmul(
                    _flat(_operand(o, options)),
                    _flat(_operand(d.stack(), options)),
                    transpose_a=True,
                ),
                inputs.dtype,
            )
            for o, d in zip(operands, d_products, strict=True)
        )
        d_state = self._with_output(d_state, d_outputs[0])
        return d_inputs.stack(), d_kernels, d_weights, d_state

    def _with_output(self, d_state, d_output):
        """Adds a gradient to that of the state's output."""
        return tuple(
            d + d_output if index == self._output else d
            for index, d in enumerate(d_state)
        )

    def _derived(self, x, products, before, after, d_after, mask, weights):
        """Differentiates `step`."""
        del after
        primals = (x, products, before, weights)
        with tf.GradientTape() as tape:
            tape.watch(primals)
            new_state, _ = self._step(x, products, before, mask, weights)
        return tape.gradient(
            new_state,
            primals,
            output_gradients=d_after,
            unconnected_gradients="zero",
        )


def _operand(tensors, options):
    """Casts what goes into a product."""
    if options.product_dtype is None:
        return tensors
    return tf.nest.map_structure(
        lambda tensor: tf.cast(tensor, options.product_dtype), tensors
    )


def _products(operands, kernels, options, state):
    return tuple(
        tf.cast(tf.matmul(_operand(o, options), kernel), state[0].dtype)
        for o, kernel in zip(operands, kernels, strict=True)
    )


def _array(like, size):
    return tf.TensorArray(like.dtype, size, element_shape=like.shape)


def _flat(values):
    return tf.reshape(values, [-1, values.shape[-1]])


def _sum(one, other):
    return other if one is None else one + other


def _sums(ones, others):
    return tuple(_sum(*pair) for pair in zip(ones, others, strict=True))
