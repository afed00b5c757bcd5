"""SVG files: every line where a viewer shows it.

Expected points are worked out by hand from SVG 2, taken from another program
(Inkscape's own flattening of transforms, resvg's picture), or exact curves.
"""

import io
import math
import pathlib

import numpy as np
import pytest
import resvg_py
from PIL import Image

from sketch_rnn_tf import drawing, strokes
from sketch_rnn_tf.files import svg
from sketch_rnn_tf.files.svg import pen as svg_pen

DATA = pathlib.Path(__file__).parent / "data"
START = (
    '<svg xmlns="http://www.w3.org/2000/svg" '
    'xmlns:xlink="http://www.w3.org/1999/xlink" '
)


@pytest.fixture
def read(tmp_path):
    """Returns a function that reads what stands in an svg element."""

    def read(content, *, attributes='viewBox="0 0 100 80"', tolerance=0.01):
        path = tmp_path / "picture.svg"
        path.write_text(f"{START}{attributes}>{content}</svg>", "utf-8")
        return svg.read_picture(path, tolerance=tolerance)

    return read


@pytest.fixture
def lines(read):
    """Returns a function that reads points as lists, rounded."""

    def lines(content, **kwargs):
        polylines = read(content, **kwargs).polylines
        return [(np.round(line, 9) + 0.0).tolist() for line in polylines]

    return lines


def _distance(points, polyline):
    """Returns the distance of each point from a polyline, [N]."""
    a, b = polyline[:-1], polyline[1:]
    ab = b - a
    ap = points[:, None] - a
    length = np.maximum((ab**2).sum(-1), 1e-300)
    t = np.clip((ap * ab).sum(-1) / length, 0, 1)
    return np.linalg.norm(ap - t[..., None] * ab, axis=-1).min(axis=1)


def _assert_same_lines(got, expected, atol):
    assert len(got) == len(expected)
    for one, other in zip(got, expected, strict=True):
        assert _distance(one, other).max() <= atol
        assert _distance(other, one).max() <= atol


# What each element draws.


@pytest.mark.parametrize(
    "data, expected",
    [
        ("M1 2L3 4", [[[1, 2], [3, 4]]]),
        ("M1 2 3 4 5 6", [[[1, 2], [3, 4], [5, 6]]]),
        ("m1 2 3 4 5 6", [[[1, 2], [4, 6], [9, 12]]]),
        ("M1,2l3-4.5.5.25", [[[1, 2], [4, -2.5], [4.5, -2.25]]]),
        ("M1 2H5V6h-1v-1", [[[1, 2], [5, 2], [5, 6], [4, 6], [4, 5]]]),
        ("M1 2H5 6 7", [[[1, 2], [5, 2], [6, 2], [7, 2]]]),
        ("M0 0H4V4z", [[[0, 0], [4, 0], [4, 4], [0, 0]]]),
        ("M0 0H4V4L0 0Z", [[[0, 0], [4, 0], [4, 4], [0, 0]]]),
        ("M1 1h4v4zl2 3", [[[1, 1], [5, 1], [5, 5], [1, 1]], [[1, 1], [3, 4]]]),
        ("M1 1h4zm1 1h1", [[[1, 1], [5, 1], [1, 1]], [[2, 2], [3, 2]]]),
        ("M1 1M2 2h1M9 9", [[[2, 2], [3, 2]]]),
        ("M5 5h0", [[[5, 5], [5, 5]]]),
        ("M5 5z", [[[5, 5], [5, 5]]]),
        ("M1e1 1E-1L+2.5.5", [[[10, 0.1], [2.5, 0.5]]]),
        ("M0 0A0 5 0 0 1 9 9", [[[0, 0], [9, 9]]]),
        ("M1 1A5 5 0 0 1 1 1L2 2", [[[1, 1], [2, 2]]]),
    ],
)
def test_path_commands_draw_straight_lines(lines, data, expected):
    assert lines(f'<path d="{data}"/>') == expected


