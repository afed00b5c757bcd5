"""Packed models: quantized, measured, found by name, refused if damaged."""

import contextlib
import dataclasses
import hashlib
import io
import json
import pathlib
import shutil
import zipfile

import hypothesis
import hypothesis.extra.numpy
import numpy as np
import pytest
from hypothesis import strategies as st

import sketch_rnn_tf
from sketch_rnn_tf import cli, datasets, packing, pretrained, training
from sketch_rnn_tf.command_line import demo
from sketch_rnn_tf.generation import evaluation
from sketch_rnn_tf.pretrained import cards, quantization, weights_file
from sketch_rnn_tf.training import work_directory

NAME = "stand-in"
FACTS = packing.Facts(
    summary="Nothing that anyone would recognise.",
    data="25 sketches of random numbers.",
    licence="CC BY 4.0",
    attribution="Made by NumPy.",
    evaluated_on="the same sketches",
    limits=["It draws noise."],
    training={"hardware": "two cores"},
)
ROWS = [
    {"step": 10, "val_loss": 2.0, "sketches_per_second": 5.0},
    {"step": 20, "val_loss": 1.0, "sketches_per_second": 10.0},
    {"step": 40, "val_loss": 1.5, "sketches_per_second": 10.0},
]


@pytest.fixture(scope="module")
def trained(make_model, tiny_config, tmp_path_factory):
    """Returns a work directory with a history, of a model that is not."""
    model = make_model(tiny_config.replace(words=["noise"]))
    model.compile()
    path = tmp_path_factory.mktemp("trained") / "work"
    training.save(model, path)
    work_directory.write_history(path, ROWS)
    return path


@pytest.fixture(scope="module")
def packed(trained, sketches, tmp_path_factory):
    """Returns a packed model's folder; copy it to change it."""
    out = tmp_path_factory.mktemp("packed")
    return packing.pack(trained, out, sketches, name=NAME, facts=FACTS)


@pytest.fixture
def shipped(packed, monkeypatch, tmp_path):
    """Makes the packed model the only one that is shipped."""
    monkeypatch.setattr(pretrained, "FOLDER", packed.parent)
    monkeypatch.chdir(tmp_path)
    return packed


@pytest.fixture
def random_npz(sketches, tmp_path):
    """Returns a file of the sketches, as each split."""
    path = tmp_path / "random.npz"
    splits = ("train", "valid", "test")
    np.savez(path, **{split: np.array(sketches, object) for split in splits})
    return path


@pytest.fixture
def copy(packed, tmp_path):
    """Returns a copy of the packed model's folder."""
    return shutil.copytree(packed, tmp_path / "copy")


def _refused(call, *args, **options):
    with pytest.raises(ValueError, match=".") as caught:
        call(*args, **options)
    text = str(caught.value)
    assert "\n" not in text
    return text


def _weights(model):
    return [weight.numpy() for weight in model.weights]


MATRICES = hypothesis.extra.numpy.arrays(
    np.float32,
    st.tuples(st.integers(1, 5), st.integers(1, 4)),
    elements=st.floats(-1000, 1000, width=32),
)


class TestQuantization:
    @hypothesis.given(MATRICES, st.sampled_from(["uint8", "uint16"]))
    def test_nothing_is_off_by_more_than_half_a_step(self, matrix, kind):
        columns = quantization.quantized(matrix, kind)
        restored = quantization.restored(columns)
        assert columns.codes.dtype == kind
        assert restored.dtype == np.float32
        # Half a step, and what float32 rounds at the matrix's magnitude; the
        # step, rounded to float32, may fall short 255 or 65535 times over.
        most = columns.step * 0.5 + 2e-7 * (np.abs(matrix).max(axis=0) + 1e-30)
        assert np.all(np.abs(restored - matrix) <= most)

    def test_a_step_is_a_column_s_own(self):
        matrix = np.array([[0, -3000], [1, 1000]], np.float32)
        restored = quantization.restored(
            quantization.quantized(matrix + 0.3, "uint8")
        )
        np.testing.assert_allclose(restored[:, 0], [0.3, 1.3], atol=0.002)

    def test_a_stack_keeps_its_shape(self):
        stack = np.random.default_rng(0).normal(size=[4, 3, 2])
        columns = quantization.quantized(stack.astype(np.float32), "uint16")
        assert columns.codes.shape == (4, 3, 2)
        assert columns.least.shape == (2,)
        np.testing.assert_allclose(
            quantization.restored(columns), stack, atol=1e-4
        )


