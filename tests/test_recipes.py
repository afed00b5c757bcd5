import numpy as np
import pytest
import reference_files

from sketch_rnn_tf.files import ndjson
from sketch_rnn_tf.preparation import drawings, recipes

QUICKDRAW = reference_files.SHARED / "data" / "quickdraw"


def wave(count, size=50.0):
    """A stroke that Ramer-Douglas-Peucker can leave little out of."""
    x = np.arange(count) * 10.0
    return np.stack([x, size * (np.arange(count) % 2)], axis=1)


def apply(polylines, **options):
    name = options.pop("name", "paper")
    made = drawings.from_polylines(polylines)
    return recipes.apply(made, recipes.make(name, **options))


def test_paper_simplifies_in_pixels():
    line = np.array([[0, 0], [5, 1.9], [10, 0], [15, 9], [20, 0]])
    small, fits = apply([[line]])
    assert fits.tolist() == [True]
    assert small.points.tolist() == [[0, 0], [10, 0], [15, 9], [20, 0]]


def test_paper_drops_what_has_more_than_200_points():
    small, fits = apply([[wave(201)], [wave(202)], [wave(3)]])
    assert fits.tolist() == [True, False, True]
    assert small.lengths.tolist() == [200, 2]


def test_longer_ones_may_be_simplified_until_they_fit():
    sizes = np.concatenate([wave(120), wave(120, 3.0) + [1200, 0]])
    small, fits = apply([[sizes], [wave(30)]], too_long="simplify")
    assert fits.tolist() == [True, True]
    assert small.lengths[0] <= 200
    assert small.lengths[1] == 29


def test_too_many_strokes_cannot_be_simplified():
    strokes = [wave(2) + [0, 30 * i] for i in range(8)]
    _, fits = apply([strokes, strokes[:2]], max_points=8, too_long="simplify")
    assert fits.tolist() == [False, True]


def test_none_changes_nothing():
    small, _ = apply([[wave(7) + 0.25]], name="none", whole=False)
    assert np.array_equal(small.points, wave(7) + 0.25)


def test_google_fills_its_box_with_whole_numbers():
    small, _ = apply([[wave(5), wave(2) - 90]], name="google")
    assert small.points.min() == 0
    assert small.points.max() == 255
    assert np.array_equal(small.points, np.rint(small.points))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"name": "mine"}, "recipe: expected one of paper, google, none"),
        ({"epsilon": -1.0}, "epsilon: expected 0 or more, got -1.0"),
        ({"max_points": 0}, "max_points: expected 1 or more, got 0"),
        ({"too_long": "cut"}, "too_long: expected one of drop, simplify"),
    ],
)
def test_refuses(options, message):
    with pytest.raises(ValueError, match=message):
        recipes.make(options.pop("name", "paper"), **options)


@pytest.mark.skipif(not QUICKDRAW.is_dir(), reason="no ../shared/data here")
def test_raw_drawings_become_googles_simplified_ones():
    same, pairs = 0, 0
    for file in sorted((QUICKDRAW / "raw").glob("*.ndjson")):
        of_google = {
            drawing.facts.key_id: drawing.polylines
            for drawing in ndjson.read(QUICKDRAW / "simplified" / file.name)
        }
        raw = [d for d in ndjson.read(file) if d.facts.key_id in of_google]
        small, _ = apply([d.polylines for d in raw], name="google")
        for drawing, got in zip(raw, small.polylines(), strict=True):
            pairs += 1
            wanted = of_google[drawing.facts.key_id]
            same += [len(p) for p in got] == [len(p) for p in wanted] and all(
                np.abs(a - b).max() <= 1
                for a, b in zip(got, wanted, strict=True)
            )
    print(f"{same} of {pairs} pairs are the same within a pixel")
    assert pairs == 609
    assert same >= 0.92 * pairs
