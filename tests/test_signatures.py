"""export.signatures: what each gives, and what merged batches give."""

import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given, settings, strategies as st

from export import arc, signatures, status
from sketch_rnn_tf import latent, strokes
from sketch_rnn_tf.generation import sampling, scoring


@pytest.fixture(scope="module")
def served(trained):
    """Returns the signatures of a trained model, by name."""
    return signatures.Signatures(trained).functions


@pytest.fixture(scope="module")
def trained(work_dir):
    """Returns a trained model."""
    from sketch_rnn_tf import training

    return training.load(work_dir)


def _ask(function, request):
    answer = function(**{k: tf.constant(v) for k, v in request.items()})
    return {name: value.numpy() for name, value in answer.items()}


def _sketches(sketches):
    """Returns a request's strokes and lengths."""
    lengths = np.int32([len(sketch) for sketch in sketches])
    batch = np.zeros([len(sketches), lengths.max(), 5], np.float32)
    for row, sketch in zip(batch, sketches, strict=True):
        row[: len(sketch)] = strokes.stroke3_to_stroke5(sketch)[:-1]
    return {"strokes": batch, "lengths": lengths}


def _how(count, max_len, temperature=0.4):
    """Returns how a request's drawings are to be drawn."""
    return {
        "temperature": np.full(count, temperature, np.float32),
        "seed": np.arange(7, 7 + count, dtype=np.int32),
        "max_len": np.full(count, max_len, np.int32),
    }


def _assert_drawn(answer, sketches, scale):
    assert not answer["status"].any()
    assert answer["lengths"].tolist() == [len(s) for s in sketches]
    for row, sketch in zip(answer["strokes"], sketches, strict=True):
        drawn = row[: len(sketch)]
        np.testing.assert_array_equal(drawn[:, 3], sketch[:, 2])
        np.testing.assert_allclose(
            drawn[:, :2] / scale, sketch[:, :2] / scale, atol=1e-4
        )
        assert (row[len(sketch) :] == strokes.END_POINT).all()


class TestReconstruct:
    def test_draws_as_python_does(self, served, trained, doodle_sketches):
        sketches = doodle_sketches[:5]
        drawn = sampling.reconstruct(trained, sketches, temperature=0.4, seed=7)
        answer = _ask(
            served["reconstruct"],
            _sketches(sketches) | _how(5, trained.config.max_len),
        )
        _assert_drawn(answer, drawn.sketches, trained.config.scale_factor)
        encoded = _ask(served["encode"], _sketches(sketches))
        np.testing.assert_allclose(answer["mu"], encoded["mu"], atol=1e-5)
        np.testing.assert_allclose(
            answer["log_var"], encoded["log_var"], atol=1e-5
        )


class TestInterpolate:
    def test_draws_as_python_does(self, served, trained, doodle_sketches):
        z = np.random.default_rng(3).normal(size=(2, 4)).astype(np.float32)
        t = np.float32([0, 0.25, 0.5, 1])
        drawn = sampling.sample(
            trained, z=latent.slerp(*z, t), temperature=0.4, seed=7
        )
        request = {
            "z_first": np.tile(z[:1], [4, 1]),
            "z_last": np.tile(z[1:], [4, 1]),
            "t": t,
        }
        answer = _ask(
            served["interpolate"], request | _how(4, trained.config.max_len)
        )
        np.testing.assert_allclose(answer["z"], drawn.z, atol=1e-6)
        _assert_drawn(answer, drawn.sketches, trained.config.scale_factor)

    @pytest.mark.parametrize("t", [-0.01, 1.01, np.nan, np.inf])
    def test_a_place_outside_is_bad(self, served, t):
        request = {
            "z_first": np.ones([2, 4], np.float32),
            "z_last": np.zeros([2, 4], np.float32),
            "t": np.float32([t, 0.5]),
        }
        answer = _ask(served["interpolate"], request | _how(2, 9))
        assert answer["status"].tolist() == [status.BAD_T, status.OK]
        assert not answer["z"][0].any()
        request["z_last"][1, 2] = np.nan
        answer = _ask(served["interpolate"], request | _how(2, 9))
        assert answer["status"][1] == status.BAD_Z

    @settings(max_examples=60, deadline=None)
    @given(
        st.lists(st.floats(-9, 9, width=32), min_size=6, max_size=6),
        st.sampled_from(["free", "same", "opposite", "zero", "near"]),
        st.floats(0, 1, width=32),
    )
    def test_the_arc_is_that_of_python(self, values, kind, t):
        a, b = np.float32(values).reshape(2, 3)
        b = {
            "free": b,
            "same": 2 * a,
            "opposite": -a,
            "zero": 0 * a,
            "near": a + np.float32([1e-6, 0, 0]),
        }[kind]
        found = arc.slerp(
            tf.constant([a, b]), tf.constant([b, a]), tf.constant([t, t])
        )
        expected = [latent.slerp(a, b, t), latent.slerp(b, a, t)]
        np.testing.assert_allclose(found, expected, atol=1e-5)


