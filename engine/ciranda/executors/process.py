"""Where CPU-bound actions run: in warm worker processes, which can be killed."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Mapping
from typing import Any, Final

import anyio

from ciranda.actions import Action
from ciranda.context import Context
from ciranda.executors.pool import Pool, WorkerKind
from ciranda.middleware.layer import Call, Next

__all__ = ["ProcessExecutor"]

Origin = Callable[[Action], Mapping[str, Any]]


class ProcessExecutor:
    """Calls actions in a pool of warm workers; an async context manager.

    The pool opens with the first call, so a run without such steps starts no process. A worker
    loads an action's plugin once, and is replaced when the plugin's code changes.

    Args:
        origin: Says where a worker finds an action.
        size: How many workers; by default one for each core.
    """

    def __init__(self, origin: Origin, size: int | None = None) -> None:
        self._origin: Final = origin
        self.size: Final = size or os.cpu_count() or 1
        self._pool: Pool | None = None
        self._opening: Final = anyio.Lock()

    async def close(self) -> None:
        """End the workers, if there are any."""
        pool, self._pool = self._pool, None
        if pool is not None:
            await pool.__aexit__(*sys.exc_info())

    def core(self, action: Action) -> Next:
        """Return what calls `action` in a worker.

        Raises:
            PluginError: No worker can find the action.
        """
        origin = dict(self._origin(action))
        digest = str(origin.get("digest", ""))

        async def call_in_process(call: Call) -> Any:
            pool = self._pool or await self._open()
            ctx = call.ctx
            payload = {
                "origin": origin,
                "action": action.name,
                "inputs": call.arguments,
                "context": _context(ctx, action) if action.wants_context else None,
            }
            return await pool.call(
                action.name,
                payload,
                digest=digest or None,
                on_event=lambda frame: _hear(ctx, frame),
            )

        return call_in_process

    async def _open(self) -> Pool:
        async with self._opening:
            if self._pool is None:
                kind = WorkerKind("actions", "ciranda.executors.worker:setup")
                self._pool = await Pool(kind, self.size, warm=self.size).__aenter__()
            return self._pool


def _context(ctx: Context, action: Action) -> dict[str, Any]:
    run = ctx.run
    return {
        "run": {
            "id": run.id,
            "name": run.name,
            "dir": str(run.dir),
            "base": str(run.base),
            "started": run.started,
        },
        "step": ctx.step,
        "path": ctx.path,
        "attempt": ctx.attempt,
        "remaining": ctx.remaining(),
        "env": dict(ctx.env),
        "traceparent": ctx.traceparent,
        "secrets": {name: ctx.secret(name) for name in action.secrets},
    }


def _hear(ctx: Context, frame: Any) -> None:
    """Pass on what a worker said during a call."""
    match type(frame).__name__:
        case "Log" if frame.level in ("stdout", "stderr"):
            ctx.output(frame.level, frame.text.encode("utf-8", "surrogateescape"))
        case "Log":
            ctx.host.log(ctx, frame.level, frame.text, {})
        case "Progress":
            ctx.progress(frame.done, frame.total or 0.0, frame.text)
        case "Event" if frame.name == "used":
            ctx.used(**frame.data)
        case _:
            pass  # events of a plugin's own protocol
