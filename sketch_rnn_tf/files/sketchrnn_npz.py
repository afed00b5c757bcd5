"""Google's "sketchrnn" npz files: reading and writing.  NumPy only.

Such a file is an npz archive with the keys train, valid and test; each is an
object array whose elements are sketches in stroke3 (see `strokes`), pickled
by Python 2 or 3.  Where all sketches of a split have the same length, NumPy
may have made it one array [S, N, 3] instead; that is read too.

A file from a stranger is safe to read: its pickles go through `array_pickle`,
which runs nothing that they name, and what it may grow to is limited.
"""

import hashlib
import io
import math
import os
import pathlib
import pickle
import warnings
import zipfile
from collections.abc import Iterable, Mapping, Sequence

import numpy as np

from sketch_rnn_tf import strokes
from sketch_rnn_tf.files import array_pickle

SPLITS = ("train", "valid", "test")
"""The keys of a sketchrnn file, in this order."""

MAX_BYTES = 2**30
"""Largest size of one array when uncompressed; Google's largest files stay
below a fifth of it."""

MAX_RATIO = 200
"""Largest compression ratio of an array of more than 16 MiB; real drawings
compress 2 to 4 times."""

_Path = str | os.PathLike


def read(
    path: _Path, *, splits: Sequence[str] = SPLITS, validate: bool = True
) -> dict[str, list[np.ndarray]]:
    """Reads the sketches of a sketchrnn file.

    All sketches get one dtype: int16 where every value of the splits read is
    a whole number that fits (whatever the file's own dtype), float32
    otherwise, exact for whole numbers up to 2**24.

    Args:
      path: The file.
      splits: Which splits to read, out of `SPLITS`.
      validate: Whether to check values: finite offsets, pen_lifted 0 or 1,
        at least one point.  Shapes are always checked.

    Returns:
      Each of `splits` that the file has, mapped to its sketches: stroke3,
      int16 or float32 [N, 3], pixels.  The sketches of a file share memory.

    Raises:
      FileNotFoundError: If there is no such file.
      ValueError: If the file is not an npz file, has none of the splits, is
        damaged, asks for anything but NumPy arrays, is too large (see
        `MAX_BYTES`, `MAX_RATIO`), or holds a bad sketch.  The message is one
        line that names the file, the key and the sketch.
    """
    path = os.fspath(path)
    with _open(path) as archive:
        members = _members(path, archive, splits)
        arrays = {
            split: _read_member(archive, member, f"{path}: {split}")
            for split, member in members.items()
        }
    for split, sketches in arrays.items():
        for index, sketch in enumerate(sketches):
            if sketch.ndim != 2 or sketch.shape[1] != 3:
                strokes.validate_stroke3(
                    sketch, name=f"{path}: {split}[{index}]"
                )
    arrays = _unify(arrays)
    if validate:
        _validate(path, arrays)
    return arrays


def counts(path: _Path) -> dict[str, int]:
    """Counts the sketches of each split, from the arrays' headers alone.

    Args:
      path: A sketchrnn file.

    Returns:
      Each of `SPLITS` that the file has, mapped to its number of sketches.

    Raises:
      FileNotFoundError: If there is no such file.
      ValueError: If it is not a sketchrnn file.
    """
    path = os.fspath(path)
    with _open(path) as archive:
        found = {}
        for split, member in _members(path, archive, SPLITS).items():
            where = f"{path}: {split}"
            head = io.BytesIO(_read_bytes(archive, member, where, limit=2**14))
            shape, _, _ = _read_header(head, where)
            found[split] = shape[0] if shape else 0
    return found


def fingerprint(path: _Path) -> str:
    """Identifies a file's contents by its archive's names, sizes and CRCs.

    Reads the directory of the archive only, so it takes no time, and does
    not depend on where the file lies or when it was written.

    Args:
      path: A sketchrnn file.

    Returns:
      16 hexadecimal digits.

    Raises:
      FileNotFoundError: If there is no such file.
      ValueError: If it is not a sketchrnn file.
    """
    path = os.fspath(path)
    with _open(path) as archive:
        rows = [
            (split, member.file_size, member.CRC)
            for split, member in _members(path, archive, SPLITS).items()
        ]
    return hashlib.sha256(repr(rows).encode()).hexdigest()[:16]


