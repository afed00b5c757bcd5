"""The written-out gradient equals automatic differentiation of the cell."""

import numpy as np
import pytest
import tensorflow as tf

from sketch_rnn_tf.model import cells
from sketch_rnn_tf.native import library

H, T, B, X, Z = 6, 8, 4, 5, 3

# Sums in another order.  Relative to each tensor's largest number: float32
# rounds at 6e-8, and layer normalisation of eight units magnifies it.
RELATIVE = {"float32": 1e-5, "float64": 1e-12}

KINDS = ("lstm", "layer_norm", "hyper")


@pytest.fixture(autouse=True)
def without_native_library(monkeypatch):
    """`test_native_lstm` tests what else would run instead."""
    monkeypatch.setenv(library.SWITCH, "off")


def _cell(kind, dtype="float32"):
    """Returns a cell with weights far from where they start."""
    if kind == "hyper":
        cell = cells.HyperLSTMCell(
            H, hyper_size=5, embedding_size=3, dtype=dtype
        )
    else:
        made = cells.make(kind, H, name="cell")
        cell = type(made)(H, dtype=dtype)
    cell.build((None, X + Z))
    rng = np.random.default_rng(1)
    for weight in cell.weights:
        weight.assign(weight + rng.normal(0, 0.3, weight.shape))
    return cell


def _problem(cell, *, masked=True, batch_size=B, num_steps=T):
    """Returns inputs, z, state; masks; a weight of every output."""
    rng = np.random.default_rng(batch_size)

    def normal(*shape):
        return tf.constant(rng.normal(0, 1, shape), cell.compute_dtype)

    arguments = (
        normal(num_steps, batch_size, X),
        normal(batch_size, Z),
        tuple(normal(batch_size, width) for width in cell.state_sizes),
    )
    masks = None
    if masked:
        masks = cells.candidate_masks(
            [num_steps, batch_size, H], rate=0.3, seed=tf.constant([3, 4])
        )
    return arguments, masks, normal(num_steps + 1, batch_size, H)


def _plainly(cell, inputs, z, state, masks, options):
    del options
    kernel, bias = cell.input_projection()
    projected = tf.tensordot(inputs, kernel[:X], 1)
    projected += tf.matmul(z, kernel[X:]) + bias
    outputs, _ = cells.run(cell, projected, state, masks=masks)
    return tf.concat([cell.output_of(state)[None], outputs], axis=0)


def _written_out(cell, inputs, z, state, masks, options):
    kernel, bias = cell.input_projection()
    return cell.run_training(
        inputs,
        state,
        condition=tf.matmul(z, kernel[X:]) + bias,
        masks=masks,
        options=options,
    )


def _results(run, cell, arguments, masks, weight, options=None):
    """Returns the outputs and the gradients of all that they depend on."""
    variables = [w.value for w in cell.weights]
    options = (options or cells.Options())._replace(input_gradient=True)
    with tf.GradientTape() as tape:
        tape.watch(arguments)
        outputs = run(cell, *arguments, masks, options)
        loss = tf.reduce_sum(weight * outputs)
    return outputs, *tf.nest.flatten(
        tape.gradient(loss, (arguments, variables))
    )


def _assert_close(got, expected, relative):
    assert len(got) == len(expected)
    for one, other in zip(got, expected, strict=True):
        scale = np.abs(other).max()
        assert scale > 0
        np.testing.assert_allclose(one, other, rtol=0, atol=relative * scale)


@pytest.mark.parametrize(
    ("dtype", "masked", "recompute"),
    [
        ("float32", True, False),
        ("float64", False, False),
        ("float64", True, True),
    ],
    ids=["float32 masked", "float64 unmasked", "float64 masked recomputed"],
)
@pytest.mark.parametrize("kind", KINDS)
def test_outputs_and_gradients_equal_automatic_differentiation(
    kind, dtype, masked, recompute
):
    cell = _cell(kind, dtype)
    problem = _problem(cell, masked=masked)
    options = cells.Options(recompute=recompute)
    _assert_close(
        _results(_written_out, cell, *problem, options),
        _results(_plainly, cell, *problem),
        RELATIVE[dtype],
    )


@pytest.mark.parametrize(
    "kind",
    [
        pytest.param(kind, marks=[pytest.mark.slow] * (kind == "hyper"))
        for kind in KINDS
    ],
)
def test_one_graph_serves_any_number_of_steps_and_rows(kind):
    cell = _cell(kind)

    @tf.function(
        input_signature=[
            (
                tf.TensorSpec([None, None, X]),
                tf.TensorSpec([None, Z]),
                tuple(tf.TensorSpec([None, w]) for w in cell.state_sizes),
            ),
            tf.TensorSpec([None, None, H]),
        ]
    )
    def compute(arguments, weight):
        return _results(_written_out, cell, arguments, None, weight)

    for batch_size, num_steps in ((B, T), (1, T), (2, 1)):
        arguments, _, weight = _problem(
            cell, masked=False, batch_size=batch_size, num_steps=num_steps
        )
        _assert_close(
            compute(arguments, weight),
            _results(_plainly, cell, arguments, None, weight),
            RELATIVE["float32"],
        )
    assert compute.experimental_get_tracing_count() == 1


