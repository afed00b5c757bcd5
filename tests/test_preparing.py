"""Preparing records from ndjson and npz files, near and far."""

import hashlib
import http.server
import json
import os
import pathlib
import resource
import shutil
import subprocess
import sys
import threading
import urllib.parse

import numpy as np
import pytest
import reference_files
import tensorflow_datasets as tfds

import tfds_quickdraw
from sketch_rnn_tf import partials, strokes, workers
from sketch_rnn_tf.files import ndjson, sketchrnn_npz, tally as tally_lib
from tfds_quickdraw import generation

QUICKDRAW = reference_files.SHARED / "data" / "quickdraw"
SKETCH = np.array([[3, 4, 0], [1, 0, 1]], np.int16)


def drawn(key, *, size=8, step=20, **facts):
    rng = np.random.default_rng(key)
    points = np.cumsum(rng.integers(3, step, (2, size)), axis=1)
    points[1, ::2] = 0
    return json.dumps(
        {"key_id": str(key), **facts, "drawing": [points.tolist()]}
    )


def write(path, lines):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(f"{line}\n" for line in lines))
    return path


def prepare(tmp_path, words=None, **options):
    how = {
        name: options.pop(name)
        for name in ("max_bad", "processes", "sums", "beam_options")
        if name in options
    }
    config = tfds_quickdraw.config_for(words, **options)
    return tfds_quickdraw.prepare(config, tmp_path / "records", **how)


def sizes(builder):
    return {name: s.num_examples for name, s in builder.info.splits.items()}


class Mirror(http.server.SimpleHTTPRequestHandler):
    def translate_path(self, path):
        path = urllib.parse.unquote(path).removeprefix("/")
        return str(pathlib.Path(self.server.folder, path))

    def log_message(self, *_):
        pass


@pytest.fixture
def mirror(tmp_path):
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Mirror) as server:
        server.folder = tmp_path / "mirror"
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def test_facts_are_kept(tmp_path):
    lines = [
        drawn(key, word="cat", countrycode="FR", recognized=key % 2 == 0,
              timestamp=f"2017-03-0{key % 9 + 1}")
        for key in range(30)
    ]  # fmt: skip
    builder = prepare(tmp_path, files=write(tmp_path / "cat.ndjson", lines))
    assert sizes(builder) == {"train": 28, "validation": 1, "test": 1}
    for record in tfds.as_numpy(builder.as_dataset(split="train")):
        key = int(record["key_id"])
        assert record["countrycode"] == b"FR"
        assert record["recognized"] == (key % 2 == 0)
        assert record["timestamp"].decode().endswith(f"0{key % 9 + 1}")
        assert record["label"] == 0
        x, y = json.loads(lines[key])["drawing"][0]
        wanted = strokes.polylines_to_stroke3([np.array([x, y]).T])
        assert np.array_equal(
            record["strokes"], strokes.stroke3_to_stroke5(wanted)
        )


def test_raw_drawings_are_simplified_as_in_the_paper(tmp_path):
    path = write(tmp_path / "raw" / "cat.ndjson", map(drawn, range(9)))
    paper = prepare(tmp_path, "cat", source="raw", location=tmp_path)
    google = prepare(
        tmp_path, "cat", source="raw", location=tmp_path, recipe="google"
    )
    assert paper.builder_config.name.startswith("cat-raw-")
    assert google.builder_config.name.startswith("cat-raw-google-")
    assert paper.builder_config.recipe.max_points == 200
    record = next(iter(tfds.as_numpy(google.as_dataset(split="train"))))
    box = strokes.bounds(strokes.stroke5_to_stroke3(record["strokes"]))
    assert max(box[2] - box[0], box[3] - box[1]) == 255
    assert path.exists()


