"""What answers questions on an engine, as long as the engine is open."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import anyio

from ciranda_consensus.anchoring import Anchoring
from ciranda_consensus.answering import Answering, Proofs
from ciranda_consensus.cluster import Clusters, Where
from ciranda_consensus.proving import Crew

if TYPE_CHECKING:
    from ciranda import Engine
    from ciranda_consensus.settings import ConsensusSettings

__all__ = ["open_answering"]


@asynccontextmanager
async def open_answering(engine: Engine, settings: ConsensusSettings) -> AsyncIterator[Answering]:
    """Answer questions on an engine; nothing is opened before the first one."""
    where = Where(engine.folder, engine.durability)
    try:
        async with anyio.create_task_group() as tasks:
            clusters = Clusters(
                where,
                tasks,
                Proofs(engine.bus).check,
                clock=lambda: round(engine.clock.wall() * 1000),
                patience=settings.wait,
            )
            anchoring = Anchoring(lambda: engine.log, clusters)
            adopt = engine.exporting.adopter()
            yield Answering(clusters, settings, anchoring, Crew(tasks), adopt)
            tasks.cancel_scope.cancel()
    finally:
        where.close()
