"""The embedding of a sketch's word, which is joined to z."""

import tensorflow as tf

from sketch_rnn_tf.backend import keras


@keras.saving.register_keras_serializable("sketch_rnn_tf")
class ClassEmbedding(keras.layers.Layer):
    """A vector for each word, learned with the rest.

    Called with labels int32 [B], it returns float [B, E]; zeros for a label
    that is none.  The vectors start from N(0, I), as z is drawn: a word has
    as much to say as z from the first step on.

    Args:
      num_words: Words, C.
      size: Width of the vectors, E.
      **kwargs: As of every Keras layer.
    """

    def __init__(self, num_words: int, size: int, **kwargs):
        super().__init__(**kwargs)
        self.num_words = num_words
        self.size = size

    def build(self, input_shape):
        self.vectors = self.add_weight(
            name="vectors",
            shape=(self.num_words, self.size),
            initializer=keras.initializers.RandomNormal(stddev=1.0),
        )

    def call(self, labels):
        # A product: its gradient is a matrix, which every optimizer and
        # strategy takes, where that of `gather` is slices.
        one_hot = tf.one_hot(labels, self.num_words, dtype=self.compute_dtype)
        return self.chosen(one_hot)

    def chosen(self, one_hot: tf.Tensor) -> tf.Tensor:
        """Returns the vectors of words that are given as float [B, C]."""
        return tf.matmul(one_hot, self.vectors)

    def get_config(self):
        return {
            **super().get_config(),
            "num_words": self.num_words,
            "size": self.size,
        }
