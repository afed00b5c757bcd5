"""truth, report, text, pictures, and the commands: a model beside the real."""

import json

import numpy as np
import pytest

from sketch_rnn_tf import cli, datasets, doodles, drawing, training
from sketch_rnn_tf.command_line import quality_parser
from sketch_rnn_tf.files import sketchrnn_npz
from sketch_rnn_tf.quality import (
    classifier,
    measures,
    network,
    pictures,
    report,
    text,
    truth,
)

WORDS = ("cat", "flower", "house", "pig", "car", "fish")


class Oracle:
    """Recognises by the number of points, to know what to expect."""

    words = WORDS
    sizes = network.Sizes(features=2)
    facts = {"test": {"top1": 0.875, "words": {}}}

    def index(self, word):
        from sketch_rnn_tf.quality import vocabulary

        return vocabulary.index(word, self.words)

    def predict(self, sketches):
        rows = [
            (len(s), np.abs(s[:, :2]).sum() / 100 if len(s) else 0)
            for s in sketches
        ]
        features = np.array(rows, np.float32)
        likely = np.float32([3, 2, 1, 0, -1, -2])
        # Of 9 points or more it is a cat, of 8 a flower, and so on; of a
        # flower it is least likely that it is a cat.
        places = np.clip(9 - features[:, 0].astype(int), 0, 5)
        logits = np.stack([np.roll(likely, place) for place in places])
        exponent = np.exp(logits)
        return features, exponent / exponent.sum(axis=1, keepdims=True)


def _dataset(sketches, words=("cat",)):
    labels = np.arange(len(sketches)) % len(words)
    return datasets.Dataset(
        words,
        sketches,
        sketches[:15],
        sketches[5:20],
        {"train": labels, "valid": labels[:15], "test": labels[5:20]},
    )


@pytest.fixture(scope="module")
def made(model, sketches):
    return report.make(
        model,
        _dataset(sketches),
        Oracle(),
        temperatures=(0.3, 0.9),
        count=10,
        seed=4,
    )


class TestReport:
    def test_has_real_drawings_samples_and_reconstructions(self, made):
        rows = [(row.source, row.temperature) for row in made[0].rows]
        assert rows == [
            ("real", None),
            ("sample", 0.3),
            ("sample", 0.9),
            ("reconstruction", 0.3),
            ("reconstruction", 0.9),
        ]
        assert made[0].words == ("cat",)
        assert {row.count for row in made[0].rows} == {10}

    def test_rows_are_the_measures_of_what_was_drawn(self, made, sketches):
        found, drawn = made
        real = truth.of(
            _Model(12, words=()), _dataset(sketches), Oracle()
        ).choose(10, seed=4)
        features, _ = Oracle().predict(real.reference)
        for row, some in zip(found.rows[1:], drawn, strict=True):
            assert (row.source, row.temperature) == some[:2]
            own, probabilities = Oracle().predict(some.sketches)
            lengths = np.array([len(s) for s in some.sketches])
            cats = lengths >= 9
            assert row.top1 == cats.mean()
            assert row.top5 == (lengths != 8).mean()
            assert row.at_max == (lengths == 12).mean()
            assert row.frechet == measures.frechet_distance(features, own)
            assert (row.precision, row.recall) == measures.precision_recall(
                features, own
            )
            assert row.diversity == measures.diversity(own)
            assert row.points == np.mean([len(s) for s in some.sketches])
            assert some.right == pytest.approx(probabilities[:, 0])
            assert [word == "cat" for word in some.taken_for] == list(cats)

    def test_ratio_is_to_the_real_drawings(self, made):
        real, *others = made[0].rows
        assert real.ratio == 1
        assert 0 < real.top1 < 1
        for row in others:
            assert row.ratio == pytest.approx(row.top1 / real.top1)

    def test_real_drawings_are_not_compared_with_themselves(self, sketches):
        data = _dataset(sketches)._replace(test=sketches[15:], labels={
            "train": np.zeros(25, int), "valid": np.zeros(15, int),
            "test": np.zeros(10, int)})  # fmt: skip
        chosen = truth.of(_Model(12), data, Oracle()).choose(50, seed=0)
        assert len(chosen.held_out) == 10
        for one in chosen.held_out:
            for other in chosen.reference:
                assert not np.array_equal(one, other)

    def test_of_few_real_drawings_as_many_samples_are_compared(
        self, unconditional, sketches
    ):
        found, drawn = report.make(
            unconditional,
            _dataset(sketches),
            Oracle(),
            temperatures=[1.0],
            count=40,
        )
        assert [row.source for row in found.rows] == ["real", "sample"]
        assert [row.count for row in found.rows] == [15, 40]
        assert [row.compared for row in found.rows] == [15, 15]
        first, _ = Oracle().predict(drawn[0].sketches[:15])
        assert found.reference == 15
        real = truth.of(
            _Model(12, words=()), _dataset(sketches), Oracle()
        ).choose(40, seed=0)
        features, _ = Oracle().predict(real.reference)
        got = found.rows[1].frechet
        assert got == measures.frechet_distance(features, first)

    def test_without_a_recognised_real_drawing_there_is_no_ratio(
        self, unconditional, sketches
    ):
        # None of the held-out ones has 9 points or more.
        few = [s for s in sketches if len(s) < 9]
        found, _ = report.make(
            unconditional,
            _dataset(sketches)._replace(test=few[:5], labels={
                "train": np.zeros(25, int), "valid": np.zeros(15, int),
                "test": np.zeros(5, int)}),
            Oracle(),
            temperatures=[1.0],
            count=5,
        )  # fmt: skip
        assert [row.ratio for row in found.rows] == [None, None]
        assert all(line.isascii() for line in text.lines(found))

    def test_is_plain_values(self, made):
        value = report.as_json(made[0])
        assert json.loads(json.dumps(value)) == value
        assert value["rows"][0]["temperature"] is None


