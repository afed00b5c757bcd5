"""interruption: signals are noted once, and obeyed by the command line."""

import os
import signal
import threading

import pytest
import tensorflow as tf

from sketch_rnn_tf import cli
from sketch_rnn_tf.command_line import commands
from sketch_rnn_tf.training import interruption


@pytest.mark.parametrize("signum", [signal.SIGINT, signal.SIGTERM])
def test_the_first_signal_is_noted(signum):
    before = [signal.getsignal(s) for s in (signal.SIGINT, signal.SIGTERM)]
    with interruption.watched() as watch:
        assert watch.signum is None
        os.kill(os.getpid(), signum)
        assert watch.signum == signum
    after = [signal.getsignal(s) for s in (signal.SIGINT, signal.SIGTERM)]
    assert after == before


def test_a_second_ctrl_c_interrupts_at_once():
    with interruption.watched() as watch:
        os.kill(os.getpid(), signal.SIGINT)
        assert watch.name == "Ctrl-C"
        with pytest.raises(KeyboardInterrupt):
            os.kill(os.getpid(), signal.SIGINT)


def test_an_ignored_signal_stays_ignored():
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        with interruption.watched() as watch:
            os.kill(os.getpid(), signal.SIGINT)
            assert watch.signum is None
        assert signal.getsignal(signal.SIGINT) == signal.SIG_IGN
    finally:
        signal.signal(signal.SIGINT, before)


def test_other_threads_do_without():
    seen = []

    def watch():
        with interruption.watched() as watch:
            seen.append(watch.signum)

    thread = threading.Thread(target=watch)
    thread.start()
    thread.join()
    assert seen == [None]


@pytest.mark.parametrize(
    ("error", "status", "said"),
    [
        (interruption.Interrupted("w: stopped", signal.SIGTERM), 143, "w: s"),
        (interruption.Interrupted("w: stopped", signal.SIGINT), 130, "w: s"),
        (KeyboardInterrupt(), 130, "interrupted\n"),
        (FloatingPointError("step 3: nan"), 1, "step 3: nan\n"),
        (
            tf.errors.ResourceExhaustedError(None, None, "OOM when\n it grew"),
            2,
            "OOM when it grew\n",
        ),
        (tf.errors.PermissionDeniedError(None, None, "no"), 2, "no\n"),
        (
            tf.errors.ResourceExhaustedError(
                None, None, "{{function_node a}} /m/1; no space [Op:SaveV2]"
            ),
            2,
            "/m/1; no space\n",
        ),
    ],
)
def test_the_command_line_says_so_in_one_line(
    monkeypatch, capfd, error, status, said
):
    def fail(_):
        raise error

    monkeypatch.setattr(commands, "train", fail)
    assert cli.main(["train", "--data", "a.npz", "--work-dir", "w"]) == status
    err = capfd.readouterr().err
    assert err.startswith(f"sketch-rnn: {said}")
    assert err.count("\n") == 1
