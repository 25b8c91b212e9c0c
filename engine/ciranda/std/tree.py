"""A program with everything it starts, so that nothing of it stays behind."""

from __future__ import annotations

import contextlib
import os
import signal
from types import TracebackType
from typing import Self

import anyio
from anyio.abc import Process


class Tree:
    """The process group of a program, and on Linux what left the group, by descent.

    Descendants are held by file descriptors, so that a process id that was given to somebody
    else in the meantime is never hit.
    """

    def __init__(self, process: Process) -> None:
        self._process = process
        self._held: dict[int, int] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        place: TracebackType | None,
    ) -> None:
        for held in self._held.values():
            os.close(held)
        self._held.clear()

    async def end(self, grace: float) -> None:
        """Ask the program to end, and kill whatever is left after `grace` seconds.

        It is not interrupted by cancellation, and waits for the program only.
        """
        with anyio.CancelScope(shield=True):
            self._look()
            self._tell_group(signal.SIGTERM)
            with anyio.move_on_after(grace):
                await self._process.wait()
            self.kill()
            await self._process.wait()

    def kill(self) -> None:
        """Kill everything that can still be found."""
        self._look()
        self._tell_group(signal.SIGKILL)
        for held in self._held.values():
            with contextlib.suppress(ProcessLookupError):
                signal.pidfd_send_signal(held, signal.SIGKILL)

    def _look(self) -> None:
        """Hold the descendants of now: orphans cannot be found by descent later."""
        from ciranda.executors.descendants import descendants

        for pid in descendants(self._process.pid):
            if pid not in self._held:
                with contextlib.suppress(ProcessLookupError):
                    self._held[pid] = os.pidfd_open(pid)

    def _tell_group(self, signum: signal.Signals) -> None:
        # Its own session makes the program the leader of a group of the same number. macOS
        # says EPERM of a group of zombies.
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self._process.pid, signum)
