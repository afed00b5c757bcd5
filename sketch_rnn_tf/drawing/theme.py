"""Themes: the colours of a picture's paper, ink and letters."""

import dataclasses


@dataclasses.dataclass(frozen=True)
class Theme:
    """Colours that go together, each "#rrggbb".

    Attributes:
      paper: Behind everything.
      hairline: Lines between cells.
      frame: Boxes around cells.
      black: What "black" ink looks like on the paper.
      order: Anchors from the first to the last stroke.  Lightness rises all
        the way, so the order is legible without hues.
      prefix: The given part of a sketch.
      completion: What a model went on with.
      title: Titles.
      header: Labels of rows and columns.
      label: Labels of sketches, and captions.
    """

    paper: str
    hairline: str
    frame: str
    black: str
    order: tuple[str, ...]
    prefix: str
    completion: str
    title: str
    header: str
    label: str


LIGHT = Theme(
    paper="#ffffff",
    hairline="#e4e7eb",
    frame="#57606a",
    black="#111418",
    order=("#27296d", "#6b2c91", "#b83280", "#e0555a", "#ee9336"),
    prefix="#24292f",
    completion="#df2935",
    title="#1b1f24",
    header="#424a53",
    label="#57606a",
)
DARK = Theme(
    paper="#12151c",
    hairline="#262b35",
    frame="#98a1b0",
    black="#f2f4f7",
    order=("#6d83f2", "#a583f0", "#e07fc4", "#ff9d86", "#ffd27a"),
    prefix="#e8ebf0",
    completion="#ff5f63",
    title="#f2f4f7",
    header="#c3c9d3",
    label="#98a1b0",
)
_THEMES = {"light": LIGHT, "dark": DARK}


def named(name: str) -> Theme:
    """Gives a theme.

    Args:
      name: "light" or "dark".

    Returns:
      The theme.

    Raises:
      ValueError: If there is no such theme.

    >>> named("dark").paper
    '#12151c'
    """
    if name not in _THEMES:
        raise ValueError(f'theme: expected "light" or "dark", got {name!r}')
    return _THEMES[name]
