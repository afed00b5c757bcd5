"""The classifier's network, which reads the ink and looks at the picture.

Both ways are convolutions in residual blocks.  The ink tells how something is
drawn, the picture what it looks like, whatever the order of its strokes.
"""

import dataclasses

import keras

from sketch_rnn_tf.quality import inks

PICTURE_CHANNELS = 4
"""Of `inks.pictures`."""


@dataclasses.dataclass(frozen=True)
class Sizes:
    """How large a network is.

    Attributes:
      steps: T, steps along the ink that it reads.
      side: G, pixels of the picture that it looks at.
      filters: Of the stages that read the ink; each halves the steps.
      blocks: Residual blocks of each of them.
      picture_filters: Of the stages that look at the picture; each but the
        first halves its sides.
      picture_blocks: Residual blocks of each of them.
      features: F, width of the layer before the logits.
      dropout: Drop rate before and after the features, in training.
    """

    steps: int = 192
    side: int = 24
    filters: tuple[int, ...] = (32, 48, 96, 128)
    blocks: tuple[int, ...] = (0, 1, 1, 1)
    picture_filters: tuple[int, ...] = (32, 64, 128)
    picture_blocks: tuple[int, ...] = (0, 1, 1)
    features: int = 128
    dropout: float = 0.3

    def __post_init__(self):
        for name in ("filters", "blocks", "picture_filters", "picture_blocks"):
            object.__setattr__(self, name, tuple(getattr(self, name)))
        whole = (self.steps, self.side, self.features)
        for values, least, most in (
            (whole + self.filters + self.picture_filters, 1, 4096),
            (self.blocks + self.picture_blocks, 0, 64),
        ):
            if not all(type(n) is int and least <= n <= most for n in values):
                raise ValueError(
                    f"sizes: expected whole numbers from {least} to {most}, "
                    f"got {values}"
                )
        for filters, blocks in (
            (self.filters, self.blocks),
            (self.picture_filters, self.picture_blocks),
        ):
            if len(blocks) != len(filters) or not filters:
                raise ValueError(
                    f"sizes: expected as many blocks as filters, got {blocks} "
                    f"and {filters}"
                )
        if not 0 <= self.dropout < 1:
            raise ValueError(
                "sizes: expected a dropout from 0 to below 1, got "
                f"{self.dropout}"
            )


def build(sizes: Sizes, words: int, *, seed: int) -> keras.Model:
    """Builds the network.

    Args:
      sizes: How large it is.
      words: C, classes.
      seed: Of its weights and of its dropout.

    Returns:
      A model from float32 [B, T, 6], see `inks.sampled`, and [B, G, G, 4],
      see `inks.pictures`, to the features float32 [B, F] and the logits
      [B, C].
    """
    seeds = iter(range(1000 * seed, 1000 * seed + 1000))
    ink = keras.Input((sizes.steps, inks.CHANNELS))
    along = ink
    for filters, blocks in zip(sizes.filters, sizes.blocks, strict=True):
        along = _normalized(
            _convolved(keras.layers.Conv1D, along, filters, 5, 2, seeds)
        )
        for _ in range(blocks):
            along = _residual(keras.layers.Conv1D, along, filters, 5, seeds)
    picture = keras.Input((sizes.side, sizes.side, PICTURE_CHANNELS))
    seen = picture
    for stage, (filters, blocks) in enumerate(
        zip(sizes.picture_filters, sizes.picture_blocks, strict=True)
    ):
        strides = 2 if stage else 1
        seen = _normalized(
            _convolved(keras.layers.Conv2D, seen, filters, 3, strides, seeds)
        )
        for _ in range(blocks):
            seen = _residual(keras.layers.Conv2D, seen, filters, 3, seeds)
    x = keras.layers.Concatenate()(
        [
            keras.layers.GlobalAveragePooling1D()(along),
            keras.layers.GlobalMaxPooling1D()(along),
            keras.layers.GlobalAveragePooling2D()(seen),
            keras.layers.GlobalMaxPooling2D()(seen),
        ]
    )
    x = keras.layers.Dropout(sizes.dropout, seed=next(seeds))(x)
    features = _normalized(_dense(x, sizes.features, seeds, use_bias=False))
    x = keras.layers.Dropout(sizes.dropout, seed=next(seeds))(features)
    return keras.Model([ink, picture], [features, _dense(x, words, seeds)])


def _dense(x, width, seeds, *, use_bias=True):
    return keras.layers.Dense(
        width,
        use_bias=use_bias,
        kernel_initializer=keras.initializers.GlorotUniform(next(seeds)),
    )(x)


def _convolved(layer, x, filters, kernel, strides, seeds):
    return layer(
        filters,
        kernel,
        strides=strides,
        padding="same",
        use_bias=False,
        kernel_initializer=keras.initializers.HeNormal(next(seeds)),
    )(x)


def _normalized(x, *, activation=True):
    # So few batches are seen that Keras' 0.99 would lag behind.
    x = keras.layers.BatchNormalization(momentum=0.95)(x)
    return keras.layers.Activation("relu")(x) if activation else x


def _residual(layer, x, filters, kernel, seeds):
    y = _normalized(_convolved(layer, x, filters, kernel, 1, seeds))
    y = _convolved(layer, y, filters, kernel, 1, seeds)
    y = _normalized(y, activation=False)
    return keras.layers.Activation("relu")(keras.layers.Add()([x, y]))
