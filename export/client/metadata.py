"""What a server tells of a model: its signatures, and its versions' states."""

from collections.abc import Mapping
from typing import NamedTuple

from export.client import errors

AVAILABLE = "AVAILABLE"

_LARGEST = 2**20  # of N_max and Z: no array is allocated by a server's whim

# What only a model with an encoder has.
_CONDITIONAL = ("encode", "reconstruct", "interpolate")


class Signature(NamedTuple):
    """A signature's tensors.

    Attributes:
      inputs: Their shapes by name, -1 where a size is free.
      outputs: Likewise.
    """

    inputs: Mapping[str, tuple[int, ...]]
    outputs: Mapping[str, tuple[int, ...]]


class Metadata(NamedTuple):
    """What a client knows of the served model.

    Attributes:
      version: That of the model that was asked; 0 where it is not said.
      max_len: N_max, the points of its longest drawing.
      z_size: N_z; 0 of an unconditional model.
      conditional: Whether it encodes sketches.
      signatures: Their names, sorted.
      class_conditioned: Whether it wants a label of what it draws or reads.
    """

    version: int
    max_len: int
    z_size: int
    conditional: bool
    signatures: tuple[str, ...]
    class_conditioned: bool = False


class VersionStatus(NamedTuple):
    """How a version of a model is.

    Attributes:
      version: Its number.
      state: "START", "LOADING", "AVAILABLE", "UNLOADING", "END" or "UNKNOWN".
      code: "OK", or which error there was.
      message: What it said.
    """

    version: int
    state: str
    code: str
    message: str

    def __str__(self) -> str:
        error = f", {self.code}: {self.message}" if self.message else ""
        return f"version {self.version} {self.state}{error}"


def understood(
    signatures: Mapping[str, Signature], version: int, where: errors.Where
) -> Metadata:
    """Reads off the signatures what a client has to know.

    Args:
      signatures: By name.
      version: Whose they are.
      where: For messages.

    Raises:
      errors.AnswerError: If they are not those of a sketch-rnn.
    """

    def size(signature, side, tensor):
        try:
            found = getattr(signatures[signature], side)[tensor][1]
        except (KeyError, IndexError):
            raise errors.AnswerError(
                f"expected a sketch-rnn, whose signature {signature} has "
                f"{tensor} among its {side}, got the signatures "
                f"{errors.quoted(', '.join(sorted(signatures)) or 'none')}",
                where,
            ) from None
        if not 1 <= found <= _LARGEST:
            raise errors.AnswerError(
                f"expected a size of 1 to {_LARGEST} for {tensor} of the "
                f"signature {signature}, got {found}",
                where,
            )
        return found

    max_len = size("score", "outputs", "point_log_likelihoods")
    decode = signatures.get("decode")
    z_size = 0
    if decode is None or "z" in decode.inputs:
        z_size = size("decode", "inputs", "z")
    # Others are of loading, not of asking.
    names = sorted(name for name in signatures if not name.startswith("__"))
    conditional = all(name in signatures for name in _CONDITIONAL)
    labelled = "labels" in signatures["score"].inputs
    return Metadata(
        version, max_len, z_size, conditional, tuple(names), labelled
    )
