"""Labels of drawings: text that is safe in XML and fits its place."""

import unicodedata

import svgwrite

from sketch_rnn_tf.drawing import theme as theme_lib

LABEL_COLOR = theme_lib.LIGHT.label
ELLIPSIS = "\u2026"

# Advance widths in em, those of the widest printable ASCII characters of each
# class in Roboto, rounded up; full-width characters are an em.
_FULL, _WIDE, _CAPITAL, _SMALL, _NARROW = 1.0, 0.9, 0.72, 0.58, 0.35
_NARROW_LETTERS = frozenset("ijlI.,:;'|!()[] ")
_WIDE_LETTERS = frozenset("mwMW@%")


def plain_text(text: str) -> str:
    r"""Makes text of one line that XML can hold.

    Args:
      text: Anything that a user calls a label.

    Returns:
      The text with control characters, lone surrogates and runs of white
      space replaced by single spaces.

    >>> plain_text("a\x00 b\nc")
    'a b c'
    """
    characters = (
        " " if unicodedata.category(c) in ("Cc", "Cs", "Cn", "Zl", "Zp") else c
        for c in str(text)
    )
    return " ".join("".join(characters).split())


def text_width(text: str, font_size: float) -> float:
    """Estimates the width of plain text set in Roboto, pixels, from above."""
    return font_size * sum(map(_advance, text))


def shortened(text: str, width: float, font_size: float) -> str:
    r"""Shortens plain text to a width, pixels, by an ellipsis.

    >>> shortened("a long label", 40, 10)
    'a long…'
    """
    if text_width(text, font_size) <= width:
        return text
    while text and text_width(text + ELLIPSIS, font_size) > width:
        text = text[:-1]
    return text.rstrip() + ELLIPSIS


def wrapped(text: str, width: float, font_size: float) -> list[str]:
    """Breaks text into lines of a width, pixels.

    A word that is too long for a line is broken, too.

    >>> wrapped("one two three", 45, 10)
    ['one two', 'three']
    """
    lines, line = [], ""
    for word in plain_text(text).split():
        longer = f"{line} {word}" if line else word
        if line and text_width(longer, font_size) > width:
            lines.append(line)
            longer = word
        line = longer
        while len(line) > 1 and text_width(line, font_size) > width:
            count = len(line) - 1
            while count > 1 and text_width(line[:count], font_size) > width:
                count -= 1
            lines.append(line[:count])
            line = line[count:]
    return [*lines, line] if line else lines


def label(
    drawing: svgwrite.Drawing,
    text: str,
    place: tuple[float, float],
    width: float,
    font_size: float,
    style: str,
    *,
    theme: theme_lib.Theme = theme_lib.LIGHT,
) -> svgwrite.text.Text:
    """Makes a text element that fits a width, all of it as a tooltip.

    Args:
      drawing: The drawing that it is for.
      text: The text.
      place: Baseline point (x, y), pixels.
      width: Room for it, pixels.
      font_size: Pixels.
      style: "start" for a title, "middle" and "end" for the headers of
        columns and rows, "label" for what stands under a cell, "caption"
        for a line under all of them.
      theme: What colours it has.

    Returns:
      The element.
    """
    color = {
        "start": theme.title,
        "label": theme.label,
        "caption": theme.label,
    }
    anchor = {"label": "middle", "caption": "start"}
    text = plain_text(text)
    shown = shortened(text, width, font_size)
    element = drawing.text(
        shown,
        insert=(f"{place[0]:.2f}", f"{place[1]:.2f}"),
        font_size=f"{font_size:.2f}",
        fill=color.get(style, theme.header),
        text_anchor=anchor.get(style, style),
    )
    if style == "start":
        element["font-weight"] = 500
    if shown != text:
        element.set_desc(title=text)
    return element


def _advance(character: str) -> float:
    if unicodedata.east_asian_width(character) in "WF":
        return _FULL
    if character in _NARROW_LETTERS:
        return _NARROW
    if character in _WIDE_LETTERS:
        return _WIDE
    return _CAPITAL if character.isupper() or character in "#&~" else _SMALL
