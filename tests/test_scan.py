"""Tests of sketch_rnn_tf.files.scan."""

import io
import os
import pathlib
import struct
import subprocess
import sys
import time
import tracemalloc
import zlib

import numpy as np
import pytest

pytest.importorskip("skimage")

import skimage
from PIL import Image, ImageDraw
from scipy import ndimage, spatial

from sketch_rnn_tf import doodles, drawing, strokes
from sketch_rnn_tf.drawing import ink
from sketch_rnn_tf.files import scan, sketchrnn_npz

SHARED = pathlib.Path(__file__).resolve().parents[2] / "shared"
DRAWINGS = SHARED / "data" / "quickdraw" / "sketchrnn"
PHOTOS = pathlib.Path(skimage.__file__).parent / "data"

TOLERANCE = 0.015
"""Largest mean distance, of the drawing's longer side: what was asked for."""

LINES = ([[40, 50], [260, 90]], [[50, 160], [240, 180], [200, 60]])


def drawn(*lines, size=(300, 200), width=6, mode="L", ground=255, pen=0):
    image = Image.new(mode, size, ground)
    pencil = ImageDraw.Draw(image)
    for line in lines or LINES:
        flat = [tuple(point) for point in line]
        pencil.line(flat, fill=pen, width=width, joint="curve")
    return image


def encoded(image, kind="PNG", **options):
    stream = io.BytesIO()
    image.save(stream, kind, **options)
    return stream.getvalue()


def read(tmp_path, data):
    path = tmp_path / "picture"
    path.write_bytes(data)
    return scan.read(path)


def refusal(tmp_path, data):
    """Returns the message that a file is refused with."""
    path = tmp_path / "picture"
    path.write_bytes(data)
    with pytest.raises(ValueError) as caught:
        scan.read(str(path))
    message = str(caught.value)
    assert message.startswith(f"{path}: expected ") and "\n" not in message
    return message.removeprefix(f"{path}: ")


def dense(polylines, step=0.5):
    """Samples lines: [K, 2]."""
    parts = []
    for line in polylines:
        line = np.asarray(line, np.float64)
        gaps = np.hypot(*np.diff(line, axis=0).T)
        arc = np.concatenate([[0], np.cumsum(gaps)])
        at = np.linspace(0, arc[-1], int(arc[-1] / step) + 1)
        columns = [np.interp(at, arc, line[:, axis]) for axis in (0, 1)]
        parts.append(np.stack(columns, axis=1))
    return np.concatenate(parts)


def distances(original, traced):
    """Mean distance each way, as parts of the original's longer side."""
    one, other = dense(original), dense(traced)
    extent = np.ptp(one, axis=0).max()
    there = spatial.cKDTree(one).query(other)[0].mean() / extent
    back = spatial.cKDTree(other).query(one)[0].mean() / extent
    return there, back


def placed(stroke3, size):
    """Where `drawing.draw_sketch` draws a sketch: polylines, pixels."""
    polylines = strokes.stroke3_to_polylines(stroke3)
    points = np.concatenate(polylines)
    low, high = points.min(axis=0), points.max(axis=0)
    scale = size * (1 - 2 * ink.MARGIN) / (high - low).max()
    return [(p - (low + high) / 2) * scale + size / 2 for p in polylines]


def rendered(stroke3, size, width, colors="black"):
    return drawing.to_png(
        drawing.draw_sketch(
            stroke3, size=size, stroke_width=width * size, colors=colors
        )
    )


def photographed(png, *, seed):
    """A picture as a telephone takes it: shade, blur, noise, JPEG."""
    grey = np.asarray(Image.open(io.BytesIO(png)).convert("L"), np.float64)
    rng = np.random.default_rng(seed)
    height, width = grey.shape
    y, x = np.mgrid[:height, :width]
    shade = 0.4 + 0.6 * (0.7 * x / width + 0.3 * y / height)
    grey = ndimage.gaussian_filter(grey, 0.002 * width) * shade
    grey = np.clip(grey + rng.normal(0, 15, grey.shape), 0, 255)
    image = Image.fromarray(grey.astype(np.uint8))
    return encoded(image, "JPEG", quality=40)


SETTINGS = ((160, 0.02), (300, 0.03), (500, 0.01), (1000, 0.02), (1700, 0.01))


