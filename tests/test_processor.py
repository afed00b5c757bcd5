"""What TensorFlow is told of the processor."""

import os
import subprocess
import sys

import pytest

from sketch_rnn_tf import processor


@pytest.fixture
def environment(monkeypatch):
    """Variables that nobody has set, on two cores."""
    found = {}
    monkeypatch.setattr(processor.os, "environ", found)
    monkeypatch.setattr(processor, "cores", lambda: 2)
    return found


def test_onednn_is_on_and_each_part_keeps_to_its_core(environment):
    processor.prepare()
    assert environment["TF_ENABLE_ONEDNN_OPTS"] == "1"
    assert environment["XLA_FLAGS"] == "--xla_cpu_multi_thread_eigen=false"


def test_what_the_user_has_set_stays(environment):
    environment["TF_ENABLE_ONEDNN_OPTS"] = "0"
    environment["XLA_FLAGS"] = "--xla_cpu_multi_thread_eigen=true"
    before = dict(environment)
    processor.prepare()
    assert environment == before


def test_other_flags_of_xla_stay(environment):
    environment["XLA_FLAGS"] = "--xla_dump_to=here"
    processor.prepare()
    expected = "--xla_dump_to=here --xla_cpu_multi_thread_eigen=false"
    assert environment["XLA_FLAGS"] == expected


def test_preparing_twice_is_preparing_once(environment):
    processor.prepare()
    before = dict(environment)
    processor.prepare()
    assert environment == before


@pytest.mark.parametrize("cores", [1, 3, 16])
def test_other_numbers_of_cores_share_each_part(
    environment, monkeypatch, cores
):
    monkeypatch.setattr(processor, "cores", lambda: cores)
    processor.prepare()
    assert "XLA_FLAGS" not in environment


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


def test_xla_knows_the_flag():
    code = (
        "import os; from sketch_rnn_tf import processor\n"
        "processor.cores = lambda: processor.PARTS; processor.prepare()\n"
        "import tensorflow as tf\n"
        "print(float(tf.function(tf.exp, jit_compile=True)(0.0)))"
    )
    run = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    # XLA ends a process whose flags it does not know.
    assert run.stdout == "1.0\n"
