"""A run that was recorded and anchored three times: in a step, after it failed, and at its end."""

from collections.abc import Callable
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

import anyio

from ciranda.store import Durability, Examined, SqliteLog
from ciranda.testing import harness
from ciranda_consensus.anchor_hooks import AnchorRun, AuditRun
from ciranda_consensus.anchoring import Mark, audit, mark_of
from ciranda_consensus.audited import Anchored, Audited
from ciranda_consensus.cluster import GENESIS
from ciranda_consensus.node import Genesis, read_genesis
from ciranda_consensus.receipts import Receipt, read_receipt

FLOW = """
ciranda: 1
steps:
  big: {uses: t.big}
  anchor: {uses: consensus.anchor, needs: [big]}
  flaky: {uses: t.flaky, needs: [anchor]}
outputs: {anchor: "${{ steps.anchor.output }}"}
"""
LARGE = 100_000  # characters: more than a record holds, so that it is a blob


@dataclass
class Recorded:
    """The run, what it was answered, and what is in its log."""

    folder: Path
    run: str
    anchors: list[Anchored]
    again: Anchored
    seen: Audited
    events: list[Examined]
    payloads: list[bytes]
    genesis: Genesis

    @property
    def receipts(self) -> list[Receipt]:
        return [read_receipt(one.receipt) for one in self.anchors]

    @property
    def file(self) -> Path:
        return self.folder / ".ciranda" / "ciranda.db"

    def log(self) -> SqliteLog:
        return SqliteLog(self.folder, Durability.OFF)

    def audit(
        self, events: list[Examined], receipts: list[Receipt] | None = None, blobs: Any = None
    ) -> Audited:
        known = self.receipts if receipts is None else receipts
        return audit(self.run, events, known, self.genesis, blobs)


def record(folder: Path) -> Recorded:
    """Record the run in a folder."""
    return anyio.run(_record, folder)


async def _record(folder: Path) -> Recorded:
    turns = []

    def flaky() -> str:
        turns.append(1)
        if len(turns) == 1:
            raise ValueError("not yet")
        return "done"

    mocks: dict[str, Callable[..., Any]] = {"t.big": lambda: "x" * LARGE, "t.flaky": flaky}
    async with harness(folder=folder, store="disk", mocks=mocks) as h:
        assert not (await h.run(FLOW)).ok
        run = h.engine.log.run("last").id
        middle = await h.engine.bus.ask(AnchorRun(run=run))
        done = await h.resume()
        end = await h.engine.bus.ask(AnchorRun(run="last"))
        again = await h.engine.bus.ask(AnchorRun(run=run))
        seen = await h.engine.bus.ask(AuditRun(run=run))
        events = list(h.engine.log.examine(run))
        payloads = [one.payload for one in h.engine.log.read(run)]
    first = Anchored(**done.outputs["anchor"])
    genesis = read_genesis(folder / ".ciranda" / "consensus-4" / GENESIS)
    return Recorded(folder, run, [first, middle, end], again, seen, events, payloads, genesis)


def digest(payload: bytes) -> str:
    return sha256(payload).hexdigest()


def marks_of(recorded: Recorded) -> list[Mark]:
    return [mark_of(one) for one in recorded.events]
