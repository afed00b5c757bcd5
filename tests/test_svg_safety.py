"""SVG files of strangers: a ValueError of one line, soon, or the lines."""

import builtins
import gzip
import pathlib
import re
import time
import tracemalloc

import numpy as np
import pytest

from sketch_rnn_tf.files import svg
from sketch_rnn_tf.files.svg import (
    pen as svg_pen,
    style as svg_style,
    tree as svg_tree,
)

DATA = pathlib.Path(__file__).parent / "data"
START = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 100 80">'
LINE = '<path d="M0 0L9 9"/>'

SECONDS = 10
"""Bound of one hostile file; each takes under two on two cores."""


def _svg(*content):
    return START + "".join(content) + "</svg>"


@pytest.fixture
def refused(tmp_path):
    """Returns a function that checks how a file is refused."""

    def refused(data, match, **kwargs):
        path = tmp_path / "picture.svg"
        path.write_bytes(data if isinstance(data, bytes) else data.encode())
        start = time.monotonic()
        with pytest.raises(ValueError, match=match) as caught:
            svg.read(path, **kwargs)
        assert time.monotonic() - start < SECONDS
        message = str(caught.value)
        assert message.startswith(f"{path}: ")
        assert "\n" not in message
        assert "expected" in message and "got" in message
        assert len(message) < len(str(path)) + 200
        return message

    return refused


@pytest.fixture
def points(tmp_path):
    """Returns a function that reads a harmless file and counts points."""

    def points(data):
        path = tmp_path / "picture.svg"
        path.write_bytes(data.encode())
        start = time.monotonic()
        lines = svg.read(path)
        assert time.monotonic() - start < SECONDS
        return sum(map(len, lines))

    return points


# Not a picture.


@pytest.mark.parametrize(
    "data, match",
    [
        ("", "expected XML, got no element"),
        ("hello\nworld", "expected XML, got syntax error"),
        ("\0\1\2", "expected XML"),
        (START, "expected XML, got no element found|unclosed"),
        ("<html/>", "expected an svg element, got 'html'"),
        ('<svg xmlns="urn:other"/>', "expected an svg element"),
        (gzip.compress(b"<svg/>", mtime=0), "got gzip"),
        ('<?xml version="1.0" encoding="utf-7"?><svg/>', "expected SVG"),
        ('<?xml version="1.0" encoding="nonsense"?><svg/>', "expected"),
        (_svg(), "expected at least one drawn line, got none"),
        (_svg("<text/><image/><text/>"), "only what is not one: 2 text, 1 im"),
        (_svg("<a:b/>"), "expected XML, got unbound prefix"),
        (_svg(LINE, "&nbsp;"), "expected XML, got undefined entity"),
    ],
)
def test_what_is_not_svg_is_refused(refused, data, match):
    refused(data, match)


def test_missing_file_is_an_os_error(tmp_path):
    with pytest.raises(FileNotFoundError):
        svg.read(tmp_path / "nowhere.svg")
    with pytest.raises(IsADirectoryError):
        svg.read(tmp_path)


@pytest.mark.parametrize("tolerance", [0, -1, float("nan"), float("inf")])
def test_tolerance_is_positive(tmp_path, tolerance):
    with pytest.raises(ValueError, match="tolerance: expected a positive"):
        svg.read(tmp_path / "a.svg", tolerance=tolerance)


# Attributes that are not what they should be.


@pytest.mark.parametrize(
    "data",
    [
        "L1 1",
        "hello",
        "M",
        "M1",
        "M1 1L",
        "M1 1L2",
        "M1 1L2 2 3",
        "M1 1C1 2 3 4 5",
        "M1 1L2 2;L3 3",
        "M1 1L2 2z5 5",
        "M1 1A1 1 0 2 0 5 5",
        "M1 1A1 1 0 0 0 5",
        "M1 1Lnan nan",
        "M1 1L1e 5",
        "M1 1L\u0663 \u0664",
        "M1 1\n\n; drop",
    ],
)
def test_path_data_with_a_mistake_are_refused(refused, data):
    message = refused(_svg(f'<path id="eye" d="{data}"/>'), "expected")
    assert "<path> 'eye': expected" in message


@pytest.mark.parametrize(
    "content",
    [
        '<rect width="a" height="1"/>',
        '<rect width="1e999" height="1"/>',
        '<rect width="1vw" height="1"/>',
        '<rect width="" height="1"/>',
        '<polyline points="1 2 3"/>',
        '<polyline points="0 0 1 1 z"/>',
        '<path d="M0 0h1" transform="rotate(30"/>',
        '<path d="M0 0h1" transform="rotate(30) x"/>',
        '<path d="M0 0h1" transform="wobble(30)"/>',
        '<path d="M0 0h1" transform="matrix(1 2 3)"/>',
        '<path d="M0 0h1" transform="rotate()"/>',
        '<path d="M0 0h1" transform="rotate(1e999)"/>',
        '<path d="M0 0h1" transform="translate(1 2 3 4 5 6 7)"/>',
        '<svg viewBox="0 0 1"/>',
        '<svg viewBox="0 0 -1 1"/>',
        '<svg viewBox="0 0 1 1" preserveAspectRatio="middle"/>',
    ],
)
def test_attributes_with_a_mistake_are_refused(refused, content):
    refused(_svg(LINE, content), "expected")


