"""Where CPU-bound actions run: in warm worker processes, which can be killed."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any, Final

import anyio
from anyio.abc import TaskGroup, TaskStatus

from ciranda.actions import Action, Scope
from ciranda.bus.report import logger
from ciranda.context import Context
from ciranda.executors.loops import backend
from ciranda.layer import Call, Next

if TYPE_CHECKING:
    from ciranda.executors.pool import Pool

__all__ = ["ProcessExecutor"]

_ENGINE: Final = ""  # under which a worker keeps what is for all runs

Origin = Callable[[Action], Mapping[str, Any]]


class ProcessExecutor:
    """Calls actions in a pool of warm workers.

    The pool opens with the first call, so a run without such steps starts no process. A worker
    loads an action's plugin once, and is replaced when the plugin's code changes. What actions
    share is opened by each worker for itself, and lives as long as it says, or the worker does.

    Args:
        origin: Says where a worker finds an action.
        group: Owns the task that keeps the pool open; `close` must be called before it ends.
        size: How many workers; by default one for each core.
        adopter: Returns what takes in a span that a worker finished, as plain data; None when
            nobody does.
    """

    def __init__(
        self,
        origin: Origin,
        group: TaskGroup,
        size: int | None = None,
        *,
        adopter: Callable[[], Callable[[Any], None] | None] = lambda: None,
    ) -> None:
        self._origin: Final = origin
        self._adopter: Final = adopter
        self._group: Final = group
        self.size: Final = size or os.cpu_count() or 1
        self._pool: Pool | None = None
        self._opening: Final = anyio.Lock()
        self._runs: Final[set[str]] = set()  # those that go on, and for which a worker may open
        self._leave: Final = anyio.Event()
        self._left: Final = anyio.Event()

    async def close(self) -> None:
        """End the workers, if there are any."""
        if self._pool is not None:
            self._leave.set()
            await self._left.wait()

    async def release(self, run: str) -> None:
        """Have workers leave what they hold open for a run; idle ones have when this returns."""
        if run in self._runs:
            try:
                if self._pool is not None:
                    await self._pool.release(run)
            finally:
                self._runs.discard(run)

    def core(self, action: Action) -> Next:
        """Return what calls `action` in a worker.

        Raises:
            PluginError: No worker can find the action.
        """
        origin = dict(self._origin(action))
        digest = str(origin.get("digest", ""))
        told = bool(action.wants_context or action.resources)
        scopes = {one.scope for one in action.resources.values()}

        async def call_in_process(call: Call) -> Any:
            pool = self._pool or await self._open()
            ctx, adopt = call.ctx, self._adopter()
            payload = {
                "origin": origin,
                "action": action.name,
                "inputs": call.arguments,
                "context": _context(ctx, action) if told else None,
                "traceparent": ctx.traceparent if adopt is not None else "",
                "loop": backend() if scopes else "",
            }
            kept = self._kept(ctx, scopes)
            return await pool.call(
                action.name,
                payload,
                affinity=next(iter(kept), None),
                digest=digest or None,
                on_event=lambda frame: _hear(ctx, frame, adopt),
                kept=kept,
            )

        return call_in_process

    def _kept(self, ctx: Context, scopes: set[Scope]) -> dict[str, Callable[[Any], None]]:
        """Return what a worker keeps open after a call, by run, and who hears how that ended."""
        kept: dict[str, Callable[[Any], None]] = {}
        if Scope.RUN in scopes:
            self._runs.add(ctx.run.id)
            kept[ctx.run.id] = partial(self._hear_end, ctx, ctx.run.id)
        if Scope.ENGINE in scopes:
            kept[_ENGINE] = partial(self._hear_end, ctx, _ENGINE)
        return kept

    def _hear_end(self, ctx: Context, holder: str, frame: Any) -> None:
        """Pass on what a worker said while it left what it held open."""
        match type(frame).__name__:
            case "Log" if frame.level in ("stdout", "stderr"):
                sys.stderr.write(ctx.mask(frame.text))  # the step that opened it is over
                return
            case "Log":
                level, text, fields = frame.level, frame.text, {}
            case "Event" if frame.name == "log":
                level, text, fields = (frame.data[word] for word in ("level", "text", "fields"))
            case _:
                return  # there is no step any more to show it in
        if holder in self._runs:
            ctx.host.log(ctx, level, text, fields)
        else:  # the log of the run is closed
            logger().warning(ctx.mask(text), **fields)

    async def _open(self) -> Pool:
        async with self._opening:
            if self._pool is not None:
                return self._pool
            with anyio.CancelScope(shield=True):  # the pool outlives the step that asked
                opened: Pool = await self._group.start(self._hold)
            return opened

    async def _hold(self, *, task_status: TaskStatus[Pool] = anyio.TASK_STATUS_IGNORED) -> None:
        """Keep the pool open: a step's task must not, since another one's end closes it."""
        from ciranda.executors.pool import Pool, WorkerKind  # most runs need no worker

        kind = WorkerKind("actions", "ciranda.executors.worker:setup")
        try:
            with anyio.CancelScope(shield=True):
                async with Pool(kind, self.size, warm=self.size) as self._pool:
                    task_status.started(self._pool)
                    await self._leave.wait()
        finally:
            self._left.set()


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
        "key": ctx.own_key,
        "secrets": {name: ctx.secret(name) for name in action.secrets},
    }


def _hear(ctx: Context, frame: Any, adopt: Callable[[Any], None] | None) -> None:
    """Pass on what a worker said during a call."""
    match type(frame).__name__:
        case "Log" if frame.level in ("stdout", "stderr"):
            ctx.output(frame.level, frame.text.encode("utf-8", "surrogateescape"))
        case "Progress":
            ctx.progress(frame.done, frame.total or 0.0, frame.text)
        case "Event" if frame.name == "used":
            ctx.used(**frame.data)
        case "Event" if frame.name == "log":
            ctx.host.log(ctx, frame.data["level"], frame.data["text"], frame.data["fields"])
        case "Event" if frame.name == "artifact":
            ctx.artifact(frame.data)
        case "Span" if adopt is not None:
            adopt(frame.data)
        case _:
            pass  # events of a plugin's own protocol
