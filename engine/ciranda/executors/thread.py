"""Where blocking actions run: in threads, which nothing can kill."""

from __future__ import annotations

import threading
from contextvars import ContextVar
from typing import Any, Final

import anyio
import anyio.to_thread

from ciranda.actions import Action
from ciranda.executors.arguments import Arguments
from ciranda.executors.loops import from_any_thread
from ciranda.layer import ABANDONED, Call, Next

__all__ = ["ThreadExecutor"]

_HOLDING: Final = ContextVar("ciranda_thread_holds_a_place", default=False)


class ThreadExecutor:
    """Calls sync actions in worker threads, at most `size` at once.

    A cancelled call leaves at once, its thread does not: it keeps its place until it has ended,
    and `call.notes["abandoned"]` is an event that is set then.

    A thread that calls another action through the bus waits for it: that one uses the same place,
    since threads that hold all places and wait for one more would wait forever.
    """

    def __init__(self, arguments: Arguments, size: int = 40) -> None:
        self._arguments: Final = arguments
        self._places: Final = anyio.CapacityLimiter(size)
        # Never the bottleneck: places are counted above, past the end of a cancelled call.
        self._threads: Final = anyio.CapacityLimiter(float("inf"))

    def core(self, action: Action) -> Next:
        """Return what calls `action` in a thread."""
        function, finish = action.function, action.finish
        gather = self._arguments.gatherer(action)

        async def call_in_thread(call: Call) -> Any:
            arguments = await gather(call)
            ended = anyio.Event()
            begun = threading.Lock()  # whoever takes it first decides whether the thread works
            holder, soon = object(), from_any_thread()
            lent = _HOLDING.get()
            if not lent:
                await self._places.acquire_on_behalf_of(holder)

            def leave() -> None:
                if not lent:
                    self._places.release_on_behalf_of(holder)
                ended.set()

            def work() -> Any:
                if not begun.acquire(blocking=False):
                    return None  # cancelled on the way here
                _HOLDING.set(True)  # in the context of this call alone
                try:
                    return finish(function(**arguments))
                finally:
                    try:
                        # Without waiting: a loop that stops just now would never answer.
                        soon(leave)
                    except RuntimeError:  # the loop is gone, and the places with it
                        ended.set()

            try:
                return await anyio.to_thread.run_sync(
                    work, abandon_on_cancel=True, limiter=self._threads
                )
            except BaseException as error:
                if begun.acquire(blocking=False):
                    leave()  # no thread did or will
                elif isinstance(error, anyio.get_cancelled_exc_class()):
                    call.ctx.cancelled = True
                    if not ended.is_set():
                        call.notes[ABANDONED] = ended
                raise

        return call_in_thread
