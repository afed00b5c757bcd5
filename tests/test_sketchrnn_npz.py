"""sketchrnn_npz and array_pickle: what is read, and what is refused."""

import builtins
import functools
import io
import os
import pathlib
import pickle
import struct
import subprocess
import sys
import zipfile

import numpy as np
import pytest

from sketch_rnn_tf.files import (
    array_pickle,
    npz_archive,
    sketchrnn_npz,
    tally as tally_lib,
)

SHARED = pathlib.Path(__file__).parents[2] / "shared" / "data"
REAL = ["datasets/aaron_sheep", "datasets/kanji.rdp100", "datasets/omniglot"]
REAL += [f"large_classes/{n}" for n in ("backpack", "car", "power_outlet")]
WORDS = ["The Eiffel Tower", "cat", "swing set"]
REAL += [f"quickdraw/sketchrnn/{word}" for word in WORDS]


def _object_array(items):
    array = np.empty(len(items), object)
    for index, item in enumerate(items):
        array[index] = item
    return array


def _npy(payload, *, shape=(1,), descr="|O", version=b"\x01\x00"):
    header = f"{{'descr': '{descr}', 'fortran_order': False, 'shape': {shape}}}"
    header = header.encode("latin1") + b"\n"
    size = struct.pack("<H" if version[0] == 1 else "<I", len(header))
    return b"\x93NUMPY" + version + size + header + payload


def _write_members(path, **members):
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members.items():
            archive.writestr(f"{name}.npy", data)
    return path


def _sketches(lengths=(2, 3), dtype=np.int16):
    rng = np.random.default_rng(0)
    sketches = []
    for length in lengths:
        sketch = rng.integers(-255, 256, [length, 3])
        sketch[:, 2] = rng.integers(0, 2, length)
        sketches.append(sketch.astype(dtype))
    return sketches


def _assert_equal(got, expected):
    assert len(got) == len(expected)
    for one, other in zip(got, expected, strict=True):
        np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize("name", REAL)
def test_reads_real_files_as_numpy_does(name):
    path = SHARED / f"{name}.npz"
    if not path.exists():
        pytest.skip(f"needs real drawings in {path}")
    splits = sketchrnn_npz.read(path)
    # Trusted files, so NumPy itself may unpickle them here.
    with np.load(path, allow_pickle=True, encoding="latin1") as trusted:
        assert set(splits) == set(trusted.files)
        for split, sketches in splits.items():
            expected = [sketch.astype(np.float32) for sketch in trusted[split]]
            _assert_equal(sketches, expected)
    dtypes = {sketch.dtype for split in splits.values() for sketch in split}
    assert dtypes == {np.dtype(np.float32 if "kanji" in name else np.int16)}
    assert sketchrnn_npz.counts(path) == {
        split: len(sketches) for split, sketches in splits.items()
    }


def test_write_read_is_identity(tmp_path):
    splits = {
        "train": _sketches((1, 4, 4)),
        "valid": _sketches((2,)),
        "test": _sketches((5,)),
    }
    sketchrnn_npz.write(tmp_path / "cat.npz", splits)
    read = sketchrnn_npz.read(tmp_path / "cat.npz")
    assert list(read) == ["train", "valid", "test"]
    for split, sketches in read.items():
        assert {sketch.dtype for sketch in sketches} == {np.dtype(np.int16)}
        _assert_equal(sketches, splits[split])
    assert os.listdir(tmp_path) == ["cat.npz"]


def test_written_files_are_what_numpy_reads(tmp_path):
    sketches = _sketches((3, 3, 2))
    sketchrnn_npz.write(tmp_path / "cat.npz", {"train": sketches})
    with np.load(
        tmp_path / "cat.npz", allow_pickle=True, encoding="latin1"
    ) as file:
        assert set(file.files) == {"train", "valid", "test"}
        assert file["train"].dtype == object
        _assert_equal(file["train"], sketches)
        assert len(file["valid"]) == len(file["test"]) == 0
    data = zipfile.ZipFile(tmp_path / "cat.npz").read("train.npy")
    assert b"numpy._core" not in data  # which NumPy before 1.26 lacks