def test_basic_shapes_draw_their_outlines(lines):
    assert lines('<line x1="1" y1="2" x2="3" y2="4"/>') == [[[1, 2], [3, 4]]]
    assert lines('<polyline points="1,2 3,4-5,6"/>') == [
        [[1, 2], [3, 4], [-5, 6]]
    ]
    assert lines('<polygon points="1 2 3 4 5 0"/>') == [
        [[1, 2], [3, 4], [5, 0], [1, 2]]
    ]
    assert lines('<rect x="1" y="2" width="3" height="4"/>') == [
        [[1, 2], [4, 2], [4, 6], [1, 6], [1, 2]]
    ]


def _curves():
    """Yields path data and its exact points at 1,000 parameters."""
    t = np.linspace(0, 1, 1000)[:, None]
    p = np.array([[5, 5], [70, 0], [-40, 60], [60, 70.0]])
    basis = [(1 - t) ** 3, 3 * t * (1 - t) ** 2, 3 * t**2 * (1 - t), t**3]
    cubic = sum(b * q for b, q in zip(basis, p, strict=True))
    yield "M5 5C70 0-40 60 60 70", cubic
    yield "M5 5c65-5-45 55 55 65", cubic
    # The first half of a smooth pair mirrors the second one.
    mirrored = 2 * p[3] - cubic[::-1]
    yield "M5 5C70 0-40 60 60 70S50 140 115 135", np.vstack([cubic, mirrored])
    quadratic = (1 - t) ** 2 * [0, 40] + 2 * t * (1 - t) * [50, -40]
    quadratic = quadratic + t**2 * [100, 40]
    yield "M0 40Q50-40 100 40", quadratic
    yield (
        "M0 40q50-80 100 0t100 0",
        np.vstack([quadratic, [200, 80] - quadratic[::-1]]),
    )
    angle = 2 * np.pi * t
    ellipse = np.hstack([50 + 30 * np.cos(angle), 40 + 20 * np.sin(angle)])
    yield "M80 40A30 20 0 1 1 20 40 30 20 0 0 1 80 40", ellipse
    yield "M80 40a30 20 0 10-60 0a30 20 0 00 60 0z", ellipse
    quarter = np.hstack(
        [50 + 30 * np.cos(angle / 4), 40 + 20 * np.sin(angle / 4)]
    )
    yield "M80 40A30 20 0 0 1 50 60", quarter
    yield "M50 60A30 20 0 0 0 80 40", quarter
    rest = np.hstack(
        [50 + 30 * np.cos(3 * angle / 4), 40 - 20 * np.sin(3 * angle / 4)]
    )
    yield "M80 40A30 20 0 1 0 50 60", rest
    # Too small radii grow until the ellipse reaches.
    half = np.hstack([50 + 30 * np.cos(angle / 2), 40 - 30 * np.sin(angle / 2)])
    yield "M80 40A1 1 0 0 0 20 40", half


@pytest.mark.parametrize("tolerance", [5, 0.5, 0.01])
@pytest.mark.parametrize("data, exact", list(_curves()))
def test_chords_are_within_tolerance_of_the_curve(read, data, exact, tolerance):
    (line,) = read(f'<path d="{data}"/>', tolerance=tolerance).polylines
    assert _distance(exact, line).max() <= tolerance
    # Points lie on the curve; the exact one is a polyline itself here.
    assert _distance(line, exact).max() < 1e-3
    np.testing.assert_allclose(line[-1], line[0] if "z" in data else line[-1])


def test_arc_is_within_tolerance_of_the_ellipse(read):
    for rotation in (0, 30, 117):
        (line,) = read(
            f'<path d="M10 10A40 15 {rotation} 1 1 30 25"/>', tolerance=0.02
        ).polylines
        # Undone, the points are a circle through both ends.
        angle = math.radians(rotation)
        turn = np.array(
            [
                [math.cos(angle), math.sin(angle)],
                [-math.sin(angle), math.cos(angle)],
            ]
        )
        circle = line @ turn.T / [40, 15]
        a = np.column_stack([2 * circle, np.ones(len(circle))])
        (x, y, c), *_ = np.linalg.lstsq(a, (circle**2).sum(1), rcond=None)
        assert math.sqrt(c + x * x + y * y) == pytest.approx(1, abs=1e-9)
        inner = (circle[1:] + circle[:-1]) / 2 - [x, y]
        sagitta = 40 * (1 - np.linalg.norm(inner, axis=1))
        assert sagitta.max() <= 0.02
        turned = np.unwrap(np.arctan2(*(circle - [x, y]).T[::-1]))
        assert turned[-1] - turned[0] > math.pi  # large, and clockwise


