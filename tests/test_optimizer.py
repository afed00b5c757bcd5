"""The optimizer that `compile` makes moves weights as the reference's does."""

import math

import keras
import numpy as np
import pytest
import reference_files
import reference_numpy
import tensorflow as tf

from sketch_rnn_tf import presets
from sketch_rnn_tf.model import optimizer as optimizer_lib, schedules, vae
from sketch_rnn_tf.weights import magenta, reference_weights

RECORDED = ("lstm_conditional", "layer_norm_conditional", "hyper_conditional")
SIZES = {
    "encoder": "layer_norm", "encoder_size": 5, "decoder": "lstm",
    "decoder_size": 6, "z_size": 3, "num_mixtures": 2,
}  # fmt: skip


class NumpyAdam:
    """TF1's Adam in float64, with clipping by value and its schedule."""

    def __init__(self, settings):
        self.settings = settings
        self.step = 0
        self.first, self.second = {}, {}

    def rate(self):
        """(initial - least) * decay ** step + least, before the update."""
        s = self.settings
        decayed = s.learning_rate_decay**self.step
        span = s.learning_rate - s.min_learning_rate
        return span * decayed + s.min_learning_rate

    def move(self, variables, gradients):
        rate, t = self.rate(), self.step + 1
        scaled = rate * np.sqrt(1 - 0.999**t) / (1 - 0.9**t)
        for name, gradient in gradients.items():
            g = np.clip(np.float64(gradient), -1.0, 1.0)
            m = 0.9 * self.first.get(name, 0.0) + 0.1 * g
            v = 0.999 * self.second.get(name, 0.0) + 0.001 * g**2
            variables[name] -= scaled * m / (np.sqrt(v) + 1e-8)
            self.first[name], self.second[name] = m, v
        self.step = t


def _case(kind, folder):
    """Returns a model and gradients by the reference's names."""
    if kind == "drawn":
        variables = reference_numpy.draw(reference_numpy.shapes(**SIZES), 0)
        reference_files.write_checkpoint(folder, variables)
        rng = np.random.default_rng(1)
        # From 1e-6, where epsilon matters, to beyond what is clipped.
        gradients = {
            name: rng.normal(0, 10.0 ** rng.uniform(-6, 0.5), value.shape)
            for name, value in variables.items()
        }
    else:
        folder = reference_files.SHARED / "reference" / "parity" / kind
        if not (folder / "parity.npz").exists():
            pytest.skip("needs the recordings of ../shared/reference/parity")
        prefix = "grad/" + reference_files.PREFIX
        with np.load(folder / "parity.npz") as recorded:
            gradients = {
                name.removeprefix(prefix).removesuffix(":0"): recorded[name]
                for name in recorded
                if name.startswith(prefix)
            }
    model, _ = magenta.import_magenta(folder)
    settings = presets.preset("magenta")
    model.config = model.config.replace(
        learning_rate=settings.learning_rate,
        # Faster than the reference's, so that two steps differ in it.
        learning_rate_decay=0.9,
        min_learning_rate=settings.min_learning_rate,
        gradient_clip=settings.gradient_clip,
    )
    model.compile()
    return model, gradients


def _weights(model):
    """Returns float64 values by the reference's names."""
    values = {}
    for piece in reference_weights.pieces(model):
        value = np.float64(piece.weight.numpy())
        values |= reference_weights.split(piece, value)
    return {name: value.copy() for name, value in values.items()}


@pytest.mark.parametrize("kind", ["drawn", *RECORDED])
def test_steps_are_those_of_a_numpy_adam_with_clipping_by_value(kind, tmp_path):
    model, gradients = _case(kind, tmp_path)
    pieces = reference_weights.pieces(model)
    adam, expected = NumpyAdam(model.config), _weights(model)
    start = _weights(model)
    clipped = 0
    for factor in (1, 10, 10, 1):
        scaled = {name: factor * g for name, g in gradients.items()}
        clipped += sum(int((np.abs(g) > 1).sum()) for g in scaled.values())
        joined = [
            reference_weights.join(piece, scaled, where="gradients")
            for piece in pieces
        ]
        model.optimizer.apply(
            [tf.constant(g, tf.float32) for g in joined],
            [piece.weight for piece in pieces],
        )
        rate = adam.rate()
        adam.move(expected, scaled)
        for name, got in _weights(model).items():
            # A step is about the learning rate; float32 keeps 1e-4 of that
            # and rounds the weight itself, each time.
            tolerance = 1e-4 * rate + 4e-7 * np.abs(start[name]).max()
            np.testing.assert_allclose(
                got, expected[name], rtol=0, atol=tolerance, err_msg=name
            )
    assert clipped, "the clip was to act"
    moved = max(np.abs(expected[k] - start[k]).max() for k in start)
    assert moved > 1e-3


def test_gradients_are_clipped_one_by_one_and_not_by_their_norm():
    made = presets.preset("tiny").replace(
        conditional=False, max_len=5, scale_factor=1.0
    )
    model = vae.SketchRNN(made)
    model.compile()
    assert model.optimizer.clipvalue == 1.0
    assert model.optimizer.clipnorm is None
    assert model.optimizer.global_clipnorm is None
    assert model.optimizer.epsilon == 1e-8
    assert (model.optimizer.beta_1, model.optimizer.beta_2) == (0.9, 0.999)


