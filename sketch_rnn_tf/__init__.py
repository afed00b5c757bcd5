"""sketch-rnn (Ha & Eck, 2017) for TensorFlow and Keras."""

from sketch_rnn_tf.version import __version__

__all__ = ["__version__"]