def test_writing_again_gives_the_same_bytes(tmp_path):
    for name in ("a.npz", "b.npz"):
        sketchrnn_npz.write(tmp_path / name, {"train": _sketches()})
    first, second = (tmp_path / "a.npz", tmp_path / "b.npz")
    assert first.read_bytes() == second.read_bytes()
    assert sketchrnn_npz.fingerprint(first) == sketchrnn_npz.fingerprint(second)
    other = tmp_path / "c.npz"
    sketchrnn_npz.write(other, {"train": _sketches((3, 2))})
    assert sketchrnn_npz.fingerprint(other) != sketchrnn_npz.fingerprint(first)


@pytest.mark.parametrize("protocol", range(5))
@pytest.mark.parametrize("dtype", ["<i2", ">i4", "u1", "<f8", "f2"])
def test_reads_every_pickle_protocol_and_dtype(tmp_path, protocol, dtype):
    sketches = [np.abs(s).astype(dtype) for s in _sketches((2, 3, 1))]
    payload = pickle.dumps(_object_array(sketches), protocol=protocol)
    path = _write_members(tmp_path / "a.npz", train=_npy(payload, shape=(3,)))
    read = sketchrnn_npz.read(path)["train"]
    _assert_equal(read, sketches)
    assert read[0].dtype == np.int16


def test_reads_fortran_order_and_noncontiguous_sketches(tmp_path):
    sketch = np.asfortranarray(_sketches((4,))[0])
    np.savez(tmp_path / "a.npz", train=_object_array([sketch, sketch[::-1]]))
    read = sketchrnn_npz.read(tmp_path / "a.npz")["train"]
    _assert_equal(read, [sketch, sketch[::-1]])


def test_reads_sketches_of_equal_length_that_became_one_array(tmp_path):
    sketches = _sketches((4, 4, 4))
    np.savez(
        tmp_path / "a.npz",
        train=np.array(sketches),
        valid=np.array(sketches, dtype=object),
        test=np.array([]),
    )
    read = sketchrnn_npz.read(tmp_path / "a.npz")
    _assert_equal(read["train"], sketches)
    _assert_equal(read["valid"], sketches)
    assert read["test"] == []
    assert sketchrnn_npz.counts(tmp_path / "a.npz")["train"] == 3


def test_reads_headers_of_python_2(tmp_path):
    payload = pickle.dumps(_object_array(_sketches()), protocol=2)
    path = _write_members(
        tmp_path / "a.npz", train=_npy(payload, shape="(2L,)")
    )
    _assert_equal(sketchrnn_npz.read(path)["train"], _sketches())


@pytest.mark.parametrize(
    ("values", "dtype"),
    [
        ([[1, 2, 0], [3, 4, 1]], np.int16),
        ([[1.0, -2.0, 0], [3, 4, 1]], np.int16),
        ([[1.5, 2, 0]], np.float32),
        ([[32767, -32768, 1]], np.int16),
        ([[32768, 0, 1]], np.float32),
    ],
)
def test_dtype_is_int16_where_nothing_is_lost(tmp_path, values, dtype):
    array = np.array(values)
    # One sketch of fractions makes all of the file float32.
    np.savez(tmp_path / "a.npz", train=_object_array([*_sketches(), array]))
    read = sketchrnn_npz.read(tmp_path / "a.npz")["train"]
    assert {sketch.dtype for sketch in read} == {np.dtype(dtype)}
    np.testing.assert_array_equal(read[-1], array)