class TestWeightsFile:
    WEIGHTS = {
        "decoder/kernel": np.array([[1.5, -2], [0.25, 7]], np.float32),
        "decoder/bias": np.array([0.1, 0.2], np.float32),
    }
    SHAPES = {"decoder/kernel": (2, 2), "decoder/bias": (2,)}

    @pytest.mark.parametrize("kind", quantization.KINDS)
    def test_vectors_come_back_as_they_were(self, kind):
        content = weights_file.encoded(self.WEIGHTS, kind)
        found = weights_file.decoded(content, self.SHAPES)
        assert list(found) == list(self.SHAPES)
        np.testing.assert_array_equal(
            found["decoder/bias"], self.WEIGHTS["decoder/bias"]
        )
        error = np.abs(found["decoder/kernel"] - self.WEIGHTS["decoder/kernel"])
        assert error.max() <= {"uint8": 0.02, "uint16": 1e-4, "none": 0}[kind]

    def test_the_same_weights_give_the_same_bytes(self):
        # What the format's bytes are, so that a change of them is noticed.
        content = weights_file.encoded(self.WEIGHTS, "uint8")
        assert content == weights_file.encoded(self.WEIGHTS, "uint8")
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            assert {m.date_time[0] for m in archive.infolist()} == {1980}
            assert archive.namelist() == [
                "decoder/kernel:codes.npy",
                "decoder/kernel:least.npy",
                "decoder/kernel:step.npy",
                "decoder/bias.npy",
            ]

    @pytest.mark.parametrize(
        ("weights", "kind", "message"),
        [
            ({"a": np.array([np.nan], np.float32)}, "uint8", "a: expected fin"),
            ({"a": np.array([1.0])}, "uint8", "a: expected float32, got f"),
            (WEIGHTS, "int4", "expected one of uint8, uint16, none, got 'int4"),
        ],
    )
    def test_bad_weights_are_refused(self, weights, kind, message):
        assert message in _refused(weights_file.encoded, weights, kind)

    @pytest.mark.parametrize(
        ("shapes", "message"),
        [
            ({**SHAPES, "encoder/bias": (2,)}, "expected the weight encoder/"),
            ({"decoder/kernel": (2, 2)}, "got 'decoder/bias' as well"),
            (SHAPES | {"decoder/kernel": (4, 1)}, "[4, 1], got float32 [2, 2]"),
        ],
    )
    def test_weights_of_another_model_are_refused(self, shapes, message):
        content = weights_file.encoded(self.WEIGHTS, "uint8")
        assert message in _refused(weights_file.decoded, content, shapes)

    @pytest.mark.parametrize("change", ["codes", "least", "step"])
    def test_columns_of_other_kinds_are_refused(self, change):
        arrays = {
            "codes": np.zeros([2, 2], np.uint8),
            "least": np.zeros(2, np.float32),
            "step": np.ones(2, np.float32),
        }
        arrays[change] = arrays[change].astype(np.float64)
        content = io.BytesIO()
        np.savez(content, **{f"a:{k}": v for k, v in arrays.items()})
        message = _refused(
            weights_file.decoded, content.getvalue(), {"a": (2, 2)}
        )
        assert message.startswith("a: expected codes of whole numbers")

    def test_pickles_are_not_loaded(self, tmp_path):
        class Evil:
            def __reduce__(self):
                return pathlib.Path.touch, (tmp_path / "ran",)

        content = io.BytesIO()
        np.savez(content, a=np.array([Evil()], object))
        message = _refused(
            weights_file.decoded, content.getvalue(), {"a": (1,)}
        )
        assert "expected an npz file of weights" in message
        assert not (tmp_path / "ran").exists()

    def test_what_could_unpack_to_more_than_it_is_is_refused(self):
        content = io.BytesIO()
        np.savez_compressed(content, a=np.zeros([1000], np.float32))
        assert "it is compressed" in _refused(
            weights_file.decoded, content.getvalue(), {"a": (1000,)}
        )


