"""The REST interface of a model server, as TensorFlow Serving has it."""

import collections
import json
import sys
from collections.abc import Mapping
from typing import Any

import numpy as np
import requests
from urllib3 import exceptions as urllib3_exceptions

from export.client import addresses, errors, metadata, retrying

LARGEST_ANSWER = 64 * 2**20
"""Bytes; 32 drawings of 1,000 points are a tenth of it."""

_CHUNK = 2**16
_BUSY = (429, 502, 503, 504)
_LONGEST_WAIT = 30.0


class RestTransport:
    """Asks a server by HTTP and JSON; for several threads at once.

    Connections are kept and used again.

    Args:
      address: The server's.
      servable: The model.
      connect_timeout: Seconds for a connection.
      rows: Whether to send a list of rows (`instances`) instead of columns
        (`inputs`), for gateways that know nothing else.
    """

    def __init__(
        self,
        address: addresses.Address,
        servable: addresses.Servable,
        *,
        connect_timeout: float,
        rows: bool = False,
    ):
        self._server = str(address)
        self._model = str(servable)
        self._url = (
            f"{address.scheme}://{address.target}{address.prefix}"
            f"/v1/models/{servable.path}"
        )
        self._connect_timeout = connect_timeout
        self._rows = rows
        # A session is one thread's at a time; taking and putting are atomic.
        self._idle: collections.deque = collections.deque()

    def predict(
        self,
        signature: str,
        inputs: Mapping[str, np.ndarray],
        deadline: retrying.Deadline,
    ) -> dict[str, Any]:
        """Asks a signature once.

        Args:
          signature: Its name.
          inputs: Arrays by name, the batch first.
          deadline: When to give up.

        Returns:
          The outputs by name, nested lists; unchecked.

        Raises:
          errors.RequestError: Of some kind, if there are none.
        """
        where = errors.Where(self._server, self._model, signature)
        columns = {name: array.tolist() for name, array in inputs.items()}
        body: dict[str, Any] = {"signature_name": signature}
        if self._rows:
            body["instances"] = [
                dict(zip(columns, row, strict=True))
                for row in zip(*columns.values(), strict=True)
            ]
        else:
            body["inputs"] = columns
        answer = self._exchange("POST", ":predict", body, where, deadline)
        if not self._rows:
            return _member(answer, "outputs", dict, where)
        predictions = _member(answer, "predictions", list, where)
        if not all(isinstance(row, dict) for row in predictions):
            raise errors.AnswerError(
                "expected predictions with a name for each output", where
            )
        names = predictions[0] if predictions else {}
        try:
            return {n: [row[n] for row in predictions] for n in names}
        except KeyError as error:
            raise errors.AnswerError(
                f"expected {errors.quoted(error)} in every prediction", where
            ) from None

    def signatures(
        self, deadline: retrying.Deadline
    ) -> tuple[dict[str, metadata.Signature], int]:
        """Asks for the model's signatures once.

        Returns:
          They by name, and the version whose they are.

        Raises:
          errors.RequestError: Of some kind, if there are none.
        """
        where = errors.Where(self._server, self._model, "metadata")
        answer = self._exchange("GET", "/metadata", None, where, deadline)
        try:
            version = _whole(answer["model_spec"].get("version", 0))
            found = answer["metadata"]["signature_def"]["signature_def"]
            made = {
                name: metadata.Signature(
                    _shapes(signature.get("inputs", {})),
                    _shapes(signature.get("outputs", {})),
                )
                for name, signature in found.items()
            }
        except (KeyError, TypeError, ValueError, AttributeError):
            raise errors.AnswerError(
                "expected the metadata of a model, got JSON of another form",
                where,
            ) from None
        return made, version

    def versions(
        self, deadline: retrying.Deadline
    ) -> list[metadata.VersionStatus]:
        """Asks once how the model's versions are.

        Raises:
          errors.RequestError: Of some kind, if there is no answer.
        """
        where = errors.Where(self._server, self._model, "status")
        answer = self._exchange("GET", "", None, where, deadline)
        rows = _member(answer, "model_version_status", list, where)
        try:
            return [
                metadata.VersionStatus(
                    _whole(row["version"]),
                    errors.quoted(row["state"]),
                    errors.quoted(row.get("status", {}).get("error_code", "")),
                    errors.quoted(
                        row.get("status", {}).get("error_message", "")
                    ),
                )
                for row in rows
            ]
        except (KeyError, TypeError, ValueError, AttributeError):
            raise errors.AnswerError(
                "expected the states of a model's versions, got JSON of "
                "another form",
                where,
            ) from None

    def close(self) -> None:
        """Closes the connections that are not in use."""
        while self._idle:
            self._idle.pop().close()

    def _exchange(self, method, path, body, where, deadline):
        """Sends a request and returns the JSON object of a good answer."""
        data = None
        headers = {"Accept": "application/json"}
        if body is not None:
            data = json.dumps(body, allow_nan=False).encode()
            headers["Content-Type"] = "application/json"
        left = deadline.left(where)
        # Where a caller asks while it handles an error of its own.
        outer = sys.exception()
        try:
            session = self._idle.pop()
        except IndexError:
            session = requests.Session()
        try:
            with session.request(
                method,
                self._url + path,
                data=data,
                headers=headers,
                timeout=(min(self._connect_timeout, left), left),
                stream=True,
                # A POST that is sent elsewhere becomes a GET.
                allow_redirects=False,
            ) as response:
                text = _body(response, where, deadline)
        except errors.RequestError:
            raise
        except requests.exceptions.SSLError as error:
            raise errors.RefusedError(
                f"expected a trusted TLS connection, got {_cause(error, outer)}",
                where,
            ) from error
        except requests.exceptions.ConnectTimeout as error:
            raise errors.UnavailableError("could not connect", where) from error
        except (
            requests.exceptions.Timeout,
            urllib3_exceptions.TimeoutError,
        ) as error:
            raise deadline.error(where) from error
        except (
            requests.exceptions.ContentDecodingError,
            urllib3_exceptions.DecodeError,
        ) as error:
            raise errors.AnswerError(
                f"expected a whole answer, got {_cause(error, outer)}", where
            ) from error
        except (
            requests.exceptions.RequestException,
            urllib3_exceptions.HTTPError,
            OSError,
        ) as error:
            raise _broken(error, outer, where) from error
        finally:
            self._idle.append(session)
        return _answered(response, text, where)


