"""benchmarks.serving_load and serving_speed: what they find, and say."""

import json

import numpy as np
import pytest

pytest.importorskip("tensorflow_serving")

from benchmarks import (
    asked as asked_lib,
    load_clients,
    malformed,
    request_pool,
    serving_figures,
    serving_load,
    serving_speed,
)
from benchmarks.stand_in import (
    loaded,
    parameters,
    server as server_lib,
)


@pytest.fixture(scope="module")
def bundle(model, tmp_path_factory):
    import export

    path = tmp_path_factory.mktemp("bundle")
    export.export_saved_model(model, path)
    return path


@pytest.fixture(scope="module")
def other(make_model, tiny_config, tmp_path_factory):
    """Returns another model's bundle, of the same sizes."""
    import export

    made = make_model(tiny_config)
    made.decoder.output_kernel.assign(-made.decoder.output_kernel)
    path = tmp_path_factory.mktemp("other")
    export.export_saved_model(made, path)
    return path


@pytest.fixture(scope="module")
def pool(bundle):
    return request_pool.RequestPool(loaded.Version(bundle / "1"), seed=0)


def _ask(bundle, requests, seconds):
    with server_lib.serve(bundle, batching=parameters.TYPICAL) as server:
        return serving_load.ask(
            server,
            requests,
            clients=2,
            seconds=seconds,
            share=0.3,
            transports=["rest", "grpc"],
            seed=1,
            batching=True,
        )


class TestDiffers:
    @pytest.fixture
    def wanted(self):
        strokes = np.zeros([1, 3, 5], np.float32)
        strokes[0, :2, 2] = strokes[0, 2, 4] = 1
        return {
            "strokes": strokes,
            "lengths": np.int32([2]),
            "status": np.int32([0]),
            "mu": np.float32([[0.5, -2]]),
        }

    def test_end_rows_and_rounding_do_not_count(self, wanted):
        more = np.float32([[[0, 0, 0, 0, 1]] * 4])
        answer = dict(wanted, mu=(wanted["mu"] + 1e-6).tolist())
        answer["strokes"] = np.concatenate([wanted["strokes"], more], 1)
        answer["strokes"][0, 0, 0] += 9e-4
        assert not asked_lib.differs(answer, wanted, scale=10.0)
        assert asked_lib.differs(answer, wanted, scale=1.0)

    @pytest.mark.parametrize(
        ("name", "at", "value", "message"),
        [
            ("strokes", (0, 0, 0), np.nan, "offsets off"),
            ("strokes", (0, 1, 3), 1, "other pen states"),
            ("strokes", (0, 2, 4), 0, "after the end"),
            ("status", (0,), 1, r"status: \[1\]"),
            ("lengths", (0,), 1, r"lengths: \[1\]"),
            ("mu", (0, 0), np.nan, "mu: off"),
        ],
    )
    def test_all_else_does(self, wanted, name, at, value, message):
        answer = {key: array.copy() for key, array in wanted.items()}
        answer[name][at] = value
        with pytest.raises(AssertionError, match=message):
            assert not asked_lib.differs(answer, wanted, scale=1.0)

    def test_outputs_and_shapes_do(self, wanted):
        assert asked_lib.differs({}, wanted, 1.0)
        less = dict(wanted, strokes=wanted["strokes"][:, :1])
        assert "1 points" in asked_lib.differs(less, wanted, 1.0)
        assert "shape" in asked_lib.differs(dict(wanted, mu=[1]), wanted, 1.0)


class TestRequestPool:
    def test_is_seeded_and_mixed(self, pool, bundle):
        version = loaded.Version(bundle / "1")
        again = [
            request_pool.RequestPool(version, seed=5).good(20) for _ in range(2)
        ]
        assert [a.body for a in again[0]] == [a.body for a in again[1]]
        assert {a.kind for a in again[0]} == set(pool.signatures)
        assert all(not a.answer["status"].any() for a in again[0])
        assert (pool.max_len, pool.z_size) == (12, 4)

    def test_bad_rows_are_told_by_status(self, pool):
        made = pool.bad_rows(60)
        assert all(a.malformed and a.answer["status"].any() for a in made)
        assert len({a.kind for a in made}) > 15


