"""Factors of the recurrent products, cast to fewer bits and in blocks."""

from collections.abc import Iterable
from typing import NamedTuple

import tensorflow as tf

from sketch_rnn_tf.model.cells import division


class Right(NamedTuple):
    """What operands are multiplied by.

    Attributes:
      blocks: Its columns, [k, m] in all.
      scale: What it was divided by before it was cast; None is nothing.
    """

    blocks: tuple[tf.Tensor, ...]
    scale: tf.Tensor | None


def right(values: tf.Tensor, dtype: str | None) -> Right:
    """Casts what operands [..., k] are multiplied by, in one block.

    Args:
      values: float [k, m].
      dtype: "bfloat16" or "float16"; None leaves it as it is.
    """
    cast, scale = _cast(values, dtype, terms=tf.shape(values)[0])
    return Right((cast,), scale)


def of_kernels(
    kernels: Iterable[tf.Tensor], dtype: str | None
) -> tuple[Right, ...]:
    """Casts kernels, and divides them for the products of many steps."""
    rights = (right(kernel, dtype) for kernel in kernels)
    if dtype is not None:
        return tuple(rights)
    return tuple(
        Right(tuple(tf.split(whole, division.columns(whole), axis=1)), scale)
        for (whole,), scale in rights
    )


def multiply(operand: tf.Tensor, by: Right, dtype: str | None) -> tf.Tensor:
    """Multiplies; the operand's own dtype comes back.

    Args:
      operand: float [..., k].
      by: Of the same dtype.
      dtype: As of `right`.

    Returns:
      float [..., m].
    """
    left, scale = _cast(operand, dtype, axis=-1)
    blocks = [tf.matmul(left, block) for block in by.blocks]
    product = blocks[0] if len(blocks) == 1 else tf.concat(blocks, axis=-1)
    product = tf.cast(product, operand.dtype)
    if scale is not None:
        product = product * by.scale * scale
    return product


def multiply_all(
    operands: Iterable[tf.Tensor], by: Iterable[Right], dtype: str | None
) -> tuple[tf.Tensor, ...]:
    """Multiplies pairwise."""
    return tuple(
        multiply(operand, right, dtype)
        for operand, right in zip(operands, by, strict=True)
    )


def _cast(values, dtype, *, axis=None, terms=1):
    """Casts one side of a product, of whose entries so many are summed up.

    float16 ends at 65,504 and rounds to zero from 6e-8 down, which offsets
    and gradients pass: what is cast is at most 1, each row by itself where
    `axis` says so, and less where the sum of so many could overflow.
    """
    if dtype is None:
        return values, None
    scale = None
    if dtype == "float16":
        scale = tf.reduce_max(tf.abs(values), axis=axis, keepdims=True)
        scale *= tf.maximum(tf.cast(terms, values.dtype) / 2.0**15, 1.0)
        scale = tf.maximum(scale, 1e-30)  # of zeros
        values = values / scale
    return tf.cast(values, dtype), scale
