"""inspection: counts, proposals, doubts, text, pictures; the command."""

import argparse
import json
import pathlib
import subprocess
import sys
import time
import xml.etree.ElementTree as ET

import numpy as np
import pytest

from sketch_rnn_tf import drawing, inspection, strokes
from sketch_rnn_tf.data import measurement
from sketch_rnn_tf.files import sketchrnn_npz, tally as tally_lib

SHARED = pathlib.Path(__file__).resolve().parents[2] / "shared"
SVG = "{http://www.w3.org/2000/svg}"
WORDS = ("cat", "pig")


def walk(length, *, seed=0):
    """Returns a sketch of that many points in a box of about its length."""
    stroke3 = np.zeros([length, 3], np.int16)
    stroke3[:, 0] = 3
    stroke3[:, 1] = np.random.default_rng(seed).integers(-2, 3, length)
    stroke3[-1, 2] = 1
    return stroke3


@pytest.fixture
def splits():
    """Returns 100 sketches of 20 to 29 points, 4 and 4 others."""
    sketches = [walk(20 + i % 10, seed=i) for i in range(108)]
    return {
        "train": sketches[:100],
        "valid": sketches[100:104],
        "test": sketches[104:],
    }


@pytest.fixture
def labels(splits):
    return {name: np.arange(len(rows)) % 2 for name, rows in splits.items()}


def texts(picture):
    root = ET.fromstring(drawing.to_svg(picture))
    return [next(t.itertext(), "") for t in root.iter(f"{SVG}text")]


class TestSplits:
    def test_sketches_are_counted_by_split_and_word(self, splits, labels):
        report = inspection.inspect(WORDS, splits, labels=labels)
        counts = {name: split.count for name, split in report.splits.items()}
        assert counts == {"train": 100, "valid": 4, "test": 4}
        assert report.splits["train"].words == {"cat": 50, "pig": 50}
        assert report.splits["test"].words == {"cat": 2, "pig": 2}

    def test_words_of_unknown_labels_are_not_counted(self, splits, labels):
        report = inspection.inspect(WORDS, splits)
        assert report.splits["train"].words is None
        some = {**labels, "train": None}
        report = inspection.inspect(WORDS, splits, labels=some)
        assert report.splits["train"].words is None
        assert report.splits["test"].words == {"cat": 2, "pig": 2}

    def test_a_lone_word_needs_no_labels(self, splits):
        report = inspection.inspect(["cat"], splits)
        assert report.splits["train"].words == {"cat": 100}

    def test_percentiles_are_lengths_that_keep_that_share(self):
        train = [walk(length, seed=length) for length in range(1, 101)]
        lengths = inspection.inspect(["a"], {"train": train}).splits["train"]
        assert lengths.lengths == (1, 50.5, 50.5, 90, 95, 99, 100)
        assert lengths.histogram == (0, *[1] * 100)

    @pytest.mark.parametrize("last", [0, 1])
    def test_strokes_are_those_that_polylines_have(self, last):
        sketch = np.array([[1, 0, 1], [1, 0, 0], [1, 0, 1], [0, 1, last]])
        found = inspection.inspect(["a"], {"train": [sketch]}).splits["train"]
        assert found.strokes.most == len(strokes.stroke3_to_polylines(sketch))
        assert found.strokes.most == 3

    def test_boxes_are_those_of_bounds(self):
        sketch = np.array([[-30000, 5, 0], [-30000, 7, 1]], np.int16)
        found = inspection.inspect(["a"], {"train": [sketch]}).splits["train"]
        low_x, _, high_x, _ = strokes.bounds(sketch)
        assert found.sides.median == found.sides.most == high_x - low_x == 60000

    def test_zero_offsets_are_a_share_of_points(self):
        sketch = np.array([[0, 0, 0], [1, 0, 0], [0, 0, 1], [0, 2, 1]])
        found = inspection.inspect(["a"], {"train": [sketch]}).splits["train"]
        assert found.zero_offsets == 0.5

    def test_an_empty_split_has_no_summary(self, splits):
        report = inspection.inspect(WORDS, {**splits, "test": []})
        empty = report.splits["test"]
        assert empty.lengths is empty.strokes is empty.sides is None
        assert (empty.count, empty.zero_offsets, empty.repeated) == (0, 0, 0)
        assert inspection.lines(report)
        assert inspection.histogram_svg(report)


