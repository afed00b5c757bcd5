"""What SVG elements are styled with, as far as it matters for their lines.

A small part of CSS: the selectors `*`, `tag`, `.class`, `tag.class`, `#id`
and `tag#id`, and commas between them; the more special one wins.  Rules with
any other selector, within an at-rule such as @media, or that import a file
are left out.  `!important` has no weight.
"""

import re
from collections.abc import Iterable, Mapping

from sketch_rnn_tf.files.svg import tree as svg_tree

PROPERTIES = ("display", "visibility", "fill", "stroke", "transform")
"""Properties that are read."""

MAX_BLOCKS = 100_000
"""Most blocks in braces of a style sheet."""

MAX_CLASS = 10_000
"""Most characters of a `class` attribute."""

MAX_SELECTORS = 10_000
"""Most selectors of rules that set one of `PROPERTIES`."""

Rules = Mapping[str, Mapping[str, str]]
"""Properties by selector."""


def rules(sheets: Iterable[str]) -> Rules:
    """Reads style sheets.

    Args:
      sheets: The text of each `style` element.

    Returns:
      The rules that set one of `PROPERTIES`, later ones merged over earlier
      ones of the same selector.

    Raises:
      ValueError: If there are more than `MAX_SELECTORS` or `MAX_BLOCKS`.

    >>> rules(["/* x */ .a, #b { Display: none !important }"])
    {'.a': {'display': 'none'}, '#b': {'display': 'none'}}
    """
    found = {}
    count = 0
    for sheet in sheets:
        svg_tree.check_limit(
            sheet.count("}"), MAX_BLOCKS, "blocks in a style element"
        )
        depth = 0
        for block in re.finditer(r"[^}]+|\}", _without_comments(sheet)):
            if block[0] == "}":
                depth = max(depth - 1, 0)
                continue
            head, brace, body = block[0].rpartition("{")
            level, depth = depth, depth + block[0].count("{")
            # Statements such as @import end with a semicolon.
            selectors = head.rpartition(";")[2]
            if level or not brace or "{" in head or "@" in selectors:
                continue
            properties = declarations(body)
            if not properties:
                continue
            for selector in re.finditer(r"[^,]+", selectors):
                count += 1
                svg_tree.check_limit(count, MAX_SELECTORS, "selectors of style")
                found.setdefault(selector[0].strip(), {}).update(properties)
    return found


def declarations(text: str) -> dict[str, str]:
    """Reads declarations, those of a `style` attribute, say.

    Returns:
      Values of `PROPERTIES`, in lower case.

    >>> declarations("stroke-width:2;stroke:#F00")
    {'stroke': '#f00'}
    """
    found = {}
    for item in re.finditer(r"[^;]+", text):
        name, _, value = item[0].partition(":")
        name = name.strip().lower()
        if name in PROPERTIES:
            found[name] = value.partition("!")[0].strip().lower()
    return found


def specified(
    name: str, attributes: Mapping[str, str], sheet: Rules
) -> dict[str, str]:
    """Finds what is specified for an element itself, nothing inherited.

    Args:
      name: Of the element.
      attributes: Of the element.
      sheet: See `rules`.

    Returns:
      Values of `PROPERTIES`, in lower case.

    Raises:
      ValueError: If its classes are longer than `MAX_CLASS`.
    """
    found = {
        key: attributes[key].strip().lower()
        for key in PROPERTIES
        if key in attributes
    }
    if sheet:
        classes = attributes.get("class", "")
        svg_tree.check_limit(len(classes), MAX_CLASS, "characters of class")
        tags = ["", name]
        selectors = ["*", name]
        selectors += [
            f"{tag}.{word[0]}"
            for tag in tags
            for word in re.finditer(r"\S+", classes)
        ]
        if "id" in attributes:
            selectors += [f"{tag}#{attributes['id']}" for tag in tags]
        for selector in selectors:
            found.update(sheet.get(selector, {}))
    found.update(declarations(attributes.get("style", "")))
    return found


def _without_comments(text: str) -> str:
    start, *rest = text.split("/*")
    return start + " ".join(part.partition("*/")[2] for part in rest)
