import json

import numpy as np
import pytest

from sketch_rnn_tf.files import blocks, ndjson, splits
from sketch_rnn_tf.preparation import recipes

NONE = recipes.make("none")


def line(key, size=6, **facts):
    rng = np.random.default_rng(key)
    drawing = [rng.integers(0, 255, (2, size)).tolist()]
    return json.dumps({"key_id": str(key), **facts, "drawing": drawing})


def write(path, lines):
    path.write_text("".join(f"{text}\n" for text in lines))
    return path


def made(survey, split, recipe=NONE, **options):
    """Returns the sketches of a split by their key."""
    found = {}
    for block in survey.blocks:
        sketches, tally = blocks.records(
            block, split, survey.splits, recipe, **options
        )
        assert not tally.bad
        found |= {sketch.facts.key_id: sketch for sketch in sketches}
    return found


class TestSplits:
    def test_a_large_word_has_the_papers_sizes(self):
        digests = np.random.default_rng(0).integers(0, 2**62, 80_000)
        found = splits.make(digests)
        names = [found.of(int(digest)) for digest in digests]
        counts = {name: names.count(name) for name in set(names)}
        assert counts == {
            "train": 70_000, "valid": 2500, "test": 2500, None: 5000,
        }  # fmt: skip

    @pytest.mark.parametrize(
        ("count", "most", "sizes"),
        [
            (0, None, (0, 0, 0)),
            (2, None, (2, 0, 0)),
            (3, None, (1, 1, 1)),
            (300, None, (280, 10, 10)),
            (300, 30, (28, 1, 1)),
            (75_000, 75_000, (70_000, 2500, 2500)),
            (10**6, None, (995_000, 2500, 2500)),
        ],
    )
    def test_sizes(self, count, most, sizes):
        assert splits.sizes(count, max_drawings=most) == sizes

    def test_a_hash_is_that_of_blake2b(self):
        # By `b2sum -l 64`, halved.
        found = splits.digest(b"4552252150775808")
        assert found == 0xBDFFE1BAC40F3B0F >> 1


class TestSurvey:
    def test_every_drawing_is_in_one_split(self, tmp_path):
        path = write(tmp_path / "a.ndjson", map(line, range(300)))
        survey = blocks.survey(path)
        found = [made(survey, name) for name in splits.NAMES]
        assert list(map(len, found)) == [280, 10, 10]
        assert len(set().union(*found)) == 300

    def test_splits_depend_on_neither_order_nor_blocks(
        self, tmp_path, monkeypatch
    ):
        keys = np.arange(300)
        path = write(tmp_path / "a.ndjson", map(line, keys))
        one = made(blocks.survey(path), "valid")
        np.random.default_rng(0).shuffle(keys)
        monkeypatch.setattr(blocks, "BLOCK_BYTES", 1000)
        path = write(tmp_path / "b.ndjson", map(line, keys))
        survey = blocks.survey(path)
        assert len(survey.blocks) > 20
        other = made(survey, "valid")
        assert set(other) == set(one)
        for key, sketch in one.items():
            assert np.array_equal(sketch.stroke3, other[key].stroke3)

    def test_fewer_drawings_are_some_of_all(self, tmp_path):
        path = write(tmp_path / "a.ndjson", map(line, range(300)))
        survey = blocks.survey(path, max_drawings=60)
        found = [made(survey, name) for name in splits.NAMES]
        assert list(map(len, found)) == [56, 2, 2]
        everything = made(blocks.survey(path), "test")
        assert set(found[2]) < set(everything)

    def test_only_recognized_ones(self, tmp_path):
        lines = [line(key, recognized=key % 3 == 0) for key in range(90)]
        survey = blocks.survey(
            write(tmp_path / "a.ndjson", lines), only_recognized=True
        )
        found = made(survey, "train", only_recognized=True)
        assert survey.count == 30
        assert len(found) == 28
        assert all(sketch.facts.recognized for sketch in found.values())

    def test_lines_without_a_key_are_their_own(self, tmp_path):
        lines = [json.dumps({"drawing": [[[0, k], [5, 9]]]}) for k in range(30)]
        survey = blocks.survey(write(tmp_path / "a.ndjson", lines))
        assert survey.count == 30
        sketches, _ = blocks.records(
            survey.blocks[0], "train", survey.splits, NONE
        )
        assert len({sketch.name for sketch in sketches}) == 28


class TestRecords:
    def test_bad_lines_are_counted_once_in_all_splits(self, tmp_path):
        lines = [line(key) for key in range(40)]
        lines[3:3] = ["", "{", '{"drawing": [[[1, 2], [3]]]}']
        path = write(tmp_path / "a.ndjson", lines)
        survey = blocks.survey(path)
        bad, examples = 0, []
        for name in splits.NAMES:
            _, tally = blocks.records(
                survey.blocks[0], name, survey.splits, NONE
            )
            bad += tally.bad.total()
            examples += tally.examples
        assert bad == 2
        assert sorted(text.split(": ")[0] for text in examples) == [
            f"{path}:5", f"{path}:6",
        ]  # fmt: skip

    def test_a_line_too_long_is_bad(self, tmp_path, monkeypatch):
        monkeypatch.setattr(ndjson, "MAX_LINE", 500)
        lines = [line(key) for key in range(9)]
        lines.insert(2, "x" * 3000)
        survey = blocks.survey(write(tmp_path / "a.ndjson", lines))
        assert survey.count == 9
        _, tally = blocks.records(
            survey.blocks[0], "train", survey.splits, NONE
        )
        assert tally.bad.total() == 1

    def test_long_drawings_are_dropped_and_counted(self, tmp_path):
        lines = [line(key, size=300 if key < 5 else 9) for key in range(40)]
        survey = blocks.survey(write(tmp_path / "a.ndjson", lines))
        recipe = recipes.make("paper", epsilon=0)
        dropped = good = 0
        for name in splits.NAMES:
            _, tally = blocks.records(
                survey.blocks[0], name, survey.splits, recipe
            )
            dropped += tally.dropped["longer than 200 points"]
            good += tally.good
        assert (good, dropped) == (35, 5)

    def test_float32_keeps_fractions(self, tmp_path):
        text = json.dumps({"drawing": [[[0, 0.25], [0, 1]]]})
        survey = blocks.survey(write(tmp_path / "a.ndjson", [text]))
        recipe = recipes.make("none", whole=False)
        (sketch,), _ = blocks.records(
            survey.blocks[0], "train", survey.splits, recipe, dtype="float32"
        )
        assert sketch.stroke3.tolist() == [[0.25, 1, 1]]
