"""What a handler in a worker is told about its call, and how it reports back."""

import select
import socket
import threading
import time
from collections.abc import Callable
from typing import Any, Final, final

import msgspec

from . import frames
from .brief import Brief

_DECODE: Final = frames.decoder(frames.ToWorker)  # made once, before any fork
_CHUNK: Final = 65536  # bytes a read
_BRIEF: Final = 0.0005  # seconds of a call after which the next is likely to be as brief


def plain(value: Any) -> Any:
    """Return `value` as null, bool, int, float, str, bytes, list and dict with str keys."""
    return msgspec.to_builtins(value, builtin_types=(bytes,), str_keys=True)


@final
class Line:
    """The worker's end of its private socket; any thread may send."""

    __slots__ = ("_brief", "_lock", "_reader", "_socket", "_waiting")

    def __init__(self, sock: socket.socket) -> None:
        self._socket = sock
        self._lock = threading.Lock()
        self._reader = frames.FrameReader[frames.ToWorker](_DECODE)
        self._waiting: list[frames.ToWorker] = []
        self._brief = Brief(within=_BRIEF)

    def send(self, frame: frames.FromWorker) -> None:
        """Write a whole frame."""
        data = frames.encode(frame)
        with self._lock:
            self._socket.sendall(data)

    def receive(self) -> frames.ToWorker | None:
        """Return the next frame, or None when the engine closed the socket."""
        while not self._waiting:
            found = self._brief.watch(self._look)
            data = found[0] if found else self._socket.recv(_CHUNK)
            self._brief.came()
            if not data:
                return None
            self._waiting += self._reader.feed(data)
        return self._waiting.pop(0)

    def _look(self) -> list[bytes]:
        try:
            return [self._socket.recv(_CHUNK, socket.MSG_DONTWAIT)]
        except BlockingIOError:
            return []

    def fileno(self) -> int:
        """Return the descriptor of the socket."""
        return self._socket.fileno()

    def close(self) -> None:
        """Close the socket: nothing that is written from here on can be an answer."""
        self._socket.close()

    def cancelled(self, call: int) -> bool:
        """Tell whether a cancel frame of this call has come; never blocks."""
        while select.select([self._socket], [], [], 0)[0]:
            data = self._socket.recv(4096)
            if not data:
                return True
            self._waiting.extend(self._reader.feed(data))
        return any(isinstance(item, frames.Cancel) and item.id == call for item in self._waiting)


@final
class Job:
    """One call, as its handler sees it; every method may be used from any thread.

    Attributes:
        name: What was called.
        deadline: Moment of `time.monotonic()` at which the engine kills us, or None.
        last: Set it to have this process replaced after its answer (`reuse`).
    """

    __slots__ = ("_id", "_line", "deadline", "last", "name")

    def __init__(
        self, line: Line, call: frames.Call, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._line = line
        self._id = call.id
        self.name = call.name
        self.last = False
        self.deadline = None if call.deadline is None else clock() + call.deadline

    @property
    def id(self) -> int:
        """Number of the call among those of its worker."""
        return self._id

    def fileno(self) -> int:
        """Return the descriptor of the private socket, for who closes all others."""
        return self._line.fileno()

    def close(self) -> None:
        """Close the private socket, before code runs that must not write to it.

        The call then has no result of its own: it is for `Pool.run`, which tells how the process
        ended.
        """
        self._line.close()

    @property
    def cancelled(self) -> bool:
        """Whether the engine asked us to stop; the kill follows after its grace time."""
        return self._line.cancelled(self._id)

    def event(self, name: str, data: Any = None) -> None:
        """Send something of the action's own."""
        self._line.send(frames.Event(self._id, name, plain(data)))

    def log(self, level: str, text: str) -> None:
        """Send one log line."""
        self._line.send(frames.Log(self._id, level, text))

    def progress(self, done: float, total: float | None = None, text: str = "") -> None:
        """Say how far the call is."""
        self._line.send(frames.Progress(self._id, done, total, text))

    def span(self, data: Any) -> None:
        """Send one finished span as plain data."""
        self._line.send(frames.Span(self._id, plain(data)))