def test_labels_and_counts_are_right_for_every_word(tmp_path):
    folder = tmp_path / "mine" / "full" / "simplified"
    for count, word in enumerate(("The Eiffel Tower", "cat", "sea turtle")):
        keys = range(1000 * count, 1000 * count + 10 + count)
        write(folder / f"{word}.ndjson", map(drawn, keys))
    builder = prepare(
        tmp_path, ["sea turtle", "the_eiffel_tower", "cat"],
        source="simplified", location=tmp_path / "mine", processes=2,
    )  # fmt: skip
    names = builder.info.features["label"].names
    assert names == ["sea turtle", "The Eiffel Tower", "cat"]
    counts = dict.fromkeys(names, 0)
    for split in ("train", "validation", "test"):
        for record in tfds.as_numpy(builder.as_dataset(split=split)):
            word = names[record["label"]]
            counts[word] += 1
            place = ["The Eiffel Tower", "cat", "sea turtle"].index(word)
            assert int(record["key_id"]) // 1000 == place
    assert counts == {"The Eiffel Tower": 10, "cat": 11, "sea turtle": 12}


def test_gzip_is_read(tmp_path):
    import gzip

    path = write(tmp_path / "cat.ndjson", map(drawn, range(9)))
    packed = tmp_path / "packed" / "cat.ndjson.gz"
    packed.parent.mkdir()
    packed.write_bytes(gzip.compress(path.read_bytes()))
    assert sizes(prepare(tmp_path, files=packed)) == {
        "train": 7, "validation": 1, "test": 1,
    }  # fmt: skip


def test_selections_have_names_of_their_own(tmp_path):
    path = write(
        tmp_path / "cat.ndjson",
        [drawn(key, recognized=key < 40) for key in range(60)],
    )
    every = prepare(tmp_path, files=path)
    some = prepare(tmp_path, files=path, max_drawings=30)
    known = prepare(tmp_path, files=path, only_recognized=True)
    assert [b.info.splits.total_num_examples for b in (every, some, known)] == [
        60, 30, 40,
    ]  # fmt: skip
    assert some.builder_config.name.startswith("cat-simplified-30_drawings-")
    assert known.builder_config.name.startswith("cat-simplified-recognized-")


def test_fewer_npz_sketches_are_divided_as_all(tmp_path):
    path = tmp_path / "cat.npz"
    many = {
        "train": [SKETCH] * 280,
        "valid": [SKETCH] * 10,
        "test": [SKETCH] * 10,
    }
    sketchrnn_npz.write(path, many)
    builder = prepare(tmp_path, files=path, max_drawings=60)
    assert sizes(builder) == {"train": 56, "validation": 2, "test": 2}


class TestBadRecords:
    def test_they_are_skipped_and_counted(self, tmp_path):
        lines = [*map(drawn, range(60)), "{", '{"drawing": []}']
        path = write(tmp_path / "cat.ndjson", lines)
        builder = prepare(tmp_path, files=path)
        assert builder.info.splits.total_num_examples == 60
        assert builder.tally.bad.total() == 2
        assert any(f"{path}:61: " in text for text in builder.tally.examples)

    def test_too_many_leave_nothing_behind(self, tmp_path):
        lines = [*map(drawn, range(20)), *["{"] * 5]
        path = write(tmp_path / "cat.ndjson", lines)
        with pytest.raises(ValueError, match="of 25 records are bad") as caught:
            prepare(tmp_path, files=path)
        assert "\n" not in str(caught.value)
        left = tmp_path / "records" / "quickdraw_strokes"
        assert not [p for p in left.glob("cat*")]
        builder = prepare(tmp_path, files=path, max_bad=0.3)
        assert builder.info.splits.total_num_examples == 20

    def test_a_file_of_nothing_good_is_refused(self, tmp_path):
        path = write(tmp_path / "cat.ndjson", ["{" * n for n in range(1, 10)])
        with pytest.raises(ValueError, match=r"cat\.ndjson:\d: expected JSON"):
            prepare(tmp_path, files=path, max_bad=1.0)

    def test_npz_sketches_too(self, tmp_path):
        array = np.empty(30, object)
        array[:] = [SKETCH] * 30
        array[7] = np.array([[1, 2, 9]])
        np.savez(tmp_path / "cat.npz", train=array)
        builder = prepare(tmp_path, files=tmp_path / "cat.npz")
        assert sizes(builder) == {"train": 29}
        assert builder.tally.bad.total() == 1


