"""datasets: what `--data` names, in memory and streamed."""

import numpy as np
import pytest
import tensorflow as tf
import tensorflow_datasets as tfds

import tfds_quickdraw
from sketch_rnn_tf import datasets, doodles, presets, strokes
from sketch_rnn_tf.data import input_pipeline, measurement
from sketch_rnn_tf.files import sketchrnn_npz
from sketch_rnn_tf.model import vae

DOODLES = "quickdraw_strokes/doodles"
SMALL = "quickdraw_strokes/doodles-3_2_1"


@pytest.fixture(scope="session")
def data_dir(tmp_path_factory):
    """Returns TFDS's folder, with three, two and one doodles of each kind."""
    path = tmp_path_factory.mktemp("tfds")
    tfds_quickdraw.prepare(
        tfds_quickdraw.config_for("doodles", sketches_per_kind=(3, 2, 1)), path
    )
    return path


@pytest.fixture(scope="session")
def doodles_dir(tmp_path_factory):
    """Returns TFDS's folder, with the 11,000 drawings of `doodles`."""
    path = tmp_path_factory.mktemp("tfds_doodles")
    tfds_quickdraw.prepare("doodles", path)
    return path


@pytest.fixture
def folder(tmp_path, sketches):
    """Returns a folder with cat.npz and pig.npz."""
    path = tmp_path / "npz"
    path.mkdir()
    _write(path / "cat.npz", sketches[:10])
    _write(path / "pig.npz", sketches[10:])
    return path


def _write(path, sketches):
    sketchrnn_npz.write(
        path,
        {
            "train": sketches[:6],
            "valid": sketches[6:8],
            "test": sketches[8:],
        },
    )


def _in_memory(source):
    if not isinstance(source, tf.data.Dataset):
        return source
    return [
        strokes.stroke5_to_stroke3(record["strokes"])
        for record in source.as_numpy_iterator()
    ]


def _assert_same(source, expected):
    source = _in_memory(source)
    assert len(source) == len(expected)
    for one, other in zip(source, expected, strict=True):
        np.testing.assert_array_equal(one, other)


def test_an_npz_file(folder, sketches):
    data = datasets.load(str(folder / "cat.npz"))
    assert data.words == ("cat",)
    _assert_same(data.train, sketches[:6])
    _assert_same(data.valid, sketches[6:8])
    _assert_same(data.test, sketches[8:10])


def test_a_folder_has_its_files_in_alphabetical_order(folder, sketches):
    data = datasets.load(str(folder))
    assert data.words == ("cat", "pig")
    _assert_same(data.train, sketches[:6] + sketches[10:16])
    _assert_same(data.test, sketches[8:10] + sketches[18:])


def test_a_list_is_joined_in_its_order(folder, data_dir, sketches):
    spec = f"{folder / 'pig.npz'}, {folder / 'cat.npz'},{SMALL}"
    data = datasets.load(spec, data_dir=data_dir)
    assert data.words == ("pig", "cat", *(set_without(data.words[2:])))
    alone = datasets.load(SMALL, data_dir=data_dir)
    _assert_same(data.train, sketches[10:16] + sketches[:6] + alone.train)


def set_without(words):
    """Returns the kinds of doodles; cat and pig are named by the files."""
    kinds = [kind for kind in doodles.KINDS if kind not in ("cat", "pig")]
    assert list(words) == kinds
    return kinds


def test_a_tfds_name(data_dir):
    data = datasets.load(SMALL, data_dir=data_dir)
    assert data.words == doodles.KINDS
    assert [len(split) for split in data[1:4]] == [30, 20, 10]
    assert {k: len(v) for k, v in data.labels.items()} == {
        "train": 30,
        "valid": 20,
        "test": 10,
    }
    drawn = {
        doodles.draw(kind, seed=seed).stroke3.tobytes()
        for kind in doodles.KINDS
        for seed in range(3)
    }
    assert {s.tobytes() for s in data.train} == drawn


