"""From files of all kinds to sketches, and back."""

import json
import pathlib

import numpy as np
import pytest

from sketch_rnn_tf import cli, conversion, doodles, drawing, strokes
from sketch_rnn_tf.files import (
    ndjson,
    polylines_json,
    sketchrnn_npz,
    tally as tally_lib,
)

DATA = pathlib.Path(__file__).parent / "data"
SQUARE = [[0, 0], [8, 0], [8, 8], [0, 8], [0, 0]]
SKETCH = np.array([[3, 4, 0], [1, 0, 1], [2, 2, 0], [5, 0, 1]], np.int16)


def write(path, value):
    path.parent.mkdir(parents=True, exist_ok=True)
    if type(value) is not str:
        value = json.dumps(value)
    path.write_text(value)
    return path


def lines(*polylines):
    return [strokes.polylines_to_stroke3(polylines)]


def run(capfd, *arguments):
    status = cli.main(list(map(str, arguments)))
    return status, capfd.readouterr()


class TestPolylinesJSON:
    @pytest.mark.parametrize(
        ("value", "count"),
        [
            ([SQUARE], 1),
            ([[SQUARE], [SQUARE, [[1, 1], [2, 2]]]], 2),
            (SKETCH.tolist(), 1),
            ([SKETCH.tolist()] * 3, 3),
            ([{"stroke3": SKETCH.tolist(), "seed": 4}] * 2, 2),
            ({"polylines": [SQUARE]}, 1),
        ],
    )
    def test_depth_tells_what_it_is(self, tmp_path, value, count):
        tally = tally_lib.Tally()
        found = polylines_json.read(
            write(tmp_path / "a.json", value), tally=tally
        )
        assert len(found) == count
        assert (tally.good, tally.bad.total()) == (count, 0)

    def test_stroke3_comes_back(self, tmp_path):
        path = write(tmp_path / "a.json", SKETCH.tolist())
        (found,) = polylines_json.read(path, tally=tally_lib.Tally())
        assert np.array_equal(strokes.polylines_to_stroke3(found), SKETCH)

    @pytest.mark.parametrize(
        ("item", "message"),
        [
            ([], "expected polylines of"),
            ([[[1, 2], [3]]], "expected points"),
            ([[[1, "2"], [3, 4]]], "expected points"),
            ([[[1, 2], [1, 2]]], "nothing but dots"),
            ([[[1, 2], [1e9, 2]]], "within 16,000"),
            ([[]], "expected polylines of"),
            ("text", "expected polylines of"),
            ([[1, 2, 0], [3, 4, 7]], "pen_lifted 0 or 1"),
        ],
    )
    def test_bad_drawings_are_skipped(self, tmp_path, item, message):
        path = write(tmp_path / "a.json", [[SQUARE], item])
        tally = tally_lib.Tally()
        assert len(polylines_json.read(path, tally=tally)) == 1
        assert message in tally.examples[0]
        assert tally.examples[0].startswith(f"{path}: [1]: ")

    def test_what_is_no_json_is_refused(self, tmp_path):
        path = write(tmp_path / "a.json", "[[[1, 2")
        with pytest.raises(ValueError, match=r"a\.json: expected JSON"):
            polylines_json.read(path, tally=tally_lib.Tally())


