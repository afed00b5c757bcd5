"""Damaged files of every format: one line at most, and nothing else."""

import gzip
import io
import json
import os
import pathlib
import time

import numpy as np
import psutil
import pytest

from sketch_rnn_tf import conversion, doodles, drawing, strokes
from sketch_rnn_tf.files import sketchrnn_npz

FEW, MANY = 60, 2000
LONGEST_SECONDS = 10
MOST_BYTES = 2 * 2**30


def good(kind):
    """Makes a good file of a format."""
    sketches = [doodles.draw("cat", seed=seed).stroke3 for seed in range(6)]
    if kind == "npz":
        target = pathlib.Path(os.environ["MUTATIONS"], "good.npz")
        sketchrnn_npz.write(target, {"train": sketches, "test": sketches[:2]})
        return target.read_bytes()
    polylines = [strokes.stroke3_to_polylines(s) for s in sketches]
    lines = [
        json.dumps({"key_id": str(i), "drawing": [p.T.tolist() for p in drawn]})
        for i, drawn in enumerate(polylines)
    ]
    if kind in ("ndjson", "ndjson.gz"):
        text = "\n".join(lines).encode()
        return gzip.compress(text) if kind == "ndjson.gz" else text
    if kind == "json":
        return json.dumps([s.tolist() for s in sketches]).encode()
    picture = drawing.draw_sketch(sketches[0])
    if kind == "svg":
        return drawing.to_svg(picture).encode()
    data = drawing.to_png(picture, scale=1)
    if kind == "jpg":
        from PIL import Image

        stream = io.BytesIO()
        Image.open(io.BytesIO(data)).convert("RGB").save(stream, "JPEG")
        data = stream.getvalue()
    return data


def mutated(data, rng):
    """Flips bytes, cuts, or splices."""
    data = bytearray(data)
    for _ in range(rng.integers(1, 4)):
        kind = rng.integers(4)
        at, other = sorted(rng.integers(0, len(data) + 1, 2).tolist())
        if kind == 0:
            for _ in range(rng.integers(1, 9)):
                place = int(rng.integers(0, max(len(data), 1)))
                if place < len(data):
                    data[place] = int(rng.integers(0, 256))
        elif kind == 1:
            del data[at:]
        elif kind == 2:
            del data[at:other]
        else:
            data[at:at] = data[at:other]
    return bytes(data)


def check(kind, count, folder, monkeypatch):
    monkeypatch.setenv("MUTATIONS", str(folder))
    monkeypatch.setattr(conversion.workers.os, "cpu_count", lambda: 1)
    original = good(kind)
    (folder / "good.npz").unlink(missing_ok=True)
    inside = folder / "in"
    inside.mkdir()
    path = inside / f"a.{kind}"
    rng = np.random.default_rng(0)
    process = psutil.Process()
    before, read = process.memory_info().rss, 0
    for index in range(count):
        path.write_bytes(mutated(original, rng))
        start = time.perf_counter()
        try:
            found = conversion.read([path])
            found.tally.check(max_bad_share=1.0)
            read += 1
        except ValueError as error:
            assert "\n" not in str(error), index
            assert str(path) in str(error), index
        assert time.perf_counter() - start < LONGEST_SECONDS, index
        assert process.memory_info().rss - before < MOST_BYTES, index
    # Sums tell all damage to what is in these two.
    assert (kind in ("npz", "png") or read) and read < count
    assert [p.name for p in folder.rglob("*")] == ["in", path.name]


KINDS = ["npz", "ndjson", "ndjson.gz", "json", "svg", "png", "jpg"]


@pytest.mark.parametrize("kind", KINDS)
def test_damaged_files_give_one_line(kind, tmp_path, monkeypatch):
    check(kind, FEW, tmp_path, monkeypatch)


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
def test_two_thousand_damaged_files(kind, tmp_path, monkeypatch):
    check(kind, MANY, tmp_path, monkeypatch)
