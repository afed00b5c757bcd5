"""Progress of several downloads."""

import sys
import threading

import tqdm


class Bar:
    """One bar for all files, in bytes; what is not known yet is estimated."""

    def __init__(self, num_files: int, shown: bool):
        terminal = sys.stderr is not None and sys.stderr.isatty()
        self._bar = tqdm.tqdm(
            desc=f"0/{num_files} files",
            unit="B",
            unit_scale=True,
            disable=not (shown and terminal),
        )
        self._lock = threading.Lock()
        self._num_files, self._num_kept, self._num_ended = num_files, 0, 0
        self._done, self._sizes = {}, {}

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._bar.close()

    def end(self, url: str) -> None:
        """Counts a file as there."""
        with self._lock:
            self._num_ended += 1
            self._num_kept += url not in self._sizes
            self._estimate()
            self._bar.set_description(
                f"{self._num_ended}/{self._num_files} files"
            )

    def show(self, url: str, done: int, size: int | None) -> None:
        """Shows that a file has `done` bytes, of `size` if that is known."""
        with self._lock:
            self._sizes[url] = max(done, size or 0)
            self._estimate()
            self._bar.update(done - self._done.get(url, 0))
            self._done[url] = done

    def _estimate(self) -> None:
        # As if the files not begun yet were of the mean size.
        if self._sizes:
            mean = sum(self._sizes.values()) / len(self._sizes)
            self._bar.total = int(mean * (self._num_files - self._num_kept))