class TestLimits:
    def test_the_proposed_max_len_is_the_least_round_one_that_keeps_99(
        self,
    ):
        train = [walk(150, seed=i) for i in range(99)]
        report = inspection.inspect(["a"], {"train": [*train, walk(900)]})
        assert (report.max_len, report.proposed_max_len) == (900, 150)
        report = inspection.inspect(["a"], {"train": [*train[2:], walk(900)]})
        assert report.proposed_max_len == 900

    def test_shares_kept_are_of_training_sketches(self):
        train = [walk(length) for length in (100, 101, 200, 251)]
        limits = inspection.inspect(["a"], {"train": train}).limits
        assert list(limits) == [100, 150, 200, 250, 251]
        kept = {limit: found.kept for limit, found in limits.items()}
        assert kept == {100: 1, 150: 2, 200: 3, 250: 3, 251: 4}
        assert limits[200].share == 0.75

    def test_scale_factors_are_those_of_measurement(self, splits):
        far = np.array([[5000, -3, 0], [1, -30000, 1]], np.int16)
        train = [*splits["train"], far, walk(300)]
        limits = inspection.inspect(["a"], {"train": train}).limits
        for limit, found in limits.items():
            measured = measurement.statistics(train, max_len=limit)
            assert found.kept == measured.count
            # Sums in another order.
            assert found.scale_factor == pytest.approx(
                measured.scale_factor, rel=1e-12
            )
        assert inspection.MAX_OFFSET == measurement.MAX_OFFSET

    def test_nothing_kept_has_scale_factor_0(self):
        limits = inspection.inspect(["a"], {"train": [walk(120)]}).limits
        assert limits[100] == (0, 0.0, 0.0)

    def test_real_drawings(self):
        path = SHARED / "data" / "datasets" / "aaron_sheep.npz"
        if not path.exists():
            pytest.skip(f"needs real drawings in {path}")
        splits = sketchrnn_npz.read(path)
        start = time.perf_counter()
        report = inspection.inspect(["sheep"], splits)
        assert inspection.lines(report)
        assert time.perf_counter() - start < 15
        assert report.max_len == 250
        # The published number was summed and printed in float32.
        assert report.limits[250].scale_factor == pytest.approx(
            18.519827, rel=6e-8
        )
        assert report.splits["train"].count == len(splits["train"])


class TestEpsilon:
    def test_short_sketches_need_none(self, splits):
        found = inspection.inspect(WORDS, splits).simplification
        assert found == (None, None, False, 100, 1.0, 1.0)

    def test_points_on_straight_lines_go_with_0(self):
        sketch = np.tile(np.array([[1, 0, 0]]), (300, 1))
        found = inspection.inspect(["a"], {"train": [sketch]}).simplification
        assert found == (0.0, 0.0, True, 1, 0.0, 1.0)

    def test_it_is_of_a_box_of_255_whatever_the_units(self):
        # Teeth of 1 in 255: any epsilon below keeps them all.
        sketch = np.tile(np.array([[0.5, 1, 0], [0.5, -1, 0]]), (255, 1))
        for scale in (1.0, 8.0):
            scaled = (sketch * [scale, scale, 1]).astype(np.float32)
            train = {"train": [scaled] * 3}
            found = inspection.inspect(["a"], train).simplification
            assert found[:4] == (1.0, scale, True, 3)
            assert found[4:] == (0.0, 1.0)

    def test_it_is_the_least_with_which_99_percent_are_short(self):
        rng = np.random.default_rng(0)
        train = []
        for _ in range(4):
            points = np.cumsum(rng.normal(size=[900, 2]), axis=0)
            train.append(strokes.polylines_to_stroke3([points]))
        found = inspection.inspect(["a"], {"train": train}).simplification
        assert found.needed and found.epsilon in inspection.EPSILONS
        place = inspection.EPSILONS.index(found.epsilon)
        for epsilon, enough in (
            (found.epsilon, True),
            (inspection.EPSILONS[place - 1], False),
        ):
            lengths = [
                len(strokes.polylines_to_stroke3([simplified(s, epsilon)]))
                for s in train
            ]
            assert (max(lengths) <= inspection.MAX_POINTS) == enough

    def test_none_is_proposed_if_no_value_is_enough(self):
        rng = np.random.default_rng(0)
        sketch = rng.integers(-99, 99, [2000, 3])
        sketch[:, 2] = 1  # each a stroke of its own, which stays
        report = inspection.inspect(["a"], {"train": [sketch]})
        assert report.simplification == (None, None, True, 1, 0.0, 0.0)
        assert "none proposed" in " ".join(inspection.lines(report))

    def test_at_most_2000_are_sampled_alike_for_a_seed(self):
        train = [walk(190 + i % 20, seed=i) for i in range(2100)]
        reports = [
            inspection.inspect(["a"], {"train": train}, seed=seed)
            for seed in (3, 3, 4)
        ]
        assert reports[0] == reports[1]
        assert reports[0].simplification.sampled == 2000
        shares = [r.simplification.share_before for r in reports]
        assert shares[0] != shares[2]


