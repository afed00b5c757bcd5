"""Means of the loss's terms, over batches of any sizes."""

import numpy as np
import pytest
import tensorflow as tf

from sketch_rnn_tf import presets
from sketch_rnn_tf.model import loss_means, losses


def make(**changes):
    settings = {"z_size": 2, "kl_weight": 0.5, "kl_tolerance": 0.2}
    config = presets.preset("tiny").replace(**(settings | changes))
    return loss_means.LossMeans(config)


def add(means, offset, pen, kl, kl_by_dimension=None, count=None):
    recon = losses.ReconstructionLoss(tf.constant(offset), tf.constant(pen))
    sums = means.sums(recon, tf.constant(kl), kl_by_dimension)
    means.add(sums, tf.constant(float(len(kl) if count is None else count)))


def test_each_sketch_counts_the_same_in_batches_of_any_size():
    means = make()
    add(means, [1.0], [3.0], [0.0])
    add(means, [4.0, 1.0, 2.0], [1.0, 0.0, 0.0], [0.4, 0.3, 0.5])
    assert int(means.seen) == 4
    results = {n: float(v) for n, v in means.results().items()}
    assert results == pytest.approx(
        {
            "offset_loss": 2.0,
            "pen_loss": 1.0,
            "recon": 3.0,
            "kl": 0.3,
            "kl_floored": 0.3,
            "loss": 3.0 + 0.5 * 0.3,
        }
    )


def test_floor_is_put_on_the_mean():
    means = make()
    add(means, [0.0] * 2, [0.0] * 2, [0.0, 0.3])
    assert float(means.results()["kl_floored"]) == pytest.approx(0.2)
    assert float(means.floored({"kl": 0.25})) == pytest.approx(0.25)


def test_free_bits_are_put_on_the_mean_of_each_dimension():
    means = make(free_bits=0.5)
    by_dimension = tf.constant([[0.0, 1.0], [0.4, 2.0]])
    add(means, [0.0] * 2, [0.0] * 2, [0.5, 1.2], by_dimension)
    # The means are .2, under the floor, and 1.5.
    floored = float(means.results()["kl_floored"])
    assert floored == pytest.approx((0.5 + 1.5) / 2)
    assert float(means.results()["kl"]) == pytest.approx(0.85)


@pytest.mark.parametrize("free_bits", [0.0, 0.5])
def test_sums_over_no_sketch_are_left_out_though_they_are_no_numbers(free_bits):
    means = make(free_bits=free_bits)
    good = tf.ones([1, 2])
    add(means, [1.0], [1.0], [1.0], good)
    variables = [v for metric in means.metrics for v in metric.variables]
    before = [variable.numpy() for variable in variables]
    add(means, [np.nan], [1.0], [1.0], np.nan * good, count=0)
    for variable, value in zip(variables, before, strict=True):
        np.testing.assert_array_equal(variable.numpy(), value)


def test_without_an_encoder_nothing_is_floored():
    means = make(conditional=False, free_bits=0.0)
    add(means, [0.0], [0.0], [0.0])
    assert float(means.results()["kl_floored"]) == 0.0
    assert not make(conditional=False, free_bits=0.5).by_dimension
