"""Reads pickled object arrays without running what they name.  NumPy only.

A pickle can run any code, so none from a file is given to NumPy or to
`pickle.load`.  The unpickler here knows only the opcodes that arrays need, and
builds arrays from checked shapes, types and bytes by itself: nothing that a
pickle names is imported or called, and `ndarray.__setstate__`, which trusts
its input, is never reached.
"""

import math
import pickle
import pickletools
import re
from typing import BinaryIO

import numpy as np

from sketch_rnn_tf import quoting

_MODULES = ("numpy.core.multiarray", "numpy._core.multiarray")
_GLOBALS = {
    **{(module, "_reconstruct"): "_reconstruct" for module in _MODULES},
    **{(module, "scalar"): "scalar" for module in _MODULES},
    ("numpy", "ndarray"): "ndarray",
    ("numpy", "dtype"): "dtype",
    # So Python 3 writes bytes in protocols that Python 2 can read.
    ("_codecs", "encode"): "encode",
    ("__builtin__", "bytes"): "bytes",
}
_NUMBER_CODE = re.compile(r"[<>=|]?([iu][1248]|f[248]|b1)")
_OBJECT_CODES = ("O", "|O", "O4", "O8")
_OPCODES = [
    *("PROTO", "FRAME", "STOP", "MARK", "POP", "NONE", "NEWTRUE", "NEWFALSE"),
    *("INT", "BININT", "BININT1", "BININT2", "LONG", "LONG1", "LONG4"),
    *("FLOAT", "BINFLOAT", "STRING", "BINSTRING", "SHORT_BINSTRING"),
    *("UNICODE", "BINUNICODE", "SHORT_BINUNICODE", "BINUNICODE8"),
    *("BINBYTES", "SHORT_BINBYTES", "BINBYTES8"),
    *("TUPLE", "EMPTY_TUPLE", "TUPLE1", "TUPLE2", "TUPLE3"),
    *("LIST", "EMPTY_LIST", "APPEND", "APPENDS", "GET", "BINGET"),
    *("LONG_BINGET", "PUT", "BINPUT", "LONG_BINPUT", "MEMOIZE"),
    *("GLOBAL", "STACK_GLOBAL"),
]


class RefusedError(ValueError):
    """A pickle asked for something that no array needs."""


def load(stream: BinaryIO) -> list:
    """Reads the pickle of an object array.

    Args:
      stream: Where to read from; Python 2 pickles are read as latin1.

    Returns:
      The elements in the order of memory.  An array of numbers is a NumPy
      array, possibly not writable; a number, a string, None, a list or a
      tuple is itself; anything else is an object of no use, see `describe`.

    Raises:
      RefusedError: If the pickle asks for anything but NumPy arrays.
      ValueError: If the pickle is damaged or not that of an object array.
    """
    try:
        result = _ArrayUnpickler(stream, encoding="latin1").load()
    except RefusedError:
        raise
    except Exception as error:
        raise ValueError(
            "expected a pickle of NumPy arrays, got a damaged one "
            f"({quoting.shown(error) or type(error).__name__})"
        ) from error
    items = getattr(result, "items", None)
    if type(result) is not _Array or type(items) is not list:
        raise ValueError(f"expected an object array, got {describe(result)}")
    return [
        item.items
        if type(item) is _Array and type(item.items) is np.ndarray
        else item
        for item in items
    ]


def describe(value: object) -> str:
    """Names the kind of an element that `load` gave.

    >>> describe("text")
    'str'
    """
    if type(value) is _Array:
        if value.items is None:
            return "an empty array"
        is_list = type(value.items) is list
        return "an object array" if is_list else "an array of numbers"
    if type(value) is _Global:
        return f"numpy.{value}"
    if type(value) is _Dtype:
        return "a dtype"
    return type(value).__name__


class _Global(str):
    """What a pickle named, one of the values of `_GLOBALS`; inert."""


