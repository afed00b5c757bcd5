"""Hard tests: each breaks something on purpose, bounded in time and seeded."""

import pathlib

import pytest

HERE = pathlib.Path(__file__).parent


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
def effort(request) -> float:
    """How many times its usual work a test does, `--effort`."""
    return request.config.getoption("--effort", default=1.0)
