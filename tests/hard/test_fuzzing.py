"""Bytes from outside, guided by coverage: no promise is broken by any."""

import importlib.util
import json
import subprocess
import sys

import pytest
from fuzzing import browser, catalogue, planted, runs

needs_atheris = pytest.mark.skipif(
    not importlib.util.find_spec("atheris"),
    reason="needs atheris: pip install -r requirements.txt",
)
needs_node = pytest.mark.skipif(
    not browser.is_here(), reason="needs node, and `npm ci` in export/web"
)
# Enough for the engine to come to the two bytes, of which each is a branch.
ENOUGH = 20_000


def _shown(result):
    return "\n".join(
        f"{f['kind']}: {f['what']} ({f['place']}), input {f['input'][:200]}"
        for f in result.found
    )


def _judge(result, count):
    assert not result.found, f"{result.entrance}:\n{_shown(result)}"
    assert result.tried >= count
    # Seeds at least, or it fuzzes nothing but the way to say no.
    assert result.read > 0
    assert result.edges > 10 and result.corpus > 1


def _count(name, effort):
    return max(20, round(catalogue.SHARES[name].few * effort))


@needs_atheris
@pytest.mark.parametrize(
    "name", [n for n in catalogue.SHARES if n not in browser.KINDS]
)
def test_no_input_breaks_a_promise(name, effort):
    count = _count(name, effort)
    _judge(runs.run(name, runs=count), count)


@needs_node
@pytest.mark.parametrize("name", browser.KINDS)
def test_no_file_breaks_the_page(name, effort):
    count = _count(name, effort)
    _judge(browser.run(name, runs=count), count)


def test_the_oracle_tells_planted_faults():
    done = subprocess.run(
        [sys.executable, str(runs.SCRIPT), "--planted"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    wanted = {name: kind for name, (_, kind) in planted.FAULTS.items()}
    del wanted["dies"]  # and the process with it, see below
    assert json.loads(done.stdout.splitlines()[-1]) == wanted


@needs_atheris
@pytest.mark.parametrize("name", ["raises_another_error", "dies"])
def test_guidance_finds_a_planted_fault(name):
    result = runs.run(f"fuzzing.planted:{name}", runs=ENOUGH, restarts=1)
    _, kind = planted.FAULTS[name]
    assert [f["kind"] for f in result.found] == [kind], _shown(result)
    assert bytes.fromhex(result.found[0]["input"]).startswith(b"fz")


@needs_node
def test_faults_planted_in_the_page_are_found():
    result = browser.run("planted", runs=400)
    kinds = {found["kind"] for found in result.found}
    assert kinds == {"error", "code", "line", "memory", "network"}, _shown(
        result
    )


@needs_atheris
def test_the_same_seed_tries_the_same_inputs(tmp_path):
    first, second = (
        runs.run("polylines_json", runs=300, corpus=tmp_path / str(index))
        for index in range(2)
    )
    assert (first.edges, first.features) == (second.edges, second.features)
    names = [
        sorted(path.name for path in (tmp_path / str(index)).iterdir())
        for index in range(2)
    ]
    assert names[0] == names[1]
