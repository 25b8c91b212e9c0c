"""The fixtures that pytest finds by itself."""

import sys

import pytest

pytest_plugins = ["pytester"]

TESTS = """
import anyio
import pytest

from ciranda.events import StepFailed

FLOW = "ciranda: 1\\nsteps:\\n  a: {uses: t.a, timeout: 2d}\\n"


@pytest.fixture
def anyio_backend(ciranda_virtual_backend):
    return ciranda_virtual_backend


async def slow():
    await anyio.sleep(100_000)
    return "at last"


@pytest.mark.anyio
@pytest.mark.ciranda(mocks={"t.a": slow})
async def test_with_a_marker(ciranda_harness):
    result = await ciranda_harness.run(FLOW)

    assert result.steps["a"]["output"] == "at last"
    assert ciranda_harness.clock.virtual


@pytest.mark.anyio
async def test_without(ciranda_harness):
    assert ciranda_harness.events(StepFailed) == []
"""


def test_the_fixtures_open_a_harness_in_virtual_time(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(TESTS)

    done = pytester.runpytest_inprocess(
        "-p", "no:ciranda", "-p", "ciranda.pytest_plugin", "-p", "no:cacheprovider",
        "--strict-markers", "-q",
    )  # fmt: skip

    done.assert_outcomes(passed=4)


def test_finding_it_costs_pytest_nothing(pytester: pytest.Pytester) -> None:
    code = (
        "import sys, pytest; before = set(sys.modules); import ciranda.pytest_plugin; "
        "print(sorted({m for m in set(sys.modules) - before if m.startswith('ciranda')}))"
    )

    done = pytester.run(sys.executable, "-c", code)

    done.stdout.fnmatch_lines(["*'ciranda', 'ciranda.pytest_plugin'*"])
