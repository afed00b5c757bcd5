"""Import of the reference implementation's checkpoints."""

import json
import pathlib
import xml.etree.ElementTree as ET

import numpy as np
import pytest
import reference_files
import reference_numpy
import tensorflow as tf

from sketch_rnn_tf import cli, config, presets, training
from sketch_rnn_tf.training import work_directory
from sketch_rnn_tf.weights import magenta, reference_weights

LSTM = {
    "encoder": "lstm", "encoder_size": 4, "decoder": "lstm",
    "decoder_size": 6, "z_size": 3, "num_mixtures": 2,
}  # fmt: skip
UNCONDITIONAL = {"decoder": "lstm", "decoder_size": 6, "num_mixtures": 2}
# As the reference writes it, of the model above.
HPARAMS = {
    "data_set": ["aaron_sheep.npz"],
    "num_steps": 10_000_000,
    "save_every": 500,
    "max_seq_len": 11,
    "dec_rnn_size": 6,
    "dec_model": "lstm",
    "enc_rnn_size": 4,
    "enc_model": "lstm",
    "z_size": 3,
    "kl_weight": 0.4,
    "kl_weight_start": 0.01,
    "kl_tolerance": 0.2,
    "batch_size": 7,
    "grad_clip": 1.0,
    "num_mixture": 2,
    "learning_rate": 0.002,
    "decay_rate": 0.9998,
    "kl_decay_rate": 0.9999,
    "min_learning_rate": 1e-5,
    "use_recurrent_dropout": True,
    "recurrent_dropout_prob": 0.75,
    "use_input_dropout": False,
    "input_dropout_prob": 0.9,
    "use_output_dropout": False,
    "output_dropout_prob": 0.9,
    "random_scale_factor": 0.15,
    "augment_stroke_prob": 0.05,
    "conditional": True,
    "is_training": True,
}
# What the importer makes of them.
IMPORTED = {
    "steps": 10_000_000,
    "validate_every": 500,
    "max_len": 11,
    "kl_weight": 0.4,
    # Absolute there, a fraction of the weight here.
    "kl_start_fraction": 0.01 / 0.4,
    "kl_tolerance": 0.2,
    "batch_size": 7,
    "gradient_clip": 1.0,
    "learning_rate": 0.002,
    "learning_rate_decay": 0.9998,
    "kl_decay_rate": 0.9999,
    "min_learning_rate": 1e-5,
    # A keep probability there.
    "recurrent_dropout": 0.25,
    "input_dropout": 0.0,
    "output_dropout": 0.0,
    "random_scale": 0.15,
    "point_drop_rate": 0.05,
}


def _variables(sizes=LSTM, seed=0):
    return reference_numpy.draw(reference_numpy.shapes(**sizes), seed)


def _write(folder, sizes=LSTM, *, seed=0, **options):
    """Writes a checkpoint of drawn variables; returns the folder."""
    return reference_files.write_checkpoint(
        folder, _variables(sizes, seed), **options
    )


def _assert_holds(model, variables):
    """Asserts that the model's weights are the variables, all of them."""
    found = {}
    for piece in reference_weights.pieces(model):
        found |= reference_weights.split(piece, piece.weight.numpy())
    assert set(found) == set(variables)
    for name, value in variables.items():
        np.testing.assert_array_equal(found[name], value, err_msg=name)


def _data(path):
    """Writes eighteen small sketches of 3 to 8 points."""
    rng = np.random.default_rng(0)
    sketches = []
    for index in range(18):
        sketch = rng.integers(-30, 31, (3 + index % 6, 3))
        sketch[:, 2] = 0
        sketch[-1, 2] = 1
        sketches.append(sketch)
    return reference_files.write_npz(path, sketches)


def _everything(folder):
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*"))


# Weights.


@pytest.mark.parametrize("encoder", [None, *config.CELLS])
@pytest.mark.parametrize("decoder", config.CELLS)
def test_weights_and_sizes_come_from_the_checkpoint_alone(
    decoder, encoder, tmp_path
):
    sizes = {"decoder": decoder, "decoder_size": 5, "num_mixtures": 3}
    if encoder:
        sizes |= {"encoder": encoder, "encoder_size": 4, "z_size": 2}
    model, checkpoint = magenta.import_magenta(_write(tmp_path, sizes))
    _assert_holds(model, _variables(sizes))
    made = model.config
    assert (made.conditional, made.decoder_cell) == (bool(encoder), decoder)
    assert (made.decoder_size, made.num_mixtures) == (5, 3)
    if encoder:
        assert (made.encoder_cell, made.encoder_size) == (encoder, 4)
        assert made.z_size == 2
    assert (made.compatibility, made.max_len) == ("magenta", 250)
    assert made.start_point == (0, 0, 1, 0, 0)
    assert checkpoint.step == 0


