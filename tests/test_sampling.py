"""sampling: the contract of randomness, and what each function promises.

`_draw` transcribes section 6 of the design in plain Python and NumPy, one
drawing and one point at a time; of the package it uses `decoder.step` alone.
"""

import math

import numpy as np
import pytest
import tensorflow as tf

from sketch_rnn_tf import randomness
from sketch_rnn_tf.generation import encoding, interpolation, sampling
from sketch_rnn_tf.model import distributions, next_point

# The graph multiplies matrices of another shape than one drawing at a time
# does; a drawing feeds itself, which lets float32's rounding grow.
TOLERANCE = 1e-4


def _uniforms(seed, stream, shape):
    return tf.random.stateless_uniform(
        shape, seed=[seed, stream], alg="philox"
    ).numpy()


def _box_muller(u_2, u_3):
    radius = math.sqrt(-2 * math.log(1 - float(u_2)))
    angle = 2 * math.pi * float(u_3)
    return radius * math.cos(angle), radius * math.sin(angle)


def _prior(seed, size):
    pairs = _uniforms(seed, 1, [(size + 1) // 2, 2])
    return np.float32([n for pair in pairs for n in _box_muller(*pair)])[:size]


def _pick(logits, temperature, u):
    if temperature == 0:
        return int(np.argmax(logits))
    weights = np.exp((logits - logits.max()) / temperature)
    total = 0.0
    for index, weight in enumerate(weights / weights.sum()):
        total += weight
        if u < total:
            return index
    return len(logits) - 1


def _draw(model, seed, temperature, max_len, z, prefix=None, variance=None):
    """Draws one sketch; returns stroke-3 in the user's units.

    The temperature is that of the logits, and of the variance unless given.
    """
    variance = temperature if variance is None else variance
    config, decoder = model.config, model.decoder
    scale = config.scale_factor
    prefix = [] if prefix is None else prefix
    u = _uniforms(seed, 0, [max_len, 4])
    z = None if z is None else tf.constant(z[None], tf.float32)
    state = decoder.initial_state(z, batch_size=1)
    point = np.float32([config.start_point])
    drawn = []
    for t in range(max_len):
        y, state = decoder.step(tf.constant(point), z, state)
        y = y.numpy()[0].astype(np.float64)
        pen_logits, mixture = y[:3], y[3:].reshape(6, -1)
        if t < len(prefix):
            dx, dy = prefix[t][:2] / scale
            pen = 1 if prefix[t][2] else 0
        else:
            index = _pick(mixture[0], temperature, u[t, 0])
            pen = _pick(pen_logits, temperature, u[t, 1])
            _, mx, my, lx, ly, r = mixture[:, index]
            n_1, n_2 = _box_muller(u[t, 2], u[t, 3])
            rho, root = math.tanh(r), math.sqrt(variance)
            dx = mx + root * math.exp(lx) * n_1
            dy = my + root * math.exp(ly) * (
                rho * n_1 + math.sqrt(1 - rho**2) * n_2
            )
        if pen == 2:
            break
        drawn.append([dx * scale, dy * scale, pen])
        point = np.float32([[dx, dy, *np.eye(3)[pen]]])
    return np.array(drawn).reshape(-1, 3)


def _assert_same(model, sketches, expected, tolerance=TOLERANCE):
    assert [len(s) for s in sketches] == [len(s) for s in expected]
    scale = model.config.scale_factor
    for sketch, other in zip(sketches, expected, strict=True):
        np.testing.assert_array_equal(sketch[:, 2], other[:, 2])
        np.testing.assert_allclose(
            sketch[:, :2] / scale, other[:, :2] / scale, atol=tolerance
        )


class TestContract:
    @pytest.mark.parametrize("temperature", [0.0, 0.3, 1.0, 2.0])
    @pytest.mark.parametrize("seed", [0, 2**31 - 6])
    def test_drawings_are_those_of_the_transcription(
        self, model, temperature, seed
    ):
        drawn = sampling.sample(
            model, count=6, seed=seed, temperature=temperature
        )
        assert drawn.seeds.tolist() == list(range(seed, seed + 6))
        priors = [_prior(s, 4) for s in drawn.seeds]
        np.testing.assert_allclose(drawn.z, priors, atol=1e-6)
        expected = [
            _draw(model, s, temperature, model.config.max_len, z)
            for s, z in zip(drawn.seeds.tolist(), drawn.z, strict=True)
        ]
        _assert_same(model, drawn.sketches, expected)
        assert sum(map(len, expected)) > 12

    @pytest.mark.parametrize(
        ("compatibility", "softmax", "logits", "variance"),
        [
            ("none", 0.3, 0.3, 0.7),
            ("none", 0.0, 0.0, 0.7),
            ("magenta", None, 0.7, 0.49),
            ("magenta", 1.5, 1.5, 0.49),
            ("sketch_rnn_js", None, 0.85, 0.7),
        ],
    )
    def test_logits_and_variance_have_their_temperatures(
        self, make_model, tiny_config, compatibility, softmax, logits, variance
    ):
        model = make_model(tiny_config.replace(compatibility=compatibility))
        drawn = sampling.sample(
            model, count=6, seed=4, temperature=0.7, softmax_temperature=softmax
        )
        expected = [
            _draw(model, s, logits, 12, z, variance=variance)
            for s, z in zip(drawn.seeds.tolist(), drawn.z, strict=True)
        ]
        _assert_same(model, drawn.sketches, expected)

    def test_an_unconditional_model_draws_by_it_too(self, unconditional):
        drawn = sampling.sample(unconditional, count=6, seed=3)
        assert drawn.z is None
        expected = [_draw(unconditional, s, 1.0, 12, None) for s in range(3, 9)]
        _assert_same(unconditional, drawn.sketches, expected)

    def test_completions_are_those_of_the_transcription(self, model, sketches):
        prefixes = [s[: 1 + i] for i, s in enumerate(sketches[4:10])]
        drawn = sampling.complete(model, prefixes, seed=7, temperature=0.7)
        z, _ = encoding.encode(model, prefixes)
        np.testing.assert_allclose(drawn.z, z)
        expected = [
            _draw(model, 7 + i, 0.7, 12, z[i], prefix=prefixes[i])
            for i in range(6)
        ]
        _assert_same(model, drawn.sketches, expected)

    @pytest.mark.parametrize("size", [1, 4, 5])
    def test_prior(self, size):
        seeds = tf.constant([0, 5, 2**31 - 1])
        drawn = randomness.prior(seeds, z_size=size)
        expected = [_prior(seed, size) for seed in seeds.numpy().tolist()]
        assert drawn.shape == (3, size)
        np.testing.assert_allclose(drawn, expected, atol=1e-6)

    def test_drawing_i_of_seed_s_is_drawing_0_of_seed_s_plus_i(self, model):
        drawn = sampling.sample(model, count=4, seed=20)
        for index in range(4):
            alone = sampling.sample(model, count=1, seed=20 + index)
            # The last bit of a cosine depends on where in a vector it is.
            np.testing.assert_allclose(alone.z[0], drawn.z[index], rtol=1e-6)
            _assert_same(
                model, alone.sketches, drawn.sketches[index : index + 1]
            )

    def test_same_call_same_drawings_whatever_else_is_drawn(self, model):
        first = sampling.sample(model, count=3, seed=1)
        np.random.default_rng().random()
        tf.random.set_seed(99)
        tf.random.uniform([5])
        again = sampling.sample(model, count=3, seed=1)
        for one, other in zip(first.sketches, again.sketches, strict=True):
            np.testing.assert_array_equal(one, other)

    def test_a_shorter_max_len_is_a_prefix(self, model):
        long = sampling.sample(model, count=8, max_len=30, seed=4).sketches
        short = sampling.sample(model, count=8, max_len=5, seed=4).sketches
        assert max(map(len, long)) > 12  # longer than N_max, on request
        _assert_same(model, short, [s[:5] for s in long])

    def test_uniforms_do_not_depend_on_how_many_there_are(self):
        seeds = tf.range(3)
        few = randomness.uniforms(seeds, randomness.POINTS, [3, 4])
        many = randomness.uniforms(seeds, randomness.POINTS, [50, 4])
        np.testing.assert_array_equal(few, many[:, :3])


class TestSample:
    def test_greedy_takes_the_likeliest(self, model):
        z = np.float32([[1, -1, 0.5, 2]])
        drawn = sampling.sample(model, z=z, temperature=0, seed=5)
        again = sampling.sample(model, z=z, temperature=0, seed=123)
        _assert_same(model, drawn.sketches, again.sketches, tolerance=0)
        _assert_same(model, drawn.sketches, [_draw(model, 5, 0, 12, z[0])])

    def test_a_low_temperature_comes_close_to_greedy(self, model):
        z = np.float32([[1, -1, 0.5, 2]])
        greedy = sampling.sample(model, z=z, temperature=0).sketches[0]
        cold = sampling.sample(model, z=z, temperature=1e-8).sketches[0]
        _assert_same(model, [cold], [greedy], tolerance=0.01)

    def test_each_drawing_may_have_its_temperature(self, model):
        temperatures = [0.0, 0.2, 1.0]
        drawn = sampling.sample(model, count=3, temperature=temperatures)
        for index, temperature in enumerate(temperatures):
            alone = sampling.sample(
                model, count=1, seed=index, temperature=temperature
            )
            _assert_same(
                model, alone.sketches, drawn.sketches[index : index + 1]
            )

    def test_given_z_is_used_and_returned(self, model):
        prior = sampling.sample(model, count=3, seed=8)
        given = sampling.sample(model, z=prior.z, seed=8)
        np.testing.assert_array_equal(given.z, prior.z)
        _assert_same(model, given.sketches, prior.sketches, tolerance=0)
        other = sampling.sample(model, z=prior.z + 3, seed=8)
        assert not np.array_equal(other.sketches[0], prior.sketches[0])

    def test_units_are_the_users(self, make_model, tiny_config):
        drawn = [
            sampling.sample(
                make_model(tiny_config.replace(scale_factor=scale)), count=3
            ).sketches
            for scale in (1.0, 64.0)
        ]
        for one, other in zip(*drawn, strict=True):
            np.testing.assert_array_equal(one * [64, 64, 1], other)

    def test_nothing_is_given(self, model):
        drawn = sampling.sample(model, count=2)
        assert drawn.prefix_lengths.tolist() == [0, 0]
        assert {s.dtype for s in drawn.sketches} == {np.dtype(np.float32)}
        assert drawn.seeds.dtype == np.int32

    def test_progress_is_told_of_each_drawing(self, model, sketches):
        few = [sketch[:2] for sketch in sketches[:3]]
        for function, arguments in (
            (sampling.sample, {"count": 3}),
            (sampling.reconstruct, {"sketches": few}),
            (sampling.complete, {"sketches": few}),
        ):
            ended = []
            function(model, **arguments, progress=ended.append)
            assert sum(ended) == 3

    def test_each_drawing_may_have_its_seed(self, model):
        drawn = sampling.sample(model, count=3, seed=[9, 4, 4])
        assert drawn.seeds.dtype == np.int32
        assert drawn.seeds.tolist() == [9, 4, 4]
        row = sampling.sample(model, count=6, seed=4)
        _assert_same(
            model, drawn.sketches, [row.sketches[k] for k in (5, 0, 0)]
        )


class TestReconstruct:
    def test_mean_z_is_what_encode_gives(self, model, sketches):
        mu, _ = encoding.encode(model, sketches[:3])
        drawn = sampling.reconstruct(model, sketches[:3], sample_z=False)
        np.testing.assert_array_equal(drawn.z, mu)
        again = sampling.reconstruct(model, sketches[:3], sample_z=False)
        for one, other in zip(drawn.sketches, again.sketches, strict=True):
            np.testing.assert_array_equal(one, other)
        expected = [_draw(model, i, 1.0, 12, mu[i]) for i in range(3)]
        _assert_same(model, drawn.sketches, expected)

    def test_sampled_z_takes_its_noise_from_the_seed(self, model, sketches):
        mu, log_var = encoding.encode(model, sketches[:3])
        drawn = sampling.reconstruct(model, sketches[:3], seed=40)
        noise = np.array([_prior(40 + i, 4) for i in range(3)])
        np.testing.assert_allclose(
            drawn.z, mu + np.exp(log_var / 2) * noise, atol=1e-5
        )

    def test_encode_is_the_encoders_posterior(self, model, sketches):
        from sketch_rnn_tf.data import input_pipeline

        mu, log_var = encoding.encode(model, sketches)
        for index, sketch in enumerate(sketches[:5]):
            batch = input_pipeline.to_batch([sketch], model.config)
            points = batch["strokes"][:, 1:]
            posterior = model.encoder(points, batch["lengths"])
            np.testing.assert_allclose(mu[index], posterior.loc[0], atol=1e-5)
            np.testing.assert_allclose(
                np.exp(log_var[index] / 2), posterior.scale[0], rtol=1e-5
            )


class TestComplete:
    def test_what_is_given_comes_back_first(self, model, sketches):
        prefixes = [s[: 1 + i % 6] for i, s in enumerate(sketches[3:10])]
        drawn = sampling.complete(model, prefixes)
        assert drawn.prefix_lengths.tolist() == [len(p) for p in prefixes]
        for sketch, prefix in zip(drawn.sketches, prefixes, strict=True):
            # Divided by the scale factor, and multiplied by it again.
            np.testing.assert_allclose(sketch[: len(prefix)], prefix, rtol=1e-6)

    @pytest.mark.parametrize("lifted", [0, 1])
    def test_an_open_stroke_stays_open(self, model, lifted):
        prefix = np.float32([[30, 0, 0], [0, 30, lifted]])
        drawn = sampling.complete(model, [prefix] * 20, seed=1)
        assert {float(s[1, 2]) for s in drawn.sketches} == {lifted}
        assert max(map(len, drawn.sketches)) > 2

    def test_the_pen_given_makes_a_difference_to_the_rest(self, unconditional):
        prefixes = [np.float32([[30, 0, 0], [0, 30, p]]) for p in (0, 1)]
        drawn = [
            sampling.complete(unconditional, [p], temperature=0).sketches[0]
            for p in prefixes
        ]
        assert not np.array_equal(drawn[0][2:], drawn[1][2:])

    @pytest.mark.parametrize("points", [1, 2, 4])
    def test_goes_on_as_the_drawing_that_it_began_with_did(
        self, model, unconditional, points
    ):
        for one in (model, unconditional):
            drawn = sampling.sample(one, count=12, seed=50)
            long = [i for i, s in enumerate(drawn.sketches) if len(s) > points]
            assert long
            for index in long[:3]:
                z = None if drawn.z is None else drawn.z[index : index + 1]
                again = sampling.complete(
                    one, [drawn.sketches[index][:points]], seed=50 + index, z=z
                )
                _assert_same(one, again.sketches, [drawn.sketches[index]])

    def test_any_max_len_will_do_for_a_model_with_buckets(
        self, make_model, tiny_config, model, sketches
    ):
        bounds = (6, tiny_config.max_len)
        bucketed = make_model(tiny_config.replace(bucket_boundaries=bounds))
        bucketed.set_weights(model.get_weights())
        prefix = sketches[0][:2]
        for max_len in (4, 30):
            settings = {"max_len": max_len, "seed": 3}
            got = sampling.complete(bucketed, [prefix], **settings)
            expected = sampling.complete(model, [prefix], **settings)
            np.testing.assert_array_equal(got.sketches[0], expected.sketches[0])

    def test_max_len_counts_what_is_given(self, model, sketches):
        prefix = sketches[3][:3]
        drawn = sampling.complete(model, [prefix] * 200, max_len=4)
        assert {len(s) for s in drawn.sketches} == {3, 4}
        assert drawn.prefix_lengths.dtype == np.int32
        assert drawn.prefix_lengths.tolist() == [3] * 200

    def test_what_is_given_may_be_longer_than_in_training(self, unconditional):
        # An encoder would refuse it.
        prefix = np.zeros([20, 3])
        prefix[:, 0] = np.arange(20)
        drawn = sampling.complete(unconditional, [prefix], max_len=25)
        assert 20 <= len(drawn.sketches[0]) <= 25
        np.testing.assert_allclose(
            drawn.sketches[0][:20, :2], prefix[:, :2], atol=1e-5
        )

    def test_endings_of_one_beginning_differ(self, unconditional, sketches):
        drawn = sampling.complete(unconditional, [sketches[3][:2]] * 4)
        assert len({s[2:].tobytes() for s in drawn.sketches}) == 4


class TestAgreesWithTheDensity:
    """Frequencies and moments of 20,000 points against the distributions."""

    COUNT = 20_000
    MIXTURE = np.float32([0.2, 1.0, -0.3])

    @pytest.fixture
    def params(self):
        """Returns y of one point: three clusters, too far apart to mix up."""
        return np.float32(
            [
                *(0.3, -0.2, 0.9),  # pen
                *self.MIXTURE,
                *(-100, 0, 100),  # mu_x
                *(50, 0, -50),  # mu_y
                *(0.5, -1, 0),  # log_scale_x
                *(-0.5, 0, 1),  # log_scale_y
                *(0.9, -0.4, 0),  # r
            ]
        )

    def _points(self, params, temperature):
        uniforms = tf.function(randomness.uniforms)  # 100 times as fast
        u = uniforms(tf.range(self.COUNT), randomness.POINTS, [1, 4])[:, 0]
        return next_point.sample_point(
            tf.tile(params[None], [self.COUNT, 1]),
            u,
            tf.fill([self.COUNT], temperature),
        ).numpy()

    def _assert_frequencies(self, drawn, logits):
        expected = np.exp(logits - np.logaddexp.reduce(logits)) * self.COUNT
        counts = np.bincount(drawn, minlength=3)
        # 13.8 is exceeded in one case of a thousand (2 degrees of freedom);
        # the seeds are fixed.
        assert ((counts - expected) ** 2 / expected).sum() < 13.8

    @pytest.mark.parametrize("temperature", [1.0, 0.4])
    def test_components_pens_and_offsets(self, params, temperature):
        points = self._points(params, temperature)
        component = np.rint(points[:, 0] / 100).astype(int) + 1
        pen = points[:, 2:].argmax(axis=1)
        self._assert_frequencies(component, self.MIXTURE / temperature)
        self._assert_frequencies(pen, params[:3] / temperature)
        # Pen and component have uniforms of their own.
        assert abs(np.corrcoef(component, pen)[0, 1]) < 4 / self.COUNT**0.5
        mixture = params[3:].reshape(6, 3).astype(np.float64)
        for index in range(3):
            offsets = points[component == index, :2]
            _, mx, my, lx, ly, r = mixture[:, index]
            sx, sy = temperature**0.5 * np.exp([lx, ly])
            normed = (offsets - [mx, my]) / [sx, sy]
            error = 1 / math.sqrt(len(normed))
            # Four standard errors: of a mean 1, of a variance sqrt(2), of a
            # correlation at most 1.
            assert np.abs(normed.mean(axis=0)).max() < 4 * error
            assert np.abs(normed.var(axis=0) - 1).max() < 4 * 2**0.5 * error
            rho = np.corrcoef(normed.T)[0, 1]
            assert abs(rho - math.tanh(r)) < 4 * error

    def test_log_prob_of_samples_of_an_overlapping_mixture(self, params):
        params = params.copy()
        params[6:12] /= 100
        predicted = distributions.point_distribution(params)
        ours = predicted.offset.log_prob(self._points(params, 1.0)[:, :2])
        theirs = predicted.offset.log_prob(
            predicted.offset.sample(self.COUNT, seed=(1, 2))
        )
        error = math.hypot(np.std(ours), np.std(theirs)) / self.COUNT**0.5
        assert abs(np.mean(ours) - np.mean(theirs)) < 4 * error

    def test_greedy_is_the_mean_of_the_likeliest(self, params):
        points = self._points(params, 0.0)
        expected = np.tile(np.float32([0, 0, 0, 0, 1]), [self.COUNT, 1])
        np.testing.assert_array_equal(points, expected)

    @pytest.mark.parametrize(
        ("compatibility", "logits_divisor", "sigma_factor"),
        [
            ("none", 0.25, 0.5),  # Eq. 9: tau and sqrt(tau)
            ("magenta", 0.25, 0.25),  # tau and tau
            ("sketch_rnn_js", 0.625, 0.5),  # (1 + tau) / 2 and sqrt(tau)
        ],
    )
    def test_compatibility_changes_temperature_alone(
        self, params, compatibility, logits_divisor, sigma_factor
    ):
        u = np.random.default_rng(0).random([50, 4]).astype(np.float32)
        points = next_point.sample_point(
            tf.tile(params[None], [50, 1]),
            u,
            tf.fill([50], 0.25),
            compatibility=compatibility,
        ).numpy()
        mixture = params[3:].reshape(6, 3)
        for row, point in zip(u, points, strict=True):
            index = _pick(mixture[0], logits_divisor, row[0])
            pen = _pick(params[:3], logits_divisor, row[1])
            _, mx, my, lx, ly, r = mixture[:, index].astype(np.float64)
            n_1, n_2 = _box_muller(row[2], row[3])
            mixed = math.tanh(r) * n_1 + n_2 / math.cosh(r)
            expected = [
                mx + sigma_factor * math.exp(lx) * n_1,
                my + sigma_factor * math.exp(ly) * mixed,
                *np.eye(3)[pen],
            ]
            np.testing.assert_allclose(point, expected, rtol=1e-4, atol=1e-4)


class TestInterpolation:
    def test_ends_are_the_encodings_and_one_seed_draws_all(
        self, model, sketches
    ):
        drawn = interpolation.interpolate(
            model, sketches[0], sketches[1], steps=5, seed=8, temperature=0.5
        )
        ends, _ = encoding.encode(model, sketches[:2])
        np.testing.assert_allclose(drawn.z[[0, -1]], ends, atol=1e-6)
        assert drawn.seeds.tolist() == [8] * 5
        again = sampling.sample(model, z=ends, seed=[8, 8], temperature=0.5)
        _assert_same(
            model, [drawn.sketches[0], drawn.sketches[-1]], again.sketches
        )


class TestRefusals:
    """Each says in one line what was wanted and what came."""

    def _refused(self, message, function, *args, **options):
        with pytest.raises(ValueError, match=message) as caught:
            function(*args, **options)
        assert "\n" not in str(caught.value)

    @pytest.mark.parametrize(
        ("options", "message"),
        [
            ({}, "count: expected at least 1, got None"),
            ({"count": 0}, "count: expected at least 1, got 0"),
            ({"count": -3}, "count: expected at least 1, got -3"),
            ({"count": 2, "seed": -1}, "seed: expected 0 to .*, got -1"),
            ({"count": 1, "seed": 2**31}, r"seed: .*got 2147483648"),
            (
                {"count": 2, "seed": 2**31 - 1},
                "^seed: expected 0 to 2147483646 for 2 drawings, got 2147483647$",
            ),
            (
                {"count": 2, "seed": [1, 2, 3]},
                r"seed: expected 2 whole numbers, got int64 of shape \[3\]",
            ),
            (
                {"count": 2, "seed": [0.5, 1.0]},
                r"seed: expected 2 whole numbers, got float64 of shape \[2\]",
            ),
            (
                {"count": 2, "seed": [3, -1]},
                r"seed: expected 0 to 2147483647, got \[ 3 -1\]",
            ),
            ({"count": 1, "seed": [2**31]}, r"seed: .*got \[2147483648\]"),
            ({"count": 2, "temperature": -0.1}, r"temperature: .*got -0.1"),
            ({"count": 2, "temperature": math.nan}, "temperature: .*got nan"),
            ({"count": 2, "temperature": math.inf}, "temperature: .*got inf"),
            ({"count": 2, "temperature": [1, -1]}, "temperature: .*-1"),
            (
                {"count": 2, "temperature": [1, 1, 1]},
                r"one number or 2, .*\[3\]",
            ),
            ({"count": 2, "max_len": 0}, "max_len: expected at least 1, got 0"),
            (
                {"z": np.zeros([2, 5])},
                r"z: expected shape \[B, 4\], got \[2, 5",
            ),
            ({"z": np.zeros(4)}, r"z: expected shape \[B, 4\], got \[4\]"),
            ({"z": np.full([2, 4], np.nan)}, "z: expected finite numbers"),
            ({"z": np.zeros([2, 4]), "count": 3}, "z: expected 3 .*got 2"),
            ({"z": np.zeros([0, 4])}, "count: expected at least 1, got 0"),
        ],
    )
    def test_sample(self, model, options, message):
        self._refused(message, sampling.sample, model, **options)

    @pytest.mark.parametrize(
        ("sketch", "message"),
        [
            (np.zeros([13, 3]), "sketch 0: expected at most 12 .*got 13"),
            (np.zeros([3, 4]), r"sketch 0: .*shape \[N, 3\], got shape \[3, 4"),
            (np.full([3, 3], np.nan), "sketch 0: expected finite offsets"),
            (
                np.full([3, 3], 2.0),
                "sketch 0: expected pen_lifted 0 or 1, got 2",
            ),
            (np.zeros([0, 3]), "sketch 0: expected at least one point"),
        ],
    )
    def test_bad_sketches(self, model, sketch, message):
        for function in (
            encoding.encode,
            sampling.reconstruct,
            sampling.complete,
        ):
            self._refused(message, function, model, [sketch])

    def test_a_bad_beginning_where_there_is_no_encoder(self, unconditional):
        bad = np.full([3, 3], np.nan)
        self._refused(
            "^sketch 1: expected finite offsets",
            sampling.complete,
            unconditional,
            [np.zeros([2, 3]), bad],
        )

    def test_no_sketches(self, model, unconditional):
        for function in (encoding.encode, sampling.reconstruct):
            self._refused(
                "expected at least one, got none", function, model, []
            )
        for one in (model, unconditional):
            self._refused(
                "expected at least one, got none", sampling.complete, one, []
            )

    def test_what_needs_an_encoder(self, unconditional, sketches):
        for function in (encoding.encode, sampling.reconstruct):
            self._refused(
                "expected a conditional model",
                function,
                unconditional,
                sketches,
            )
        z = np.zeros([1, 4])
        self._refused(
            "z: expected None, as the model is unconditional",
            sampling.sample,
            unconditional,
            z=z,
        )
        self._refused(
            "z: expected None, as the model is unconditional",
            sampling.complete,
            unconditional,
            sketches[:1],
            z=z,
        )

    def test_nothing_left_to_complete(self, model, unconditional, sketches):
        whole = next(s for s in sketches if len(s) == 12)
        for one in (model, unconditional):
            self._refused(
                "sketch 1: expected fewer points than max_len, 12, got 12",
                sampling.complete,
                one,
                [sketches[0], whole],
            )
        self._refused(
            "sketch 0: expected fewer points than max_len, 3, got 3",
            sampling.complete,
            model,
            [sketches[0][:3]],
            max_len=3,
        )

    def test_z_for_other_sketches(self, model, sketches):
        self._refused(
            "z: expected 2 latent vectors, got 3",
            sampling.complete,
            model,
            [s[:2] for s in sketches[:2]],
            z=np.zeros([3, 4]),
        )
