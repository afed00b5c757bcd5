"""What TensorFlow is told of the processor."""

import os
import subprocess
import sys

import pytest

from sketch_rnn_tf import processor


@pytest.fixture
def environment(monkeypatch):
    """Variables, of which nobody has set any."""
    found = {}
    monkeypatch.setattr(processor.os, "environ", found)
    return found


def test_onednn_is_on(environment):
    processor.prepare()
    assert environment["TF_ENABLE_ONEDNN_OPTS"] == "1"


def test_what_the_user_has_set_stays(environment):
    environment["TF_ENABLE_ONEDNN_OPTS"] = "0"
    before = dict(environment)
    processor.prepare()
    assert environment == before


@pytest.mark.skipif(
    not hasattr(os, "sched_setaffinity"),
    reason="the system does not bind processes to cores",
)
def test_cores_are_those_that_the_process_may_use():
    one = min(os.sched_getaffinity(0))
    code = (
        f"import os; os.sched_setaffinity(0, {{{one}}})\n"
        "from sketch_rnn_tf import processor; print(processor.cores())"
    )
    run = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert run.stdout == "1\n"