class _Dtype:
    """Stands in for `numpy.dtype`; `dtype` is None for objects."""

    __slots__ = ("dtype",)

    def __init__(self, code: object) -> None:
        if code in _OBJECT_CODES:
            self.dtype = None
        elif isinstance(code, str) and _NUMBER_CODE.fullmatch(code):
            self.dtype = np.dtype(code)
        else:
            raise RefusedError(
                f"its pickle has an array of dtype {quoting.shown(code)}, "
                "and only numbers may be read"
            )

    def build(self, state: tuple) -> None:
        _, order, subdtype, names, fields, *_ = state
        if subdtype or names or fields:
            raise RefusedError(
                "its pickle has an array with fields, "
                "and only numbers may be read"
            )
        if order not in ("<", ">", "|", "="):
            raise ValueError(f"byte order {quoting.shown(order)}")
        if self.dtype is not None:
            self.dtype = self.dtype.newbyteorder(order)


class _Array:
    """Stands in for `numpy.ndarray`.

    `items` is an array of numbers, or the list inside an object array, or
    None before `build`.
    """

    __slots__ = ("items",)

    def __init__(self) -> None:
        self.items = None

    def build(self, state: tuple) -> None:
        _, shape, kind, is_fortran, data = state
        if type(kind) is not _Dtype:
            raise ValueError(f"a dtype is {describe(kind)}")
        if kind.dtype is None:
            if type(data) is not list:
                raise ValueError("an object array has no list")
            self.items = data
            return
        if type(data) is str:  # a byte string of Python 2
            data = data.encode("latin1")
        if len(data) != math.prod(shape) * kind.dtype.itemsize:
            raise ValueError(
                f"{len(data)} bytes for {quoting.shown(shape)} of {kind.dtype}"
            )
        flat = np.frombuffer(data, kind.dtype)
        self.items = flat.reshape(shape, order="F" if is_fortran else "C")


class _Dispatch(dict):
    """Maps an opcode to its reader; refuses those that arrays do not need."""

    def __missing__(self, code: int) -> None:
        known = pickletools.code2op.get(chr(code))
        raise RefusedError(
            f"its pickle uses {known.name if known else f'opcode {code}'}, "
            "which no array needs"
        )


# The Python version of the unpickler: the one in C makes room for any memo
# index that a file states, up to 32 GB, and its opcodes cannot be restricted.
class _ArrayUnpickler(pickle._Unpickler):
    """Builds arrays from a pickle, and nothing else."""

    dispatch = _Dispatch(
        (code, pickle._Unpickler.dispatch[code])
        for code in (getattr(pickle, name)[0] for name in _OPCODES)
    )

    def find_class(self, module: str, name: str) -> _Global:
        try:
            return _Global(_GLOBALS[module, name])
        except KeyError:
            raise RefusedError(
                f"its pickle asks for {quoting.shown(f'{module}.{name}')}, "
                "and only NumPy arrays may be read"
            ) from None

    def load_reduce(self) -> None:
        args = self.stack.pop()
        function = self.stack[-1]
        if type(function) is not _Global or type(args) is not tuple:
            raise RefusedError(
                f"its pickle calls {describe(function)}, which no array needs"
            )
        if function == "_reconstruct":
            result = _Array()
        elif function == "dtype":
            result = _Dtype(args[0])
        elif function == "scalar":
            array = _Array()
            array.build((1, (), args[0], False, args[1]))
            result = array.items.item()
        elif function == "encode" and args[1] == "latin1":
            result = str.encode(args[0], "latin1")
        elif function == "bytes" and not args:
            result = b""
        else:
            raise RefusedError(
                f"its pickle calls {function} in a way that no array needs"
            )
        self.stack[-1] = result

    def load_build(self) -> None:
        state = self.stack.pop()
        target = self.stack[-1]
        if type(target) not in (_Array, _Dtype):
            raise RefusedError(
                f"its pickle changes {describe(target)}, which no array needs"
            )
        target.build(state)

    dispatch[pickle.REDUCE[0]] = load_reduce
    dispatch[pickle.BUILD[0]] = load_build
