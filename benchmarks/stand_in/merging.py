"""How TF Serving's batching makes one batch of several requests.

Requests are joined along their first axis.  The other axes may differ: shorter
tensors are padded to the longest, in each axis, with their own very first
number (not with zero).  Then the batch is filled up to the next allowed size
with copies of the first row of the last request.
"""

from collections.abc import Mapping, Sequence

import numpy as np

from benchmarks.stand_in import refusals


def merge(
    requests: Sequence[Mapping[str, np.ndarray]],
    allowed_sizes: Sequence[int] = (),
    *,
    pad: bool = True,
) -> tuple[dict[str, np.ndarray], list[int]]:
    """Merges the inputs of requests.

    Args:
      requests: For each its inputs by name, at least one row, batch first.
      allowed_sizes: Row counts a batch may have, ascending; empty for any.
      pad: Whether tensors of different sizes are padded; else they are an
        error.

    Returns:
      The merged inputs by name, and the number of rows of each request; the
      batch may have more rows than these.

    Raises:
      refusals.RefusalError: If the requests do not go together.  TF Serving
        answers it to all of them.
    """
    sizes = [rows(request) for request in requests]
    fill = filled(sum(sizes), allowed_sizes) - sum(sizes)
    names = requests[0].keys()
    if any(request.keys() != names for request in requests):
        raise refusals.RefusalError(
            "INTERNAL", "One or more tasks does not conform to batch signature"
        )
    merged = {
        name: _joined(name, [request[name] for request in requests], fill, pad)
        for name in names
    }
    return merged, sizes


def split(
    outputs: Mapping[str, np.ndarray], sizes: Sequence[int]
) -> list[dict[str, np.ndarray]]:
    """Splits the outputs of a merged batch, without the rows that filled it.

    Args:
      outputs: By name, batch first.
      sizes: Rows of each request, as `merge` returned them.

    Returns:
      The outputs of each request.

    Raises:
      refusals.RefusalError: If an output has not all rows.
    """
    counts = {np.shape(value)[:1] for value in outputs.values()}
    if len(counts) > 1 or () in counts or min(counts)[0] < sum(sizes):
        raise refusals.RefusalError(
            "FAILED_PRECONDITION",
            "Batched output tensor's 0th dimension does not equal the sum of "
            "the 0th dimension sizes of the input tensors",
        )
    ends = np.cumsum(sizes)
    return [
        {name: value[end - size : end] for name, value in outputs.items()}
        for size, end in zip(sizes, ends, strict=True)
    ]


def rows(inputs: Mapping[str, np.ndarray]) -> int:
    """Counts a request's rows.

    Raises:
      refusals.RefusalError: If its inputs have different ones, or none.
    """
    if any(np.ndim(value) == 0 for value in inputs.values()):
        raise refusals.RefusalError(
            "INVALID_ARGUMENT",
            "Batching Run() input tensors must have at least one dimension",
        )
    counts = {len(value) for value in inputs.values()}
    if len(counts) != 1:
        raise refusals.RefusalError(
            "INVALID_ARGUMENT",
            "Batching Run() input tensors must have equal 0th-dimension size",
        )
    return counts.pop()


def filled(count: int, allowed_sizes: Sequence[int]) -> int:
    """Returns the least allowed size that is not below a count of rows."""
    return min((s for s in allowed_sizes if s >= count), default=count)


def _joined(name, values, fill, pad):
    if len({value.ndim for value in values}) > 1:
        # TF Serving does not look, and writes beyond an array's end.
        raise refusals.RefusalError(
            "INTERNAL", f"{name}: tensors of different ranks"
        )
    if len({value.dtype for value in values}) > 1:
        raise refusals.RefusalError(
            "INTERNAL",
            "Tensor concat operation failed: cannot concatenate tensors that "
            f"have different data types, {name}",
        )
    longest = np.max([value.shape for value in values], axis=0)[1:]
    if not pad and any(value.shape[1:] != tuple(longest) for value in values):
        raise refusals.RefusalError(
            "FAILED_PRECONDITION",
            f"Tensors with name '{name}' from different tasks have different "
            "shapes and padding is turned off",
        )
    values = [_padded(value, longest) for value in values]
    if fill:
        values.append(np.repeat(values[-1][:1], fill, axis=0))
    return np.concatenate(values)


def _padded(value, longest):
    missing = longest - value.shape[1:]
    if not missing.any():
        return value
    if not value.size:
        raise refusals.RefusalError(
            "INVALID_ARGUMENT",
            "Got empty tensor in batch of non-empty tensors.",
        )
    widths = [(0, 0), *((0, count) for count in missing)]
    return np.pad(value, widths, constant_values=value.flat[0])
