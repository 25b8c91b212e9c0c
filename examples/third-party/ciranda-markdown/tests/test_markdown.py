"""The plugin, alone and in an engine."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from ciranda.testing import check_action, harness

import ciranda_markdown
from ciranda_markdown.actions import contents, summary
from ciranda_markdown.headings import links_of, slug

pytestmark = pytest.mark.anyio

PAGE = "# A page\n\n```sh\n# no heading\n```\n\n## Part [two](gone.md)\n\n[up](#a-page) `[x](y)`\n"
FLOW = """
ciranda: 1
steps:
  links: {uses: markdown.links, with: {folder: .}}
  summary:
    uses: markdown.summary
    with: {dead: "${{ steps.links.output.dead }}"}
    with-middleware: {markdown.wrapped: {width: 20}}
"""


@pytest.fixture
def anyio_backend(ciranda_virtual_backend: Any) -> Any:
    return ciranda_virtual_backend


def test_fences_hide_headings_and_code_hides_links() -> None:
    assert contents(PAGE)["headings"] == ["A page", "Part [two](gone.md)"]
    assert list(links_of(PAGE)) == [(7, "gone.md"), (9, "#a-page")]
    assert slug("What's new, then?") == "whats-new-then"


def test_actions_keep_their_promises() -> None:
    check_action(contents, {"text": PAGE})
    check_action(summary, {"dead": []})


async def test_dead_links_are_found(tmp_path: Path) -> None:
    (tmp_path / "page.md").write_text(PAGE)
    async with harness([ciranda_markdown], folder=tmp_path) as h:
        result = await h.run(FLOW)

    assert result.steps["links"]["output"]["dead"] == [
        {"file": "page.md", "line": 7, "target": "gone.md"}
    ]
    assert result.steps["summary"]["output"].splitlines()[0] == "1 of the links lead"
