"""Config: JSON round trip, refusals with a hint, presets as published."""

import dataclasses
import json
import math

import hypothesis
import pytest
from hypothesis import strategies as st

from sketch_rnn_tf import config, presets, version

unit = st.floats(0, 1)
below_one = st.floats(0, 1, exclude_max=True)
positive = st.integers(1, 10**6)
amount = st.floats(0, 1e6)

configs = st.builds(
    config.Config,
    conditional=st.booleans(),
    encoder_size=positive,
    decoder_size=positive,
    z_size=positive,
    num_mixtures=positive,
    start_point=st.sampled_from([(0, 0, 1, 0, 0), (0, 0, 0, 0, 0)]),
    compatibility=st.sampled_from(config.COMPATIBILITIES),
    max_len=st.integers(0, 1000),
    scale_factor=st.just(0.0) | st.floats(config.LEAST_SCALE, 1e6),
    words=st.lists(st.text(max_size=8), max_size=3),
    kl_weight=amount,
    kl_start_fraction=unit,
    kl_decay_rate=unit,
    recurrent_dropout=below_one,
    random_scale=below_one,
    learning_rate=amount,
    seed=st.integers(0, 2**31 - 1),
)


# A busy machine pauses at will.
@hypothesis.settings(deadline=None)
@hypothesis.given(configs)
def test_json_round_trip_is_the_identity(original):
    assert config.from_json(original.to_json()) == original


def test_json_has_every_field_and_the_package_version():
    written = json.loads(config.Config().to_json())
    fields = [field.name for field in dataclasses.fields(config.Config)]
    assert list(written) == fields
    assert written["version"] == version.__version__


def test_json_over_a_base_changes_the_given_keys_alone():
    base = presets.preset("small")
    got = config.from_json('{"z_size": 3}', base=base)
    assert got == base.replace(z_size=3)
    assert got != config.Config(z_size=3)


def test_config_is_frozen():
    with pytest.raises(dataclasses.FrozenInstanceError):
        config.Config().z_size = 3


@pytest.mark.parametrize(
    "make",
    [
        lambda: config.from_json('{"decoder_sise": 1}'),
        lambda: config.from_mapping({"decoder_sise": 1}),
        lambda: config.Config().replace(decoder_sise=1),
        lambda: config.parse_assignment("decoder_sise=1"),
    ],
)
def test_unknown_key_is_refused_with_a_suggestion(make):
    message = "unknown configuration key 'decoder_sise'.*'decoder_size'"
    with pytest.raises(ValueError, match=message):
        make()


def test_unknown_key_like_no_other_gets_the_list_alone():
    with pytest.raises(ValueError, match="'xyzzy': Known are .*z_size") as e:
        config.check_keys(["xyzzy"])
    assert "did you mean" not in str(e.value)


def test_key_named_self_is_an_unknown_key():
    with pytest.raises(ValueError, match="unknown configuration key 'self'"):
        config.from_json('{"self": 1}')


def test_unknown_preset_is_refused_with_a_suggestion():
    with pytest.raises(ValueError, match="preset 'magneta'.*'magenta'"):
        presets.preset("magneta")


@pytest.mark.parametrize(
    ("key", "value", "suggestion"),
    [
        ("encoder_cell", "lstn", "lstm"),
        ("decoder_cell", "ltsm", "lstm"),
        ("compatibility", "magneta", "magenta"),
    ],
)
def test_unknown_choice_is_refused_with_a_suggestion(key, value, suggestion):
    with pytest.raises(ValueError, match=f"{value}.*{suggestion}"):
        config.Config(**{key: value})


@pytest.mark.parametrize("value", [1e-10, 1e-300, 1e10, 1e300])
def test_scale_factor_that_float32_cannot_work_with_is_refused(value):
    message = "^scale_factor: expected 0 or a number from 1e-09 to 1e\\+09, got"
    with pytest.raises(ValueError, match=message):
        config.Config(scale_factor=value)


