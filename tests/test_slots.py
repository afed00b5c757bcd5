"""slots: the same drawing in any slot, and what single steps are drawn from."""

import numpy as np
import pytest
import scipy.special
import scipy.stats
import tensorflow as tf

from sketch_rnn_tf.generation import sampler, sampling, slots
from sketch_rnn_tf.model import next_point

COUNT = 100_000


def _requests(model, count, **options):
    rng = np.random.default_rng(3)
    z_size = model.decoder.z_size
    given = {
        "z": rng.standard_normal([count, z_size]).astype(np.float32),
        "temperature": rng.uniform(0, 1, count).astype(np.float32),
        "softmax_temperature": np.full(
            count, next_point.SAME_TEMPERATURE, np.float32
        ),
        "seeds": np.arange(count, dtype=np.int32) * 7,
        "prefixes": None,
        "max_len": 40,
    }
    return slots.Requests(**(given | options))


def _alone(model, requests, index):
    """Draws one of the requests by the loop that the SavedModel holds."""
    prefix = np.zeros((1, 0, 5), np.float32)
    if requests.prefixes is not None:
        prefix = requests.prefixes[index][None]
    drawn, lengths = sampler.of(model).draw(
        requests.z[[index]],
        requests.temperature[[index]],
        requests.softmax_temperature[[index]],
        requests.seeds[[index]],
        [requests.max_len],
        prefix,
        [prefix.shape[1]],
    )
    return drawn[0, : lengths[0]].numpy()


class TestSlots:
    @pytest.mark.parametrize("places", [2, 3, 50])
    @pytest.mark.parametrize("given", [False, True])
    def test_each_sketch_is_what_it_is_alone(self, model, places, given):
        count = 23
        prefixes = None
        if given:
            rng = np.random.default_rng(1)
            prefixes = [
                np.concatenate(
                    [
                        rng.standard_normal([length, 2]),
                        np.eye(3)[rng.integers(0, 2, length)],
                    ],
                    axis=1,
                ).astype(np.float32)
                for length in rng.integers(0, 39, count)
            ]
        requests = _requests(model, count, prefixes=prefixes)
        ended = []
        drawn = slots.draw(
            sampler.of(model), requests, slots=places, progress=ended.append
        )
        assert sum(ended) == count
        lengths = {len(sketch) for sketch in drawn}
        assert len(lengths) > 5, "the drawings should differ in length"
        for index, sketch in enumerate(drawn):
            expected = _alone(model, requests, index)
            assert sketch.shape == expected.shape
            np.testing.assert_array_equal(sketch[:, 2:], expected[:, 2:])
            np.testing.assert_allclose(sketch, expected, atol=1e-4)
            if given:
                begun = len(prefixes[index])
                np.testing.assert_array_equal(sketch[:begun], prefixes[index])

    @pytest.mark.parametrize("max_len", [1, 7, 8, 9])
    def test_no_sketch_is_longer_than_asked(self, model, max_len):
        requests = _requests(model, 30, max_len=max_len)
        drawn = slots.draw(sampler.of(model), requests, slots=8)
        assert max(map(len, drawn)) == max_len

    @pytest.mark.parametrize(
        ("compatibility", "softmax"),
        [("none", 0.2), ("magenta", -1.0), ("sketch_rnn_js", -1.0)],
    )
    def test_temperatures_are_those_of_a_sketch_alone(
        self, make_model, tiny_config, compatibility, softmax
    ):
        model = make_model(tiny_config.replace(compatibility=compatibility))
        softmax = np.full(20, softmax, np.float32)
        requests = _requests(model, 20, softmax_temperature=softmax)
        drawn = slots.draw(sampler.of(model), requests, slots=4)
        for index, sketch in enumerate(drawn):
            expected = _alone(model, requests, index)
            assert sketch.shape == expected.shape
            np.testing.assert_allclose(sketch, expected, atol=1e-4)

    def test_each_of_a_batch_ends_at_its_own_length(self, model):
        count, max_len = 40, np.arange(40, dtype=np.int32) % 10
        requests = _requests(model, count)
        drawn, lengths = sampler.of(model).draw(
            requests.z,
            requests.temperature,
            requests.softmax_temperature,
            requests.seeds,
            max_len,
            np.zeros([count, 0, 5], np.float32),
            np.zeros(count, np.int32),
        )
        lengths, drawn = lengths.numpy(), drawn.numpy()
        assert (lengths <= max_len).all()
        # Some are cut, each at its own length.
        assert set(range(10)) == set(max_len[lengths == max_len].tolist())
        after = np.arange(drawn.shape[1]) >= lengths[:, None]
        np.testing.assert_array_equal(drawn[..., 4] > 0, after)

    def test_seeds_may_be_listed(self, model):
        seeds = [90, 4, 90, 2**31 - 1]
        z = np.zeros([4, 4])
        drawn = sampling.sample(model, z=z, seed=seeds).sketches
        np.testing.assert_allclose(drawn[0], drawn[2], rtol=1e-5)
        alone = sampling.sample(model, z=z[:1], seed=4).sketches[0]
        np.testing.assert_allclose(drawn[1], alone, atol=1e-4)
        for bad in ([1, 2], [0.5, 1, 2, 3], [1, 2, 3, -1], [1, 2, 3, 2**31]):
            with pytest.raises(ValueError, match="seed: expected"):
                sampling.sample(model, z=z, seed=bad)

    def test_softmax_temperature_changes_the_choices_alone(self, model):
        z = np.random.default_rng(0).standard_normal([50, 4])
        settings = {"z": z, "temperature": 0.7, "seed": 5, "max_len": 30}
        plain = sampling.sample(model, **settings)
        same = sampling.sample(model, softmax_temperature=0.7, **settings)
        for one, other in zip(plain.sketches, same.sketches, strict=True):
            np.testing.assert_allclose(one, other, atol=1e-5)
        # The likeliest pen state of this model is never the end.
        likeliest = sampling.sample(model, softmax_temperature=0.0, **settings)
        assert {len(s) for s in likeliest.sketches} == {30}
        offsets = np.stack([s[0, :2] for s in likeliest.sketches])
        assert len(np.unique(offsets, axis=0)) == 50
        with pytest.raises(ValueError, match="softmax_temperature: expected"):
            sampling.sample(model, softmax_temperature=-1.0, **settings)


