"""Tests of sketch_rnn_tf.drawing.palette."""

import numpy as np
import pytest

from sketch_rnn_tf.drawing import palette


def channels(colors):
    return np.array([list(bytes.fromhex(color[1:])) for color in colors])


def test_colours_of_both_ends_are_kept():
    generator = np.random.default_rng(0)
    for first, last in generator.integers(0, 256, (50, 2, 3)).tolist():
        first, last = (bytes(color).hex() for color in (first, last))
        mixed = palette.between(f"#{first}", f"#{last}", 4)
        assert len(mixed) == 4
        assert (mixed[0], mixed[-1]) == (f"#{first}", f"#{last}")
    assert palette.between("#102030", "#ffffff", 1) == ["#102030"]


def test_mixtures_are_those_of_oklab():
    # Coordinates of sRGB's corners, and the way back, from CSS Color 4.
    published = {
        "#ffffff": [1.0, 0.0, 0.0],
        "#ff0000": [0.62796, 0.22486, 0.12585],
        "#00ff00": [0.86644, -0.23389, 0.17950],
        "#0000ff": [0.45201, -0.03246, -0.31153],
    }
    for color in ("#ff0000", "#00ff00", "#0000ff"):
        middle = np.mean([published["#ffffff"], published[color]], axis=0)
        cones = middle @ np.array(
            [
                [1.0, 1.0, 1.0],
                [0.3963377774, -0.1055613458, -0.0894841775],
                [0.2158037573, -0.0638541728, -1.2914855480],
            ]
        )
        linear = (cones**3) @ np.array(
            [
                [4.0767416621, -1.2684380046, -0.0041960863],
                [-3.3077115913, 2.6097574011, -0.7034186147],
                [0.2309699292, -0.3413193965, 1.7076147010],
            ]
        )
        expected = 255 * (1.055 * np.clip(linear, 0, 1) ** (1 / 2.4) - 0.055)
        found = channels(palette.between("#ffffff", color, 3)[1:2])[0]
        np.testing.assert_allclose(found, np.maximum(expected, 0), atol=0.6)


def test_corners_are_where_they_belong():
    colors = palette.corners(3, 4)
    assert len(colors) == len(set(colors)) == 12
    assert tuple(colors[i] for i in (0, 3, 8, 11)) == palette.CORNERS
    assert colors[:4] == palette.between(*palette.CORNERS[:2], 4)
    assert colors[::4] == palette.between(*palette.CORNERS[::2], 3)
    assert palette.corners(1, 1) == [palette.CORNERS[0]]


def test_hotter_is_redder_and_less_blue():
    colors = channels(palette.temperatures([0.1, 0.2, 0.4, 0.6, 0.8, 0.9, 2]))
    reds = colors[:, 0] - colors[:, 2]
    assert (np.diff(reds[1:-1]) > 0).all()
    np.testing.assert_array_equal(colors[0], colors[1])
    np.testing.assert_array_equal(colors[-1], colors[-2])
    assert palette.temperatures([]) == []


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_heat_is_transparent_where_there_is_none(theme):
    image = palette.heat(np.linspace(0, 1, 12).reshape(3, 4), theme)
    assert image.dtype == np.uint8
    assert image.shape == (3, 4, 4)
    alpha = image[..., 3].reshape(-1).astype(int)
    assert alpha[0] == 0
    assert (np.diff(alpha) > 0).all()
    assert len(np.unique(image[..., :3].reshape(-1, 3), axis=0)) == 12


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: palette.between("red", "#000000", 2), 'color: expected "#rr'),
        (lambda: palette.between("#12345g", "#000000", 2), "color: expected"),
        (lambda: palette.between("#000000", None, 2), "color: expected"),
        (lambda: palette.between("#000000", "#000000", 0), "steps: expected"),
        (lambda: palette.corners(0, 2), "rows: expected"),
        (lambda: palette.corners(2, 0), "columns: expected"),
        (lambda: palette.corners(2, 2, ["#000000"]), "colors: expected four"),
        (lambda: palette.temperatures([0.5, 0]), "temperature: expected"),
        (lambda: palette.temperatures([np.nan]), "temperature: expected"),
        (lambda: palette.heat(np.zeros(3)), "values: expected numbers"),
        (lambda: palette.heat(np.array([["a"]])), "values: expected numbers"),
        (lambda: palette.heat(np.array([[1.1]])), "values: expected 0 to 1"),
        (lambda: palette.heat(np.array([[np.nan]])), "values: expected 0 to"),
        (lambda: palette.heat(np.zeros((1, 1)), "blue"), "theme: expected"),
    ],
)
def test_bad_input_is_refused(call, message):
    with pytest.raises(ValueError, match=message):
        call()