def test_imported_model_computes_what_the_transcription_does(tmp_path):
    model, _ = magenta.import_magenta(_write(tmp_path), max_len=6)
    strokes, lengths = reference_numpy.draw_batch(3, batch_size=4, max_len=6)
    wanted = reference_numpy.forward(_variables(), strokes, lengths, eps=0.0)
    batch = {"strokes": tf.constant(strokes), "lengths": tf.constant(lengths)}
    output = model(batch, sample_z=False)
    recon, kl = model.loss_terms(output, batch["strokes"], training=True)
    # float32 against float64.
    np.testing.assert_allclose(output.z, wanted["mean"], rtol=0, atol=2e-6)
    total = float(tf.reduce_mean(recon.offset + recon.pen))
    assert total == pytest.approx(float(wanted["r_cost"]), rel=1e-5)
    assert float(tf.reduce_mean(kl)) == pytest.approx(
        float(wanted["kl_cost"]), rel=1e-5
    )


def test_checkpoint_of_the_largest_step_wins(tmp_path):
    for seed, name in enumerate(
        ("vector", "vector-9", "vector-1000", "vector-200")
    ):
        _write(tmp_path, name=name, seed=seed)
    model, checkpoint = magenta.import_magenta(tmp_path)
    assert checkpoint.path.endswith("vector-1000")
    _assert_holds(model, _variables(seed=2))


def test_plain_vector_prefix_is_read(tmp_path):
    model, checkpoint = magenta.import_magenta(
        _write(tmp_path, name="vector", seed=5)
    )
    assert checkpoint.path.endswith("vector")
    _assert_holds(model, _variables(seed=5))


# Configuration.


def test_configuration_is_read_from_an_object(tmp_path):
    model, _ = magenta.import_magenta(_write(tmp_path, config=HPARAMS))
    for key, value in IMPORTED.items():
        assert getattr(model.config, key) == pytest.approx(value), key


def test_booleans_may_be_0_and_1(tmp_path):
    numbers = {
        k: int(v) if isinstance(v, bool) else v for k, v in HPARAMS.items()
    }
    model, _ = magenta.import_magenta(
        _write(tmp_path / "numbers", config=numbers)
    )
    other, _ = magenta.import_magenta(
        _write(tmp_path / "booleans", config=HPARAMS)
    )
    assert model.config == other.config


@pytest.mark.parametrize("used", [False, 0])
def test_recurrent_dropout_that_was_off_stays_off(used, tmp_path):
    hparams = HPARAMS | {"use_recurrent_dropout": used}
    model, _ = magenta.import_magenta(_write(tmp_path, config=hparams))
    assert model.config.recurrent_dropout == 0


@pytest.mark.parametrize("sizes", [LSTM, UNCONDITIONAL])
def test_list_of_keys_counts_as_no_configuration(sizes, tmp_path):
    # What later versions of the reference write by mistake.
    listed, _ = magenta.import_magenta(
        _write(tmp_path / "listed", sizes, config=sorted(HPARAMS))
    )
    absent, _ = magenta.import_magenta(_write(tmp_path / "absent", sizes))
    assert listed.config == absent.config
    assert listed.config.batch_size == presets.preset("magenta").batch_size
    _assert_holds(listed, _variables(sizes))


def test_arguments_go_before_the_configuration(tmp_path):
    model, _ = magenta.import_magenta(
        _write(tmp_path, config=HPARAMS), max_len=40, scale_factor=12.5
    )
    assert (model.config.max_len, model.config.scale_factor) == (40, 12.5)


# The optimizer.


def _moments(model):
    """Returns Adam's two moments by the reference's names."""
    places = {id(v): i for i, v in enumerate(model.trainable_variables)}
    first, second = {}, {}
    for piece in reference_weights.pieces(model):
        place = places[id(piece.weight)]
        for found, moments in (
            (first, model.optimizer._momentums),
            (second, model.optimizer._velocities),
        ):
            value = moments[place].numpy()
            found |= reference_weights.split(piece, value)
    return first, second


