"""PyTorch's side of the comparison, seen from ours."""

import dataclasses
import os
import pathlib
from collections.abc import Sequence
from typing import Any

import numpy as np
import tensorflow as tf

from benchmarks import worker
from sketch_rnn_tf import config as config_lib
from sketch_rnn_tf.model import distributions, losses, size as size_lib

MODULE = "benchmarks.torch_lstm"


def start(
    made: worker.Worker,
    config: config_lib.Config,
    *,
    files: Sequence[str],
    packed: bool | None = None,
) -> dict[str, Any]:
    """Builds the model in a worker, and runs it once.

    Args:
      made: The worker.
      config: The configuration.
      files: npz files of a batch each, padded to N_max.
      packed: The form of its encoder; None chooses the faster one.

    Returns:
      `packed`, and torch's `version`.
    """
    settings = dataclasses.asdict(config) | {"threads": os.cpu_count()}
    return made.ask(
        "start", config=settings, batches=list(files), packed=packed
    )


def losses_of_given_outputs(
    made: worker.Worker,
    config: config_lib.Config,
    *,
    targets: np.ndarray,
    folder: pathlib.Path,
) -> tuple[float, float]:
    """Computes both sides' L_R of the same outputs of a decoder.

    Args:
      made: The worker, started.
      config: The configuration.
      targets: float32 [B, T, 5].
      folder: Where to hand the outputs over.

    Returns:
      The means over the batch, torch's and ours.
    """
    width = size_lib.params_size(config.num_mixtures)
    params = np.random.default_rng(0).normal(size=[*targets.shape[:2], width])
    params = params.astype(np.float32)
    file = folder / "outputs.npz"
    np.savez(file, params=params, targets=targets)
    ours = losses.reconstruction(
        distributions.point_distribution(tf.constant(params)),
        tf.constant(targets),
        max_len=config.max_len,
    )
    theirs = made.ask("loss", file=str(file), max_len=config.max_len)
    return theirs, float(tf.reduce_mean(ours.offset + ours.pen))
