"""Tests of the claims: their words, their measurements, and their files."""

import json
import pathlib
import re
import sys
import types

import numpy as np
import pytest

from sketch_rnn_tf import config as config_lib, doodles, presets
from sketch_rnn_tf.command_line import experiments_parser
from sketch_rnn_tf.data import measurement
from sketch_rnn_tf.experiments import (
    bench as bench_lib,
    claims as claims_lib,
    claims_files,
    evidence,
    lessons,
    oddities,
    plan as plan_lib,
    sources,
)
from sketch_rnn_tf.experiments.claims import claim as claim_lib, coherence

CLAIMS = claims_lib.CLAIMS
PAPER = pathlib.Path(__file__).parents[2] / "shared/reference/paper.txt"


def make_plan(**changes):
    settings = {
        "subject": plan_lib.ANIMALS,
        "config": config_lib.Config(steps=10),
        "doodles": config_lib.Config(steps=10),
        "budget": plan_lib.Budget(1.0, 2, 20),
    }
    return plan_lib.Plan(**{**settings, **changes})


def plain(text):
    return re.sub(r"[^0-9A-Za-z]", "", text)


@pytest.mark.skipif(
    not PAPER.is_file(), reason="the paper's text is not in ../shared"
)
def test_quotes_are_the_papers_words():
    paper = plain(PAPER.read_text())
    for name, claim in CLAIMS.items():
        for part in claim.quote.split("[...]"):
            assert plain(part) in paper, name


def test_the_parser_knows_all_claims_and_budgets():
    assert tuple(CLAIMS) == experiments_parser.CLAIMS
    assert tuple(plan_lib.BUDGETS) == experiments_parser.BUDGETS


def test_trainings_are_shared_and_those_of_the_table():
    made = claims_files.wanted(make_plan(), list(CLAIMS))
    names = [training.name for training in made]
    assert len(set(names)) == len(names) == 13
    assert "doodles.cat+pig-kl0.5-seed0" in names
    assert "doodles.cat+pig-decoder-weighted-seed0" in names
    made = claims_files.wanted(make_plan(subject="car.npz"), ["tradeoff"])
    assert [t.name for t in made] == [
        "car-kl1-seed0",
        "car-kl0.5-seed0",
        "car-kl0.25-seed0",
    ]


class Numbers:
    """A bench that has results by the name of a training."""

    def __init__(self, results, **changes):
        self.plan = make_plan(subject="car.npz", **changes)
        self.results = results

    def result(self, training):
        recon, kl = self.results[training.name]
        weight = training.config.kl_weight
        return {"recon": recon, "kl": kl, "loss": recon + weight * kl}


LOSSES = {
    "car-kl1-seed0": (-0.1, 0.2),
    "car-kl0.5-seed0": (-0.2, 0.4),
    "car-kl0.25-seed0": (-0.3, 0.8),
    "car-decoder-seed0": (0.1, 0.0),
    "car-kl1-seed1": (-0.1, 0.2),
    "car-kl1-constant-seed0": (0.0, 0.2),
    "car-kl1-constant-seed1": (0.0, 0.2),
}


@pytest.mark.parametrize(
    "name, changes, holds",
    [
        ("tradeoff", {}, True),
        ("tradeoff", {"car-kl0.5-seed0": (-0.1, 0.4)}, False),
        ("tradeoff", {"car-kl0.5-seed0": (-0.2, 0.9)}, False),
        ("bound", {}, True),
        ("bound", {"car-kl1-seed0": (0.2, 0.2)}, False),
        ("annealing", {}, True),
        ("annealing", {"car-kl1-constant-seed1": (-0.2, 0.1)}, False),
    ],
)
def test_claims_about_losses_hold_if_each_of_them_does(name, changes, holds):
    measured = CLAIMS[name].measure(Numbers({**LOSSES, **changes}))
    assert measured.holds is holds
    assert json.loads(json.dumps(measured.numbers))