@pytest.mark.parametrize("value", [0.0, 1e-9, 1.0, 1e9])
def test_other_scale_factors_are_kept(value):
    assert config.Config(scale_factor=value).scale_factor == value


OUT_OF_RANGE = {
    "encoder_size": [0, -1],
    "decoder_size": [0],
    "z_size": [0],
    "num_mixtures": [0],
    "max_len": [-1],
    "scale_factor": [-0.1],
    "kl_weight": [-0.1],
    "kl_start_fraction": [-0.01],
    "kl_decay_rate": [-0.01, 1.01],
    "kl_tolerance": [-0.1],
    "recurrent_dropout": [-0.1, 1.0],
    "input_dropout": [-0.1, 1.0],
    "output_dropout": [-0.1, 1.0],
    "random_scale": [-0.1, 1.0],
    "point_drop_rate": [-0.1, 1.1],
    "batch_size": [0],
    "learning_rate": [-1e-9],
    "learning_rate_decay": [-0.1, 1.1],
    "min_learning_rate": [-1e-9],
    "gradient_clip": [-1],
    "steps": [-1],
    "validate_every": [0],
    "seed": [-1, 2**31],
    "start_point": [(), (0, 0, 1, 0)],
}


@pytest.mark.parametrize(
    ("key", "value"),
    [(key, value) for key, values in OUT_OF_RANGE.items() for value in values],
)
def test_value_out_of_range_is_refused(key, value):
    with pytest.raises(ValueError, match=f"^{key}: expected"):
        config.Config(**{key: value})


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("kl_start_fraction", 0),
        ("kl_start_fraction", 1),
        ("point_drop_rate", 1),
        ("recurrent_dropout", 0),
        ("gradient_clip", 0),
        ("max_len", 0),
        ("seed", 2**31 - 1),
    ],
)
def test_ends_of_a_range_are_allowed(key, value):
    assert getattr(config.Config(**{key: value}), key) == value


@pytest.mark.parametrize("value", [0, 1, False, True])
def test_zero_and_one_are_booleans(value):
    got = config.from_mapping({"conditional": value}).conditional
    assert got is bool(value)


@pytest.mark.parametrize("value", [2, -1, "true", 1.0, None, []])
def test_other_values_are_no_booleans(value):
    with pytest.raises(ValueError, match="^conditional: expected bool"):
        config.from_mapping({"conditional": value})


@pytest.mark.parametrize("text", ["NaN", "Infinity", "-Infinity", "1e999"])
@pytest.mark.parametrize("key", ["kl_weight", "z_size", "scale_factor"])
def test_numbers_that_are_not_finite_are_refused(key, text):
    with pytest.raises(ValueError, match=f"{key}: expected a finite number"):
        config.from_json(f'{{"{key}": {text}}}')


@pytest.mark.parametrize("key", ["kl_weight", "z_size"])
def test_whole_numbers_too_large_for_a_float_are_refused(key):
    with pytest.raises(ValueError, match=f"{key}: expected"):
        config.from_json(f'{{"{key}": {10**400}}}')


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("z_size", 1.5),
        ("z_size", "8"),
        ("z_size", True),
        ("z_size", None),
        ("kl_weight", True),
        ("kl_weight", "0.5"),
        ("encoder_cell", 3),
        ("words", "cat"),
        ("words", [1]),
        ("start_point", [0, 0, "1", 0, 0]),
    ],
)
def test_value_of_another_type_is_refused(key, value):
    with pytest.raises(ValueError, match=f"^{key}: expected"):
        config.from_mapping({key: value})


