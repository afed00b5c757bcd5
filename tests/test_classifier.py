"""classifier: trained, stopped, saved and asked."""

import dataclasses
import json
import shutil

import numpy as np
import pytest

from sketch_rnn_tf import doodles
from sketch_rnn_tf.quality import classifier, network

SIZES = network.Sizes(
    steps=48,
    side=12,
    filters=(8, 8),
    blocks=(0, 1),
    picture_filters=(8, 12),
    picture_blocks=(0, 1),
    features=8,
    dropout=0.1,
)
WORDS = ("cat", "house", "umbrella")


def _drawn(count, seed):
    sketches = [
        doodles.draw(word, seed=seed + i).stroke3
        for word in WORDS
        for i in range(count)
    ]
    return sketches, np.repeat(np.arange(len(WORDS)), count)


DATA = {
    "train": _drawn(40, 0),
    "valid": _drawn(10, 1000),
    "test": _drawn(10, 2000),
}


class Stop(Exception):
    pass


def _train(directory=None, *, stop_at=None, seed=3, **settings):
    seen = []

    def progress(done, total, said):
        seen.append((done, total, said))
        if done == stop_at:
            raise Stop

    settings = {"sizes": SIZES, "epochs": 6, "batch_size": 16, **settings}
    found = classifier.train(
        DATA,
        WORDS,
        seed=seed,
        directory=directory,
        progress=progress,
        **settings,
    )
    return found, seen


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    directory = tmp_path_factory.mktemp("classifiers") / "one"
    found, seen = _train(directory)
    found.save(directory)
    return found, seen, directory


def test_it_learns_to_tell_doodles_apart(trained):
    found, _, _ = trained
    assert found.facts["test"]["top1"] > 0.8
    probabilities = found.probabilities(DATA["test"][0])
    right = probabilities.argmax(axis=1) == DATA["test"][1]
    assert found.facts["test"]["top1"] == pytest.approx(right.mean())
    assert found.facts["test"]["words"]["umbrella"] == right[20:].mean()
    assert found.facts["test"]["top5"] == 1  # of three


def test_probabilities_are_calibrated_on_validation_drawings(trained):
    found, _, _ = trained

    def surprise(temperature):
        other = dataclasses.replace(
            found, facts={**found.facts, "temperature": temperature}
        )
        sketches, labels = DATA["valid"]
        likely = other.probabilities(sketches)[np.arange(len(labels)), labels]
        return -np.log(likely).mean()

    best = found.temperature
    # Label smoothing leaves right answers too unsure.
    assert best < 1
    assert surprise(best) < surprise(1.0)
    # The grid's steps are of 1 %.
    assert surprise(best) <= surprise(0.95 * best)
    assert surprise(best) <= surprise(1.05 * best)


def test_files_of_earlier_versions_are_not_calibrated(trained, tmp_path):
    directory = tmp_path / "copy"
    shutil.copytree(trained[2], directory)
    file = directory / classifier.FACTS
    facts = json.loads(file.read_text())
    del facts["temperature"]
    file.write_text(json.dumps(facts))
    assert classifier.load(directory).temperature == 1


def test_answers_are_probabilities_and_features(trained):
    found, _, _ = trained
    sketches = DATA["test"][0][:7]
    probabilities, features = (
        found.probabilities(sketches),
        found.features(sketches),
    )
    assert probabilities.shape == (7, 3)
    assert probabilities.sum(axis=1) == pytest.approx(1)
    assert features.shape == (7, SIZES.features)
    # The logits are made of the features.
    kernel, bias = found.network.layers[-1].get_weights()
    logits = (features @ kernel + bias) / found.temperature
    expected = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    assert probabilities == pytest.approx(expected, abs=1e-5)


def test_scale_and_place_do_not_matter(trained):
    found, _, _ = trained
    sketches = DATA["test"][0]
    other = [np.float32(s) * [7.5, 7.5, 1] for s in sketches]
    got, expected = found.probabilities(other), found.probabilities(sketches)
    assert got == pytest.approx(expected, abs=1e-3)


def test_a_drawing_does_not_depend_on_the_batch(trained):
    found, _, _ = trained
    many = DATA["train"][0] * 5  # more than are predicted at once
    assert len(many) > 512
    got = found.probabilities(many)
    assert got[:3] == pytest.approx(found.probabilities(many[:3]), abs=1e-5)
    assert got[-3:] == pytest.approx(found.probabilities(many[-3:]), abs=1e-5)


def test_no_sketches_and_empty_sketches_have_answers(trained):
    found, _, _ = trained
    assert found.probabilities([]).shape == (0, 3)
    got = found.probabilities([np.zeros((0, 3), np.float32)])
    assert got.sum() == pytest.approx(1)


