"""Small faults in the source are seen by the tests; `mutation` says how."""

import json
import pathlib
import subprocess
import sys

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]


def _run(*args, seconds):
    return subprocess.run(
        [sys.executable, "-m", "tests.hard.mutation", *map(str, args)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=seconds,
    )


def _results(path):
    lines = path.read_text(encoding="utf-8").splitlines()
    return [json.loads(line) for line in lines]


def test_mutants_are_killed(tmp_path, effort):
    """The first of those that the whole run takes: 85 % of them at least."""
    count = max(1, round(12 * effort))
    results = tmp_path / "found.jsonl"
    done = _run(
        *("--mutants", count, "--seed", 0, "--results", results),
        seconds=1800 * max(1, effort),
    )
    assert done.returncode == 0, done.stdout + done.stderr
    outcomes = [
        found["outcome"] for found in _results(results) if "before" in found
    ]
    assert len(outcomes) == count
    killed = sum(outcome in ("killed", "timeout") for outcome in outcomes)
    assert killed >= 0.85 * (count - outcomes.count("equivalent")), done.stdout


def test_planted_faults_are_seen_by_the_tests_named_for_them(tmp_path):
    results = tmp_path / "found.jsonl"
    done = _run("--faults", "--results", results, seconds=1800)
    assert done.returncode == 0, done.stdout + done.stderr
    found = _results(results)
    assert len(found) == 5
    for fault in found:
        assert fault["without"] == "passed", fault
        assert fault["planted"] == "failed", fault
        assert fault["failed"].startswith(fault["test"]), fault


@pytest.mark.parametrize(
    ("args", "message"),
    [
        (["--module", "cli"], "invalid choice"),
        (["--mutants", "some"], "invalid int value"),
        (["--mutants", "0", "--results", "x"], "expected at least 1, got 0"),
        ([], "--results"),
    ],
)
def test_bad_arguments_end_with_status_2(args, message):
    done = _run(*args, seconds=300)
    assert done.returncode == 2
    assert message in done.stderr