def test_numbers_of_equal_value_become_the_field_type():
    got = config.from_mapping({"z_size": 8.0, "kl_weight": 1, "words": ["a"]})
    assert (got.z_size, type(got.z_size)) == (8, int)
    assert (got.kl_weight, type(got.kl_weight)) == (1.0, float)
    assert got.words == ("a",)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "work/config.json: expected JSON"),
        ("{", "work/config.json: expected JSON"),
        ("[" * 100_000, "work/config.json: expected JSON"),
        (f'{{"seed": {"9" * 5000}}}', "work/config.json: expected JSON"),
        (
            f'{{"seed": "{"x" * 5000}"}}',
            r"^work/config.json: seed: expected int, got .{,60}$",
        ),
        ("[1]", "work/config.json: expected a JSON object.*got list"),
        ('{"z_size": 0}', "work/config.json: z_size: expected at least 1"),
    ],
)
def test_bad_json_is_refused_with_the_file_name(text, message):
    with pytest.raises(ValueError, match=message):
        config.from_json(text, name="work/config.json")


# The reference implementation's defaults, transcribed from the table of
# hyper-parameters in its account (parity.md, section 1): our key, its key,
# its value.  Left out is what belongs to the data or the mode: data_set,
# max_seq_len, is_training.
MAGENTA_DEFAULTS = [
    ("decoder_size", "dec_rnn_size", 512),
    ("decoder_cell", "dec_model", "lstm"),
    ("encoder_size", "enc_rnn_size", 256),
    ("encoder_cell", "enc_model", "lstm"),
    ("z_size", "z_size", 128),
    ("num_mixtures", "num_mixture", 20),
    ("kl_weight", "kl_weight", 0.5),
    # An absolute weight there, a fraction of kl_weight here.
    ("kl_start_fraction", "kl_weight_start", 0.01 / 0.5),
    ("kl_decay_rate", "kl_decay_rate", 0.99995),
    ("kl_tolerance", "kl_tolerance", 0.2),
    ("batch_size", "batch_size", 100),
    ("gradient_clip", "grad_clip", 1.0),
    ("learning_rate", "learning_rate", 1e-3),
    ("learning_rate_decay", "decay_rate", 0.9999),
    ("min_learning_rate", "min_learning_rate", 1e-5),
    # Keep probabilities there, drop rates here.
    ("recurrent_dropout", "recurrent_dropout_prob", 1 - 0.90),
    ("input_dropout", "use_input_dropout", 0),
    ("output_dropout", "use_output_dropout", 0),
    ("random_scale", "random_scale_factor", 0.15),
    ("point_drop_rate", "augment_stroke_prob", 0.10),
    ("steps", "num_steps", 10_000_000),
    ("validate_every", "save_every", 500),
    ("conditional", "conditional", True),
]


@pytest.mark.parametrize(("key", "reference_key", "value"), MAGENTA_DEFAULTS)
def test_magenta_preset_has_the_reference_value(key, reference_key, value):
    got = getattr(presets.preset("magenta"), key)
    if isinstance(value, float):
        # 1 - 0.9 is not 0.1 in binary; nothing else differs.
        assert math.isclose(got, value, rel_tol=1e-12), reference_key
    else:
        assert got == value, reference_key


@pytest.mark.parametrize("name", sorted(presets.PRESETS))
def test_presets_wait_for_the_data_and_survive_json(name):
    preset = presets.preset(name)
    assert (preset.max_len, preset.scale_factor, preset.words) == (0, 0, ())
    assert config.from_json(preset.to_json()) == preset


@pytest.mark.parametrize(
    ("assignment", "expected"),
    [
        ("z_size=32", ("z_size", 32)),
        (" z_size = 32", ("z_size", 32)),
        ("kl_weight=2.5e-1", ("kl_weight", 0.25)),
        ("conditional=false", ("conditional", False)),
        ("decoder_cell=lstm", ("decoder_cell", "lstm")),
        ('words=["cat", "a=b"]', ("words", ["cat", "a=b"])),
        ("compatibility=", ("compatibility", "")),
    ],
)
def test_assignment_is_json_where_it_can_be(assignment, expected):
    assert config.parse_assignment(assignment) == expected


def test_assignment_without_equals_sign_is_refused():
    with pytest.raises(ValueError, match="expected KEY=VALUE, got 'z_size'"):
        config.parse_assignment("z_size")
