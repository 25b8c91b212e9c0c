"""An asyncio loop whose time passes only when nobody has anything to do."""

from __future__ import annotations

import asyncio
import random
import selectors
from collections.abc import Mapping
from typing import Any, Final

from ciranda.testing.threads import in_asyncio_thread

__all__ = ["DeadlockError", "VirtualLoop", "virtual_loop"]

PATIENCE: Final = 0.001  # real seconds between two looks at threads that are at work


class DeadlockError(RuntimeError):
    """Every task waits for another, and no timer will wake one."""


class VirtualLoop(asyncio.SelectorEventLoop):
    """A loop with a clock of its own, which starts at 0 and jumps to the next timer when idle.

    Its threads are waited for in real time, those of other loops are not; neither are programs
    and processes, so keep them to a real loop.

    Args:
        seed: Shuffles whatever is ready at the same time, each seed in its own way; None keeps
            asyncio's order.
    """

    def __init__(self, seed: int | None = None) -> None:
        self.now = 0.0
        self.shuffle: Final = None if seed is None else random.Random(seed).shuffle
        self._jumping: Final = _JumpingSelector(self)
        super().__init__(self._jumping)

    def time(self) -> float:
        """Return the virtual seconds since the loop was made."""
        return self.now

    def mix(self) -> None:
        """Shuffle what is ready."""
        if self.shuffle is not None:
            ready: Any = self._ready  # type: ignore[attr-defined]  # the queue has no public door
            handles = list(ready)
            self.shuffle(handles)
            ready.clear()
            ready.extend(handles)


class _JumpingSelector(selectors.BaseSelector):
    """Answers "nothing happened" at once, and sets the clock to when the loop wants to wake."""

    def __init__(self, loop: VirtualLoop) -> None:
        self._loop: Final = loop
        self._real: Final = selectors.DefaultSelector()

    def register(self, fileobj: Any, events: int, data: Any = None) -> selectors.SelectorKey:
        return self._real.register(fileobj, events, data)

    def unregister(self, fileobj: Any) -> selectors.SelectorKey:
        return self._real.unregister(fileobj)

    def get_map(self) -> Mapping[Any, selectors.SelectorKey]:
        return self._real.get_map()

    def close(self) -> None:
        self._real.close()

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        self._loop.mix()
        while True:
            # Before the look: who ends now has woken the loop already.
            busy = in_asyncio_thread(self._loop)
            found = self._real.select(0)
            if found or (timeout is not None and timeout <= 0):
                return found
            if busy:
                found = self._real.select(PATIENCE)
                if found:
                    return found
            elif timeout is not None:
                self._loop.now += timeout
                return []
            elif len(self._real.get_map()) > 1:  # beside the loop's own wake-up pipe
                return self._real.select(None)
            else:
                raise DeadlockError("deadlock: every task waits for another and no timer is set")


def virtual_loop(seed: int | None = None) -> VirtualLoop:
    """Return a new loop; `anyio.run(..., backend_options={"loop_factory": virtual_loop})`.

    Args:
        seed: See `VirtualLoop`; give it with `functools.partial`.
    """
    return VirtualLoop(seed)