@pytest.mark.parametrize("kind", config.CELLS)
def test_adam_slots_and_step_become_the_optimizers(kind, tmp_path):
    sizes = LSTM | {"encoder": kind, "decoder": kind}
    extra = reference_files.training_variables(_variables(sizes), step=731)
    model, checkpoint = magenta.import_magenta(
        _write(tmp_path, sizes, name="vector-731", extra=extra)
    )
    assert checkpoint.step == 731
    assert int(model.optimizer.iterations) == 731
    first, second = _moments(model)
    for name in _variables(sizes):
        slot = f"vector_rnn/vector_rnn/{name}/Adam"
        np.testing.assert_array_equal(first[name], extra[slot])
        np.testing.assert_array_equal(second[name], extra[f"{slot}_1"])
    _assert_holds(model, _variables(sizes))


def test_checkpoint_without_slots_starts_adam_afresh(tmp_path):
    model, _ = magenta.import_magenta(
        _write(tmp_path, extra={"vector_rnn/global_step": np.int32(40)})
    )
    assert int(model.optimizer.iterations) == 40
    for moments in _moments(model):
        assert not any(value.any() for value in moments.values())


def test_resumed_training_has_the_slots(tmp_path):
    extra = reference_files.training_variables(_variables(), step=20)
    source = _write(tmp_path / "in", extra=extra)
    model, _ = magenta.import_magenta(source, max_len=8, scale_factor=9.0)
    training.save(model, tmp_path / "work")
    sketches = [np.float32([[3, 4, 0], [5, -6, 1]])] * 4
    # No steps are left: what was restored comes back as it is.
    resumed = training.train(
        model.config.replace(steps=20),
        sketches,
        sketches,
        tmp_path / "work",
        resume=True,
        verbose=0,
    )
    assert int(resumed.optimizer.iterations) == 20
    for got, wanted in zip(_moments(resumed), _moments(model), strict=True):
        for name, value in wanted.items():
            np.testing.assert_array_equal(got[name], value)
    _assert_holds(resumed, _variables())


# The command line.


@pytest.fixture(scope="module")
def imported(tmp_path_factory):
    """Returns a work directory from the command line, and data for it."""
    folder = tmp_path_factory.mktemp("magenta")
    data = _data(folder / "data.npz")
    variables = _variables()
    # So that drawings have points: the end is unlikely.
    variables["RNN/output_b"][2] -= 4
    extra = reference_files.training_variables(variables, step=12)
    source = reference_files.write_checkpoint(
        folder / "in",
        variables,
        name="vector-12",
        extra=extra,
        config=HPARAMS | {"batch_size": 4},
    )
    arguments = ["import", "magenta", str(source), "--data", str(data)]
    assert cli.main([*arguments, "--out", str(folder / "work")]) == 0
    return folder / "work", data


def test_imported_directory_is_a_work_directory(imported):
    work, _ = imported
    made = work_directory.load_config(work)
    # As the data has them; the checkpoint does not hold the factor.
    assert made.max_len == 8
    assert 15 < made.scale_factor < 20
    assert (work / work_directory.BEST_WEIGHTS).is_file()
    model = training.load(work)
    variables = _variables()
    variables["RNN/output_b"][2] -= 4
    _assert_holds(model, variables)


def test_imported_model_samples_and_completes(imported, tmp_path):
    work, data = imported
    for index, arguments in enumerate(
        (
            ["sample", "--count", "2"],
            ["reconstruct", "--data", str(data), "--count", "2"],
            ["complete", "--data", str(data), "--count", "2"],
        )
    ):
        out = tmp_path / f"{index}.svg"
        assert (
            cli.main([*arguments, "--model", str(work), "--out", str(out)]) == 0
        )
        assert ET.parse(out).getroot().tag.endswith("svg")


def test_imported_model_is_evaluated(imported, capsys):
    work, data = imported
    assert (
        cli.main(
            ["evaluate", "--model", str(work), "--data", str(data), "--json"]
        )
        == 0
    )
    values = json.loads(capsys.readouterr().out)
    assert values["count"] == 6
    assert np.isfinite(values["loss"])
    # The reference's form: what its floor leaves.
    assert values["kl"] >= 0.2 - 1e-6


def test_imported_model_is_exported(imported, tmp_path):
    work, _ = imported
    out = tmp_path / "saved"
    arguments = ["export", "saved-model", "--model", str(work)]
    assert cli.main([*arguments, "--out", str(out)]) == 0
    assert (out / "1" / "saved_model.pb").is_file()


def test_imported_model_trains_on(imported, tmp_path):
    source, data = imported
    work = tmp_path / "work"
    # A copy of its own: the others read the original.
    for path in source.rglob("*"):
        if path.is_file():
            copied = work / path.relative_to(source)
            copied.parent.mkdir(parents=True, exist_ok=True)
            copied.write_bytes(path.read_bytes())
    arguments = [
        "train", "--data", str(data), "--work-dir", str(work), "--resume",
        "--steps", "14", "--set", "validate_every=2",
    ]  # fmt: skip
    assert cli.main(arguments) == 0
    rows = work_directory.read_history(work)
    # Twelve steps had been done, two are new.
    assert [row["step"] for row in rows] == [14]
    assert np.isfinite(rows[0]["val_loss"])