class TestScore:
    def test_scores_as_python_does(self, served, trained, doodle_sketches):
        sketches = doodle_sketches[:6]
        found = _ask(served["score"], _sketches(sketches))
        expected = scoring.score(trained, sketches)
        for name in ("loss", "recon", "kl", "log_likelihood"):
            np.testing.assert_allclose(
                found[name], getattr(expected, name), rtol=1e-4, atol=1e-4
            )
        rows = scoring.point_log_likelihoods(trained, sketches)
        assert found["point_log_likelihoods"].shape[1] == trained.config.max_len
        for got, wanted in zip(
            found["point_log_likelihoods"], rows, strict=True
        ):
            np.testing.assert_allclose(got[: len(wanted)], wanted, atol=1e-3)
            assert not got[len(wanted) :].any()

    def test_n_max_points_have_no_end_row(self, served, trained):
        max_len = trained.config.max_len
        sketch = np.tile(np.float32([[3, 1, 0]]), [max_len, 1])
        found = _ask(served["score"], _sketches([sketch]))
        (rows,) = scoring.point_log_likelihoods(trained, [sketch])
        assert len(rows) == max_len
        np.testing.assert_allclose(
            found["point_log_likelihoods"], [rows], atol=1e-3
        )
        longer = np.concatenate([sketch, sketch[:1]])
        found = _ask(served["score"], _sketches([longer]))
        assert found["status"].tolist() == [status.BAD_LENGTH]
        assert not found["loss"].any()

    def test_n_max_stands_in_the_shape(self, served, trained):
        rows = served["score"].get_concrete_function().structured_outputs
        assert rows["point_log_likelihoods"].shape[1] == trained.config.max_len

    def test_of_an_unconditional_model(self, unconditional, sketches):
        functions = signatures.Signatures(unconditional).functions
        assert set(functions) == {"complete", "decode", "score"}
        found = _ask(functions["score"], _sketches(sketches[:3]))
        expected = scoring.score(unconditional, sketches[:3])
        np.testing.assert_allclose(found["loss"], expected.loss, rtol=1e-4)
        assert not found["kl"].any()


