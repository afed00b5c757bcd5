"""The XML of SVG files: a tree of elements within limits, no entities."""

import reprlib
from xml.etree import ElementTree

import defusedxml
from defusedxml import ElementTree as defused

MAX_BYTES = 32 * 2**20
"""Largest file, and most characters of attributes of what is drawn."""

MAX_ELEMENTS = 100_000
"""Most elements, in the file and drawn."""

MAX_ATTRIBUTES = 1_000_000
"""Most attributes, counted as equals signs."""

MAX_DEPTH = 64
"""Most levels of elements, in the file and drawn.  What is drawn counts what
is used at each use."""

_NAMESPACE = "{http://www.w3.org/2000/svg}"


def parse(text: bytes) -> ElementTree.Element:
    """Parses XML, without entities.

    Args:
      text: What a file holds.

    Returns:
      The svg element.  Comments and processing instructions are left out.

    Raises:
      ValueError: If it is not XML or not SVG, declares entities or
        attributes, or is larger than one of the limits.
    """
    if len(text) > MAX_BYTES:
        raise ValueError(f"expected at most {MAX_BYTES:,} bytes, got more")
    if text.startswith(b"\x1f\x8b"):
        raise ValueError("expected XML, got gzip (svgz): unpack it first")
    # Before expat, which makes all attributes of an element at once.
    check_limit(text.count(b"="), MAX_ATTRIBUTES, "attributes")
    parser = defused.DefusedXMLParser(
        target=_Tree(), forbid_entities=True, forbid_external=True
    )
    # A default is an attribute of every element: an amplification, too.
    parser.parser.AttlistDeclHandler = _refuse_attribute_list
    try:
        parser.feed(text)
        root = parser.close()
    except defusedxml.DefusedXmlException as error:
        raise ValueError(
            "expected no entity declarations or external entities, got "
            f"{' '.join(str(error).split())}: save it as plain SVG"
        ) from error
    except defused.ParseError as error:
        raise ValueError(f"expected XML, got {error}") from error
    if local_name(root) != "svg":
        raise ValueError(
            f"expected an svg element, got {reprlib.repr(local_name(root))}"
        )
    return root


def _refuse_attribute_list(element, attribute, kind, default, required):
    raise ValueError(
        "expected no attribute declarations, got one of "
        f"{reprlib.repr(attribute)}: save it as plain SVG"
    )


class _Tree:
    """Builds the tree of elements, limited; comments are not kept."""

    def __init__(self):
        self._builder = ElementTree.TreeBuilder()
        self._count = self._depth = 0

    def start(self, tag, attributes):
        self._count += 1
        self._depth += 1
        check_limit(self._count, MAX_ELEMENTS, "elements")
        check_limit(self._depth, MAX_DEPTH, "levels of elements")
        return self._builder.start(tag, attributes)

    def end(self, tag):
        self._depth -= 1
        return self._builder.end(tag)

    def data(self, text):
        self._builder.data(text)

    def close(self):
        return self._builder.close()


def local_name(element: ElementTree.Element) -> str:
    """Names an element of SVG; other namespaces stay in front."""
    return element.tag.removeprefix(_NAMESPACE)


def label(element: ElementTree.Element) -> str:
    """Says in a message which element is meant.

    >>> label(ElementTree.Element("path", {"id": "eye"}))
    "<path> 'eye'"
    """
    identity = element.attrib.get("id")
    suffix = f" {reprlib.repr(identity)}" if identity else ""
    return f"<{local_name(element)}>{suffix}"


def check_limit(count: int, most: int, things: str) -> None:
    """Raises a ValueError if there are more things than there may be."""
    if count > most:
        raise ValueError(f"expected at most {most:,} {things}, got more")
