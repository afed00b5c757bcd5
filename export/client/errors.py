"""What can go wrong with a request, by what is to be done about it.

    RequestError          any of these; an OSError
      InputError          one input is wrong: a ValueError, too
      NotFoundError       the server has no such model, version or signature
      RefusedError        the server refused the request otherwise
      AnswerError         the answer is not what such a server gives
      UnavailableError    the server could not be reached, or was too busy
      DeadlineError       it took too long

All say which server, model and signature it was.
"""

from typing import NamedTuple

from sketch_rnn_tf import quoting

_LONGEST = 300


class Where(NamedTuple):
    """What a request was sent to.

    Attributes:
      server: Its address.
      model: The model's name, with the version or label that was asked for.
      signature: What was asked of it; "" of no signature.
    """

    server: str
    model: str
    signature: str = ""

    def __str__(self) -> str:
        return ", ".join(part for part in self if part)


class RequestError(OSError):
    """A request that did not come to good.

    Attributes:
      reason: What went wrong, in one line.
      where: What was asked.
    """

    def __init__(self, reason: str, where: Where):
        super().__init__(f"{where}: {reason}")
        self.reason = reason
        self.where = where

    # OSError's own would lose what it was made of.
    def __reduce__(self):
        return type(self), (self.reason, self.where), self.__dict__


class InputError(RequestError, ValueError):
    """An input is wrong; sent again it would be as wrong.

    Attributes:
      input: The input's name.
      index: Which sketch or drawing it was; None of an input for all.
      code: What the server said, one of `export.status`; None of what was
        seen before sending.
    """

    def __init__(
        self,
        reason: str,
        where: Where,
        *,
        input: str = "",
        index: int | None = None,
        code: int | None = None,
    ):
        super().__init__(reason, where)
        self.input = input
        self.index = index
        self.code = code


class NotFoundError(RequestError):
    """The server has no such model, version, label or signature."""


class RefusedError(RequestError):
    """The server refused the request, or failed at it."""


class AnswerError(RequestError):
    """What came is not what a server of this model answers."""


class UnavailableError(RequestError, ConnectionError):
    """The server could not be reached, or was too busy; worth a retry.

    Attributes:
      retry_after: Seconds that the server asked to wait; 0 if it did not.
    """

    def __init__(self, reason: str, where: Where, *, retry_after: float = 0.0):
        super().__init__(reason, where)
        self.retry_after = retry_after


class DeadlineError(RequestError, TimeoutError):
    """There was no answer in time."""


def quoted(text: object) -> str:
    """Makes one short printable line of what a server said."""
    return quoting.line(text, _LONGEST)
