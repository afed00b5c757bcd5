"""The dataset quickdraw_strokes: configurations, records, refusals."""

import io
import os
import pathlib
import pickle
import re
import socket
import subprocess
import sys
import tempfile
import time
import unittest.mock
import urllib.parse

import numpy as np
import pytest
import tensorflow as tf
import tensorflow_datasets as tfds

import tfds_quickdraw
from sketch_rnn_tf import doodles, strokes
from sketch_rnn_tf.files import sketchrnn_npz
from tfds_quickdraw import (
    configs,
    download,
    downloads,
    sources,
    stroke_feature,
    words,
)
from tfds_quickdraw.quickdraw_strokes import (
    quickdraw_strokes_dataset_builder as builder_lib,
)

SHARED = pathlib.Path(__file__).parents[2] / "shared" / "data"
# Written by hand: two triangles, a square and a line.
TRIANGLE = np.array([[10, 0, 0], [-5, 9, 0], [-5, -9, 1]], np.int16)
OTHER = np.array([[20, 0, 0], [-10, 18, 0], [-10, -18, 1]], np.int16)
SQUARE = np.array([[9, 0, 0], [0, 9, 0], [-9, 0, 0], [0, -9, 1]], np.int16)
LINE = np.array([[300, -300, 1]], np.int16)
SPLITS = {"train": [TRIANGLE, OTHER], "valid": [SQUARE], "test": [LINE]}


@pytest.fixture(autouse=True)
def no_network(monkeypatch):
    def refuse(_self, address):
        raise OSError(f"the network is off in tests, asked for {address}")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setattr(
        socket, "getaddrinfo", lambda host, *_, **__: refuse(None, host)
    )


def _write(path, splits=None):
    path.parent.mkdir(parents=True, exist_ok=True)
    sketchrnn_npz.write(path, splits or SPLITS)
    return path


def _read(builder, split):
    """Reads records by their label and strokes, in a fixed order."""
    records = list(tfds.as_numpy(builder.as_dataset(split=split)))
    return sorted(records, key=lambda r: (r["label"], r["strokes"].tobytes()))


def _assert_strokes(records, sketches):
    expected = sorted(
        map(strokes.stroke3_to_stroke5, sketches), key=np.ndarray.tobytes
    )
    assert len(records) == len(expected)
    for record, stroke5 in zip(records, expected, strict=True):
        assert record["strokes"].dtype == np.float32
        np.testing.assert_array_equal(record["strokes"], stroke5)


def _prepare(tmp_path, **options):
    config = tfds_quickdraw.config_for(**options)
    return tfds_quickdraw.prepare(config, tmp_path / "data")


class DoodlesTest(tfds.testing.DatasetBuilderTestCase):
    DATASET_CLASS = builder_lib.Builder
    BUILDER_CONFIG_NAMES_TO_TEST = [
        tfds_quickdraw.config_for("doodles", sketches_per_kind=(4, 2, 1))
    ]
    SPLITS = {"train": 40, "validation": 20, "test": 10}
    EXAMPLE_DIR = os.path.dirname(__file__)  # needs none


class WordTest(tfds.testing.DatasetBuilderTestCase):
    DATASET_CLASS = builder_lib.Builder
    BUILDER_CONFIG_NAMES_TO_TEST = ["cat", "the_eiffel_tower"]
    SPLITS = {"train": 2, "validation": 1, "test": 1}

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(folder.cleanup)
        cls.EXAMPLE_DIR = folder.name
        for word in ("cat", "The Eiffel Tower"):
            _write(pathlib.Path(folder.name, f"{word}.npz"))

        def fetch(urls, _folder, **_):
            for word, address in urls.items():
                name = urllib.parse.quote(word)
                assert address == f"{sources.BUCKET}/sketchrnn/{name}.npz"
            return {w: pathlib.Path(folder.name, f"{w}.npz") for w in urls}

        patch = unittest.mock.patch.object(downloads, "fetch", fetch)
        patch.start()
        cls.addClassCleanup(patch.stop)


