"""The written-out gradient equals automatic differentiation."""

import numpy as np
import pytest
import tensorflow as tf

from sketch_rnn_tf import cells
from sketch_rnn_tf.cells import bptt

H, T = 8, 12

# Float32 against float32, summed in another order: some roundings of 6e-8,
# relative to each tensor's largest number.
RELATIVE = 1e-5


def _normal(rng, *shape, scale=1.0):
    return tf.constant(rng.normal(0, scale, shape), tf.float32)


def _problem(batch_size, *, masked, ragged):
    """Returns projected, kernel, c0, h0; masks, lengths; loss weights."""
    rng = np.random.default_rng(batch_size)
    arguments = (
        _normal(rng, T, batch_size, 4 * H),
        _normal(rng, H, 4 * H, scale=0.4),
        _normal(rng, batch_size, H),
        _normal(rng, batch_size, H),
    )
    masks = lengths = None
    if masked:
        masks = cells.candidate_masks(
            [T, batch_size, H],
            rate=0.3,
            seed=tf.constant([3, 4]),
            dtype="float32",
        )
    if ragged:
        lengths = tf.constant([5, T, 0, 1][:batch_size])
    # The loss looks at every output and at both parts of the last state.
    weights = (
        _normal(rng, T, batch_size, H),
        _normal(rng, batch_size, H),
        _normal(rng, batch_size, H),
    )
    return arguments, {"masks": masks, "lengths": lengths}, weights


def _by_autodiff(projected, kernel, c0, h0, *, masks, lengths):
    cell = cells.LSTMCell(H)
    cell.recurrent_kernel = kernel
    return cells.run(cell, projected, (c0, h0), masks=masks, lengths=lengths)


def _by_bptt(projected, kernel, c0, h0, *, masks, lengths):
    return bptt.lstm(projected, kernel, (c0, h0), masks=masks, lengths=lengths)


def _outputs_and_gradients(scan, arguments, options, weights):
    with tf.GradientTape() as tape:
        tape.watch(arguments)
        outputs = tf.nest.flatten(scan(*arguments, **options))
        loss = tf.add_n(
            [
                tf.reduce_sum(weight * output)
                for weight, output in zip(weights, outputs, strict=True)
            ]
        )
    return outputs, tape.gradient(loss, arguments)


def _assert_close(got, expected):
    for one, other in zip(got, expected, strict=True):
        scale = np.abs(other).max()
        assert scale > 0
        np.testing.assert_allclose(one, other, rtol=0, atol=RELATIVE * scale)


@pytest.mark.parametrize("masked", [False, True], ids=["unmasked", "masked"])
@pytest.mark.parametrize("ragged", [False, True], ids=["full", "ragged"])
@pytest.mark.parametrize("mode", ["eager", "graph"])
def test_outputs_and_gradients_equal_automatic_differentiation(
    mode, ragged, masked
):
    arguments, options, weights = _problem(4, masked=masked, ragged=ragged)
    expected, expected_gradients = _outputs_and_gradients(
        _by_autodiff, arguments, options, weights
    )

    def compute(arguments):
        return _outputs_and_gradients(_by_bptt, arguments, options, weights)

    if mode == "graph":
        compute = tf.function(compute)
    outputs, gradients = compute(arguments)
    _assert_close(outputs, expected)
    _assert_close(gradients, expected_gradients)


def test_batch_of_one_in_a_graph_has_the_same_gradients():
    arguments, options, weights = _problem(1, masked=True, ragged=True)
    expected, expected_gradients = _outputs_and_gradients(
        _by_autodiff, arguments, options, weights
    )

    @tf.function
    def compute(arguments):
        return _outputs_and_gradients(_by_bptt, arguments, options, weights)

    outputs, gradients = compute(arguments)
    _assert_close(outputs, expected)
    _assert_close(gradients, expected_gradients)


def test_inputs_after_the_length_have_no_gradient_and_no_effect():
    arguments, options, weights = _problem(4, masked=False, ragged=True)
    lengths = options["lengths"].numpy()
    after = np.arange(T)[:, None] >= lengths  # [T, B]
    dirty = np.where(after[..., None], 1e3, arguments[0]).astype(np.float32)
    clean_outputs, clean_gradients = _outputs_and_gradients(
        _by_bptt, arguments, options, weights
    )
    outputs, gradients = _outputs_and_gradients(
        _by_bptt, (tf.constant(dirty), *arguments[1:]), options, weights
    )
    for one, other in zip(outputs, clean_outputs, strict=True):
        np.testing.assert_array_equal(one, other)
    for one, other in zip(gradients, clean_gradients, strict=True):
        np.testing.assert_array_equal(one, other)
    assert not gradients[0].numpy()[after].any()


def test_gradient_reaches_the_arguments_through_the_last_state_alone():
    # As in the encoder, whose outputs before the last nobody reads.
    arguments, options, weights = _problem(4, masked=True, ragged=True)
    weights = (tf.zeros_like(weights[0]), *weights[1:])
    _, expected = _outputs_and_gradients(
        _by_autodiff, arguments, options, weights
    )
    _, got = _outputs_and_gradients(_by_bptt, arguments, options, weights)
    _assert_close(got, expected)
