"""Tables: TensorFlow's index files, taken apart and made with right sums.

An index is a sorted string table: blocks of entries whose keys share their
beginnings, each with a CRC-32C.
"""

import struct
from collections.abc import Sequence

from tensorboard.compat.tensorflow_stub import pywrap_tensorflow

Entry = tuple[bytes, bytes]

_MAGIC = 0xDB4775248B80FB57
_FOOTER = 48


def summed(data: bytes) -> int:
    """Returns TensorFlow's masked CRC-32C."""
    return pywrap_tensorflow.masked_crc32c(data)


def read(data: bytes) -> list[Entry]:
    """Returns the entries of a good table."""
    index = _block_at(data, *_handles(data[-_FOOTER:])[2:4])
    found = []
    for _, handle in _entries(index):
        found += _entries(_block_at(data, *_handles(handle)[:2]))
    return found


def write(entries: Sequence[Entry]) -> bytes:
    """Makes a table, whatever the entries are."""
    data = _ended(_block(entries))
    handle = _varint(0) + _varint(len(data) - 5)
    beyond = max((key for key, _ in entries), default=b"") + b"\xff"
    meta_at = len(data)
    meta = _block([])
    data += _ended(meta)
    index_at = len(data)
    index = _block([(beyond, handle)])
    data += _ended(index)
    footer = b"".join(
        map(_varint, (meta_at, len(meta), index_at, len(index)))
    ).ljust(_FOOTER - 8, b"\0")
    return data + footer + struct.pack("<Q", _MAGIC)


def _block(entries):
    made = b""
    for key, value in entries:
        sizes = b"\0" + _varint(len(key)) + _varint(len(value))
        made += sizes + key + value
    return made + struct.pack("<II", 0, 1)


def _ended(block):
    return block + b"\0" + struct.pack("<I", summed(block + b"\0"))


def _block_at(data, start, size):
    if data[start + size] != 0:
        raise ValueError("expected a block that is not compressed")
    return data[start : start + size]


def _entries(block):
    (restarts,) = struct.unpack("<I", block[-4:])
    end = len(block) - 4 - 4 * restarts
    at, key, found = 0, b"", []
    while at < end:
        shared, at = number(block, at)
        size, at = number(block, at)
        value, at = number(block, at)
        key = key[:shared] + block[at : at + size]
        found.append((key, block[at + size : at + size + value]))
        at += size + value
    return found


def _handles(data):
    at, found = 0, []
    while at < len(data) and len(found) < 4:
        value, at = number(data, at)
        found.append(value)
    return found


def number(data: bytes, at: int) -> tuple[int, int]:
    """Reads a number in groups of seven bits, and where it ends."""
    shift = found = 0
    while True:
        found |= (data[at] & 127) << shift
        at, shift = at + 1, shift + 7
        if data[at - 1] < 128:
            return found, at


def _varint(number):
    made = bytearray()
    while number > 127:
        made.append(number & 127 | 128)
        number >>= 7
    return bytes([*made, number])
