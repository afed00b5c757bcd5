"""The connection: requests sent, sent again, and checked as they come back."""

import time
from collections.abc import Callable, Iterator, Mapping
from typing import Any, TypeVar

import numpy as np

from export import status as status_lib
from export.client import (
    addresses,
    answers,
    errors,
    metadata as metadata_lib,
    rest,
    retrying,
)

ROWS_AT_ONCE = 32
"""Of one request: servers refuse more than their largest batch."""

_POLL = 5.0

_OF_THE_MODEL = (status_lib.BAD_LENGTH, status_lib.BAD_MAX_LEN)

_Answer = TypeVar("_Answer")


class Connection:
    """One model of one server, by REST or gRPC; for several threads at once.

    Args:
      address: The server's.
      servable: The model.
      timeout: Seconds for each request with its retries.
      connect_timeout: Seconds for a connection.
      retries: How often a request is sent again.
      rows: Whether REST sends rows.

    Raises:
      ValueError: If an argument is out of range.
    """

    def __init__(
        self,
        address: addresses.Address,
        servable: addresses.Servable,
        *,
        timeout: float,
        connect_timeout: float,
        retries: int,
        rows: bool,
    ):
        retrying.check_seconds("timeout", timeout)
        retrying.check_seconds("connect_timeout", connect_timeout)
        if retries < 0:
            raise ValueError(f"retries: expected at least 0, got {retries}")
        if rows and address.is_grpc:
            raise ValueError("rows: expected False for gRPC, got True")
        self._server, self._servable = str(address), servable
        self._timeout, self._retries = timeout, retries
        self._metadata: metadata_lib.Metadata | None = None
        self._closed = False
        if address.is_grpc:
            # It loads TensorFlow.
            from export.client import rpc

            self._transport: Any = rpc.RpcTransport(
                address, servable, connect_timeout=connect_timeout
            )
        else:
            self._transport = rest.RestTransport(
                address, servable, connect_timeout=connect_timeout, rows=rows
            )

    def close(self) -> None:
        """Closes it; it is of no more use."""
        self._closed = True
        self._transport.close()

    def where(self, signature: str) -> errors.Where:
        """Says what a request of a signature is sent to."""
        return errors.Where(self._server, str(self._servable), signature)

    def metadata(self) -> metadata_lib.Metadata:
        """Asks what the model is like, on first use."""
        found = self._metadata
        if found is None:
            signatures, version = self._retried(self._transport.signatures)
            found = metadata_lib.understood(
                signatures, version, self.where("metadata")
            )
            self._metadata = found
        return found

    def asked(
        self, signature: str
    ) -> tuple[errors.Where, metadata_lib.Metadata]:
        """Returns what is asked, and what the model is like.

        Args:
          signature: What to ask of the model.

        Raises:
          errors.NotFoundError: If it has no such signature.
        """
        where, found = self.where(signature), self.metadata()
        if signature not in found.signatures:
            got = errors.quoted(", ".join(found.signatures))
            because = "" if found.conditional else ": it is unconditional"
            raise errors.NotFoundError(
                f"expected a model with this signature, got one with {got}"
                f"{because}",
                where,
            )
        return where, found

    def status(self) -> list[metadata_lib.VersionStatus]:
        """Asks how the model's versions are."""
        return self._retried(self._transport.versions)

    def wait_until_ready(
        self, timeout: float
    ) -> list[metadata_lib.VersionStatus]:
        """Asks that until the version, or any if none was named, is available.

        Args:
          timeout: Seconds.

        Raises:
          errors.DeadlineError: If it is not by then.
        """
        retrying.check_seconds("timeout", timeout)
        end = time.monotonic() + timeout
        pause = 0.1
        while True:
            self._check_open()
            left = max(end - time.monotonic(), pause)
            deadline = retrying.Deadline.after(min(left, _POLL))
            try:
                found = self._transport.versions(deadline)
                for version in found:
                    wanted = self._servable.version in (None, version.version)
                    if wanted and version.state == metadata_lib.AVAILABLE:
                        return found
                seen = "; ".join(map(str, found)) or "no version"
            except errors.RequestError as error:
                # A server that starts says all kinds of things.
                seen = error.reason
            if time.monotonic() + pause >= end:
                raise errors.DeadlineError(
                    f"expected a version that is {metadata_lib.AVAILABLE} in "
                    f"{timeout:g} s, got {seen}",
                    self.where("status"),
                )
            time.sleep(pause)
            pause = min(2 * pause, 1.0)

    def ask(
        self, where: errors.Where, inputs: Mapping[str, np.ndarray]
    ) -> Iterator[tuple[dict[str, Any], int, dict[str, np.ndarray]]]:
        """Sends rows, some at a time, until all are answered.

        Args:
          where: With the signature.
          inputs: Arrays by name, the batch first.

        Yields:
          The outputs of rows that are all good, the first one's place, and
          the rows.

        Raises:
          errors.RequestError: Of some kind, if some are not answered.
        """
        count = len(next(iter(inputs.values())))
        for first in range(0, count, ROWS_AT_ONCE):
            last = min(first + ROWS_AT_ONCE, count)
            rows = {name: array[first:last] for name, array in inputs.items()}
            if "strokes" in rows:
                longest = rows["lengths"].max()
                rows["strokes"] = rows["strokes"][:, :longest]
            try:
                outputs = self._retried(
                    lambda deadline, rows=rows: self._transport.predict(
                        where.signature, rows, deadline
                    )
                )
                answers.check_status(outputs, first, last - first, where)
            except errors.InputError as error:
                # Not what the metadata says: there may be a new version.
                if error.code in _OF_THE_MODEL:
                    self._metadata = None
                raise
            except errors.NotFoundError:
                self._metadata = None
                raise
            yield outputs, first, rows

    def _check_open(self):
        if self._closed:
            raise ValueError("expected an open connection, got a closed one")

    def _retried(
        self, attempt: Callable[[retrying.Deadline], _Answer]
    ) -> _Answer:
        self._check_open()
        deadline = retrying.Deadline.after(self._timeout)
        return retrying.call(
            lambda: attempt(deadline), retries=self._retries, deadline=deadline
        )
