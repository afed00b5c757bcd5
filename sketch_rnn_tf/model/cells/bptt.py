"""Backpropagation through time, written out for speed.

`Scan` runs a cell over time with a gradient of its own: the gradients of the
recurrent kernels are one [k, T B] [T B, m] product each after the backward
loop, where automatic differentiation accumulates T small ones.  Both loops
are compiled by XLA, which compiles anew for each number of steps it meets.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

import tensorflow as tf

from sketch_rnn_tf.model.cells import factors, recurrence

Tensors = tuple[tf.Tensor, ...]


class Options(NamedTuple):
    """How to compute, not what.

    Attributes:
      product_dtype: Of the recurrent products' operands, "bfloat16" or
        "float16"; None is the state's.
      recompute: Whether the backward loop computes the products once more,
        instead of keeping them.
      input_gradient: Whether the inputs' gradient is wanted; zeros if not.
    """

    product_dtype: str | None = None
    recompute: bool = False
    input_gradient: bool = False


DEFAULT = Options()


class Scan:
    """A cell over time.

    A step from `state` to `new_state` is

        products = operands @ kernels, pairwise
        new_state, kept = step(x, products, state, mask, weights)

    with x [B, X] the input, mask [B, n] or None, and `weights` the cell's
    other tensors, whose gradients are summed in the loop.

    Args:
      step: See above; `kept` is what `gradient` asks for, a tuple of [B, m].
      gradient: Takes x, kept, state, new_state, the gradient of new_state,
        mask and weights; returns gradients of x, products, state (but for
        the path through the products) and weights, None for none.  By
        default it is derived from `step`, whose `kept` has to be the
        products.
      multiplied: Which parts of the state are the operands.
      with_input: Whether the first operand is [x ; state part].
      output: Which part of the state is the output.
    """

    def __init__(
        self,
        step: Callable[..., tuple[Tensors, Tensors]],
        gradient: Callable[..., Any] | None = None,
        *,
        multiplied: tuple[int, ...],
        with_input: bool,
        output: int,
    ):
        self._step = step
        self._gradient = gradient or self._derived
        self._multiplied = multiplied
        self._with_input = with_input
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
            inputs, kernels, weights, state = tf.nest.map_structure(
                tf.stop_gradient, (inputs, kernels, weights, state)
            )
            # Not in XLA, which transposes slowly.
            rights = factors.of_kernels(kernels, options.product_dtype)
            part = masks
            if masks is not None:
                # A tensor: else the loops would be compiled for each part.
                first = tf.convert_to_tensor(masks.first)
                part = masks._replace(first=first)
            states, kept = self._forward(
                inputs, rights, weights, state, part, options
            )

            def gradient(d_outputs):
                through_x, transposed = self._transposed(
                    kernels, inputs.shape[-1], options
                )
                return self._backward(
                    d_outputs, inputs, rights, through_x, transposed, weights,
                    states, kept, part, options,
                )  # fmt: skip

            return states[self._output], gradient

        return run(inputs, kernels, weights, state)

    def _run_forward(self, inputs, rights, weights, state, masks, options):
        """Returns the states, [T + 1, B, n] each, and what was kept."""
        num_steps = tf.shape(inputs)[0]

        def compute(t, state):
            mask = None if masks is None else masks.at(t, state[0].dtype)
            operands = self._operands_of(inputs[t], state)
            products = factors.multiply_all(
                operands, rights, options.product_dtype
            )
            return self._step(inputs[t], products, state, mask, weights)

        states = tuple(_array(s, num_steps + 1).write(0, s) for s in state)
        kept = ()
        if not options.recompute:
            _, example = compute(0, state)  # for its shapes
            kept = tuple(_array(k, num_steps) for k in example)

        def body(t, state, states, kept):
            state, new = compute(t, state)
            states = _written(states, t + 1, state)
            if kept:
                kept = _written(kept, t, new)
            return t + 1, state, states, kept

        _, _, states, kept = tf.while_loop(
            lambda t, *_: t < num_steps,
            body,
            (tf.constant(0), state, states, kept),
            maximum_iterations=num_steps,
        )
        return _stacked(states), _stacked(kept)

    def _run_backward(
        self, d_outputs, inputs, rights, through_x, transposed, weights,
        states, kept, masks, options,
    ):  # fmt: skip
        """Returns gradients for inputs, kernels, weights and the state."""
        num_steps = tf.shape(inputs)[0]

        def body(k, d_state, d_weights, d_products, d_inputs):
            t = num_steps - 1 - k
            x = inputs[t]
            before = tuple(array[t] for array in states)
            after = tuple(array[t + 1] for array in states)
            mask = None if masks is None else masks.at(t, x.dtype)
            if options.recompute:
                operands = self._operands_of(x, before)
                products = factors.multiply_all(
                    operands, rights, options.product_dtype
                )
                _, now = self._step(x, products, before, mask, weights)
            else:
                now = tuple(array[t] for array in kept)
            d_state = _added(d_state, {self._output: d_outputs[t + 1]})
            d_x, d_now, d_state, d_more = self._gradient(
                x, now, before, after, d_state, mask, weights
            )
            d_operands = factors.multiply_all(
                d_now, transposed, options.product_dtype
            )
            d_state = _added(
                d_state, dict(zip(self._multiplied, d_operands, strict=True))
            )
            d_weights = _added(d_weights, dict(enumerate(d_more)))
            if d_inputs:
                d_inputs = _written(d_inputs, t, (d_x,))
            d_products = _written(d_products, t, d_now)
            return k + 1, d_state, d_weights, d_products, d_inputs

        example = factors.multiply_all(
            self._operands_of(inputs[0], tuple(s[0] for s in states)),
            rights,
            options.product_dtype,
        )  # for its shapes
        d_inputs = ()
        if options.input_gradient and not self._with_input:
            d_inputs = (_array(inputs[0], num_steps),)
        _, d_state, d_weights, d_products, d_inputs = tf.while_loop(
            lambda k, *_: k < num_steps,
            body,
            (
                tf.constant(0),
                tuple(tf.zeros_like(array[0]) for array in states),
                tuple(tf.zeros_like(weight) for weight in weights),
                tuple(_array(product, num_steps) for product in example),
                d_inputs,
            ),
            maximum_iterations=num_steps,
        )
        d_products = _stacked(d_products)
        operands = self._operands_of(inputs, tuple(s[:-1] for s in states))
        dtype = options.product_dtype
        d_kernels = tuple(
            factors.multiply(
                tf.transpose(_flat(o)), factors.right(_flat(d), dtype), dtype
            )
            for o, d in zip(operands, d_products, strict=True)
        )
        if d_inputs:
            (d_inputs,) = _stacked(d_inputs)
        elif options.input_gradient:
            d_inputs = tf.tensordot(d_products[0], through_x, 1)
        else:
            d_inputs = tf.zeros_like(inputs)
        d_state = _added(d_state, {self._output: d_outputs[0]})
        return d_inputs, d_kernels, d_weights, d_state

    def _operands_of(self, x, state):
        """Returns what the kernels multiply, [..., k] each."""
        operands = [state[index] for index in self._multiplied]
        if self._with_input:
            operands[0] = tf.concat([x, operands[0]], axis=-1)
        return operands

    def _transposed(self, kernels, x_size, options):
        """Returns the transposed kernels, of the input and of the state."""
        through_x, first = None, kernels[0]
        if self._with_input:
            through_x, first = tf.transpose(first[:x_size]), first[x_size:]
        of_state = [tf.transpose(kernel) for kernel in (first, *kernels[1:])]
        return through_x, factors.of_kernels(of_state, options.product_dtype)

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


def _array(like, size):
    return tf.TensorArray(like.dtype, size, element_shape=like.shape)


def _written(arrays, t, values):
    pairs = zip(arrays, values, strict=True)
    return tuple(array.write(t, value) for array, value in pairs)


def _stacked(arrays):
    return tuple(array.stack() for array in arrays)


def _flat(values):
    return tf.reshape(values, [-1, values.shape[-1]])


def _added(values, more):
    """Adds to some of the values, where None is zero."""
    added = list(values)
    for index, value in more.items():
        if added[index] is None:
            added[index] = value
        elif value is not None:
            added[index] += value
    return tuple(added)
