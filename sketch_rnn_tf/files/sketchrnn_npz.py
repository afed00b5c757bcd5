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
import os
import pathlib
import pickle
import zipfile
from collections.abc import Iterable, Mapping, Sequence

import numpy as np

from sketch_rnn_tf import partials, strokes
from sketch_rnn_tf.files import array_pickle, npz_archive, tally as tally_lib

SPLITS = ("train", "valid", "test")
"""The keys of a sketchrnn file, in this order."""

_Path = str | os.PathLike


def read(
    path: _Path,
    *,
    splits: Sequence[str] = SPLITS,
    tally: tally_lib.Tally | None = None,
) -> dict[str, list[np.ndarray]]:
    """Reads the sketches of a sketchrnn file.

    All sketches get one dtype: int16 where every value of the splits read is
    a whole number that fits (whatever the file's own dtype), float32
    otherwise, exact for whole numbers up to 2**24.

    Args:
      path: The file.
      splits: Which splits to read, out of `SPLITS`.
      tally: Counts what is good and bad; a bad sketch is an error if None.

    Returns:
      Each of `splits` that the file has, mapped to its sketches: stroke3,
      int16 or float32 [N, 3], pixels.  The sketches of a file share memory.

    Raises:
      FileNotFoundError: If there is no such file.
      ValueError: If the file is not an npz file, has none of the splits, is
        damaged, asks for anything but NumPy arrays, or is too large (see
        `npz_archive.MAX_BYTES`, `MAX_RATIO`); without a tally, if a sketch is bad.  The
        message is one line that names the file, the key and the sketch.
    """
    path = os.fspath(path)
    _check_splits(splits)
    with npz_archive.opened(path) as archive:
        members = npz_archive.members(path, archive, splits)
        arrays = {
            split: npz_archive.read_member(archive, member, f"{path}: {split}")
            for split, member in members.items()
        }
    arrays = _good(path, arrays, tally)
    return _unify(arrays)


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
    with npz_archive.opened(path) as archive:
        found = {}
        for split, member in npz_archive.members(path, archive, SPLITS).items():
            where = f"{path}: {split}"
            head = io.BytesIO(
                npz_archive.read_bytes(archive, member, where, limit=2**14)
            )
            shape, _, _ = npz_archive.read_header(head, where)
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
    with npz_archive.opened(path) as archive:
        rows = [
            (split, member.file_size, member.CRC)
            for split, member in npz_archive.members(
                path, archive, SPLITS
            ).items()
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
    with (
        partials.file(path) as partial,
        zipfile.ZipFile(partial, "w", zipfile.ZIP_DEFLATED) as archive,
    ):
        for split, sketches in arrays.items():
            # A fixed date, so that equal sketches give equal files.
            member = zipfile.ZipInfo(f"{split}.npy", (1980, 1, 1, 0, 0, 0))
            member.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(member, _object_npy(sketches))


def _check_splits(splits: Iterable[str]) -> None:
    unknown = set(splits) - set(SPLITS)
    if unknown:
        raise ValueError(
            f"splits: expected train, valid or test, "
            f"got {', '.join(sorted(map(str, unknown)))}"
        )


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


def _good(
    path: str,
    arrays: Mapping[str, Sequence[object]],
    tally: tally_lib.Tally | None,
) -> Mapping[str, Sequence[np.ndarray]]:
    """Leaves out bad sketches; looks one by one only where there are any."""
    if not _all_good([s for sketches in arrays.values() for s in sketches]):
        strict = tally is None
        tally = tally_lib.Tally() if strict else tally
        arrays = {
            split: [
                sketch
                for index, sketch in enumerate(sketches)
                if _is_good(sketch, f"{path}: {split}[{index}]", tally)
            ]
            for split, sketches in arrays.items()
        }
        if strict:
            raise ValueError(tally.examples[0])
    if tally is not None:
        tally.good += sum(map(len, arrays.values()))
    return arrays


def _all_good(sketches: Sequence[object]) -> bool:
    """Whether all are stroke3, at once."""
    if not all(
        type(sketch) is np.ndarray
        and sketch.ndim == 2
        and sketch.shape[1] == 3
        and len(sketch)
        for sketch in sketches
    ):
        return False
    if not sketches:
        return True
    flat = np.concatenate(sketches)
    if flat.dtype.kind not in "iufb":
        return False
    with np.errstate(over="ignore"):
        finite = np.isfinite(flat.astype(np.float32)).all()
    return bool(finite and ((flat[:, 2] == 0) | (flat[:, 2] == 1)).all())


def _is_good(sketch: object, where: str, tally: tally_lib.Tally) -> bool:
    """Counts a sketch where it is bad."""
    try:
        if type(sketch) is not np.ndarray:
            raise ValueError(
                "expected an array of numbers, "
                f"got {array_pickle.describe(sketch)}"
            )
        strokes.validate_stroke3(sketch, name=where)
    except ValueError as error:
        tally.skip(where, str(error).removeprefix(f"{where}: "))
        return False
    return True
