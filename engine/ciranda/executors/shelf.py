"""Open resources, each entered and left in a task of its own that the engine owns.

A cancel scope that is entered in one step's task and left in another's is an error in every
structured concurrency library, so no step ever holds a resource open itself.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from typing import Any, Final

import anyio
from anyio.abc import TaskGroup, TaskStatus

from ciranda.actions import Resource, Scope
from ciranda.bus.report import logger
from ciranda.context import Context
from ciranda.errors import PluginError, StepError
from ciranda.middleware.printing import beside_steps

__all__ = ["ResourceShelf"]

TEARDOWN: Final = 10.0  # seconds that leaving a resource may take

Key = tuple[Resource, str]


class ResourceShelf:
    """Opens resources when they are first asked for; one for each engine.

    Args:
        group: Owns the tasks that hold resources open.
        settings: Returns the settings of the plugin that a resource belongs to.
    """

    def __init__(self, group: TaskGroup, settings: Callable[[Resource], Any]) -> None:
        self._group: Final = group
        self._settings: Final = settings
        self._instead: Final[dict[str | Resource, Callable[..., Any]]] = {}
        self._open: Final[dict[Key, _Held]] = {}
        self._locks: Final[dict[Key, anyio.Lock]] = {}

    def replace(self, named: str | Resource, instead: Callable[..., Any]) -> None:
        """Open something else in a resource's place from now on, for tests.

        Args:
            named: The resource, or the name of all that are called so.
            instead: `async with instead(ctx, settings)` gives what steps get.
        """
        self._instead[named] = instead

    async def get(self, resource: Resource, ctx: Context) -> Any:
        """Return what a resource yields, opening it if nobody did.

        Raises:
            StepError: Kind `unavailable`: it cannot be opened.
        """
        key = (resource, _holder(resource, ctx))
        async with self._locks.setdefault(key, anyio.Lock()):
            held = self._open.get(key)
            if held is None:
                held = _Held()
                try:
                    await self._group.start(self._hold, key, held, ctx)
                except Exception as error:
                    raise StepError(
                        "unavailable", f"resource {resource.name} cannot be opened: {_shown(error)}"
                    ) from error
                self._open[key] = held
            return held.value

    @property
    def is_empty(self) -> bool:
        """Whether nothing is open."""
        return not self._open

    async def close(self, scope: Scope, holder: str = "") -> None:
        """Leave the resources of a scope, and wait until they are left."""
        keys = [key for key in self._open if key[0].scope is scope and key[1] == holder]
        with anyio.CancelScope(shield=True):  # each has its own time limit
            for key in reversed(keys):  # what came later may use what was there before
                held = self._open.pop(key)
                self._locks.pop(key, None)
                held.leave.set()
                await held.left.wait()

    async def _hold(
        self,
        key: Key,
        held: _Held,
        ctx: Context,
        *,
        task_status: TaskStatus[None] = anyio.TASK_STATUS_IGNORED,
    ) -> None:
        resource, _ = key
        opened = False
        try:
            with anyio.CancelScope() as scope, ExitStack() as leaving:
                settings = self._settings(resource)
                instead = self._instead.get(resource) or self._instead.get(resource.name)
                manager = (
                    resource.open(ctx=ctx, settings=settings)
                    if instead is None
                    else instead(ctx, settings)
                )
                async with manager as held.value:
                    opened = True
                    task_status.started()
                    try:
                        await held.leave.wait()
                    finally:
                        if resource.scope is not Scope.STEP:  # the step that opened it is over
                            leaving.enter_context(beside_steps())
                        scope.shield = True
                        scope.deadline = anyio.current_time() + TEARDOWN
            if scope.cancelled_caught:
                _warn(resource, ctx, f"was not left within {TEARDOWN:g} s")
        except Exception as error:
            if not opened:
                raise  # the step that asked hears of it
            if not held.leave.is_set():
                raise PluginError(f"resource {resource.name} failed: {_shown(error)}") from error
            _warn(resource, ctx, f"failed on leaving: {_shown(error)}")
        finally:
            held.left.set()


class _Held:
    __slots__ = ("leave", "left", "value")

    def __init__(self) -> None:
        self.value: Any = None
        self.leave: Final = anyio.Event()
        self.left: Final = anyio.Event()


def _shown(error: BaseException) -> str:
    while isinstance(error, BaseExceptionGroup):  # task groups wrap what their tasks raise
        error = error.exceptions[0]
    return f"{type(error).__name__}: {error}"


def _warn(resource: Resource, ctx: Context, what: str) -> None:
    text = f"resource {resource.name} {what}"
    if resource.scope is Scope.ENGINE:  # the run that opened it may be over, and its log closed
        logger().warning(ctx.mask(text))
    else:
        ctx.log.warning(text)


def _holder(resource: Resource, ctx: Context) -> str:
    if resource.scope is Scope.ENGINE:
        return ""
    return ctx.run.id if resource.scope is Scope.RUN else f"{ctx.run.id}:{ctx.path}"
