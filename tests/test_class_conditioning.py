"""Class conditioning: what a word changes, from the batches to the exports."""

import json

import numpy as np
import pytest
import tensorflow as tf

from export import signatures, status
from export.tfjs import graph as graph_lib
from sketch_rnn_tf import (
    cli,
    config as config_lib,
    datasets,
    labels as labels_lib,
    strokes,
    studio,
    training,
)
from sketch_rnn_tf.backend import keras
from sketch_rnn_tf.data import input_pipeline
from sketch_rnn_tf.files import tally
from sketch_rnn_tf.generation import (
    density,
    encoding,
    evaluation,
    interpolation,
    sampling,
    scoring,
    selection,
)
from sketch_rnn_tf.model import (
    decoder as decoder_lib,
    encoder as encoder_lib,
    vae,
)
from sketch_rnn_tf.studio import records
from sketch_rnn_tf.training import work_directory
from sketch_rnn_tf.weights import sketch_rnn_js

WORDS = ("cat", "pig", "owl")


@pytest.fixture(scope="module")
def config(tiny_config):
    """Returns the configuration of a class-conditioned model."""
    return tiny_config.replace(class_size=3, words=WORDS)


@pytest.fixture(scope="module")
def model(make_model, config):
    """Returns a conditional model of three words; leave it as it is."""
    return make_model(config)


@pytest.fixture(scope="module")
def generator(make_model, config):
    """Returns one without an encoder."""
    return make_model(config.replace(conditional=False))


@pytest.fixture(scope="module")
def labelled():
    """Returns 40 sketches whose first offset is 10 times 1 + their label."""
    rng = np.random.default_rng(3)
    labels = rng.integers(0, 3, 40)
    made = []
    for index, label in enumerate(labels):
        stroke3 = rng.integers(-9, 10, (2 + index % 11, 3)).astype(np.float32)
        stroke3[:, 2] = [0] * (len(stroke3) - 1) + [1]
        stroke3[0, 0] = 10 * (1 + label)
        made.append(stroke3)
    return labels_lib.Labelled(made, labels)


def _same(first, second):
    return all(np.array_equal(a, b) for a, b in zip(first, second, strict=True))


