"""Planted faults: targets that break a promise, to prove that it is noticed.

Each reads any input, but breaks its promise on those that begin with a word
which only guided inputs find.
"""

import ctypes
import os
import pathlib
import pickle
import re
import socket
import subprocess

from fuzzing import entrance as entrance_lib


def _unpickles(folder, data):
    pickle.loads(b"cos\ngetcwd\n)R.")


def _evaluates(folder, data):
    eval("1 + 1")


def _starts(folder, data):
    subprocess.run(["true"], check=True)


def _connects(folder, data):
    socket.socket().close()


def _writes_outside(folder, data):
    (folder.parent / "elsewhere").write_bytes(data)


def _leaves_by_native_code(folder, data):
    # No event of Python's tells of it.
    libc = ctypes.CDLL(None)
    libc.mkdir(os.fsencode(folder / "left"), 0o700)


def _loops(folder, data):
    while True:
        pass


def _backtracks(folder, data):
    re.match(r"(a+)+$", "a" * 60 + "b")


def _allocates(folder, data):
    return bytes(2**27) + b"a"


def _asks_for_too_much(folder, data):
    return bytearray(2**40)


def _raises_another_error(folder, data):
    return {}["key"]


def _recurses(folder, data):
    return _recurses(folder, data)


def _says_two_lines(folder, data):
    raise ValueError(f"{folder}: expected one line,\ngot two")


def _says_too_much(folder, data):
    raise ValueError(f"{folder}: got {'x' * 2000}")


def _names_no_file(folder, data):
    raise ValueError("expected a file")


def _dies(folder, data):
    os.abort()


def _entrance(fault):
    def read(folder: pathlib.Path) -> None:
        data = (folder / "input").read_bytes()
        # Each is a branch, and the first one leads to the second.
        if len(data) > 1 and data[0] == ord("f") and data[1] == ord("z"):
            fault(folder, data)
        if len(data) > 12:
            raise ValueError(f"{folder}: expected 12 bytes, got {len(data)}")

    return entrance_lib.Entrance(
        lambda: [b"aa"],
        lambda folder, data: (folder / "input").write_bytes(data),
        read,
        max_len=16,
        seconds=1.0,
        memory=2**26,
    )


FAULTS = {
    "unpickles": (_unpickles, "pickle"),
    "evaluates": (_evaluates, "code"),
    "starts": (_starts, "process"),
    "connects": (_connects, "network"),
    "writes_outside": (_writes_outside, "write"),
    "leaves_by_native_code": (_leaves_by_native_code, "write"),
    "loops": (_loops, "time"),
    "backtracks": (_backtracks, "time"),
    "allocates": (_allocates, "memory"),
    "asks_for_too_much": (_asks_for_too_much, "memory"),
    "raises_another_error": (_raises_another_error, "error"),
    "recurses": (_recurses, "error"),
    "says_two_lines": (_says_two_lines, "line"),
    "says_too_much": (_says_too_much, "line"),
    "names_no_file": (_names_no_file, "line"),
    "dies": (_dies, "death"),
}
"""What each does, and what the oracle has to call it."""

ENTRANCES = {name: _entrance(fault) for name, (fault, _) in FAULTS.items()}
