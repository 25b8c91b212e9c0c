"""What every test shares: both event loops, and no colour or OTLP settings from outside.

Coverage rests while a test draws its examples or repeats on the second event loop what ran on the
first: tracing doubles their time, and finds no line that a test of examples should not reach.
"""

import gc
import os
from collections.abc import Generator, Iterator

import coverage
import hypothesis  # before a run freezes the garbage collector, which confuses it
import pytest

for name in [key for key in os.environ if key.startswith(("OTEL_", "CIRANDA_"))]:
    del os.environ[name]
os.environ.pop("TRACEPARENT", None)
os.environ.pop("PYTEST_ADDOPTS", None)  # meant for this run, not for those that tests begin


@pytest.fixture(params=["asyncio", "trio"])
def anyio_backend(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def uncollected() -> Iterator[None]:
    """Search for no garbage meanwhile: in a process of so many tests that takes half a second."""
    gc.disable()
    yield
    gc.enable()


def pytest_collection_finish() -> None:
    """Search no more for garbage among the tests themselves: there are half a million objects.

    Commands freeze what they find before they leave, or wait; this process goes on after them, and
    their garbage with it would stay for good.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(10_000, 10, 20)
    gc.freeze = int  # type: ignore[assignment]  # of no effect


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "uncounted: long, and counts for no coverage.")


def counts(item: pytest.Item) -> bool:
    """Return whether coverage is to see this test."""
    chosen = getattr(item, "callspec", None)
    return not (
        item.get_closest_marker("uncounted")
        or hypothesis.is_hypothesis_test(getattr(item, "obj", None))
        or (chosen and chosen.params.get("anyio_backend") == "trio")
    )


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_protocol(item: pytest.Item) -> Generator[None, object, object]:
    rested: list[coverage.Coverage] = []
    if not counts(item):
        # A process of pytest-xdist has two, of which the first goes on when the second stops.
        while (running := coverage.Coverage.current()) is not None:
            running.stop()
            rested.append(running)
    try:
        return (yield)
    finally:
        for each in reversed(rested):
            each.start()
