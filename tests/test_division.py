"""How work is divided on a CPU, and that results do not depend on it."""

import numpy as np
import pytest
import tensorflow as tf

from sketch_rnn_tf.model import cells
from sketch_rnn_tf.model.cells import division
from sketch_rnn_tf.native import library


@pytest.fixture(autouse=True)
def two_cores(monkeypatch):
    """A processor of two cores, whatever there is."""
    monkeypatch.setattr(division.processor, "cores", lambda: 2)


@pytest.fixture(autouse=True)
def without_native_library(monkeypatch):
    """All cells run under XLA."""
    monkeypatch.setenv(library.SWITCH, "off")


@pytest.mark.parametrize(
    ("batch_size", "expected"),
    [(None, 1), (31, 1), (32, [16, 16]), (101, [50, 51])],
)
def test_batches_are_split_in_two_unless_small_or_unknown(batch_size, expected):
    assert division.rows(batch_size) == expected


@pytest.mark.parametrize(
    ("cores", "batch_size", "expected"),
    [
        (1, 100, [100]),
        (2, 101, [50, 51]),
        (4, 100, [25, 25, 25, 25]),
        (64, 50, [16, 17, 17]),
        (64, 31, 1),
    ],
)
def test_what_takes_one_core_is_split_by_cores(
    cores, batch_size, expected, monkeypatch
):
    monkeypatch.setattr(division.processor, "cores", lambda: cores)
    assert division.rows(batch_size, one_core=True) == expected


def test_replicas_are_parts_already(monkeypatch):
    class Two:
        num_replicas_in_sync = 2

    monkeypatch.setattr(tf.distribute, "get_strategy", Two)
    assert division.rows(100) == 1


def test_large_kernels_are_divided_into_blocks():
    assert division.columns(tf.zeros([256, 130])) == [64, 64, 2]
    assert division.columns(tf.zeros([256, 128])) == [64, 64]
    assert division.columns(tf.zeros([255, 130])) == [130]


def test_many_cores_share_whole_products(monkeypatch):
    monkeypatch.setattr(division.processor, "cores", lambda: 3)
    assert division.columns(tf.zeros([256, 130])) == [130]


def test_graphics_processors_get_all_in_one(monkeypatch):
    monkeypatch.setattr(
        tf.config, "list_logical_devices", lambda kind: [kind == "GPU"]
    )
    assert division.rows(100) == 1
    assert division.columns(tf.zeros([256, 130])) == [130]


@pytest.mark.parametrize("recompute", [False, True])
@pytest.mark.parametrize("kind", ["lstm", "layer_norm", "hyper"])
def test_blocks_change_neither_outputs_nor_gradients(
    kind, recompute, monkeypatch
):
    cell = cells.make(kind, 7, name="cell")
    cell.build((None, 5))
    rng = np.random.default_rng(0)
    for weight in cell.weights:
        weight.assign(weight + rng.normal(0, 0.3, weight.shape))
    state = cells.zero_state(cell, 3)

    def run(num_steps):
        # Loops are compiled once for each number of steps: the same steps,
        # and one more, whose output is left out.
        inputs = np.random.default_rng(1).normal(0, 1, [6, 3, 5])
        inputs = tf.constant(inputs[:num_steps], tf.float32)
        with tf.GradientTape() as tape:
            outputs = cell.run_training(
                inputs,
                state,
                condition=tf.tile(cell.input_projection()[1][None], [3, 1]),
                options=cells.Options(recompute=recompute),
            )[:6]
            loss = tf.reduce_sum(tf.sin(outputs))
        weights = [weight.value for weight in cell.trainable_weights]
        return outputs, *tape.gradient(loss, weights)

    whole = run(5)
    monkeypatch.setattr(division, "BLOCKS_FROM", 1)
    monkeypatch.setattr(division, "COLUMNS", 10)
    seen = []
    columns = division.columns
    monkeypatch.setattr(
        division, "columns", lambda k: seen.append(columns(k)) or seen[-1]
    )
    divided = run(6)
    assert any(len(widths) > 2 for widths in seen)
    for got, expected in zip(divided, whole, strict=True):
        scale = np.abs(expected).max()
        np.testing.assert_allclose(got, expected, rtol=0, atol=1e-5 * scale)
