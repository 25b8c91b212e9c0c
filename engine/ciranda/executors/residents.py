"""Resources that live in a worker process, beyond the calls that ask for them."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass
from functools import partial
from typing import Any, Final, Protocol

import anyio
import anyio.to_thread
from anyio.abc import TaskStatus
from anyio.from_thread import start_blocking_portal

from ciranda.actions import Action, Scope
from ciranda.context import Context
from ciranda.errors import PluginError, StepError
from ciranda.executors.shelf import ResourceShelf

__all__ = ["Residents", "Teller", "Visit"]


class Teller(Protocol):
    """What passes on to the engine what is told during a call; a `Job` of the pool is one."""

    def event(self, name: str, data: Any = None) -> None:
        """Send something of the action's own."""

    def log(self, level: str, text: str) -> None:
        """Send one log line."""

    def progress(self, done: float, total: float | None = None, text: str = "") -> None:
        """Say how far the call is."""


@dataclass(frozen=True, slots=True)
class Visit:
    """One call of an action with resources.

    Attributes:
        action: What is called.
        arguments: Its inputs, bound.
        context: Makes its context, in the thread that uses it, given who tells.
        settings: Those of its plugin.
        loop: Which of anyio's backends its resources live in.
        within: What the function itself is called within.
        job: Who tells.
    """

    action: Action
    arguments: Mapping[str, Any]
    context: Callable[[Teller], Context]
    settings: Any
    loop: str
    within: Callable[[], AbstractContextManager[None]]
    job: Teller


class Residents:
    """Opens what actions share; closes it when the engine says that it is over.

    What is open lives in an event loop of its own, whose thread runs as long as there is any. A
    call of an action with resources runs in that loop too, or in a thread that belongs to it.
    """

    def __init__(self) -> None:
        self._seat: Final = _Seat()
        self._home: _Home | None = None

    def call(self, visit: Visit) -> Any:
        """Call an action, given the resources that it asks for; return what it returned.

        Raises:
            StepError: Kind `unavailable`: a resource cannot be opened, or failed meanwhile.
            Exception: Whatever the action raises.
        """
        self._seat.job = visit.job
        try:
            if self._home is not None and self._home.failure:  # since the last call
                told = {"level": "warning", "text": self._home.failure, "fields": {}}
                visit.job.event("log", told)
                self._leave_home()
            if self._home is None:
                self._home = _Home(visit.loop, self._seat)
            return self._home.call(visit)
        finally:
            self._settle()

    def release(self, run: str, job: Teller) -> None:
        """Leave the resources of a run, or with an empty name those of the engine."""
        if self._home is None:
            return
        self._seat.job = job
        try:
            self._home.close(Scope.RUN if run else Scope.ENGINE, run)
        finally:
            self._settle()

    def _settle(self) -> None:
        self._seat.job = None
        if self._home is not None and (self._home.is_empty or self._home.told):
            self._leave_home()

    def _leave_home(self) -> None:
        home, self._home = self._home, None
        if home is not None:
            home.leave()


class _Seat:
    """Tells for a resource: to the call that is under way, whichever opened it."""

    def __init__(self) -> None:
        self.job: Teller | None = None

    def event(self, name: str, data: Any = None) -> None:
        if self.job is not None:
            self.job.event(name, data)

    def log(self, level: str, text: str) -> None:
        if self.job is not None:
            self.job.log(level, text)

    def progress(self, done: float, total: float | None = None, text: str = "") -> None:
        if self.job is not None:
            self.job.progress(done, total, text)


class _Home:
    """An event loop in a thread of its own, with a shelf of open resources.

    Attributes:
        failure: What became of a resource that failed while it was open, which ended all others.
        told: Whether a step has heard of that.
        ended: Done when nothing can be opened any more.
    """

    def __init__(self, loop: str, seat: Teller) -> None:
        self._seat: Final = seat
        self.failure = ""
        self.told = False
        self._settings: Any = None
        self._scope: anyio.CancelScope | None = None
        self._stack: Final = ExitStack()
        self._portal: Final = self._stack.enter_context(start_blocking_portal(loop))
        self._shelf: ResourceShelf
        self.ended, self._shelf = self._portal.start_task(self._live)

    @property
    def is_empty(self) -> bool:
        """Whether nothing is open."""
        return self._shelf.is_empty

    def call(self, visit: Visit) -> Any:
        return self._portal.call(self._perform, visit)

    def close(self, scope: Scope, holder: str) -> None:
        self._portal.call(self._shelf.close, scope, holder)

    def leave(self) -> None:
        """End the loop and its thread; nothing is open any more."""
        self._portal.call(self._leave.set)
        self._stack.close()

    async def _live(
        self, *, task_status: TaskStatus[ResourceShelf] = anyio.TASK_STATUS_IGNORED
    ) -> None:
        self._leave = anyio.Event()
        try:
            async with anyio.create_task_group() as group:
                task_status.started(ResourceShelf(group, lambda _: self._settings))
                await self._leave.wait()
        except* PluginError as failed:
            self.failure = str(failed.exceptions[0])
        finally:
            if self._scope is not None:
                self._scope.cancel()  # the call that goes on has lost what it was given

    async def _perform(self, visit: Visit) -> Any:
        action, arguments = visit.action, dict(visit.arguments)
        ctx, lasting = visit.context(visit.job), visit.context(self._seat)
        self._settings = visit.settings
        with anyio.CancelScope() as scope:
            self._scope = scope
            try:
                if action.wants_context:
                    arguments[action.wants_context] = ctx
                for name, resource in action.resources.items():
                    arguments[name] = await self._shelf.get(resource, lasting)
                with visit.within():
                    return await _result(action, arguments)
            finally:
                await self._shelf.close(Scope.STEP, f"{ctx.run.id}:{ctx.path}")
                self._scope = None
        self.told = True
        raise StepError("unavailable", self.failure)


async def _result(action: Action, arguments: Mapping[str, Any]) -> Any:
    if action.is_async:
        return await action.function(**arguments)
    # In a thread: it may call what is asynchronous by `anyio.from_thread`, as in the engine.
    result = await anyio.to_thread.run_sync(partial(action.function, **arguments))
    return await result if inspect.iscoroutine(result) else result
