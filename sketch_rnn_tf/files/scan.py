"""Scans and photographs of line drawings: reading their strokes.

A picture is a PNG or JPEG file of dark lines on light ground, or of light
ones on dark ground, which may be lit unevenly.  Colours count by how far
they are from the ground, so that yellow on white is a line.

    for polyline in scan.read("cat.jpg"):
        ...

Needs scikit-image: pip install sketch_rnn_tf[scan].  No TensorFlow.
"""

import importlib
import io
import os
import stat
import warnings

import numpy as np

from sketch_rnn_tf import quoting
from sketch_rnn_tf.preparation import skeletons, tracing

MAX_PIXELS = 40_000_000
"""The largest picture; cameras of telephones make 12 to 50 million."""

MAX_BYTES = 2**28
"""The largest file: more than 40 million pixels fill."""

MAX_SCANS = 20
"""The most passes over a JPEG's full number of pixels; progressive ones take
about ten, and each of thousands of empty ones would be decoded."""

WORK_SIZE = (600, 1500)
"""Pictures are scaled so that the longer side is within these, pixels; small
ones by `MAX_ENLARGEMENT` at most."""

MAX_ENLARGEMENT = 4

MIN_CONTRAST = 0.08
"""Least darkness of ink, as a part of the ground's brightness."""

MAX_NOISE, MAX_UNEVENNESS = 0.19, 0.45
"""Of the ground, as parts of the ink's darkness: its noise, and how much it
changes over a tenth of the picture.  Drawings in bad light reach 0.18 and
0.3; of photographs most are beyond one of these."""

MAX_SHARE = 0.3
"""The largest share of ink; lines as thick as 3 % of a picture take 0.2."""

MAX_WIDTH = 0.06
"""The largest width of lines, as a part of the picture's longer side."""

MAX_SPREAD, FEW_MARKS = 3.0, 10
"""Of the lines' widths, their 90 % quantile over their median, unless there
are few marks.  Drawings with parts filled in reach 4.9, with one or two such
marks; photographs of things begin at 3.3, in twenty."""

MAX_MARKS = 500
"""The most marks that do not touch each other."""


def read(path: str | os.PathLike) -> list[np.ndarray]:
    """Reads the strokes of a line drawing, in an order to draw them.

    Args:
      path: A PNG or JPEG file.

    Returns:
      Polylines (see `strokes`), float64 [K, 2], K >= 1, pixels of the
      picture as it is shown, upright by its EXIF data: x from 0, the left
      edge, to its width.  Points lie about a pixel of the scaled picture
      (see `WORK_SIZE`) apart; a closed line ends where it starts, a dot is
      a single point.

    Raises:
      FileNotFoundError: If there is no such file.
      ValueError: If the file is not a PNG or JPEG picture, is damaged or too
        large (see `MAX_PIXELS`), or shows no line drawing, or if
        scikit-image is not installed.  The message is one line.
    """
    path = os.fspath(path)
    for name in ("PIL", "scipy", "skimage"):
        try:
            importlib.import_module(name)
        except ImportError:
            raise ValueError(
                f"{path}: expected scikit-image, which reads scans: "
                "pip install sketch_rnn_tf[scan]"
            ) from None
    picture, size = _load(path)
    ink = _lines(path, picture)
    scale = np.array(size) / ink.shape[::-1]
    return [line * scale for line in tracing.trace(ink)]


def _load(path: str) -> tuple[np.ndarray, tuple[int, int]]:
    """Reads a picture.

    Returns:
      The picture scaled to `WORK_SIZE`, float32 [H, W, 1 or 3], 0 (black)
      to 1 (white), and the width and height that it had.
    """
    data = _read_bytes(path)
    try:
        with warnings.catch_warnings():
            # Pillow warns of large pictures: the limit here is lower.
            warnings.simplefilter("ignore")
            return _decode(data)
    except (Exception, MemoryError) as error:
        wanted, got = (
            error.args
            if isinstance(error, _Refused)
            else ("a whole PNG or JPEG picture", quoting.shown(error))
        )
        raise ValueError(f"{path}: expected {wanted}, got {got}") from error


class _Refused(Exception):
    """What was wanted of a picture, and what came."""