class Drawn:
    """A bench whose drawings have given numbers of points."""

    def __init__(self, lengths):
        self.plan = make_plan(subject="car.npz")
        self.lengths = lengths

    def model(self, training):
        config = config_lib.Config(max_len=50)
        return types.SimpleNamespace(config=config)

    def draw(self, training, *, temperature):
        lengths = self.lengths(training.pen, temperature)
        return [np.zeros([n, 3]) for n in lengths]

    def data(self, spec):
        test = [np.zeros([n, 3]) for n in (10, 12, 14, 16, 60)]
        return types.SimpleNamespace(test=test)


@pytest.mark.parametrize(
    "padded, weighted, holds",
    [
        ([10, 12, 14, 16], [3, 4, 5, 6], True),
        ([3, 4, 5, 6], [10, 12, 14, 16], False),
        ([10, 12, 14, 50], [3, 4, 5, 6], False),  # does not stop
    ],
)
def test_stopping_is_to_draw_as_long_as_people(padded, weighted, holds):
    bench = Drawn(lambda pen, _: padded if pen == "padded" else weighted)
    measured = CLAIMS["stopping"].measure(bench)
    assert measured.holds is holds
    assert "have 13.0 points" in measured.says  # of those that fit


@pytest.mark.parametrize("cold, holds", [(30, True), (3, False)])
def test_spirals_are_drawings_that_reach_the_end(cold, holds):
    def lengths(_, temperature):
        count = cold if temperature < 0.15 else 2
        return [50] * count + [20] * (100 - count)

    measured = CLAIMS["spirals"].measure(Drawn(lengths))
    assert measured.holds is holds
    assert measured.numbers["endless"][0] == cold / 100


class StandIn:
    """Recognises drawings by the number of their points, any as its first."""

    def __init__(self, words, short=0):
        self.words, self.short = tuple(words), short

    def probabilities(self, sketches):
        found = np.full([len(sketches), len(self.words)], 0.01, np.float32)
        for row, sketch in zip(found, sketches, strict=True):
            row[0 if len(sketch) >= self.short else -1] = 0.95
        return found

    def classes(self, sketches):
        return self.probabilities(sketches).argmax(axis=1)


@pytest.fixture
def classifier(monkeypatch):
    module = types.ModuleType("sketch_rnn_tf.quality.classifier")
    module.load = lambda path: StandIn([path, "pig"], short=5)
    package = types.ModuleType("sketch_rnn_tf.quality")
    package.classifier = module
    monkeypatch.setitem(sys.modules, "sketch_rnn_tf.quality", package)
    name = "sketch_rnn_tf.quality.classifier"
    monkeypatch.setitem(sys.modules, name, module)


def bench_of(monkeypatch, words, recogniser):
    plan = make_plan(recogniser=recogniser)
    bench = bench_lib.Bench(plan, "nowhere", train=None)
    data = types.SimpleNamespace(words=words)
    monkeypatch.setattr(bench, "data", lambda _: data)
    return bench


def test_real_words_are_recognised_by_a_classifier(monkeypatch, classifier):
    bench = bench_of(monkeypatch, ("car",), "car")
    drawn = [np.zeros([n, 3]) for n in (2, 6, 9)]
    share = bench.recognised("car.npz", drawn, ("car",))
    assert share == evidence.Share(2, 3)


def test_what_cannot_be_recognised_is_told(monkeypatch, classifier):
    for words, recogniser, said in (
        (("car",), None, "--recogniser"),
        (("bus", "car"), "car", "knows bus"),
    ):
        bench = bench_of(monkeypatch, words, recogniser)
        with pytest.raises(bench_lib.MissingError, match=said):
            bench.recogniser("car.npz")
    monkeypatch.setitem(sys.modules, "sketch_rnn_tf.quality", None)
    with pytest.raises(bench_lib.MissingError, match="quality"):
        bench.recogniser("car.npz")


