"""Quoting: what a stranger's file or program says, as a part of one line."""

import reprlib

_MANY = 80
_MOST = 200

_NAMES = reprlib.Repr()
_NAMES.maxstring = _MANY


def shown(value: object) -> str:
    r"""Writes what a file says as one line of ASCII that is not too long.

    >>> shown("a\nb")
    'a\\nb'
    """
    text = str(value).encode("unicode_escape").decode("ascii")
    return text if len(text) <= _MANY else f"{text[: _MANY - 3]}..."


def name(value: object) -> str:
    """Quotes a name, whole where it is one of at most 80 characters.

    >>> name("cat")
    "'cat'"
    """
    return _NAMES.repr(value)


def line(text: object, most: int = _MOST) -> str:
    r"""Makes one printable line of what a library or a server says.

    Args:
      text: It, or an error.
      most: Characters after which it is cut.

    >>> line("expected\n  this\x00")
    'expected this?'
    """
    made = " ".join(str(text).split())
    # Control characters are not for a terminal.
    made = "".join(c if c.isprintable() else "?" for c in made)
    return made if len(made) <= most else f"{made[:most]} ..."
