"""How much arithmetic a training step does, counted, not measured.

What is counted are the products of the recurrent networks, multiply-adds a
sketch and step, forward:

    lstm, layer_norm   4 n (x + n)
    hyper              4 n (x + n) + 4 m (x + n + m) + 12 e (m + n)

for n units and inputs of width x; m and e are the hyper cell's units and the
embeddings' width.  The encoder runs two cells with x = 5.  The decoder's x is
5 + Z where z is part of the input of every step, as in the reference; where
its product is hoisted, x is 5, and z costs 4 n Z (hyper: 4 (n + m) Z) once a
sketch.  A training step is

    2 * 3 * (encoder * encoder steps + decoder * decoder steps + once * B)

operations: two an multiply-add, and a backward pass costs two forward ones.
Not counted are the output projection, the heads, and what is not a product:
a rate says what the recurrent products get out of the machine while all of
the step goes on.

Steps are those of all sketches together: B times the steps that a variant
runs (executed), or the sum of the sketches' lengths (real).
"""

import dataclasses

from sketch_rnn_tf import config as config_lib
from sketch_rnn_tf.model.cells import hyper
from sketch_rnn_tf.model.decoder import POINT_SIZE


@dataclasses.dataclass(frozen=True)
class Products:
    """Multiply-adds, forward.

    Attributes:
      encoder: A sketch and step, both directions.
      decoder: A sketch and step.
      once: A sketch.
    """

    encoder: int
    decoder: int
    once: int

    def training(
        self, *, encoder_steps: int, decoder_steps: int, sketches: int
    ) -> float:
        """Returns the operations of a training step, forward and backward."""
        return 6.0 * (
            self.encoder * encoder_steps
            + self.decoder * decoder_steps
            + self.once * sketches
        )


def products(config: config_lib.Config, *, hoisted: bool) -> Products:
    """Counts a model's recurrent products.

    Args:
      config: The model's configuration, conditional.
      hoisted: Whether z is projected once a sketch, not in each step.

    >>> small = config_lib.Config(encoder_size=2, decoder_size=3, z_size=4)
    >>> products(small, hoisted=False)
    Products(encoder=112, decoder=144, once=0)
    >>> products(small, hoisted=True)
    Products(encoder=112, decoder=96, once=48)
    """
    z_size, size = config.z_size, config.decoder_size
    once = 0
    if hoisted:
        once = 4 * size * z_size
        if config.decoder_cell == "hyper":
            once += 4 * hyper.HYPER_SIZE * z_size
    return Products(
        encoder=2 * step(config.encoder_cell, config.encoder_size, POINT_SIZE),
        decoder=step(
            config.decoder_cell,
            size,
            POINT_SIZE if hoisted else POINT_SIZE + z_size,
        ),
        once=once,
    )


def step(kind: str, size: int, input_size: int) -> int:
    """Returns the multiply-adds of one step of a cell, forward.

    Args:
      kind: One of `config.CELLS`.
      size: Units, n.
      input_size: Width of the input that is multiplied in each step, x.
    """
    found = 4 * size * (input_size + size)
    if kind == "hyper":
        m, e = hyper.HYPER_SIZE, hyper.EMBEDDING_SIZE
        found += 4 * m * (input_size + size + m) + 12 * e * (m + size)
    return found
