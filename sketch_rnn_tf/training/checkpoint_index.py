"""The index of a TensorFlow checkpoint, looked at before TensorFlow does.

TensorFlow's reader ends the process where an entry of the index is not what
it should be, and makes room for whatever shape one states.  An index is a
sorted string table: blocks of entries, whose keys leave out what they share
with the key before, and a footer that says where the blocks are.  Its sums
are left to TensorFlow, which refuses wrong ones.
"""

import glob
import math
import os
import pathlib

import tensorflow as tf
from tensorflow.core.protobuf import tensor_bundle_pb2

from sketch_rnn_tf import quoting

MAX_BYTES = 2**26
"""The largest index; that of a model takes some kilobytes."""

_FOOTER = 48
_MAGIC = bytes.fromhex("57fb808b247547db")
_TRAILER = 5
_MAX_RANK = 8


def check(prefix: str | os.PathLike) -> None:
    """Checks that TensorFlow's reader can be given a checkpoint.

    Args:
      prefix: Of its files, `PREFIX.index` and `PREFIX.data-...`.

    Raises:
      ValueError: If the index is damaged, or an entry states values that the
        data do not hold.
      OSError: If it cannot be read.
    """
    path = pathlib.Path(f"{os.fspath(prefix)}.index")
    if path.stat().st_size > MAX_BYTES:
        raise ValueError(f"{path}: expected at most {MAX_BYTES:,} bytes")
    shards = list(path.parent.glob(f"{glob.escape(path.stem)}.data-*"))
    if not shards:
        raise ValueError(
            f"{prefix}: expected a checkpoint's data, {path.stem}.data-..., "
            "found none"
        )
    held = sum(shard.stat().st_size for shard in shards)
    data = path.read_bytes()
    try:
        seen = set()
        for key, value in _entries_of(data):
            if key in seen:
                raise ValueError(f"the key {quoting.shown(key)} twice")
            seen.add(key)
            # The first one is about all.
            if key:
                _check_entry(key, value, held)
    except Exception as error:
        # Indexing, decoding and protobuf have no common base of errors.
        reason = quoting.shown(error) or type(error).__name__
        raise ValueError(
            f"{path}: expected the index of a checkpoint, got {reason}"
        ) from error


def _check_entry(key, value, held):
    entry = tensor_bundle_pb2.BundleEntryProto.FromString(value)
    name = quoting.shown(key.decode())
    sizes = [dim.size for dim in entry.shape.dim]
    dtype = tf.dtypes.as_dtype(entry.dtype)
    if entry.slices or entry.shape.unknown_rank or len(sizes) > _MAX_RANK:
        raise ValueError(f"{name} in parts or of no rank")
    if min(sizes, default=0) < 0 or min(entry.offset, entry.size) < 0:
        raise ValueError(f"{name} of a size below 0")
    count = math.prod(sizes)
    # Of text each has a byte at least, for its length.
    least = count if dtype == tf.string else count * dtype.size
    if max(least, entry.size) > held or (
        dtype != tf.string and least != entry.size
    ):
        raise ValueError(f"{name} of {sizes}, of which not all is there")


def _entries_of(data):
    """Yields the keys and values of a table."""
    if len(data) < _FOOTER or not data.endswith(_MAGIC):
        raise ValueError("another file")
    footer = data[-_FOOTER:]
    _, at = _number(footer, 0)
    _, at = _number(footer, at)
    start, at = _number(footer, at)
    size, _ = _number(footer, at)
    for _, handle in _entries(_block(data, start, size)):
        start, at = _number(handle, 0)
        size, _ = _number(handle, at)
        yield from _entries(_block(data, start, size))


def _block(data, start, size):
    if start + size + _TRAILER > len(data):
        raise ValueError("a block beyond its end")
    if data[start + size] != 0:
        raise ValueError("a compressed one")
    return data[start : start + size]


def _entries(block):
    restarts = int.from_bytes(block[-4:], "little")
    end = len(block) - 4 - 4 * restarts
    if end < 0:
        raise ValueError("a damaged block")
    at, key = 0, b""
    while at < end:
        shared, at = _number(block, at)
        more, at = _number(block, at)
        size, at = _number(block, at)
        if shared > len(key) or at + more + size > end:
            raise ValueError("a damaged block")
        key = key[:shared] + block[at : at + more]
        yield key, block[at + more : at + more + size]
        at += more + size


def _number(data, at):
    """Reads a number in groups of seven bits; returns it and where it ends."""
    number = 0
    for shift in range(0, 35, 7):
        number |= (data[at] & 127) << shift
        at += 1
        if data[at - 1] < 128:
            return number, at
    raise ValueError("a damaged number")
