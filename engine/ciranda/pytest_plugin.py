"""Fixtures for tests of workflows and plugins; pytest finds them by itself.

Every run of pytest imports this file where ciranda is installed, so it imports nothing.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from ciranda.testing import Harness

__all__ = ["ciranda_harness", "ciranda_virtual_backend", "pytest_configure"]


def pytest_configure(config: pytest.Config) -> None:
    """Declare the marker."""
    config.addinivalue_line(
        "markers",
        "ciranda(plugins=, settings=, mocks=, store=, environ=, resources=): what "
        "`ciranda_harness` opens",
    )


@pytest.fixture(params=["asyncio", "trio"])
def ciranda_virtual_backend(request: pytest.FixtureRequest) -> tuple[str, dict[str, Any]]:
    """Return each event loop in virtual time; hand it on in an `anyio_backend` of your own."""
    from ciranda.testing import virtual_backend

    return virtual_backend(str(request.param))


@pytest.fixture
async def ciranda_harness(
    request: pytest.FixtureRequest, anyio_backend: Any
) -> AsyncIterator[Harness]:
    """Open an engine for one asynchronous test, with what its `ciranda` marker names."""
    from ciranda.testing import harness

    marker = request.node.get_closest_marker("ciranda")
    async with harness(**(marker.kwargs if marker is not None else {})) as opened:
        yield opened
