"""Parts: several pieces of bytes as one input, however it was changed."""

from collections.abc import Sequence

_LENGTH = 3


def joined(parts: Sequence[bytes]) -> bytes:
    """Returns an input of pieces, each after its length.

    >>> joined([b"ab", b""])
    b'\\x00\\x00\\x02ab\\x00\\x00\\x00'
    """
    return b"".join(len(p).to_bytes(_LENGTH) + p for p in parts)


def split(data: bytes, count: int) -> list[bytes]:
    """Returns the pieces of any input: as many as asked for.

    >>> split(joined([b"ab", b"c"]), 3)
    [b'ab', b'c', b'']
    """
    found = []
    while data and len(found) < count:
        size = int.from_bytes(data[:_LENGTH])
        found.append(data[_LENGTH : _LENGTH + size])
        data = data[_LENGTH + size :]
    return found + [b""] * (count - len(found))