def test_tolerance_holds_after_the_transform(read):
    (line,) = read(
        '<circle r="1" transform="translate(50 40) scale(30 20)"/>',
        tolerance=0.05,
    ).polylines
    angle = np.linspace(0, 2 * np.pi, 2000)
    exact = np.stack([50 + 30 * np.cos(angle), 40 + 20 * np.sin(angle)], 1)
    assert _distance(exact, line).max() <= 0.05
    assert len(line) < 80


def test_finer_tolerance_gives_more_points_as_its_square_root(read):
    counts = [
        len(read('<circle r="30"/>', tolerance=t).polylines[0])
        for t in (1, 0.01, 0.0001)
    ]
    assert counts[0] < 20
    assert 9 < counts[2] / counts[1] < 11


def test_arc_of_a_vast_radius_is_nearly_straight(read):
    (line,) = read('<path d="M0 0A1e9 1e9 0 0 1 100 0"/>').polylines
    assert np.abs(line[:, 1]).max() < 1e-5
    for large in (1e5, 1e7):
        (line,) = read(
            f'<path d="M0 0A{large} {large} 0 0 1 1000 0"/>', tolerance=1e-6
        ).polylines
        exact = -(1000**2) / (8 * large)
        assert line[:, 1].min() == pytest.approx(exact, rel=1e-3)


def test_round_shapes_are_ellipses(read):
    for content, radii in (
        ('<circle cx="50" cy="40" r="20"/>', (20, 20)),
        ('<ellipse cx="50" cy="40" rx="30" ry="20"/>', (30, 20)),
        ('<ellipse cx="50" cy="40" rx="auto" ry="20"/>', (20, 20)),
    ):
        (line,) = read(content).polylines
        radius = np.linalg.norm((line - [50, 40]) / radii, axis=1)
        np.testing.assert_allclose(radius, 1, atol=1e-9)
        assert line[0].tolist() == line[-1].tolist()
        # It starts on the right and goes down, as SVG 2 has it.
        assert line[0].tolist() == [50 + radii[0], 40]
        assert line[1, 1] > 40


def test_rounded_rectangle_has_elliptic_corners(read):
    shape = '<rect x="10" y="20" width="40" height="30" rx="8" ry="6"/>'
    (line,) = read(shape).polylines
    assert line.min(0).tolist() == [10, 20]
    assert line.max(0).tolist() == [50, 50]
    corner = line[(line[:, 0] > 42) & (line[:, 1] < 26)]
    radius = np.linalg.norm((corner - [42, 26]) / [8, 6], axis=1)
    np.testing.assert_allclose(radius, 1, atol=1e-9)
    (pill,) = read('<rect width="40" height="10" rx="90"/>').polylines
    radius = np.linalg.norm((pill - [20, 5]) / [20, 5], axis=1)
    np.testing.assert_allclose(radius, 1, atol=1e-9)


def test_lengths_have_units(lines):
    content = '<line x1="1in" y1="10mm" x2="50%" y2="25%"/>'
    assert lines(content) == [[[96, round(96 / 2.54, 9)], [50, 20]]]
    content = '<line x1="3pt" y1="1pc" x2="2px" y2="1cm"/>'
    assert lines(content) == [[[4, 16], [2, round(96 / 2.54, 9)]]]


# Where it draws it.


