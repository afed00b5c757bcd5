"""Selection: the likeliest of several drawings."""

import numpy as np

from sketch_rnn_tf.generation import sampling, scoring
from sketch_rnn_tf.model import vae


def log_likelihoods(
    model: "vae.SketchRNN", drawn: sampling.Drawings
) -> np.ndarray:
    """Computes how likely the model finds each of its drawings.

    Args:
      model: The model that drew them.
      drawn: The drawings.

    Returns:
      log p(points that were drawn | those given, z), float64 [B], nats, of
      offsets in scale_factor units, the end row included, at temperature 1.
    """
    rows = _rows(model, drawn)
    return np.array([row.sum(dtype=np.float64) for row in rows])


def best(
    model: "vae.SketchRNN", drawn: sampling.Drawings, *, of: int
) -> sampling.Drawings:
    """Keeps the likeliest drawing of each `of` in a row.

    Likelihood is compared by the point, as sums would compare lengths.  Empty
    drawings lose against all others.

    Args:
      model: The model that drew them.
      drawn: The drawings, `of` times as many as are kept.
      of: Drawings that compete.

    Returns:
      What is kept, with its seeds: each can be drawn again alone.

    Raises:
      ValueError: If `of` is not a divisor of the number of drawings.
    """
    count = len(drawn.sketches)
    if of < 1 or count % of:
        raise ValueError(f"of: expected a divisor of {count}, got {of}")
    if of == 1:
        return drawn
    means = [
        row.mean(dtype=np.float64) if len(sketch) else -np.inf
        for row, sketch in zip(_rows(model, drawn), drawn.sketches, strict=True)
    ]
    chosen = np.reshape(means, [-1, of]).argmax(axis=1)
    chosen += np.arange(0, count, of)
    return sampling.Drawings(
        [drawn.sketches[index] for index in chosen],
        None if drawn.z is None else drawn.z[chosen],
        drawn.seeds[chosen],
        drawn.prefix_lengths[chosen],
        drawn.words and [drawn.words[index] for index in chosen],
    )


def _rows(model, drawn):
    """Returns the log-likelihoods of the points that were drawn."""
    # An empty sketch cannot be read; its only row, the end, stands for none.
    some = [i for i, sketch in enumerate(drawn.sketches) if len(sketch)]
    found = [np.zeros(1, np.float32) for _ in drawn.sketches]
    if some:
        rows = scoring.point_log_likelihoods(
            model,
            [drawn.sketches[i] for i in some],
            z=None if drawn.z is None else drawn.z[some],
            words=drawn.words and [drawn.words[i] for i in some],
        )
        for index, row in zip(some, rows, strict=True):
            found[index] = row[drawn.prefix_lengths[index] :]
    return found
