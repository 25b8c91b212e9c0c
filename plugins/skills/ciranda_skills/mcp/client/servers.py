"""The servers of an engine: one for each spec, shared by all steps."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any, Final, final

import anyio
import anyio.to_thread
from anyio.abc import TaskGroup

from ciranda.actions import resource
from ciranda.errors import StepError
from ciranda.executors.pool import Pool

from .lost import Loss
from .process import process_kind, process_messages
from .spec import Spec
from .web import web_messages

if TYPE_CHECKING:
    from .connection import Connection

__all__ = ["Servers", "open_servers"]

_MOST: Final = 32  # programs at a time


@final
class Servers:
    """Opens servers when they are first asked for.

    Args:
        tasks: Owns the tasks that hold them open.
        pool: Of programs.
    """

    def __init__(self, tasks: TaskGroup, pool: Pool) -> None:
        self._tasks: Final = tasks
        self._pool: Final = pool
        self._open: Final[dict[Spec, Connection]] = {}
        self._locks: Final[dict[Spec, anyio.Lock]] = {}

    async def get(self, spec: Spec) -> Connection:
        """Return a server that takes calls, opening it if nobody did or it was lost.

        Raises:
            StepError: It cannot be opened.
        """
        await _imported()
        async with self._locks.setdefault(spec, anyio.Lock()):
            held = self._open.get(spec)
            if held is not None and await held.lives():
                return held
            return await self._opened(spec)

    async def _opened(self, spec: Spec) -> Connection:
        from .connection import Connection

        programs = sum(bool(each.argv) for each, held in self._open.items() if held.usable)
        if spec.argv and programs >= _MOST:
            said = f"{_MOST} MCP servers run already: use fewer in one engine."
            raise StepError("limit", said, retryable=False)

        def transport(loss: Loss) -> AbstractAsyncContextManager[Any]:
            if spec.argv:
                return process_messages(spec, self._pool, loss)
            return web_messages(spec, loss)

        held = Connection(spec, transport)
        started = False
        try:
            await self._tasks.start(held.hold)
            started = True
        except RuntimeError:
            if not held.loss.known:
                raise
        finally:
            if not started:
                held.leave()
        if (lost := held.loss.error) is not None:
            raise lost
        self._open[spec] = held
        return held

    async def close(self) -> None:
        """End all of them, at the same time."""
        for held in self._open.values():
            held.leave()
        for held in self._open.values():
            await held.ended.wait()


@resource(scope="engine")
@asynccontextmanager
async def open_servers() -> AsyncIterator[Servers]:
    """Keep servers open as long as the engine."""
    async with Pool(process_kind(), _MOST) as pool, anyio.create_task_group() as tasks:
        servers = Servers(tasks, pool)
        try:
            yield servers
        finally:
            with anyio.CancelScope(shield=True):
                await servers.close()


async def _imported() -> None:
    """Import the SDK in a thread: it takes a second, and the loop has other things to do.

    Raises:
        StepError: It is not installed.
    """
    if find_spec("mcp") is None:
        raise StepError(
            "refused", "mcp.call needs the MCP SDK: pip install 'ciranda[mcp]'.", retryable=False
        )

    def load() -> None:
        from . import connection  # noqa: F401  (so that it is there)

    await anyio.to_thread.run_sync(load)