class TestPack:
    def test_holds_four_files_that_a_load_needs(self, packed):
        assert sorted(p.name for p in packed.iterdir()) == [
            "card.json",
            "card.md",
            "config.json",
            "weights.npz",
        ]
        assert packed.stat().st_mode & 0o777 == 0o755
        assert [p.name for p in packed.parent.iterdir()] == [NAME]

    def test_the_card_says_what_was_measured(self, packed, trained, sketches):
        card = cards.read(packed)
        model = training.load(packed)
        values = evaluation.evaluate(model, sketches)
        for key, value in values.items():
            assert card.metrics[key] == pytest.approx(value, abs=1e-6)
        values = evaluation.evaluate(training.load(trained), sketches)
        assert card.unquantized["recon"] == pytest.approx(
            values["recon"], abs=1e-6
        )
        assert abs(card.recon_change) < cards.LIMIT

    def test_the_card_knows_the_training(self, packed):
        card = cards.read(packed)
        assert card.training["steps"] == 40
        assert card.training["validation loss there"] == 1.0
        best = card.training["step of the best validation, which is shipped"]
        assert best == 20
        # Batches of 5: 50 sketches at 5/s, 50 at 10/s and 100 at 10/s.
        assert card.training["minutes in training steps"] == 0.4  # 25 s
        assert card.training["hardware"] == "two cores"
        assert card.words == ("noise",)

    def test_the_text_has_all_that_people_need(self, packed):
        text = (packed / "card.md").read_text()
        for part in (
            f"# {NAME}\n",
            "Words (1): noise.",
            "encoder lstm 8 a direction, z 4, decoder lstm 8, 3 mixtures",
            "Licence: CC BY 4.0. Made by NumPy.",
            "- hardware: two cores",
            "- It draws noise.",
            "On the same sketches, z sampled:",
        ):
            assert part in text.replace("\n", " ") + text
        assert max(map(len, text.splitlines())) <= 79

    def test_the_sum_is_that_of_the_weights(self, packed):
        content = (packed / "weights.npz").read_bytes()
        card = cards.read(packed)
        assert hashlib.sha256(content).hexdigest() == card.weights_sha256
        assert len(content) == card.weights_bytes

    def test_the_same_model_gives_the_same_bytes(
        self, packed, trained, sketches, tmp_path
    ):
        again = packing.pack(
            trained, tmp_path, sketches, name=NAME, facts=FACTS
        )
        for path in packed.iterdir():
            assert (again / path.name).read_bytes() == path.read_bytes()

    def test_what_changes_the_loss_is_refused(
        self, trained, sketches, tmp_path, monkeypatch
    ):
        monkeypatch.setattr(cards, "LIMIT", 1e-12)
        lines = []
        message = _refused(
            packing.pack,
            trained,
            tmp_path / "out",
            sketches,
            name=NAME,
            facts=FACTS,
            say=lines.append,
        )
        assert "expected L_R to change by less than" in message
        # The smaller one was tried first.
        assert [line.split(":")[0] for line in lines] == [
            "as trained",
            "uint8",
            "uint16",
        ]
        assert not (tmp_path / "out").exists()

    @pytest.mark.parametrize(
        ("changes", "message"),
        [
            ({"name": "../up"}, "name: expected at most 64 small letters"),
            ({"name": "Car"}, "name: expected at most 64 small letters"),
            ({"quantize": "int4"}, "quantize: expected one of auto, uint8"),
            ({"name": "there"}, "there: expected a new directory"),
        ],
    )
    def test_bad_arguments_are_refused_at_once(
        self, tmp_path, changes, message
    ):
        (tmp_path / "there").mkdir()
        options = {"name": NAME, "facts": FACTS} | changes
        text = _refused(packing.pack, "nothing", tmp_path, [], **options)
        assert message in text

    def test_any_cell_is_packed(self, make_model, tiny_config, tmp_path):
        config = tiny_config.replace(
            encoder_cell="layer_norm", decoder_cell="hyper"
        )
        model, other = make_model(config), make_model(config.replace(seed=1))
        content = weights_file.encoded(weights_file.of(model), "none")
        weights_file.assign(other, content, where="it")
        for one, two in zip(_weights(model), _weights(other), strict=True):
            np.testing.assert_array_equal(one, two)