@pytest.fixture(scope="module")
def models(make_model):
    """Returns untrained models, conditional and not, of doodles."""
    drawn = [doodles.draw("cat", seed=seed).stroke3 for seed in range(40)]
    tiny = presets.preset("tiny").replace(
        encoder_size=4, decoder_size=4, z_size=2, num_mixtures=2
    )
    made = {}
    for conditional in (True, False):
        config = tiny.replace(conditional=conditional)
        config = measurement.fit_config(config, drawn)
        made[conditional] = make_model(config.replace(bucket_boundaries=()))
    return made


@pytest.fixture
def whole(models, monkeypatch, tmp_path):
    """Returns a bench whose models and judges are stand-ins."""
    monkeypatch.setattr(
        sources, "DOODLE_COUNTS", {"train": 2, "valid": 1, "test": 5}
    )
    kls = iter([1.4, 0.6, 0.4, 0.29, 0.05])
    bench = bench_lib.Bench(
        make_plan(),
        tmp_path,
        train=lambda *_: {"recon": 0.0, "loss": 0.0, "kl": next(kls)},
        say=lambda _: None,
    )
    monkeypatch.setattr(
        bench, "model", lambda training: models[training.config.conditional]
    )
    judges = {
        "kinds": ["cat", "none"],
        "eyes": ["three eyes", "two eyes"],
        "legs": ["more legs", "up to four legs"],
    }
    # Doodles have more points than what an untrained model draws mostly.
    monkeypatch.setattr(
        bench, "judge", lambda name: StandIn(judges[name], short=12)
    )
    return bench


@pytest.mark.parametrize(
    "name",
    ["reconstructions", "interpolations", "samples", "classes", "stopping",
     "spirals", "odd-inputs", "foreign-inputs"],
)  # fmt: skip
def test_a_claim_is_measured_with_models_and_judges(name, whole):
    measured = CLAIMS[name].measure(whole)
    assert isinstance(measured, claim_lib.Measured)
    assert measured.says and json.loads(json.dumps(measured.numbers))
    again = [v for v in measured.numbers.values() if isinstance(v, float)]
    assert all(0 <= value <= 1 for value in again)


def test_samples_need_models_of_all_kinds_of_kl(whole, monkeypatch):
    monkeypatch.setattr(whole, "result", lambda _: {"kl": 0.3})
    with pytest.raises(bench_lib.MissingError, match="near 0.3"):
        CLAIMS["samples"].measure(whole)


def test_real_classes_need_drawings(whole):
    with pytest.raises(bench_lib.MissingError, match="--many"):
        CLAIMS["real-classes"].measure(whole)


def test_odd_doodles_are_odd():
    three = oddities.with_eyes("cat", 3, seed=4)
    usual = doodles.draw("cat", seed=4)
    assert (three.factors.num_eyes, usual.factors.num_eyes) == (3, 2)
    assert three.stroke3[:, 2].sum() == usual.stroke3[:, 2].sum() + 1
    assert oddities.with_eyes("face", 1, seed=4).factors.num_eyes == 1
    legs = {
        oddities.with_extra_legs("pig", 4, seed=seed).factors.num_legs
        for seed in range(20)
    }
    assert legs == {0, 4, 8}  # heads, two wide legs, four legs


def test_mixed_drawings_have_strokes_of_both():
    cat, pig = (doodles.draw(k, seed=1).stroke3 for k in ("cat", "pig"))
    made = oddities.joined(cat, pig, share=0.5)
    count = round(0.5 * cat[:, 2].sum()) + round(0.5 * pig[:, 2].sum())
    assert made[:, 2].sum() == count and made[-1, 2] == 1
    points = np.cumsum(made[:, :2], axis=0)
    assert np.ptp(points, axis=0).max() <= 200 + 1e-6
    heads = coherence.mixed_heads(6)
    assert len(heads) == 6 and not np.array_equal(heads[0], heads[1])


