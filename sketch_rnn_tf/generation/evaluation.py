"""Evaluation of a model on a split (Eq. 12)."""

from collections.abc import Mapping

import numpy as np

from sketch_rnn_tf import labels as labels_lib
from sketch_rnn_tf.data import input_pipeline, measurement
from sketch_rnn_tf.model import vae


def evaluate(
    model: "vae.SketchRNN",
    source: input_pipeline.Source,
    *,
    sample_z: bool = True,
    words: labels_lib.Words | None = None,
    verbose: int = 0,
) -> Mapping[str, float]:
    """Computes the losses over a split, over all N_max steps.

    Args:
      model: The model.
      source: The split, pixels.
      sample_z: Whether z is sampled from the posterior (Eq. 2), with a seed,
        or its mean.
      words: For a class-conditioned model: a word for all sketches, or one
        for each; None takes the labels that the source knows.
      verbose: 1 shows a progress bar.

    Returns:
      Means over the sketches of at most N_max points: `loss` (recon + w_KL *
      kl, nats), `recon` (L_R, nats), `kl` (nats per latent dimension),
      `kl_floored`; `recon_per_point`, L_R over points instead of N_max;
      `count`, sketches evaluated; `dropped`, longer ones left out.

    Raises:
      ValueError: If no sketch is short enough, or the words do not fit.
    """
    config = model.config
    if words is not None:
        labels = labels_lib.of(config, words, source)
        source = labels_lib.Labelled(source, labels)
    count, dropped = measurement.count_kept(source, config.max_len)
    if not count:
        raise ValueError(
            f"expected sketches of at most {config.max_len} points (N_max), "
            f"got none: {dropped} are longer"
        )
    batches = input_pipeline.batches(source, config, count=count)
    points = sum(int(batch["lengths"].numpy().sum()) for batch in batches)
    optimizer = getattr(model, "optimizer", None)  # none before `compile`
    kept, model.sample_z = model.sample_z, sample_z
    # Compiled anew, as z's source is fixed when the step is traced.
    model.compile(optimizer=optimizer)
    values = model.evaluate(batches, return_dict=True, verbose=verbose)
    if kept != sample_z:
        model.sample_z = kept
        model.compile(optimizer=model.optimizer)
    recon = float(values["recon"])
    return {
        "loss": float(values["loss"]),
        "recon": recon,
        "kl": float(values["kl"]),
        "kl_floored": float(values["kl_floored"]),
        "recon_per_point": recon * config.max_len * count / np.float64(points),
        "count": count,
        "dropped": dropped,
    }
