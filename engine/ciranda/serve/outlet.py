"""Where a server's lines go: whoever reads them slowly, or no more, does not stop the server."""

from __future__ import annotations

import os
from queue import Full, Queue
from threading import Thread
from types import TracebackType
from typing import Final, Self, final

__all__ = ["Outlet"]

_ROOM: Final = 10_000  # lines that wait to be read
_LAST: Final = 1.0  # seconds for the last of them


@final
class Outlet:
    """Writes text to a file from a thread of its own.

    What finds no room is left out, and the text that is written next says how many lines those
    were. Once the file cannot be written any more, nothing is.

    Args:
        number: The descriptor of the file, which stays open.
        room: Lines that may wait.
    """

    def __init__(self, number: int, room: int = _ROOM) -> None:
        self._number: Final = number
        self._waiting: Final[Queue[str | None]] = Queue(room)
        self._lost = 0
        self._thread: Final = Thread(target=self._work, name="lines", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        try:
            self._waiting.put(None, timeout=_LAST)
        except Full:
            return  # nobody reads
        self._thread.join(_LAST)

    def write(self, text: str) -> None:
        """Have a line written; called by one thread at a time."""
        if self._lost:
            text = f"({self._lost} lines are left out: nobody read them)\n{text}"
        try:
            self._waiting.put_nowait(text)
        except Full:
            self._lost += 1
        else:
            self._lost = 0

    def flush(self) -> None:
        """Do nothing: what is written is on its way."""

    def _work(self) -> None:
        there = True
        while (text := self._waiting.get()) is not None:
            data = text.encode("utf-8", "backslashreplace") if there else b""
            try:
                while data:
                    data = data[os.write(self._number, data) :]
            except OSError:
                there = False