@pytest.fixture(scope="module")
def stopped(tmp_path_factory):
    directory = tmp_path_factory.mktemp("stopped")
    with pytest.raises(Stop):
        _train(directory, stop_at=20)
    return directory


def test_a_stopped_training_goes_on_to_the_same_weights(
    trained, stopped, tmp_path
):
    shutil.copytree(stopped, tmp_path, dirs_exist_ok=True)
    assert [p.name for p in tmp_path.iterdir()] == [classifier.STATE]
    assert not classifier.is_one(tmp_path)
    found, seen = _train(tmp_path)
    # Eight batches an epoch: two epochs were done.
    assert seen[0][:2] == (17, 48)
    assert seen[-1][:2] == (48, 48)
    for one, two in zip(
        trained[0].network.get_weights(),
        found.network.get_weights(),
        strict=True,
    ):
        assert np.array_equal(one, two)
    assert found.facts == trained[0].facts
    found.save(tmp_path)
    assert not (tmp_path / classifier.STATE).exists()


def test_another_training_is_not_gone_on_with(stopped, tmp_path):
    with pytest.raises(ValueError, match="other drawings or settings"):
        _train(stopped, seed=4)
    with pytest.raises(ValueError, match="other drawings or settings"):
        _train(stopped, epochs=7)
    (tmp_path / classifier.STATE).write_bytes(b"PK nothing")
    with pytest.raises(ValueError, match="state of a training"):
        _train(tmp_path)


@pytest.mark.slow
def test_it_stops_early_without_a_new_best():
    found, seen = _train(epochs=40, patience=2)
    assert seen[-1][0] < seen[-1][1]
    assert found.facts["epochs"] == found.facts["best_epoch"] + 2
    assert seen[-1][2].startswith("valid ")


def test_reload_gives_the_same(trained):
    found, _, directory = trained
    again = classifier.load(directory)
    assert (again.words, again.sizes) == (WORDS, SIZES)
    assert again.facts == json.loads(json.dumps(found.facts))
    sketches = DATA["test"][0]
    for one, two in zip(
        again.predict(sketches), found.predict(sketches), strict=True
    ):
        assert np.array_equal(one, two)


def test_only_a_free_directory_is_written_to(trained, tmp_path):
    found, _, directory = trained
    with pytest.raises(ValueError, match=r"holds 'classifier\.json'"):
        found.save(directory)
    (tmp_path / "file").touch()
    with pytest.raises(ValueError, match="got a file"):
        found.save(tmp_path / "file")


@pytest.mark.parametrize(
    ("name", "change"),
    [
        ("format", {"format": 99}),
        ("words", {"words": ["cat"]}),
        ("sizes", {"sizes": {"steps": "many"}}),
        ("sizes", {"sizes": {"unknown": 1}}),
        ("sizes", {"sizes": dataclasses.asdict(SIZES) | {"steps": 10**9}}),
        ("test", {"test": None}),
        ("temperature", {"temperature": 0}),
        ("temperature", {"temperature": float("nan")}),
        ("temperature", {"temperature": "warm"}),
    ],
)
def test_damaged_facts_are_one_clear_line(trained, tmp_path, name, change):
    directory = tmp_path / "copy"
    shutil.copytree(trained[2], directory)
    file = directory / classifier.FACTS
    file.write_text(json.dumps(json.loads(file.read_text()) | change))
    with pytest.raises(ValueError, match="expected facts") as caught:
        classifier.load(directory)
    assert "\n" not in str(caught.value)


def test_damaged_weights_are_one_clear_line(trained, tmp_path):
    directory = tmp_path / "copy"
    shutil.copytree(trained[2], directory)
    weights = directory / classifier.WEIGHTS
    weights.write_bytes(weights.read_bytes()[:1000])
    with pytest.raises(ValueError, match="expected the weights") as caught:
        classifier.load(directory)
    assert "\n" not in str(caught.value)
    weights.unlink()
    with pytest.raises(ValueError, match="expected the weights"):
        classifier.load(directory)
    with pytest.raises(ValueError, match="found none"):
        classifier.load(tmp_path / "nothing")


def test_what_cannot_be_learned_from_is_refused():
    with pytest.raises(ValueError, match="at least two"):
        classifier.train(DATA, ["cat"], seed=0)
    sketches, labels = DATA["valid"]
    lacking = {**DATA, "valid": (sketches[:20], labels[:20])}
    with pytest.raises(ValueError, match="valid: .* none of 'umbrella'"):
        classifier.train(lacking, WORDS, seed=0)
    uneven = {**DATA, "test": (sketches, labels[:5])}
    with pytest.raises(ValueError, match="test: expected 30 labels, got 5"):
        classifier.train(uneven, WORDS, seed=0)
