"""The C program: built, asked, and its answers read."""

import os
import pathlib
import shutil
import struct
import subprocess

import numpy as np
import tensorflow as tf
from tensorflow.core.protobuf import saved_model_pb2

SOURCE = pathlib.Path(__file__).with_name("run_saved_model.c")
_MAGIC = b"SRT1"


def compiler() -> str | None:
    """Returns the C compiler, $CC or cc; None where there is none."""
    return shutil.which(os.environ.get("CC") or "cc")


def build(folder: str | os.PathLike) -> pathlib.Path:
    """Builds the program against the TensorFlow that is installed.

    Raises:
      ValueError: If there is no compiler, or it fails.
    """
    found = compiler()
    if found is None:
        raise ValueError("expected a C compiler, $CC or cc, got none")
    program = pathlib.Path(folder, "run_saved_model")
    libraries = tf.sysconfig.get_lib()
    result = subprocess.run(
        [
            *(found, "-std=c11", "-O2", "-Wall", "-Wextra", "-Werror"),
            *(f"-I{tf.sysconfig.get_include()}", str(SOURCE)),
            *("-o", str(program), f"-L{libraries}"),
            *("-l:libtensorflow_cc.so.2", "-l:libtensorflow_framework.so.2"),
            f"-Wl,-rpath,{libraries}",
        ],
        capture_output=True,
        text=True,
        check=False,
    )
    if result.returncode:
        lines = result.stderr.strip().splitlines() or ["no message"]
        raise ValueError(f"{found}: {lines[0]}")
    return program


def ask(
    program: pathlib.Path,
    version: str | os.PathLike,
    signature: str,
    request: dict[str, np.ndarray],
    folder: str | os.PathLike,
) -> dict[str, np.ndarray]:
    """Asks a SavedModel's signature through the program.

    Args:
      program: As `build` makes it.
      version: The SavedModel.
      signature: The name of one of its signatures.
      request: Its inputs.
      folder: Where the files of request and answer go.

    Returns:
      Its outputs.

    Raises:
      ValueError: If the program ends with an error.
    """
    inputs, outputs = _tensor_names(version, signature)
    asked = pathlib.Path(folder, "request")
    answered = pathlib.Path(folder, "answer")
    asked.write_bytes(
        request_bytes(
            {inputs[name]: value for name, value in request.items()},
            list(outputs.values()),
        )
    )
    result = subprocess.run(
        [program, version, asked, answered],
        capture_output=True,
        text=True,
        check=False,
        # No trace of Python: not even where it would look for modules.
        env={"TF_CPP_MIN_LOG_LEVEL": "3"},
    )
    if result.returncode:
        lines = result.stderr.strip().splitlines() or ["no message"]
        raise ValueError(lines[-1])
    found = answer_arrays(answered.read_bytes())
    return {name: found[tensor] for name, tensor in outputs.items()}


def request_bytes(fed: dict[str, np.ndarray], fetched: list[str]) -> bytes:
    """Returns a file of a request, as the program's source describes it."""
    parts = [_MAGIC, struct.pack("<I", len(fed))]
    for name, value in fed.items():
        kind = tf.as_dtype(value.dtype).as_datatype_enum
        parts += [
            _name_bytes(name),
            struct.pack("<II", kind, value.ndim),
            struct.pack(f"<{value.ndim}qQ", *value.shape, value.nbytes),
            np.ascontiguousarray(value).tobytes(),
        ]
    parts.append(struct.pack("<I", len(fetched)))
    return b"".join([*parts, *map(_name_bytes, fetched)])


def answer_arrays(content: bytes) -> dict[str, np.ndarray]:
    """Returns the tensors of an answer by their names in the graph."""
    if content[:4] != _MAGIC:
        raise ValueError("answer: expected one of the program, got another")
    (count,) = struct.unpack_from("<I", content, 4)
    position, found = 8, {}

    def take(form):
        nonlocal position
        values = struct.unpack_from(form, content, position)
        position += struct.calcsize(form)
        return values

    for _ in range(count):
        (length,) = take("<I")
        name = content[position : position + length].decode()
        position += length
        kind, rank = take("<II")
        *shape, size = take(f"<{rank}qQ")
        array = np.frombuffer(
            content[position : position + size],
            tf.as_dtype(kind).as_numpy_dtype,
        )
        found[name] = array.reshape(shape)
        position += size
    return found


def _name_bytes(name):
    encoded = name.encode()
    return struct.pack("<I", len(encoded)) + encoded


def _tensor_names(version, signature):
    """Returns a signature's tensors in the graph, of inputs and outputs."""
    content = pathlib.Path(version, "saved_model.pb").read_bytes()
    model = saved_model_pb2.SavedModel.FromString(content)
    definition = model.meta_graphs[0].signature_def[signature]
    return tuple(
        {name: tensor.name for name, tensor in tensors.items()}
        for tensors in (definition.inputs, definition.outputs)
    )
