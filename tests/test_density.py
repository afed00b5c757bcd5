"""density: maps of the next point, their mass and where they lie."""

import numpy as np
import pytest
import tensorflow as tf

from sketch_rnn_tf.generation import density, encoding, sampling, scoring


@pytest.fixture(params=["model", "unconditional"])
def any_model(request):
    return request.getfixturevalue(request.param)


def _cell(found):
    """Returns the sides of a cell, the user's units."""
    left, top, right, bottom = found.box
    height, width = found[0].shape[-2:]
    return (right - left) / width, (bottom - top) / height


def _place(found, x, y):
    width, height = _cell(found)
    return int((y - found.box[1]) / height), int((x - found.box[0]) / width)


def test_predictions_are_those_that_points_are_scored_by(any_model, sketches):
    sketch = sketches[4]
    points = density.next_point(any_model, sketch)
    assert points.pen.logits.shape == [len(sketch) + 1, 3]
    (rows,) = scoring.point_log_likelihoods(any_model, [sketch])
    log_prob = points.offset[:-1].log_prob(sketch[:, :2])
    # From a density for square pixels to one for square scale factors.
    log_prob += 2 * np.log(any_model.config.scale_factor)
    log_prob += points.pen[:-1].log_prob(sketch[:, 2])
    np.testing.assert_allclose(log_prob, rows[:-1], rtol=1e-4, atol=1e-4)
    assert float(points.pen[-1].log_prob(2)) == pytest.approx(
        rows[-1], rel=1e-4
    )


def test_a_map_integrates_to_the_probability_of_going_on(any_model, sketches):
    sketch, steps = sketches[3], [0, 2, len(sketches[3])]
    found = density.maps(
        any_model, sketch, steps=steps, margin=4.0, resolution=256
    )
    width, height = _cell(found)
    assert width == pytest.approx(height)
    mass = found.densities.sum(axis=(1, 2)) * width * height
    points = density.next_point(any_model, sketch)
    want = 1 - tf.nn.softmax(points.pen.logits).numpy()[steps, 2]
    # What the blur and the box leave out.
    np.testing.assert_allclose(mass, want, rtol=5e-3)


def test_a_map_is_the_density_at_its_cells(any_model, sketches):
    sketch = sketches[5]
    found = density.maps(any_model, sketch, steps=[3], resolution=400)
    width, height = _cell(found)
    rows, columns = np.array([[80, 200], [150, 90], [210, 260]]).T
    x = found.box[0] + (columns + 0.5) * width
    y = found.box[1] + (rows + 0.5) * height
    before = sketch[:3, :2].sum(axis=0)
    points = density.next_point(any_model, sketch)
    want = points.offset[3].prob(np.float32([x, y]).T - before)
    want *= 1 - points.pen[3].prob(2)
    # The blur by 0.6 of a small cell remains.
    np.testing.assert_allclose(
        found.densities[0, rows, columns], want, rtol=0.02
    )


def test_the_likeliest_next_point_lies_where_it_is_bright(any_model, sketches):
    seen = 0
    for sketch in sketches[:4]:
        drawn = sampling.complete(
            any_model, [sketch], temperature=0, max_len=len(sketch) + 1
        ).sketches[0]
        if len(drawn) == len(sketch):
            continue  # it ends here
        seen += 1
        found = density.heat(
            any_model,
            sketch,
            steps=[len(sketch)],
            temperature=0.1,
            margin=2.0,
            resolution=96,
        )
        row, column = _place(found, *drawn[:, :2].sum(axis=0))
        assert found.image[0, row, column] > 0.5
    assert seen


def test_a_narrow_component_is_not_lost_between_cells(unconditional, sketches):
    found = density.heat(
        unconditional, sketches[0], temperature=1e-6, resolution=32, steps=[0]
    )
    assert found.image.max() == 1
    # One point, blurred: a handful of cells.
    assert 1 <= (found.image > 0.3).sum() <= 9 * 3


def test_all_steps_make_one_image(model, sketches):
    sketch = sketches[2]
    one = density.heat(model, sketch, resolution=50)
    each = density.heat(
        model, sketch, resolution=50, steps=range(len(sketch) + 1)
    )
    assert one.box == each.box
    np.testing.assert_array_equal(one.image, each.image.max(axis=0))
    assert one.image.shape == each.image.shape[1:]
    assert max(one.image.shape) == 50
    assert one.image.dtype == np.float32
    going_on = density.maps(model, sketch, resolution=50).going_on
    # A step is as bright as it is sure that the drawing goes on.
    np.testing.assert_allclose(each.image.max(axis=(1, 2)), going_on, rtol=1e-6)
    assert one.image.min() >= 0 and 0.5 < one.image.max() <= 1


def test_the_box_surrounds_the_drawing(model):
    sketch = np.array([[100, 0, 0], [0, 40, 1]], np.float32)
    left, top, right, bottom = density.heat(
        model, sketch, resolution=60, margin=0.1
    ).box
    assert (left, right) == pytest.approx((-around(model), 100 + around(model)))
    cell = (right - left) / 60
    assert top <= -around(model) and bottom >= 40 + around(model)
    assert bottom - top <= 40 + 2 * around(model) + cell


def around(model):
    return 0.1 * max(100, 4 * model.config.scale_factor)


def test_nothing_comes_after_n_max_points(model, sketches):
    long = next(s for s in sketches if len(s) == model.config.max_len)
    points = density.next_point(model, long)
    assert points.pen.logits.shape[0] == model.config.max_len
    with pytest.raises(ValueError, match="from 0 to 11, got"):
        density.heat(model, long, steps=[12])


def test_z_and_temperature_matter(model, sketches):
    sketch = sketches[1]
    mu, _ = encoding.encode(model, [sketch])
    plain = density.heat(model, sketch, resolution=40)
    given = density.heat(model, sketch, resolution=40, z=mu[0])
    np.testing.assert_allclose(given.image, plain.image, atol=1e-5)
    other = density.heat(model, sketch, resolution=40, z=mu[0] + 2)
    cool = density.heat(model, sketch, resolution=40, temperature=0.2)
    assert not np.allclose(other.image, plain.image, atol=1e-3)
    assert cool.image.mean() < plain.image.mean()


@pytest.mark.parametrize(
    "options, message",
    [
        ({"temperature": 0}, "temperature: expected a positive number, got 0"),
        ({"resolution": 1}, "resolution: expected at least 2, got 1"),
        ({"margin": 0}, "margin: expected a positive number, got 0"),
        ({"steps": [-1]}, r"steps: expected whole .* 0 to 3, got \[-1\]"),
        ({"steps": [0.5]}, "steps: expected whole numbers"),
        ({"z": np.zeros(3)}, r"z: expected shape \[B, 4\], got \[1, 3\]"),
    ],
)
def test_what_is_out_of_range_is_an_error(model, sketches, options, message):
    with pytest.raises(ValueError, match=message):
        density.heat(model, sketches[0], **options)
