"""The LSTM in C computes what the plain cell and its autodiff do."""

import os
import pathlib
import platform
import shutil
import subprocess
import sys

import numpy as np
import pytest
import tensorflow as tf

from sketch_rnn_tf.model import cells
from sketch_rnn_tf.model.cells import native_lstm
from sketch_rnn_tf.native import library

pytestmark = pytest.mark.skipif(not shutil.which("cc"), reason="no C compiler")

# Sums in another order; relative to each tensor's largest number.
RELATIVE = 1e-5

SHAPES = {
    # size, T, B, X: whole vectors and tiles, parts of them, one of each, more
    # rows than are summed at once, more inputs than units.
    "whole": (32, 6, 28, 5),
    "parts": (19, 9, 23, 3),
    "one": (1, 1, 1, 1),
    "many rows": (8, 3, 600, 5),
    "many steps": (8, 150, 7, 5),
    "deep": (168, 2, 15, 600),
}


@pytest.fixture(autouse=True)
def switched_on(monkeypatch):
    """Else a library that does not compile would go unnoticed."""
    monkeypatch.setenv(library.SWITCH, "on")


def _cell(size, x_size):
    cell = cells.make("lstm", size, name="cell")
    cell.build((None, x_size))
    rng = np.random.default_rng(1)
    for weight in cell.weights:
        weight.assign(weight + rng.normal(0, 0.3, weight.shape))
    return cell


def _problem(size, num_steps, batch_size, x_size, *, rate):
    rng = np.random.default_rng(2)

    def normal(*shape):
        return tf.constant(rng.normal(0, 1, shape), tf.float32)

    masks = None
    if rate:
        masks = cells.candidate_masks(
            [num_steps, batch_size, size], rate=rate, seed=tf.constant([3, 4])
        )
    return (
        normal(num_steps, batch_size, x_size),
        normal(batch_size, 4 * size),
        (normal(batch_size, size), normal(batch_size, size)),
        masks,
        normal(num_steps + 1, batch_size, size),
    )


def _gradients(run, cell, inputs, condition, state, masks, weight):
    """Returns the outputs, and gradients for all that they depend on."""
    variables = [w.value for w in (cell.kernel, cell.recurrent_kernel)]
    sources = (inputs, condition, state, variables)
    with tf.GradientTape() as tape:
        tape.watch(sources)
        outputs = run(cell, inputs, condition, state, masks)
        loss = tf.reduce_sum(weight * outputs)
    return outputs, *tf.nest.flatten(tape.gradient(loss, sources))


def _plainly(cell, inputs, condition, state, masks):
    projected = tf.tensordot(inputs, tf.convert_to_tensor(cell.kernel), 1)
    outputs, _ = cells.run(cell, projected + condition, state, masks=masks)
    return tf.concat([state[1][None], outputs], axis=0)


def _natively(cell, inputs, condition, state, masks, *, kernels=None):
    options = cells.Options(input_gradient=True)
    assert cell.takes_one_core(options)
    return cell.run_training(
        inputs,
        state,
        condition=condition,
        masks=masks,
        kernels=kernels,
        options=options,
    )


@pytest.mark.parametrize("rate", [0.0, 0.3])
@pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES)
def test_outputs_and_gradients_equal_automatic_differentiation(shape, rate):
    size, _, _, x_size = shape
    cell = _cell(size, x_size)
    problem = _problem(*shape, rate=rate)
    found = _gradients(_natively, cell, *problem)
    expected = _gradients(_plainly, cell, *problem)
    for one, other in zip(found, expected, strict=True):
        assert one.shape == other.shape
        scale = np.abs(other).max()
        assert scale > 0
        np.testing.assert_allclose(one, other, rtol=0, atol=RELATIVE * scale)


@pytest.mark.parametrize("shape", [(6, 0, 3, 5), (6, 4, 0, 5)])
def test_what_is_empty_is_no_error(shape):
    size, num_steps, batch_size, x_size = shape
    cell = _cell(size, x_size)
    found = _gradients(_natively, cell, *_problem(*shape, rate=0.3))
    outputs, d_inputs, *_ = found
    assert outputs.shape == (num_steps + 1, batch_size, size)
    assert d_inputs.shape == (num_steps, batch_size, x_size)