class TestLoad:
    def test_finds_nothing_wrong_of_the_model(self, bundle, pool):
        groups = (pool.bad_rows(20), malformed.requests(pool, 32))
        requests = load_clients.Requests(pool.good(30), groups, 40.0)
        tally = _ask(bundle, requests, seconds=5)
        assert not tally.examples
        outcomes = tally.outcomes
        assert not outcomes[load_clients.WRONG]
        assert not outcomes[load_clients.UNEXPECTED]
        assert outcomes[load_clients.RIGHT] > 20
        assert outcomes[load_clients.REFUSED] > 2
        assert sum(map(len, tally.seconds.values())) > 20

    def test_finds_another_model(self, other, pool):
        requests = load_clients.Requests(pool.good(20), (), 40.0)
        tally = _ask(other, requests, seconds=1.5)
        assert tally.outcomes[load_clients.WRONG] > 2
        assert "strokes" in " ".join(tally.examples)

    def test_finds_a_server_that_is_gone(self, pool):
        for client in (
            load_clients.RestClient("127.0.0.1:1"),
            load_clients.RpcClient("127.0.0.1:1"),
        ):
            asker = load_clients.Asker(
                client,
                load_clients.Requests(pool.good(1), (), 1.0),
                share=0.0,
                seed=(0,),
                stopped=serving_load.threading.Event(),
                batching=True,
            )
            asker._ask(pool.good(1)[0])
            assert asker.tally.outcomes[load_clients.UNEXPECTED] == 1

    @pytest.mark.slow
    def test_the_command(self, bundle, other, tmp_path, capsys):
        arguments = ["--bundle", str(bundle), "--pool", "20", "--clients", "2"]
        arguments += ["--minutes", "0.1", "--halves", "--malformed", "0.05"]
        file = tmp_path / "load.json"
        assert serving_load.main([*arguments, "--json", str(file)]) == 0
        table = capsys.readouterr().out
        assert "stand-in" in table
        rows = {row["name"]: row for row in json.loads(file.read_text())}
        assert rows["wrong, batching on"]["value"] == 0
        assert rows["restarts, batching off"]["value"] == 0
        assert rows["throughput, batching on"]["ratio"] > 0
        assert rows["decode, p99, batching off"]["unit"] == "ms"
        assert serving_load.main([*arguments, "--against", str(other)]) == 1
        assert "strokes" in capsys.readouterr().err

    @pytest.mark.parametrize(
        "options",
        [
            ["--minutes", "0"],
            ["--malformed", "2"],
            ["--bundle", "nowhere"],
            ["--batching-parameters", "nowhere"],
        ],
    )
    def test_bad_input_is_one_line(self, bundle, options, capsys):
        assert serving_load.main(["--bundle", str(bundle), *options]) == 2
        assert len(capsys.readouterr().err.strip().splitlines()) == 1


def test_memory_growth_leaves_out_the_start():
    samples = [10.0] * 60 + [100.0] * 60 + [200.0] * 300 + [103.0] * 60
    assert serving_figures.growth(samples) == pytest.approx(3)
    assert serving_figures.growth([50, 50, 100, 100, 110, 110]) == (
        pytest.approx(10)
    )
    assert np.isnan(serving_figures.growth([1.0]))


def test_speed_of_batches(pool, capsys):
    rows = serving_speed.measure(pool.version, [1, 4], rounds=2)
    assert [row.name for row in rows[::3]] == [
        *("complete, 1 a batch", "complete, 4 a batch"),
        *("decode, 1 a batch", "decode, 4 a batch"),
    ]
    for milliseconds, rate, cores in zip(
        rows[::3], rows[1::3], rows[2::3], strict=True
    ):
        size = int(rate.name.split()[1])
        assert rate.value == pytest.approx(1e3 * size / milliseconds.value)
        assert cores.value == pytest.approx(1000 / rate.value)
    assert rows[1].ratio == 1
    assert serving_speed.main(["--bundle", "x", "--sizes", "0,1"]) == 2
    assert "at least 1" in capsys.readouterr().err