class TestMirror:
    def test_words_come_from_it(self, tmp_path, mirror):
        folder = mirror.folder / "sketchrnn"
        folder.mkdir(parents=True)
        for word in ("The Mona Lisa", "cat"):
            sketchrnn_npz.write(
                folder / f"{word}.npz", {"train": [SKETCH] * len(word)}
            )
        url = f"http://127.0.0.1:{mirror.server_port}/"
        builder = prepare(tmp_path, "cat+the_mona_lisa", location=url)
        assert sizes(builder) == {"train": 16}
        # The name is that of the bucket's data, for `tfds.load`.
        loaded = tfds.load(
            "quickdraw_strokes/cat+the_mona_lisa",
            data_dir=tmp_path / "records",
            download=False,
        )
        labels = [int(r["label"]) for r in tfds.as_numpy(loaded["train"])]
        assert sorted(labels) == [0] * 3 + [1] * 13

    def test_another_one_is_not_taken_for_it(self, tmp_path, mirror):
        folder = mirror.folder / "sketchrnn"
        folder.mkdir(parents=True)
        sketchrnn_npz.write(folder / "cat.npz", {"train": [SKETCH]})
        url = f"http://127.0.0.1:{mirror.server_port}"
        prepare(tmp_path, "cat", location=url)
        prepare(tmp_path, "cat", location=f"{url}/")
        with pytest.raises(ValueError, match="expected records from http://o"):
            prepare(tmp_path, "cat", location="http://other.example")

    def test_sums_of_ones_own_are_checked(self, tmp_path, mirror):
        folder = mirror.folder / "sketchrnn"
        folder.mkdir(parents=True)
        sketchrnn_npz.write(folder / "cat.npz", {"train": [SKETCH]})
        data = (folder / "cat.npz").read_bytes()
        sums = tmp_path / "sums"
        url = f"http://127.0.0.1:{mirror.server_port}"
        sums.write_text(f"{'0' * 64}  sketchrnn/cat.npz\n")
        with pytest.raises(ValueError, match=r"cat\.npz: expected .*SHA-256"):
            prepare(tmp_path, "cat", location=url, sums=sums)
        sums.write_text(f"{hashlib.sha256(data).hexdigest()}  cat.npz\n")
        builder = prepare(tmp_path, "cat", location=url, sums=sums)
        assert sizes(builder) == {"train": 1}

    def test_a_missing_word_leaves_nothing(self, tmp_path, mirror):
        mirror.folder.mkdir()
        url = f"http://127.0.0.1:{mirror.server_port}"
        with pytest.raises(ValueError, match="sketchrnn/cat.npz: .*404"):
            prepare(tmp_path, "cat", location=url)
        assert not list((tmp_path / "records").glob("quickdraw_strokes/*/1*"))


class TestWorkers:
    def test_results_are_in_order(self):
        tasks = [(10**6 if index % 7 == 0 else 1,) for index in range(30)]
        found = list(workers.in_order(len, [(range(n),) for (n,) in tasks]))
        assert found == [n for (n,) in tasks]

    def test_errors_come_out(self):
        with pytest.raises(TypeError):
            list(workers.in_order(len, [([],)] * 20 + [(3,)], processes=2))


@pytest.mark.skipif(not QUICKDRAW.is_dir(), reason="no ../shared/data here")
def test_real_words_are_read_whole(tmp_path):
    for source in ("raw", "simplified"):
        file = QUICKDRAW / source / "The Eiffel Tower.ndjson"
        builder = prepare(
            tmp_path, "the eiffel tower", source=source, location=QUICKDRAW,
            recipe="none",
        )  # fmt: skip
        count = len(list(ndjson.read(file)))
        assert builder.info.splits.total_num_examples == count


def test_beam_needs_to_be_there(tmp_path, monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "apache_beam", None)
    path = write(tmp_path / "cat.ndjson", map(drawn, range(9)))
    with pytest.raises(ValueError, match="expected Apache Beam: pip install"):
        prepare(tmp_path, files=path, beam_options=[])


def test_beam_gives_the_same_records(tmp_path):
    pytest.importorskip("apache_beam")
    for start, word in enumerate(("cat", "pig", "bus")):
        keys = range(100 * start, 100 * start + 40)
        write(tmp_path / "mine" / f"{word}.ndjson", map(drawn, keys))
    found = []
    for options in (None, ["--runner=DirectRunner"]):
        folder = tmp_path / ("local" if options is None else "beam")
        builder = prepare(
            folder, ["cat", "pig", "bus"], source="raw",
            location=tmp_path / "mine", beam_options=options,
        )  # fmt: skip
        found.append(raw_records(builder))
    assert found[0] == found[1]


