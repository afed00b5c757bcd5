import gzip
import json

import numpy as np
import pytest

from sketch_rnn_tf.files import ndjson, tally as tally_lib

GOOD = {
    "word": "cat",
    "key_id": "123",
    "countrycode": "FR",
    "recognized": True,
    "timestamp": "2017-03-01 20:34:55.2441 UTC",
    "drawing": [[[0, 10], [5, 5]], [[3], [4]]],
}


def write(path, *lines):
    path.write_bytes(
        b"\n".join(
            line if type(line) is bytes else json.dumps(line).encode()
            for line in lines
        )
    )
    return path


def test_a_line_is_a_drawing(tmp_path):
    (drawing,) = ndjson.read(write(tmp_path / "a.ndjson", GOOD))
    assert drawing.facts == (
        "cat", "123", "FR", True, "2017-03-01 20:34:55.2441 UTC",
    )  # fmt: skip
    assert [p.tolist() for p in drawing.polylines] == [
        [[0, 5], [10, 5]],
        [[3, 4], [3, 4]],
    ]


def test_times_of_raw_files_are_left_out(tmp_path):
    line = {"drawing": [[[1.5, 2], [3, 4], [0, 17]]]}
    (drawing,) = ndjson.read(write(tmp_path / "a.ndjson", line))
    assert drawing.polylines[0].tolist() == [[1.5, 3], [2, 4]]
    assert drawing.facts == ndjson.Facts()


@pytest.mark.parametrize(
    ("line", "message"),
    [
        (b'{"drawing": [[[1', "expected JSON, got unexpected end of data"),
        (b'{"drawing": [[[NaN, 1], [2, 3]]]}', "expected JSON"),
        (b"[1]", "expected a JSON object, got a list"),
        (b"\xff\xfe\x00", "expected JSON"),
        (b"[" * 100_000, "expected JSON"),
        ({"drawing": []}, "expected strokes, got an empty list"),
        ({}, "expected strokes, got nothing"),
        ({"drawing": [[[1, 2]]]}, "something else in stroke 0"),
        ({"drawing": [[[1, 2], [3]]]}, "got 2 and 1 in stroke 0"),
        ({"drawing": [[[], []]]}, "got 0 and 0 in stroke 0"),
        ({"drawing": [[[1], [1]]]}, "nothing but dots"),
        ({"drawing": [[[1, 1], [2, 2]]]}, "nothing but dots"),
        ({"drawing": [[["1", 2], [3, 4]]]}, "expected numbers, got str"),
        ({"drawing": [[[None, 2], [3, 4]]]}, "expected numbers, got NoneT"),
        ({"drawing": [[[1, 1e9], [3, 4]]]}, "within 16,000 pixels, got 1 to"),
        ({**GOOD, "word": ["cat"]}, "word: expected text, got a list"),
        ({**GOOD, "recognized": "yes"}, "expected true or false, got text"),
    ],
)
def test_a_bad_line_is_skipped_and_counted(tmp_path, line, message):
    path = write(tmp_path / "a.ndjson", GOOD, b" ", line, GOOD)
    tally = tally_lib.Tally()
    assert len(list(ndjson.read(path, tally=tally))) == 2
    assert tally.good == 2
    assert tally.bad.total() == 1
    assert tally.examples[0].startswith(f"{path}:3: ")
    assert message in tally.examples[0]
    with pytest.raises(ValueError, match=r"a\.ndjson:3: .*1 of 3 records"):
        list(ndjson.read(path))


def test_a_line_of_any_length_takes_little_memory(tmp_path, monkeypatch):
    monkeypatch.setattr(ndjson, "MAX_LINE", 2000)
    path = write(tmp_path / "a.ndjson", GOOD, b"x" * 10_001, GOOD)
    tally = tally_lib.Tally()
    assert len(list(ndjson.read(path, tally=tally))) == 2
    assert f"{path}:2: expected a line of at most" in tally.examples[0]


def test_gzip_is_read(tmp_path):
    path = tmp_path / "a.ndjson.gz"
    path.write_bytes(gzip.compress(json.dumps(GOOD).encode()))
    assert len(list(ndjson.read(path))) == 1


def test_a_gzip_file_cut_short_gives_what_it_has(tmp_path):
    rng = np.random.default_rng(0)
    lines = [
        {"drawing": [rng.integers(0, 255, (2, 40)).tolist()]} for _ in range(90)
    ]
    data = gzip.compress("\n".join(map(json.dumps, lines)).encode())
    path = tmp_path / "a.ndjson.gz"
    path.write_bytes(data[: len(data) // 2])
    tally = tally_lib.Tally()
    assert 30 < len(list(ndjson.read(path, tally=tally))) < 60
    assert tally.bad == {"expected more of the gzip file": 1}


class TestTally:
    def test_too_many_bad_ones_are_refused(self):
        tally = tally_lib.Tally(good=9)
        tally.skip("a:1", "expected JSON, got text")
        tally.check()
        tally.skip("a:3", "expected JSON, got text")
        with pytest.raises(
            ValueError,
            match=r"^a:1: expected JSON, got text \(2 of 11 records are bad, "
            r"and at most 10% may be\)$",
        ):
            tally.check()

    def test_counts_are_added(self):
        one, two = tally_lib.Tally(good=1), tally_lib.Tally(good=2)
        two.skip("b:7", "expected x, got y")
        two.dropped["longer than 200 points"] += 3
        one.add(two)
        assert one.lines() == [
            "left out: 3 longer than 200 points",
            "bad: 1: expected x",
            "  b:7: expected x, got y",
        ]
        assert one.good == 3