def write(path: _Path, splits: Mapping[str, Sequence[np.ndarray]]) -> None:
    """Writes sketches as a sketchrnn file, for this package or Google's.

    All sketches are written with one dtype, as `read` gives them.  A split
    that is not given is written empty, as Google's tools want all three.
    The file is written beside its place and then moved there.

    Args:
      path: Where to write.
      splits: Sketches by split; stroke3, [N, 3], pixels.

    Raises:
      ValueError: If a split's name is not in `SPLITS`, there is no sketch at
        all, or a sketch is not valid, see `strokes.validate_stroke3`.
    """
    path = pathlib.Path(path)
    unknown = set(splits) - set(SPLITS)
    if unknown:
        raise ValueError(
            f"{path}: expected splits named train, valid or test, "
            f"got {', '.join(sorted(map(str, unknown)))}"
        )
    arrays = {
        split: [np.asarray(sketch) for sketch in splits.get(split, ())]
        for split in SPLITS
    }
    for split, sketches in arrays.items():
        for index, sketch in enumerate(sketches):
            strokes.validate_stroke3(sketch, name=f"{path}: {split}[{index}]")
    if not any(arrays.values()):
        raise ValueError(f"{path}: expected at least one sketch, got none")
    arrays = _unify(arrays)
    beside = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        with zipfile.ZipFile(beside, "w", zipfile.ZIP_DEFLATED) as archive:
            for split, sketches in arrays.items():
                # A fixed date, so that equal sketches give equal files.
                member = zipfile.ZipInfo(f"{split}.npy", (1980, 1, 1, 0, 0, 0))
                member.compress_type = zipfile.ZIP_DEFLATED
                archive.writestr(member, _object_npy(sketches))
        os.replace(beside, path)
    finally:
        beside.unlink(missing_ok=True)


def _object_npy(sketches: Sequence[np.ndarray]) -> bytes:
    """Writes an object array of sketches in NumPy's npy format."""
    array = np.empty(len(sketches), object)
    for index, sketch in enumerate(sketches):
        array[index] = sketch
    stream = io.BytesIO()
    np.lib.format.write_array_header_1_0(
        stream,
        {"descr": "|O", "fortran_order": False, "shape": array.shape},
    )
    # Protocol 3 names each global once and in clear text, the first one right
    # at the start.  NumPy before 1.26 has no numpy._core, which NumPy 2 names.
    pickled = pickle.dumps(array, protocol=3)
    return stream.getvalue() + pickled.replace(
        b"cnumpy._core.multiarray\n", b"cnumpy.core.multiarray\n", 1
    )


def _open(path: str) -> zipfile.ZipFile:
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
            f"one ({array_pickle.shown(error)})"
        ) from error


def _members(
    path: str, archive: zipfile.ZipFile, splits: Iterable[str]
) -> dict[str, zipfile.ZipInfo]:
    """Finds the archive's members by split."""
    unknown = set(splits) - set(SPLITS)
    if unknown:
        raise ValueError(
            f"splits: expected train, valid or test, "
            f"got {', '.join(sorted(map(str, unknown)))}"
        )
    found = {
        member.filename.removesuffix(".npy"): member
        for member in archive.infolist()
    }
    members = {split: found[split] for split in splits if split in found}
    if not members:
        names = ", ".join(array_pickle.shown(name) for name in list(found)[:8])
        raise ValueError(
            f"{path}: expected arrays named {', '.join(splits)}, "
            f"got {names or 'none'}"
        )
    return members


def _read_bytes(
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
            f"{where}: the archive is damaged ({array_pickle.shown(error)})"
        ) from error


def _read_header(
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
            f"got a bad header ({array_pickle.shown(error)})"
        ) from error
    if not all(type(size) is int and 0 <= size <= MAX_BYTES for size in shape):
        raise ValueError(
            f"{where}: expected an array of at most {MAX_BYTES:,} bytes, "
            f"got shape {array_pickle.shown(shape)}"
        )
    return shape, is_fortran, dtype


