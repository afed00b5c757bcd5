"""Hard tests: each breaks something on purpose, bounded in time and seeded."""

import collections
import pathlib
import sys
from collections.abc import Iterator

import pytest

# For those who import this file by its path.
sys.path.insert(0, str(pathlib.Path(__file__).parent))

import crash_files
import processes

HERE = pathlib.Path(__file__).parent

# What the tests run and are not: imported here, it would be one process's.
collect_ignore_glob = ["fuzzing/*", "mutation/*"]


def pytest_addoption(parser):
    parser.addoption(
        "--effort",
        type=float,
        default=1.0,
        metavar="TIMES",
        help="how many times their usual work the hard tests do",
    )


def pytest_collection_modifyitems(items):
    """Marks the tests of this folder, which `make test` leaves out."""
    for item in items:
        if HERE in item.path.parents:
            item.add_marker(pytest.mark.hard)


@pytest.fixture(scope="session")
def commands(tmp_path_factory) -> Iterator["processes.Commands"]:
    """Starts command lines in processes of their own."""
    started = processes.Commands(tmp_path_factory.mktemp("commands"))
    yield started
    started.close()


@pytest.fixture(scope="session")
def npz_folder(tmp_path_factory) -> pathlib.Path:
    """Returns a folder with small files cat.npz and pig.npz."""
    return crash_files.write_data(tmp_path_factory.mktemp("npz"))


@pytest.fixture(scope="session")
def work_model(commands, tmp_path_factory) -> pathlib.Path:
    """Returns a work directory, made in no time; leave it as it is."""
    folder = tmp_path_factory.mktemp("model")
    file = crash_files.write_published(folder / "cat.gen.json")
    line = ["download", "cat", "--url", file, "--out", folder / "cat"]
    commands.run(*line).good()
    return folder / "cat"


@pytest.fixture
def tally(record_property) -> Iterator[dict[str, int]]:
    """Counts what was done to the program, for the table in the end."""
    counts = collections.Counter()
    yield counts
    for name, count in counts.items():
        record_property(f"count: {name}", count)


def pytest_terminal_summary(terminalreporter):
    """Shows the sums of what the tests counted."""
    sums = collections.Counter()
    for reports in terminalreporter.stats.values():
        for report in reports:
            for name, value in getattr(report, "user_properties", ()):
                if name.startswith("count: ") and report.when == "teardown":
                    sums[name.removeprefix("count: ")] += value
    if sums:
        terminalreporter.section("what was done")
    for name, count in sorted(sums.items()):
        terminalreporter.write_line(f"{name}: {count}")


@pytest.fixture(scope="session")
def effort(request) -> float:
    """How many times its usual work a test does, `--effort`."""
    return request.config.getoption("--effort", default=1.0)
