"""Training steps are finite for any valid sketches, and others are refused."""

import hypothesis
import numpy as np
import pytest
import tensorflow as tf
from extremes import NUMBERS, sketches, tried
from hypothesis import strategies as st

from sketch_rnn_tf import presets
from sketch_rnn_tf.data import input_pipeline, measurement
from sketch_rnn_tf.generation import sampling
from sketch_rnn_tf.model import vae

T, BATCH = 10, 4
SHORT = 4  # what batches of short sketches are padded to
CELLS = ("lstm", "layer_norm", "hyper")
NO_TERM = -1.0
# The library takes these; data that it measures has them from 1e-9 to 1,000.
SCALES = (1e-9, 1e-3, 1.0, 40.0, 1e3, 1e9)


def _model(cell, **changes):
    """Returns a compiled model that stays as it is, whatever it is taught."""
    config = presets.preset("tiny").replace(
        encoder_cell=cell,
        decoder_cell=cell,
        encoder_size=4,
        decoder_size=5,
        z_size=3,
        num_mixtures=2,
        batch_size=BATCH,
        max_len=T,
        scale_factor=1.0,
        learning_rate=0.0,
        min_learning_rate=0.0,
        recurrent_dropout=0.2,
        input_dropout=0.1,
        output_dropout=0.1,
        **changes,
    )
    model = vae.SketchRNN(config)
    rng = np.random.default_rng(0)
    for weight in model.trainable_weights:
        # Far from where they start, as they come to be in a training.
        weight.assign_add(rng.normal(0, 0.5, weight.shape))
    model.compile()
    model.optimizer.build(model.trainable_variables)
    return model


@st.composite
def batches(draw, max_len=T):
    """Draws sketches, and the scale factor that divides them."""
    drawn = st.lists(sketches(max_len), min_size=BATCH, max_size=BATCH)
    return draw(drawn), draw(st.sampled_from(SCALES))


def _batch(config, drawn, steps):
    given, scale = drawn
    made = input_pipeline.to_batch(
        given, config.replace(scale_factor=scale, max_len=steps)
    )
    assert np.isfinite(made["strokes"]).all()
    return made


KINDS = [
    *((cell, {"precision": "float32"}) for cell in CELLS),
    *((cell, {"precision": "mixed_bfloat16"}) for cell in CELLS),
    *((cell, {"precision": "mixed_float16"}) for cell in CELLS),
    *((cell, {"conditional": False, "recompute": True}) for cell in CELLS),
]


def _named(value):
    if isinstance(value, str):
        return value
    return "_".join(str(v) for v in value.values())


@pytest.mark.parametrize(("cell", "changes"), KINDS, ids=_named)
def test_steps_of_training_are_finite(cell, changes, effort):
    model = _model(cell, **changes)
    before = [weight.numpy() for weight in model.weights]
    step = tf.function(model.train_step)

    @tried(12, effort)
    @hypothesis.given(st.data())
    def check(data):
        # Bucketed batches stop before N_max: two shapes, each of which XLA
        # compiles for itself, which takes long for the largest cell.
        shapes = [T] if cell == "hyper" else [SHORT, T]
        steps = data.draw(st.sampled_from(shapes))
        batch = _batch(model.config, data.draw(batches(steps)), steps)
        model.optimizer.iterations.assign(0)
        model.reset_metrics()
        for variable in model.optimizer.variables[1:]:
            variable.assign(tf.zeros_like(variable))
        logs = {name: float(value) for name, value in step(batch).items()}
        assert logs.pop("bad_term") == NO_TERM
        assert np.isfinite(list(logs.values())).all(), logs

    check()
    for weight, value in zip(model.weights, before, strict=True):
        np.testing.assert_array_equal(weight, value)


@pytest.mark.parametrize("conditional", [True, False])
@pytest.mark.parametrize("cell", CELLS)
def test_losses_and_plain_gradients_are_finite(cell, conditional, effort):
    # As evaluation computes them: no written-out gradient, no dropout.
    model = _model(cell, conditional=conditional)
    variables = [weight.value for weight in model.trainable_weights]

    @tf.function
    def results(batch):
        with tf.GradientTape() as tape:
            output = model(batch)
            terms = model.loss_terms(output, batch["strokes"], training=False)
        return terms, tape.gradient(terms, variables)

    @tried(12, effort)
    @hypothesis.given(batches())
    def check(drawn):
        found = results(_batch(model.config, drawn, T))
        for value in tf.nest.flatten(found):
            assert np.isfinite(value).all()

    check()


def test_a_data_set_of_extremes_trains_or_is_refused_in_one_line(effort):
    model = _model("lstm")

    @tried(6, effort)
    @hypothesis.given(st.lists(sketches(T), min_size=BATCH, max_size=8))
    def check(given):
        try:
            config = measurement.fit_config(
                model.config.replace(max_len=0, num_buckets=2), given
            )
        except ValueError as error:
            assert "\n" not in str(error)
            assert "scale_factor" in str(error) or "vary" in str(error)
            return
        made = input_pipeline.batches(given, config, training=True)
        for batch in made.take(2):
            logs = model.train_step(batch)
            assert float(logs["bad_term"]) == NO_TERM
            assert np.isfinite(float(logs["loss"]))

    check()


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf, 1e39])
@pytest.mark.parametrize("axis", [0, 1])
def test_offsets_that_are_not_float32_are_refused(bad, axis):
    model = _model("lstm")
    sketch = np.ones((3, 3))
    sketch[1, axis] = bad
    given = [np.ones((2, 3)), sketch]
    for make in (
        lambda: input_pipeline.to_batch(given, model.config),
        lambda: input_pipeline.batches(given, model.config),
        lambda: input_pipeline.batches(given, model.config, training=True),
    ):
        with pytest.raises(ValueError, match="^sketch 1: expected finite"):
            make()


@pytest.mark.parametrize("cell", CELLS)
def test_drawings_of_extreme_decoders_are_finite(cell, effort):
    model = _model(cell)
    width = model.decoder.output_bias.shape[0]
    # Larger means overflow in the product with the next step's kernel.
    bounded = NUMBERS.filter(lambda x: abs(x) <= 1e30)

    @tried(20, effort)
    @hypothesis.given(
        st.lists(bounded, min_size=width, max_size=width),
        st.sampled_from([0.0, 1e-6, 1e-3, 0.4, 1.0, 10.0]),
        st.integers(0, 2**31 - 5),
    )
    def check(bias, temperature, seed):
        bias = np.float32(bias)
        bias[:5] = np.clip(bias[:5], -1e4, 1e4)  # the logits
        model.decoder.output_bias.assign(bias)
        drawn = sampling.sample(
            model, count=3, temperature=temperature, seed=seed
        )
        for sketch in drawn.sketches:
            assert np.isfinite(sketch).all()
            assert np.isin(sketch[:, 2], [0, 1]).all()

    check()