@pytest.mark.parametrize(
    "transform, expected",
    [
        ("translate(5)", [[6, 2], [8, 4]]),
        ("translate(5,6)", [[6, 8], [8, 10]]),
        ("scale(2)", [[2, 4], [6, 8]]),
        ("scale(2 -1)", [[2, -2], [6, -4]]),
        ("rotate(90)", [[-2, 1], [-4, 3]]),
        ("rotate(90 1 2)", [[1, 2], [-1, 4]]),
        ("rotate(-180,2,3)", [[3, 4], [1, 2]]),
        ("skewX(45)", [[3, 2], [7, 4]]),
        ("skewY(45)", [[1, 3], [3, 7]]),
        ("matrix(1 2 3 4 5 6)", [[12, 16], [20, 28]]),
        ("translate(10 0) scale(2)", [[12, 4], [16, 8]]),
        ("scale(2),translate(10 0)", [[22, 4], [26, 8]]),
        ("", [[1, 2], [3, 4]]),
        ("none", [[1, 2], [3, 4]]),
    ],
)
def test_transforms(lines, transform, expected):
    content = f'<path transform="{transform}" d="M1 2L3 4"/>'
    assert lines(content) == [expected]


def test_transform_may_be_a_style(lines):
    content = '<g style="transform: translate(5px,6px) rotate(90deg)">{}</g>'
    assert lines(content.format('<path d="M1 2H2"/>')) == [[[3, 7], [3, 8]]]


def test_transforms_of_groups_nest_from_the_outside(lines):
    assert lines(
        '<g transform="translate(10 0)"><g transform="scale(2)">'
        '<a><path d="M1 2H2" transform="rotate(90)"/></a></g></g>'
    ) == [[[6, 2], [6, 4]]]


def test_order_is_that_of_the_document(lines):
    assert lines(
        '<use href="#late"/><path d="M1 0h1"/><g><path d="M2 0h1"/></g>'
        '<path id="late" d="M3 0h1"/>'
    ) == [[[x, 0], [x + 1, 0]] for x in (3, 1, 2, 3)]


def test_units_are_those_of_the_view_box(lines):
    expected = [[[1, 2], [3, 2]]]
    for attributes in (
        'viewBox="0 0 100 80"',
        'viewBox="-5,-5,10,10" width="100mm" height="5in"',
        'width="100mm" height="80mm"',
        "",
    ):
        assert lines('<path d="M1 2h2"/>', attributes=attributes) == expected


@pytest.mark.parametrize(
    "aspect, expected",
    [
        ("", [[20, 20], [40, 40]]),  # in the middle
        ("xMidYMid meet", [[20, 20], [40, 40]]),
        ("xMinYMin", [[10, 20], [30, 40]]),
        ("xMaxYMax meet", [[30, 20], [50, 40]]),
        ("none", [[10, 20], [50, 40]]),
        ("xMidYMin slice", [[10, 20], [50, 60]]),
        ("xMinYMax slice", [[10, 0], [50, 40]]),
    ],
)
def test_nested_svg_is_fitted_into_its_viewport(lines, aspect, expected):
    aspect = f'preserveAspectRatio="{aspect}"' if aspect else ""
    assert lines(
        '<svg x="10" y="20" width="40" height="20" viewBox="5 5 10 10" '
        f"{aspect}>"
        '<path d="M5 5L15 15"/></svg>'
    ) == [expected]


def test_nested_svg_without_a_view_box_moves_and_measures(lines):
    assert lines(
        '<svg x="10" y="20" width="50%" height="40">'
        '<line x2="100%" y2="100%"/></svg>'
    ) == [[[10, 20], [60, 60]]]


def test_viewport_without_area_shows_nothing(lines):
    for empty in ('width="0"', 'height="-1"', 'viewBox="0 0 0 9"'):
        content = f'<svg {empty}><path d="M0 0h1"/></svg>'
        assert lines(content + KEPT) == [[[7, 7], [8, 7]]]


def test_use_moves_what_it_uses(lines):
    assert lines(
        '<defs><g id="a" transform="scale(2)"><path d="M1 1h1"/></g></defs>'
        '<use href="#a" x="10" y="20"/>'
        '<use xlink:href="#a" transform="scale(10)" x="1"/>'
    ) == [[[12, 22], [14, 22]], [[30, 20], [50, 20]]]


def test_symbol_is_fitted_into_what_use_says(lines):
    symbol = (
        '<symbol id="s" viewBox="0 0 10 10"><path d="M0 0L10 10"/></symbol>'
    )
    use = '<use href="#s" x="10" y="20" width="{}" height="{}"/>'
    assert lines(symbol + use.format(20, 20)) == [[[10, 20], [30, 40]]]
    assert lines(symbol + use.format(40, 20)) == [[[20, 20], [40, 40]]]
    assert lines(symbol + '<use href="#s"/>') == [[[10, 0], [90, 80]]]