def _read_bytes(path: str) -> bytes:
    """Reads a file that is not too large."""
    try:
        status = os.stat(path)
        if not stat.S_ISREG(status.st_mode):
            raise ValueError(f"{path}: expected a file, got something else")
        if not 0 < status.st_size <= MAX_BYTES:
            raise ValueError(
                f"{path}: expected a picture of 1 to {MAX_BYTES:,} bytes, "
                f"got {status.st_size:,}"
            )
        with open(path, "rb") as file:
            return file.read(status.st_size)
    except FileNotFoundError:
        raise FileNotFoundError(f"{path}: no such file") from None
    except OSError as error:
        raise ValueError(
            f"{path}: expected a readable file, got {error.strerror}"
        ) from error


def _decode(data: bytes) -> tuple[np.ndarray, tuple[int, int]]:
    """Decodes and scales a picture, as `_load` returns it."""
    from PIL import Image

    def open_image():
        return Image.open(io.BytesIO(data), formats=("PNG", "JPEG"))

    image = open_image()
    width, height = size = image.size
    if width * height > MAX_PIXELS:
        raise _Refused(
            f"a picture of at most {MAX_PIXELS:,} pixels", f"{width} x {height}"
        )
    if data.startswith(b"\x89PNG"):
        if b"IEND\xaeB`\x82" not in data:
            raise _Refused("a whole PNG picture", "one cut off")
        image.verify()  # The chunks' checksums; no picture is left then.
        image = open_image()
    else:
        # Within coded pixels no 0xff comes with either of these.
        scans = data.count(b"\xff\xda")
        if scans * width * height > MAX_SCANS * MAX_PIXELS:
            raise _Refused(f"at most {MAX_SCANS} passes", f"{scans}")
        if b"\xff\xd9" not in data[data.rfind(b"\xff\xda") :]:
            raise _Refused("a whole JPEG picture", "one cut off")
    try:
        orientation = image.getexif().get(0x0112, 1)
    except Exception:
        orientation = 1  # Broken notes about a picture that may be whole.
    least, most = WORK_SIZE
    longer = min(max(max(size), min(least, MAX_ENLARGEMENT * max(size))), most)
    work_size = tuple(max(round(s * longer / max(size)), 1) for s in size)
    image.draft(image.mode, work_size)
    image.load()
    image = _on_white(image, work_size)
    turn = {2: 0, 3: 3, 4: 1, 5: 5, 6: 4, 7: 6, 8: 2}.get(orientation)
    if turn is not None:
        image = image.transpose(Image.Transpose(turn))
        size = size[::-1] if orientation >= 5 else size
    picture = np.asarray(image, np.float32) / 255
    return picture.reshape(*picture.shape[:2], -1), size


def _on_white(image, size: tuple[int, int]):
    """Scales an image of any mode to one of mode F or RGB, on white."""
    from PIL import Image

    if image.mode.startswith("I"):
        levels = np.asarray(image, np.float32) / 257
        if "transparency" in image.info:
            levels[levels * 257 == image.info["transparency"]] = 255
        image = Image.fromarray(levels)
    elif "A" in image.getbands() or "transparency" in image.info:
        image = image.convert("RGBA")
    else:
        image = image.convert("RGB")
    larger = size[0] > image.size[0]
    image = image.resize(size, Image.BICUBIC if larger else Image.BOX)
    if image.mode == "RGBA":
        white = Image.new("RGBA", size, "white")
        white.alpha_composite(image)
        image = white.convert("RGB")
    return image


def _lines(path: str, picture: np.ndarray) -> np.ndarray:
    """Finds a drawing's ink, bool [H, W], or says why there is none."""

    def check(good, wanted, got):
        if not good:
            raise ValueError(f"{path}: expected {wanted}, got {got}")

    darkness, unevenness = _darkness(picture)
    noise = 1.4826 * float(np.median(np.abs(darkness)))
    darkest = float(np.quantile(darkness, 0.9998))
    check(
        darkest > max(MIN_CONTRAST, 5 * noise) or noise > MIN_CONTRAST,
        "a line drawing",
        "a picture with nothing drawn",
    )
    core = darkness[darkness > max(4 * noise, 0.3 * darkest)]
    level = float(np.median(core)) if len(core) else noise
    for name, value, limit in (
        ("noise", noise, MAX_NOISE),
        ("change", unevenness, MAX_UNEVENNESS),
    ):
        check(
            value <= limit * level,
            "a line drawing on even ground",
            f"a picture whose ground has a {name} of "
            f"{value / level:.0%} of the lines' contrast (limit {limit:.0%})",
        )
    ink = _despeckled(_inked(darkness, noise, level))
    check(ink.any(), "a line drawing", "a picture with nothing drawn")
    check(
        ink.mean() <= MAX_SHARE,
        f"a line drawing with at most {MAX_SHARE:.0%} ink",
        f"{ink.mean():.0%}",
    )
    skeleton, distance = skeletons.thin(ink)
    radii = distance[skeleton]
    width = 2 * float(np.median(radii)) / max(ink.shape)
    check(
        width <= MAX_WIDTH,
        f"lines as thick as {MAX_WIDTH:.0%} of the picture at most",
        f"{width:.0%}",
    )
    spread = float(np.quantile(radii, 0.9) / np.median(radii))
    marks = _labels(ink)[1]
    check(
        spread <= MAX_SPREAD or marks <= FEW_MARKS,
        "lines of about one width",
        f"filled areas {spread:.1f} times as thick as the thinner lines",
    )
    check(
        marks <= MAX_MARKS,
        f"a line drawing of at most {MAX_MARKS} separate marks",
        f"{marks}",
    )
    return ink


