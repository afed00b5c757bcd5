"""Underlay: a picture of pixels under a sketch, such as a heat map."""

import base64
import dataclasses
import functools
import io
import math

import numpy as np
import svgwrite

from sketch_rnn_tf.drawing import ink


@dataclasses.dataclass(frozen=True, eq=False)
class Underlay:
    """A picture that lies under a sketch.

    Attributes:
      image: uint8 [H, W, 4], RGBA.
      box: Left, top, right and bottom of the picture in the sketch's
        coordinates, where the pen starts at the origin.

    Raises:
      ValueError: If the image is another array or has no pixels, or the box
        is not one.
    """

    image: np.ndarray
    box: ink.Box

    def __post_init__(self):
        image = self.image
        if (
            not isinstance(image, np.ndarray)
            or image.dtype != np.uint8
            or image.ndim != 3
            or image.shape[2] != 4
            or not image.size
        ):
            got = getattr(image, "dtype", type(image).__name__)
            raise ValueError(
                "image: expected a uint8 array of shape [H, W, 4], "
                f"got {got} of shape {np.shape(image)}"
            )
        left, top, right, bottom = check_box(self.box, "box")
        if not (left < right and top < bottom):
            raise ValueError(f"box: expected an area, got {self.box}")

    def add_to(
        self,
        group: svgwrite.container.Group,
        frame: ink.Frame,
        corner: tuple[float, float],
    ) -> None:
        """Adds the picture to a group.

        Args:
          group: Part of a drawing.
          frame: Where the sketch lies within its cell.
          corner: Left top of the cell, pixels.
        """
        low, high = frame.place(np.array(self.box).reshape(2, 2))
        group.add(
            svgwrite.image.Image(
                self.uri,
                insert=tuple(map(ink.number, low + corner)),
                size=tuple(map(ink.number, high - low)),
                preserveAspectRatio="none",
                debug=False,
            )
        )

    @functools.cached_property
    def uri(self) -> str:
        """The picture as the data URI of a PNG file."""
        from PIL import Image  # Only underlays and GIFs need Pillow.

        file = io.BytesIO()
        Image.fromarray(self.image).save(file, "PNG", optimize=True)
        data = base64.b64encode(file.getvalue()).decode("ascii")
        return f"data:image/png;base64,{data}"


def check_box(box: ink.Box, name: str) -> ink.Box:
    """Returns a box as floats, or raises a ValueError that names it."""
    try:
        left, top, right, bottom = map(float, box)
        good = left <= right and top <= bottom
        good &= all(map(math.isfinite, (left, top, right, bottom)))
    except (TypeError, ValueError):
        good = False
    if not good:
        raise ValueError(
            f"{name}: expected (left, top, right, bottom), got {box!r}"
        )
    return left, top, right, bottom