def test_without_data_the_scale_factor_is_said_to_be_missing(tmp_path, capsys):
    source = _write(tmp_path / "in")
    arguments = ["import", "magenta", str(source), "--max-len", "9"]
    assert cli.main([*arguments, "--out", str(tmp_path / "work")]) == 0
    assert "scale_factor 1" in capsys.readouterr().out
    made = work_directory.load_config(tmp_path / "work")
    assert (made.scale_factor, made.max_len) == (1.0, 9)


def test_scale_factor_of_the_command_line_is_kept(tmp_path):
    source = _write(tmp_path / "in")
    arguments = ["import", "magenta", str(source), "--scale-factor", "18.5"]
    assert cli.main([*arguments, "--out", str(tmp_path / "work")]) == 0
    assert work_directory.load_config(tmp_path / "work").scale_factor == 18.5


# Bad input.


def _changed(name, change):
    """Returns a writer of a checkpoint with one variable changed."""

    def write(folder):
        variables = _variables()
        value = change(variables.pop(name).copy())
        if value is not None:
            variables[name] = value
        reference_files.write_checkpoint(folder, variables)

    return write


def _with_nan(value):
    value.flat[1] = np.nan
    return value


def _with_infinity(value):
    value.flat[0] = np.inf
    return value


def _configured(**changes):
    def write(folder):
        _write(folder, config=HPARAMS | changes)

    return write


def _truncated(part, keep):
    def write(folder):
        _write(folder)
        (file,) = folder.glob(f"vector-0.{part}*")
        file.write_bytes(file.read_bytes()[:keep])

    return write


def _without_data(folder):
    _write(folder)
    (file,) = folder.glob("vector-0.data*")
    file.unlink()


def _not_json(folder):
    _write(folder)
    (folder / "model_config.json").write_text("{'z_size': 3}")


def _not_utf8(folder):
    _write(folder)
    (folder / "model_config.json").write_bytes(b'{"z_size": "\xff"}')


def _json_string(folder):
    _write(folder, config="hparams")


def _empty(folder):
    folder.mkdir()


def _nothing(folder):
    pass


def _another_program(folder):
    reference_files.write_checkpoint(folder, {}, extra={"w": np.zeros(3)})


def _control_characters(folder):
    name = "vector_ru\x1b[2J#ut_w"
    reference_files.write_checkpoint(folder, {}, extra={name: np.zeros(3)})


def _many_steps(folder):
    _write(folder, extra={"vector_rnn/global_step": np.arange(5000)[:, None]})


def _step_of_text(folder):
    _write(folder, extra={"vector_rnn/global_step": np.array(b"many")})


def _damaged_slots(folder):
    extra = reference_files.training_variables(_variables(), step=3)
    name = "vector_rnn/vector_rnn/RNN/output_w/Adam"
    extra[name] = np.zeros([3, 2], np.float32)
    _write(folder, extra=extra)


