"""A program with everything it starts, so that nothing of it stays behind."""

from __future__ import annotations

import contextlib
import os
import signal
from types import TracebackType
from typing import Final, Self

import anyio
from anyio.abc import Process

_ROUNDS: Final = 20  # of stopping and looking; what forks faster than that is left to its group


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
            self._freeze()
            self._tell_group(signal.SIGTERM)
            self._tell_all(signal.SIGCONT)
            with anyio.move_on_after(grace):
                await self._process.wait()
            self.kill()
            await self._process.wait()

    def kill(self) -> None:
        """Kill everything that can still be found."""
        self._freeze()
        self._tell_all(signal.SIGKILL)

    def _freeze(self) -> None:
        """Stop everything and hold it: what goes on may start others or leave the group."""
        self._tell_all(signal.SIGSTOP)
        for _ in range(_ROUNDS):
            if not self._look():
                break
            self._tell_all(signal.SIGSTOP)

    def _look(self) -> bool:
        """Hold the descendants of now, orphans cannot be found by descent later; were there new?"""
        from ciranda.executors.descendants import descendants

        before = len(self._held)
        for root in (self._process.pid, *self._held):
            for pid in descendants(root):
                if pid not in self._held:
                    with contextlib.suppress(ProcessLookupError):
                        self._held[pid] = os.pidfd_open(pid)
        return len(self._held) > before

    def _tell_all(self, signum: signal.Signals) -> None:
        self._tell_group(signum)
        for held in self._held.values():
            with contextlib.suppress(ProcessLookupError):
                signal.pidfd_send_signal(held, signum)

    def _tell_group(self, signum: signal.Signals) -> None:
        # Its own session makes the program the leader of a group of the same number. macOS
        # says EPERM of a group of zombies.
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self._process.pid, signum)