@pytest.mark.parametrize("name", lessons.LESSONS)
def test_lessons_have_as_many_examples_of_each_class(name):
    lesson = lessons.LESSONS[name]
    sketches, labels = lesson.draw(4, lessons.TRAIN_SEED)
    counts = np.bincount(labels, minlength=len(lesson.words))
    wanted = [4] * len(lesson.words)
    if name == "kinds":
        wanted[-1] = 8
    assert counts.tolist() == wanted and len(sketches) == len(labels)
    assert all(sketch[-1, 2] == 1 for sketch in sketches)
    others, _ = lesson.draw(4, lessons.HELD_OUT_SEED)
    assert not np.array_equal(sketches[0], others[0])


def test_claims_are_kept_and_what_was_missing_is_tried_again(
    tmp_path, monkeypatch
):
    asked = []

    def measure(name, holds):
        def measured(bench):
            asked.append(name)
            if holds is None:
                raise bench_lib.MissingError("more")
            return claim_lib.Measured(holds, "a number", {"number": 1.0})

        return CLAIMS[name]._replace(measure=measured)

    fake = {
        name: measure(name, holds)
        for name, holds in (
            ("tradeoff", True), ("bound", False), ("real-classes", None)
        )
    }  # fmt: skip
    monkeypatch.setattr(claims_files.claims_lib, "CLAIMS", fake)
    bench = types.SimpleNamespace(plan=make_plan())
    said = []
    for _ in range(2):
        claims_files.measure(bench, list(fake), tmp_path, say=said.append)
    assert asked == [*fake, "real-classes"]
    assert said[2] == "real-classes: not measured; needs more"
    assert claims_files.check(bench.plan, list(fake), tmp_path) == [
        "real-classes"
    ]
    text = (tmp_path / "claims.md").read_text()
    assert "1 holds, 1 does not hold, 1 not measured" in text
    assert "needs more" in (tmp_path / "claims.html").read_text()
    rows = json.loads((tmp_path / "claims.json").read_text())["claims"]
    assert [row["verdict"] for row in rows] == [
        "holds", "does not hold", "not measured"
    ]  # fmt: skip
    other = make_plan(budget=plan_lib.Budget(1.0, 2, 21))
    with pytest.raises(ValueError, match="drawings is 20 there, 21 here"):
        claims_files.check(other, list(fake), tmp_path)
    (tmp_path / "claims" / "bound.json").write_text("[]")
    with pytest.raises(ValueError, match="expected a claim"):
        claims_files.check(bench.plan, list(fake), tmp_path)


@pytest.mark.slow
def test_the_command_measures_claims_from_nothing(tmp_path, capsys):
    from sketch_rnn_tf import cli

    command = ["experiment", "claims", "--only", "tradeoff", "spirals"]
    command += ["--budget", "quick", "--doodles-preset", "tiny"]
    command += ["--out", str(tmp_path / "out")]
    assert cli.main(command) == 0
    printed = capsys.readouterr().out
    assert "2 claims, 0 measured before" in printed
    assert "4 trainings, 0 done before" in printed
    assert (tmp_path / "out" / "claims.html").is_file()
    assert cli.main(command) == 0
    assert "2 claims, 2 measured before" in capsys.readouterr().out


@pytest.mark.parametrize(
    "more, said",
    [
        (["--only", "tradeof"], "tradeof"),
        (["--preset", "tiny"], "preset"),
        (["--many", "a.npz"], "three"),
        (["--data", "nowhere.npz", "--only", "bound"], "nowhere.npz"),
    ],
)
def test_bad_input_is_told_in_one_line(tmp_path, capsys, more, said):
    from sketch_rnn_tf import cli

    out = tmp_path / "out"
    command = ["experiment", "claims", *more, "--out", str(out)]
    try:
        status = cli.main(command)
    except SystemExit as stopped:
        status = stopped.code
    line = capsys.readouterr().err
    assert status == 2 and said in line and line.count("\n") == 1
    assert not out.exists()
