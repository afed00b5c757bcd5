"""Rankings: what a model finds hard, worst first."""

from collections.abc import Sequence

import numpy as np

from sketch_rnn_tf import labels as labels_lib
from sketch_rnn_tf.generation import scoring
from sketch_rnn_tf.model import vae
from sketch_rnn_tf.studio import plates


def worst(
    model: "vae.SketchRNN",
    sketches: Sequence[np.ndarray],
    *,
    indexes: Sequence[int] | None = None,
    shown: int = 60,
    sample_z: bool = False,
    seed: int = 0,
    words: labels_lib.Words | None = None,
    style: plates.Style = plates.PLAIN,
) -> tuple[plates.Plate, list[dict[str, float]]]:
    """Ranks sketches by their loss and shows those of the greatest.

    Args:
      model: The model.
      sketches: Stroke-3 of at most N_max points.
      indexes: What to call them; their places if None.
      shown: Sketches in the picture, at most.
      sample_z: Whether z is sampled or the mean.
      seed: Of the first sketch's z.
      words: For a class-conditioned model, a word or one a sketch, see
        `labels.of`.
      style: How it looks.

    Returns:
      A contact sheet, and a row for each sketch: index, loss, recon, kl,
      log_likelihood and points; worst first.

    Raises:
      ValueError: If a sketch does not fit.
    """
    found = scoring.score(
        model, sketches, sample_z=sample_z, seed=seed, words=words
    )
    return plate(sketches, found, indexes=indexes, shown=shown, style=style)


def plate(
    sketches: Sequence[np.ndarray],
    found: scoring.Scores,
    *,
    indexes: Sequence[int] | None = None,
    shown: int = 60,
    style: plates.Style = plates.PLAIN,
) -> tuple[plates.Plate, list[dict[str, float]]]:
    """Ranks sketches by their scores, wherever they were computed.

    Args:
      sketches: Stroke-3.
      found: Their scores.
      indexes: What to call them; their places if None.
      shown: Sketches in the picture, at most.
      style: How it looks.

    Returns:
      As of `worst`.
    """
    if indexes is None:
        indexes = range(len(sketches))
    # A loss that is not finite is the worst there is.
    order = np.argsort(-np.nan_to_num(found.loss, nan=np.inf), kind="stable")
    rows = [
        {
            "index": int(indexes[i]),
            "loss": float(found.loss[i]),
            "recon": float(found.recon[i]),
            "kl": float(found.kl[i]),
            "log_likelihood": float(found.log_likelihood[i]),
            "points": int(found.lengths[i]),
        }
        for i in order.tolist()
    ]
    first = order[:shown].tolist()
    hardest = [sketches[i] for i in first]
    picture = style.grid(
        hardest,
        labels=[f"#{indexes[i]}: {found.loss[i]:.2f}" for i in first],
    )
    return plates.Plate(picture, plates.given(hardest)), rows