def test_streaming_gives_the_same_sketches(data_dir):
    held = datasets.load(SMALL, data_dir=data_dir)
    streamed = datasets.load(SMALL, data_dir=data_dir, stream=True)
    assert streamed.words == held.words
    for split in datasets.SPLITS:
        assert isinstance(getattr(streamed, split), tf.data.Dataset)
        _assert_same(getattr(streamed, split), getattr(held, split))


def test_streaming_keeps_no_record_in_memory(data_dir):
    # TFDS caches what it has read, up to 250 MB, unless told not to.
    cached = tfds.load(SMALL, data_dir=data_dir, split="train")
    streamed = datasets.load(SMALL, data_dir=data_dir, stream=True).train
    graphs = [d._as_serialized_graph().numpy() for d in (cached, streamed)]
    assert [b"CacheDataset" in graph for graph in graphs] == [True, False]


def test_streaming_prepares_npz_files(folder, data_dir):
    streamed = datasets.load(str(folder), data_dir=data_dir, stream=True)
    held = datasets.load(str(folder))
    assert streamed.words == held.words
    for split in datasets.SPLITS:
        # TFDS shuffles as it writes.
        one = sorted(s.tobytes() for s in _in_memory(getattr(streamed, split)))
        other = [np.float32(s).tobytes() for s in getattr(held, split)]
        assert one == sorted(other)


def test_a_streamed_list_has_every_record_once(folder, data_dir):
    spec = f"{folder / 'cat.npz'},{SMALL}"
    streamed = datasets.load(spec, data_dir=data_dir, stream=True)
    held = datasets.load(spec, data_dir=data_dir)
    for split in datasets.SPLITS:
        one = sorted(s.tobytes() for s in _in_memory(getattr(streamed, split)))
        other = [np.float32(s).tobytes() for s in getattr(held, split)]
        assert one == sorted(other)


def test_a_streamed_list_comes_in_the_same_order_again(folder, data_dir):
    spec = f"{folder / 'cat.npz'},{SMALL}"
    train = datasets.load(spec, data_dir=data_dir, stream=True).train
    assert train.cardinality() == 36
    once = _in_memory(train)
    tf.random.set_seed(1)
    _assert_same(train, once)
    _assert_same(
        datasets.load(spec, data_dir=data_dir, stream=True).train, once
    )
    # The six cats are not all among the first or the last.
    held = datasets.load(str(folder / "cat.npz")).train
    cats = {np.float32(s).tobytes() for s in held}
    where = [i for i, s in enumerate(once) if s.tobytes() in cats]
    assert len(where) == 6 and where[0] < 18 <= where[-1]


@pytest.mark.filterwarnings("error:Your input ran out of data")
@pytest.mark.slow
def test_from_tfds_load_to_fit(doodles_dir):
    """The first promise: TFDS data, the pipeline, and Keras' own `fit`."""
    train, valid = tfds.load(
        DOODLES, data_dir=doodles_dir, split=["train", "validation[:64]"]
    )
    assert train.cardinality() == 10_000
    config = presets.preset("tiny").replace(
        encoder_size=8, decoder_size=8, z_size=4, num_mixtures=3
    )
    config = measurement.fit_config(config, train)
    assert config.max_len <= doodles.MAX_POINTS
    model = vae.SketchRNN(config)
    model.compile()
    history = model.fit(
        input_pipeline.batches(train, config, training=True),
        validation_data=input_pipeline.batches(valid, config),
        steps_per_epoch=50,
        epochs=4,
        verbose=0,
    ).history
    # L_p's tail, which bucketed batches leave out, is learned late: the
    # validation loss may rise in the first 40 steps.
    assert history["loss"][-1] < history["loss"][0]
    assert history["val_loss"][-1] < history["val_loss"][0]


