"""Ctrl-C and SIGTERM: noted, to be obeyed where nothing gets lost."""

import contextlib
import signal
import threading
from collections.abc import Iterator

_NAMES = {signal.SIGINT: "Ctrl-C", signal.SIGTERM: "SIGTERM"}


class Interrupted(KeyboardInterrupt):
    """What was told to stop has stopped, and kept what it had done.

    A KeyboardInterrupt, so that nobody takes it for an error to handle.

    Args:
      message: Where it stopped and how to go on.
      signum: The signal that told it.
    """

    def __init__(self, message: str, signum: int):
        super().__init__(message)
        self.signum = signum


class Watch:
    """Whether, and by which signal, the process was told to stop.

    Attributes:
      signum: The signal; None so far.
    """

    signum: int | None = None

    @property
    def name(self) -> str:
        """What people call the signal."""
        return _NAMES[self.signum]


@contextlib.contextmanager
def watched() -> Iterator[Watch]:
    """Notes the first Ctrl-C or SIGTERM; a second one acts as ever.

    Signals that the process ignores stay ignored.  Outside of the main
    thread, where Python delivers none, nothing is noted.

    Yields:
      What has been noted.
    """
    watch = Watch()
    if threading.current_thread() is not threading.main_thread():
        yield watch
        return
    before = {
        signum: signal.getsignal(signum)
        for signum in _NAMES
        # None: set by another language, and nothing to come back to.
        if signal.getsignal(signum) not in (signal.SIG_IGN, None)
    }

    def restore():
        for signum, handler in before.items():
            signal.signal(signum, handler)

    def note(signum, _):
        watch.signum = signum
        restore()

    for signum in before:
        signal.signal(signum, note)
    try:
        yield watch
    finally:
        restore()
