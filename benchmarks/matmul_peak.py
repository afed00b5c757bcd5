"""The best float32 rate of a matrix product, what all else is held against.

Measured over a few shapes, with and without XLA, on all cores: a large square
one, the input projection's [T B, n] x [n, 4 n] and a step's [B, n] x [n, 4 n].
"""

import time
from collections.abc import Callable

import tensorflow as tf

SQUARE = 2048
OPERATIONS, CALLS = 5e9, 100
"""A measurement does about that many, in so many calls at most."""


class MatmulPeak:
    """Measures the peak, and keeps the best that was seen.

    Args:
      batch_size: B.
      num_steps: T.
      size: n.

    Attributes:
      best: The best rate so far, operations a second.
      rates: The best rate of each product, by its name.
    """

    def __init__(self, *, batch_size: int, num_steps: int, size: int):
        shapes = {
            f"{SQUARE} square": (SQUARE, SQUARE, SQUARE),
            "[T B, n] x [n, 4 n]": (batch_size * num_steps, size, 4 * size),
            "[B, n] x [n, 4 n]": (batch_size, size, 4 * size),
        }
        self._products = {
            f"{name}{', XLA' if jit else ''}": _product(*shape, jit=jit)
            for name, shape in shapes.items()
            for jit in (False, True)
        }
        self.rates = dict.fromkeys(self._products, 0.0)

    @property
    def best(self) -> float:
        """The best rate so far."""
        return max(self.rates.values())

    def measure(self, *, repeats: int = 1) -> None:
        """Measures each product some times more."""
        for _ in range(repeats):
            for name, rate in self._products.items():
                self.rates[name] = max(self.rates[name], rate())


def _product(rows, inner, columns, *, jit) -> Callable[[], float]:
    """Returns a function that measures a product, operations a second."""
    left = tf.random.normal([rows, inner])
    right = tf.random.normal([inner, columns])
    product = tf.function(tf.matmul, jit_compile=jit)
    operations = 2.0 * rows * inner * columns
    calls = min(CALLS, max(1, round(OPERATIONS / operations)))
    product(left, right)

    def rate():
        start = time.perf_counter()
        for _ in range(calls):
            product(left, right)
        return calls * operations / (time.perf_counter() - start)

    return rate