class TestBatches:
    @pytest.fixture(scope="class")
    @staticmethod
    def steady(config, labelled):
        """Returns a configuration that leaves first offsets as they are."""
        from sketch_rnn_tf.data import measurement

        changes = {"random_scale": 0.0, "point_drop_rate": 0.0}
        config = config.replace(num_buckets=3, **changes)
        return measurement.fit_config(config, labelled)

    @staticmethod
    def _records(sketches):
        """Returns the same as records to stream."""

        def record(index):
            stroke5 = strokes.stroke3_to_stroke5(sketches[index])
            return np.float32(stroke5), np.int64(sketches.labels[index])

        made = tf.data.Dataset.range(len(sketches)).map(
            lambda index: tf.numpy_function(
                record, [index], [tf.float32, tf.int64]
            )
        )

        def shaped(stroke5, label):
            stroke5, label = tf.ensure_shape(stroke5, [None, 5]), label
            return {"strokes": stroke5, "label": tf.ensure_shape(label, [])}

        return made.map(shaped).apply(
            tf.data.experimental.assert_cardinality(len(sketches))
        )

    @pytest.mark.parametrize("streamed", [False, True])
    @pytest.mark.parametrize("train", [False, True])
    def test_labels_follow_their_sketches(
        self, steady, labelled, streamed, train
    ):
        source = self._records(labelled) if streamed else labelled
        made = input_pipeline.batches(source, steady, training=train)
        found = []
        for batch in made.take(12):
            first = batch["strokes"][:, 1, 0].numpy() * steady.scale_factor
            labels = batch["labels"].numpy()
            assert labels.dtype == np.int32
            np.testing.assert_allclose(first / 10 - 1, labels, atol=1e-5)
            found.extend(labels)
        assert set(found) == {0, 1, 2}
        if not train:
            assert found == labelled.labels.tolist()

    @pytest.mark.parametrize("train", [False, True])
    def test_without_class_size_they_are_those_of_plain_sketches(
        self, steady, labelled, train
    ):
        plain = steady.replace(class_size=0)
        for one, two in zip(
            input_pipeline.batches(labelled, plain, training=train).take(9),
            input_pipeline.batches([*labelled], plain, training=train).take(9),
            strict=True,
        ):
            assert sorted(one) == sorted(two) == ["lengths", "strokes"]
            np.testing.assert_array_equal(one["strokes"], two["strokes"])

    def test_sketches_without_labels_are_refused(self, steady, labelled):
        with pytest.raises(ValueError, match="labels: expected.*alone"):
            input_pipeline.batches([*labelled], steady)
        bare = self._records(labelled).map(lambda r: {"strokes": r["strokes"]})
        with pytest.raises(ValueError, match="labels: .*records of strokes"):
            input_pipeline.batches(bare, steady)
        with pytest.raises(ValueError, match="0 to 1, indices of cat, pig"):
            input_pipeline.batches(labelled, steady.replace(words=WORDS[:2]))

    def test_labels_of_the_data_become_those_of_the_model(self, labelled):
        names = ("owl", "cat", "pig")
        data = datasets.Dataset(
            names,
            *[list(labelled)] * 3,
            dict.fromkeys(datasets.SPLITS, labelled.labels),
            tally.Tally(),
        )
        found = data.labelled("test", WORDS)
        assert [WORDS[label] for label in found.labels] == [
            names[label] for label in labelled.labels
        ]
        with pytest.raises(ValueError, match="unknown word 'owl'.*cat, pig"):
            data.labelled("test", WORDS[:2])

    def test_joined_streams_keep_their_words(self, labelled):
        streams = [self._records(labelled), self._records(labelled)]
        joined = datasets._joined(
            streams, [("a", "b", "c"), ("c", "d", "b")], ("a", "b", "c", "d")
        )
        seen = set()
        for record in joined.as_numpy_iterator():
            seen.add((int(record["strokes"][0, 0]) // 10 - 1, record["label"]))
        assert seen == {(0, 0), (1, 1), (2, 2), (0, 2), (1, 3), (2, 1)}


class TestModel:
    def test_without_class_size_its_weights_are_those_of_its_parts(
        self, tiny_config
    ):
        made = vae.SketchRNN(tiny_config)
        keras.utils.set_random_seed(tiny_config.seed)
        c = tiny_config
        encoder = encoder_lib.Encoder(c.encoder_cell, c.encoder_size, c.z_size)
        encoder.build((None, None, decoder_lib.POINT_SIZE))
        decoder = decoder_lib.Decoder(
            c.decoder_cell, c.decoder_size, c.z_size, c.num_mixtures
        )
        decoder.build((None, None, decoder_lib.POINT_SIZE))
        wanted = [*encoder.weights, *decoder.weights]
        for weight, want in zip(made.weights, wanted, strict=True):
            np.testing.assert_array_equal(weight, want)

    def test_decoder_sees_z_and_the_vector_of_the_label(self, model):
        z = np.float32(np.random.default_rng(0).normal(size=(2, 4)))
        joined = model.conditioned(z, np.int32([2, 0]))
        vectors = model.class_embedding.vectors.numpy()
        np.testing.assert_array_equal(joined[:, :4], z)
        np.testing.assert_allclose(joined[:, 4:], vectors[[2, 0]])
        assert model.decoder.z_size == 7

    def test_gradient_reaches_the_vectors_of_the_labels_seen(
        self, model, labelled
    ):
        chosen = labels_lib.Labelled(labelled[:4], [0, 2, 2, 0])
        batch = input_pipeline.to_batch(chosen, model.config)
        with tf.GradientTape() as tape:
            output = model(batch, training=True, seed=[1, 2])
            recon, _ = model.loss_terms(output, batch["strokes"], training=True)
            loss = tf.reduce_mean(recon.offset + recon.pen)
        gradient = tape.gradient(loss, model.class_embedding.vectors.value)
        sizes = np.abs(gradient.numpy()).max(axis=1)
        assert (sizes[[0, 2]] > 1e-5).all() and sizes[1] == 0

    def test_batch_without_labels_is_one_clear_error(self, model, sketches):
        batch = input_pipeline.to_batch(sketches[:2], model.config)
        with pytest.raises(ValueError, match=r"labels: expected int32 \[B\]"):
            model(batch)

    def test_there_have_to_be_words(self, config):
        with pytest.raises(ValueError, match="words: expected at least one"):
            vae.SketchRNN(config.replace(words=()))

    def test_config_round_trip_and_reload(self, model, tmp_path):
        model.save(tmp_path / "model.keras")
        again = keras.saving.load_model(tmp_path / "model.keras")
        assert again.config == model.config
        np.testing.assert_array_equal(
            again.class_embedding.vectors, model.class_embedding.vectors
        )


@pytest.mark.parametrize("kind", ["model", "generator"])
class TestDrawing:
    @pytest.fixture
    def drawer(self, kind, request):
        return request.getfixturevalue(kind)

    def test_words_change_drawings_and_nothing_else_does(self, drawer):
        seeds = [5] * 4
        words = ["cat", "pig", "cat", "owl"]
        drawn = sampling.sample(drawer, count=4, seed=seeds, words=words)
        cat, pig, again, owl = drawn.sketches
        assert drawn.words == words
        assert not any(map(np.array_equal, (cat, pig, owl), (pig, owl, cat)))
        np.testing.assert_allclose(again, cat, atol=1e-3)
        alone = sampling.sample(drawer, count=1, seed=5, words="pig")
        np.testing.assert_allclose(alone.sketches[0], pig, atol=1e-3)

    def test_without_a_word_samples_go_round(self, drawer):
        drawn = sampling.sample(drawer, count=5, seed=1)
        assert drawn.words == ["cat", "pig", "owl", "cat", "pig"]

    def test_words_change_losses_and_completions(self, drawer, sketches):
        given = [s for s in sketches if len(s) > 5][:3]
        cat, pig = (
            scoring.score(drawer, given, words=word) for word in WORDS[:2]
        )
        assert (np.abs(cat.recon - pig.recon) > 1e-4).all()
        np.testing.assert_array_equal(cat.kl, pig.kl)
        ends = [
            sampling.complete(drawer, [s[:3] for s in given], words=word)
            for word in WORDS[:2]
        ]
        assert not _same(*(e.sketches for e in ends))
        for end in ends:
            for drawn, sketch in zip(end.sketches, given, strict=True):
                np.testing.assert_allclose(drawn[:3], sketch[:3], atol=1e-3)

    def test_labelled_sketches_are_scored_by_their_labels(
        self, drawer, labelled
    ):
        own = labels_lib.Labelled(labelled[:6], [0, 1, 2, 2, 1, 0])
        found = scoring.score(drawer, own)
        words = [WORDS[label] for label in own.labels]
        wanted = scoring.score(drawer, list(own), words=words)
        np.testing.assert_array_equal(found.loss, wanted.loss)
        drawer.compile()
        values = evaluation.evaluate(drawer, own, sample_z=False)
        assert values["recon"] == pytest.approx(found.recon.mean(), rel=1e-5)
        other = evaluation.evaluate(drawer, own, sample_z=False, words="cat")
        assert abs(other["recon"] - values["recon"]) > 1e-4

    def test_density_depends_on_the_word(self, drawer, sketches):
        cat, pig = (
            density.maps(drawer, sketches[0], word=word, resolution=9)
            for word in WORDS[:2]
        )
        assert not np.allclose(cat.densities, pig.densities)

    def test_the_likeliest_is_chosen_with_its_word(self, drawer):
        words = ["pig"] * 4 + ["owl"] * 4
        drawn = sampling.sample(drawer, count=8, seed=2, words=words)
        means = [
            rows.mean(dtype=np.float64)
            for rows in scoring.point_log_likelihoods(
                drawer,
                drawn.sketches,
                z=drawn.z,
                words=words,
            )
        ]
        kept = selection.best(drawer, drawn, of=4)
        assert kept.words == ["pig", "owl"]
        wanted = [np.argmax(means[:4]), 4 + np.argmax(means[4:])]
        assert kept.seeds.tolist() == [2 + int(i) for i in wanted]

    def test_served_it_draws_what_python_draws(self, drawer, sketches):
        functions = signatures.Signatures(drawer).functions
        words, count = ["owl", "cat", "owl", "pig"], 4
        drawn = sampling.sample(
            drawer, count=count, seed=3, temperature=0.5, words=words
        )
        asked = {
            "temperature": np.full(count, 0.5, np.float32),
            "seed": np.arange(3, 3 + count, dtype=np.int32),
            "max_len": np.full(count, drawer.config.max_len, np.int32),
            "labels": labels_lib.of(drawer.config, words, count),
        }
        if drawn.z is not None:
            asked["z"] = drawn.z
        answer = functions["decode"](**asked)
        scale = drawer.config.scale_factor
        for row, length, sketch in zip(
            answer["strokes"].numpy(),
            answer["lengths"].numpy(),
            drawn.sketches,
            strict=True,
        ):
            assert length == len(sketch)
            np.testing.assert_allclose(
                row[:length, :2], sketch[:, :2], atol=1e-4 * scale
            )
        # A label that is none spoils its own row alone.
        bad = functions["decode"](**asked | {"labels": np.int32([2, 3, -1, 1])})
        assert bad["status"].numpy().tolist() == [
            *(status.OK, status.BAD_LABELS, status.BAD_LABELS, status.OK)
        ]
        assert (bad["lengths"].numpy()[1:3] == 0).all()
        np.testing.assert_array_equal(
            bad["strokes"][0, : bad["lengths"][0]],
            answer["strokes"][0, : answer["lengths"][0]],
        )
        given = sketches[:2]
        batch = np.zeros((2, max(map(len, given)), 5), np.float32)
        for row, sketch in zip(batch, given, strict=True):
            row[: len(sketch)] = strokes.stroke3_to_stroke5(sketch)[:-1]
        scored = functions["score"](
            strokes=batch,
            lengths=np.int32([len(s) for s in given]),
            labels=np.int32([1, 0]),
        )
        wanted = scoring.score(drawer, given, words=["pig", "cat"])
        np.testing.assert_allclose(scored["recon"], wanted.recon, rtol=1e-4)

    def test_browsers_have_every_node_of_its_graph(self, drawer):
        from test_tfjs import KERNELS

        graph = graph_lib.frozen(drawer)
        assert {node.op for node in graph.node} <= KERNELS
        inputs = {n.name for n in graph.node if n.op == "Placeholder"}
        assert "word" in inputs and ("z" in inputs) == drawer.config.conditional

    def test_sketch_rnn_js_cannot_hold_it(self, drawer, tmp_path):
        with pytest.raises(ValueError, match="not class-conditioned"):
            sketch_rnn_js.export_sketch_rnn_js(
                drawer, tmp_path / "x.json", name="x"
            )
        assert not list(tmp_path.iterdir())


class TestStudio:
    def test_records_bring_their_words(self, model, tmp_path):
        plate = studio.sampled.grid(model, count=4, best_of=2, seed=1)
        assert [d.word for d in plate.drawings] == ["cat", "pig", "owl", "cat"]
        for kind in records.KINDS:
            path = records.write(
                tmp_path / f"drawn.{kind}", plate.drawings, {"": "m"}
            )
            assert records.read_latent(f"{path}:2").word == "owl"
        drawn = plate.drawings[1]
        again = sampling.sample(
            model,
            z=drawn.z[None],
            seed=drawn.seed,
            temperature=drawn.temperature,
            words=drawn.word,
        )
        np.testing.assert_allclose(again.sketches[0], drawn.sketch, atol=1e-3)

    def test_records_of_other_models_are_as_before(
        self, unconditional, tmp_path
    ):
        plate = studio.sampled.grid(unconditional, count=2)
        path = records.write(tmp_path / "a.json", plate.drawings, {})
        assert all("word" not in row for row in json.loads(path.read_text()))
        path = records.write(tmp_path / "a.npz", plate.drawings, {})
        assert "words" not in np.load(path)

    def test_interpolations_turn_at_half(self, model, sketches):
        drawn = interpolation.interpolate(
            model, *sketches[:2], steps=5, words=["cat", "owl"]
        )
        assert drawn.words == ["cat", "cat", "cat", "owl", "owl"]
        with pytest.raises(ValueError, match="words: expected one"):
            interpolation.interpolate(model, *sketches[:2])
        z, _ = encoding.encode(model, sketches[:4])
        plate = studio.interpolations.corners(
            model, z, rows=2, columns=2, words=["owl", "cat", "pig", "cat"]
        )
        assert [d.word for d in plate.drawings] == ["owl", "cat", "pig", "cat"]

    def test_plates_draw_what_is_asked(self, model, unconditional, sketches):
        given, words = sketches[:2], ["owl", "cat"]
        plates = {
            "owl owl cat cat": studio.completions.endings(
                model, [s[:2] for s in given], count=2, words=words
            ),
            "owl cat owl": studio.variations.pattern(
                model, given, columns=3, rows=1, words=words
            ),
            "owl cat": studio.reconstructions.beautified(
                model, given, best_of=2, words=words
            ),
            "pig pig pig": studio.analogies.sums(
                model, [(given, given[:1])], words="pig"
            ),
        }
        for wanted, plate in plates.items():
            assert " ".join(d.word for d in plate.drawings) == wanted
        mixed = studio.reconstructions.table(
            {"a": model}, given, [0.5], words=words
        )
        assert [d.word for d in mixed.drawings] == words


class TestCommands:
    @pytest.fixture(scope="class")
    @staticmethod
    def folder(tmp_path_factory, doodle_sketches):
        """Returns a folder with data of two words as npz files."""
        folder = tmp_path_factory.mktemp("classes")
        for place, word in enumerate(WORDS):
            own = doodle_sketches[6 * place : 6 * place + 6]
            own = np.array([*own, None], object)[:-1]
            arrays = {"train": own, "valid": own[:2], "test": own[:2]}
            np.savez_compressed(folder / f"{word}.npz", **arrays)
        return folder

    @pytest.fixture(scope="class")
    @staticmethod
    def work(folder, config, make_model):
        """Returns the work directory of a model of two words."""
        model = make_model(config.replace(words=("pig", "cat"), max_len=90))
        model.compile()
        return training.save(model, folder / "work")

    @pytest.fixture
    def data(self, folder):
        return f"{folder / 'pig.npz'},{folder / 'cat.npz'}"

    @pytest.mark.slow
    def test_training_goes_on_from_where_it_was(self, folder, data, tmp_path):
        train = [
            *("train", "--data", data, "--preset", "tiny"),
            *("--set", "class_size=3", "free_bits=0.01", "encoder_size=4"),
            *("decoder_size=8", "batch_size=4", "validate_every=2"),
        ]
        straight = ["--work-dir", str(tmp_path / "a"), "--steps", "4"]
        assert cli.main([*train, *straight]) == 0
        parts = ["--work-dir", str(tmp_path / "b"), "--steps"]
        assert cli.main([*train, *parts, "3"]) == 0
        assert cli.main([*train, *parts, "4", "--resume"]) == 0
        rows, weights = [], []
        for name in "ab":
            model = training.load(tmp_path / name)
            assert model.config.words == ("pig", "cat")
            weights.append(model.get_weights())
            row = work_directory.read_history(tmp_path / name)[-1]
            # Those of training are of one step here, of two there.
            rows.append({k: v for k, v in row.items() if k.startswith("val_")})
        assert _same(*weights)
        assert rows[0] == rows[1]

    def test_drawings_are_of_their_words(self, work, data, tmp_path, capsys):
        drawn = {}
        for name, more in (("turn", []), ("cats", ["--word", "cat"])):
            out = tmp_path / f"{name}.svg"
            sample = ["sample", "--model", str(work), "--count", "3"]
            more = [*more, "--out", str(out), "--also", "json"]
            assert cli.main([*sample, *more]) == 0
            drawn[name] = json.loads(out.with_suffix(".json").read_text())
        assert [r["word"] for r in drawn["turn"]] == ["pig", "cat", "pig"]
        assert [r["word"] for r in drawn["cats"]] == ["cat"] * 3
        assert drawn["turn"][1] == drawn["cats"][1]
        out = tmp_path / "again.svg"
        again = ["--latent", f"{tmp_path / 'turn.json'}:1", "--seed", "1"]
        again = [*again, "--out", str(out), "--also", "json"]
        assert cli.main(["sample", "--model", str(work), *again]) == 0
        (row,) = json.loads(out.with_suffix(".json").read_text())
        assert row["word"] == "cat" and row["z"] == drawn["cats"][1]["z"]
        capsys.readouterr()
        ask = ["reconstruct", "--model", str(work), "--data", data]
        ask += ["--out", str(tmp_path / "r.svg"), "--also", "json"]
        assert cli.main(ask) == 0
        rows = json.loads((tmp_path / "r.json").read_text())
        assert [row["word"] for row in rows] == ["pig", "pig", "cat", "cat"]

    def test_evaluation_takes_the_words_of_the_data(self, work, data, capsys):
        ask = ["evaluate", "--model", str(work), "--data", data, "--json"]
        values = []
        for more in ([], ["--word", "pig", "pig", "cat", "cat"]):
            capsys.readouterr()
            assert cli.main([*ask, *more]) == 0
            values.append(json.loads(capsys.readouterr().out))
        assert values[0] == values[1]

    @pytest.mark.parametrize(
        ("command", "message"),
        [
            ("sample --word catt", "unknown word 'catt': did you mean 'cat'"),
            ("reconstruct --data {stranger}", "unknown word 'owl'"),
            ("reconstruct --data {stranger}", "--word names another"),
            ("score --data {stranger} --word dog", "unknown word 'dog'"),
        ],
    )
    def test_bad_words_are_one_line(
        self, folder, work, tmp_path, capsys, command, message
    ):
        name, *more = command.format(stranger=folder / "owl.npz").split()
        out = tmp_path / "out.svg"
        ask = [name, "--model", str(work), *more, "--out", str(out)]
        capsys.readouterr()
        assert cli.main(ask) == 2
        error = capsys.readouterr().err.strip()
        assert message in error and "\n" not in error
        assert not out.exists()

    def test_plain_models_take_no_word(self, unconditional, tmp_path, capsys):
        unconditional.compile()
        work = training.save(unconditional, tmp_path / "plain")
        out = ["--out", str(tmp_path / "out.svg")]
        ask = ["sample", "--model", str(work), "--word", "cat", *out]
        assert cli.main(ask) == 2
        assert "no model is class-conditioned" in capsys.readouterr().err


def test_configuration_of_words_is_checked():
    with pytest.raises(ValueError, match="class_size: expected at least 0"):
        config_lib.Config(class_size=-1)
    with pytest.raises(ValueError, match="free_bits: expected at least 0"):
        config_lib.Config(free_bits=-0.1)
