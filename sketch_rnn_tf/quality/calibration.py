"""Calibration: probabilities that are right as often as they say.

References:
  Guo et al. (2017), "On calibration of modern neural networks".
"""

import numpy as np

_TEMPERATURES = np.geomspace(0.1, 10.0, 401)
_LEAST = 1e-30


def softmax(logits: np.ndarray) -> np.ndarray:
    """Returns probabilities [N, C] of logits [N, C]."""
    exponent = np.exp(logits - logits.max(axis=1, keepdims=True))
    return exponent / exponent.sum(axis=1, keepdims=True)


def temperature(probabilities: np.ndarray, labels: np.ndarray) -> float:
    """Finds what logits are divided by for the labels to be likeliest.

    Args:
      probabilities: float [N, C], at temperature 1.
      labels: int [N]; each word counts as much as another.

    Returns:
      The temperature, of a grid from 0.1 to 10 in steps of about 1 %.
    """
    # Logits but for a constant, which a softmax does not see.
    logits = np.log(probabilities.astype(np.float64) + _LEAST)
    weights = 1.0 / np.bincount(labels)[labels]
    rows = np.arange(len(labels))

    def surprise(temperature):
        likely = softmax(logits / temperature)[rows, labels]
        return -weights @ np.log(likely + _LEAST)

    return float(min(_TEMPERATURES, key=surprise))
