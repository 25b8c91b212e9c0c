"""The task that opens what plugins keep open, and closes it in the reverse order."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from types import TracebackType
from typing import Any, Final, NoReturn

import anyio
import msgspec
from anyio.abc import ObjectReceiveStream, ObjectSendStream

from ciranda.errors import PluginError, SettingsError

__all__ = ["Lifespans"]

GRACE: Final = 10.0  # seconds for all plugins together to close


class _Wish(msgspec.Struct):
    """A context manager to enter, and how that went."""

    plugin: str
    manager: AbstractAsyncContextManager[Any]
    done: anyio.Event
    value: Any = None
    error: Exception | None = None


class Lifespans:
    """Enter and leave the context managers of plugins, all in one task.

    A cancel scope must be left by the task that entered it, and a plugin may be loaded by any
    task, so one keeper does both. It is shielded: when the engine is cancelled, plugins close
    after everything else and get `grace` seconds.
    """

    def __init__(self, *, grace: float = GRACE) -> None:
        self._grace = grace
        self._wishes: ObjectSendStream[_Wish] | None = None
        self._failure: Exception | None = None  # of closing

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Allow `enter` within the block; leave everything that was entered after it."""
        if self._wishes is not None:
            raise RuntimeError("the plugins of this engine are running already")
        scope = anyio.CancelScope(shield=True)
        sending, receiving = anyio.create_memory_object_stream[_Wish](0)
        failure: Exception | None = None
        self._failure = None
        async with anyio.create_task_group() as group:
            group.start_soon(self._keep, receiving, scope, name="lifespans of plugins")
            self._wishes = sending
            try:
                yield
            except Exception as error:  # raised again below, where no group wraps it
                failure = error
            finally:
                self._wishes = None
                scope.deadline = anyio.current_time() + self._grace
                sending.close()
        if failure is not None and self._failure is not None:
            failure.add_note(f"and then plugins failed to close: {self._failure!r}")
        if failure is None:
            failure = self._failure
        if failure is not None:
            raise failure

    async def enter(self, plugin: str, manager: AbstractAsyncContextManager[Any]) -> Any:
        """Enter a plugin's context manager in the keeper's task and return what it yields.

        Raises:
            PluginError: The block of `running` is not entered, or entering raised something.
        """
        if self._wishes is None:
            raise PluginError(f"plugin '{plugin}' cannot be opened: the engine is not running")
        wish = _Wish(plugin, manager, anyio.Event())
        await self._wishes.send(wish)
        await wish.done.wait()
        if wish.error is not None:
            raise wish.error
        return wish.value

    async def _keep(self, wishes: ObjectReceiveStream[_Wish], scope: anyio.CancelScope) -> None:
        try:
            await self._hold(wishes, scope)
        except Exception as error:
            if self._wishes is not None:  # not yet closing: the engine must hear of it at once
                raise
            self._failure = error
        if scope.cancelled_caught:
            self._failure = PluginError(f"plugins did not close within {self._grace:g} s")

    async def _hold(self, wishes: ObjectReceiveStream[_Wish], scope: anyio.CancelScope) -> None:
        with scope:
            async with wishes, AsyncExitStack() as stack:
                async for wish in wishes:
                    try:
                        wish.value = await stack.enter_async_context(
                            _Noted(wish.plugin, wish.manager)
                        )
                    except Exception as error:  # it belongs to whoever wished it
                        wish.error = error
                    finally:
                        wish.done.set()


class _Noted:
    """Enter and leave a context manager, naming the plugin in what it raises."""

    def __init__(self, plugin: str, manager: AbstractAsyncContextManager[Any]) -> None:
        self._plugin = plugin
        self._manager = manager

    async def __aenter__(self) -> Any:
        try:
            return await self._manager.__aenter__()
        except Exception as error:
            self._raise("cannot be opened", error)

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> bool | None:
        try:
            return await self._manager.__aexit__(kind, error, trace)
        except Exception as own:
            if own is error:
                raise
            self._raise("failed in its lifespan", own)

    def _raise(self, what: str, error: Exception) -> NoReturn:
        cause: BaseException = error
        while isinstance(cause, BaseExceptionGroup):  # task groups wrap what their tasks raise
            cause = cause.exceptions[0]
        if isinstance(cause, PluginError | SettingsError):  # it says itself whose fault it is
            raise cause
        raise PluginError(
            f"plugin '{self._plugin}' {what}: {type(cause).__name__}: {cause}"
        ) from error
