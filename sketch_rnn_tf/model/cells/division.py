"""How a batch and a kernel are divided on a CPU.

Parts of a batch run side by side: between two products the small operations
leave cores idle, which another part's products fill.  Where a part takes one
core alone there are as many parts as cores.

Of a kernel that is no longer in the cache when it is needed again, columns
are taken `COLUMNS` at a time, each block in an array of its own.  XLA's
product goes over columns in tiles of this width, row after row: out of a
whole kernel it reads a little of each, or packs all of it anew in each step;
a block it reads from its beginning to its end.
"""

import itertools

import tensorflow as tf

from sketch_rnn_tf import processor

SPLIT_FROM = 32
"""Smaller batches are not worth to be run in two parts."""

COLUMNS = 64
"""Of a block, as many as XLA's tiles have on processors with AVX-512."""

BLOCKS_FROM = 256
"""Rows from which a kernel is divided; blocks of fewer are too little work."""

MOST_CORES = 2
"""With more, kernels stay whole: what is best there was not measured."""


def rows(batch_size: int | None, *, one_core: bool = False) -> list[int] | int:
    """Says how to split a batch into parts that run side by side.

    Args:
      batch_size: B; None if it is not known.
      one_core: Whether a part takes one core alone.

    Returns:
      What `tf.split` takes: the parts' sizes, or 1 to leave it whole.
    """
    alone = tf.distribute.get_strategy().num_replicas_in_sync == 1
    if not (alone and on_cpu() and batch_size and batch_size >= SPLIT_FROM):
        return 1
    parts = 2
    if one_core:
        parts = min(_threads(), batch_size // (SPLIT_FROM // 2))
    bounds = [batch_size * part // parts for part in range(parts + 1)]
    return [end - start for start, end in itertools.pairwise(bounds)]


def columns(kernel: tf.Tensor) -> list[int]:
    """Says how to split a kernel's columns into blocks.

    Args:
      kernel: [k, m], of static shape.

    Returns:
      The blocks' widths, one for a kernel that is to be left whole.
    """
    inner, width = kernel.shape
    if not on_cpu() or inner < BLOCKS_FROM or _threads() > MOST_CORES:
        return [width]
    blocks, rest = divmod(width, COLUMNS)
    return [COLUMNS] * blocks + [rest] * bool(rest)


def on_cpu() -> bool:
    """Says whether there is no other device than the CPU."""
    return not tf.config.list_logical_devices("GPU")


def _threads():
    return (
        tf.config.threading.get_intra_op_parallelism_threads()
        or processor.cores()
    )
