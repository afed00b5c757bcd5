"""Archives: sketchrnn npz files, their arrays and their pickles."""

import io
import pathlib
import pickle
import pickletools
import random
import tempfile
import zipfile

import numpy as np

from fuzzing import entrance as entrance_lib, mutation, parts
from sketch_rnn_tf import doodles, strokes
from sketch_rnn_tf.files import array_pickle, sketchrnn_npz, tally as tally_lib

_SPLITS = sketchrnn_npz.SPLITS


def _sketches():
    return [doodles.draw("cat", seed=seed).stroke3[:6] for seed in range(3)]


def npz(**arrays: np.ndarray) -> bytes:
    """Writes arrays as NumPy does."""
    stream = io.BytesIO()
    np.savez_compressed(stream, **arrays)
    return stream.getvalue()


def _files():
    """Writes good files: ours, NumPy's, and one array of numbers."""
    few = _sketches()
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder, "a.npz")
        sketchrnn_npz.write(path, {"train": few, "test": few[:1]})
        ours = path.read_bytes()
    objects = np.empty(2, object)
    objects[:] = few[:2]
    return [
        ours,
        npz(train=objects),
        npz(valid=np.float32(few), test=np.int16(few)),
    ]


def members(data: bytes) -> dict[str, bytes]:
    """Returns what is in an archive, by names without .npy."""
    with zipfile.ZipFile(io.BytesIO(data)) as file:
        return {n.removesuffix(".npy"): file.read(n) for n in file.namelist()}


def _of_splits(data):
    found = members(data)
    return parts.joined([found.get(split, b"") for split in _SPLITS])


def archive(
    contents: dict[str, bytes], method: int = zipfile.ZIP_DEFLATED
) -> bytes:
    """Packs members, whose sums so are right."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", method) as file:
        for name, member in contents.items():
            info = zipfile.ZipInfo("a")
            # The constructor ends names where they have a zero.
            info.filename = f"{name}.npy"
            info.compress_type = method
            file.writestr(info, member)
    return stream.getvalue()


def _write_arrays(folder, data):
    """Packs arrays, whose sums so are right."""
    named = dict(zip(_SPLITS, parts.split(data, 3), strict=True))
    named = {name: value for name, value in named.items() if value}
    (folder / "a.npz").write_bytes(archive(named))


def _read_npz(folder):
    path = folder / "a.npz"
    tally = tally_lib.Tally()
    found = sketchrnn_npz.read(path, tally=tally)
    for sketches in found.values():
        for sketch in sketches:
            strokes.validate_stroke3(sketch)
    # These look at the same file in other ways.
    sketchrnn_npz.counts(path)
    sketchrnn_npz.fingerprint(path)
    tally.check(max_bad_share=0.9)


def _read_pickle(folder):
    with open(folder / "a.pickle", "rb") as file:
        for item in array_pickle.load(file):
            array_pickle.describe(item)


def _pickle_mutated(data: bytes, max_size: int, seed: int) -> bytes:
    """Changes opcodes: takes out, repeats, swaps, and puts in others."""
    rng = random.Random(seed)
    # An array in NumPy's format has its header in front.
    head = b""
    if data.startswith(b"\x93NUMPY") and b"\n" in data:
        end = data.index(b"\n") + 1
        head, data = data[:end], data[end:]
    try:
        places = [place for _, _, place in pickletools.genops(data)]
    except Exception:
        places = []
    if len(places) < 2 or not rng.randrange(3):
        return mutation.of_bytes(head + data, max_size)
    ends = [*places[1:], len(data)]
    codes = [data[a:b] for a, b in zip(places, ends, strict=True)]
    for _ in range(rng.choice((1, 1, 2, 4))):
        at, other = rng.randrange(len(codes)), rng.randrange(len(codes))
        kind = rng.randrange(5)
        if kind == 0:
            codes[at] = b""
        elif kind == 1:
            codes.insert(at, codes[other])
        elif kind == 2:
            codes[at], codes[other] = codes[other], codes[at]
        elif kind == 3:
            codes.insert(at, rng.choice(_OPCODES))
        else:
            codes[at] = mutation.of_bytes(codes[at], len(codes[at]) + 8)
    made = head + b"".join(codes)
    return made if len(made) <= max_size else data[:max_size]


def _pickles():
    found = []
    objects = np.empty(2, object)
    objects[:] = [np.int16([[1, 2, 0]]), np.float32([[1, 2, 1]])]
    for protocol in (0, 2, 3, 4):
        found.append(pickle.dumps(objects, protocol=protocol))
    numbers = np.empty([1, 2], object)
    numbers[:] = [[1, np.float64(2.5)]]
    return [*found, pickle.dumps(numbers, protocol=2)]


_OPCODES = (
    *(
        b"cnumpy\ndtype\n",
        b"cnumpy\nndarray\n",
        b"cos\nsystem\n",
        b"N",
        b"\x88",
    ),
    *(b"cnumpy.core.multiarray\nscalar\n", b"c__builtin__\neval\n", b"K\3"),
    *(b"cnumpy.core.multiarray\n_reconstruct\n", b"c_codecs\nencode\n", b"."),
    *(b"R", b"b", b"\x93", b"\x81", b"}", b"]", b")", b"(", b"t", b"a", b"e"),
    *(
        b"\x85",
        b"\x86",
        b"\x87",
        b"0",
        b"2",
        b"h\0",
        b"q\0",
        b"\x94",
        b"j\xff\xff\xff\x7f",
    ),
    *(b"L" + b"9" * 500 + b"L\n", b"\x8a\x01\xff", b"U\2f4", b"X\1\0\0\0<"),
    *(b"I-1\n", b"F1e999\n", b"\x8c\2O8", b"ios\nsystem\n", b"P1\n", b"s"),
)

ENTRANCES = {
    "npz": entrance_lib.Entrance(
        _files,
        lambda folder, data: (folder / "a.npz").write_bytes(data),
        _read_npz,
        words=(b"PK\1\2", b"PK\3\4", b"PK\5\6", b"train.npy", b"valid.npy"),
    ),
    "npz_arrays": entrance_lib.Entrance(
        lambda: [_of_splits(data) for data in _files()],
        _write_arrays,
        _read_npz,
        mutation.of_parts([_pickle_mutated] * 3),
        words=(b"'descr': '|O'", b"'<f4'", b"'fortran_order': True", b"(9, 9)"),
    ),
    "array_pickle": entrance_lib.Entrance(
        _pickles,
        lambda folder, data: (folder / "a.pickle").write_bytes(data),
        _read_pickle,
        mutate=_pickle_mutated,
        is_named=False,
    ),
}