class TestRefusals:
    """Each is a ValueError of one line that says what was wanted and came."""

    def _refused(self, spec, message, **options):
        with pytest.raises(ValueError, match=message) as caught:
            datasets.load(str(spec), **options)
        assert "\n" not in str(caught.value)

    @pytest.mark.parametrize("stream", [False, True])
    def test_what_is_not_there(self, tmp_path, stream):
        self._refused(
            tmp_path / "nothing.npz",
            r"nothing.npz: expected a file or folder.*found no such",
            stream=stream,
        )

    def test_an_empty_folder(self, tmp_path):
        self._refused(tmp_path, "in this folder, found none")

    @pytest.mark.parametrize("spec", ["", "a.npz,", ",", "a.npz,,b.npz"])
    def test_nothing_between_commas(self, spec):
        self._refused(spec, "between commas")

    def test_a_file_without_a_split(self, tmp_path, sketches):
        array = np.empty(2, object)
        array[:] = sketches[:2]
        np.savez(tmp_path / "a.npz", train=array)
        self._refused(
            tmp_path / "a.npz", "splits train, valid and test, got train"
        )

    def test_records_without_a_split(self, tmp_path, sketches):
        sketchrnn_npz.write(tmp_path / "a.npz", {"train": sketches})
        self._refused(
            tmp_path / "a.npz",
            "splits train, validation and test, got train",
            data_dir=tmp_path / "data",
            stream=True,
        )

    def test_an_unknown_word_with_a_suggestion(self, tmp_path):
        self._refused(
            "quickdraw_strokes/catt",
            r"got 'catt'.*\bcat\b",
            data_dir=tmp_path,
        )
        assert not list(tmp_path.iterdir())

    @pytest.mark.parametrize(
        ("name", "damage"),
        [
            ("*train.tfrecord*", lambda data: data[: len(data) // 2]),
            ("*train.tfrecord*", lambda data: b""),
            ("*train.tfrecord*", lambda data: b"\x89PNG\r\n\x1a\n" * 50),
            ("dataset_info.json", lambda data: b"{"),
        ],
    )
    def test_damaged_records(self, tmp_path, name, damage):
        config = tfds_quickdraw.config_for(
            "doodles", sketches_per_kind=(3, 1, 1)
        )
        tfds_quickdraw.prepare(config, tmp_path)
        (file,) = tmp_path.rglob(name)
        file.write_bytes(damage(file.read_bytes()))
        self._refused(
            f"quickdraw_strokes/{config.name}", "expected", data_dir=tmp_path
        )


class TestBalanced:
    def test_each_word_has_as_many_to_train_on(self, data_dir):
        data = datasets.load(SMALL, data_dir=data_dir)
        labels = data.labels["train"]
        few = np.delete(np.arange(30), np.flatnonzero(labels == 0)[:2])
        unequal = data._replace(
            train=[data.train[index] for index in few],
            labels={**data.labels, "train": labels[few]},
        )
        found = datasets.balanced(unequal)
        counts = np.bincount(found.labels["train"])
        assert len(set(counts.tolist())) == 1
        assert {s.tobytes() for s in found.train} == {
            s.tobytes() for s in unequal.train
        }
        assert len(found.valid) == len(data.valid)

    def test_a_stream_is_refused(self, data_dir):
        data = datasets.load(SMALL, data_dir=data_dir, stream=True)
        with pytest.raises(ValueError, match="expected sketches in memory"):
            datasets.balanced(data)


def test_labels_of_a_list_are_of_all_words(tmp_path):
    sketch = np.array([[3, 4, 1]])
    for word in ("cat", "pig", "bus"):
        splits = {"train": [sketch] * 4, "valid": [sketch], "test": [sketch]}
        sketchrnn_npz.write(tmp_path / f"{word}.npz", splits)
    spec = ",".join(str(tmp_path / f"{w}.npz") for w in ("pig", "cat", "bus"))
    data = datasets.load(spec)
    assert data.words == ("pig", "cat", "bus")
    assert data.labels["train"].tolist() == [0] * 4 + [1] * 4 + [2] * 4


def test_bad_sketches_are_left_out_and_counted(tmp_path):
    array = np.empty(30, object)
    array[:] = [np.array([[3, 4, 1]])] * 30
    array[3] = np.array([[3, np.nan, 1]])
    np.savez(tmp_path / "a.npz", train=array, valid=array[:1], test=array[:1])
    data = datasets.load(str(tmp_path / "a.npz"))
    assert len(data.train) == 29
    assert data.tally.bad.total() == 1
    with pytest.raises(ValueError, match=r"train\[3\]: .*1 of 32 records"):
        datasets.load(str(tmp_path / "a.npz"), max_bad=0.01)
