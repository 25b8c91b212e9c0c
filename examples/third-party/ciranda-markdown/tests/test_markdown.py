"""The plugin, alone and in an engine."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from ciranda import Engine, WorkflowError
from ciranda.settings import Configuration
from ciranda.testing import check_action, harness

import ciranda_markdown
from ciranda_markdown.actions import contents, summary
from ciranda_markdown.headings import links_of, slug
from ciranda_markdown.runbooks import read_runbook

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


RUNBOOK = Path(__file__).parents[1] / "examples" / "runbook.md"


def opened(folder: Path, **settings: str) -> Engine:
    configuration = Configuration(folder, tables={"markdown": settings})
    return Engine(durability="off", configuration=configuration, plugins=[ciranda_markdown])


async def test_a_runbook_is_a_workflow_and_leaves_a_line_in_the_ledger(tmp_path: Path) -> None:
    (tmp_path / "page.md").write_text(PAGE)
    async with opened(tmp_path, ledger=str(tmp_path / "runs.txt")) as engine:
        result = await engine.run(RUNBOOK, inputs={"folder": str(tmp_path)})

    assert result.outputs["summary"].startswith("1 of the links lead nowhere: gone.md")
    assert (tmp_path / "runs.txt").read_text().startswith("- runbook: success, ")


async def test_faults_of_a_runbook_are_at_their_lines(tmp_path: Path) -> None:
    text = RUNBOOK.read_text().replace("uses: markdown.summary", "uses: markdown.summery")
    (tmp_path / "runbook.md").write_text(text)
    async with opened(tmp_path) as engine:
        with pytest.raises(WorkflowError) as caught:
            engine.load(tmp_path / "runbook.md")

    (fault,) = caught.value.faults
    assert fault.line == text[: text.index("markdown.summery")].count("\n") + 1
    assert fault.source == "    uses: markdown.summery"


def test_fences_that_are_none_of_ours_are_left_out() -> None:
    assert read_runbook(PAGE.encode(), "page.md") is None
    assert read_runbook(b"~~~ yaml ciranda\na: 1\n```\n~~~\n", "x.md") == "\na: 1\n```\n\n\n"
    with pytest.raises(ValueError, match="the fence is not closed") as caught:
        read_runbook(b"\n```yaml ciranda\na: 1\n", "x.md")
    assert vars(caught.value)["lineno"] == 2
