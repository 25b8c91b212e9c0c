"""Runs are tested in virtual time, on both event loops."""

from typing import Any

import pytest

from ciranda.testing import virtual_backend


@pytest.fixture(params=["asyncio", "trio"])
def anyio_backend(request: pytest.FixtureRequest) -> tuple[str, dict[str, Any]]:
    return virtual_backend(str(request.param))
