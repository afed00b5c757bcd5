"""The native library: compiled where it has not been, and loaded.

It is kept in the user's cache, under a name that depends on all that it was
made of.  The environment variable `SKETCH_RNN_TF_NATIVE` says whether it is
used: `auto`, where it can be compiled (the default), `off`, or `on`, which
makes it an error if it cannot be.
"""

import contextlib
import functools
import hashlib
import os
import pathlib
import platform
import shlex
import shutil
import subprocess
import sys
import tempfile
import types
import warnings

import tensorflow as tf

SWITCH = "SKETCH_RNN_TF_NATIVE"
CHOICES = ("auto", "on", "off")

FLAGS = ("-std=gnu11", "-O3", "-ffp-contract=fast", "-fPIC", "-shared")
FOR_THIS_PROCESSOR = {"x86_64": ("-march=native",)}
"""By machine; on others vectors are part of what every processor has."""

_HERE = pathlib.Path(__file__).parent
_SOURCES = ("operations.c", "lstm.h", "product.h", "vector.h", "memory.h")


def operations() -> types.ModuleType | None:
    """Returns the library's operations; None if they are not to be used.

    Raises:
      ValueError: If `SKETCH_RNN_TF_NATIVE` is none of `CHOICES`, or "on" where
        the library cannot be compiled.
    """
    choice = _choice()
    if choice == "off":
        return None
    loaded, why = _loaded()
    if loaded is None and choice == "on":
        raise ValueError(f"{SWITCH}: on, but {why}")
    return loaded


def check() -> None:
    """Checks `SKETCH_RNN_TF_NATIVE`, before a step that would need it.

    Raises:
      ValueError: As `operations` does.
    """
    if _choice() == "on":
        operations()


def _choice():
    choice = os.environ.get(SWITCH) or CHOICES[0]
    if choice not in CHOICES:
        raise ValueError(
            f"{SWITCH}: expected one of {', '.join(CHOICES)}, got {choice!r}"
        )
    return choice


@functools.cache
def _loaded():
    """Returns the operations, or None and why there are none."""
    compiler = shlex.split(os.environ.get("CC") or "cc")
    if sys.platform not in ("linux", "darwin"):
        return None, f"it is not made for {sys.platform}"
    if not compiler or not shutil.which(compiler[0]):
        return None, f"there is no C compiler {shlex.join(compiler)}"
    try:
        with _folder() as folder:
            path = compiled(compiler, folder=folder)
            return tf.load_op_library(str(path)), ""
    except (OSError, subprocess.SubprocessError, tf.errors.OpError) as error:
        why = _first_error(error)
        warnings.warn(
            f"LSTMs train more slowly, without the native library: {why}",
            RuntimeWarning,
            stacklevel=2,
        )
        return None, why


def compiled(compiler: list[str], *, folder: str | os.PathLike) -> pathlib.Path:
    """Returns the library's path, compiled for this machine if need be.

    Args:
      compiler: The compiler and its first arguments.
      folder: Where it is, or is to be; it exists.

    Raises:
      OSError: If it cannot be written.
      subprocess.SubprocessError: If it cannot be compiled; what the compiler
        says is in `stderr`, where it came to say anything.
    """
    tensorflow = pathlib.Path(tf.sysconfig.get_lib())
    command = [
        *compiler,
        *FLAGS,
        *FOR_THIS_PROCESSOR.get(platform.machine(), ()),
        f"-I{tf.sysconfig.get_include()}",
        f"-Wl,-rpath,{tensorflow}",
        str(_HERE / _SOURCES[0]),
        *map(str, sorted(tensorflow.glob("libtensorflow_framework.*"))),
    ]
    path = pathlib.Path(folder, f"{_made_of(command)}.so")
    # Somebody else's would be their code that we run.
    if path.exists() and path.stat().st_uid == os.getuid():
        return path
    handle, beside = tempfile.mkstemp(dir=folder, suffix=".so")
    os.close(handle)
    try:
        subprocess.run(
            [*command, "-o", beside],
            check=True,
            capture_output=True,
            text=True,
            timeout=600,
        )
        os.replace(beside, path)
    finally:
        pathlib.Path(beside).unlink(missing_ok=True)
    return path


def _made_of(command):
    """Returns a name for what a command makes on this machine."""
    version = subprocess.run(
        [command[0], "--version"], check=True, capture_output=True, timeout=60
    )
    made_of = [
        *(word.encode() for word in command),
        version.stdout,
        tf.__version__.encode(),
        _processor(),
        *((_HERE / name).read_bytes() for name in _SOURCES),
    ]
    digest = hashlib.sha256()
    for part in made_of:
        digest.update(len(part).to_bytes(8, "little") + part)
    return digest.hexdigest()[:32]


def _processor():
    """Returns what is known of the processor and its instructions."""
    try:
        lines = pathlib.Path("/proc/cpuinfo").read_bytes().splitlines()
    except OSError:
        lines = []
    kinds = (b"model name", b"flags", b"Features")
    known = sorted({line for line in lines if line.startswith(kinds)})
    return b"\n".join([platform.platform().encode(), *known])


@contextlib.contextmanager
def _folder():
    """Opens the cache's folder, or one that goes with what is in it."""
    try:
        home = (
            os.environ.get("XDG_CACHE_HOME") or pathlib.Path.home() / ".cache"
        )
        folder = pathlib.Path(home, "sketch_rnn_tf", "native")
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        if not os.access(folder, os.W_OK):
            raise PermissionError(f"{folder}: not writable")
    except (OSError, RuntimeError):
        with tempfile.TemporaryDirectory(prefix="sketch_rnn_tf_") as folder:
            yield folder
        return
    yield folder


def _first_error(error):
    """Returns what went wrong, in one line."""
    output = getattr(error, "stderr", None) or str(error)
    lines = [line.strip() for line in output.splitlines() if line.strip()]
    wrong = [line for line in lines if "error" in line.lower()]
    return (wrong or lines or [repr(error)])[0]