class TestLoad:
    def test_by_name_by_path_and_by_directory_it_is_the_same(self, shipped):
        by_name = sketch_rnn_tf.load(NAME)
        by_path = sketch_rnn_tf.load(shipped)
        assert by_name.config.words == ("noise",)
        for one, two in zip(_weights(by_name), _weights(by_path), strict=True):
            np.testing.assert_array_equal(one, two)

    def test_a_directory_of_the_name_wins(self, shipped, trained, tmp_path):
        shutil.copytree(trained, tmp_path / NAME)
        model = sketch_rnn_tf.load(NAME)
        wanted = training.load(trained)
        for one, two in zip(_weights(model), _weights(wanted), strict=True):
            np.testing.assert_array_equal(one, two)

    def test_a_directory_that_hides_a_model_is_said(self, shipped, tmp_path):
        (tmp_path / NAME).mkdir()
        message = _refused(sketch_rnn_tf.load, NAME)
        assert "which hides the shipped model of this name" in message

    def test_a_wrong_name_gets_the_nearest_one(self, shipped):
        message = _refused(sketch_rnn_tf.load, "stand-im")
        assert message == (
            "stand-im: expected a work directory, found none, and no shipped "
            "model has this name; did you mean 'stand-in'? Shipped are stand-in"
        )

    def test_a_path_is_no_name(self, shipped, tmp_path):
        message = _refused(sketch_rnn_tf.load, tmp_path / NAME)
        assert message.endswith("expected a work directory, found none")

    @pytest.mark.parametrize("where", [0, 100, 2000, -1])
    def test_a_changed_byte_is_noticed(self, copy, where):
        file = copy / "weights.npz"
        content = bytearray(file.read_bytes())
        content[where] ^= 1
        file.write_bytes(content)
        message = _refused(sketch_rnn_tf.load, copy)
        assert f"{file}: expected the SHA-256 sum" in message

    def test_a_short_file_is_noticed(self, copy):
        file = copy / "weights.npz"
        file.write_bytes(file.read_bytes()[:-1])
        assert "bytes, as card.json says" in _refused(sketch_rnn_tf.load, copy)

    def test_missing_weights_are_said(self, copy):
        (copy / "weights.npz").unlink()
        message = _refused(sketch_rnn_tf.load, copy)
        assert message == f"{copy}: expected weights.npz, found none"

    def test_another_configuration_is_refused(self, copy):
        config = json.loads((copy / "config.json").read_text())
        (copy / "config.json").write_text(
            json.dumps(config | {"decoder_size": 9})
        )
        assert "expected float32 [" in _refused(sketch_rnn_tf.load, copy)


def _nested(depth):
    """Returns lists in lists: too deep to be copied, not to be read."""
    made = []
    for _ in range(depth):
        made = [made]
    return made


class TestCard:
    def test_comes_back_as_it_was_written(self, packed):
        card = cards.read(packed)
        assert card.to_json() == (packed / "card.json").read_text()
        assert dataclasses.replace(card, name="b").to_json() != card.to_json()

    @pytest.mark.parametrize(
        ("change", "message"),
        [
            (lambda v: "{", "expected JSON"),
            (lambda v: "[]", "expected a card with the format"),
            (lambda v: json.dumps(v | {"format": "x"}), "expected a card with"),
            (lambda v: json.dumps(v | {"format_version": 2}), "version 1;"),
            (lambda v: json.dumps(v | {"extra": 2}), "'extra' is missing or"),
            (lambda v: json.dumps(v | {"words": "a"}), "words: expected list"),
            (lambda v: json.dumps(v | {"words": [1]}), "words: expected list"),
            (lambda v: json.dumps(v | {"metrics": []}), "expected dict, got"),
            (lambda v: json.dumps(v | {"name": 1}), "name: expected str"),
            (lambda v: json.dumps(v | {"metrics": {}}), "a number for 'recon'"),
            (
                lambda v: json.dumps(
                    v | {"unquantized": v["metrics"] | {"kl": "low"}}
                ),
                "unquantized: expected a number for 'kl', got 'low'",
            ),
            (
                lambda v: json.dumps(
                    v | {"metrics": v["metrics"] | {"loss": float("nan")}}
                ),
                "metrics: expected a number for 'loss', got nan",
            ),
            (
                lambda v: json.dumps(
                    v | {"metrics": v["metrics"] | {"more": _nested(500)}}
                ),
                "metrics: expected a number for 'more', got [[[",
            ),
            (
                lambda v: json.dumps(v | {"training": {"N_max": _nested(500)}}),
                "a string or a number for 'N_max', got [[[",
            ),
            (lambda v: json.dumps(v | {"parameters": True}), "expected int"),
        ],
    )
    def test_a_damaged_one_is_refused(self, copy, change, message):
        file = copy / "card.json"
        file.write_text(change(json.loads(file.read_text())))
        assert message in _refused(cards.read, copy)


