"""The oracle: what reading a stranger's bytes may do, and what it may not.

It may succeed, or raise a ValueError or OSError whose message is one short
printable line.  It may not run code, start a process, open a socket, unpickle,
write anything, take long or take much memory.  What Python does is seen by an
audit hook, what native code leaves on disk by looking there.
"""

import os
import pathlib
import re
import resource
import signal
import sys
import traceback
import warnings
from types import CodeType, FrameType

from fuzzing import entrance as entrance_lib

LONGEST_LINE = 1000
"""Of an error, characters."""

_OURS = r"(sketch_rnn_tf|export)(\.|$)"
_PROCESSES = re.compile(
    r"os\.(system|exec|fork|forkpty|posix_spawn|spawn|startfile|kill)"
    r"|subprocess\.Popen|pty\.spawn|signal\.pthread_kill"
)
_NETWORK = re.compile(
    r"socket\.(__new__|connect|bind|sendto|sendmsg|getaddrinfo|gethostby\w+)"
    r"|(urllib|http\.client|ftplib|smtplib)\..*"
)
_CHANGES = re.compile(
    r"os\.(remove|rename|mkdir|rmdir|chmod|chown|link|symlink|truncate"
    r"|utime|setxattr|removexattr)|shutil\..*|tempfile\..*"
)
_WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND


class Broken(BaseException):
    """A promise that was broken; no `except Exception` hides it.

    Attributes:
      kind: Which: code, process, network, pickle, write, time, memory, error
        or line.
      what: How, in a line.
      place: Where in the code, as far as it is known.
    """

    def __init__(self, kind: str, what: str, place: str = ""):
        super().__init__(f"{kind}: {what}")
        self.kind, self.what, self.place = kind, what, place

    @property
    def key(self) -> str:
        """By which findings of one cause are told from others."""
        return f"{self.kind} {self.place}"


class _Watch:
    """What the one audit hook of the process looks for, while it is on."""

    def __init__(self):
        self.is_on = False
        self.is_installed = False
        self.found: list[Broken] = []

    def install(self) -> None:
        if not self.is_installed:
            sys.addaudithook(self._hook)
            self.is_installed = True

    def _hook(self, event, args):
        if not self.is_on:
            return
        kind = _kind(event, args)
        if kind:
            # Looking at the stack is watched as well.
            self.is_on = False
            broken = Broken(
                kind, f"{event} {args!r:.200}", _place(sys._getframe(1))
            )
            self.found.append(broken)
            self.is_on = True
            raise broken


_watch = _Watch()


def _kind(event, args):
    """Names the promise that an event breaks; None of a harmless one."""
    if event == "open":
        path, _, flags = args
        is_written = isinstance(flags, int) and flags & _WRITING
        if is_written and not isinstance(path, int) and path != os.devnull:
            return "write"
    elif event == "exec":
        if not _is_of_a_file(args[0]):
            return "code"
    elif event == "compile":
        # "<unknown>" is what `ast.parse`, and so NumPy's headers, call it:
        # that makes a tree, and "exec" tells if it is run.
        if args[1] not in ("<unknown>", b"<unknown>") and not _is_trusted(
            os.fsdecode(args[1] or "")
        ):
            return "code"
    elif event == "marshal.loads":
        if not _caller_is_import():
            return "pickle"
    elif event == "pickle.find_class":
        return "pickle"
    elif _PROCESSES.fullmatch(event):
        return "process"
    elif _NETWORK.fullmatch(event):
        return "network"
    elif _CHANGES.fullmatch(event):
        return "write"
    return None


def _is_of_a_file(code):
    return not isinstance(code, CodeType) or _is_trusted(code.co_filename)


def _is_trusted(filename):
    """Whether code is of an installed file, not of an input."""
    if filename.startswith("<frozen "):
        return True
    # What `namedtuple` and `dataclass` write is of names in our own code;
    # and is made at import, except in lazy imports of others.
    return os.path.isfile(filename) and not _is_inside(filename)


_folder = ""


def _is_inside(filename):
    return bool(_folder) and os.path.realpath(filename).startswith(_folder)


def _caller_is_import():
    frame = sys._getframe(2)
    while frame and "fuzzing/oracle" in frame.f_code.co_filename:
        frame = frame.f_back
    return bool(frame) and frame.f_code.co_filename.startswith("<frozen imp")