# Entities and what is elsewhere.


@pytest.mark.parametrize(
    "declaration",
    [
        '<!ENTITY a "ha"><!ENTITY b "&a;&a;"><!ENTITY c "&b;&b;">',
        '<!ENTITY a SYSTEM "file:///etc/hostname">',
        '<!ENTITY a PUBLIC "x" "http://127.0.0.1:9/x">',
        '<!ENTITY % a SYSTEM "http://127.0.0.1:9/x"> %a;',
        "<!ENTITY % a \"<!ENTITY b 'c'>\"> %a;",
        '<!ENTITY a SYSTEM "x" NDATA y>',
    ],
)
def test_entity_declarations_are_refused(refused, declaration):
    document = f"<!DOCTYPE svg [{declaration}]>" + _svg(LINE)
    refused(document, "expected no entity declarations")
    refused(document.replace("</svg>", "&c;&a;</svg>"), "expected no entity")


def test_attribute_defaults_are_refused(refused):
    # One default on each of many elements amplifies as entities do.
    defaults = '<!ATTLIST g a CDATA "' + "x" * 10_000 + '">'
    document = f"<!DOCTYPE svg [{defaults}]>" + _svg("<g/>" * 10_000, LINE)
    refused(document, "expected no attribute declarations")


def test_nothing_else_is_opened_or_run(tmp_path, monkeypatch):
    other = tmp_path / "other.svg"
    other.write_text(_svg('<path id="a" d="M5 5h5"/>'))
    path = tmp_path / "a.svg"
    path.write_text(
        '<?xml version="1.0"?><?xml-stylesheet href="other.css"?>'
        f'<!DOCTYPE svg SYSTEM "{other.as_uri()}">'
        + _svg(
            LINE,
            f'<use href="{other.as_uri()}#a"/><use href="other.svg#a"/>',
            f'<g xml:base="{tmp_path.as_uri()}/"><use href="other.svg"/></g>',
            '<xi:include xmlns:xi="http://www.w3.org/2001/XInclude" '
            'href="other.svg"/>',
            '<image href="http://127.0.0.1:9/a.png"/>',
            "<style>@import url(other.css);</style>",
            '<script href="other.js">throw 1</script>',
            '<g onload="alert(1)"/>',
        )
    )
    opened = []
    true_open = builtins.open

    def recorded(file, *args, **kwargs):
        opened.append(str(file))
        return true_open(file, *args, **kwargs)

    monkeypatch.setattr(builtins, "open", recorded)
    picture = svg.read_picture(path)
    monkeypatch.undo()
    assert opened == [str(path)]
    assert len(picture.polylines) == 1
    assert picture.ignored == {"use": 3, "image": 1}
    assert sorted(p.name for p in tmp_path.iterdir()) == ["a.svg", "other.svg"]


# Too much.


def _uses(levels, each):
    groups = [f'<g id="a0">{LINE}</g>']
    groups += [
        f'<g id="a{i}">' + f'<use href="#a{i - 1}"/>' * each + "</g>"
        for i in range(1, levels)
    ]
    return _svg("<defs>", *groups, f'</defs><use href="#a{levels - 1}"/>')


@pytest.mark.parametrize("each", [2, 10])
def test_use_bombs_are_refused(refused, each):
    refused(_uses(25, each), "at most 100,000 elements drawn")
    refused(_uses(25, each).replace(LINE, ""), "at most 100,000 elements")


def test_use_of_a_long_attribute_counts_each_time(refused):
    path = '<path id="p" d="M0 0' + " " * 2**20 + '"/>'
    uses = '<use href="#p"/>' * 1000
    refused(_svg(path, uses), "characters of attributes drawn")


@pytest.mark.parametrize(
    "content",
    [
        '<g id="a"><use href="#a"/></g>',
        '<g id="a"><use href="#b"/></g><g id="b"><use href="#a"/></g>',
        '<use id="a" href="#a"/>',
        '<symbol id="a"><use href="#a"/></symbol><use href="#a"/>',
    ],
)
def test_use_of_itself_is_refused(refused, content):
    refused(_svg(LINE, content), "expected no element that uses itself")


