"""Tuning: tf.data's own, which pipelines here do without."""

import tensorflow as tf


def untuned(dataset: tf.data.Dataset) -> tf.data.Dataset:
    """Returns a data set whose pipeline is not tuned while it runs.

    The thread that tunes sleeps for up to a minute, and whoever lets go of an
    iterator waits until it wakes up. What is fetched ahead has to be set by
    hand; `tf.data.AUTOTUNE` stands for tf.data's default.
    """
    options = tf.data.Options()
    options.autotune.enabled = False
    return dataset.with_options(options)
