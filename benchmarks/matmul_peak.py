"""The best float32 rate of a matrix product, what all else is held against.

Measured over a few shapes, with and without XLA, on all cores: a large square
one, the input projection's [T B, n] x [n, 4 n] and a step's [B, n] x [n, 4 n].
"""

import dataclasses
import time
from collections.abc import Callable

import tensorflow as tf

SQUARE = 2048
OPERATIONS, CALLS = 5e9, 100
"""A measurement does about that many, in so many calls at most."""


@dataclasses.dataclass(frozen=True)
class Product:
    """A product that is measured.

    Attributes:
      name: What it is called.
      operations: Of a call of `run`.
      run: Computes it some times over.
    """

    name: str
    operations: float
    run: Callable[[], None]


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
        self._products = [
            _product(f"{name}{', XLA' if jit else ''}", *shape, jit=jit)
            for name, shape in shapes.items()
            for jit in (False, True)
        ]
        self.rates = dict.fromkeys((p.name for p in self._products), 0.0)

    @property
    def best(self) -> float:
        """The best rate so far."""
        return max(self.rates.values())

    @property
    def fastest(self) -> Product:
        """The product whose rate is the best so far."""
        return max(self._products, key=lambda p: self.rates[p.name])

    def measure(self, *, repeats: int = 1) -> None:
        """Measures each product some times more."""
        for _ in range(repeats):
            for product in self._products:
                start = time.perf_counter()
                product.run()
                self.add(product, time.perf_counter() - start)

    def add(self, product: Product, seconds: float) -> None:
        """Adds a measurement of a product that was run elsewhere."""
        rate = product.operations / seconds
        self.rates[product.name] = max(self.rates[product.name], rate)


def _product(name, rows, inner, columns, *, jit):
    left = tf.random.normal([rows, inner])
    right = tf.random.normal([inner, columns])
    product = tf.function(tf.matmul, jit_compile=jit)
    operations = 2.0 * rows * inner * columns
    calls = min(CALLS, max(1, round(OPERATIONS / operations)))
    product(left, right)

    def run():
        for _ in range(calls):
            product(left, right)

    return Product(name, calls * operations, run)