class _Model:
    """Stands for a model where nothing is drawn."""

    def __init__(self, max_len, words=("cat",)):
        self.config = type("C", (), {"max_len": max_len, "words": words})


class TestTruth:
    def test_takes_the_drawings_of_the_models_words(self, sketches):
        data = _dataset(sketches, ("cat", "fish"))
        found = truth.of(_Model(12, ("fish",)), data, Oracle())
        assert found.classes == (5,)
        assert [id(s) for s in found.known] == [id(s) for s in sketches[1::2]]
        assert set(found.labels.tolist()) == {5}

    def test_leaves_out_what_is_too_long_or_empty(self, sketches):
        data = _dataset([np.zeros((0, 3)), *sketches])
        found = truth.of(_Model(9), data, Oracle())
        assert {len(s) for s in found.known} == set(range(3, 10))

    def test_as_word_takes_all(self, sketches):
        data = _dataset(sketches, ("scrawl", "doodle"))
        found = truth.of(_Model(12), data, Oracle(), as_word="pig")
        assert found.classes == (3,)
        assert len(found.known) == 25
        assert set(found.labels.tolist()) == {3}
        assert found.places(["cat", "dog"]).tolist() == [3, 3]

    def test_words_of_a_conditioned_model_are_found(self, sketches):
        found = truth.of(_Model(12), _dataset(sketches), Oracle())
        assert found.places(["fish", "cat", "fish"]).tolist() == [5, 0, 5]

    def test_reference_is_filled_up_with_training_drawings(self, sketches):
        data = _dataset(sketches)
        data = data._replace(
            valid=sketches[:4],
            labels={**data.labels, "valid": np.zeros(4, int)},
        )
        chosen = truth.of(_Model(12), data, Oracle()).choose(12, seed=0)
        assert len(chosen.reference) == len(chosen.held_out) == 12

    @pytest.mark.parametrize(
        ("words", "data_words", "message"),
        [
            (("cat",), ("dog",), "what the model draws, cat, got dog"),
            (("carr",), ("carr",), "near ones are car"),
            ((), ("zebra",), "got 'zebra'; none is near"),
        ],
    )
    def test_other_words_are_told(self, sketches, words, data_words, message):
        with pytest.raises(ValueError, match=message):
            truth.of(
                _Model(12, words), _dataset(sketches, data_words), Oracle()
            )

    def test_too_few_drawings_are_told(self, sketches):
        with pytest.raises(ValueError, match="1 to 3 points .N_max. in train"):
            truth.of(_Model(3), _dataset(sketches), Oracle())


class TestText:
    def test_table_has_a_row_of_equal_length_each(self, made):
        lines = text.lines(made[0])
        table = lines[2:8]
        assert len({len(line) for line in table}) == 1
        assert table[1].startswith("real, held out")
        assert f"{made[0].rows[2].top1:.3f}" in table[3]
        assert "among 6 words" in lines[0]

    def test_low_accuracy_and_few_drawings_are_said(self, made):
        found = made[0]
        row = found.rows[0]._replace(top1=0.5)
        said = "\n".join(text.lines(found._replace(rows=(row,), features=10)))
        assert "recognises 50% of the real drawings only" in said
        assert "10 drawings in 10 dimensions" in said
        row = found.rows[0]._replace(top1=0.9)
        said = "\n".join(text.lines(found._replace(rows=(row,), features=9)))
        assert "only: judge" not in said
        assert "dimensions" not in said


