"""What Python code prints inside of a step goes to the step's log, as what a worker prints does."""

from __future__ import annotations

import io
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from types import TracebackType
from typing import Any, Final, Self, TextIO, final

from ciranda.events import Request
from ciranda.hooks import hookimpl
from ciranda.layer import ALONE, Call, Layer, Next, Place, StepPlan
from ciranda.vault import cut
from ciranda.workflow.placement import executor_of

__all__ = ["StepPrints", "beside_steps"]

LONGEST: Final = 8192  # bytes of a line that are held back until it ends


class _Printed:
    """What one attempt prints: whole lines of each of its threads, from whichever it is."""

    def __init__(self, call: Call) -> None:
        self._call: Final = call
        self._lock: Final = threading.RLock()  # a signal may print while its thread prints
        self._begun: Final[dict[tuple[str, int], bytes]] = {}
        self._ended = False

    def write(self, stream: str, data: bytes) -> None:
        """Take bytes; hand on lines that ended, or are too long to wait for."""
        with self._lock:
            key = stream, threading.get_ident()
            whole = self._begun.pop(key, b"") + data
            end = whole.rfind(b"\n") + 1
            if self._ended:  # what is abandoned may print still
                end = len(whole)
            elif len(whole) - end > LONGEST:
                end += cut(whole[end:], self._call.ctx.host.mask)
            if end < len(whole):
                self._begun[key] = whole[end:]
            self._send(stream, whole[:end])

    def flush(self, stream: str) -> None:
        """Hand on the line that this thread began."""
        with self._lock:
            self._send(stream, self._begun.pop((stream, threading.get_ident()), b""))

    def end(self) -> None:
        """Hand on every line that never ended."""
        with self._lock:
            self._ended = True
            for (stream, _), data in self._begun.items():
                self._send(stream, data)
            self._begun.clear()

    def _send(self, stream: str, data: bytes) -> None:
        if data:
            self._call.ctx.host.output(self._call.ctx, stream, data)


_CALL: Final[ContextVar[Call | None]] = ContextVar("ciranda_printing_call", default=None)
_NOTE: Final = "printed"  # the note on a call that holds what it printed, once it did


def _printed() -> _Printed | None:
    """Return what the step printed that this code belongs to; None outside of steps."""
    call = _CALL.get()
    if call is None:
        return None
    found: _Printed | None = call.notes.get(_NOTE)
    return found if found is not None else call.notes.setdefault(_NOTE, _Printed(call))


@contextmanager
def beside_steps() -> Iterator[None]:
    """Print as outside of steps: for what listens, and not for the step that tells it something."""
    token = _CALL.set(None)
    try:
        yield
    finally:
        _CALL.reset(token)


@final
class _Bytes(io.RawIOBase):
    """The `buffer` of a redirected stream."""

    def __init__(self, stream: _Redirected) -> None:
        self._stream: Final = stream

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        taken = bytes(data)
        self._stream.take(taken)
        return len(taken)

    def flush(self) -> None:
        self._stream.flush()

    def close(self) -> None:
        """Stay open: it belongs to the process."""


@final
class _Redirected(io.TextIOBase):
    """Stands for a standard stream: the step's log within a step, `target` outside of it."""

    def __init__(self, name: str, target: TextIO | None) -> None:
        self._name: Final = name
        self._target: Final = target
        self._bytes: Final = _Bytes(self)

    @property
    def buffer(self) -> Any:
        return self._bytes

    @property
    def encoding(self) -> str:  # type: ignore[override]  # a plain attribute in typeshed
        return "utf-8"

    @property
    def errors(self) -> str:  # type: ignore[override]  # a plain attribute in typeshed
        return "backslashreplace"

    def writable(self) -> bool:
        return True

    def write(self, text: str) -> int:
        if not isinstance(text, str):
            raise TypeError(f"write() argument must be str, not {type(text).__name__}")
        if _CALL.get() is None:
            if self._target is not None:
                self._target.write(text)
        else:
            self.take(text.encode("utf-8", "backslashreplace"))
        return len(text)

    def take(self, data: bytes) -> None:
        """Write bytes."""
        printed = _printed()
        if printed is not None:
            printed.write(self._name, data)
        elif self._target is not None:
            self._target.write(data.decode("utf-8", "backslashreplace"))

    def flush(self) -> None:
        printed = _printed()
        if printed is not None:
            printed.flush(self._name)
        elif self._target is not None:
            self._target.flush()

    def isatty(self) -> bool:
        return _CALL.get() is None and self._target is not None and self._target.isatty()

    def fileno(self) -> int:
        if self._target is None:
            raise io.UnsupportedOperation("fileno")
        return self._target.fileno()

    def reconfigure(self, **_: Any) -> None:
        """Stay as it is: bytes for a log have one form."""

    def close(self) -> None:
        """Stay open: it belongs to the process."""


@final
class StepPrints:
    """Redirects the standard streams of the process for as long as its block lasts.

    It is the plugin whose layer tells in which step something is printed. Outside of steps both
    streams go to standard error: standard output is for the result alone.
    """

    def __init__(self) -> None:
        self._before: tuple[TextIO, TextIO]
        self._own: tuple[_Redirected, _Redirected]

    def __enter__(self) -> Self:
        self._before = sys.stdout, sys.stderr
        self._own = _Redirected("stdout", sys.stderr), _Redirected("stderr", sys.stderr)
        sys.stdout, sys.stderr = self._own
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if sys.stdout is self._own[0]:  # else somebody else redirected it meanwhile
            sys.stdout = self._before[0]
        if sys.stderr is self._own[1]:
            sys.stderr = self._before[1]

    @hookimpl
    def middleware(self, target: StepPlan | type[Request[Any]]) -> Layer | None:
        """Return the layer for a step of this process; a worker's prints come as frames."""
        if not isinstance(target, StepPlan):
            return None
        if executor_of(target.options, target.action) == "process":
            return None
        return Layer(_noted, Place.TRACING, name="prints")


async def _noted(call: Call, next: Next) -> Any:  # noqa: A002  (the word of the contract)
    if ALONE in call.notes:  # no run keeps what it prints; within a step, that step's does
        return await next(call)
    token = _CALL.set(call)
    try:
        return await next(call)
    finally:
        _CALL.reset(token)
        if _NOTE in call.notes:
            call.notes[_NOTE].end()
