"""State: where a classifier's training is, on disk, to go on from.

An npz file of plain arrays; nothing in it is executed.
"""

import hashlib
import json
import pathlib
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from sketch_rnn_tf import partials, quoting


class State(NamedTuple):
    """A training after some epochs.

    Attributes:
      epochs: How many are done.
      best: Best validation accuracy so far.
      best_epoch: When that was, counted from 0.
      variables: Of the network and the optimizer.
      weights: The network's best ones.
    """

    epochs: int
    best: float
    best_epoch: int
    variables: Sequence[np.ndarray]
    weights: Sequence[np.ndarray]

    def exhausted(self, patience: int) -> bool:
        """Whether there has been no new best for so many epochs.

        >>> State(5, 0.9, 2, (), ()).exhausted(2)
        True
        >>> State(4, 0.9, 2, (), ()).exhausted(2)
        False
        """
        return self.epochs - 1 - self.best_epoch >= patience and self.epochs > 0


def fingerprint(*facts: Any) -> str:
    """Identifies a training by all that it depends on, plain values."""
    text = json.dumps(facts, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def write(path: pathlib.Path, state: State, *, identity: str) -> None:
    """Writes a state, whole or not at all."""
    arrays = {f"variable_{i}": v for i, v in enumerate(state.variables)}
    arrays |= {f"weight_{i}": w for i, w in enumerate(state.weights)}
    numbers = np.array([state.epochs, state.best_epoch, state.best])
    with partials.file(path) as partial:
        np.savez(partial, identity=identity, numbers=numbers, **arrays)


def read(path: pathlib.Path, *, identity: str) -> State | None:
    """Reads a state.

    Args:
      path: The file.
      identity: Of the training that is to go on.

    Returns:
      The state; None if there is no file.

    Raises:
      ValueError: If it is damaged, or of another training.
    """
    if not path.exists():
        return None
    try:
        with np.load(path, allow_pickle=False) as found:
            theirs = str(found["identity"])
            epochs, best_epoch, best = found["numbers"].tolist()
            variables, weights = (
                [found[f"{kind}_{i}"] for i in range(_count(found, kind))]
                for kind in ("variable", "weight")
            )
    except Exception as error:
        # zipfile, zlib and NumPy raise what has no common base.
        reason = quoting.line(error)
        raise ValueError(
            f"{path}: expected the state of a training, got {reason}; remove "
            "it to begin again"
        ) from error
    if theirs != identity:
        raise ValueError(
            f"{path}: expected the training that is to go on, got one of other "
            "drawings or settings; remove it, or name another directory"
        )
    return State(int(epochs), best, int(best_epoch), variables, weights)


def _count(found, kind):
    return sum(name.startswith(f"{kind}_") for name in found.files)