def test_inputs_have_a_gradient_only_where_it_is_wanted():
    cell = _cell(6, 5)
    inputs, condition, state, _, _ = _problem(6, 4, 3, 5, rate=0.0)
    found = []
    for input_gradient in (False, True):
        options = cells.Options(input_gradient=input_gradient)
        with tf.GradientTape(persistent=True) as tape:
            tape.watch(inputs)
            outputs = cell.run_training(
                inputs, state, condition=condition, options=options
            )
        kernels = [cell.kernel.value, cell.recurrent_kernel.value]
        found.append(tape.gradient(outputs, [inputs, *kernels]))
    (without, *of_kernels), (with_it, *others) = found
    assert not np.any(without)
    assert np.any(with_it)
    for one, other in zip(of_kernels, others, strict=True):
        np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize(
    "value", [1e-30, 1e-6, 1e-3, 0.1, 1.0, 9.0, 50.0, 1e30]
)
@pytest.mark.parametrize("sign", [-1.0, 1.0])
def test_functions_are_exact_to_float32(value, sign):
    # Of a state of zeros and open gates h' = sigmoid(o) tanh(c'), c' = tanh(j).
    value = np.float32(sign * value)
    gates = np.array([[100.0, value, 0.0, value]], np.float32)
    zero = tf.zeros([1, 1])
    kernels = native_lstm.pack(
        tf.zeros([1, 4]), tf.zeros([1, 4]), input_gradient=False
    )
    outputs = native_lstm.run(
        tf.zeros([1, 1, 1]), kernels, tf.constant(gates), (zero, zero)
    )
    exact = np.float64(value)
    expected = np.tanh(np.tanh(exact)) / (1.0 + np.exp(-np.maximum(exact, -80)))
    np.testing.assert_allclose(outputs[1, 0, 0], expected, rtol=1e-6)


def test_parts_of_a_batch_have_their_rows_of_its_masks():
    cell = _cell(6, 5)
    inputs, condition, state, masks, _ = _problem(6, 4, 5, 5, rate=0.3)
    whole = cell.run_training(inputs, state, condition=condition, masks=masks)
    sizes = [2, 3]
    parts = zip(
        tf.split(inputs, sizes, axis=1),
        tf.split(condition, sizes),
        zip(*(tf.split(part, sizes) for part in state), strict=True),
        cells.split_masks(masks, sizes),
        strict=True,
    )
    outputs = [
        cell.run_training(inputs, state, condition=condition, masks=masks)
        for inputs, condition, state, masks in parts
    ]
    np.testing.assert_array_equal(tf.concat(outputs, axis=1), whole)


def test_what_is_not_finite_stays_so():
    cell = _cell(6, 5)
    inputs, condition, state, _, _ = _problem(6, 4, 3, 5, rate=0.0)
    condition = tf.tensor_scatter_nd_update(condition, [[1, 2]], [np.nan])
    with tf.GradientTape() as tape:
        outputs = cell.run_training(inputs, state, condition=condition)
        found = tf.reduce_sum(outputs)
    assert np.isnan(outputs[1:, 1]).any()
    assert np.isfinite(outputs[:, ::2]).all()
    assert np.isnan(tape.gradient(found, cell.recurrent_kernel.value)).any()


def test_same_numbers_each_time_and_in_a_graph():
    cell = _cell(19, 5)
    problem = _problem(19, 9, 23, 5, rate=0.3)
    first = _gradients(_natively, cell, *problem)
    again = _gradients(_natively, cell, *problem)
    graph = tf.function(lambda: _gradients(_natively, cell, *problem))()
    for one, two, three in zip(first, again, graph, strict=True):
        np.testing.assert_array_equal(one, two)
        np.testing.assert_array_equal(one, three)


def test_one_graph_serves_any_number_of_steps_and_rows():
    cell = _cell(6, 5)

    @tf.function(
        input_signature=[
            tf.TensorSpec([None, None, 5]),
            tf.TensorSpec([None, 24]),
            (tf.TensorSpec([None, 6]), tf.TensorSpec([None, 6])),
        ]
    )
    def compute(inputs, condition, state):
        outputs = _natively(cell, inputs, condition, state, None)
        assert outputs.shape.as_list() == [None, None, 6]
        return outputs

    for batch_size, num_steps in ((4, 8), (1, 8), (2, 1)):
        problem = _problem(6, num_steps, batch_size, 5, rate=0.0)
        inputs, condition, state, _, _ = problem
        np.testing.assert_allclose(
            compute(inputs, condition, state),
            _plainly(cell, inputs, condition, state, None),
            rtol=0,
            atol=RELATIVE,
        )


@pytest.mark.parametrize(
    ("of_kernel", "of_recurrent_kernel"),
    [([5, 20], [6, 24]), ([5, 24], [5, 24]), ([5, 23], [6, 23])],
)
@pytest.mark.parametrize("transposed", [False, True])
def test_kernels_that_do_not_agree_are_refused(
    of_kernel, of_recurrent_kernel, transposed
):
    with pytest.raises(
        tf.errors.InvalidArgumentError, match="recurrent_kernel of 2"
    ):
        library.operations().sketch_rnn_lstm_pack(
            tf.zeros(of_kernel),
            tf.zeros(of_recurrent_kernel),
            transposed=transposed,
            input_gradient=True,
        )


def _packed(x_size, size, *, transposed, input_gradient):
    return library.operations().sketch_rnn_lstm_pack(
        tf.zeros([x_size, 4 * size]),
        tf.zeros([size, 4 * size]),
        transposed=transposed,
        input_gradient=input_gradient,
    )


