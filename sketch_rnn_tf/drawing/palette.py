"""Palette: colours for sketches and for what lies under them.

Colours between others are mixed in OKLab, where equal steps look equal and
blends stay clean (B. Ottosson, "A perceptual color space for image
processing", 2020).
"""

import math
import string
from collections.abc import Sequence

import numpy as np

from sketch_rnn_tf.drawing import theme as theme_lib

CORNERS = ("#ee8a12", "#e0245e", "#7b2fc9", "#1769d6")
"""Left top, right top, left bottom and right bottom of an interpolation.

No two of them are complementary, as such colours mix to grey.
"""

COLDEST, HOTTEST = 0.2, 0.9
"""Temperatures from which on colours do not change."""

_TEMPERATURES = ("#1f5fd6", "#7d3cc4", "#d2255f", "#e0301e")
_HEAT = {
    "light": ("#ffe9a3", "#ffb347", "#f2603c", "#b3124f"),
    "dark": ("#4a2183", "#b02a78", "#f2703c", "#ffe08a"),
}

# Linear sRGB to the cones' response, and its cube root to OKLab.
_CONES = np.array(
    [
        [0.4122214708, 0.5363325363, 0.0514459929],
        [0.2119034982, 0.6806995451, 0.1073969566],
        [0.0883024619, 0.2817188376, 0.6299787005],
    ]
)
_LAB = np.array(
    [
        [0.2104542553, 0.7936177850, -0.0040720468],
        [1.9779984951, -2.4285922050, 0.4505937099],
        [0.0259040371, 0.7827717662, -0.8086757660],
    ]
)


def between(first: str, last: str, steps: int) -> list[str]:
    """Mixes the colours between two.

    Args:
      first: "#rrggbb".
      last: "#rrggbb".
      steps: How many colours, both of them included; 1 gives the first.

    Returns:
      Colours, "#rrggbb".

    Raises:
      ValueError: If a colour is not one, or `steps` is not positive.

    >>> between("#000000", "#ffffff", 3)
    ['#000000', '#636363', '#ffffff']
    """
    _check_count(steps, "steps")
    return _hex(_mixed((first, last), np.linspace(0, 1, steps)))


def corners(
    rows: int, columns: int, colors: Sequence[str] = CORNERS
) -> list[str]:
    """Mixes the colours of a grid between those of its four corners.

    Args:
      rows: Rows of the grid; a single one has the colours of the top.
      columns: Columns of the grid; a single one has those of the left.
      colors: Left top, right top, left bottom and right bottom, "#rrggbb".

    Returns:
      Colours, "#rrggbb", row by row.

    Raises:
      ValueError: If a number is not positive, or there are not four colours.

    >>> corners(1, 2, ["#ff0000", "#00ff00", "#0000ff", "#ffffff"])
    ['#ff0000', '#00ff00']
    """
    _check_count(rows, "rows")
    _check_count(columns, "columns")
    if isinstance(colors, str) or len(colors) != 4:
        raise ValueError(f"colors: expected four, got {colors!r}")
    lab = _to_lab([_rgb(color) for color in colors]).reshape(2, 2, 3)
    x = np.linspace(0, 1, columns)[:, np.newaxis]
    y = np.linspace(0, 1, rows)[:, np.newaxis, np.newaxis]
    top, bottom = (row[0] + x * (row[1] - row[0]) for row in lab)  # [C, 3]
    return _hex((top + y * (bottom - top)).reshape(-1, 3))


def temperatures(values: Sequence[float]) -> list[str]:
    """Gives the colours of temperatures, from blue at 0.2 to red at 0.9.

    Args:
      values: Temperatures; those beyond have the colours of the ends.

    Returns:
      Colours, "#rrggbb".

    Raises:
      ValueError: If a temperature is not positive.

    >>> temperatures([0.01, 0.2])
    ['#1f5fd6', '#1f5fd6']
    """
    for value in values:
        if not (math.isfinite(value) and value > 0):
            raise ValueError(
                f"temperature: expected a positive number, got {value}"
            )
    places = np.asarray(values, np.float64).reshape(-1)
    places = (places - COLDEST) / (HOTTEST - COLDEST)
    return _hex(_mixed(_TEMPERATURES, np.clip(places, 0, 1)))


def heat(values: np.ndarray, theme: str = "light") -> np.ndarray:
    """Makes a heat map.

    Args:
      values: float [H, W], from 0, which is transparent, to 1.
      theme: "light" or "dark".

    Returns:
      uint8 [H, W, 4], RGBA, for an `Underlay`.

    Raises:
      ValueError: If values are out of range, or there is no such theme.

    >>> heat(np.array([[0.0, 1.0]]))[..., 3].tolist()
    [[0, 230]]
    """
    theme_lib.named(theme)
    values = np.asarray(values)
    if values.ndim != 2 or not values.size or values.dtype.kind not in "fiub":
        raise ValueError(
            "values: expected numbers of shape [H, W], "
            f"got {values.dtype} of shape {values.shape}"
        )
    if not ((values >= 0) & (values <= 1)).all():
        raise ValueError(
            f"values: expected 0 to 1, got {values.min():g} to {values.max():g}"
        )
    values = values.astype(np.float64)
    table = _to_rgb(_mixed(_HEAT[theme], np.linspace(0, 1, 256)))
    rgb = table[np.rint(255 * values).astype(int)]
    # Opacity grows with the heat, so that a map has no visible edge; ink is
    # legible upon it, as even the strongest heat lets the paper through.
    alpha = np.rint(230 * values**0.9).astype(np.uint8)
    return np.concatenate([rgb, alpha[..., np.newaxis]], axis=-1)


def _check_count(count: int, name: str) -> None:
    if count < 1:
        raise ValueError(f"{name}: expected a positive integer, got {count}")


def _rgb(color: str) -> tuple[int, int, int]:
    digits = color[1:] if isinstance(color, str) else ""
    if (
        len(digits) != 6
        or color[0] != "#"
        or set(digits) - set(string.hexdigits)
    ):
        raise ValueError(f'color: expected "#rrggbb", got {color!r}')
    return tuple(bytes.fromhex(digits))


def _mixed(anchors: Sequence[str], places: np.ndarray) -> np.ndarray:
    """Mixes OKLab [N, 3] at places [N] from 0, the first anchor, to 1."""
    lab = _to_lab([_rgb(color) for color in anchors])
    at = np.linspace(0, 1, len(lab))
    return np.stack([np.interp(places, at, c) for c in lab.T], axis=-1)


def _to_lab(rgb: Sequence[tuple[int, int, int]]) -> np.ndarray:
    """Turns sRGB [N, 3], 0 to 255, into OKLab."""
    coded = np.asarray(rgb, np.float64) / 255
    linear = np.where(
        coded <= 0.04045, coded / 12.92, ((coded + 0.055) / 1.055) ** 2.4
    )
    return np.cbrt(linear @ _CONES.T) @ _LAB.T


def _to_rgb(lab: np.ndarray) -> np.ndarray:
    """Turns OKLab [N, 3] into sRGB, uint8; the nearest if out of gamut."""
    cones = (lab @ np.linalg.inv(_LAB).T) ** 3
    linear = np.clip(cones @ np.linalg.inv(_CONES).T, 0, 1)
    coded = np.where(
        linear <= 0.0031308,
        linear * 12.92,
        1.055 * linear ** (1 / 2.4) - 0.055,
    )
    return np.rint(255 * coded).astype(np.uint8)


def _hex(lab: np.ndarray) -> list[str]:
    return [f"#{r:02x}{g:02x}{b:02x}" for r, g, b in _to_rgb(lab).tolist()]
