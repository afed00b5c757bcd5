"""How requests are batched: TF Serving's batching parameters."""

import dataclasses
import os
import pathlib
import re

_FIELD = re.compile(
    r"\s*(?P<name>\w+)\s*"
    r"(?:\{\s*value\s*:\s*(?P<wrapped>[^\s{}]+)\s*\}"
    r"|:\s*\[(?P<list>[^\]]*)\]"
    r"|:\s*(?P<plain>[^\s,;{}\[\]]+))[\s,;]*"
)
_COMMENT = re.compile(r"#[^\n]*")


@dataclasses.dataclass(frozen=True)
class Parameters:
    """When a batch is run, and what it may be.

    Those of a file that names none of them are TF Serving's own; see `merging`
    for what the last two do.

    Attributes:
      max_batch_size: Rows of a batch, and of a request, at most.
      batch_timeout_micros: How long the first request of a batch waits for
        others while a thread is free.
      max_enqueued_batches: Batches that wait, of one signature, at most.
      num_batch_threads: Batches that run at a time.
      allowed_batch_sizes: Row counts; empty for any.
      pad_variable_length_inputs: Whether tensors may differ in size.
    """

    max_batch_size: int = 1000
    batch_timeout_micros: int = 0
    max_enqueued_batches: int = 10
    num_batch_threads: int = os.cpu_count() or 1
    allowed_batch_sizes: tuple[int, ...] = ()
    pad_variable_length_inputs: bool = False

    def __post_init__(self):
        for name, least in (
            ("max_batch_size", 1),
            ("batch_timeout_micros", 0),
            ("max_enqueued_batches", 1),
            ("num_batch_threads", 1),
        ):
            value = getattr(self, name)
            if value < least:
                raise ValueError(
                    f"{name}: expected at least {least}, got {value}"
                )
        sizes = list(self.allowed_batch_sizes)
        if sizes and (
            sizes != sorted(set(sizes))
            or sizes[0] < 1
            or sizes[-1] != self.max_batch_size
        ):
            raise ValueError(
                "allowed_batch_sizes: expected ascending sizes that end with "
                f"max_batch_size, {self.max_batch_size}, got {sizes}"
            )


TYPICAL = Parameters(
    max_batch_size=32,
    batch_timeout_micros=5_000,
    max_enqueued_batches=100,
    allowed_batch_sizes=(1, 2, 4, 8, 16, 32),
    pad_variable_length_inputs=True,
)
"""What the stand-in takes where it is not told."""


def read(file: str | os.PathLike) -> Parameters:
    """Reads a text file of BatchingParameters.

    Its protobuf is not among the published packages, so the file is read here.

    Raises:
      ValueError: If it says something else.
      OSError: If it cannot be read.
    """
    text = _COMMENT.sub("", pathlib.Path(file).read_text())
    known = {field.name for field in dataclasses.fields(Parameters)}
    found: dict = {}
    position = len(text) - len(text.lstrip())
    while position < len(text):
        match = _FIELD.match(text, position)
        if match is None:
            rest = " ".join(text[position:].split())[:40]
            raise ValueError(
                f"{file}: expected batching parameters, got {rest!r}"
            )
        position = match.end()
        name, _, values, _ = match.groups()
        values = (
            [match["wrapped"] or match["plain"]]
            if values is None
            else [value.strip() for value in values.split(",")]
        )
        if name == "thread_pool_name":
            continue
        if name not in known:
            raise ValueError(f"{file}: {name}: not known to the stand-in")
        try:
            if name == "allowed_batch_sizes":
                sizes = tuple(int(value) for value in values)
                found[name] = found.get(name, ()) + sizes
            elif name == "pad_variable_length_inputs":
                found[name] = {"true": True, "false": False}[values[0]]
            else:
                found[name] = int(values[0])
        except (KeyError, ValueError):
            kind = "true or false" if name.startswith("pad") else "a number"
            raise ValueError(
                f"{file}: {name}: expected {kind}, got {', '.join(values)}"
            ) from None
    try:
        return Parameters(**found)
    except ValueError as error:
        raise ValueError(f"{file}: {error}") from None
