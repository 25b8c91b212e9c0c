"""Runs a flow of a file, changes it, and runs a part of it again."""

from __future__ import annotations

from contextlib import AbstractAsyncContextManager
from typing import Any

from tests.engine.runs.acts import Acts

from ciranda.runs.outcome import RunResult
from ciranda.runs.rerun import Rerun, rerun_of
from ciranda.testing import Harness, harness

INNER = """
ciranda: 1
inputs: {n: integer}
steps:
  i: {uses: t.do, with: {v: 'i${{ inputs.n }}'}}
  j: {uses: t.do, with: {v: '${{ steps.i.output }}j'}}
  k: {uses: t.do, with: {v: k}}
outputs: {j: '${{ steps.j.output }}'}
"""


class Again(Acts):
    """Runs a flow, and runs a part of it again.

    Attributes:
        h: The engine.
        found: What the last rerun was to take over.
    """

    h: Harness
    found: Rerun

    def harness_with(self, code: Any) -> AbstractAsyncContextManager[Harness]:
        """Open an engine whose flows use `t.code`, too."""
        mocks = {"t.do": self.do, "t.code": code}
        return harness(mocks=mocks, environ={"TOKEN": "opensesame"})

    def write(self, text: str, inner: str = INNER) -> None:
        (self.h.folder / "flow.yaml").write_text(text)
        (self.h.folder / "inner.yaml").write_text(inner)

    async def first(
        self, text: str, inputs: Any = None, *, status: str = "succeeded", inner: str = INNER
    ) -> RunResult:
        self.write(text, inner)
        result = await self.h.run(self.h.folder / "flow.yaml", inputs, run_id="r1")
        assert result.status == status
        self.begun.clear()
        return result

    async def rerun(self, start: str, run: str = "r1", **more: Any) -> RunResult:
        self.begun.clear()
        self.found = rerun_of(self.h.engine, run, start, **more)
        return await self.h.engine.rerun(self.found)
