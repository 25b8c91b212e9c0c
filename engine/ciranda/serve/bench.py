"""An engine and the runs that it performs at a time; it closes when the last of them has ended."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Any, Final, final

import anyio
from anyio.abc import TaskGroup, TaskStatus

from ciranda.engine import Engine

__all__ = ["Bench", "MakeEngine"]

MakeEngine = Callable[[], Engine]


@final
class Bench:
    """Keeps an engine open, in a task of its own, until it is retired and idle.

    Attributes:
        engine: The engine, once the bench is open.
    """

    def __init__(self) -> None:
        self.engine: Engine
        self._runs: TaskGroup
        self._retired: Final = anyio.Event()

    async def keep(
        self, make: MakeEngine, *, task_status: TaskStatus[None] = anyio.TASK_STATUS_IGNORED
    ) -> None:
        """Open the engine, tell that it is open, and stay until all is over.

        Raises:
            CirandaError: The engine cannot be opened.
        """
        async with make() as engine, anyio.create_task_group() as runs:
            self.engine, self._runs = engine, runs
            task_status.started()
            await self._retired.wait()

    def start(self, perform: Callable[..., Coroutine[Any, Any, None]], *arguments: Any) -> None:
        """Have something done at this bench; it may not be retired."""
        self._runs.start_soon(perform, *arguments)

    def retire(self) -> None:
        """Take no more work, and close once what is under way has ended."""
        self._retired.set()
