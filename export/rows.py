"""The rows of a request: at least one goes in, the good ones come out."""

import functools
import inspect
from collections.abc import Callable, Sequence

import tensorflow as tf

from export import status as status_lib

Outputs = dict[str, tf.Tensor]


def at_least_one(
    function: Callable[..., Outputs], specs: Sequence[tf.TensorSpec]
) -> Callable[..., Outputs]:
    """Answers a request of no rows, which loops cannot run on, with none.

    One whose inputs differ in rows, whose drawings would be guesses, is an
    error: of its own alone, as servers check that before they merge.

    Args:
      function: Takes tensors [B, ...] in the order of `specs`, B >= 1, and
        returns tensors [B, ...] by name.
      specs: What it takes, each by its name.

    Returns:
      The same for B >= 0, its parameters named as in `specs`.
    """

    @functools.wraps(function)
    def answer(*inputs):
        rows = tf.stack([tf.shape(value)[0] for value in inputs])
        check = tf.debugging.assert_equal(
            rows, rows[0], message="expected as many rows in every input"
        )
        with tf.control_dependencies([check]):
            inputs = [tf.identity(value) for value in inputs]
        count = rows[0]
        missing = tf.cast(count == 0, tf.int32)
        inputs = [
            tf.pad(value, [[0, missing]] + [[0, 0]] * (value.shape.rank - 1))
            for value in inputs
        ]
        answer = function(*inputs)
        return {name: value[:count] for name, value in answer.items()}

    # `tf.function` would fill in the default of labels that are not taken.
    answer.__signature__ = inspect.Signature(
        [
            inspect.Parameter(
                spec.name, inspect.Parameter.POSITIONAL_OR_KEYWORD
            )
            for spec in specs
        ]
    )
    return answer


def of_good(status: tf.Tensor, **values: tf.Tensor) -> Outputs:
    """Returns the values of the good rows, and zeros for the others.

    Args:
      status: int32 [B], see `export.status`.
      **values: [B, ...] each.
    """
    good = status == status_lib.OK
    return {
        name: tf.where(
            tf.reshape(good, [-1] + [1] * (value.shape.rank - 1)),
            value,
            tf.zeros_like(value),
        )
        for name, value in values.items()
    }
