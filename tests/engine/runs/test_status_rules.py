"""The page on status says what the engine does; REGENERATE=1 writes it anew."""

import os
from pathlib import Path

import pytest
from tests.engine.runs.statusrules import page

PAGE = Path(__file__).parents[3] / "docs" / "status-rules.md"


@pytest.mark.uncounted
@pytest.mark.anyio
@pytest.mark.parametrize("anyio_backend", ["asyncio"], indirect=True)
async def test_the_page_on_status_says_what_the_engine_does():
    said = await page()
    if os.environ.get("REGENERATE"):
        PAGE.write_text(said, encoding="utf-8")

    assert PAGE.read_text(encoding="utf-8") == said
