"""figures: what is made, what is left out and why, and alone as together."""

import json
import pathlib

import numpy as np
import pytest

from sketch_rnn_tf import cli, datasets, doodles, figures
from sketch_rnn_tf.training import work_directory

WORDS = ("cat", "pig", "house", "car")


@pytest.fixture(scope="module")
def data():
    sketches = [
        doodles.draw(word, seed=seed).stroke3
        for word in WORDS
        for seed in range(8)
    ]
    labels = np.repeat(np.arange(len(WORDS)), 8)
    splits = ("train", "valid", "test")
    return datasets.Dataset(
        WORDS,
        *([sketches] * 3),
        dict.fromkeys(splits, labels),
    )


@pytest.fixture(scope="module")
def named(make_model, tiny_config):
    """Returns a conditional model and a decoder of the four words."""
    config = tiny_config.replace(max_len=64, scale_factor=40.0, words=WORDS)
    return [
        figures.Named(name, pathlib.Path(name), make_model(made))
        for name, made in (
            ("vae", config),
            ("plain", config.replace(conditional=False)),
            ("other", config.replace(kl_weight=0.25, seed=5)),
        )
    ]


@pytest.fixture
def given(named, data):
    return figures.Materials(named[::2], named[1:2], data, None, None, 3, None)


def _contents(out):
    return {path.name: path.read_bytes() for path in out.glob("*.svg")}


@pytest.mark.slow
def test_all_but_one_are_made_of_two_models_and_data(given, tmp_path):
    out = tmp_path / "figures"
    manifest = figures.write(given, out, command="make {}".format)
    entries = manifest["figures"]
    assert [int(n) for n in entries] == list(range(1, 24))
    missing = {n for n, entry in entries.items() if "needs" in entry}
    assert missing == {"8"}
    assert "--experiment" in entries["8"]["needs"]
    page = (out / "index.html").read_text()
    for number, entry in entries.items():
        for name in entry.get("files", ()):
            assert (out / name).read_text().startswith("<svg")
            assert f'src="{name}"' in page
        if "files" in entry:
            assert entry["command"] == f"make {number}"
            assert f"make {number}" in page
    assert json.loads((out / "manifest.json").read_text()) == manifest


def test_a_figure_alone_is_the_same(given, tmp_path):
    figures.write(given, tmp_path / "a", numbers=[7, 9, 14, 17])
    together = _contents(tmp_path / "a")
    for number in (17, 14, 9, 7):
        manifest = figures.write(given, tmp_path / "b", numbers=[number])
    assert _contents(tmp_path / "b") == together
    # One after the other, they stand on one page in order.
    assert list(manifest["figures"]) == ["7", "9", "14", "17"]
    page = (tmp_path / "b" / "index.html").read_text()
    places = [page.index(f'id="figure-{n}"') for n in (7, 9, 14, 17)]
    assert places == sorted(places)


def test_another_seed_makes_others(given, tmp_path):
    figures.write(given, tmp_path / "a", numbers=[3, 20])
    figures.write(given._replace(seed=4), tmp_path / "b", numbers=[3, 20])
    a, b = _contents(tmp_path / "a"), _contents(tmp_path / "b")
    assert all(a[name] != b[name] for name in a)


@pytest.mark.parametrize(
    ("changes", "number", "needs"),
    [
        ({"models": []}, 6, "--model"),
        ({"decoders": []}, 20, "--uncond-model"),
        ({"data": None}, 3, "sketches, --data"),
        ({"data": None}, 23, "sketches, --data"),
    ],
)
def test_what_is_left_out_says_what_it_needs(
    given, tmp_path, changes, number, needs
):
    manifest = figures.write(
        given._replace(**changes), tmp_path / "a", numbers=[number]
    )
    entry = manifest["figures"][str(number)]
    assert needs in entry["needs"] and "files" not in entry
    assert needs in (tmp_path / "a" / "index.html").read_text()


def test_figure_14_adds_what_the_doodles_are(given, monkeypatch):
    """With all kinds of doodles, whole animals and heads are told apart."""
    drawn, draw = {}, doodles.draw

    def remembered(kind, *, seed):
        doodle = draw(kind, seed=seed)
        whole = "full" if doodle.factors.full_body else "head"
        drawn[doodle.stroke3.tobytes()] = f"{whole} {kind}"
        return doodle

    monkeypatch.setattr(doodles, "draw", remembered)
    monkeypatch.setattr(
        figures.Materials, "words", lambda self, named: list(doodles.KINDS)
    )
    (plate,) = figures.FIGURES[14].make(given)
    cells = [
        drawn.get(np.asarray(cell).tobytes(), "=")
        for cell in plate.picture.sketches
    ]
    first, second = cells[: len(cells) // 2], cells[len(cells) // 2 :]
    assert first[:3] == ["full pig", "head cat", "head pig"]
    assert second[:3] == ["full pig", "head cat", "full cat"]
    assert set(first[3:] + second[3:]) == {"="}


def test_an_experiment_makes_figure_8(given, work_dir, tmp_path):
    (plate,) = figures.FIGURES[8].make(
        given._replace(experiment=work_dir.parent)
    )
    assert "<svg" in plate.picture.tostring()
    assert work_directory.read_history(work_dir)


def test_numbers_and_places_are_checked(given, tmp_path):
    with pytest.raises(ValueError, match="expected 1 to 23, got 24"):
        figures.write(given, tmp_path / "a", numbers=[24])
    assert not (tmp_path / "a").exists()
    (tmp_path / "mine.txt").write_text("mine")
    with pytest.raises(ValueError, match="got one without manifest.json"):
        figures.write(given, tmp_path)
    (tmp_path / "manifest.json").write_text("[]")
    with pytest.raises(ValueError, match="manifest.json is damaged"):
        figures.write(given, tmp_path)
    assert (tmp_path / "mine.txt").read_text() == "mine"


class TestCommand:
    def _run(self, capfd, line):
        capfd.readouterr()
        code = cli.main(line.split())
        return code, *capfd.readouterr()

    def test_makes_a_page_and_again_by_its_own_command(
        self, capfd, work_dir, tmp_path, monkeypatch
    ):
        monkeypatch.chdir(tmp_path)
        pathlib.Path("work").symlink_to(work_dir)
        line = "figures --model work --only 5 6 --seed 2 --out out"
        code, out, err = self._run(capfd, line)
        assert (code, err) == (0, "")
        assert "2 figures: open out/index.html" in out
        before = _contents(pathlib.Path("out"))
        manifest = json.loads(pathlib.Path("out/manifest.json").read_text())
        command = manifest["figures"]["6"]["command"]
        assert command.startswith("sketch-rnn figures --only 6 --model work")
        pathlib.Path("out/figure_06.svg").unlink()
        code, _, _ = self._run(capfd, command.removeprefix("sketch-rnn "))
        assert code == 0
        assert _contents(pathlib.Path("out")) == before

    @pytest.mark.parametrize(
        ("options", "said"),
        [
            ("--out out", "expected --model or --uncond-model"),
            ("--uncond-model work --out out", "expected unconditional ones"),
            ("--model work --experiment no --out out", "got no"),
            ("--model work --out work", "got one without manifest.json"),
        ],
    )
    def test_bad_input(
        self, capfd, work_dir, tmp_path, monkeypatch, options, said
    ):
        monkeypatch.chdir(tmp_path)
        pathlib.Path("work").symlink_to(work_dir)
        code, _, err = self._run(capfd, f"figures {options}")
        assert code == 2
        assert said in err and err.count("\n") == 1
        assert not pathlib.Path("out").exists()
