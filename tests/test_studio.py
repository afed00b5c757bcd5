"""The studio: what each plate holds, and what it refuses."""

import json

import numpy as np
import pytest

from sketch_rnn_tf import drawing, latent, studio
from sketch_rnn_tf.generation import encoding, sampling, scoring, selection
from sketch_rnn_tf.studio import records


def _cells(plate):
    return plate.picture.sketches


def _same(model, drawn, sketch):
    """Whether a record draws its sketch again, alone."""
    again = sampling.sample(
        model,
        z=None if drawn.z is None else drawn.z[None],
        count=1,
        temperature=drawn.temperature,
        seed=drawn.seed,
    ).sketches[0]
    return again.shape == sketch.shape and np.allclose(
        again, sketch, atol=1e-4 * model.config.scale_factor
    )


class TestPlates:
    """Every drawing can be made again from its record alone."""

    @pytest.fixture(scope="class")
    @staticmethod
    def plates(model, sketches):
        given = sketches[:3]
        mu, _ = encoding.encode(model, sketches[:4])
        return {
            "grid": studio.sampled.grid(model, count=5, best_of=3, seed=2),
            "rows": studio.sampled.rows(model, [0.0, 0.9], count=3, seed=2),
            "pairs": studio.reconstructions.pairs(model, given),
            "table": studio.reconstructions.table(
                {"a": model, "b": model}, given, [0.1, 0.7]
            ),
            "beautified": studio.reconstructions.beautified(model, given),
            "paths": studio.interpolations.paths(
                {"a": model}, {"a": mu[:2]}, steps=4, given=given[:2]
            ),
            "corners": studio.interpolations.corners(
                model, mu, rows=2, columns=3
            ),
            "walk": studio.interpolations.walk(model, steps=9),
            "sums": studio.analogies.sums(
                model, [(given[:2], given[2:]), (given[1:], given[:1])]
            ),
            "around": studio.variations.around(model, given[0], count=5),
            "pattern": studio.variations.pattern(
                model, given, columns=2, rows=4
            ),
        }

    @pytest.mark.parametrize(
        ("name", "cells", "drawn"),
        [
            ("grid", 5, 5),
            ("rows", 6, 6),
            ("pairs", 6, 3),
            ("table", 15, 12),
            ("beautified", 6, 3),
            ("paths", 6, 4),
            ("corners", 6, 6),
            ("walk", 9, 9),
            ("sums", 12, 6),
            ("around", 6, 5),
            ("pattern", None, 8),
        ],
    )
    def test_drawings_can_be_made_again(
        self, model, plates, name, cells, drawn
    ):
        plate = plates[name]
        assert len(plate.drawings) == drawn
        assert cells in (None, len(_cells(plate)))
        for record in plate.drawings:
            assert _same(model, record, record.sketch)
        svg = drawing.to_svg(plate.picture.render())
        assert svg.startswith("<svg")

    def test_what_was_given_is_shown(self, plates, sketches):
        for name, places in (
            ("pairs", {0: 0, 1: 1, 2: 2}),
            ("table", {0: 0, 5: 1, 10: 2}),
            ("paths", {0: 0, 5: 1}),
            ("sums", {0: 0, 1: 1, 2: 2, 6: 1, 7: 2, 8: 0}),
            ("around", {0: 0}),
        ):
            for place, index in places.items():
                cell = _cells(plates[name])[place]
                np.testing.assert_array_equal(cell, sketches[index])

    def test_z_of_sums_and_paths(self, model, plates, sketches):
        mu, _ = encoding.encode(model, sketches[:3])
        first, second = plates["sums"].drawings[0], plates["sums"].drawings[3]
        np.testing.assert_allclose(
            first.z, mu[0] + mu[1] - mu[2], rtol=1e-5, atol=1e-5
        )
        np.testing.assert_allclose(
            second.z, mu[1] + mu[2] - mu[0], rtol=1e-5, atol=1e-5
        )
        along = [record.z for record in plates["paths"].drawings]
        np.testing.assert_allclose(
            along, latent.path(mu[0], mu[1], 4), atol=1e-5
        )

    def test_variations_stay_around_the_sketch(self, model, sketches):
        mu, log_var = encoding.encode(model, sketches[:1])
        plate = studio.variations.around(
            model, sketches[0], count=200, spread=0.5
        )
        z = np.stack([record.z for record in plate.drawings])
        sigma = 0.5 * np.exp(log_var[0] / 2)
        # Four standard errors.
        assert (np.abs(z.mean(0) - mu[0]) < 4 * sigma / 200**0.5).all()
        assert (np.abs(z.std(0) / sigma - 1) < 4 / 400**0.5).all()

    def test_a_completion_has_its_beginning(self, model, sketches):
        beginnings = [sketch[:2] for sketch in sketches[:2]]
        plate = studio.completions.endings(
            model, beginnings, count=3, best_of=2, seed=5
        )
        assert [d.prefix_length for d in plate.drawings] == [2] * 6
        for index, record in enumerate(plate.drawings):
            np.testing.assert_allclose(
                record.sketch[:2], beginnings[index // 3], atol=1e-3
            )

    def test_a_lesson_ends_with_the_sketch(self, sketches):
        sketch = max(sketches, key=lambda s: s[:, 2].sum())
        panels = _cells(studio.lessons.steps(sketch))
        assert len(panels) == sketch[:, 2].sum() > 1
        np.testing.assert_array_equal(panels[-1], sketch)

    def test_worst_first(self, model, sketches):
        plate, rows = studio.rankings.worst(model, sketches, shown=4)
        losses = [row["loss"] for row in rows]
        assert losses == sorted(losses, reverse=True)
        expected = scoring.score(model, sketches).loss
        np.testing.assert_allclose(
            losses, expected[[row["index"] for row in rows]]
        )
        for cell, row in zip(_cells(plate), rows[:4], strict=True):
            np.testing.assert_array_equal(cell, sketches[row["index"]])

    def test_heat_lies_under_each_panel(self, model, sketches):
        plate = studio.densities.along(
            model, sketches[:2], panels=2, resolution=24
        )
        assert len(_cells(plate)) == len(plate.picture.underlays) == 6
        assert max(u.image.max() for u in plate.picture.underlays) > 0

    def test_a_model_that_ends_at_once_leaves_cells_empty(
        self, make_model, tiny_config
    ):
        model = make_model(tiny_config)
        bias = model.decoder.output_bias
        bias.assign(bias + np.eye(1, bias.shape[0], 2, np.float32)[0] * 100)
        plate = studio.sampled.grid(model, count=4, best_of=2)
        assert [len(cell) for cell in _cells(plate)] == [0] * 4
        assert "<svg" in drawing.to_svg(plate.picture.render())


class TestSelection:
    def test_best_is_the_likeliest_by_the_point(self, model):
        drawn = sampling.sample(model, count=12, seed=3)
        kept = selection.best(model, drawn, of=4)
        likelihoods = selection.log_likelihoods(model, drawn)
        lengths = np.array([len(s) for s in drawn.sketches])
        rows = np.minimum(lengths + 1, model.config.max_len)
        means = np.where(lengths, likelihoods / rows, -np.inf)
        chosen = means.reshape(3, 4).argmax(1) + [0, 4, 8]
        np.testing.assert_array_equal(kept.seeds, drawn.seeds[chosen])
        with pytest.raises(ValueError, match="of: expected a divisor of 12"):
            selection.best(model, drawn, of=5)


class TestRecords:
    @pytest.mark.parametrize("kind", records.KINDS)
    def test_z_comes_back(self, model, tmp_path, kind):
        plate = studio.sampled.grid(model, count=3, seed=1)
        path = records.write(
            tmp_path / f"a.{kind}",
            plate.drawings,
            {"": records.identity(model)},
        )
        for index in range(3):
            found = records.read_latent(f"{path}:{index}")
            np.testing.assert_array_equal(found.z, plate.drawings[index].z)
            assert found.model == records.identity(model)
        np.testing.assert_array_equal(
            records.read_latent(str(path)).z, plate.drawings[0].z
        )
        with pytest.raises(ValueError, match="index of 0 to 2, got 3"):
            records.read_latent(f"{path}:3")

    @pytest.mark.parametrize("kind", records.KINDS)
    def test_each_drawing_names_its_own_model(
        self, model, sketches, tmp_path, kind
    ):
        mu, _ = encoding.encode(model, sketches[:2])
        plate = studio.interpolations.paths(
            dict.fromkeys("ab", model), dict.fromkeys("ab", mu), steps=2
        )
        path = records.write(
            tmp_path / f"two.{kind}", plate.drawings, {"a": "1", "b": "2"}
        )
        found = [records.read_latent(f"{path}:{i}").model for i in range(4)]
        assert found == ["1", "1", "2", "2"]

    def test_models_are_told_apart(self, make_model, tiny_config, model):
        other = make_model(tiny_config)
        assert records.identity(other) == records.identity(model)
        other.decoder.output_bias.assign_add(
            np.full(other.decoder.output_bias.shape, 1e-6, np.float32)
        )
        assert records.identity(other) != records.identity(model)

    @pytest.mark.parametrize(
        "text", ["", "[]", "{}", '[{"z": null}]', '[{"z": [1, "a"]}]', "\0"]
    )
    def test_foreign_json_is_refused(self, tmp_path, text):
        path = tmp_path / "z.json"
        path.write_text(text)
        with pytest.raises(ValueError, match=r"z\.json: expected") as caught:
            records.read_latent(str(path))
        assert "\n" not in str(caught.value)

    def test_pickles_in_npz_are_refused(self, tmp_path):
        array = np.array([json], dtype=object)
        array[0] = {"a": 1}
        np.savez(tmp_path / "z.npz", z=array, models=["m"])
        with pytest.raises(ValueError, match="expected drawings with z"):
            records.read_latent(str(tmp_path / "z.npz"))
