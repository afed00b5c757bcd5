"""benchmarks.stand_in: how it merges requests, and when."""

import concurrent.futures
import threading
import time

import numpy as np
import pytest

pytest.importorskip("tensorflow_serving")

from benchmarks.stand_in import (
    batching,
    counters,
    merging,
    parameters,
    refusals,
)


class TestMerging:
    def test_pads_with_the_first_number_and_fills_with_the_last_request(self):
        one = {"x": np.float32([[[1, 2], [3, 4]]]), "n": np.int32([2])}
        two = {"x": np.float32([[[5, 6]], [[7, 8]]]), "n": np.int32([1, 9])}
        merged, sizes = merging.merge([one, two], [2, 5, 8])
        assert sizes == [1, 2]
        assert merged["n"].tolist() == [2, 1, 9, 1, 1]
        assert merged["x"].tolist() == [
            [[1, 2], [3, 4]],
            [[5, 6], [5, 5]],
            [[7, 8], [5, 5]],
            [[5, 6], [5, 5]],
            [[5, 6], [5, 5]],
        ]
        assert merged["x"].dtype == np.float32

    def test_pads_every_axis_but_the_first(self):
        requests = [{"x": np.ones([1, 1, 3])}, {"x": np.zeros([1, 2, 1])}]
        merged, _ = merging.merge(requests)
        np.testing.assert_array_equal(
            merged["x"], [np.ones([2, 3]), np.zeros([2, 3])]
        )

    def test_split_drops_what_filled(self):
        outputs = {"y": np.arange(8).reshape(4, 2), "n": np.arange(4)}
        first, second = merging.split(outputs, [1, 2])
        assert first["y"].tolist() == [[0, 1]]
        assert second["y"].tolist() == [[2, 3], [4, 5]]
        assert second["n"].tolist() == [1, 2]

    @pytest.mark.parametrize(
        ("one", "two", "pad", "message"),
        [
            (np.ones([1, 2]), np.ones([1, 3]), False, "padding is turned off"),
            (np.ones([1, 2]), np.ones([1, 2], int), True, "data types"),
            (np.ones([1, 2]), np.ones([1, 2, 3]), True, "ranks"),
            (np.ones([1, 0]), np.ones([1, 2]), True, "empty tensor"),
            (np.ones([]), np.ones([]), True, "at least one dimension"),
        ],
    )
    def test_what_does_not_go_together(self, one, two, pad, message):
        with pytest.raises(refusals.RefusalError, match=message):
            merging.merge([{"x": one}, {"x": two}], pad=pad)

    def test_rows_have_to_be_equal(self):
        bad = {"x": np.ones([1, 2]), "n": np.ones([2])}
        with pytest.raises(refusals.RefusalError, match="equal 0th-dimension"):
            merging.merge([bad])
        with pytest.raises(refusals.RefusalError, match="0th dimension"):
            merging.split({"y": np.ones([2])}, [1, 2])


class TestParameters:
    def test_a_file_is_read(self, tmp_path):
        file = tmp_path / "batching.txt"
        file.write_text(
            "max_batch_size { value: 8 }  # rows\n"
            "batch_timeout_micros { value: 700 }\n"
            'thread_pool_name { value: "drawing" }\n'
            "allowed_batch_sizes: 1\nallowed_batch_sizes: [ 4, 8 ]\n"
            "pad_variable_length_inputs: true\n"
        )
        assert parameters.read(file) == parameters.Parameters(
            max_batch_size=8,
            batch_timeout_micros=700,
            allowed_batch_sizes=(1, 4, 8),
            pad_variable_length_inputs=True,
        )
        file.write_text("")
        assert parameters.read(file) == parameters.Parameters()

    @pytest.mark.parametrize(
        ("text", "message"),
        [
            ("max_batch_size: { 8", "expected batching parameters, got"),
            ("max_batch { value: 8 }", "max_batch: not known"),
            ("max_batch_size { value: many }", "expected a number, got many"),
            ("max_batch_size { value: 0 }", "expected at least 1, got 0"),
            (
                "max_batch_size { value: 8 } allowed_batch_sizes: 4",
                "end with max_batch_size, 8, got",
            ),
        ],
    )
    def test_others_are_refused(self, tmp_path, text, message):
        file = tmp_path / "batching.txt"
        file.write_text(text)
        with pytest.raises(ValueError, match=f"batching.txt: .*{message}"):
            parameters.read(file)


class TestBatcher:
    @pytest.fixture
    def make(self):
        """Returns a function that makes a batcher; it is closed."""
        made = []

        def make(**options):
            made.append(
                batching.Batcher(
                    parameters.Parameters(**options), counters.Counters()
                )
            )
            return made[-1]

        yield make
        for batcher in made:
            batcher.close()

    def test_a_full_batch_runs_and_others_wait_for_the_timeout(self, make):
        batcher = make(max_batch_size=3, batch_timeout_micros=700_000)
        seen = []

        def run(inputs):
            seen.append(sorted(inputs["x"].tolist()))
            return {"y": 10 * inputs["x"]}

        def ask(value):
            start = time.monotonic()
            answer = batcher.run("key", run, {"x": np.array([value])})
            return answer["y"].tolist(), time.monotonic() - start

        with concurrent.futures.ThreadPoolExecutor(4) as threads:
            answers = list(threads.map(ask, range(4)))
        assert [answer for answer, _ in answers] == [[0], [10], [20], [30]]
        assert sorted(map(len, seen)) == [1, 3]
        waited = [seconds for _, seconds in answers]
        assert sorted(waited)[-1] > 0.65 > sorted(waited)[2]

    def test_an_error_fails_all_of_its_batch_and_no_other(self, make):
        batcher = make(max_batch_size=2, batch_timeout_micros=2_000_000)

        def run(inputs):
            if (inputs["x"] < 0).any():
                raise refusals.RefusalError("INTERNAL", "negative")
            return {"y": inputs["x"]}

        def ask(value):
            return batcher.run("key", run, {"x": np.array([value])})["y"][0]

        with concurrent.futures.ThreadPoolExecutor(2) as threads:
            bad = [threads.submit(ask, value) for value in (1, -1)]
            assert all("negative" in str(f.exception()) for f in bad)
            assert list(threads.map(ask, (3, 4))) == [3, 4]

    def test_a_full_queue_refuses(self, make):
        batcher = make(
            max_batch_size=1, max_enqueued_batches=1, num_batch_threads=1
        )
        running, may_end = threading.Event(), threading.Event()

        def run(inputs):
            running.set()
            may_end.wait(10)
            return inputs

        def ask():
            return batcher.run("key", run, {"x": np.zeros([1])})

        with concurrent.futures.ThreadPoolExecutor(2) as threads:
            first = threads.submit(ask)
            assert running.wait(10)
            second = threads.submit(ask)
            while not batcher._queues:
                time.sleep(0.01)
            with pytest.raises(
                refusals.RefusalError, match="UNAVAILABLE.*full"
            ):
                ask()
            may_end.set()
            assert first.result()["x"] == second.result()["x"] == 0

    @pytest.mark.parametrize("rows", [0, 4])
    def test_a_request_of_other_sizes_is_refused(self, make, rows):
        batcher = make(max_batch_size=3)
        with pytest.raises(refusals.RefusalError, match="INVALID_ARGUMENT"):
            batcher.run("key", dict, {"x": np.zeros([rows])})
