"""What every test shares: both event loops, and no colour or OTLP settings from outside."""

import os

import hypothesis  # noqa: F401  (before a run freezes the garbage collector, which confuses it)
import pytest

for name in [key for key in os.environ if key.startswith(("OTEL_", "CIRANDA_"))]:
    del os.environ[name]
os.environ.pop("TRACEPARENT", None)


@pytest.fixture(params=["asyncio", "trio"])
def anyio_backend(request: pytest.FixtureRequest) -> str:
    return str(request.param)
