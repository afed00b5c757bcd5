"""Indexes of TensorFlow's checkpoints that would end TensorFlow's reader."""

import numpy as np
import pytest
import tensorflow as tf
from tensorflow.core.protobuf import tensor_bundle_pb2

from sketch_rnn_tf.training import checkpoint_index
from sketch_rnn_tf.weights import magenta

FLOAT, TEXT = 1, 7


def _number(value):
    if value < 128:
        return bytes([value])
    return bytes([value % 128 + 128]) + _number(value // 128)


def _block(entries):
    made = b""
    for key, value in entries:
        made += b"\0" + _number(len(key)) + _number(len(value)) + key + value
    return made + (0).to_bytes(4, "little") + (1).to_bytes(4, "little")


def _table(*entries):
    """Writes an index without its sums, which come after what is looked at."""
    block = _block(entries)
    index = _block([(b"\xff", b"\0" + _number(len(block)))])
    start = len(block) + 5
    footer = b"\0\0" + _number(start) + _number(len(index))
    footer = footer.ljust(40, b"\0")
    ends = b"\0" * 5
    return block + ends + index + ends + footer + checkpoint_index._MAGIC


def _entry(sizes, dtype=FLOAT, **more):
    entry = tensor_bundle_pb2.BundleEntryProto(dtype=dtype, **more)
    for size in sizes:
        entry.shape.dim.add(size=size)
    return entry.SerializeToString()


@pytest.fixture
def written(tmp_path):
    """Returns a good checkpoint of a matrix and a text."""
    prefix = tmp_path / "vector-1"
    tf.raw_ops.SaveV2(
        prefix=str(prefix),
        tensor_names=["vector_rnn/a", "vector_rnn/b"],
        shape_and_slices=["", ""],
        tensors=[tf.constant(np.eye(2, dtype=np.float32)), tf.constant("text")],
    )
    return prefix


def test_a_good_one_passes(written):
    checkpoint_index.check(written)


def test_every_cut_is_refused(written):
    index = written.with_suffix(".index")
    whole = index.read_bytes()
    for size in range(0, len(whole), 7):
        index.write_bytes(whole[:size])
        with pytest.raises(ValueError, match="the index of a checkpoint"):
            checkpoint_index.check(written)


@pytest.mark.parametrize(
    "entries",
    [
        # TensorFlow's reader ends the process at each of the first five.
        [(b"a", b"\xff\xff")],
        [(b"a", _entry([-1]))],
        [(b"a", _entry([2**62, 2**62]))],
        [(b"a", _entry([1] * 300, size=4))],
        [(b"a", _entry([2], size=8, slices=[{}, {}]))],
        [(b"a", _entry([2**40], size=2**42))],
        [(b"a", _entry([2**30], TEXT, size=9))],
        [(b"a", _entry([2], size=4))],
        [(b"a", _entry([2], size=-8))],
        [(b"a", _entry([2], 99, size=8))],
        [(b"a", _entry([2], size=8)), (b"a", _entry([2], size=8))],
        [(b"\xff\xfe", _entry([2], size=8))],
    ],
)
def test_an_entry_that_cannot_be_is_refused(written, entries):
    header = b"", tensor_bundle_pb2.BundleHeaderProto().SerializeToString()
    index = written.with_suffix(".index")
    index.write_bytes(_table(header, (b"a", _entry([2], size=8))))
    checkpoint_index.check(written)
    index.write_bytes(_table(header, *entries))
    with pytest.raises(ValueError, match=f"{index}: expected") as caught:
        magenta.read_checkpoint(written.parent)
    assert str(caught.value).isprintable()


def test_a_large_one_is_refused(written, monkeypatch):
    monkeypatch.setattr(checkpoint_index, "MAX_BYTES", 10)
    with pytest.raises(ValueError, match="expected at most 10 bytes"):
        checkpoint_index.check(written)
