"""The processor: its cores, and what TensorFlow is told before its import."""

import os

ONEDNN = "TF_ENABLE_ONEDNN_OPTS"
"""TensorFlow's switch; what it is by default depends on the processor."""


def prepare() -> None:
    """Switches TensorFlow's oneDNN on, where the user has not said otherwise.

    Large products gain by it.  To be called before TensorFlow is imported.
    """
    os.environ.setdefault(ONEDNN, "1")


def cores() -> int:
    """Counts the cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