class TestDistribution:
    """100,000 first points against the mixture and the pen they came from."""

    @pytest.fixture(scope="class")
    @staticmethod
    def params(unconditional):
        decoder = unconditional.decoder
        params, _ = decoder.step(
            tf.constant([unconditional.config.start_point]),
            None,
            decoder.initial_state(None, batch_size=1),
        )
        return params.numpy()[0].astype(np.float64)

    @pytest.mark.parametrize("temperature", [0.5, 1.0])
    def test_single_steps(self, unconditional, params, temperature):
        drawn = sampling.sample(
            unconditional, count=COUNT, temperature=temperature, max_len=1
        )
        ends = sum(len(s) == 0 for s in drawn.sketches)
        points = np.concatenate(drawn.sketches)
        lifted = int(points[:, 2].sum())
        pen = scipy.special.softmax(params[:3] / temperature)
        _, p_value = scipy.stats.chisquare(
            [len(points) - lifted, lifted, ends], pen * COUNT
        )
        assert p_value > 1e-3
        logits, *means, log_x, log_y, r = params[3:].reshape(6, -1)
        weights = scipy.special.softmax(logits / temperature)
        offsets = points[:, :2] / unconditional.config.scale_factor
        scales = np.sqrt(temperature) * np.exp([log_x, log_y])
        rho = np.tanh(r)
        # Each axis, and a direction that the correlation shows in.
        for a, b in ((1, 0), (0, 1), (0.6, 0.8), (0.6, -0.8)):
            mean = a * means[0] + b * means[1]
            variance = (a * scales[0]) ** 2 + (b * scales[1]) ** 2
            variance += 2 * a * b * rho * scales[0] * scales[1]
            deviation = np.sqrt(variance)

            def cdf(x, mean=mean, deviation=deviation):
                below = scipy.stats.norm.cdf((x[:, None] - mean) / deviation)
                return below @ weights

            _, p_value = scipy.stats.kstest(offsets @ [a, b], cdf)
            assert p_value > 1e-3