class TestRead:
    def test_npz_stays_what_it_is(self, tmp_path):
        splits = {"train": [SKETCH] * 3, "valid": [SKETCH], "test": [SKETCH]}
        sketchrnn_npz.write(tmp_path / "cat.npz", splits)
        found = conversion.read([tmp_path / "cat.npz"])
        assert {name: len(s) for name, s in found.splits.items()} == {
            "train": 3, "valid": 1, "test": 1,
        }  # fmt: skip
        assert np.array_equal(found.splits["train"][0], SKETCH)
        assert found.splits["train"][0].dtype == np.int16

    def test_pictures_are_labelled_by_their_folder(self, tmp_path):
        for word in ("cat", "pig"):
            for index in range(4):
                polyline = f"0,0 {9 + index},0 9,9"
                write(
                    tmp_path / "all" / word / f"{index}.svg",
                    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 20 '
                    f'20"><polyline points="{polyline}" stroke="black" '
                    'fill="none"/></svg>',
                )
        write(tmp_path / "all" / "notes.txt", "no drawing")
        found = conversion.read([tmp_path / "all"])
        assert found.words == ("cat", "pig")
        assert len(found.splits["train"]) == 4
        assert found.labels["train"].tolist() == [0, 0, 1, 1]
        for sketch in found.splits["train"]:
            box = strokes.bounds(sketch)
            assert max(box[2] - box[0], box[3] - box[1]) == 255

    def test_splits_do_not_depend_on_what_else_is_read(self, tmp_path):
        for word in ("cat", "pig"):
            records = [{"drawing": [[[0, k], [3, 9]]]} for k in range(60)]
            write(
                tmp_path / f"{word}.ndjson",
                "\n".join(map(json.dumps, records)),
            )
        alone = conversion.read([tmp_path / "pig.ndjson"])
        both = conversion.read([tmp_path])
        for name in ("train", "valid", "test"):
            of_pig = [
                sketch.tolist()
                for sketch, label in zip(
                    both.splits[name], both.labels[name], strict=True
                )
                if label == 1
            ]
            assert of_pig == [s.tolist() for s in alone.splits[name]]

    def test_two_drawings_are_in_all_splits(self, tmp_path):
        found = conversion.read([write(tmp_path / "a.json", [SQUARE])])
        assert found.same
        assert all(len(sketches) == 1 for sketches in found.splits.values())

    def test_a_box_and_an_epsilon_hold_for_npz_too(self, tmp_path):
        wave = np.array([[10, 1, 0], [10, -1, 0], [10, 0, 1]])
        sketchrnn_npz.write(tmp_path / "a.npz", {"train": [wave] * 3})
        options = conversion.Options(box=60.0, epsilon=3.0)
        found = conversion.read([tmp_path / "a.npz"], options)
        assert found.splits["train"][0].tolist() == [[60, 0, 1]]

    def test_a_bad_file_is_a_bad_record(self, tmp_path):
        write(tmp_path / "in" / "a.json", [[SQUARE]] * 20)
        write(tmp_path / "in" / "b.svg", "no svg")
        found = conversion.read([tmp_path / "in"])
        assert (found.tally.good, found.tally.bad.total()) == (20, 1)
        assert found.tally.examples[0].startswith(f"{tmp_path}/in/b.svg: exp")