def test_use_of_an_svg_takes_the_size_that_use_says(lines):
    assert lines(
        '<defs><svg id="s" width="5" height="5" viewBox="0 0 10 10">'
        '<path d="M0 0L10 10"/></svg></defs>'
        '<use href="#s" width="20" height="20"/>'
    ) == [[[0, 0], [20, 20]]]


# What it leaves out.

HIDDEN = [
    '<path d="M0 0h1" display="none"/>',
    '<path d="M0 0h1" style="display : NONE"/>',
    '<g display="none"><path d="M0 0h1" display="inline"/></g>',
    '<path d="M0 0h1" visibility="hidden"/>',
    '<g visibility="collapse"><path d="M0 0h1"/></g>',
    '<g style="fill:red;visibility:hidden"><path d="M0 0h1"/></g>',
    '<style>.a, b {display: none}</style><path class="x a" d="M0 0h1"/>',
    "<style>path.a{visibility:hidden}</style><path class='a' d='M0 0h1'/>",
    "<style>#a{display:none !important}</style><path id='a' d='M0 0h1'/>",
    "<path id='a' d='M0 0h1'/><style><![CDATA[*#b,path{display:none}]]></style>"
    "<style>/* path{display:inline} */ #k{display:inline}</style>",
    '<path d="M0 0h1" fill="none"/>',
    '<rect width="24" height="24" style="fill:none;stroke:none"/>',
    '<g fill="none"><rect width="24" height="24"/></g>',
    '<defs><path d="M0 0h1"/></defs>',
    '<symbol><path d="M0 0h1"/></symbol>',
    '<clipPath id="c"><path d="M0 0h1"/></clipPath>',
    '<mask id="m"><path d="M0 0h1"/></mask>',
    '<marker id="m"><path d="M0 0h1"/></marker>',
    '<pattern id="p"><path d="M0 0h1"/></pattern>',
    '<path d="M0 0h1" transform="scale(0)"/>',
    '<rect width="0" height="5"/><circle r="0"/><ellipse rx="3" ry="0"/>',
    '<path/><path d=""/><path d=" none "/><path d="M1 1"/>',
    '<polyline/><polygon points=" , "/>',
    '<path xmlns="urn:other" d="M0 0h1"/>',
    '<metadata><path d="M0 0h1"/></metadata>',
    "<script>document.write(\"&lt;path d='M0 0h1'/>\")</script>",
    '<rect width="100%" height="100%" fill="white"/>',
    '<rect x="-5" y="-5" width="200" height="200"/>',
    '<g transform="scale(2)"><path d="M0 0h50v40H0z" fill="#fff"/></g>',
    '<switch><path systemLanguage="tlh" d="M0 0h1"/></switch>',
]
KEPT = '<path id="k" d="M7 7h1"/>'


@pytest.mark.parametrize("content", HIDDEN)
def test_what_is_not_shown_is_not_read(lines, content):
    assert lines(content + KEPT) == [[[7, 7], [8, 7]]]


@pytest.mark.parametrize(
    "content",
    [
        '<g visibility="hidden"><path visibility="visible" d="M7 7h1"/></g>',
        '<g visibility="hidden"><path style="visibility:visible" d="M7 7h1"/>'
        "</g>",
        '<path display="none" style="display:inline" d="M7 7h1"/>',
        "<style>path{display:none} .a{display:inline}</style>"
        '<path class="a" d="M7 7h1"/>',
        "<style>@media print{path{display:none} path{display:none}}</style>"
        + KEPT,
        "<style>@import url(other.css); g path{display:none}</style>" + KEPT,
        '<g fill="none" stroke="red"><path d="M7 7h1"/></g>',
        '<g fill="none"><path fill="red" stroke="none" d="M7 7h1"/></g>',
        '<g fill="none" stroke="red"><path stroke="inherit" d="M7 7h1"/></g>',
        '<switch><foreignObject requiredExtensions="x"/><g>'
        + KEPT
        + "</g><path d='M0 0h1'/></switch>",
        '<defs><g display="inline"><path id="a" d="M7 7h1"/></g></defs>'
        '<use href="#a"/>',
    ],
)
def test_what_is_shown_is_read(lines, content):
    assert lines(content) == [[[7, 7], [8, 7]]]