class TestCommands:
    def test_models_lists_them(self, shipped, capsys):
        assert cli.main(["models"]) == 0
        out = capsys.readouterr().out
        assert out.startswith(f"{NAME}  (0.0 MB, CC BY 4.0)\n")
        assert "\n    noise\n" in out
        assert "on the same sketches" in out

    def test_models_prints_a_card(self, shipped, capsys):
        assert cli.main(["models", NAME]) == 0
        out = capsys.readouterr().out
        assert out == (shipped / "card.md").read_text()
        assert cli.main(["models", "--json"]) == 0
        (card,) = json.loads(capsys.readouterr().out)
        assert card["name"] == NAME

    def test_models_does_not_know_others(self, shipped, capsys):
        assert cli.main(["models", "stand"]) == 2
        assert capsys.readouterr().err == (
            "sketch-rnn: models: expected the name of a shipped model, got "
            "'stand'; did you mean 'stand-in'? Shipped are stand-in\n"
        )

    def test_sample_takes_a_name(self, shipped, tmp_path):
        arguments = ["--count", "1", "--out", "a.svg"]
        assert cli.main(["sample", "--model", NAME, *arguments]) == 0
        assert (tmp_path / "a.svg").stat().st_size > 500

    def test_the_page_offers_all_and_others(
        self, shipped, tmp_path, capsys, monkeypatch
    ):
        page = ["export", "tfjs", "--page", "--out", "page", "--model"]
        assert cli.main([*page, "all"]) == 0
        assert cli.main([*page, NAME, str(shipped), "--name", "x"]) == 2
        assert "expected one model to give it to" in capsys.readouterr().err
        assert cli.main([*page, NAME, "stand"]) == 2
        assert "did you mean 'stand-in'" in capsys.readouterr().err
        listed = json.loads((tmp_path / "page/models/models.json").read_text())
        assert listed == [{"name": NAME, "path": "models/stand_in/"}]
        one = ["export", "tfjs", "--out", "one", "--model"]
        assert cli.main([*one, NAME, NAME]) == 2
        assert "expected one without --page" in capsys.readouterr().err
        assert cli.main([*one, "all"]) == 2  # a page's alone
        assert "no shipped model has this name" in capsys.readouterr().err
        monkeypatch.setattr(pretrained, "FOLDER", tmp_path)
        assert cli.main([*page, "all"]) == 2
        assert "no model comes with this" in capsys.readouterr().err

    def test_the_demo_s_page_offers_them(self, shipped, tmp_path):
        # Only those that are shipped, whatever else has their name.
        (tmp_path / NAME).mkdir()
        demo.offer_shipped(tmp_path / "page")
        listed = json.loads((tmp_path / "page/models/models.json").read_text())
        assert [one["name"] for one in listed] == [NAME]

    @pytest.mark.parametrize(
        ("options", "message"),
        [
            (["--preset", "tiny"], "preset: expected none with --start-from"),
            (["--set", "decoder_size=9"], "start-from: expected a model of th"),
            (["--resume"], "not allowed with argument"),
            (["--strategy", "multi_worker"], "start-from: expected one mach"),
        ],
    )
    def test_a_training_cannot_start_from_what_does_not_fit(
        self, shipped, random_npz, capfd, options, message
    ):
        train = ["train", "--data", str(random_npz), "--work-dir", "work"]
        with contextlib.suppress(SystemExit):
            assert cli.main([*train, "--start-from", NAME, *options]) == 2
        assert message in capfd.readouterr().err
        assert not pathlib.Path("work").exists()

    @pytest.mark.slow
    def test_a_training_starts_from_a_name(
        self, shipped, doodle_sketches, tmp_path, capfd
    ):
        # Other data: drawings of another size.
        splits = ("train", "valid", "test")
        short = [s[:12] for s in doodle_sketches[:10]]
        np.savez("d.npz", **{s: np.array(short, object) for s in splits})
        train = ["train", "--data", "d.npz", "--work-dir", "work"]
        # No learning, so that the weights are those that it began with.
        still = ["--start-from", NAME, "--steps", "1"]
        still += ["--set", "learning_rate=0", "min_learning_rate=0"]
        still += ["batch_size=10", "validate_every=1"]
        assert cli.main([*train, *still]) == 0
        model, wanted = training.load("work"), training.load(NAME)
        for one, two in zip(_weights(model), _weights(wanted), strict=True):
            np.testing.assert_array_equal(one, two)
        assert model.config.scale_factor == wanted.config.scale_factor
        assert model.config.words == ("d",)
        assert cli.main([*train, *still]) == 2
        assert "holds a training already" in capfd.readouterr().err
        assert cli.main([*train, "--resume", "--steps", "2"]) == 0
        rows = work_directory.read_history("work")
        assert [row["step"] for row in rows] == [1, 2]

    def test_pack_writes_a_folder(self, trained, tmp_path, capsys, random_npz):
        arguments = ["pack", "--model", str(trained), "--data", str(random_npz)]
        arguments += ["--name", "one", "--out", str(tmp_path / "out")]
        arguments += ["--summary", "Noise.", "--trained-on", "Numbers."]
        arguments += ["--licence", "none", "--attribution", "NumPy."]
        assert cli.main([*arguments, "--fact", "hardware"]) == 2
        assert "fact: expected NAME=TEXT" in capsys.readouterr().err
        assert cli.main([*arguments, "--fact", "hardware=a b"]) == 0
        card = cards.read(tmp_path / "out" / "one")
        assert card.evaluated_on == "random.npz, test split"
        assert card.training["hardware"] == "a b"

    def test_pack_measures_each_sketch_by_its_own_word(
        self, make_model, tiny_config, tmp_path, capsys, random_npz
    ):
        # The data's word is not the first of the model's.
        config = tiny_config.replace(class_size=3, words=["other", "random"])
        model = make_model(config)
        model.compile()
        training.save(model, tmp_path / "work")
        arguments = ["pack", "--model", str(tmp_path / "work")]
        arguments += ["--data", str(random_npz), "--out", str(tmp_path)]
        arguments += ["--summary", "Noise.", "--trained-on", "Numbers."]
        arguments += ["--licence", "none", "--attribution", "NumPy."]
        assert cli.main([*arguments, "--name", "two"]) == 0
        card = cards.read(tmp_path / "two")
        data = datasets.load(str(random_npz))
        values = [
            evaluation.evaluate(model, data.test, words=word)["recon"]
            for word in ("other", "random")
        ]
        assert card.unquantized["recon"] == pytest.approx(values[1], abs=1e-5)
        assert abs(values[0] - values[1]) > 1e-3


@pytest.mark.parametrize("name", pretrained.names())
def test_every_shipped_model_is_as_its_card_says(name):
    card = pretrained.card(name)
    assert card.name == name
    assert abs(card.recon_change) < cards.LIMIT
    assert (pretrained.FOLDER / name / "card.md").read_text(
        encoding="utf-8"
    ) == card.to_markdown()
    model = training.load(pretrained.FOLDER / name)
    assert model.count_params() == card.parameters
    assert model.config.words == card.words


def test_shipped_models_are_small():
    sizes = [pretrained.size(pretrained.FOLDER / n) for n in pretrained.names()]
    assert sum(sizes) <= 16 * 2**20