def simplified(sketch, epsilon):
    """Returns the points of a one-stroke sketch, simplified in a 255 box."""
    from sketch_rnn_tf.preparation import simplify

    (points,) = strokes.stroke3_to_polylines(sketch)
    points = simplify.aligned(points, np.array([0]))
    return simplify.rdp(points, epsilon=epsilon)


class TestDoubts:
    def test_leaks_are_counted_and_named(self, splits):
        valid = [*splits["valid"], splits["train"][7], splits["train"][9]]
        # Another dtype, and a zero with a sign, make no difference.
        same = splits["train"][7].astype(np.float32)
        same[same == 0] = -0.0
        test = [same, *splits["test"]]
        report = inspection.inspect(
            WORDS, {**splits, "valid": valid, "test": test}
        )
        assert report.shared == {
            "valid in train": (
                2,
                ("valid[4] = train[7]", "valid[5] = train[9]"),
            ),
            "test in train": (1, ("test[0] = train[7]",)),
            "test in valid": (1, ("test[0] = valid[4]",)),
        }
        shown = inspection.lines(report)
        assert "the same sketch: 2: valid in train" in shown
        assert "  valid[4] = train[7]" in shown

    def test_repeats_within_a_split_are_counted(self, splits):
        train = splits["train"] + splits["train"][:5] + splits["train"][:1]
        report = inspection.inspect(WORDS, {**splits, "train": train})
        assert report.splits["train"].repeated == 6
        assert report.splits["valid"].repeated == 0

    def test_the_pen_alone_makes_another_sketch(self, splits):
        other = splits["train"][0].copy()
        other[3, 2] = 1
        report = inspection.inspect(WORDS, {**splits, "valid": [other]})
        assert report.shared["valid in train"].count == 0

    @pytest.mark.parametrize(
        ("split", "sketch", "reason"),
        [
            ("train", [[60, 0, 1]], "a single point"),
            ("train", [[0, 0, 0], [0, 0, 1]], "a single point"),
            ("test", [[900, 0, 0]] * 2, "box more than 10 times"),
            ("valid", [[1, 0, 0], [1, 0, 1]], "box less than 1/10"),
            ("test", [[60, 0, 0], [-1001, 0, 0], [950, 0, 0]], "clamped"),
            ("valid", [[1, 1, 0]] * 30, "longer than N_max (29)"),
        ],
    )
    def test_a_suspicious_sketch_is_named(self, splits, split, sketch, reason):
        place = len(splits[split])
        changed = {**splits, split: [*splits[split], np.array(sketch)]}
        report = inspection.inspect(WORDS, changed)
        found = [
            named.names
            for kind, named in report.suspects.items()
            if reason in kind
        ]
        assert found == [(f"{split}[{place}]",)]

    def test_good_data_raise_none(self, splits):
        report = inspection.inspect(WORDS, splits)
        assert report.suspects == {}
        assert inspection.lines(report)[-1].endswith("at most 200 points")

    def test_many_are_counted_and_the_first_named(self, splits):
        dots = [np.array([[0, 0, 1]])] * 30
        report = inspection.inspect(WORDS, {**splits, "valid": dots})
        (named,) = report.suspects.values()
        assert named.count == 30 and len(named.names) == 20
        assert inspection.lines(report)[-1] == "  and 25 more"

    def test_what_reading_left_out_is_said(self, splits):
        tally = tally_lib.Tally(good=108)
        tally.skip("pets.npz: train: sketch 7", "expected points, got none")
        report = inspection.inspect(WORDS, splits, tally=tally)
        assert inspection.lines(report)[-2:] == tally.lines()
        read = inspection.as_json(report)["tally"]
        assert read["bad"] == {"expected points": 1}
        assert read["examples"] == tally.examples

    @pytest.mark.parametrize(
        ("change", "labels", "message"),
        [
            ({"train": []}, None, "train: expected sketches to inspect"),
            ({"test": [np.zeros([3, 2])]}, None, r"test\[0\]: expected .* 3\]"),
            ({}, {"test": np.zeros(3, int)}, "test: expected 4 labels"),
            ({}, {"test": np.full(4, 2)}, "test: expected labels from 0 to 1"),
        ],
    )
    def test_bad_input_is_an_error(self, splits, change, labels, message):
        with pytest.raises(ValueError, match=message):
            inspection.inspect(WORDS, {**splits, **change}, labels=labels)


