"""Where a served model is: the server's address, and the model's name."""

import urllib.parse
from typing import NamedTuple

_SCHEMES = {"http": 80, "https": 443, "grpc": 8500, "grpcs": 8500}
_WANTED = "expected host:port, http(s)://host:port or grpc(s)://host:port"


class Address(NamedTuple):
    """A server's address.

    Attributes:
      scheme: "http", "https", "grpc" or "grpcs".
      target: host:port.
      prefix: What comes before /v1 in a URL, "" or "/...".
    """

    scheme: str
    target: str
    prefix: str = ""

    def __str__(self) -> str:
        if self.scheme == "http":
            return self.target + self.prefix
        return f"{self.scheme}://{self.target}{self.prefix}"

    @property
    def is_grpc(self) -> bool:
        """Whether gRPC is spoken there, not REST."""
        return self.scheme in ("grpc", "grpcs")

    @property
    def is_secure(self) -> bool:
        """Whether it is spoken over TLS."""
        return self.scheme in ("https", "grpcs")


class Servable(NamedTuple):
    """A model of a server.

    Attributes:
      name: Its name.
      version: The version, where one is asked for.
      label: The version's label, likewise.
    """

    name: str
    version: int | None = None
    label: str | None = None

    def __str__(self) -> str:
        if self.version is not None:
            return f"{self.name}/versions/{self.version}"
        if self.label is not None:
            return f"{self.name}/labels/{self.label}"
        return self.name

    @property
    def path(self) -> str:
        """Its path below /v1/models/, quoted."""
        return "/".join(
            urllib.parse.quote(part, safe="") for part in str(self).split("/")
        )


def parse(text: str) -> Address:
    """Reads a server's address.

    Args:
      text: host:port, http(s)://host[:port][/prefix] or
        grpc(s)://host[:port].

    Raises:
      ValueError: If it is none of them.

    >>> parse("localhost:8501")
    Address(scheme='http', target='localhost:8501', prefix='')
    >>> str(parse("grpc://[::1]"))
    'grpc://[::1]:8500'
    """
    has_scheme = "://" in text
    try:
        url = urllib.parse.urlsplit(text if has_scheme else f"http://{text}")
        host, port = url.hostname, url.port
    except ValueError:
        host = None
    known = host and url.scheme in _SCHEMES and host.isprintable()
    if not known or " " in host or not (has_scheme or port):
        raise ValueError(f"server: {_WANTED}, got {text!r}")
    if url.username is not None or url.query or url.fragment:
        # Errors name the server: a password would be in every log.
        raise ValueError(
            "server: expected no user, password, query or fragment in "
            f"{url.scheme}://{host}"
        )
    prefix = url.path.rstrip("/")
    if prefix and url.scheme in ("grpc", "grpcs"):
        raise ValueError(f"server: {_WANTED}, got {text!r}")
    shown = f"[{host}]" if ":" in host else host
    return Address(
        url.scheme, f"{shown}:{port or _SCHEMES[url.scheme]}", prefix
    )


def servable(
    name: str, version: int | None = None, label: str | None = None
) -> Servable:
    """Checks what names a model.

    Args:
      name: Its name.
      version: The version, at least 1; None for the newest one.
      label: Or the version's label.

    Raises:
      ValueError: If there is no name, the version is no number from 1 on, or
        both version and label are given.
    """
    for what, value in (("model", name), ("label", label)):
        good = isinstance(value, str) and value and "/" not in value
        if not good and not (what == "label" and value is None):
            raise ValueError(
                f"{what}: expected a name without a slash, got {value!r}"
            )
    if version is not None:
        if label is not None:
            raise ValueError(
                "label: expected none with a version, got both "
                f"{label!r} and {version}"
            )
        if isinstance(version, bool) or not isinstance(version, int):
            raise ValueError(f"version: expected a number, got {version!r}")
        if not 1 <= version < 2**63:
            raise ValueError(f"version: expected at least 1, got {version}")
    return Servable(name, version, label)