def test_depth_is_limited(refused, points):
    def nested(levels):
        return _svg("<g>" * levels, LINE, "</g>" * levels)

    assert points(nested(svg_tree.MAX_DEPTH - 2)) == 2
    refused(nested(svg_tree.MAX_DEPTH - 1), "at most 64 levels of elements")
    refused(nested(100_000), "at most 64 levels of elements")
    assert points(_uses(20, 1)) == 2
    refused(_uses(40, 1), "at most 64 levels of elements drawn")


def test_size_is_limited(refused):
    padding = " " * svg_tree.MAX_BYTES
    refused(_svg(LINE, padding), "at most 33,554,432 bytes")
    refused(_svg("<a/>" * 110_000), "at most 100,000 elements")
    attributes = " ".join(f'a{i}=""' for i in range(svg_tree.MAX_ATTRIBUTES))
    refused(_svg(f"<g {attributes}/>"), "at most 1,000,000 attributes")


@pytest.mark.parametrize(
    "data",
    ["h1", "z", "l1 1z", "M0 0", "a1 1 0 0 1 0 0", "s0 0 0 0", "t1 1", "h1z"],
)
def test_points_are_limited(refused, points, data):
    path = '<path d="M0 0{}"/>'
    refused(
        _svg(path.format(data * (svg_pen.MAX_POINTS + 1))),
        "at most 200,000 points",
    )
    # Each is read when there are fewer.
    points(_svg(path.format("h1" + data * (svg_pen.MAX_POINTS // 10))))


def test_points_of_all_shapes_together_are_limited(refused):
    refused(_svg('<circle r="40"/>' * 50_000), "at most 200,000 points")
    refused(
        _svg('<polyline points="', "1 " * 500_000, '"/>'),
        "at most 200,000 points",
    )


def test_tiny_tolerance_asks_for_too_many_points(refused):
    for content in ('<circle r="40"/>', '<path d="M0 0C99 0 99 9 0 9"/>'):
        for tolerance in (1e-12, 1e-300):
            refused(
                _svg(content), "at most 200,000 points", tolerance=tolerance
            )


@pytest.mark.parametrize(
    "content",
    [
        '<path d="M0 0L1e7 0"/>',
        '<path d="M0 0L1e308 1e308"/>',
        '<path d="M0 0L1e999 1"/>',
        '<path d="M0 0l-1e999 1l1e999 1"/>',
        '<path d="M0 0C1e308 0 -1e308 0 1 1"/>',
        '<path d="M1e308 0q1e308 0 1 1"/>',
        '<path d="M0 0A1e308 1e308 0 0 1 1 1"/>',
        '<path d="M0 0A1e999 1 0 0 1 1 1"/>',
        '<path d="M0 0A1 1 1e999 0 1 1 1"/>',
        '<path d="M0 0A1e11 1e11 0 1 1 1 1"/>',
        '<path d="M0 0A1e-308 1e3 45 1 1 1 1"/>',
        '<path d="M0 0A5e6 5e6 0 1 1 1 1"/>',
        '<circle r="1e300"/>',
        '<rect width="1e300" height="1e300" rx="1e299"/>',
        '<path transform="scale(1e308) scale(1e308)" d="M0 0L1 1"/>',
        '<path transform="scale(1e200) translate(1e200)" d="M0 0L1 1"/>',
        '<path transform="skewX(90)" d="M0 0L1 1"/>',
        '<line x2="1%" y2="1e308%"/>',
        "<path d='M0 0L" + "9" * 400 + " 9'/>",
    ],
)
def test_absurd_numbers_are_refused(refused, content):
    refused(_svg(LINE, content), "expected (coordinates|radii|.*points)")


@pytest.mark.parametrize(
    "content",
    [
        '<path d="M0 0A1e-308 1e-308 0 0 1 1 1"/>',
        '<path d="M0 0L1e-999 1e-999"/>',
        '<path d="M0 0L0.' + "0" * 10**6 + '1 1"/>',
        '<path transform="rotate(1e308)" d="M0 0L1 1"/>',
        '<path transform="skewX(1e308)" d="M0 0L1 1"/>',
    ],
)
def test_extreme_numbers_that_come_to_something_are_read(points, content):
    assert points(_svg(content)) < 1000


LONG = 2**21


@pytest.mark.parametrize(
    "content",
    [
        '<path d="M0 0{}"/>'.format(" " * LONG),
        '<path d="M0 0L1{}"/>'.format(" " * LONG),
        '<path d="M0 0L1{}"/>'.format("," * LONG),
        '<path d="{}"/>'.format("a" * LONG),
        '<path d="M0 0L{} 1"/>'.format("1" * LONG),
        '<path d="M0 0h1" transform="{}"/>'.format("a" * LONG),
        '<path d="M0 0h1" transform="scale({}"/>'.format(" " * LONG),
        '<path d="M0 0h1" transform="{}"/>'.format("scale(" * (LONG // 6)),
        '<path d="M0 0h1" transform="{}"/>'.format("scale(1)" * (LONG // 8)),
        '<rect width="1{}x" height="1"/>'.format(" " * LONG),
        '<rect width="{}" height="1"/>'.format("1" * LONG),
        '<svg viewBox="0{}x"/>'.format(" " * LONG),
        '<polyline points="{}"/>'.format("1," * (LONG // 2)),
        '<g class="{}"/>'.format("ab " * (LONG // 3)),
        '<g style="{}"/>'.format("ab;" * (LONG // 3)),
        '<g style="{}"/>'.format("fill:a;" * (LONG // 7)),
        '<g style="{}"/>'.format(":" * LONG),
        *(
            f"<style>{unit * (LONG // len(unit))}</style>"
            for unit in ("a", "}", "{", "@{", "/*", "a,", "a{fill:a}", "a{}")
        ),
        "<style>" + "a," * (LONG // 2) + "{display:none}</style>",
        "<style>a{" + "fill:a;" * (LONG // 7) + "}</style>",
        "<!---->" * (LONG // 7),
        "<![CDATA[]]>" * (LONG // 12),
        "&#9;" * (LONG // 4),
    ],
    ids=lambda content: re.sub(r"\W+", "-", content[:25]),
)
def test_long_text_takes_linear_time(tmp_path, content):
    path = tmp_path / "a.svg"
    used = '<style>a{display:none}</style><g class="a"/>'
    path.write_text(_svg(used, LINE, content))
    start = time.monotonic()
    try:
        svg.read(path)
    except ValueError as error:
        assert "\n" not in str(error)
    assert time.monotonic() - start < SECONDS


def test_selectors_are_limited(refused):
    rules = "".join(f".a{i}{{fill:red}}" for i in range(10_001))
    assert svg_style.MAX_SELECTORS == 10_000
    refused(_svg(f"<style>{rules}</style>", LINE), "at most 10,000 selectors")


def test_memory_of_a_point_is_small(tmp_path):
    # A tenth of the most that a file may have, as tracing is slow.
    path = tmp_path / "a.svg"
    count = svg_pen.MAX_POINTS // 10 - 2
    path.write_text(_svg('<path d="M0 0', "c1 1 2 2 3 3" * count, '"/>'))
    tracemalloc.start()
    try:
        svg.read(path)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    # Reading sets as much aside as the largest file takes.
    assert peak - svg_tree.MAX_BYTES < 20 * 2**20


# Anything.


def _mutated(data, others, rng):
    """Returns one file changed in one of four ways."""
    kind = rng.integers(4)
    at = int(rng.integers(len(data)))
    if kind == 0:  # flipped bytes
        changed = bytearray(data)
        for place in rng.integers(len(data), size=rng.integers(1, 6)):
            changed[place] ^= 1 << rng.integers(8)
        return bytes(changed)
    if kind == 1:  # cut out
        return data[:at] + data[at + int(rng.integers(1, 200)) :]
    other = others[rng.integers(len(others))]
    start = int(rng.integers(len(other)))
    piece = other[start : start + int(rng.integers(1, 300))]
    if kind == 2:  # spliced
        return data[:at] + piece + data[at:]
    # Numbers and names swapped: XML stays well-formed, meaning does not.
    tokens = re.findall(rb"[\w.]+", other)
    words = list(re.finditer(rb"(?<=[\s\"',(])-?[\w.]+(?=[\s\"',)])", data))
    word = words[rng.integers(len(words))]
    token = tokens[rng.integers(len(tokens))]
    return data[: word.start()] + token + data[word.end() :]


def test_mutated_files_raise_value_errors_only(tmp_path):
    rng = np.random.default_rng(0)
    files = [path.read_bytes() for path in sorted(DATA.glob("*.svg"))]
    files.append(_uses(5, 3).encode())
    files.append(
        _svg(
            '<style>.a{display:none} path{stroke:red}</style><path class="b" '
            'd="M1e1-2C3 4 5 6 7 8S1 2 3 4Q1 2 3 4T9 9A5 6 7 0 1 8 9z"/>'
            '<symbol id="s" viewBox="0 0 9 9"><circle r="3"/></symbol>'
            '<use href="#s" x="5" width="50%" height="1in"/>'
        ).encode()
    )
    path = tmp_path / "a.svg"
    read = 0
    for _ in range(400):
        path.write_bytes(_mutated(files[rng.integers(len(files))], files, rng))
        start = time.monotonic()
        try:
            lines = svg.read(path)
        except ValueError as error:
            assert "\n" not in str(error)
            assert str(path) in str(error)
        else:
            read += 1
            for line in lines:
                assert np.abs(line).max() <= 1e6
        assert time.monotonic() - start < SECONDS
    assert 50 < read < 350