def raw_records(builder):
    import tensorflow as tf

    return {
        split: sorted(
            record
            for part in info.filepaths
            for record in tf.data.TFRecordDataset(str(part)).as_numpy_iterator()
        )
        for split, info in builder.info.splits.items()
    }


def test_files_are_the_same_in_every_process(tmp_path):
    path = write(tmp_path / "cat.ndjson", map(drawn, range(40)))
    found = []
    for seed in ("1", "2"):
        script = (
            "import sys, tfds_quickdraw as q\n"
            "q.prepare(q.config_for(files=sys.argv[1]), sys.argv[2])"
        )
        folder = tmp_path / seed
        subprocess.run(
            [sys.executable, "-c", script, path, folder],
            check=True,
            env={**os.environ, "PYTHONHASHSEED": seed},
        )
        files = sorted(folder.rglob("*.tfrecord*"))
        found.append([file.read_bytes() for file in files])
    assert found[0] == found[1]
    assert len(found[0]) == 3


def test_tasks_can_be_sent_to_other_processes(tmp_path):
    import pickle

    path = write(tmp_path / "cat.ndjson", map(drawn, range(9)))
    config = tfds_quickdraw.config_for(files=path)
    tasks = generation.plan(
        {"cat": path}, recipe=config.recipe, max_drawings=None,
        only_recognized=False, dtype="int16",
    )  # fmt: skip
    task = pickle.loads(pickle.dumps(tasks["train"][0]))
    records, tally = generation.examples(task)
    assert len(records) == 7
    assert tally == tally_lib.Tally(good=7)


class TestInterrupted:
    def test_a_full_disk_is_told_in_one_line(self, tmp_path):
        path = write(tmp_path / "cat.ndjson", map(drawn, range(9)))
        limits = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (200, limits[1]))
        try:
            with pytest.raises(ValueError, match="File too large") as caught:
                prepare(tmp_path, files=path)
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, limits)
        assert "\n" not in str(caught.value)
        assert not list(tmp_path.rglob("*.tfrecord*"))
        # TFDS names its default configuration first, in a small file.
        assert sizes(prepare(tmp_path, files=path))["train"] == 7

    @pytest.mark.parametrize("error", [RuntimeError, KeyError])
    def test_other_errors_are_not_of_the_disk(
        self, tmp_path, monkeypatch, error
    ):
        def fail(*_, **__):
            raise error("mine")

        monkeypatch.setattr(generation, "plan", fail)
        path = write(tmp_path / "cat.ndjson", map(drawn, range(9)))
        with pytest.raises(error, match="mine"):
            prepare(tmp_path, files=path)

    def test_what_a_killed_process_left_is_taken_over(self, tmp_path):
        path = write(tmp_path / "cat.ndjson", map(drawn, range(9)))
        folder = pathlib.Path(prepare(tmp_path, files=path).data_dir)
        whole = {p.name: p.read_bytes() for p in folder.iterdir()}
        left = folder.with_name(".partial-1.0.0.1")
        folder.rename(left)
        (left / "half").write_text("half")
        again = pathlib.Path(prepare(tmp_path, files=path).data_dir)
        assert {p.name: p.read_bytes() for p in again.iterdir()} == whole
        assert os.listdir(again.parent) == ["1.0.0"]

    def test_another_process_may_be_first(self, tmp_path, monkeypatch):
        path = write(tmp_path / "cat.ndjson", map(drawn, range(9)))
        place, seen = partials.place, []

        def late(partial, target, **options):
            # Another process has come first.
            shutil.copytree(partial, target)
            (pathlib.Path(target) / "first").write_text("first")
            seen.append(target)
            place(partial, target, **options)

        monkeypatch.setattr(partials, "place", late)
        builder = prepare(tmp_path, files=path)
        assert sizes(builder)["train"] == 7
        assert os.listdir(pathlib.Path(builder.data_dir).parent) == ["1.0.0"]
        assert (pathlib.Path(builder.data_dir) / "first").exists()
        assert len(seen) == 1