class TestText:
    def test_columns_are_aligned_within_80(self, splits, labels):
        words = ["cat" * 40, "a\x1b[31m\nb"]
        rows = inspection.lines(
            inspection.inspect(words, splits, labels=labels)
        )
        assert max(map(len, rows)) <= 80
        assert not any(set("\x1b\n") & set(row) for row in rows)
        header = next(row for row in rows if "valid" in row)
        sketches = next(row for row in rows if row.startswith("sketches"))
        assert len(header) == len(sketches)
        assert sketches.split() == ["sketches", "100", "4", "4"]

    def test_bars_count_every_training_sketch(self, splits):
        rows = inspection.lines(inspection.inspect(WORDS, splits))
        bars = [row.split() for row in rows if row.strip()[:1].isdigit()]
        bars = [bar for bar in bars if "-" in bar[0]]
        assert sum(int(bar[1]) for bar in bars) == 100
        assert ["21-22", "20", "█" * 40] in bars

    def test_a_long_tail_goes_into_the_last_bar(self):
        train = [walk(40, seed=i) for i in range(199)] + [walk(5000)]
        rows = inspection.lines(inspection.inspect(["a"], {"train": train}))
        (last,) = [row for row in rows if "or more" in row]
        assert last.split() == ["76", "or", "more", "1", "▎"]

    def test_many_words_are_cut_short(self, splits):
        words = [f"word {i}" for i in range(60)]
        zeros = {name: [0] * len(rows) for name, rows in splits.items()}
        rows = inspection.lines(inspection.inspect(words, splits, labels=zeros))
        assert "  and 35 more words" in [row.rstrip() for row in rows]

    def test_json_holds_plain_values(self, splits, labels):
        report = inspection.inspect(WORDS, splits, labels=labels)
        values = inspection.as_json(report)
        read = json.loads(json.dumps(values, allow_nan=False))
        assert read == values
        assert read["splits"]["train"]["words"] == {"cat": 50, "pig": 50}
        assert read["limits"]["100"]["share"] == 1.0
        assert read["max_len"] == 29