@pytest.mark.parametrize("step", [0, 1, 1000, 10**6])
def test_learning_rate_is_the_references_at_each_step(step):
    settings = presets.preset("magenta").replace(
        conditional=False, decoder_size=2, max_len=5, scale_factor=1.0
    )
    model = vae.SketchRNN(settings)
    model.compile()
    model.optimizer.iterations.assign(step)
    expected = (1e-3 - 1e-5) * 0.9999**step + 1e-5
    # A float32 power of a base that is rounded, at 1,000 steps 3e-5 off.
    got = float(model.optimizer.learning_rate)
    assert got == pytest.approx(expected, rel=1e-4)


SHAPES = ((3, 4), (5,), (1,))


def _variables():
    rng = np.random.default_rng(0)
    return [keras.Variable(rng.normal(size=s), dtype="float32") for s in SHAPES]


def _gradients(step):
    """Returns gradients from 1e-8 to 100, most of them clipped or tiny."""
    rng = np.random.default_rng(step)
    return [
        tf.constant(
            rng.choice([-1, 1], shape) * 10.0 ** rng.uniform(-8, 2, shape),
            tf.float32,
        )
        for shape in SHAPES
    ]


def _state(optimizer, variables):
    return [v.numpy().copy() for v in (*variables, *optimizer.variables)]


def _assert_same(one, other):
    for a, b in zip(one, other, strict=True):
        np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize("in_graph", [False, True])
@pytest.mark.parametrize("clipvalue", [None, 1.0])
def test_numbers_are_those_of_the_adam_of_keras(clipvalue, in_graph):
    states = []
    for kind in (keras.optimizers.Adam, optimizer_lib.Adam):
        rate = schedules.LearningRate(0.1, 0.01, 0.9)
        optimizer = kind(rate, epsilon=1e-8, clipvalue=clipvalue)
        variables = _variables()
        optimizer.build(variables)
        apply = tf.function(optimizer.apply) if in_graph else optimizer.apply
        for step in range(10):
            apply(_gradients(step))
        states.append(_state(optimizer, variables))
    _assert_same(*states)


@pytest.mark.parametrize("in_graph", [False, True])
@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_update_that_is_not_finite_is_skipped_as_if_it_had_not_been(
    value, in_graph
):
    states = []
    for bad_steps in ((), (0, 2, 3)):
        optimizer = optimizer_lib.Adam(0.1, clipvalue=1.0)
        variables = _variables()
        optimizer.build(variables)
        apply = tf.function(optimizer.apply) if in_graph else optimizer.apply
        for step in range(5):
            if step in bad_steps:
                before = _state(optimizer, variables)
                gradients = _gradients(99)
                # Of one variable only.
                gradients[1] = gradients[1].numpy()
                gradients[1][2] = value
                gradients[1] = tf.constant(gradients[1])
                apply(gradients)
                _assert_same(_state(optimizer, variables), before)
            apply(_gradients(step))
        assert int(optimizer.iterations) == 5
        states.append(_state(optimizer, variables))
    _assert_same(*states)


def test_optimizer_survives_serialisation():
    rate = schedules.LearningRate(0.1, 0.01, 0.9)
    optimizer = optimizer_lib.Adam(rate, 0.8, 0.99, 1e-6, 0.5, "mine")
    restored = keras.optimizers.deserialize(
        keras.optimizers.serialize(optimizer)
    )
    assert type(restored) is optimizer_lib.Adam
    assert restored.get_config() == optimizer.get_config()
    assert (restored.beta_1, restored.beta_2) == (0.8, 0.99)
    assert (restored.epsilon, restored.clipvalue) == (1e-6, 0.5)
    assert restored.name == "mine"


@pytest.mark.parametrize(
    "optimizer",
    [
        lambda: keras.optimizers.SGD(0.1, momentum=0.9, clipvalue=1.0),
        lambda: keras.optimizers.Adam(0.1),
        lambda: optimizer_lib.Adam(0.1),
    ],
)
def test_no_optimizer_takes_a_step_that_is_not_good(optimizer):
    optimizer, variables = optimizer(), _variables()
    optimizer.build(variables)
    before = [v.numpy() for v in variables]
    bad = [gradient * math.nan for gradient in _gradients(0)]
    optimizer_lib.apply(optimizer, bad, variables, good=tf.constant(False))
    _assert_same(variables, before)
    optimizer_lib.apply(
        optimizer, _gradients(0), variables, good=tf.constant(True)
    )
    after = [v.numpy() for v in variables]
    assert all((a != b).any() for a, b in zip(after, before, strict=True))
    assert all(np.isfinite(value).all() for value in after)


def test_accumulated_gradients_are_not_clipped_on_replicas():
    both = keras.optimizers.SGD(
        0.1, clipnorm=1.0, gradient_accumulation_steps=2
    )
    optimizer_lib.check(both, 1)
    with pytest.raises(ValueError, match="with 2 replicas, got both"):
        optimizer_lib.check(both, 2)
    for one in ({"clipnorm": 1.0}, {"gradient_accumulation_steps": 2}):
        optimizer_lib.check(keras.optimizers.SGD(0.1, **one), 2)
