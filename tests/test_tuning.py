"""tf.data's tuning is off, and nothing else changed."""

import tensorflow as tf

from sketch_rnn_tf.data import tuning


def test_other_options_stay_as_they_are():
    options = tf.data.Options()
    options.deterministic = True
    made = tuning.untuned(tf.data.Dataset.range(3).with_options(options))
    assert made.options().autotune.enabled is False
    assert made.options().deterministic is True
    assert list(made.as_numpy_iterator()) == [0, 1, 2]
