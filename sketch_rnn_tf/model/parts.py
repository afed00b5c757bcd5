"""The parts of the model, made as a configuration says."""

from typing import NamedTuple

from sketch_rnn_tf import config as config_lib
from sketch_rnn_tf.model import (
    class_embedding as class_embedding_lib,
    decoder as decoder_lib,
    encoder as encoder_lib,
)


class Parts(NamedTuple):
    """What a model consists of, built.

    Attributes:
      encoder: None if unconditional.
      decoder: The decoder.
      class_embedding: None without class conditioning.
    """

    encoder: encoder_lib.Encoder | None
    decoder: decoder_lib.Decoder
    class_embedding: class_embedding_lib.ClassEmbedding | None


def make(config: config_lib.Config) -> Parts:
    """Makes the parts, and their weights in this order.

    Args:
      config: A complete configuration.

    Returns:
      The parts; their weights depend on Keras' global seed.

    Raises:
      ValueError: If max_len or scale_factor has not been set, or there are
        no words to condition on.
    """
    config.check_complete()
    mixed = config.precision != "float32"
    products = {
        "product_dtype": config.precision.removeprefix("mixed_")
        if mixed
        else None,
        "recompute": config.recompute,
    }
    encoder = None
    if config.conditional:
        encoder = encoder_lib.Encoder(
            config.encoder_cell,
            config.encoder_size,
            config.z_size,
            recurrent_dropout=config.recurrent_dropout,
            **products,
            name="encoder",
        )
        encoder.build((None, None, decoder_lib.POINT_SIZE))
    decoder = decoder_lib.Decoder(
        config.decoder_cell,
        config.decoder_size,
        config.z_size * config.conditional + config.class_size,
        config.num_mixtures,
        recurrent_dropout=config.recurrent_dropout,
        input_dropout=config.input_dropout,
        output_dropout=config.output_dropout,
        squash_z=config.squash_z,
        **products,
        name="decoder",
    )
    decoder.build((None, None, decoder_lib.POINT_SIZE))
    class_embedding = None
    if config.class_size:
        # After all else, so that the rest starts as it would without.
        class_embedding = class_embedding_lib.ClassEmbedding(
            len(config.words), config.class_size, name="class_embedding"
        )
        class_embedding.build((None,))
    return Parts(encoder, decoder, class_embedding)
