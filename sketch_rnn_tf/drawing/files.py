"""Files: pictures on disk, in the format that their ending says."""

import os
import pathlib

import svgwrite

from sketch_rnn_tf import partials
from sketch_rnn_tf.drawing import animation, motion, raster

ENDINGS = (".svg", ".animated.svg", ".png", ".gif")
"""What the name of a picture's file may end in."""


def check_ending(path: str | os.PathLike) -> str:
    """Finds out the format of a file from its name, in either case.

    Args:
      path: The file.

    Returns:
      One of `ENDINGS`.

    Raises:
      ValueError: If the file has another ending.  The message is one line.

    >>> check_ending("cats.Animated.SVG")
    '.animated.svg'
    """
    name = pathlib.Path(path).name.lower()
    for ending in sorted(ENDINGS, key=len, reverse=True):
        # An ending alone is the name of a hidden file.
        if name.endswith(ending) and name not in ENDINGS:
            return ending
    raise ValueError(
        f"expected a file ending in {', '.join(ENDINGS[:-1])} or "
        f"{ENDINGS[-1]}, got {os.fspath(path)!r}"
    )


def write(
    path: str | os.PathLike,
    picture: svgwrite.Drawing | animation.Picture,
    *,
    scale: float = 2.0,
    seconds: float = motion.SECONDS,
) -> pathlib.Path:
    """Writes a picture, by the file's ending.

    The file appears whole or not at all; its folder is made if missing.

    Args:
      path: File ending in .svg, .png, or, where sketches draw themselves,
        .animated.svg or .gif.
      picture: A `Grid`, a `Pattern` or anything else that has their methods;
        for .svg and .png also a drawing.
      scale: PNG or GIF pixels per pixel of the picture; SVG has no use for
        it.
      seconds: How long drawing takes, if they draw themselves.

    Returns:
      The path written.

    Raises:
      ValueError: If the file has another ending, the picture is not one for
        it, or would have too many pixels.
      OSError: If the file cannot be written.

    >>> write("x.bmp", svgwrite.Drawing())
    Traceback (most recent call last):
    ...
    ValueError: expected a file ending in .svg, .animated.svg, .png or .gif, \
got 'x.bmp'
    """
    ending = check_ending(path)
    path = pathlib.Path(path)
    if path.is_dir():
        raise IsADirectoryError(
            f"expected a file, got the folder {str(path)!r}"
        )
    data = _encoded(ending, picture, scale, seconds)
    # Pictures may be many, and can be drawn again: no wait for the disk.
    with partials.file(path, durable=False) as partial:
        partial.write_bytes(data)
    return path


def _encoded(
    ending: str,
    picture: svgwrite.Drawing | animation.Picture,
    scale: float,
    seconds: float,
) -> bytes:
    """Gives the bytes of a file."""
    moving = hasattr(picture, "render") and hasattr(picture, "animate")
    if ending in (".animated.svg", ".gif"):
        if not moving:
            raise ValueError(
                f"{ending}: expected a Grid or a Pattern, got "
                f"{type(picture).__name__}, which does not draw itself"
            )
        if ending == ".gif":
            return animation.to_gif(picture, seconds=seconds, scale=scale)
        return raster.to_svg(picture.animate(seconds=seconds)).encode("utf-8")
    drawing = picture.render() if moving else picture
    if ending == ".png":
        return raster.to_png(drawing, scale=scale)
    return raster.to_svg(drawing).encode("utf-8")