def test_reads_only_the_splits_asked_for(tmp_path):
    path = tmp_path / "a.npz"
    np.savez(path, train=_object_array(_sketches()), valid=np.ones(2), x=[1])
    assert list(sketchrnn_npz.read(path, splits=["train"])) == ["train"]
    with pytest.raises(ValueError, match="splits: expected train, valid or t"):
        sketchrnn_npz.read(path, splits=["dev"])


@pytest.mark.parametrize(
    ("sketch", "message"),
    [
        (np.array([[1, 2, 5]]), r"train\[2\]: expected pen_lifted 0 or 1"),
        (np.array([[np.nan, 2, 1]]), r"train\[2\]: expected finite offsets"),
        (np.array([[1e300, 2, 1]]), r"train\[2\]: expected finite offsets"),
        (np.zeros([0, 3]), r"train\[2\]: expected at least one point"),
        (np.zeros([2, 4]), r"train\[2\]: .* got shape \[2, 4\]"),
        (np.zeros([6]), r"train\[2\]: .* got shape \[6\]"),
        ("ab", r"train\[2\]: expected an array of numbers, got str"),
        (None, r"train\[2\]: expected an array of numbers, got NoneType"),
        ([[1, 2, 0]], r"train\[2\]: expected an array of numbers, got list"),
        (
            _object_array([1, 2]),
            r"train\[2\]: expected an array of numbers, got an object array",
        ),
        (np.array(["a"]), "train: refused: .* dtype U1, and only numbers"),
        (np.zeros(1, "c16"), "train: refused: .* dtype c16, and only numbers"),
        (np.zeros(1, "i4,i4"), "train: refused: .*dtype V8, and only numbers"),
    ],
)
def test_a_bad_sketch_is_named(tmp_path, sketch, message):
    path = tmp_path / "cat.npz"
    np.savez(path, train=_object_array([*_sketches(), sketch]))
    with pytest.raises(ValueError, match=message) as caught:
        sketchrnn_npz.read(path)
    assert str(caught.value).startswith(f"{path}: train")
    assert "\n" not in str(caught.value)


def test_bad_sketches_may_be_skipped_and_counted(tmp_path):
    path = tmp_path / "cat.npz"
    bad = [np.array([[1, 2, 5]]), np.zeros([1, 2]), np.zeros([0, 3]), "text"]
    bad.append(np.array([[np.nan, 2, 0]]))
    sketches = _object_array([*_sketches(), *bad, *_sketches()])
    np.savez(path, train=sketches, test=_object_array(_sketches()))
    tally = tally_lib.Tally()
    found = sketchrnn_npz.read(path, tally=tally)
    assert len(found["train"]) == 2 * len(_sketches())
    assert len(found["test"]) == len(_sketches())
    assert tally.good == 3 * len(_sketches())
    assert tally.bad.total() == len(bad)
    assert tally.examples[0].startswith(f"{path}: train[2]: expected pen_lif")
    assert "train[5]: expected an array of numbers" in tally.examples[3]


def test_missing_file():
    with pytest.raises(FileNotFoundError, match="^none.npz: no such file$"):
        sketchrnn_npz.read("none.npz")


def test_not_an_npz_file(tmp_path):
    path = tmp_path / "a.npz"
    with pytest.raises(ValueError, match="expected an npz file, got a folder"):
        sketchrnn_npz.read(tmp_path)
    path.write_bytes(b"")
    with pytest.raises(ValueError, match="a.npz: .* got an empty file"):
        sketchrnn_npz.read(path)
    path.write_bytes(b"not a zip")
    with pytest.raises(ValueError, match="got no zip archive or a damaged one"):
        sketchrnn_npz.read(path)
    np.savez(path, cats=[1], dogs=[2])
    with pytest.raises(ValueError, match="named train, .*, got cats, dogs$"):
        sketchrnn_npz.read(path)


