"""Drawings as text: ndjson, plain JSON and SVG, as the command line reads them."""

import gzip
import json
import os

import numpy as np

from fuzzing import entrance as entrance_lib, mutation
from sketch_rnn_tf import conversion, doodles, drawing, strokes
from sketch_rnn_tf.files import blocks, ndjson, svg, tally as tally_lib
from sketch_rnn_tf.preparation import recipes

# In this process, where the watch is.
conversion.workers.os.cpu_count = lambda: 1


def _sketches():
    return [doodles.draw("cat", seed=seed).stroke3[:7] for seed in range(3)]


def _lines():
    made = []
    for index, sketch in enumerate(_sketches()):
        polylines = strokes.stroke3_to_polylines(sketch)
        drawn = [p.T.astype(int).tolist() for p in polylines]
        facts = {"word": "cat", "key_id": str(index), "recognized": True}
        made.append(json.dumps(facts | {"drawing": drawn}))
    return "\n".join(made).encode()


def _texts():
    few = _sketches()
    polylines = [strokes.stroke3_to_polylines(sketch) for sketch in few]
    return [
        json.dumps(made).encode()
        for made in (
            [sketch.tolist() for sketch in few],
            few[0].tolist(),
            [[line.tolist() for line in drawn] for drawn in polylines],
            [{"stroke3": few[0].tolist()}, {"polylines": [[[0, 0], [1, 1]]]}],
        )
    ]


_SVG = (
    b'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 90 80" '
    b'xmlns:xlink="http://www.w3.org/1999/xlink"><style>.a{display:none} '
    b'path{stroke:red}</style><defs><g id="g"><circle r="3" cx="5%"/></g>'
    b'</defs><g transform="rotate(30) scale(2 1)"><path id="p" class="b" '
    b'd="M1e1-2C3 4 5 6 7 8S1 2 3 4Q1 2 3 4T9 9A5 6 7 0 1 8 9z"/>'
    b'<use xlink:href="#g" x="5" width="50%"/></g><symbol id="s" '
    b'viewBox="0 0 9 9"><rect width="4" height="1in" rx="1"/></symbol>'
    b'<use href="#s" height="9"/><polyline points="0 0 1,1 2 5"/>'
    b'<ellipse rx="3" ry="4" style="stroke:none;fill:#fff"/></svg>'
)
_SVG_WORDS = (
    *(b"<use href='#g'/>", b"<g id='g'>", b"</g>", b"<![CDATA[", b"<!ENTITY"),
    *(b"<!DOCTYPE svg [", b"&#0;", b"&lt;", b"matrix(1 0 0 1 0 0)", b"<svg>"),
    *(b"transform=", b"1e308", b"-1e-320", b"nan", b"100%", b"preserveAspect"),
    *(b"<polygon points='1 2 3 4 5 6'/>", b"skewX(89.9)", b"a1 1 0 01 1 1"),
    *(b'encoding="utf-16"', b"<style>", b"/*", b"xml:space", b"Ratio='none'"),
)


def _svgs():
    sketch = _sketches()[0]
    return [_SVG, drawing.to_svg(drawing.draw_sketch(sketch)).encode()[:4000]]


def _write(name):
    def write(folder, data):
        (folder / name).write_bytes(data)

    return write


def _convert(folder):
    """Reads as `sketch-rnn convert` does, and checks what came."""
    (name,) = os.listdir(folder)
    found = conversion.read([str(folder / name)])
    found.tally.check(max_bad_share=0.9)
    for sketches in found.splits.values():
        for sketch in sketches:
            strokes.validate_stroke3(sketch)
            assert sketch.dtype in (np.int16, np.float32)


def _read_lines(folder):
    """Reads as `convert` and, in blocks, as `prepare` do."""
    path = folder / "a.ndjson"
    survey = blocks.survey(path, only_recognized=False)
    recipe = recipes.make("google")
    for block in survey.blocks:
        for split in ("train", "valid", "test"):
            blocks.records(block, split, survey.splits, recipe)
    _convert(folder)


def _read_gzip(folder):
    path = folder / "a.ndjson.gz"
    tally = tally_lib.Tally()
    for _ in ndjson.read(path, tally=tally):
        pass
    tally.check(max_bad_share=0.5)


def _read_svg(folder):
    for line in svg.read(folder / "a.svg"):
        assert np.abs(line).max() <= 1e6
    _convert(folder)


_WORDS = (b'"drawing"', b"[[[", b"]]]", b'"stroke3"', b"1e400", b"NaN", b"-0.0")

ENTRANCES = {
    "ndjson": entrance_lib.Entrance(
        lambda: [_lines()],
        _write("a.ndjson"),
        _read_lines,
        mutation.of_json(lines=True),
        words=_WORDS,
    ),
    "ndjson_gz": entrance_lib.Entrance(
        lambda: [gzip.compress(_lines(), mtime=0)],
        _write("a.ndjson.gz"),
        _read_gzip,
    ),
    "polylines_json": entrance_lib.Entrance(
        _texts, _write("a.json"), _convert, mutation.of_json(), words=_WORDS
    ),
    "svg": entrance_lib.Entrance(
        _svgs, _write("a.svg"), _read_svg, words=_SVG_WORDS, max_len=5000
    ),
}