def _body(response, where, deadline):
    """Reads an answer: not beyond the deadline, nor what is too large."""
    parts, size = [], 0
    # What there is at a time: a slow server is noticed in between.
    while part := response.raw.read1(_CHUNK, decode_content=True):
        parts.append(part)
        size += len(part)
        if size > LARGEST_ANSWER:
            raise errors.AnswerError(
                f"expected an answer of at most {LARGEST_ANSWER >> 20} MiB, "
                "got more",
                where,
            )
        deadline.left(where)
    return b"".join(parts)


def _answered(response, text, where):
    """Returns the JSON object of a good answer; raises what a bad one says."""
    code = response.status_code
    kind = errors.quoted(response.headers.get("Content-Type", "no type"))
    try:
        answer = json.loads(text)
    except (ValueError, RecursionError):
        answer = None
    if code == 200:
        if not isinstance(answer, dict):
            start = errors.quoted(text[:40].decode(errors="replace"))
            raise errors.AnswerError(
                f"expected a JSON object, got {len(text)} bytes of {kind}, "
                f"which start with {start!r}",
                where,
            )
        if "error" not in answer:
            return answer
    said = f"{kind} without a message"
    if isinstance(answer, dict) and "error" in answer:
        said = errors.quoted(answer["error"])
    reason = f"the server answered {code}: {said}"
    if code in _BUSY:
        raise errors.UnavailableError(
            reason, where, retry_after=_retry_after(response)
        )
    if code == 404:
        raise errors.NotFoundError(reason, where)
    raise errors.RefusedError(reason, where)


def _retry_after(response):
    asked = response.headers.get("Retry-After", "")
    # The other form is a date, which needs clocks that agree.
    return min(float(asked), _LONGEST_WAIT) if asked.isdecimal() else 0.0


def _broken(error, outer, where):
    reason = _cause(error, outer)
    if "BadStatusLine" in repr(error):
        return errors.AnswerError(
            "expected HTTP, got something else (the REST port is usually "
            "8501; for gRPC write grpc://host:8500)",
            where,
        )
    return errors.UnavailableError(f"could not be reached: {reason}", where)


def _cause(error, outer):
    """Finds what an error of three libraries is about."""
    while error.__context__ not in (None, outer):
        error = error.__context__
    return errors.quoted(error) or type(error).__name__


def _member(answer, name, kind, where):
    found = answer.get(name)
    if not isinstance(found, kind):
        raise errors.AnswerError(
            f"expected {name} in the answer, got "
            f"{errors.quoted(', '.join(answer)) or 'nothing'}",
            where,
        )
    return found


def _shapes(tensors):
    return {
        name: tuple(
            _whole(dim["size"])
            for dim in tensor.get("tensor_shape", {}).get("dim", [])
        )
        for name, tensor in tensors.items()
    }


def _whole(value):
    """Reads an int64, which JSON of protocol buffers holds as a string."""
    if isinstance(value, bool) or not isinstance(value, int | str):
        raise TypeError(f"expected a whole number, got {value!r}")
    number = int(value)
    if not -(2**63) <= number < 2**63:
        raise ValueError("expected an int64")
    return number
