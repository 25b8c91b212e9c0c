"""DBOS: functions whose results are rows of a database; here SQLite."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

from dbos import DBOS, DBOSConfig

from benchmarks import graphs
from benchmarks.turns import Contender

NAME = "DBOS on SQLite"


def launch(folder: Path) -> tuple[Any, Any]:
    """Start DBOS with its database in a folder; return its chain and its fan, of any size."""
    config = DBOSConfig(
        name="bench",
        system_database_url=f"sqlite:///{folder / 'dbos.sqlite'}",
        run_admin_server=False,
        log_level="ERROR",
    )
    DBOS(config=config)
    add, total = DBOS.step()(graphs.add), DBOS.step()(graphs.total)

    @DBOS.workflow()
    async def chain_workflow(size: int) -> int:
        value = await add(0, 0)
        for _ in range(1, size):
            value = await add(value)
        return int(value)

    @DBOS.workflow()
    async def fan_workflow(size: int) -> int:
        source = await add(0)
        values = await asyncio.gather(*(add(source, number) for number in range(size)))
        return int(await total(values))

    DBOS.launch()

    def chain(size: int) -> Contender:
        return lambda: chain_workflow(size)

    def fan(size: int) -> Contender:
        return lambda: fan_workflow(size)

    return chain, fan


def close() -> None:
    """Stop DBOS."""
    DBOS.destroy()
