"""An engine in a folder with a template."""

import pytest

from ciranda.testing import harness

from .workflows import PAGE, put


@pytest.fixture
def settings():
    return {}


@pytest.fixture
async def h(settings):
    async with harness(settings={"quantum": settings}) as made:
        put(made.folder, "page.q", PAGE)
        yield made