class TestCommand:
    def test_an_editors_file_comes_back_with_the_same_lines(
        self, tmp_path, capfd
    ):
        source = DATA / "inkscape_native.svg"
        status, _ = run(
            capfd, "convert", source, "--out", tmp_path / "ink.npz",
            "--epsilon", 0,
        )  # fmt: skip
        assert status == 0
        status, _ = run(
            capfd, "convert", tmp_path / "ink.npz", "--out", tmp_path / "back",
            "--each", "svg",
        )  # fmt: skip
        assert status == 0
        (picture,) = (tmp_path / "back").iterdir()
        one = conversion.read([source], conversion.Options(epsilon=0.0))
        other = conversion.read([picture], conversion.Options(epsilon=0.0))
        one, other = one.splits["train"][0], other.splits["train"][0]
        assert one.shape == other.shape
        assert np.abs(np.cumsum(one - other, axis=0)[:, :2]).max() < 0.2

    def test_labels_are_kept_in_a_folder(self, tmp_path, capfd):
        for word in ("cat", "pig"):
            write(tmp_path / f"{word}.json", [[SQUARE]] * 5)
        status, captured = run(
            capfd, "convert", tmp_path, "--out", tmp_path / "out"
        )
        assert status == 0
        assert sorted(p.name for p in (tmp_path / "out").iterdir()) == [
            "cat.npz", "pig.npz",
        ]  # fmt: skip
        assert "train: 6 sketches (3 cat, 3 pig)" in captured.out
        assert "--set max_len=" in captured.out

    def test_one_file_for_many_labels_says_so(self, tmp_path, capfd):
        for word in ("cat", "pig"):
            write(tmp_path / f"{word}.json", [[SQUARE]] * 5)
        status, captured = run(
            capfd, "convert", tmp_path, "--out", tmp_path / "all.npz"
        )
        assert status == 0
        assert "write a folder to keep them" in captured.err

    def test_there_and_back_through_every_format(self, tmp_path, capfd):
        sketches = [
            doodles.draw("cat", seed=seed).stroke3 for seed in range(12)
        ]
        sketchrnn_npz.write(tmp_path / "cat.npz", {"train": sketches})
        path = tmp_path / "cat.npz"
        for name in ("a.ndjson", "b.json"):
            status, _ = run(
                capfd, "convert", path, "--out", tmp_path / name, "--box", 0,
            )  # fmt: skip
            assert status == 0
            path = tmp_path / name
        found = conversion.read([path], conversion.Options(box=0.0))
        back = sum(found.splits.values(), [])
        assert {s.tobytes() for s in back} == {s.tobytes() for s in sketches}

    def test_too_many_bad_records_leave_nothing(self, tmp_path, capfd):
        path = write(tmp_path / "a.json", [[SQUARE], []])
        status, captured = run(
            capfd, "convert", path, "--out", tmp_path / "a.npz"
        )
        assert status == 2
        assert "1 of 2 records are bad" in captured.err.splitlines()[-1]
        assert not (tmp_path / "a.npz").exists()
        status, captured = run(
            capfd, "convert", path, "--out", tmp_path / "a.npz",
            "--max-bad", 0.5,
        )  # fmt: skip
        assert status == 0
        assert "expected polylines of" in captured.err

    def test_a_sheet_shows_all_labels(self, tmp_path, capfd):
        for word in ("cat", "pig"):
            write(tmp_path / "in" / f"{word}.json", [[SQUARE]] * 5)
        out = tmp_path / "sheet.svg"
        status, _ = run(
            capfd, "convert", tmp_path / "in", "--out", out, "--count", 4
        )
        assert status == 0
        text = out.read_text()
        assert "cat" in text
        assert "pig" in text

    def test_tfds_records_may_be_made(self, tmp_path, capfd):
        path = write(tmp_path / "a.json", [[SQUARE]] * 5)
        status, captured = run(
            capfd, "convert", path, "--out", tmp_path / "out", "--tfds",
            "--data-dir", tmp_path / "records",
        )  # fmt: skip
        assert status == 0
        assert (tmp_path / "records" / "quickdraw_strokes").is_dir()
        assert "quickdraw_strokes/a-" in captured.out

    @pytest.mark.parametrize(
        ("arguments", "message"),
        [
            (["none.svg", "--out", "a.npz"], "none.svg: no such file"),
            (["{}", "--out", "a.bmp"], "a.bmp: expected a name that ends in"),
            (["notes.txt", "--out", "a.npz"], "notes.txt: expected a file of"),
        ],
    )
    def test_refuses(self, tmp_path, capfd, monkeypatch, arguments, message):
        monkeypatch.chdir(tmp_path)
        write(tmp_path / "notes.txt", "text")
        path = write(tmp_path / "a.json", [[SQUARE]])
        status, captured = run(
            capfd, "convert", *(a.format(path) for a in arguments)
        )
        assert status == 2
        assert message in captured.err
        assert len(captured.err.splitlines()) == 1


def test_ndjson_of_ours_is_ndjson(tmp_path, capfd):
    path = write(tmp_path / "a.json", [[SQUARE]] * 6)
    run(capfd, "convert", path, "--out", tmp_path / "a.ndjson")
    found = list(ndjson.read(tmp_path / "a.ndjson"))
    assert [d.facts.word for d in found] == ["a"] * 6


def test_a_drawing_of_ours_comes_back_from_svg(tmp_path):
    sketch = doodles.draw("pig", seed=3).stroke3
    drawing.write(tmp_path / "pig.svg", drawing.draw_sketch(sketch))
    found = conversion.read(
        [tmp_path / "pig.svg"], conversion.Options(epsilon=0.0)
    )
    box = strokes.bounds(sketch)
    scale = 255 / max(box[2] - box[0], box[3] - box[1])
    back = found.splits["train"][0]
    assert back.shape == sketch.shape
    assert np.abs(back[1:] - (sketch * [scale, scale, 1])[1:]).max() < 0.5


def test_what_a_killed_process_left_is_no_data(tmp_path):
    line = json.dumps({"word": "cat", "drawing": [[[0, 9], [0, 9]]]})
    for name in ("cat.ndjson", ".partial-pig.ndjson.1/pig.ndjson"):
        file = tmp_path / name
        file.parent.mkdir(exist_ok=True)
        file.write_text(line + "\n")
    found = conversion.find([tmp_path])
    assert [file.name for file in found] == ["cat.ndjson"]
    # Where somebody's own folder is called so, all in it count.
    (found,) = conversion.find([tmp_path / ".partial-pig.ndjson.1"])
    assert found.name == "pig.ndjson"