def test_frame_or_smaller_rectangle_is_no_background(read):
    for content in (
        '<rect width="100%" height="100%" stroke="black"/>',
        '<rect width="100%" height="50%"/>',
        '<circle cx="50" cy="40" r="99"/>',
        '<path d="M0 0H100V80H0z" transform="rotate(3)"/>',
    ):
        assert len(read(content).polylines) == 1
    # Where nothing says how large the view is, there is no background.
    content = '<rect width="100" height="100"/>'
    assert len(read(content, attributes="").polylines) == 1


def test_what_is_not_a_line_is_counted(read):
    picture = read(
        f"{KEPT}<text>a<tspan>b</tspan></text><text>c</text>"
        '<text display="none">d</text><g visibility="hidden"><text>e</text></g>'
        '<image href="http://example.com/a.png"/><foreignObject/>'
        '<use href="other.svg#a"/><use href="#nowhere"/><use/>'
        "<title>t</title><desc/><defs><text>f</text></defs>"
    )
    assert len(picture.polylines) == 1
    assert picture.ignored == {
        "text": 2,
        "image": 1,
        "foreignObject": 1,
        "use": 3,
    }


def test_points_are_float64_and_lines_have_two_or_more(read):
    for line in read(KEPT + '<circle r="3"/>').polylines:
        assert line.dtype == np.float64
        assert line.ndim == 2 and line.shape[1] == 2 and len(line) > 1


def test_read_gives_the_polylines_alone(tmp_path):
    path = tmp_path / "a.svg"
    path.write_text(f"{START}>{KEPT}</svg>")
    (line,) = svg.read(path)
    assert line.tolist() == [[7, 7], [8, 7]]


@pytest.mark.parametrize(
    "prolog, encoding",
    [
        ("", "utf-8"),
        ("\ufeff", "utf-8"),
        ('<?xml version="1.0" encoding="UTF-16"?>', "utf-16"),
        ('<?xml version="1.0" encoding="iso-8859-1"?>', "latin-1"),
        (
            '<?xml version="1.0" standalone="no"?><!DOCTYPE svg PUBLIC '
            '"-//W3C//DTD SVG 1.1//EN" '
            '"http://www.w3.org/Graphics/SVG/1.1/DTD/svg11.dtd">',
            "utf-8",
        ),
    ],
)
def test_prologs_of_editors_are_read(tmp_path, prolog, encoding):
    path = tmp_path / "a.svg"
    text = f"{prolog}{START}><!-- é -->{KEPT}</svg>"
    path.write_bytes(text.encode(encoding))
    assert len(svg.read(path)) == 1


def test_namespace_may_be_missing_or_have_a_prefix(tmp_path):
    path = tmp_path / "a.svg"
    path.write_text(f"<svg>{KEPT}</svg>")
    assert len(svg.read(path)) == 1
    path.write_text(
        '<s:svg xmlns:s="http://www.w3.org/2000/svg"><s:path d="M0 0h1"/>'
        "</s:svg>"
    )
    assert len(svg.read(path)) == 1


# Other programs.


@pytest.mark.parametrize("colors", ["order", "black"])
def test_our_own_drawings_come_back(tmp_path, doodle_sketches, colors):
    for index, sketch in enumerate(doodle_sketches[:10]):
        path = tmp_path / f"{index}.svg"
        drawing.write(
            path, drawing.draw_sketch(sketch, size=300, colors=colors)
        )
        got = svg.read(path)
        expected = strokes.stroke3_to_polylines(sketch)
        # Fitted by one scale and a translation, as `draw_sketch` places it.
        low = np.concatenate(expected).min(0)
        extent = np.ptp(np.concatenate(expected), axis=0).max()
        scale = np.ptp(np.concatenate(got), axis=0).max() / extent
        corner = np.concatenate(got).min(0)
        assert len(got) == len(expected)
        for one, other in zip(got, expected, strict=True):
            other = (other - low) * scale + corner
            if len(other) == 1:
                other = np.repeat(other, 2, axis=0)
            np.testing.assert_allclose(one, other, atol=0.1)


