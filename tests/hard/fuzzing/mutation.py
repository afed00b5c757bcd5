"""Mutation that keeps an input's form: JSON, or pieces that are packed later.

Byte-wise changes are libFuzzer's own; these change what bytes mean, so that
inputs pass the parser, or the checksum, and reach what lies behind.
"""

import copy
import json
import random
from collections.abc import Callable, Sequence
from typing import Any

from fuzzing import entrance as entrance_lib, parts as parts_lib

_DEEP = "a place for many brackets"
_LONG = "a place for many digits"
_VALUES: list[Any] = [
    *(None, True, False, 0, 1, -1, 2, 3, 5, 7, 20, 255, 2**31 - 1, 2**31),
    *(2**63, -(2**63) - 1, 2**64, 10**30, 10**400, 0.5, -0.5, 1e-9, 1e-320),
    *(1e9, 3e38, 1e300, float("nan"), float("inf"), -float("inf"), 16000.5),
    *("", "a", "a\nb", "\x1b[31m", "\u2028", "\ud800", "\u0000", "é", "0"),
    *("x" * 3000, "../../a", "/dev/zero", "lstm", "hyper", "AAAA", "none"),
    *([], {}, [[]], [0], [[0, 0]], [[0, 0, 1]], [1, 2, 3, 4, 5], {"a": 1}),
    *({"toString": 1}, {"length": 5}, {"__proto__": {"a": 1}}, _DEEP, _LONG),
]


def of_bytes(data: bytes, max_size: int) -> bytes:
    """Changes bytes as libFuzzer does; in its process only."""
    import atheris

    return atheris.Mutate(data, max(max_size, 1))


def of_json(
    lines: bool = False, change: Callable[[bytes, int], bytes] = of_bytes
) -> entrance_lib.Mutator:
    """Makes a mutator of JSON texts.

    Args:
      lines: Whether each line is a text of its own.
      change: Byte-wise changes, made of one input in three.
    """

    def mutate(data: bytes, max_size: int, seed: int) -> bytes:
        rng = random.Random(seed)
        if not rng.randrange(3):
            return change(data, max_size)
        rows = data.split(b"\n") if lines else [data]
        place = rng.randrange(len(rows))
        try:
            value = json.loads(rows[place])
        except (ValueError, RecursionError):
            return change(data, max_size)
        try:
            for _ in range(rng.choice((1, 1, 1, 2, 3))):
                value = _changed(value, rng)
            rows[place] = _text(value, rng)
        except RecursionError:
            return change(data, max_size)
        if lines and not rng.randrange(4):
            rows.insert(rng.randrange(len(rows) + 1), rng.choice(rows))
        made = b"\n".join(rows)
        return made if len(made) <= max_size else change(data, max_size)

    return mutate


def of_parts(
    mutators: Sequence[entrance_lib.Mutator | None],
    change: Callable[[bytes, int], bytes] = of_bytes,
) -> entrance_lib.Mutator:
    """Makes a mutator of inputs of pieces.

    Args:
      mutators: Of each piece; None changes bytes.
      change: Byte-wise changes.
    """

    def mutate(data: bytes, max_size: int, seed: int) -> bytes:
        rng = random.Random(seed)
        pieces = parts_lib.split(data, len(mutators))
        there = [k for k, piece in enumerate(pieces) if piece]
        if there and rng.randrange(10):
            place = rng.choice(there)
        else:
            place = rng.randrange(len(pieces))
        room = max_size - len(data) - 3 * len(pieces)
        room = max(room + len(pieces[place]), 1)
        if not rng.randrange(12):
            pieces[place] = rng.choice(pieces)[:room]
        elif mutators[place] is None:
            pieces[place] = change(pieces[place], room)
        else:
            pieces[place] = mutators[place](pieces[place], room, seed >> 4)
        return parts_lib.joined(pieces)[:max_size]

    return mutate


def _changed(value, rng):
    """Changes one place of a JSON value."""
    value = copy.deepcopy(value)
    places = list(_places(value))
    if not places:
        return rng.choice(_VALUES)
    holder, key = rng.choice(places)
    kind = rng.randrange(8)
    if kind == 0:
        del holder[key]
    elif kind == 1:
        other, other_key = rng.choice(places)
        holder[key] = copy.deepcopy(other[other_key])
    elif kind == 2 and isinstance(holder, list):
        holder.insert(key, copy.deepcopy(holder[key]))
    elif kind == 2:
        holder[rng.choice(("", "a", "__proto__", "\u2028\n", key * 2))] = 1
    elif kind == 3 and isinstance(holder[key], int | float):
        scale = rng.choice((-1, 2, 10, 0.1, 1000))
        # As many digits as a float has are enough.
        if abs(holder[key]) < 1e300:
            holder[key] = type(holder[key])(holder[key] * scale)
    elif kind == 4 and isinstance(holder[key], list):
        holder[key] = holder[key] * rng.choice((0, 2, 3))
    elif kind == 5:
        holder[key] = rng.choice(([holder[key]], {"a": holder[key]}))
    else:
        holder[key] = rng.choice(_VALUES)
    return value


def _places(value, depth=0):
    keys = ()
    if isinstance(value, dict):
        keys = list(value)
    elif isinstance(value, list):
        keys = range(min(len(value), 40))
    for key in keys:
        yield value, key
        if depth < 50:
            yield from _places(value[key], depth + 1)


def _text(value, rng):
    text = json.dumps(value, indent=rng.choice((None, None, 1)))
    depth = rng.choice((30, 500, 1500))
    text = text.replace(f'"{_DEEP}"', "[" * depth + "]" * depth)
    return text.replace(f'"{_LONG}"', "9" * 5000).encode()