def _read_member(
    archive: zipfile.ZipFile, member: zipfile.ZipInfo, where: str
) -> list[np.ndarray]:
    """Reads the sketches of one split, as arrays of numbers."""
    data = _read_bytes(archive, member, where)
    stream = io.BytesIO(data)
    shape, is_fortran, dtype = _read_header(stream, where)
    if dtype.kind == "O":
        array = _read_objects(stream, shape, where)
    elif dtype.kind in "iufb" and dtype.itemsize <= 8:
        start = stream.tell()
        if len(data) - start != math.prod(shape) * dtype.itemsize:
            raise ValueError(
                f"{where}: expected {array_pickle.shown(shape)} of {dtype}, "
                f"got {len(data) - start} bytes"
            )
        flat = np.frombuffer(data, dtype, offset=start)
        array = flat.reshape(shape, order="F" if is_fortran else "C")
    else:
        raise ValueError(
            f"{where}: expected arrays of numbers, "
            f"got dtype {array_pickle.shown(dtype)}"
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
            f"{where}: expected an array of shape {array_pickle.shown(shape)}, "
            f"got {len(items)} elements"
        )
    if len(shape) == 1:
        return _sketches(items, where)
    if not all(type(item) in (int, float, bool) for item in items):
        raise ValueError(
            f"{where}: expected numbers in an array of shape "
            f"{array_pickle.shown(shape)}, got something else"
        )
    try:
        return np.array(items, np.float64).reshape(shape)
    except OverflowError as error:
        raise ValueError(f"{where}: {error}") from error


def _sketches(items: list, where: str) -> list[np.ndarray]:
    """Takes the arrays of numbers out of an object array's elements."""
    # One array may stand in many places, and is copied into each.
    size = 0
    for index, item in enumerate(items):
        if type(item) is not np.ndarray:
            raise ValueError(
                f"{where}[{index}]: expected an array of numbers, "
                f"got {array_pickle.describe(item)}"
            )
        size += item.nbytes
    if size > MAX_BYTES:
        raise ValueError(
            f"{where}: refused: its arrays grow to {size:,} bytes, and at "
            f"most {MAX_BYTES:,} may be read"
        )
    return items


def _unify(
    arrays: Mapping[str, Sequence[np.ndarray]],
) -> dict[str, list[np.ndarray]]:
    """Gives all sketches one dtype: int16 if nothing is lost, or float32."""
    parts = [sketch for split in arrays.values() for sketch in split]
    if not parts:
        return {split: [] for split in arrays}
    flat = np.concatenate(parts)
    dtype = np.int16 if _fits_int16(flat) else np.float32
    with np.errstate(over="ignore"):  # becomes infinite, which is reported
        flat = flat.astype(dtype)
    result, start = {}, 0
    for split, sketches in arrays.items():
        result[split] = []
        for sketch in sketches:
            end = start + len(sketch)
            result[split].append(flat[start:end])
            start = end
    return result


def _fits_int16(values: np.ndarray) -> bool:
    """Whether all values are whole numbers in the range of int16."""
    if not values.size or values.dtype in (np.int8, np.uint8, np.int16):
        return True
    limits = np.iinfo(np.int16)
    if not (values.min() >= limits.min and values.max() <= limits.max):
        return False  # also where there is a NaN
    return values.dtype.kind != "f" or bool((values == np.rint(values)).all())


def _validate(path: str, arrays: Mapping[str, Sequence[np.ndarray]]) -> None:
    """Checks all sketches; at once, and one by one only to name the bad."""
    parts = [sketch for split in arrays.values() for sketch in split]
    if not parts:
        return
    flat = np.concatenate(parts)
    pen = flat[:, 2]
    if (
        min(map(len, parts)) > 0
        and np.isfinite(flat).all()
        and ((pen == 0) | (pen == 1)).all()
    ):
        return
    for split, sketches in arrays.items():
        for index, sketch in enumerate(sketches):
            strokes.validate_stroke3(sketch, name=f"{path}: {split}[{index}]")