class TestConfigs:
    def test_doodles_is_the_default(self):
        assert builder_lib.Builder.name == "quickdraw_strokes"
        assert builder_lib.Builder.default_builder_config.name == "doodles"

    def test_every_word_has_a_valid_name_of_its_own(self):
        names = [config.name for config in configs.PREDEFINED]
        assert len(set(names)) == len(names) == 345 + 3
        assert all(re.fullmatch(r"[\w+\-.]+", name) for name in names)
        assert {"cat", "t-shirt", "the_eiffel_tower"} < set(names)

    def test_words_are_those_of_the_files(self):
        folder = SHARED / "quickdraw" / "sketchrnn"
        if not folder.exists():
            pytest.skip(f"needs real drawings in {folder}")
        assert set(words.WORDS) == {file.stem for file in folder.iterdir()}

    def test_quickdraw75_has_75_words(self):
        assert len(set(words.QUICKDRAW75)) == 75
        assert set(words.QUICKDRAW75) < set(words.WORDS)

    @pytest.mark.parametrize(
        ("asked", "name", "labels"),
        [
            ("cat", "cat", ["cat"]),
            ("cat+pig", "cat+pig", ["cat", "pig"]),
            (["pig", "cat"], "pig+cat", ["pig", "cat"]),
            ("quickdraw_strokes/cat", "cat", ["cat"]),
            ("The Mona Lisa", "the_mona_lisa", ["The Mona Lisa"]),
            (["the_mona_lisa"], "the_mona_lisa", ["The Mona Lisa"]),
            (["alarm clock"], "alarm_clock", ["alarm clock"]),
            ("quickdraw75", "quickdraw75", words.QUICKDRAW75),
            ("doodles", "doodles", doodles.KINDS),
            ("quickdraw_strokes", "doodles", doodles.KINDS),
        ],
    )
    def test_config_for_words(self, asked, name, labels):
        config = tfds_quickdraw.config_for(asked)
        assert (config.name, config.words) == (name, tuple(labels))
        if name in builder_lib.Builder.builder_configs:
            assert config is builder_lib.Builder.builder_configs[name]

    def test_config_for_doodles(self):
        assert tfds_quickdraw.config_for(source="doodles").name == "doodles"
        few = (3, 2, 1)
        config = tfds_quickdraw.config_for("doodles", sketches_per_kind=few)
        assert (config.name, config.words) == ("doodles-3_2_1", doodles.KINDS)
        config = tfds_quickdraw.config_for(
            "cat+pig", source="doodles", sketches_per_kind=few
        )
        assert config.name == "doodles-cat+pig-3_2_1"
        config = tfds_quickdraw.config_for("cat", source="doodles")
        assert config.name == "doodles-cat-1000_50_50"
        large = tfds_quickdraw.config_for(
            source="doodles", sketches_per_kind=(10_000, 50, 50)
        )
        assert large.name == "doodles_large"

    def test_long_lists_have_short_names_of_their_own(self):
        first = tfds_quickdraw.config_for(words.WORDS[:100])
        second = tfds_quickdraw.config_for(words.WORDS[100:200])
        assert first.name.startswith("100_words-")
        assert first.name != second.name

    @pytest.mark.parametrize(
        ("options", "message"),
        [
            ({"words": "caat"}, "got 'caat'; did you mean cat"),
            ({"words": "cat+the eifel tower"}, "mean The Eiffel Tower"),
            ({"words": "cat+Cat"}, "expected each once"),
            ({"words": []}, "expected each once, got none"),
            ({}, "expected either words or files"),
            (
                {"words": "cat", "files": "cat.npz"},
                "expected either words or files",
            ),
            ({"words": "cat", "source": "ndjson"}, "got ndjson"),
            ({"words": "cat", "dtype": "int8"}, "got int8"),
            ({"words": "dog", "source": "doodles"}, "kinds of doodles"),
            ({"words": "cat", "sketches_per_kind": (1, 1, 1)}, "for doodles"),
            (
                {"words": "doodles", "sketches_per_kind": (1, 0, 1)},
                "three integers",
            ),
            ({"words": "doodles", "location": "x"}, "expected no location"),
            ({"words": "cat", "location": "/none"}, "/none: no such file or"),
            ({"files": "/none.npz"}, "/none.npz: no such file or folder"),
        ],
    )
    def test_bad_requests_are_errors_of_one_line(self, options, message):
        with pytest.raises(ValueError, match=message) as caught:
            tfds_quickdraw.config_for(**options)
        assert "\n" not in str(caught.value)

    def test_import_is_quick_and_leaves_tensorflow_unloaded(self):
        code = (
            "import sys, time, tensorflow_datasets as tfds\n"
            "tfds.core.GeneratorBasedBuilder, tfds.features.ClassLabel\n"
            "start = time.perf_counter()\n"
            "import tfds_quickdraw\n"
            "print(time.perf_counter() - start, 'tensorflow' in sys.modules)"
        )
        shown = subprocess.run(
            [sys.executable, "-c", code], capture_output=True, check=True
        ).stdout.split()
        # 0.03 s when measured alone; other tests may be running.
        assert float(shown[0]) < 0.5
        assert shown[1] == b"False"