def _requests(rng, sketches, z_size, max_len):
    """Returns 64 requests of mixed lengths a signature, every eighth bad."""
    made = {name: [] for name in ("encode", "score", "complete")}
    made |= {"reconstruct": [], "decode": [], "interpolate": []}
    for index in range(64):
        sketch = sketches[rng.integers(len(sketches))]
        part = sketch[: rng.integers(2, len(sketch))]
        given = _sketches([part])
        # As clients do that pad to a size of their own.
        extra = rng.integers(0, 4)
        given["strokes"] = np.pad(
            given["strokes"], [(0, 0), (0, extra), (0, 0)], constant_values=7
        )
        how = {
            "temperature": rng.uniform(0, 1, 1).astype(np.float32),
            "seed": rng.integers(0, 2**31, 1, dtype=np.int32),
            "max_len": np.int32([rng.integers(len(part) + 1, max_len + 1)]),
        }
        z = {"z": rng.normal(size=(1, z_size)).astype(np.float32)}
        ends = {
            "z_first": z["z"],
            "z_last": rng.normal(size=(1, z_size)).astype(np.float32),
            "t": rng.uniform(0, 1, 1).astype(np.float32),
        }
        if index % 8 == 5:
            _spoil(index // 8, given, how, z, ends)
        made["encode"].append(given)
        made["score"].append(given)
        made["complete"].append(given | how)
        made["reconstruct"].append(given | how)
        made["decode"].append(z | how)
        made["interpolate"].append(ends | how)
    return made


def _spoil(kind, given, how, z, ends):
    """Spoils a request, each of eight kinds otherwise, in all its inputs."""
    points, length = given["strokes"][0], given["lengths"]
    with_rows = [
        lambda: points.__setitem__((0, 0), np.nan),
        lambda: points.__setitem__((1, 2), 0.5),
        # Beyond its own tensor, not beyond that of the merged batch.
        lambda: length.__setitem__(0, len(points) + 1),
        lambda: length.__setitem__(0, len(points) + 40),
        lambda: length.__setitem__(0, -3),
        lambda: points.__setitem__((1, slice(2, 5)), 0),
        lambda: points.__setitem__(0, np.inf),
        lambda: length.__setitem__(0, 0),
    ]
    with_rows[kind]()
    ends["z_last"] = ends["z_last"].copy()
    others = [
        lambda: how["temperature"].__setitem__(0, -1),
        lambda: how["temperature"].__setitem__(0, np.nan),
        lambda: how["seed"].__setitem__(0, -9),
        lambda: how["max_len"].__setitem__(0, 10**6),
        lambda: z["z"].__setitem__((0, 1), np.nan),
        lambda: z["z"].__setitem__((0, 0), np.inf),
        lambda: ends["z_last"].__setitem__((0, 0), np.nan),
        lambda: ends["t"].__setitem__(0, 1.5),
    ]
    others[kind]()


def _merged(requests, size):
    """Merges as TensorFlow Serving does.

    Tensors are padded to the longest with their own first element, and the
    batch is filled up with copies of its first row.
    """
    merged = {}
    for name in requests[0]:
        tensors = [request[name] for request in requests]
        if tensors[0].ndim > 1:
            longest = max(tensor.shape[1] for tensor in tensors)
            tensors = [
                np.pad(
                    tensor,
                    [(0, 0), (0, longest - tensor.shape[1])]
                    + [(0, 0)] * (tensor.ndim - 2),
                    constant_values=tensor.flat[0],
                )
                for tensor in tensors
            ]
        fill = [tensors[0][:1]] * (size - len(tensors))
        merged[name] = np.concatenate([*tensors, *fill])
    return merged


@pytest.mark.parametrize("seed", [0, 1])
def test_a_merged_batch_gives_what_each_gives_alone(
    served, trained, doodle_sketches, seed
):
    rng = np.random.default_rng(seed)
    made = _requests(rng, doodle_sketches, 4, trained.config.max_len)
    scale = trained.config.scale_factor
    for name, requests in made.items():
        # Anywhere in the batch: the first row is copied.
        order = rng.permutation(64)
        requests = [requests[i] for i in order]
        together = _ask(served[name], _merged(requests, 80))
        bad = 0
        for index, request in enumerate(requests):
            alone = _ask(served[name], request)
            row = {key: value[index] for key, value in together.items()}
            assert row["status"] == alone["status"][0], (name, order[index])
            bad += row["status"] != status.OK
            if "strokes" in row:
                length = alone["lengths"][0]
                assert row["lengths"] == length
                drawn = row.pop("strokes")[:length]
                expected = alone.pop("strokes")[0, :length]
                np.testing.assert_array_equal(drawn[:, 2:], expected[:, 2:])
                np.testing.assert_allclose(
                    drawn[:, :2] / scale, expected[:, :2] / scale, atol=1e-4
                )
            for key, value in row.items():
                np.testing.assert_allclose(
                    value, alone[key][0], rtol=1e-4, atol=1e-4, err_msg=key
                )
        # At least the spoiled ones of its own inputs.
        assert bad >= 4, name


def test_padding_counts_as_length_and_rubbish_as_strokes(served, sketches):
    given = _sketches([sketches[0][:3], sketches[1][:3], sketches[2][:3]])
    given["strokes"] = np.concatenate(
        [given["strokes"], np.zeros([3, 2, 5], np.float32)], axis=1
    )
    given["lengths"] = np.int32([3, 4, 5])
    codes = _ask(served["encode"], given)["status"].tolist()
    assert codes == [status.OK, status.BAD_LENGTH, status.BAD_LENGTH]
    # A row of zeros with points after it is no padding.
    given["strokes"][:, 4] = [1, 2, 1, 0, 0]
    codes = _ask(served["encode"], given)["status"].tolist()
    assert codes == [status.OK, status.BAD_STROKES, status.BAD_STROKES]


@pytest.mark.parametrize("name", ["encode", "decode", "complete", "score"])
def test_no_rows_give_none(served, name):
    function = served[name]
    empty = [
        tf.zeros([0, *(d or 3 for d in spec.shape[1:])], spec.dtype)
        for spec in function.input_signature
    ]
    answer = function(*empty)
    assert all(value.shape[0] == 0 for value in answer.values())


def test_inputs_of_other_rows_are_refused(served):
    request = {"z": np.zeros([1, 4], np.float32)} | _how(3, 9)
    with pytest.raises(tf.errors.InvalidArgumentError, match="as many rows"):
        _ask(served["decode"], request)
