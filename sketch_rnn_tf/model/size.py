"""How large a model is, before it is made.

A configuration of a few lines may ask for more weights than fit in memory.
So whoever makes a model for a file first asks whether the file is large
enough to hold its weights.
"""

from sketch_rnn_tf import config as config_lib, strokes


def params_size(num_mixtures: int) -> int:
    """Returns how many numbers parametrise one point, 6 M + 3 (Eq. 6)."""
    return 6 * num_mixtures + 3


def least(config: config_lib.Config) -> int:
    """Counts the weights of a model's matrices, which every cell has.

    Args:
      config: The model's.

    Returns:
      How many weights it has at least: those of the recurrent networks, of
      what goes into them and comes out; not biases, gains and a hyper
      network's.

    >>> least(config_lib.Config(conditional=False, decoder_size=2))
    302
    """
    point = len(strokes.START_POINT)
    condition = config.class_size + config.z_size * config.conditional
    size = config.decoder_size
    count = 4 * size * (point + condition + size) + 2 * size * condition
    count += size * params_size(config.num_mixtures)
    count += config.class_size * len(config.words)
    if config.conditional:
        size = config.encoder_size
        count += 2 * 4 * size * (point + size)
        count += 2 * 2 * size * config.z_size
    return count


def check(config: config_lib.Config, held: int, *, where: str) -> None:
    """Checks that a file may hold a model's weights.

    Args:
      config: The model's.
      held: Numbers that the file holds at most.
      where: What to call it in the message.

    Raises:
      ValueError: If the model has more weights.
    """
    wanted = least(config)
    if wanted > held:
        raise ValueError(
            f"{where}: expected the weights of this configuration, {wanted:,} "
            f"or more, got room for {held:,}"
        )