class TestStrokesFeature:
    @pytest.mark.parametrize("dtype", ["int16", "float32"])
    @pytest.mark.parametrize("sketch", [TRIANGLE, LINE])
    def test_reads_as_stroke5(self, dtype, sketch):
        feature = stroke_feature.StrokesFeature(stored_dtype=dtype)
        stored = feature.encode_example(sketch)
        assert len(stored) == sketch.size * np.dtype(dtype).itemsize
        expected = strokes.stroke3_to_stroke5(sketch)
        for decode in (
            feature.decode_example,
            tf.function(feature.decode_example),
            feature.decode_example_np,
        ):
            decoded = np.asarray(decode(stored))
            assert decoded.dtype == np.float32
            np.testing.assert_array_equal(decoded, expected)
        assert (feature.shape, feature.np_dtype) == ((None, 5), np.float32)

    def test_json_round_trip_keeps_the_type_on_disk(self):
        feature = stroke_feature.StrokesFeature(
            stored_dtype="float32", doc="A sketch."
        )
        again = tfds.features.FeatureConnector.from_json(feature.to_json())
        assert isinstance(again, stroke_feature.StrokesFeature)
        assert again.stored_dtype == "float32"

    def test_what_does_not_fit_is_refused(self):
        feature = stroke_feature.StrokesFeature()
        for value in (0.5, 40000.0, -1e30):
            with pytest.raises(ValueError, match="whole numbers from -32768"):
                feature.encode_example([[value, 0, 1]])
        with pytest.raises(ValueError, match="expected pen_lifted 0 or 1"):
            feature.encode_example([[1, 0, 2]])
        with pytest.raises(ValueError, match="got int8"):
            stroke_feature.StrokesFeature(stored_dtype="int8")