def _darkness(picture: np.ndarray) -> tuple[np.ndarray, float]:
    """Measures how far each pixel is from the ground around it.

    Returns:
      [H, W], 0 on the ground, 1 where the ink is black (or white on black
      ground), and by how much the ground changes at most over a tenth of the
      picture, on the same scale.
    """
    from scipy import ndimage

    step = -(-max(picture.shape[:2]) // 100)
    edges = [(0, -n % step) for n in picture.shape[:2]]
    blocks = np.pad(picture, [*edges, (0, 0)], mode="edge")
    rows, columns = (n // step for n in blocks.shape[:2])
    blocks = blocks.reshape(rows, step, columns, step, -1).mean(axis=(1, 3))
    # A quarter of the picture, so that lines are few in every window.
    window = (25, 25, 1)
    middle = _enlarged(ndimage.median_filter(blocks, window), step, picture)
    if ((picture - middle).astype(np.float64) ** 3).mean() > 0:
        picture, blocks = 1 - picture, 1 - blocks
    # The upper part, as lines may lie close where someone shaded.
    blocks = ndimage.percentile_filter(blocks, 80, window)
    blocks = ndimage.gaussian_filter(blocks, (4, 4, 0), mode="nearest")
    ground = _enlarged(blocks, step, picture)
    darkness = ((ground - picture) / np.maximum(ground, 0.2)).max(axis=2)
    darkness = ndimage.gaussian_filter(darkness, max(darkness.shape) / 1000)
    changes = [
        np.abs(np.diff(blocks[::10], axis=0)).max(initial=0),
        np.abs(np.diff(blocks[:, ::10], axis=1)).max(initial=0),
    ]
    return darkness - np.median(darkness), float(max(changes))


def _enlarged(blocks: np.ndarray, step: int, like: np.ndarray) -> np.ndarray:
    """Interpolates blocks of step by step pixels to a picture's shape."""
    for axis in (0, 1):
        last = blocks.shape[axis] - 1
        at = (np.arange(like.shape[axis]) + 0.5) / step - 0.5
        at = np.clip(at, 0, last)
        low = at.astype(np.int64)
        weight = (at - low).astype(np.float32)
        weight = weight.reshape([-1 if a == axis else 1 for a in range(3)])
        below = blocks.take(low, axis)
        above = blocks.take(np.minimum(low + 1, last), axis)
        blocks = below + weight * (above - below)
    return blocks


def _inked(darkness: np.ndarray, noise: float, level: float) -> np.ndarray:
    """Tells ink from ground: what is near half as dark as ink, [H, W]."""
    from skimage import filters

    return filters.apply_hysteresis_threshold(
        darkness, max(3.5 * noise, 0.4 * level), max(5 * noise, 0.55 * level)
    )


def _despeckled(ink: np.ndarray) -> np.ndarray:
    """Removes specks, and holes within lines, smaller than a pen's dot."""
    if not ink.any():
        return ink
    skeleton, distance = skeletons.thin(ink)
    dot = (2 * float(np.median(distance[skeleton]))) ** 2
    labels = _labels(ink)[0]
    ink = ink & (np.bincount(labels.ravel()) >= 0.5 * dot)[labels]
    from scipy import ndimage

    holes = ndimage.label(~ink)[0]
    return ink | (np.bincount(holes.ravel()) < 0.3 * dot)[holes]


def _labels(ink: np.ndarray) -> tuple[np.ndarray, int]:
    """Numbers the marks that do not touch each other."""
    from scipy import ndimage

    return ndimage.label(ink, np.ones((3, 3)))