BAD = {
    "no directory": (_nothing, ["expected a directory, found none"]),
    "empty directory": (_empty, ["vector-N.index", "found none"]),
    "another program's": (_another_program, ["vector_rnn/", "got w"]),
    "another program's, whose names are not for a terminal": (
        _control_characters, ["vector_rnn/", r"got vector_ru\x1b[2J#ut_w"],
    ),
    "truncated data": (
        # The message names the first variable that is not all there.
        _truncated("data", 100),
        ["vector-0.index", "vector_rnn/", "not all is there"],
    ),
    "truncated index": (
        _truncated("index", 40), ["vector-0.index", "another file"],
    ),
    "no data file": (
        _without_data, ["vector-0.data-...", "found none"],
    ),
    "NaN": (
        _changed("RNN/LSTMCell/bias", _with_nan),
        ["RNN/LSTMCell/bias", "finite", "NaN"],
    ),
    "infinity": (
        _changed("ENC_RNN_mu/super_linear_w", _with_infinity),
        ["ENC_RNN_mu/super_linear_w", "finite", "infinity"],
    ),
    "missing variable": (
        _changed("linear/super_linear_b", lambda value: None),
        ["expected a variable linear/super_linear_b"],
    ),
    "missing cell": (
        _changed("RNN/LSTMCell/W_hh", lambda value: None),
        ["expected a variable RNN/LSTMCell/W_hh"],
    ),
    "missing output": (
        _changed("RNN/output_w", lambda value: None),
        ["expected a variable RNN/output_w"],
    ),
    "wrong shape": (
        _changed("RNN/LSTMCell/W_xh", lambda value: value[:-1]),
        ["RNN/LSTMCell/W_xh", "expected shape [8, 24]", "got [7, 24]"],
    ),
    "wrong shape of the kernel that gives the size": (
        _changed("RNN/LSTMCell/W_hh", lambda value: value[:5]),
        ["RNN/LSTMCell/W_hh", "expected shape [n, 4 n]", "got [5, 24]"],
    ),
    "scalar for a kernel": (
        _changed("RNN/LSTMCell/W_hh", lambda value: value[0, 0]),
        ["RNN/LSTMCell/W_hh", "expected shape [n, 4 n]", "got []"],
    ),
    "no 6 M + 3 outputs": (
        _changed("RNN/output_w", lambda value: value[:, :-1]),
        ["RNN/output_w", "6 M + 3", "got 14"],
    ),
    "text for numbers": (
        _changed(
            "RNN/output_b", lambda value: np.array([b"a"] * value.size)
        ),
        ["RNN/output_b", "expected floating-point numbers"],
    ),
    "text for the step": (
        _step_of_text, ["global_step", "whole number", "many"],
    ),
    "many steps": (_many_steps, ["global_step", r"got [[ 0]\n [ 1]"]),
    "long text for a size": (
        _configured(dec_rnn_size="6" * 5000), ["dec_rnn_size", "'666", "..."],
    ),
    "long text for a number": (
        _configured(kl_weight="1" * 5000), ["kl_weight", "'111", "..."],
    ),
    "slots of another shape": (
        _damaged_slots, ["RNN/output_w", "expected shape [6, 15]", "[3, 2]"],
    ),
    "another size": (
        _configured(dec_rnn_size=512), ["dec_rnn_size", "6", "512"],
    ),
    "another cell": (
        _configured(enc_model="hyper"), ["enc_model", "'lstm'", "'hyper'"],
    ),
    "another z": (_configured(z_size=128), ["z_size", "3", "128"]),
    "another number of mixtures": (
        _configured(num_mixture=20), ["num_mixture", "2", "20"],
    ),
    "unconditional": (
        _configured(conditional=0), ["conditional", "True", "0"],
    ),
    "text for a number": (
        _configured(kl_weight="half"), ["kl_weight", "number", "'half'"],
    ),
    "text for steps": (
        _configured(num_steps="many"), ["num_steps", "number", "'many'"],
    ),
    "NaN in the configuration": (
        _configured(learning_rate=float("nan")), ["learning_rate", "finite"],
    ),
    "number too large": (
        _configured(kl_weight=10**400), ["kl_weight", "finite"],
    ),
    "impossible keep probability": (
        _configured(recurrent_dropout_prob=7), ["recurrent_dropout"],
    ),
    "not JSON": (_not_json, ["model_config.json", "expected JSON"]),
    "not UTF-8": (_not_utf8, ["model_config.json", "expected JSON"]),
    "JSON, but text": (
        _json_string, ["model_config.json", "JSON object", "str"],
    ),
}  # fmt: skip


@pytest.mark.parametrize("kind", BAD)
def test_bad_input_is_said_in_one_line_and_nothing_is_written(
    kind, tmp_path, capsys
):
    write, parts = BAD[kind]
    write(tmp_path / "in")
    before = _everything(tmp_path)
    arguments = ["import", "magenta", str(tmp_path / "in")]
    assert cli.main([*arguments, "--out", str(tmp_path / "work")]) == 2
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 1, lines
    assert lines[0].startswith("sketch-rnn: ")
    assert lines[0].isprintable()
    assert len(lines[0]) < 600
    for part in parts:
        assert part in lines[0]
    assert _everything(tmp_path) == before


@pytest.mark.parametrize("held", ["a training", "something"])
def test_directory_that_holds_something_is_left_alone(held, tmp_path, capsys):
    source = _write(tmp_path / "in")
    work = tmp_path / "work"
    work.mkdir()
    (work / ("config.json" if held == "a training" else "notes")).write_text("")
    before = _everything(tmp_path)
    arguments = ["import", "magenta", str(source), "--out", str(work)]
    assert cli.main(arguments) == 2
    line = capsys.readouterr().err
    assert str(pathlib.Path(work)) in line
    assert line.count("\n") == 1
    assert _everything(tmp_path) == before
