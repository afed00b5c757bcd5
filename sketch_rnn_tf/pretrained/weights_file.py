"""The weights of a packed model: an npz file without pickles or compression.

A vector (a bias, a gain) is the float32 array `<path>`, and so is a matrix
that is not quantized; else a matrix is `<path>:codes`, `<path>:least` and
`<path>:step`, see `quantization`.  `<path>` is Keras' of the weight, such as
`decoder/recurrent_cell/kernel`.  The same weights give the same bytes.  They
are not compressed, since that saves a few percent alone, and so that a file
cannot unpack to more than it is.
"""

import hashlib
import io
import os
import pathlib
import zipfile
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from sketch_rnn_tf import config as config_lib, quoting
from sketch_rnn_tf.model import size as size_lib
from sketch_rnn_tf.pretrained import cards, quantization

FILE = "weights.npz"
_DATE = (1980, 1, 1, 0, 0, 0)
_CODES, _LEAST, _STEP = ":codes", ":least", ":step"


def encoded(weights: Mapping[str, np.ndarray], quantize: str) -> bytes:
    """Returns the file's bytes.

    Args:
      weights: float32 arrays by their paths.
      quantize: One of `quantization.KINDS`, for all of two axes or more.

    Returns:
      The bytes.

    Raises:
      ValueError: If a weight is not finite or not float32, or `quantize` is
        unknown.
    """
    if quantize not in quantization.KINDS:
        raise ValueError(
            f"quantize: expected one of {', '.join(quantization.KINDS)}, "
            f"got {quantize!r}"
        )
    arrays = {}
    for path, value in weights.items():
        if value.dtype != np.float32:
            raise ValueError(f"{path}: expected float32, got {value.dtype}")
        if not np.isfinite(value).all():
            raise ValueError(f"{path}: expected finite weights, got others")
        if quantize == "none" or value.ndim < 2:
            arrays[path] = value
        else:
            columns = quantization.quantized(value, quantize)
            arrays[path + _CODES] = columns.codes
            arrays[path + _LEAST] = columns.least
            arrays[path + _STEP] = columns.step
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_STORED) as archive:
        for name, array in arrays.items():
            little = array.astype(array.dtype.newbyteorder("<"), order="C")
            member = io.BytesIO()
            np.lib.format.write_array(member, little, allow_pickle=False)
            # A fixed date, as else each file would be another.
            info = zipfile.ZipInfo(f"{name}.npy", date_time=_DATE)
            info.external_attr = 0o644 << 16
            archive.writestr(info, member.getvalue())
    return content.getvalue()


def decoded(
    content: bytes, shapes: Mapping[str, Sequence[int]]
) -> dict[str, np.ndarray]:
    """Returns the weights of a file's bytes.

    Args:
      content: The bytes.
      shapes: Of the weights that are wanted, by their paths.

    Returns:
      float32 arrays by their paths, in the order of `shapes`.

    Raises:
      ValueError: If they are no such file, a weight is missing, one too many
        or of another shape.
    """
    arrays = _arrays(content)
    weights = {}
    for path, shape in shapes.items():
        if path in arrays:
            value = arrays.pop(path)
        elif path + _CODES in arrays:
            parts = [
                arrays.pop(path + part, None)
                for part in (_CODES, _LEAST, _STEP)
            ]
            _check_columns(path, parts)
            value = quantization.restored(quantization.Columns(*parts))
        else:
            raise ValueError(f"expected the weight {path}, got none")
        if value.dtype != np.float32 or value.shape != tuple(shape):
            raise ValueError(
                f"{path}: expected float32 {list(shape)}, got {value.dtype} "
                f"{list(value.shape)}"
            )
        if not np.isfinite(value).all():
            raise ValueError(f"{path}: expected finite weights, got others")
        weights[path] = value
    if arrays:
        raise ValueError(
            "expected the weights of the configuration, got "
            f"{sorted(arrays)[0]!r} as well"
        )
    return weights


def check_size(config: config_lib.Config, directory: str | os.PathLike) -> None:
    """Checks, before a model is made, that a folder may hold its weights.

    Args:
      config: The model's.
      directory: The packed model's folder.

    Raises:
      ValueError: If the weights are missing or fewer.
    """
    file = pathlib.Path(directory) / FILE
    if not file.is_file():
        raise ValueError(f"{directory}: expected {FILE}, found none")
    # A byte a weight, or more.
    size_lib.check(config, file.stat().st_size, where=str(file))


def restore(model: Any, directory: str | os.PathLike) -> None:
    """Gives a model the weights of a packed model's folder.

    Args:
      model: A `SketchRNN` of the folder's configuration.
      directory: The folder.

    Raises:
      ValueError: In one line, if the card or the weights are missing, damaged
        or of other sizes.
    """
    directory = pathlib.Path(directory)
    card = cards.read(directory)
    file = directory / FILE
    if not file.is_file():
        raise ValueError(f"{directory}: expected {FILE}, found none")
    content = file.read_bytes()
    if len(content) != card.weights_bytes:
        raise ValueError(
            f"{file}: expected {card.weights_bytes:,} bytes, as {cards.FILE} "
            f"says, got {len(content):,}"
        )
    digest = hashlib.sha256(content).hexdigest()
    if digest != card.weights_sha256:
        raise ValueError(
            f"{file}: expected the SHA-256 sum {card.weights_sha256}, as "
            f"{cards.FILE} says, got {digest}"
        )
    assign(model, content, where=str(file))


def of(model: Any) -> dict[str, np.ndarray]:
    """Returns a model's weights by their paths, float32."""
    return {weight.path: weight.numpy() for weight in model.weights}


def assign(model: Any, content: bytes, *, where: str) -> None:
    """Gives a model the weights of a file's bytes.

    Args:
      model: A `SketchRNN`.
      content: The bytes.
      where: What to call them in messages.

    Raises:
      ValueError: As of `decoded`; the model is left as it was.
    """
    shapes = {weight.path: weight.shape for weight in model.weights}
    try:
        weights = decoded(content, shapes)
    except ValueError as error:
        raise ValueError(f"{where}: {error}") from None
    for weight in model.weights:
        weight.assign(weights[weight.path])


def _arrays(content):
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            members = archive.infolist()
            if any(m.compress_type != zipfile.ZIP_STORED for m in members):
                raise ValueError("it is compressed")
            return {
                member.filename.removesuffix(".npy"): np.lib.format.read_array(
                    io.BytesIO(archive.read(member)), allow_pickle=False
                )
                for member in members
            }
    except Exception as error:
        # zipfile and NumPy raise what they like for damaged files.
        reason = quoting.line(error)
        raise ValueError(
            f"expected an npz file of weights, got {reason}"
        ) from error


def _check_columns(path, parts):
    codes, least, step = parts
    size = codes.shape[-1:]
    good = codes.ndim > 1 and codes.dtype in (np.uint8, np.uint16)
    for part in (least, step):
        good = good and part is not None and part.shape == size
        good = good and part.dtype == np.float32
    if not good:
        raise ValueError(
            f"{path}: expected codes of whole numbers, with a least value "
            "and a step for each column"
        )
