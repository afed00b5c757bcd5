"""An entrance: where bytes from outside come in, and how to bring them there."""

import dataclasses
import pathlib
from collections.abc import Callable, Sequence

Mutator = Callable[[bytes, int, int], bytes]
"""From an input, the most bytes and a seed to another input."""


@dataclasses.dataclass(frozen=True)
class Entrance:
    """Where the library reads what others wrote.

    Attributes:
      seeds: Makes the inputs to begin with; each must be read without error.
      write: Brings an input to its place in a folder; not watched.
      read: Reads it from there; watched.  Besides its own checks of what
        comes out it may raise what the library promises, nothing else.
      mutate: Changes an input so that its form stays; None changes bytes.
      words: What inputs are made of, for byte-wise changes.
      max_len: Largest input, bytes.
      seconds: Most CPU time of an input.
      memory: Most bytes that an input may take beyond what is there.
      is_named: Whether errors name the file, which is in the folder.
      allowed: Further kinds of errors that are promised.
    """

    seeds: Callable[[], Sequence[bytes]]
    write: Callable[[pathlib.Path, bytes], None]
    read: Callable[[pathlib.Path], None]
    mutate: Mutator | None = None
    words: Sequence[bytes] = ()
    max_len: int = 8192
    seconds: float = 10.0
    memory: int = 2**29
    is_named: bool = True
    allowed: tuple[type[Exception], ...] = ()