def _place(frame: FrameType | None) -> str:
    """Names the nearest place of the library's own code."""
    last = ""
    while frame:
        file = frame.f_code.co_filename
        if re.search(r"/(sketch_rnn_tf|export)/", file):
            return f"{os.path.basename(file)}:{frame.f_lineno}"
        last = last or f"{os.path.basename(file)}:{frame.f_lineno}"
        frame = frame.f_back
    return last


def _raised_at(error: BaseException) -> str:
    """Names where an error was raised, and where our own code was then."""
    place = ""
    for frame, line in traceback.walk_tb(error.__traceback__):
        file = frame.f_code.co_filename
        if re.search(r"/(sketch_rnn_tf|export)/", file):
            place = f"{os.path.basename(file)}:{line}"
    return f"{type(error).__name__} {place}"


class Oracle:
    """Judges one entrance; there is one in a process.

    Args:
      entrance: The entrance.
      folder: Where inputs are brought; all else is not to be written to.
    """

    def __init__(
        self, entrance: entrance_lib.Entrance, folder: str | os.PathLike
    ):
        global _folder
        self._entrance = entrance
        self._folder = pathlib.Path(folder).resolve()
        _folder = str(self._folder)
        _watch.install()
        # As in the tests: of our own modules a warning is an error.
        warnings.filterwarnings("error", module=_OURS)
        signal.signal(signal.SIGPROF, _too_long)

    def limit_memory(self) -> None:
        """Lets the process have no more than an input may take."""
        with open("/proc/self/statm") as file:
            pages = int(file.read().split()[0])
        most = pages * resource.getpagesize() + 2 * self._entrance.memory
        hard = resource.getrlimit(resource.RLIMIT_AS)[1]
        resource.setrlimit(resource.RLIMIT_AS, (most, hard))

    def run(self, data: bytes) -> bool:
        """Brings an input to the entrance and judges what comes of it.

        Args:
          data: The input.

        Returns:
          Whether it was read; False where it was refused.

        Raises:
          Broken: If a promise was.
        """
        entrance = self._entrance
        entrance.write(self._folder, data)
        before = _tree(self._folder.parent)
        taken, peak = _resident(), _peak()
        _watch.found.clear()
        error = None
        # CPU time: the machine may be busy with something else.
        signal.setitimer(signal.ITIMER_PROF, entrance.seconds)
        _watch.is_on = True
        try:
            entrance.read(self._folder)
        except Exception as raised:
            error = raised
        finally:
            _watch.is_on = False
            signal.setitimer(signal.ITIMER_PROF, 0)
        if _watch.found:
            raise _watch.found[0]
        if _peak() > peak and _peak() - taken > entrance.memory:
            place = "" if error is None else _raised_at(error)
            grown = (_peak() - taken) >> 20
            raise Broken("memory", f"{grown:,} MiB more", place)
        changed = before ^ _tree(self._folder.parent)
        if changed:
            raise Broken("write", f"changed: {sorted(changed)[0]}")
        if error is not None:
            self._judge(error)
        return error is None

    def _judge(self, error):
        """Raises unless an error is one of those that are promised."""
        kinds = (ValueError, OSError, *self._entrance.allowed)
        message = str(error)
        if not isinstance(error, kinds):
            # A MemoryError's own says nothing.
            what = f"{type(error).__name__}: {message[:300]!r}"
            kind = "memory" if isinstance(error, MemoryError) else "error"
            raise Broken(kind, what, _raised_at(error)) from error
        folder = str(self._folder)
        line = message.replace(folder, "")
        what = ""
        if self._entrance.is_named and folder not in message:
            what = f"names no file: {message[:300]!r}"
        elif not line or not line.isprintable():
            what = f"not one printable line: {message[:300]!r}"
        elif len(line) > LONGEST_LINE:
            what = f"{len(line):,} characters: {message[:100]!r}..."
        if what:
            raise Broken("line", what, _raised_at(error))
        # Its frames would keep what the input grew to.
        error.__traceback__ = None


def _too_long(signum, frame):
    raise Broken("time", "too much CPU time", _place(frame))


def _tree(folder: pathlib.Path) -> set:
    """Returns names, sizes and times of all that is below a folder."""
    found = set()
    stack = [str(folder)]
    while stack:
        with os.scandir(stack.pop()) as entries:
            for entry in entries:
                if entry.is_dir(follow_symlinks=False):
                    found.add((entry.path,))
                    stack.append(entry.path)
                else:
                    status = entry.stat(follow_symlinks=False)
                    facts = status.st_size, status.st_mtime_ns
                    found.add((entry.path, *facts))
    return found


def _resident() -> int:
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * resource.getpagesize()


def _peak() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