@pytest.mark.parametrize(
    ("changed", "named"),
    [
        ({"inputs": [4, 2, 4]}, "packed of 3"),
        ({"c": [2, 5], "h": [2, 5], "bits": [4, 2, 5]}, "condition of 2"),
        ({"bits": [3, 2, 6]}, "bits of 3"),
        ({"bits": [4, 1, 6]}, "bits of 3"),
        ({"bits": [4, 2, 5]}, "bits of 3"),
        ({"condition": [2, 23]}, "condition of 2"),
        ({"c": [2, 6, 1]}, "c of 2"),
        ({"h": [3, 6]}, "h of 2"),
    ],
)
def test_shapes_that_do_not_agree_are_refused(changed, named):
    shapes = {
        "inputs": [4, 2, 5],
        "bits": [4, 2, 6],
        "condition": [2, 24],
        "c": [2, 6],
        "h": [2, 6],
    } | changed
    tensors = {
        name: tf.zeros(shape, tf.uint16 if name == "bits" else tf.float32)
        for name, shape in shapes.items()
    }
    with pytest.raises(tf.errors.InvalidArgumentError, match=named):
        library.operations().sketch_rnn_lstm_forward(
            packed=_packed(5, 6, transposed=False, input_gradient=False),
            **tensors,
            first_row=0,
            threshold=0,
            scale=1.0,
        )


@pytest.mark.parametrize("transposed", [False, True])
@pytest.mark.parametrize("input_gradient", [False, True])
def test_what_was_packed_for_something_else_is_refused(
    transposed, input_gradient
):
    # As many columns of the inputs as no panel has to spare.
    x_size, size = 80, 6
    packed = _packed(
        x_size, size, transposed=transposed, input_gradient=input_gradient
    )
    states = tf.zeros([5, 2, size])
    arguments = {
        "inputs": tf.zeros([4, 2, x_size]),
        "packed": packed,
        "bits": tf.zeros([0, 0, 0], tf.uint16),
        "c": states,
        "h": states,
        "gates": tf.zeros([4, 2, 4 * size]),
        "d_outputs": states,
        "first_row": 0,
        "threshold": 0,
        "scale": 1.0,
    }
    backward = library.operations().sketch_rnn_lstm_backward
    if transposed:
        backward(**arguments, input_gradient=input_gradient)
    for other in (input_gradient, not input_gradient):
        if (other, transposed) != (input_gradient, True):
            with pytest.raises(
                tf.errors.InvalidArgumentError, match="packed of 3"
            ):
                backward(**arguments, input_gradient=other)


def test_parts_that_share_kernels_add_up_their_gradients():
    cell = _cell(19, 5)
    *arguments, _ = _problem(19, 4, 6, 5, rate=0.3)
    variables = [w.value for w in (cell.kernel, cell.recurrent_kernel)]

    def results(times, *, share):
        kernels = None
        with tf.GradientTape() as tape:
            if share:
                kernels = cell.training_kernels(
                    5, cells.Options(input_gradient=True)
                )
            outputs = [
                _natively(cell, *arguments, kernels=kernels)
                for _ in range(times)
            ]
        return *outputs, *tape.gradient(outputs, variables)

    outputs, *by_itself = results(1, share=False)
    one, two, *shared = results(2, share=True)
    np.testing.assert_array_equal(one, outputs)
    np.testing.assert_array_equal(two, outputs)
    for both, single in zip(shared, by_itself, strict=True):
        assert np.abs(single).max() > 0
        np.testing.assert_array_equal(both, 2.0 * single)


def test_it_is_for_float32_on_cpus_outside_xla(monkeypatch):
    usable = native_lstm.usable
    assert usable("float32", cells.Options())
    assert not usable("float64", cells.Options())
    assert not usable("float32", cells.Options(product_dtype="bfloat16"))
    assert not usable("float32", cells.Options(recompute=True))
    seen = []

    @tf.function(jit_compile=True)
    def within():
        @tf.function
        def deeper():
            seen.append(usable("float32", cells.Options()))
            return tf.zeros([])

        return deeper()

    within()
    assert seen == [False]
    monkeypatch.setenv(library.SWITCH, "off")
    assert not usable("float32", cells.Options())
    monkeypatch.setenv(library.SWITCH, "on")
    monkeypatch.setattr(
        tf.config, "list_logical_devices", lambda kind: [kind == "GPU"]
    )
    assert not usable("float32", cells.Options())


@pytest.mark.slow
@pytest.mark.skipif(platform.machine() != "x86_64", reason="not of x86")
@pytest.mark.parametrize("flags", ["-mno-avx512f", "-mno-avx"])
def test_narrower_vectors_compute_the_same(flags, tmp_path):
    """Runs this file's other tests for processors that have less."""
    subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-m", "not slow", __file__],
        env={
            **os.environ,
            "CC": f"cc {flags}",
            "XDG_CACHE_HOME": str(tmp_path),
            library.SWITCH: "on",
        },
        cwd=pathlib.Path(__file__).parents[1],
        check=True,
        timeout=600,
    )
