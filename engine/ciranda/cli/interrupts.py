"""Ctrl-C and SIGTERM: once asks the run to stop, twice leaves at once."""

from __future__ import annotations

import contextlib
import os
import select
import signal
from collections.abc import Callable
from types import FrameType, TracebackType
from typing import Any, Final, NoReturn, Self

import anyio

__all__ = ["Interrupts", "leave"]

_SIGNALS: Final = (signal.SIGINT, signal.SIGTERM)
_HANG_UP: Final = (signal.SIGHUP,)
_ROUNDS: Final = 3  # times the children are looked for: one may be forking meanwhile


class Interrupts:
    """Catches the signals for as long as its block lasts; one that is ignored stays ignored.

    A byte in a pipe wakes whichever event loop waits for it.

    Args:
        hang_up: Whether the end of the terminal, SIGHUP, counts too.

    Attributes:
        signum: The signal that was caught, 0 as long as none was.
        parting: What is said when a second one ends the process at once.
    """

    def __init__(self, *, hang_up: bool = False) -> None:
        self.signum = 0
        self.parting = ""
        self._signals: Final = (*_SIGNALS, *(_HANG_UP if hang_up else ()))
        self._before: Final[dict[int, Any]] = {}
        self._read, self._write = os.pipe()
        os.set_blocking(self._write, False)

    @property
    def code(self) -> int:
        """The exit code of a process that ended because of the signal."""
        return 128 + self.signum

    def __enter__(self) -> Self:
        for signum in self._signals:
            if signal.getsignal(signum) != signal.SIG_IGN:  # nohup, background jobs
                self._before[signum] = signal.signal(signum, self._caught)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for signum, handler in self._before.items():
            signal.signal(signum, handler)
        os.close(self._read)
        os.close(self._write)

    async def watch(self, stop: Callable[[], None]) -> None:
        """Wait for the first signal and call `stop` in the event loop."""
        await anyio.wait_readable(self._read)
        stop()

    def _caught(self, signum: int, _: FrameType | None) -> None:
        if self.signum:
            leave(128 + signum, self.parting)
        self.signum = signum
        os.write(self._write, b"!")


def leave(code: int, parting: str = "") -> NoReturn:
    """End the process and all that it started, without a look back.

    Args:
        code: The exit code.
        parting: A line for standard error.
    """
    from ciranda.executors.descendants import descendants

    for _ in range(_ROUNDS):
        for pid in list(descendants(os.getpid())):
            with contextlib.suppress(ProcessLookupError, PermissionError):
                if os.getpgid(pid) == pid:
                    os.killpg(pid, signal.SIGKILL)
                os.kill(pid, signal.SIGKILL)
    if os.isatty(2):
        _write(b"\x1b[?25h\n")  # the live display hides the cursor
    if parting:
        _write(f"{parting}\n".encode(errors="backslashreplace"))
    os._exit(code)


def _write(data: bytes) -> None:
    with contextlib.suppress(OSError):  # nobody reads it, which keeps nothing from ending
        if select.select([], [2], [], 0)[1]:
            os.write(2, data)