class TestRecords:
    def test_int16_round_trip_is_exact(self, tmp_path):
        path = _write(tmp_path / "cat.npz")
        builder = _prepare(tmp_path, files=path)
        assert builder.info.features["strokes"].stored_dtype == "int16"
        _assert_strokes(_read(builder, "train"), SPLITS["train"])
        _assert_strokes(_read(builder, "validation"), SPLITS["valid"])
        _assert_strokes(_read(builder, "test"), SPLITS["test"])
        assert builder.info.features["label"].names == ["cat"]

    def test_float32_round_trip_is_exact(self, tmp_path):
        sketch = np.array([[0.1, -2.7, 0], [1e-3, 4e5, 1]], np.float32)
        path = _write(tmp_path / "kanji.npz", {"train": [sketch, LINE]})
        builder = _prepare(tmp_path, files=path)
        assert builder.info.features["strokes"].stored_dtype == "float32"
        _assert_strokes(_read(builder, "train"), [sketch, LINE])
        assert list(builder.info.splits) == ["train"]

    def test_other_features_are_empty(self, tmp_path):
        builder = _prepare(tmp_path, files=_write(tmp_path / "cat.npz"))
        (record,) = _read(builder, "test")
        del record["strokes"]
        assert record == {
            "label": 0,
            "key_id": b"",
            "countrycode": b"",
            "recognized": False,
            "timestamp": b"",
        }

    def test_records_are_kept_as_tfrecord(self, tmp_path):
        builder = _prepare(tmp_path, files=_write(tmp_path / "cat.npz"))
        files = list(builder.data_path.glob("*.tfrecord*"))
        assert len(files) == 3

    def test_labels_are_the_words_in_the_order_asked_for(self, tmp_path):
        _write(tmp_path / "mirror" / "sketchrnn" / "The Eiffel Tower.npz")
        _write(
            tmp_path / "mirror" / "sketchrnn" / "cat.npz", {"train": [SQUARE]}
        )
        location = (tmp_path / "mirror").as_uri()
        builder = _prepare(
            tmp_path, words="the eiffel tower+cat", location=location
        )
        label = builder.info.features["label"]
        assert label.names == ["The Eiffel Tower", "cat"]
        records = _read(builder, "train")
        _assert_strokes([r for r in records if r["label"] == 1], [SQUARE])
        _assert_strokes(
            [r for r in records if r["label"] == 0], SPLITS["train"]
        )
        # No cat to validate on, but towers.
        assert builder.info.splits["validation"].num_examples == 1

    def test_a_folder_of_files_is_labelled_by_their_names(self, tmp_path):
        for name in ("b", "a%20c"):
            _write(tmp_path / "mine" / f"{name}.npz")
        builder = _prepare(tmp_path, files=tmp_path / "mine")
        assert builder.builder_config.name.startswith("a_c+b-")
        assert builder.info.features["label"].names == ["a c", "b"]
        assert [r["label"] for r in _read(builder, "train")] == [0, 0, 1, 1]

    def test_same_name_other_contents_are_not_mixed_up(self, tmp_path):
        path = _write(tmp_path / "cat.npz")
        first = _prepare(tmp_path, files=path)
        assert _prepare(tmp_path, files=path).data_dir == first.data_dir
        _write(path, {"train": [SQUARE]})
        second = _prepare(tmp_path, files=path)
        _assert_strokes(_read(second, "train"), [SQUARE])
        _assert_strokes(_read(first, "train"), SPLITS["train"])

    def test_prepared_data_load_by_name_without_their_source(self, tmp_path):
        path = _write(tmp_path / "cat.npz")
        name = _prepare(tmp_path, files=path).builder_config.name
        path.unlink()
        dataset = tfds.load(
            f"quickdraw_strokes/{name}",
            split="train",
            data_dir=tmp_path / "data",
        )
        again = tfds_quickdraw.prepare(name, tmp_path / "data")
        assert again.info.full_name == f"quickdraw_strokes/{name}/1.0.0"
        assert dataset.element_spec["strokes"] == tf.TensorSpec([None, 5])
        assert len(list(dataset)) == 2

    @pytest.mark.parametrize("dtype", ["int16", "float32"])
    def test_read_gives_what_is_on_disk(self, tmp_path, dtype):
        _write(tmp_path / "mine" / "cat.npz")
        _write(tmp_path / "mine" / "pig.npz", {"train": [SQUARE]})
        builder = _prepare(tmp_path, files=tmp_path / "mine", dtype=dtype)
        sketches, labels = tfds_quickdraw.read(builder)
        assert {sketch.dtype for sketch in sketches} == {np.dtype(dtype)}
        records = list(tfds.as_numpy(builder.as_dataset(split="train")))
        assert labels.tolist() == [record["label"] for record in records]
        for sketch, record in zip(sketches, records, strict=True):
            np.testing.assert_array_equal(
                strokes.stroke3_to_stroke5(sketch), record["strokes"]
            )
        part, _ = tfds_quickdraw.read(builder, "train[1:2]")
        np.testing.assert_array_equal(part[0], sketches[1])
        assert len(part) == 1
        with pytest.raises(ValueError, match="test, train, val.*, got dev"):
            tfds_quickdraw.read(builder, "dev")

    def test_numpy_decoding_gives_the_same(self, tmp_path):
        builder = _prepare(tmp_path, files=_write(tmp_path / "cat.npz"))
        (record,) = _read(builder, "test")
        feature = builder.info.features
        raw = feature.serialize_example({**record, "strokes": LINE})
        decoded = feature.deserialize_example_np(raw)
        np.testing.assert_array_equal(decoded["strokes"], record["strokes"])

    def test_real_drawings_round_trip(self, tmp_path):
        folder = SHARED / "quickdraw"
        if not folder.exists():
            pytest.skip(f"needs real drawings in {folder}")
        builder = _prepare(tmp_path, words="cat", location=folder)
        expected = sketchrnn_npz.read(folder / "sketchrnn" / "cat.npz")
        _assert_strokes(_read(builder, "train"), expected["train"])


