"""vocabulary: one word however it is written."""

import numpy as np
import pytest

from sketch_rnn_tf import datasets
from sketch_rnn_tf.files import sketchrnn_npz
from sketch_rnn_tf.quality import vocabulary

WORDS = ("car", "power outlet", "The Mona Lisa")


@pytest.mark.parametrize(
    ("word", "place"),
    [("car", 0), ("power_outlet", 1), ("the-mona-lisa", 2), (" CAR ", 0)],
)
def test_spellings_of_a_word_have_its_place(word, place):
    assert vocabulary.index(word, WORDS) == place


def test_an_unknown_word_is_told_with_near_ones():
    with pytest.raises(ValueError, match=r"got 'cart'; near ones are car$"):
        vocabulary.index("cart", WORDS)
    with pytest.raises(ValueError, match="none is near"):
        vocabulary.index("zebra", WORDS)


def test_spellings_in_several_files_are_one_class(tmp_path, sketches):
    for folder, name, count in (
        ("one", "power outlet", 2),
        ("one", "car", 3),
        ("two", "power_outlet", 4),
    ):
        (tmp_path / folder).mkdir(exist_ok=True)
        splits = dict.fromkeys(sketchrnn_npz.SPLITS, sketches[:count])
        sketchrnn_npz.write(tmp_path / folder / f"{name}.npz", splits)
    data = datasets.load(f"{tmp_path / 'one'},{tmp_path / 'two'}")
    words, splits = vocabulary.labelled(data)
    assert words == ("car", "power outlet")
    assert list(splits) == ["train", "valid", "test"]
    for found, labels in splits.values():
        assert len(found) == 9
        assert np.bincount(labels).tolist() == [3, 6]


def test_a_stream_is_refused():
    data = datasets.Dataset(("cat",), None, None, None, None)
    with pytest.raises(ValueError, match="got a stream"):
        vocabulary.labelled(data)
