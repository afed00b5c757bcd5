"""Animation: sketches that draw themselves, as GIF."""

import io
import math
from typing import Protocol

import numpy as np
import svgwrite

from sketch_rnn_tf.drawing import canvas, motion, raster

FRAMES_PER_SECOND = 12
"""Frames of a GIF, unless told."""

MAX_PIXELS = 1_000_000_000
"""Animations of more pixels, all frames together, are refused."""

COLORS = 128
"""Colours of a GIF, at most."""


class Picture(Protocol):
    """What can be drawn in part: `Grid` and `Pattern`."""

    def render(self, progress: float = 1.0) -> svgwrite.Drawing:
        """Draws a part of its ink, from 0 to 1."""

    def animate(
        self, *, seconds: float = ..., hold_seconds: float = ...
    ) -> svgwrite.Drawing:
        """Makes a drawing that draws itself."""


class _Colors:
    """Finds the nearest of few colours, exactly and fast.

    Pillow's own search is off by a little, which shows on plain paper.

    Args:
      colors: uint8 [K, 3], K <= 256, RGB.
    """

    def __init__(self, colors: np.ndarray):
        self.colors = colors
        self._nearest = np.full(1 << 24, -1, np.int16)  # -1: not known yet

    def indexes(self, pixels: np.ndarray) -> np.ndarray:
        """Turns pixels, uint8 [H, W, 4], into indexes, uint8 [H, W]."""
        codes = np.ascontiguousarray(pixels).view("<u4")[..., 0] & 0xFFFFFF
        found = self._nearest[codes]
        new = np.unique(codes[found < 0])
        if len(new):
            rgb = np.stack([new, new >> 8, new >> 16], axis=-1) & 0xFF
            squares = np.zeros((len(new), len(self.colors)), np.int32)
            for channel in range(3):
                ours = self.colors[:, channel].astype(np.int32)
                theirs = rgb[:, channel].astype(np.int32)
                squares += (theirs[:, np.newaxis] - ours) ** 2
            self._nearest[new] = squares.argmin(axis=1)
            found = self._nearest[codes]
        return found.astype(np.uint8)


def to_gif(
    picture: Picture,
    *,
    seconds: float = motion.SECONDS,
    frames_per_second: float = FRAMES_PER_SECOND,
    hold_seconds: float = motion.HOLD_SECONDS,
    scale: float = 1.0,
) -> bytes:
    """Renders a picture that draws itself, again and again.

    The first frame is the whole picture, for programs that show no other.

    Args:
      picture: What is drawn.
      seconds: How long drawing takes.
      frames_per_second: At most 50; browsers slow down GIFs that are faster.
      hold_seconds: How long the whole picture stays.
      scale: GIF pixels per pixel of the picture.

    Returns:
      The bytes of a GIF file; the same for the same input.

    Raises:
      ValueError: If an argument is out of range, the frames would have more
        than `raster.MAX_PIXELS` each or `MAX_PIXELS` together, or Pillow is
        not installed.
    """
    seconds = canvas.positive(seconds, "seconds")
    hold_seconds = canvas.positive(hold_seconds, "hold_seconds")
    rate = canvas.positive(frames_per_second, "frames_per_second")
    if rate > 50:
        raise ValueError(f"frames_per_second: expected at most 50, got {rate}")
    try:
        from PIL import Image
    except ImportError:
        raise ValueError(
            "expected Pillow, which writes GIF: pip install pillow"
        ) from None

    whole = picture.render()
    width, height = raster.size(whole, scale)
    # Not even one round trip through an integer if it is out of all bounds.
    count = max(math.ceil(min(seconds * rate, MAX_PIXELS)), 1)
    if width * height * count > MAX_PIXELS:
        raise ValueError(
            f"expected a GIF of at most {MAX_PIXELS:,} pixels, got "
            f"{count:,} frames of {width:,} x {height:,}; a smaller scale, "
            "less time or fewer frames per second make less"
        )

    def pixels(drawing):
        png = raster.to_png(drawing, scale=scale)
        return np.asarray(Image.open(io.BytesIO(png)))  # [H, W, 4]

    def frame(drawing):
        picture = Image.fromarray(colors.indexes(pixels(drawing)))
        picture.putpalette(colors.colors.tobytes())
        return picture

    # All frames share the colours of the whole picture, which has all of
    # them: nothing flickers, and frames differ where ink is new.
    last = Image.fromarray(pixels(whole)).convert("RGB")
    mixed = last.quantize(COLORS - 1, dither=Image.Dither.NONE)
    mixed = np.array(mixed.getpalette(), np.uint8).reshape(-1, 3)
    paper = np.frombuffer(bytes.fromhex(canvas.paper(whole)[1:]), np.uint8)
    colors = _Colors(np.concatenate([[paper], mixed]))
    last = frame(whole)
    frames = (frame(picture.render(index / count)) for index in range(count))
    # A GIF counts hundredths of a second.
    tick = 10 * round(100 / rate)
    hold = max(10 * round(100 * hold_seconds) - tick, tick)
    file = io.BytesIO()
    last.save(
        file,
        "GIF",
        save_all=True,
        append_images=[*frames, last],
        duration=[tick] * (count + 1) + [hold],
        loop=0,
        optimize=False,
    )
    return file.getvalue()
