"""Pictures: PNG by its chunks, whose sums are made right, and JPEG."""

import io
import os
import struct
import zlib

import numpy as np

from fuzzing import entrance as entrance_lib, mutation, parts
from sketch_rnn_tf.files import scan

_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_CHUNKS = 8


def _drawn():
    """Draws two lines, grey, 40 by 32: few pixels take little time."""
    picture = np.full([32, 40], 255, np.uint8)
    picture[8, 4:34] = 20
    picture[9:26, 18] = 20
    return picture


def _encoded(kind, mode="L", **options):
    from PIL import Image

    stream = io.BytesIO()
    image = Image.fromarray(_drawn())
    image = image.quantize(4) if mode == "P" else image.convert(mode)
    image.save(stream, kind, **options)
    return stream.getvalue()


def _chunks(data):
    """Splits a PNG file into types with contents; pixels uncompressed."""
    found, at = [], len(_SIGNATURE)
    while at < len(data):
        (size,) = struct.unpack(">I", data[at : at + 4])
        kind, content = data[at + 4 : at + 8], data[at + 8 : at + 8 + size]
        if kind == b"IDAT":
            content = zlib.decompress(content)
        found.append(kind + content)
        at += 12 + size
    return found


def _png(chunks):
    made = _SIGNATURE
    for chunk in chunks:
        if not chunk:
            continue
        kind, content = chunk[:4].ljust(4, b"a"), chunk[4:]
        if kind in (b"IDAT", b"fdAT"):
            content = zlib.compress(content, 1)
        summed = kind + content
        sum_ = struct.pack(">I", zlib.crc32(summed))
        made += struct.pack(">I", len(content)) + summed + sum_
    return made


def _pngs():
    return [
        _encoded("PNG", "L"),
        _encoded("PNG", "RGBA"),
        _encoded("PNG", "P"),
        _encoded("PNG", "1", dpi=(90, 90)),
    ]


def _jpegs():
    exif = b"Exif\0\0MM\0*\0\0\0\x08\0\1\1\x12\0\3\0\0\0\1\0\6\0\0\0\0\0\0"
    return [
        _encoded("JPEG", "L"),
        _encoded("JPEG", "RGB", progressive=True, exif=exif),
        _encoded("JPEG", "CMYK", subsampling=0),
    ]


def _write(name, pack=bytes):
    def write(folder, data):
        (folder / name).write_bytes(pack(data))

    return write


def _read(folder):
    (name,) = os.listdir(folder)
    for line in scan.read(folder / name):
        assert line.ndim == 2 and np.isfinite(line).all()


ENTRANCES = {
    "png": entrance_lib.Entrance(
        lambda: [parts.joined(_chunks(data)) for data in _pngs()],
        _write("a.png", lambda data: _png(parts.split(data, _CHUNKS))),
        _read,
        mutation.of_parts([None] * _CHUNKS),
        words=(b"tRNS", b"PLTE", b"IHDR", b"IDAT", b"IEND", b"iTXt", b"eXIf"),
        max_len=12_000,
        memory=2**30,
    ),
    "png_bytes": entrance_lib.Entrance(
        _pngs,
        _write("a.png"),
        _read,
        words=(b"IDAT", b"IEND\xaeB`\x82", b"iCCP", b"zTXt", b"acTL"),
        memory=2**30,
    ),
    "jpeg": entrance_lib.Entrance(
        _jpegs,
        _write("a.jpg"),
        _read,
        words=(b"\xff\xda", b"\xff\xd9", b"\xff\xc0", b"\xff\xc4", b"\xff\xe1"),
        memory=2**30,
    ),
}