def test_truncated_and_damaged_files(tmp_path):
    path = tmp_path / "a.npz"
    sketchrnn_npz.write(path, {"train": _sketches((50,) * 20)})
    good = path.read_bytes()
    path.write_bytes(good[: len(good) // 2])
    with pytest.raises(ValueError, match="damaged"):
        sketchrnn_npz.read(path)
    # Any flipped byte is an error of one line or changes nothing read.
    expected = sketchrnn_npz.read(_copy(path, good))["train"]
    for place in range(0, len(good), 97):
        changed = bytearray(good)
        changed[place] ^= 0xFF
        path.write_bytes(changed)
        try:
            _assert_equal(sketchrnn_npz.read(path)["train"], expected)
        except ValueError as error:
            assert "\n" not in str(error)


def _copy(path, data):
    path.write_bytes(data)
    return path


def test_mutated_pickles_never_raise_anything_else():
    rng = np.random.default_rng(0)
    good = pickle.dumps(_object_array(_sketches()), protocol=2)
    for _ in range(3000):
        changed = bytearray(good)
        for place in rng.integers(0, len(good), 3):
            changed[place] = rng.integers(0, 256)
        try:
            array_pickle.load(io.BytesIO(changed))
        except ValueError as error:
            assert "\n" not in str(error)


@pytest.mark.parametrize(
    ("header", "message"),
    [
        (_npy(b"", shape=(10**9, 50, 3), descr="<i2"), "got 0 bytes"),
        (_npy(b"", shape=(10**30, 1, 3), descr="<i2"), "got shape"),
        (_npy(b"", shape=(0, 10**30, 3), descr="<i2"), "got shape"),
        (_npy(b"", shape=(-1, 50, 3), descr="<i2"), "got shape"),
        (_npy(b"", descr="V8"), "got dtype"),
        (_npy(b"", descr="<U4"), "got dtype"),
        (_npy(b"", descr="<M8[s]"), "got dtype"),
        (_npy(b"", descr="i2,O"), "got dtype"),
        (_npy(b"", version=b"\x03\x00"), "got a bad header"),
        (_npy(b"", shape="(" * 4000), "got a bad header"),
        (_npy(b"", shape=" " * 20000), "got a bad header"),
        (b"\x93NUMPY", "got a bad header"),
        (b"", "got a bad header"),
        (_npy(b""), "got a damaged one"),
        (
            _npy(np.ones(6, "<i2").tobytes(), shape=(2, 3), descr="<i2"),
            "a list",
        ),
        (_npy(pickle.dumps(_object_array([])), shape=(5,)), "got 0 elements"),
        (_npy(pickle.dumps(_sketches()[0])), "got an array of numbers"),
        (_npy(pickle.dumps("cat")), "expected an object array, got str"),
    ],
)
def test_bad_headers_and_contents(tmp_path, header, message):
    path = _write_members(tmp_path / "a.npz", train=header)
    with pytest.raises(ValueError, match=message) as caught:
        sketchrnn_npz.read(path)
    assert "\n" not in str(caught.value)


class _Call:
    """Pickles as a call, which any unpickler but ours would make."""

    def __init__(self, function, *args):
        self.reduction = function, args

    def __reduce__(self):
        return self.reduction


def _gadgets(target):
    touch = f"touch {target}"
    code = f"open({str(target)!r}, 'w').close()"
    return {
        "posix.system": _Call(os.system, touch),
        "builtins.eval": _Call(eval, code),
        "builtins.exec": _Call(exec, code),
        "builtins.getattr": _Call(getattr, "cat", "upper"),
        "builtins.open": _Call(open, str(target), "w"),
        "subprocess.Popen": _Call(subprocess.Popen, ["touch", str(target)]),
        "functools.partial": _Call(functools.partial, os.system, touch),
        "builtins.__import__": _Call(builtins.__import__, "os"),
        "numpy.load": _Call(np.load, str(target)),
        "numpy.fromfile": _Call(np.fromfile, str(target)),
        "pathlib.PosixPath": pathlib.PurePosixPath("/"),
        "_pickle.loads": _Call(pickle.loads, pickle.dumps(1)),
    }


@pytest.mark.parametrize("protocol", [0, 2, 4])
@pytest.mark.parametrize("name", list(_gadgets("x")))
@pytest.mark.parametrize("place", ["top", "element"])
def test_hostile_pickles_are_refused_and_not_run(
    tmp_path, protocol, name, place
):
    target = tmp_path / "created"
    gadget = _gadgets(target)[name]
    if place == "element":
        gadget = _object_array([*_sketches(), gadget])
    payload = pickle.dumps(gadget, protocol=protocol)
    path = _write_members(tmp_path / "x.npz", train=_npy(payload))
    with pytest.raises(ValueError, match="refused: its pickle asks for"):
        sketchrnn_npz.read(path)
    assert not target.exists()


def test_the_refusal_says_what_was_asked_for(tmp_path):
    payload = pickle.dumps(_Call(os.system, "true"))
    path = _write_members(tmp_path / "x.npz", train=_npy(payload))
    with pytest.raises(ValueError) as caught:
        sketchrnn_npz.read(path)
    assert str(caught.value) == (
        f"{path}: train: refused: its pickle asks for posix.system, "
        "and only NumPy arrays may be read"
    )


@pytest.mark.parametrize(
    "payload",
    [
        b"Pposix.system\n.",  # persistent id
        b"\x80\x02K\x01Q.",  # the same, binary
        b"(S'touch x'\niposix\nsystem\n.",  # INST
        b"\x80\x02\x82\x01.",  # extension registry
        b"\x80\x02}.",  # a dict
        b"\x80\x05\x96" + b"\xff" * 7 + b"\x7f.",  # a bytearray of 2**63
        b"cnumpy\nndarray\n)\x81.",  # NEWOBJ
        b"cnumpy\nndarray\n)R.",  # a call of an admitted name
        b"cnumpy\ndtype\n}b.",  # a change of an admitted name
        b"cnumpy\ndtype\nNb.",
        b"cnumpy\nndarray.__class__\n.",
        b"cos\nsystem\n.",
        b"\x80\x04\x8c\x05numpy\x8c\x0fdtype.__class__\x93.",
        b"cnumpy\ndtype\n(S'O,O'\ntR.",
        b"cnumpy\ndtype\n(S'V8'\ntR.",
        b"c_codecs\nencode\n(Vab\nVrot13\ntR.",
        b"\xff.",
    ],
)
def test_opcodes_that_no_array_needs_are_refused(payload):
    with pytest.raises(array_pickle.RefusedError) as caught:
        array_pickle.load(io.BytesIO(payload))
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "payload",
    [
        b".",
        b"",
        b"0.",
        b"\x80\xff.",
        b"K\x01r\xff\xff\xff\x7fh\x00.",  # a memo index that would take 16 GB
        b"K\x01j\xff\xff\xff\x7f.",
        b"(" * 100_000 + b".",
        b"]" + b"\x85" * 100_000 + b".",  # tuples, nested
        b"X\xff\xff\xff\xff.",
        b"I" + b"9" * 5000 + b"\n.",
        b"\x80\x04\x95\xff\xff\xff\xff\xff\xff\xff\x7fK\x01.",
        b"cnumpy.core.multiarray\n_reconstruct\n)R.",
        # Bytes that would become pointers if NumPy took them as objects.
        b"cnumpy.core.multiarray\n_reconstruct\n)R(K\x01K\x01\x85"
        b"cnumpy\ndtype\n(S'O8'\ntRI00\nC\x08AAAAAAAAtb.",
        # More elements than there are bytes.
        b"cnumpy.core.multiarray\n_reconstruct\n)R(K\x01K\xff\x85"
        b"cnumpy\ndtype\n(S'i2'\ntRI00\nC\x02AAtb.",
    ],
)
def test_damaged_pickles_are_errors(payload):
    with pytest.raises(ValueError, match="expected ") as caught:
        array_pickle.load(io.BytesIO(payload))
    assert len(str(caught.value)) < 200


def test_an_array_that_is_never_filled_is_no_array_of_numbers():
    start = b"cnumpy.core.multiarray\n_reconstruct\n)R"
    payload = start + (
        b"(K\x01K\x01\x85cnumpy\ndtype\n(S'O8'\ntRI00\n]" + start + b"atb."
    )
    (item,) = array_pickle.load(io.BytesIO(payload))
    assert array_pickle.describe(item) == "an empty array"


def test_a_list_that_contains_itself_is_an_error(tmp_path):
    items = []
    items.append(items)
    payload = pickle.dumps(_object_array([items]))
    path = _write_members(tmp_path / "a.npz", train=_npy(payload))
    with pytest.raises(ValueError, match="expected an array of numbers, got l"):
        sketchrnn_npz.read(path)


def test_zip_bombs_are_refused(tmp_path, monkeypatch):
    data = _npy(bytes(30_000_000), shape=(5_000_000, 1, 3), descr="<i2")
    path = _write_members(tmp_path / "a.npz", train=data)
    with pytest.raises(ValueError, match="train: refused: .* bytes grow to 30"):
        sketchrnn_npz.read(path)
    monkeypatch.setattr(npz_archive, "MAX_BYTES", 100)
    np.savez(path, train=_object_array(_sketches()))
    with pytest.raises(ValueError, match="refused: .* at most 100 bytes"):
        sketchrnn_npz.read(path)


def test_one_array_in_many_places_counts_each_time(tmp_path, monkeypatch):
    sketch = _sketches((100,))[0]
    np.savez(tmp_path / "a.npz", train=_object_array([sketch] * 1000))
    assert len(sketchrnn_npz.read(tmp_path / "a.npz")["train"]) == 1000
    monkeypatch.setattr(npz_archive, "MAX_BYTES", 100_000)
    with pytest.raises(ValueError, match="refused: its arrays grow to 600,000"):
        sketchrnn_npz.read(tmp_path / "a.npz")


def test_an_encrypted_member_is_an_error(tmp_path):
    path = _write_members(tmp_path / "a.npz", train=_npy(b""))
    data = bytearray(path.read_bytes())
    for signature, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        data[data.index(signature) + offset] |= 1
    path.write_bytes(data)
    with pytest.raises(ValueError, match="train: the archive is damaged"):
        sketchrnn_npz.read(path)


@pytest.mark.parametrize(
    ("splits", "message"),
    [
        ({"dev": _sketches()}, "expected splits named train, .*, got dev"),
        ({"train": []}, "expected at least one sketch, got none"),
        ({"valid": [np.zeros([1, 2])]}, r"valid\[0\]: expected an array"),
        ({"test": [np.array([[0, 0, 2]])]}, r"test\[0\]: expected pen_lift"),
    ],
)
def test_write_refuses_what_read_would(tmp_path, splits, message):
    with pytest.raises(ValueError, match=message):
        sketchrnn_npz.write(tmp_path / "a.npz", splits)
    assert not list(tmp_path.iterdir())


def test_a_failed_write_leaves_the_old_file(tmp_path, monkeypatch):
    path = tmp_path / "a.npz"
    sketchrnn_npz.write(path, {"train": _sketches()})
    before = path.read_bytes()

    def fail(*_args, **_options):
        raise OSError("disk full")

    monkeypatch.setattr(sketchrnn_npz.pickle, "dumps", fail)
    with pytest.raises(OSError, match="disk full"):
        sketchrnn_npz.write(path, {"train": _sketches((7,))})
    assert path.read_bytes() == before
    assert os.listdir(tmp_path) == ["a.npz"]


def test_tensorflow_stays_unloaded():
    code = (
        "import sys, sketch_rnn_tf.files.sketchrnn_npz;"
        "sys.exit('tensorflow' in sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
