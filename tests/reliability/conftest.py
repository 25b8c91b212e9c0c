"""One forking process for all trials."""

from collections.abc import Iterator

import pytest
from tests.reliability.trials import Forker


@pytest.fixture(scope="session")
def forker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Forker]:
    made = Forker(tmp_path_factory.mktemp("forker") / "warm")
    yield made
    made.close()