def check_drawings(tmp_path, sketches):
    """Renders twenty drawings in five ways, and reads them again."""
    assert len(sketches) == 20
    for number, stroke3 in enumerate(sketches):
        size, width = SETTINGS[number % len(SETTINGS)]
        png = rendered(stroke3, size, width, ("black", "order")[number % 2])
        original = placed(stroke3, size)
        assert max(distances(original, read(tmp_path, png))) < TOLERANCE
        if number % 4 == 0:
            traced = read(tmp_path, photographed(png, seed=number))
            assert max(distances(original, traced)) < TOLERANCE


@pytest.mark.slow
def test_twenty_doodles_come_back_where_they_were(tmp_path):
    check_drawings(
        tmp_path,
        [
            doodles.draw(kind, seed=seed).stroke3
            for kind in doodles.KINDS
            for seed in (11, 12)
        ],
    )


@pytest.mark.slow
def test_twenty_real_drawings_come_back_where_they_were(tmp_path):
    files = sorted(DRAWINGS.glob("*.npz"))
    if len(files) < 20:
        pytest.skip(f"needs real drawings in {DRAWINGS}")
    rng = np.random.default_rng(3)
    sketches = []
    for number in rng.choice(len(files), 20, replace=False):
        (split,) = sketchrnn_npz.read(files[number], splits=["test"]).values()
        sketches.append(split[int(rng.integers(len(split)))])
    check_drawings(tmp_path, sketches)


def test_simple_drawing_keeps_its_strokes_and_their_order(tmp_path):
    stroke3 = doodles.draw("face", seed=3).stroke3
    original = placed(stroke3, 500)
    traced = read(tmp_path, rendered(stroke3, 500, 0.012))
    assert len(traced) == len(original) == 5
    # The outline first, as in the drawing.
    assert max(distances(original[:1], traced[:1])) < TOLERANCE


@pytest.mark.parametrize(
    ("name", "image"),
    [
        ("grey", drawn()),
        ("bit", drawn().convert("1")),
        ("palette", drawn(mode="RGB", ground="white", pen="navy").quantize(4)),
        ("colour", drawn(mode="RGB", ground="white", pen="yellow")),
        ("light on dark", drawn(ground=20, pen=240)),
        ("colour on dark", drawn(mode="RGB", ground="black", pen="red")),
        ("faint", drawn(ground=150, pen=110)),
        ("transparent", drawn(mode="RGBA", ground=(0, 0, 0, 0), pen="black")),
        ("grey alpha", drawn(mode="LA", ground=(0, 0), pen=(0, 255))),
        ("16 bits", drawn(mode="I;16", ground=65535, pen=1000)),
        ("dark 16 bits", drawn(mode="I;16", ground=30000, pen=200)),
    ],
)
def test_png_of_any_mode_is_read(tmp_path, name, image):
    traced = read(tmp_path, encoded(image))
    assert max(distances(LINES, traced)) < 0.01
    assert len(traced) == 2


def test_transparent_colour_becomes_white(tmp_path):
    for image, transparent in (
        (drawn(ground=128), 128),
        (drawn(mode="I;16", ground=500), struct.pack(">H", 500)),
    ):
        data = encoded(image)
        if image.mode == "L":
            data = encoded(image, transparency=transparent)
        else:
            # Pillow writes no such chunk for 16 bits.
            body = b"tRNS" + transparent
            chunk = struct.pack(">I", 2) + body
            chunk += struct.pack(">I", zlib.crc32(body))
            data = data[:33] + chunk + data[33:]
        assert len(read(tmp_path, data)) == 2


@pytest.mark.parametrize("mode", ["L", "RGB", "CMYK"])
def test_jpeg_of_any_mode_is_read(tmp_path, mode):
    data = encoded(drawn().convert(mode), "JPEG", quality=60)
    assert max(distances(LINES, read(tmp_path, data))) < 0.01


def test_progressive_jpeg_is_read(tmp_path):
    data = encoded(drawn(), "JPEG", progressive=True)
    assert len(read(tmp_path, data)) == 2


@pytest.mark.parametrize("orientation", range(1, 9))
def test_picture_is_turned_upright_by_its_exif_data(tmp_path, orientation):
    image = drawn()
    turns = {2: 0, 3: 3, 4: 1, 5: 5, 6: 2, 7: 6, 8: 4}  # back again
    if orientation in turns:
        image = image.transpose(Image.Transpose(turns[orientation]))
    exif = Image.Exif()
    exif[0x0112] = orientation
    data = encoded(image, "JPEG", exif=exif, quality=90)
    assert max(distances(LINES, read(tmp_path, data))) < 0.01


