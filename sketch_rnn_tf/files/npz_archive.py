"""Arrays out of npz archives that nobody vouches for.  NumPy only."""

import io
import math
import os
import warnings
import zipfile
from collections.abc import Iterable

import numpy as np

from sketch_rnn_tf import quoting
from sketch_rnn_tf.files import array_pickle

MAX_BYTES = 2**30
"""Largest size of one array when uncompressed; Google's largest files stay
below a fifth of it."""

MAX_RATIO = 200
"""Largest compression ratio of an array of more than 16 MiB; real drawings
compress 2 to 4 times."""


def opened(path: str) -> zipfile.ZipFile:
    """Opens the archive, or says in one line why it cannot be."""
    if os.path.isdir(path):
        raise ValueError(f"{path}: expected an npz file, got a folder")
    try:
        size = os.path.getsize(path)
    except FileNotFoundError:
        raise FileNotFoundError(f"{path}: no such file") from None
    if not size:
        raise ValueError(f"{path}: expected an npz file, got an empty file")
    try:
        return zipfile.ZipFile(path)
    except PermissionError:
        raise
    except Exception as error:
        raise ValueError(
            f"{path}: expected an npz file, got no zip archive or a damaged "
            f"one ({quoting.shown(error)})"
        ) from error


def members(
    path: str, archive: zipfile.ZipFile, splits: Iterable[str]
) -> dict[str, zipfile.ZipInfo]:
    """Finds the archive's members by split."""
    found = {
        member.filename.removesuffix(".npy"): member
        for member in archive.infolist()
    }
    members = {split: found[split] for split in splits if split in found}
    if not members:
        names = ", ".join(quoting.shown(name) for name in list(found)[:8])
        raise ValueError(
            f"{path}: expected arrays named {', '.join(splits)}, "
            f"got {names or 'none'}"
        )
    return members


def read_bytes(
    archive: zipfile.ZipFile,
    member: zipfile.ZipInfo,
    where: str,
    *,
    limit: int = -1,
) -> bytes:
    """Uncompresses a member, unless it is a zip bomb."""
    size, compressed = member.file_size, member.compress_size
    if size > MAX_BYTES or size > max(2**24, MAX_RATIO * compressed):
        raise ValueError(
            f"{where}: refused: {compressed:,} bytes grow to {size:,}, and "
            f"at most {MAX_BYTES:,} bytes and {MAX_RATIO} times may be read"
        )
    try:
        with archive.open(member) as file:
            return file.read(limit)
    except Exception as error:
        raise ValueError(
            f"{where}: the archive is damaged ({quoting.shown(error)})"
        ) from error


def read_header(
    stream: io.BytesIO, where: str
) -> tuple[tuple[int, ...], bool, np.dtype]:
    """Reads the header of an npy file: shape, Fortran order, dtype."""
    try:
        version = np.lib.format.read_magic(stream)
        readers = {
            (1, 0): np.lib.format.read_array_header_1_0,
            (2, 0): np.lib.format.read_array_header_2_0,
        }
        with warnings.catch_warnings():
            # Headers of Python 2 may write 70000L.
            warnings.simplefilter("ignore")
            shape, is_fortran, dtype = readers[version](stream)
    except Exception as error:
        raise ValueError(
            f"{where}: expected an array in NumPy's npy format, "
            f"got a bad header ({quoting.shown(error)})"
        ) from error
    if not all(type(size) is int and 0 <= size <= MAX_BYTES for size in shape):
        raise ValueError(
            f"{where}: expected an array of at most {MAX_BYTES:,} bytes, "
            f"got shape {quoting.shown(shape)}"
        )
    return shape, is_fortran, dtype


def read_member(
    archive: zipfile.ZipFile, member: zipfile.ZipInfo, where: str
) -> list[np.ndarray]:
    """Reads the sketches of one split, as arrays of numbers."""
    data = read_bytes(archive, member, where)
    stream = io.BytesIO(data)
    shape, is_fortran, dtype = read_header(stream, where)
    if dtype.kind == "O":
        array = _read_objects(stream, shape, where)
    elif dtype.kind in "iufb" and dtype.itemsize <= 8:
        start = stream.tell()
        if len(data) - start != math.prod(shape) * dtype.itemsize:
            raise ValueError(
                f"{where}: expected {quoting.shown(shape)} of {dtype}, "
                f"got {len(data) - start} bytes"
            )
        flat = np.frombuffer(data, dtype, offset=start)
        array = flat.reshape(shape, order="F" if is_fortran else "C")
    else:
        raise ValueError(
            f"{where}: expected arrays of numbers, "
            f"got dtype {quoting.shown(dtype)}"
        )
    if type(array) is list:
        return array
    if array.ndim == 3:
        return list(array)
    if array.size == 0:
        return []
    raise ValueError(
        f"{where}: expected a list of sketches [N, 3], "
        f"got one array of shape {list(array.shape)}"
    )


def _read_objects(
    stream: io.BytesIO, shape: tuple[int, ...], where: str
) -> list[np.ndarray] | np.ndarray:
    """Reads an object array: sketches, or numbers where all are as long."""
    try:
        items = array_pickle.load(stream)
    except array_pickle.RefusedError as error:
        raise ValueError(f"{where}: refused: {error}") from None
    except ValueError as error:
        raise ValueError(f"{where}: {error}") from error
    if len(items) != math.prod(shape):
        raise ValueError(
            f"{where}: expected an array of shape {quoting.shown(shape)}, "
            f"got {len(items)} elements"
        )
    if len(shape) == 1:
        return _sketches(items, where)
    if not all(type(item) in (int, float, bool) for item in items):
        raise ValueError(
            f"{where}: expected numbers in an array of shape "
            f"{quoting.shown(shape)}, got something else"
        )
    try:
        return np.array(items, np.float64).reshape(shape)
    except OverflowError as error:
        raise ValueError(f"{where}: {error}") from error


def _sketches(items: list, where: str) -> list[np.ndarray]:
    """Checks what the elements of an object array grow to."""
    # One array may stand in many places, and is copied into each.
    size = sum(item.nbytes for item in items if type(item) is np.ndarray)
    if size > MAX_BYTES:
        raise ValueError(
            f"{where}: refused: its arrays grow to {size:,} bytes, and at "
            f"most {MAX_BYTES:,} may be read"
        )
    return items
