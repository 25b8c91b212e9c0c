"""A thread with an event loop of its own, in which one plugin listens."""

from __future__ import annotations

import threading
from collections.abc import Awaitable, Callable
from contextlib import suppress
from functools import partial
from typing import Final, final

import anyio

from ciranda.executors.loops import backend, from_any_thread

__all__ = ["Listener"]


@final
class Listener:
    """One call of what listens; whatever it does, nobody has to wait for it.

    Args:
        name: Of the thread.
        listen: What listens until it is cancelled.
    """

    def __init__(self, name: str, listen: Callable[[], Awaitable[None]]) -> None:
        self._name: Final = name
        self._listen: Final = listen
        self._lock: Final = threading.Lock()
        self._stopped = False
        self._cancel: Callable[[], object] | None = None
        self._failure: BaseException | None = None

    async def work(self) -> BaseException | None:
        """Listen, and return what that raised; None if it returned or was stopped."""
        ended, soon, loop = anyio.Event(), from_any_thread(), backend()

        def work() -> None:
            try:
                anyio.run(self._main, backend=loop)
            except BaseException as error:  # a thread has nobody else to tell
                self._failure = error
            finally:
                with suppress(RuntimeError):  # the server is gone, and did not wait
                    soon(ended.set)

        # A daemon: one that does not end is no reason for the process not to.
        threading.Thread(target=work, name=self._name, daemon=True).start()
        try:
            await ended.wait()
        finally:
            self.stop()
        return self._failure

    def stop(self) -> None:
        """Have the listener cancelled; any thread may."""
        with self._lock:
            self._stopped = True
            cancel, self._cancel = self._cancel, None
        if cancel is not None:
            with suppress(RuntimeError):  # it has ended by itself
                cancel()

    async def _main(self) -> None:
        soon = from_any_thread()
        with anyio.CancelScope() as scope:
            with self._lock:
                if self._stopped:
                    return
                self._cancel = partial(soon, scope.cancel)
            await self._listen()
