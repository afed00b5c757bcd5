"""Files of earlier releases load, and come to what they came to then.

What is kept in tests/data/release_* was written by that release; see
`release_fixtures`, which says how.  Exact are weights, words, histories,
lengths, pen states and statuses.  Numbers that are computed may differ by
rounding: of another processor, number of threads or version of TensorFlow.
"""

import json
import pathlib
import shutil

import numpy as np
import pytest
import release_fixtures
import test_web

from sketch_rnn_tf import cli, training
from sketch_rnn_tf.files import sketchrnn_npz

DATA = pathlib.Path(__file__).parent / "data"
RELEASES = sorted(path.name for path in DATA.glob("release_*"))
MAX_BYTES = 2_000_000

# Sums of some tens of float32, of order 1, in another order.
NUMBERS = {"rtol": 1e-4, "atol": 1e-4}
# Pixels: a drawing feeds its own roundings back for up to 64 steps.
OFFSETS = {"rtol": 1e-3, "atol": 2e-2}
# Nats; ten steps of training amplify roundings.
TRAINED = {"rtol": 2e-3, "atol": 2e-3}
SKETCHES = (
    "sampled", "from_z", "greedy", "reconstructed", "completed",
    "interpolated",
)  # fmt: skip


@pytest.fixture(scope="module", params=RELEASES)
def release(request):
    """Returns the folder of a release."""
    return DATA / request.param


@pytest.fixture(scope="module")
def expected(release):
    return json.loads((release / "expected.json").read_text())


@pytest.fixture(scope="module")
def splits(release):
    return sketchrnn_npz.read(release / "drawings.npz")


def _compare(got, wanted, where="", *, numbers=NUMBERS):
    """Compares what stands in two structures of JSON."""
    assert type(got) is type(wanted), where
    if isinstance(wanted, dict):
        assert got.keys() == wanted.keys(), where
        for key, value in wanted.items():
            if key in SKETCHES:
                _compare_sketches(got[key], value, f"{where}/{key}")
            else:
                _compare(got[key], value, f"{where}/{key}", numbers=numbers)
    elif isinstance(wanted, list) and np.asarray(wanted).dtype == float:
        np.testing.assert_allclose(got, wanted, err_msg=where, **numbers)
    elif isinstance(wanted, float):
        assert got == pytest.approx(
            wanted, rel=numbers["rtol"], abs=numbers["atol"], nan_ok=True
        ), where
    elif isinstance(wanted, list) and wanted and isinstance(wanted[0], dict):
        assert len(got) == len(wanted), where
        for index, (one, other) in enumerate(zip(got, wanted, strict=True)):
            _compare(one, other, f"{where}/{index}", numbers=numbers)
    else:
        assert got == wanted, where


def _compare_sketches(got, wanted, where):
    assert [len(s) for s in got] == [len(s) for s in wanted], where
    for one, other in zip(got, wanted, strict=True):
        one, other = np.reshape(one, (-1, 3)), np.reshape(other, (-1, 3))
        np.testing.assert_array_equal(one[:, 2], other[:, 2], where)
        np.testing.assert_allclose(
            one[:, :2], other[:, :2], err_msg=where, **OFFSETS
        )


def test_something_is_kept_and_it_is_small(release):
    files = [path for path in release.rglob("*") if path.is_file()]
    assert len(files) > 15
    assert sum(path.stat().st_size for path in files) < MAX_BYTES


def test_its_drawings_are_read(expected, splits):
    found = dict(release_fixtures.enumerate_names(splits))
    assert release_fixtures.digest(found) == expected["drawings"]


@pytest.mark.parametrize("name", ["work", "classes", "packed/release"])
def test_its_models_load_and_give_what_they_gave(
    release, expected, splits, name
):
    model = training.load(release / name)
    got = release_fixtures.of_model(model, splits["test"])
    assert sum(map(len, got["sampled"])) > 20
    _compare(got, expected[name], name)


def test_its_checkpoint_and_history_are_read_exactly(release, expected):
    got = release_fixtures.of_work_directory(release / "work")
    wanted = expected["work directory"]
    assert got["checkpoint"] == wanted["checkpoint"]
    assert got["history"] == wanted["history"]


def test_its_work_directory_is_resumed(release, expected, splits):
    got = release_fixtures.of_resumed(release / "work", splits)
    wanted = expected["resumed"]
    assert got["rows"][:-1] == wanted["rows"][:-1]
    assert got["rows"][-1]["step"] == release_fixtures.RESUMED_STEPS
    _compare(got, wanted, "resumed", numbers=TRAINED)


def test_its_saved_model_answers_as_it_did(release, expected, splits):
    got = release_fixtures.of_saved_model(
        release / "saved_model" / "1", splits["test"]
    )
    wanted = expected["saved model"]
    assert got.keys() == wanted.keys()
    for name, answer in wanted.items():
        assert got[name].keys() == answer.keys(), name
        for key, value in answer.items():
            found, value = np.asarray(got[name][key]), np.asarray(value)
            if value.dtype.kind == "i":
                np.testing.assert_array_equal(found, value, f"{name}/{key}")
            elif key == "strokes":
                np.testing.assert_array_equal(found[..., 2:], value[..., 2:])
                np.testing.assert_allclose(found, value, **OFFSETS)
            else:
                np.testing.assert_allclose(
                    found, value, err_msg=f"{name}/{key}", **NUMBERS
                )


def test_its_export_for_browsers_is_as_it_was(release, expected):
    got = release_fixtures.of_tfjs(release / "tfjs")
    assert got == expected["tfjs"]


@test_web.NEEDS_NODE
def test_its_export_for_browsers_draws_in_the_library_of_now(release, tmp_path):
    shutil.copytree(release / "tfjs", tmp_path / "tfjs")
    shutil.copy(release / "browser.json", tmp_path / "expected.json")
    test_web.run("release", {"SKETCH_RNN_EXPORTS": str(tmp_path)})


def test_its_work_directory_draws_on_the_command_line(release, tmp_path):
    out = tmp_path / "drawn.svg"
    arguments = ["sample", "--model", str(release / "work"), "--count", "2"]
    assert cli.main([*arguments, "--out", str(out)]) == 0
    assert "<path" in out.read_text()


def test_the_script_that_made_it_refuses_what_is_there(release):
    with pytest.raises(SystemExit) as stopped:
        release_fixtures.main(["--make", str(release)])
    assert stopped.value.code == 2