class TestPictures:
    def test_curves_have_a_mark_a_row(self, made):
        svg = drawing.to_svg(pictures.curves(made[0]))
        # Two panels of four rows, each mark two disks.
        assert svg.count("<circle") == 2 * 2 * 4
        assert "real drawings, held out" in svg
        assert svg.count("stroke-dasharray") == 3

    def test_sheet_shows_best_and_worst(self, made):
        drawn = made[1][0]
        grid = pictures.sheet(drawn)
        assert (grid.rows, grid.columns) == (2, 8)
        order = np.argsort(-drawn.right, kind="stable")
        assert grid.sketches[0] is drawn.sketches[order[0]]
        assert grid.sketches[8] is drawn.sketches[order[-1]]
        assert grid.labels[8].endswith(drawn.taken_for[order[-1]])


class TestCommands:
    def test_defaults_are_those_of_the_library(self):
        assert quality_parser.TEMPERATURES == report.TEMPERATURES
        assert quality_parser.COUNT == report.COUNT
        assert quality_parser.EPOCHS == classifier.EPOCHS
        assert quality_parser.PER_WORD == classifier.PER_WORD
        assert quality_parser.PATIENCE == classifier.PATIENCE

    @pytest.fixture
    def data(self, tmp_path):
        (tmp_path / "real").mkdir()
        for word in ("cat", "house"):
            drawn = [doodles.draw(word, seed=i).stroke3 for i in range(24)]
            splits = {
                "train": drawn[:12],
                "valid": drawn[12:18],
                "test": drawn[18:],
            }
            sketchrnn_npz.write(tmp_path / "real" / f"{word}.npz", splits)
        return tmp_path / "real"

    @pytest.fixture(autouse=True)
    def small(self, monkeypatch):
        """Makes classifiers that take no time."""
        sizes = network.Sizes(16, 8, (4,), (0,), (4,), (0,), features=4)
        made = classifier.train

        def train(*args, **settings):
            return made(*args, **{**settings, "sizes": sizes, "epochs": 1})

        monkeypatch.setattr(classifier, "train", train)

    @pytest.mark.slow
    def test_evaluate_trains_a_classifier_once(
        self, data, tmp_path, work_dir, capsys, monkeypatch
    ):
        out = tmp_path / "out"
        arguments = [
            *("evaluate", "--model", str(work_dir), "--quality", "--json"),
            *("--data", f"{data / 'cat.npz'}", "--as", "house"),
            *("--temperatures", "0.5", "--count", "6"),
            *("--classifier", str(tmp_path / "judge"), "--out", str(out)),
        ]
        assert cli.main([*arguments, "--real", str(data)]) == 0
        got = capsys.readouterr()
        assert "classifier of 2 words" in got.err
        value = json.loads(got.out)
        assert value == json.loads((out / "quality.json").read_text())
        assert value["words"] == ["house"]
        assert value["rows"][0]["count"] == 6
        assert sorted(p.name for p in out.iterdir()) == [
            "curves.png",
            "curves.svg",
            "quality.json",
            "sheet.png",
            "sheet.svg",
        ]
        # The second time it is there, and no --real is needed.
        monkeypatch.setattr(classifier, "train", None)
        arguments.remove("--json")
        assert cli.main(arguments) == 0
        got = capsys.readouterr().out
        assert "real, held out" in got
        row = training.load(work_dir).config.max_len
        assert value["max_len"] == row

    def test_classifier_is_written_once(self, data, tmp_path, capsys):
        out = str(tmp_path / "judge")
        arguments = ["classifier", "--data", str(data), "--out", out]
        assert cli.main(arguments) == 0
        assert "hardest words: " in capsys.readouterr().out
        assert classifier.load(out).words == ("cat", "house")
        assert cli.main(arguments) == 2
        assert "expected a new or empty directory" in capsys.readouterr().err

    @pytest.mark.parametrize(
        ("changed", "message"),
        [
            ([], "expected a classifier, or --real drawings"),
            (["--real", "cat.npz"], "expected at least two to tell apart"),
            (["--out", "a.txt", "--real", "."], "expected a directory, got a"),
        ],
    )
    def test_bad_input_is_one_line_and_leaves_nothing(
        self, data, work_dir, tmp_path, capsys, monkeypatch, changed, message
    ):
        monkeypatch.chdir(data)
        (data / "a.txt").touch()
        arguments = [
            *("evaluate", "--model", str(work_dir), "--data", "cat.npz"),
            *("--quality", "--out", str(tmp_path / "out"), *changed),
        ]
        assert cli.main(arguments) == 2
        error = capsys.readouterr().err.strip()
        assert message in error
        assert "\n" not in error
        assert not (tmp_path / "out").exists()

    def test_quality_needs_a_place_to_write_to(self, work_dir, capsys):
        arguments = ["evaluate", "--model", str(work_dir), "--data", "x"]
        assert cli.main([*arguments, "--quality"]) == 2
        assert "out: expected a directory" in capsys.readouterr().err