class TestPictures:
    def test_both_limits_are_marked(self, splits):
        splits["train"].append(walk(33))
        shown = texts(
            inspection.histogram_svg(inspection.inspect(WORDS, splits))
        )
        assert "N_max 33" in shown
        assert "proposed max_len 30" in shown
        assert {"train (101)", "valid (4)", "test (4)"} <= set(shown)

    def test_one_mark_says_both_where_they_are_the_same(self, splits):
        splits["train"] = [walk(30, seed=i) for i in range(9)]
        report = inspection.inspect(WORDS, splits)
        marks = [
            t for t in texts(inspection.histogram_svg(report)) if "30" in t
        ]
        assert "N_max, proposed max_len 30" in marks

    def test_bars_stay_within_and_are_as_high_as_shares(self, splits):
        picture = inspection.histogram_svg(inspection.inspect(WORDS, splits))
        root = ET.fromstring(drawing.to_svg(picture))
        bars = [
            {k: float(r.get(k)) for k in ("x", "y", "width", "height")}
            for r in root.iter(f"{SVG}rect")
            if r.get("fill") == "#27296d"
        ][1:]  # the first is the legend's
        # Each of the ten lengths has a tenth of the training sketches.
        assert len(bars) == 10
        heights = {bar["height"] for bar in bars}
        assert len(heights) == 1
        floors = {round(bar["y"] + bar["height"], 1) for bar in bars}
        assert len(floors) == 1

    @pytest.mark.parametrize("length", [1, 2, 5000])
    def test_any_lengths_can_be_drawn(self, length):
        sketches = [walk(length), walk(length, seed=1)]
        report = inspection.inspect(["<a> & b"], {"train": sketches})
        assert drawing.to_png(inspection.histogram_svg(report))[1:4] == b"PNG"
        assert inspection.lines(report)

    def test_a_sheet_has_as_many_of_each_word(self, splits):
        # Nine in ten show the first of three words.
        labels = np.where(np.arange(100) % 10, 0, 1 + np.arange(100) // 10 % 2)
        words = ["cat", "pig", "owl"]
        picture = inspection.sheet(
            words, splits["train"], labels=labels, count=12, title="Pets"
        )
        assert (
            texts(picture) == ["Pets"] + ["cat"] * 4 + ["pig"] * 4 + ["owl"] * 4
        )
        picture = inspection.sheet(
            words, splits["train"], labels=labels, count=30
        )
        shown = texts(picture)
        assert [shown.count(word) for word in words] == [20, 5, 5]

    def test_the_seed_chooses(self, splits):
        drawn = [
            drawing.to_svg(
                inspection.sheet(["a"], splits["train"], count=9, seed=seed)
            )
            for seed in (0, 0, 1)
        ]
        assert drawn[0] == drawn[1] != drawn[2]

    def test_unknown_words_are_not_written(self, splits):
        assert texts(inspection.sheet(WORDS, splits["test"])) == []
        assert texts(inspection.sheet(["a"], splits["test"])) == ["a"] * 4

    def test_bad_arguments_are_errors(self, splits):
        with pytest.raises(ValueError, match="count: expected a positive"):
            inspection.sheet(WORDS, splits["test"], count=0)
        with pytest.raises(ValueError, match="labels: expected 4, got 1"):
            inspection.sheet(WORDS, splits["test"], labels=np.zeros(1, int))
        with pytest.raises(ValueError, match="sketches: expected at least"):
            inspection.sheet(WORDS, [])


def test_inspection_does_without_tensorflow():
    script = (
        "import sys, sketch_rnn_tf.inspection;"
        "print([m for m in sys.modules if m.startswith('tensorflow')])"
    )
    result = subprocess.run(
        [sys.executable, "-c", script],
        cwd=pathlib.Path(__file__).resolve().parents[1],
        capture_output=True,
        text=True,
        check=True,
    )
    assert result.stdout.strip() == "[]"


class TestCommand:
    @pytest.fixture
    def run(self, splits, tmp_path):
        from sketch_rnn_tf.command_line import inspecting

        path = tmp_path / "cat.npz"
        sketchrnn_npz.write(path, splits)

        def run(**changes):
            arguments = {
                "data": str(path), "data_dir": None, "split": "train",
                "out": None, "json": False, "seed": 0, "count": 6,
            }  # fmt: skip
            inspecting.inspect(argparse.Namespace(**arguments | changes))

        return run

    def test_prints_the_lines(self, run, splits, capsys):
        run()
        report = inspection.inspect(["cat"], splits)
        printed = capsys.readouterr().out.splitlines()
        assert printed == inspection.lines(report)

    def test_writes_the_report_and_pictures(self, run, tmp_path, capsys):
        out = tmp_path / "new" / "report"
        run(out=str(out), split="test")
        names = ["lengths.png", "lengths.svg", "report.json"]
        names += ["sheet.png", "sheet.svg"]
        assert sorted(p.name for p in out.iterdir()) == names
        assert json.loads((out / "report.json").read_text())["max_len"] == 29
        assert "4 of 4 sketches of test" in (out / "sheet.svg").read_text()
        last = capsys.readouterr().out.splitlines()[-1]
        assert last.startswith("wrote ") and str(out / "sheet.png") in last

    def test_json_is_all_there_is_on_standard_output(
        self, run, tmp_path, capsys
    ):
        run(json=True, out=str(tmp_path / "report"))
        printed = capsys.readouterr()
        written = (tmp_path / "report" / "report.json").read_text()
        assert printed.out == written
        assert printed.err.startswith("wrote ")

    def test_a_terminal_without_blocks_shows_something(
        self, run, monkeypatch, capsys
    ):
        monkeypatch.setattr(
            type(sys.stdout), "encoding", "ascii", raising=False
        )
        run()
        assert "????" in capsys.readouterr().out