def test_inkscape_files_show_the_same_lines():
    native, plain, paths = (
        svg.read_picture(DATA / f"inkscape_{name}.svg", tolerance=0.05)
        for name in ("native", "plain", "paths")
    )
    assert native.ignored == plain.ignored == {"text": 1}
    assert len(native.polylines) == 10
    # In `paths` Inkscape has resolved most transforms, shapes and the symbol
    # itself.  Its rounded corner, a Bezier curve, errs by 0.001.
    _assert_same_lines(native.polylines, paths.polylines, 0.06)
    # `native` alone has the waves turned.
    turned = [
        not np.allclose(a[0], b[0])
        for a, b in zip(native.polylines, plain.polylines, strict=True)
    ]
    assert turned == [False] * 7 + [True] + [False] * 2


PICTURES = {
    "placed": (
        '<symbol id="s" viewBox="0 0 20 10" preserveAspectRatio="xMinYMax">'
        '<circle cx="5" cy="5" r="4"/><rect x="11" y="1" width="8" height="8" '
        'rx="3"/></symbol><use href="#s" x="5" y="5" width="40" height="40" '
        'transform="rotate(10)"/><use href="#s" x="60" width="30" height="10"/>'
        '<svg x="50" y="40" width="40" height="30" viewBox="0 0 10 10" '
        'preserveAspectRatio="none"><path d="M1 1q8 0 8 8"/></svg>'
    ),
    "arcs": (
        '<path d="M10 40a20 10 30 1 1 20 5a5 8-20 0 0 12 3A30 30 0 0 1 90 20"/>'
        '<path transform="skewX(-20) translate(30)" d="M40 70a9 4 70 10 1 0z"/>'
    ),
    "curves": (
        '<g transform="matrix(.8 .2 -.3 .9 20 5)"><path d="M5 5C5 60 40 60 40 '
        '30S60 0 70 30t10 20q5 5 9-20T99 20z"/></g>'
    ),
}


def _dark(text):
    png = bytes(
        resvg_py.svg_to_bytes(svg_string=text, width=500, height=400, dpi=96)
    )
    image = Image.open(io.BytesIO(png)).convert("RGBA")
    return np.asarray(image)[..., 3] > 128


def _grown(dark, by):
    grown = np.zeros_like(dark)
    for dy in range(-by, by + 1):
        for dx in range(-by, by + 1):
            grown |= np.roll(dark, (dy, dx), (0, 1))
    return grown


@pytest.mark.parametrize("name", [*PICTURES, "inkscape"])
def test_lines_lie_where_resvg_paints_them(tmp_path, name):
    path = tmp_path / "a.svg"
    if name == "inkscape":
        text = (DATA / "inkscape_native.svg").read_text()
        text = text.replace("<text", '<text display="none"')
        text = text.replace('"80mm"', '"160"').replace('"60mm"', '"120"')
        box = "0 0 160 120"
    else:
        box = "0 0 100 80"
        text = (
            f'{START}viewBox="{box}"><g fill="none" stroke="black" '
            f'stroke-width=".4">{PICTURES[name]}</g></svg>'
        )
    path.write_text(text)
    ours = "".join(
        "M" + " ".join(f"{x} {y}" for x, y in line)
        for line in svg.read(path, tolerance=0.02)
    )
    wide = 2 if name == "inkscape" else 0.4
    again = (
        f'{START}viewBox="{box}"><path fill="none" stroke="black" '
        f'stroke-width="{wide}" d="{ours}"/></svg>'
    )
    expected, got = _dark(text), _dark(again)
    assert expected.sum() > 1000
    # Line widths are transformed there and not here: a few pixels.
    by = 6 if name == "inkscape" else 4
    assert not (expected & ~_grown(got, by)).any()
    assert not (got & ~_grown(expected, by)).any()


def test_limits_are_those_of_the_pen():
    pen = svg_pen.Pen(0.5)
    pen.move(0j)
    with pytest.raises(ValueError, match="coordinates within 1,000,000"):
        pen.line(complex(2e6, 0))
