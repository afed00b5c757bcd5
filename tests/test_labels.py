"""Labels: which of a configuration's words a sketch is of."""

import numpy as np
import pytest

from sketch_rnn_tf import config as config_lib, labels

CONFIG = config_lib.Config(class_size=2, words=("cat", "pig", "owl"))
PLAIN = config_lib.Config(words=("cat", "pig", "owl"))
SKETCHES = [np.zeros((1, 3))] * 4


class TestOf:
    def test_new_drawings_go_round_the_words(self):
        assert labels.of(CONFIG, None, 5).tolist() == [0, 1, 2, 0, 1]

    def test_one_word_is_for_all_and_several_for_each(self):
        assert labels.of(CONFIG, "owl", SKETCHES).tolist() == [2] * 4
        words = ["pig", "cat", "pig", "owl"]
        assert labels.of(CONFIG, words, SKETCHES).tolist() == [1, 0, 1, 2]
        found = labels.of(CONFIG, words, 4)
        assert labels.words_of(found, CONFIG) == words

    def test_sketches_bring_their_own(self):
        labelled = labels.Labelled(SKETCHES, np.int64([2, 0, 1, 1]))
        assert labels.of(CONFIG, None, labelled).tolist() == [2, 0, 1, 1]
        assert labels.of(CONFIG, "cat", labelled).tolist() == [0] * 4

    def test_a_plain_model_takes_none(self):
        assert labels.of(PLAIN, None, 3) is None
        labelled = labels.Labelled(SKETCHES, [0] * 4)
        assert labels.of(PLAIN, None, labelled) is None
        with pytest.raises(ValueError, match="not class-conditioned"):
            labels.of(PLAIN, "cat", 3)

    @pytest.mark.parametrize(
        ("words", "message"),
        [
            (None, "words: expected one, or one a sketch.*got none"),
            ("pigg", "unknown word 'pigg': did you mean 'pig'"),
            (["cat"], "expected one word or 4, got 1"),
        ],
    )
    def test_bad_words_are_refused(self, words, message):
        with pytest.raises(ValueError, match=message):
            labels.of(CONFIG, words, SKETCHES)

    def test_labels_that_are_none_are_refused(self):
        for bad in (3, -1):
            labelled = labels.Labelled(SKETCHES, [0, 1, bad, 2])
            with pytest.raises(ValueError, match=f"0 to 2.*got {bad}"):
                labels.of(CONFIG, None, labelled)
        with pytest.raises(ValueError, match="one for each of 4 sketches"):
            labels.Labelled(SKETCHES, [0])


class TestEnds:
    def test_steps_have_the_word_of_the_nearer_end(self):
        assert labels.along(["a", "b"], 5) == ["a", "a", "a", "b", "b"]
        assert labels.along(["a", "b"], 2) == ["a", "b"]
        assert labels.along("a", 5) == "a"
        assert labels.along(None, 5) is None

    def test_cells_have_the_word_of_the_nearest_corner(self):
        words = labels.between(["a", "b", "c", "d"], 2, 4)
        assert "".join(words) == "aabbccdd"

    def test_sums_are_of_what_is_left(self):
        assert labels.left_over(["pig", "cat"], ["pig"]) == "cat"
        assert labels.left_over(["pig", "cat"], ["cat"]) == "pig"
        assert labels.left_over(["pig"], ["pig"]) == "pig"