def test_broken_exif_data_leaves_the_picture_as_it_is(tmp_path):
    exif = b"Exif\0\0MM\0*\xff\xff\xff\xff"
    data = encoded(drawn(), "JPEG", exif=exif)
    assert max(distances(LINES, read(tmp_path, data))) < 0.01


@pytest.mark.parametrize("scale", [0.2, 1, 4, 12])
def test_points_are_pixels_of_the_original(tmp_path, scale):
    size = (round(300 * scale), round(200 * scale))
    lines = [(np.array(line) * scale).tolist() for line in LINES]
    image = drawn(*lines, size=size, width=max(round(6 * scale), 1))
    traced = read(tmp_path, encoded(image))
    # Pillow's own lines lie up to a pixel off.
    assert max(distances(lines, traced)) < 0.005 + 1 / max(size)
    points = np.concatenate(traced)
    assert (points >= 0).all() and (points <= size).all()


def test_specks_are_no_strokes(tmp_path):
    image = drawn(width=9)
    pixels = np.asarray(image).copy()
    away = ndimage.distance_transform_edt(pixels == 255)
    specks = np.random.default_rng(0).random(pixels.shape) < 0.002
    pixels[specks & (away > 5)] = 0
    assert len(read(tmp_path, encoded(Image.fromarray(pixels)))) == 2


def test_dots_remain(tmp_path):
    image = drawn()
    ImageDraw.Draw(image).ellipse([276, 16, 284, 24], fill=0)
    dots = [s for s in read(tmp_path, encoded(image)) if len(s) == 1]
    assert len(dots) == 1
    np.testing.assert_allclose(dots[0], [[280, 20]], atol=1.5)


def grey(values):
    values = np.clip(np.asarray(values) * 255, 0, 255)
    return Image.fromarray(values.astype(np.uint8))


Y, X = np.mgrid[:300, :400]
RNG = np.random.default_rng(0)
AWAY = np.hypot(X - 200, Y - 150)


@pytest.mark.parametrize(
    ("values", "got"),
    [
        (np.ones((300, 400)), "nothing drawn"),
        (np.zeros((300, 400)), "nothing drawn"),
        (np.ones((1, 1)), "nothing drawn"),
        (0.9 + 0.02 * RNG.normal(size=X.shape), "nothing drawn"),
        (0.8 + 0.1 * Y / 300, "nothing drawn"),
        (X / 400, "ground has a"),
        (RNG.random(X.shape), "ground has a noise"),
        (AWAY > 100, "ground has a change"),
        (X < 200, "ground has a change"),
        (AWAY > 28, "% of the picture at most, got 12%"),
        (np.abs(AWAY - 90) > 20, "% of the picture at most, got 10%"),
        (RNG.random(X.shape) > 0.01, "separate marks"),
    ],
)
def test_what_is_no_line_drawing_is_refused(tmp_path, values, got):
    assert got in refusal(tmp_path, encoded(grey(values)))


@pytest.mark.parametrize(
    "name",
    [
        "astronaut.png",
        "camera.png",
        "cell.png",
        "chelsea.png",
        "coffee.png",
        "coins.png",
        "grass.png",
        "gravel.png",
        "horse.png",
        "hubble_deep_field.jpg",
        "moon.png",
        "motorcycle_left.png",
        "retina.jpg",
        "rocket.jpg",
    ],
)
def test_photographs_and_silhouettes_are_refused(tmp_path, name):
    path = PHOTOS / name
    if not path.exists():
        pytest.skip(f"scikit-image came without {name}")
    refusal(tmp_path, path.read_bytes())


def test_other_files_are_refused(tmp_path):
    assert "1 to 268,435,456 bytes, got 0" in refusal(tmp_path, b"")
    for data in (
        b"hello",
        b"<svg/>",
        encoded(drawn(), "GIF"),
        encoded(drawn(), "TIFF"),
        b"\x89PNG\r\n\x1a\n",
        b"\xff\xd8\xff",
    ):
        assert "a whole PNG or JPEG picture" in refusal(tmp_path, data)


def test_missing_files_and_folders_are_said_so(tmp_path):
    with pytest.raises(FileNotFoundError, match="nowhere.png: no such file"):
        scan.read(tmp_path / "nowhere.png")
    with pytest.raises(ValueError, match="expected a file, got something"):
        scan.read(tmp_path)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read anything")
