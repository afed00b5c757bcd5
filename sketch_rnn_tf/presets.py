"""Presets: configurations to start from, sizes and training, no weights."""

from sketch_rnn_tf import config

PRESETS = {
    # Section 4 of the paper, with the layer normalisation that it applies.
    "paper": config.Config(
        encoder_cell="layer_norm",
        encoder_size=512,
        decoder_cell="hyper",
        decoder_size=2048,
        kl_weight=1.0,
        kl_start_fraction=0.01,
        kl_decay_rate=0.99999,
        learning_rate=1e-4,
        learning_rate_decay=1.0,
        min_learning_rate=1e-4,
        random_scale=0.1,
        point_drop_rate=0.0,
    ),
    # The same cells for two cores.
    "small_paper": config.Config(
        encoder_cell="layer_norm",
        encoder_size=64,
        decoder_cell="hyper",
        decoder_size=128,
        z_size=32,
        kl_decay_rate=0.999,
        learning_rate=2e-3,
        learning_rate_decay=0.9995,
        random_scale=0.1,
        point_drop_rate=0.0,
        steps=2_000,
        validate_every=100,
    ),
    # The reference implementation's defaults (its hyper-parameter table).
    "magenta": config.Config(steps=10_000_000),
    # For two cores: minutes to recognisable drawings of short sketches.
    "small": config.Config(
        encoder_size=128,
        decoder_size=256,
        z_size=64,
        kl_decay_rate=0.999,
        learning_rate=2e-3,
        learning_rate_decay=0.9995,
        random_scale=0.1,
        steps=2_000,
        validate_every=100,
    ),
    # Table 1 on two cores: `small` with the paper's N_z, as w_KL weighs
    # nats a latent dimension, its KL_min, augmentation and slow annealing: at
    # these steps a faster one takes L_KL to its floor at every w_KL, before
    # the decoder has learned to use z.
    "table1_small": config.Config(
        encoder_size=128,
        decoder_size=256,
        z_size=128,
        kl_weight=1.0,
        kl_start_fraction=0.01,
        num_buckets=6,
        learning_rate=2e-3,
        learning_rate_decay=0.999,
        random_scale=0.1,
        point_drop_rate=0.0,
        steps=1_200,
        validate_every=100,
    ),
    # For the embedded doodles: short, clean sketches whose vertices all count,
    # learned in minutes, so without dropout and point dropping.
    "doodles": config.Config(
        encoder_size=128,
        decoder_size=256,
        z_size=32,
        kl_decay_rate=0.999,
        learning_rate=3e-3,
        learning_rate_decay=0.9985,
        min_learning_rate=1e-4,
        recurrent_dropout=0.0,
        random_scale=0.1,
        point_drop_rate=0.0,
        # A doodle's length tells its kind: batches of like lengths would be
        # of one kind, and learn less a step.
        num_buckets=0,
        steps=1_800,
        validate_every=100,
    ),
    # For tests and first tries: seconds.
    "tiny": config.Config(
        encoder_size=16,
        decoder_size=32,
        z_size=8,
        num_mixtures=5,
        kl_decay_rate=0.99,
        learning_rate=5e-3,
        learning_rate_decay=0.999,
        batch_size=32,
        steps=200,
        validate_every=50,
    ),
}


def preset(name: str) -> config.Config:
    """Returns a preset: sizes and training, without weights.

    Args:
      name: One of `PRESETS`.

    Raises:
      ValueError: If there is no such preset.

    >>> preset("magenta").decoder_size
    512
    """
    if name not in PRESETS:
        raise ValueError(config.unknown("preset", name, PRESETS))
    return PRESETS[name]