class TestDoodles:
    def test_loads_by_name_with_the_network_off(self, tmp_path):
        start = time.perf_counter()
        dataset, info = tfds.load(
            "quickdraw_strokes",
            split="train",
            data_dir=tmp_path,
            with_info=True,
            download_and_prepare_kwargs={
                "download_config": tfds.download.DownloadConfig(
                    max_examples_per_split=5
                )
            },
        )
        assert time.perf_counter() - start < 30
        assert info.full_name == "quickdraw_strokes/doodles/1.0.0"
        assert len(list(dataset)) == 5
        assert "stroke" in info.description

    def test_records_are_the_drawings_of_their_seeds(self, tmp_path):
        builder = _prepare(
            tmp_path,
            words="pig+cat",
            source="doodles",
            sketches_per_kind=(3, 2, 1),
        )
        seen = set()
        for split, size in {"train": 3, "validation": 2, "test": 1}.items():
            records = _read(builder, split)
            assert [r["label"] for r in records] == [0] * size + [1] * size
            for record in records:
                kind, seed = record["key_id"].decode().split("-")
                assert kind == ["pig", "cat"][record["label"]]
                assert record["key_id"] not in seen
                seen.add(record["key_id"])
                doodle = doodles.draw(kind, seed=int(seed))
                _assert_strokes([record], [doodle.stroke3])
                for name, value in record["factors"].items():
                    expected = getattr(doodle.factors, name)
                    assert value == np.asarray(expected, value.dtype)

    def test_large_train_split_contains_the_small_one(self):
        small, large = (
            builder_lib.Builder(
                data_dir="/none",
                config=tfds_quickdraw.config_for(
                    "cat", source="doodles", sketches_per_kind=(size, 1, 1)
                ),
            )
            for size in (2, 4)
        )
        keys = [
            {key for key, _ in builder._generate_examples(split="train")}
            for builder in (small, large)
        ]
        assert keys[0] < keys[1]