@pytest.mark.parametrize("kind", KINDS)
def test_gradient_starts_at_each_row_of_an_output_alone(kind):
    # As in the encoder, which reads one output of each sketch.
    cell = _cell(kind)
    arguments, masks, weight = _problem(cell)
    read = np.zeros([T + 1, B, 1], np.float32)
    read[[5, T, 1, 3], np.arange(B)] = 1
    problem = (arguments, masks, weight * read)
    got = _results(_written_out, cell, *problem)
    _assert_close(got, _results(_plainly, cell, *problem), RELATIVE["float32"])
    d_inputs = got[1].numpy()
    assert d_inputs[4, 0].any() and not d_inputs[5:, 0].any()


# What a product's operands round at, and steps add up.
NARROW = {"bfloat16": 0.1, "float16": 0.0125}


@pytest.mark.parametrize("dtype", NARROW)
@pytest.mark.parametrize("kind", KINDS)
def test_narrow_products_are_near_and_not_equal(kind, dtype):
    cell = _cell(kind)
    arguments, masks, weight = _problem(cell)
    # Small kernels: the random ones of the other tests are chaotic.
    for variable in cell.weights:
        variable.assign(variable * 0.3)
    exact = _results(_written_out, cell, arguments, masks, weight)
    options = cells.Options(product_dtype=dtype)
    mixed = _results(_written_out, cell, arguments, masks, weight, options)
    assert all(got.dtype == tf.float32 for got in mixed)
    assert np.abs(mixed[0] - exact[0]).max() > 0
    for got, expected in zip(mixed, exact, strict=True):
        error = np.linalg.norm(got - expected) / np.linalg.norm(expected)
        assert error < NARROW[dtype]


@pytest.mark.parametrize("recompute", [False, True])
@pytest.mark.parametrize("factor", [1e-30, 1e-9, 1e9, 1e30])
def test_float16_products_hold_gradients_of_any_size(factor, recompute):
    # float16 itself has none below 6e-8 or above 65,504.
    cell = _cell("lstm")
    arguments, masks, weight = _problem(cell)
    for variable in cell.weights:
        variable.assign(variable * 0.3)
    options = cells.Options(product_dtype="float16", recompute=recompute)
    usual = _results(_written_out, cell, arguments, masks, weight, options)
    scaled = _results(
        _written_out, cell, arguments, masks, weight * factor, options
    )
    for got, expected in zip(scaled[1:], usual[1:], strict=True):
        # Scaled operands round elsewhere, by float32's rounding.
        error = np.linalg.norm(got.numpy() / np.float32(factor) - expected)
        assert error < 1e-3 * np.linalg.norm(expected)


def test_float16_products_hold_inputs_of_any_size():
    cell = _cell("lstm")
    (inputs, z, state), masks, weight = _problem(cell)
    options = cells.Options(product_dtype="float16")
    for factor in (1e-30, 1e6, 1e30):
        problem = ((inputs * factor, z, state), masks, weight)
        exact = _results(_written_out, cell, *problem)
        mixed = _results(_written_out, cell, *problem, options)
        assert all(np.isfinite(result).all() for result in mixed)
        np.testing.assert_allclose(mixed[0], exact[0], atol=0.05)


def test_float16_products_of_many_terms_do_not_overflow():
    # Gradients of kernels sum over all rows and steps: 2 * 70,000 here.
    num_steps, batch_size = 2, 70_000
    cell = cells.LSTMCell(2)
    cell.build((None, X + Z))
    ones = tf.ones([num_steps, batch_size, X])
    z = tf.ones([batch_size, Z])
    state = tuple(tf.ones([batch_size, 2]) for _ in cell.state_sizes)
    weight = tf.ones([num_steps + 1, batch_size, 2])
    problem = ((ones, z, state), None, weight)
    exact = _results(_written_out, cell, *problem)
    options = cells.Options(product_dtype="float16")
    mixed = _results(_written_out, cell, *problem, options)
    for got, expected in zip(mixed, exact, strict=True):
        assert np.isfinite(got).all()
        error = np.linalg.norm(got - expected)
        assert error <= 0.01 * np.linalg.norm(expected)


@pytest.mark.parametrize("kind", KINDS)
def test_unwanted_gradient_of_the_inputs_is_zero_and_changes_no_other(kind):
    cell = _cell(kind)
    (inputs, z, state), masks, weight = _problem(cell)
    gradients = []
    for wanted in (False, True):
        variables = [w.value for w in cell.weights]
        with tf.GradientTape() as tape:
            tape.watch((inputs, state))
            outputs = _written_out(
                cell, inputs, z, state, masks,
                cells.Options(input_gradient=wanted),
            )  # fmt: skip
            loss = tf.reduce_sum(weight * outputs)
        gradients.append(tape.gradient(loss, [inputs, *state, *variables]))
    without, with_inputs = gradients
    assert not without[0].numpy().any()
    _assert_close(without[1:], with_inputs[1:], RELATIVE["float32"])


def test_sigmoid_by_tanh_is_finite_far_out():
    cell = _cell("lstm")
    (inputs, z, state), masks, weight = _problem(cell)
    results = _results(
        _written_out, cell, (inputs * 1e4, z, state), masks, weight
    )
    assert all(np.isfinite(result).all() for result in results)