def test_unreadable_file_is_a_value_error(tmp_path):
    path = tmp_path / "secret.png"
    path.write_bytes(encoded(drawn()))
    path.chmod(0)
    with pytest.raises(ValueError, match="readable file, got Permission"):
        scan.read(path)


def png_header(width, height):
    head = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    chunks = [b"IHDR" + head, b"IDAT" + zlib.compress(b""), b"IEND"]
    data = b"\x89PNG\r\n\x1a\n"
    for chunk in chunks:
        data += struct.pack(">I", len(chunk) - 4) + chunk
        data += struct.pack(">I", zlib.crc32(chunk))
    return data


@pytest.mark.parametrize(
    "size", [(40_001, 1000), (12_000, 9000), (65_000, 65_000), (2**31 - 1, 1)]
)
def test_large_pictures_are_refused_by_their_header(tmp_path, size):
    tracemalloc.start()
    message = refusal(tmp_path, png_header(*size))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert "pixels" in message
    assert peak < 2**22


def test_jpeg_of_endless_passes_is_refused(tmp_path, monkeypatch):
    data = encoded(drawn(), "JPEG", progressive=True)
    monkeypatch.setattr(scan, "MAX_PIXELS", 300 * 200)
    assert len(read(tmp_path, data)) == 2
    scans = data + 30 * b"\xff\xda\x00\x08"
    assert "at most 20 passes" in refusal(tmp_path, scans)


@pytest.mark.parametrize("kind", ["PNG", "JPEG"])
def test_pictures_cut_off_are_refused(tmp_path, kind):
    data = encoded(drawn(), kind)
    for part in (0.3, 0.6, 0.9, 0.99):
        refusal(tmp_path, data[: int(len(data) * part)])
    refusal(tmp_path, data[:-2])


def test_mutated_files_raise_nothing_but_value_errors(tmp_path):
    rng = np.random.default_rng(0)
    exif = Image.Exif()
    exif[0x0112] = 6
    image = drawn(size=(150, 100), width=3)
    wholes = [
        encoded(image, "JPEG", exif=exif),
        encoded(image, "JPEG", progressive=True),
        encoded(image, transparency=9),
        encoded(image.quantize(4)),
        encoded(image.convert("LA")),
    ]
    path = tmp_path / "picture"
    refused = 0
    for number in range(150):
        data = bytearray(wholes[number % len(wholes)])
        for _ in range(int(rng.integers(1, 6))):
            # Half of the flips hit the headers.
            end = len(data) if rng.random() < 0.5 else min(len(data), 200)
            data[rng.integers(end)] = rng.integers(256)
        if rng.random() < 0.3:
            del data[int(rng.integers(len(data))) :]
        if rng.random() < 0.1:
            at = int(rng.integers(len(data) + 1))
            data[at:at] = rng.bytes(20)
        path.write_bytes(data)
        try:
            scan.read(path)
        except ValueError as error:
            assert str(error).startswith(f"{path}: expected ")
            assert len(str(error).splitlines()) == 1
            refused += 1
    # Pixels of a JPEG may change and leave a drawing.
    assert 75 < refused < 150


def test_forty_million_pixels_take_seconds(tmp_path):
    image = drawn(
        (np.array(LINES[0]) * 25).tolist(), size=(7500, 5300), width=150
    )
    data = encoded(image, compress_level=1)
    start = time.monotonic()
    assert len(read(tmp_path, data)) == 1
    # It takes 1.5 s; the limit that was asked for.
    assert time.monotonic() - start < 10


@pytest.mark.parametrize("missing", ["skimage", "PIL", "scipy"])
def test_absent_scikit_image_is_asked_for(tmp_path, monkeypatch, missing):
    data = encoded(drawn())
    monkeypatch.setitem(sys.modules, missing, None)
    message = refusal(tmp_path, data)
    assert message == (
        "expected scikit-image, which reads scans: "
        "pip install sketch_rnn_tf[scan]"
    )


def test_importing_loads_neither_scikit_image_nor_tensorflow():
    code = (
        "import sys; from sketch_rnn_tf.files import scan; "
        "sys.exit(any(m.split('.')[0] in "
        "('tensorflow', 'keras', 'skimage', 'scipy') for m in sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], timeout=120)
    assert done.returncode == 0