class TestRefusals:
    def test_a_hostile_file_is_refused_and_not_run(self, tmp_path):
        target = tmp_path / "created"

        class Call:
            def __reduce__(self):
                return os.system, (f"touch {target}",)

        array = np.empty(1, object)
        array[0] = Call()
        folder = tmp_path / "mirror"
        folder.mkdir()
        np.savez(folder / "cat.npz", train=array)
        config = tfds_quickdraw.config_for("cat", location=folder)
        with pytest.raises(ValueError, match="asks for posix.system") as caught:
            tfds_quickdraw.prepare(config, tmp_path / "data")
        assert "\n" not in str(caught.value)
        with pytest.raises(ValueError, match="asks for posix.system"):
            tfds_quickdraw.config_for(files=folder / "cat.npz")
        builder = tfds.builder(
            "quickdraw_strokes", config=config, data_dir=tmp_path / "data"
        )
        with pytest.raises(ValueError, match="asks for posix.system"):
            builder.download_and_prepare()
        assert not target.exists()
        assert not builder.is_prepared()

    def test_missing_words_are_named(self, tmp_path):
        _write(tmp_path / "sketchrnn" / "cat.npz")
        with pytest.raises(ValueError) as caught:
            tfds_quickdraw.config_for("cat+caat", location=tmp_path)
        assert str(caught.value) == (
            f"{tmp_path}: expected caat.npz in this folder or its folder "
            "sketchrnn, got no such file; did you mean cat?"
        )

    def test_a_file_that_goes_away_is_named(self, tmp_path):
        path = _write(tmp_path / "cat.npz")
        config = tfds_quickdraw.config_for("cat", location=tmp_path)
        path.unlink()
        with pytest.raises(ValueError, match="expected npz files in this fold"):
            tfds_quickdraw.prepare(config, tmp_path / "data")

    def test_a_failed_download_names_the_url(self, tmp_path, monkeypatch):
        monkeypatch.setattr(download, "RETRY_SECONDS", 0)
        url = "https://mirror.org/sketchrnn/The%20Eiffel%20Tower.npz"
        config = tfds_quickdraw.config_for(
            "the eiffel tower", location="https://mirror.org/"
        )
        with pytest.raises(ValueError, match=url) as caught:
            tfds_quickdraw.prepare(config, tmp_path)
        assert "network is off" in str(caught.value)
        assert "\n" not in str(caught.value)

    def test_fractions_under_int16_are_refused(self, tmp_path):
        _write(tmp_path / "cat.npz", {"train": [LINE * [0.001, 1, 1]]})
        config = tfds_quickdraw.config_for("cat", location=tmp_path)
        with pytest.raises(ValueError, match="cat.npz: train: .*fit in int16"):
            tfds_quickdraw.prepare(config, tmp_path / "data")
        config = tfds_quickdraw.config_for(
            "cat", location=tmp_path, dtype="float32"
        )
        builder = tfds_quickdraw.prepare(config, tmp_path / "data")
        assert builder.info.splits["train"].num_examples == 1

    def test_no_sketch_to_train_on_is_refused(self, tmp_path):
        path = _write(tmp_path / "cat.npz", {"test": [LINE]})
        with pytest.raises(
            ValueError, match="cat.npz: train: expected at least"
        ):
            _prepare(tmp_path, files=path)

    def test_a_data_folder_that_cannot_be_written_is_named(self, tmp_path):
        (tmp_path / "data").write_text("a file")
        config = tfds_quickdraw.config_for(
            "doodles", sketches_per_kind=(1, 1, 1)
        )
        with pytest.raises(ValueError, match="cannot be prepared in") as caught:
            tfds_quickdraw.prepare(config, tmp_path / "data")
        assert "\n" not in str(caught.value)

    def test_unknown_names_are_errors_with_suggestions(self, tmp_path):
        with pytest.raises(ValueError, match="did you mean cat"):
            tfds_quickdraw.prepare("caat", tmp_path)
        with pytest.raises(ValueError, match="did you mean cat"):
            tfds.builder("quickdraw_strokes/caat", data_dir=tmp_path)

    def test_a_config_may_not_take_another_ones_name(self, tmp_path):
        config = configs.QuickdrawStrokesConfig(name="cat", words=("dog",))
        with pytest.raises(ValueError, match="expected another name than cat"):
            tfds.builder("quickdraw_strokes", config=config, data_dir=tmp_path)

    def test_lists_of_words_are_understood_as_names(self, tmp_path):
        builder = tfds.builder("quickdraw_strokes/cat+pig", data_dir=tmp_path)
        assert builder.info.features["label"].names == ["cat", "pig"]
        assert builder.info.full_name == "quickdraw_strokes/cat+pig/1.0.0"
        again = pickle.load(io.BytesIO(pickle.dumps(builder)))
        assert again.builder_config.words == ("cat", "pig")
