"""The processor: its cores, and what TensorFlow is told before its import."""

import os

ONEDNN = "TF_ENABLE_ONEDNN_OPTS"
"""TensorFlow's switch; what it is by default depends on the processor."""

XLA_FLAGS = "XLA_FLAGS"
THREADS_FLAG = "xla_cpu_multi_thread_eigen"
PARTS = 2
"""What training runs side by side: the encoder's two directions, and the
halves of a batch in the decoder."""


def prepare() -> None:
    """Sets TensorFlow's and XLA's variables, where the user has not.

    oneDNN is switched on: large products gain by it.  Where there are as many
    cores as parts of a recurrence that run side by side, each part keeps to
    one: XLA would divide each part's every operation among all cores, and
    they would wait for each other.

    To be called before TensorFlow is imported.
    """
    os.environ.setdefault(ONEDNN, "1")
    flags = os.environ.get(XLA_FLAGS, "")
    if THREADS_FLAG not in flags and cores() == PARTS:
        os.environ[XLA_FLAGS] = f"{flags} --{THREADS_FLAG}=false".strip()


def cores() -> int:
    """Counts the cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
