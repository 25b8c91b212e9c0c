"""The child that does the work: set up once, then one call after another."""

import gc
import importlib
import os
import socket
import sys
import traceback
from collections.abc import Callable, Mapping
from typing import Any, Final, NamedTuple

from . import frames
from .job import Job, Line, plain

Handle = Callable[[str, Any, Job], Any]
_TRACEBACK: Final = 65536  # characters kept
_MESSAGE: Final = 4096


class Work(NamedTuple):
    """What `setup` made, what to run in the child before its first call, and what ahead of it."""

    handle: Handle
    confine: Callable[[Any], object] | None = None
    begin: Callable[[], object] | None = None


def load(reference: str) -> Any:
    """Import `module:attribute`."""
    module, _, name = reference.partition(":")
    return getattr(importlib.import_module(module), name)


def prepare(start: frames.Start) -> Work:
    """Import and call `setup`; import `confine`."""
    try:
        made = load(start.setup)(start.options)
        confine = load(start.confine) if start.confine else None
    finally:
        gc.enable()  # the interpreter was started without
    if isinstance(made, Mapping):
        return Work(_by_name(made), confine)
    handle = getattr(made, "handle", made)
    if not callable(handle):
        raise TypeError(
            f"{start.setup} returned {type(made).__name__}; "
            "return a mapping of callables, or an object with handle(name, payload, call)"
        )
    return Work(handle, confine, getattr(made, "begin", None))


def begun(start: frames.Start, work: Work | None, *, ahead: bool = False) -> Work | BaseException:
    """Make a process ready for its first call; returns what there is to do, or what was raised.

    Args:
        start: How this worker was started.
        work: What `prepare` made of it; None is nothing yet.
        ahead: Whether there is time, since no call has come.
    """
    try:
        ready = work if work is not None else prepare(start)
        if ready.confine is not None:
            ready.confine(start.options)
        if ahead and ready.begin is not None:
            ready.begin()
    except BaseException as error:  # whatever a setup raises, the engine must hear of it
        return error
    return ready


def _by_name(table: Mapping[str, Callable[[Any, Job], Any]]) -> Handle:
    def handle(name: str, payload: Any, job: Job) -> Any:
        if name not in table:
            raise LookupError(f"this worker has no {name!r}; it has {', '.join(sorted(table))}")
        return table[name](payload, job)

    return handle


def failure(call: int, error: BaseException) -> frames.Error:
    """Return the error frame for what a handler raised."""
    errors = sys.modules.get("ciranda.errors")  # not imported: nobody can have raised it
    if errors is not None and isinstance(error, errors.StepError):
        trace = _trace(error.__cause__ or error)  # what became a StepError tells more than it
        return frames.Error(
            call,
            _text(error.kind),
            _text(error.message),
            error.retryable,
            error.retry_after,
            plain(error.detail),
            trace,
        )
    kind = "memory" if isinstance(error, MemoryError) else "crash"
    said = f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
    detail = {"type": f"{type(error).__module__}.{type(error).__qualname__}"}
    return frames.Error(call, kind, _text(said)[:_MESSAGE], None, None, detail, _trace(error))


def _trace(error: BaseException) -> str:
    return _text("".join(traceback.format_exception(error))[-_TRACEBACK:])


def _text(text: str) -> str:
    return text.encode("utf-8", "backslashreplace").decode()  # lone surrogates do not travel


def _refusal(call: int, kind: str, message: str) -> frames.Error:
    return frames.Error(call, kind, _text(message)[:_MESSAGE], False, None, {}, "")


def _answer(line: Line, work: Work, call: frames.Call) -> None:
    job = Job(line, call)
    try:
        value = work.handle(call.name, call.payload, job)
    except Exception as error:
        _flush()
        try:
            line.send(failure(call.id, error))
        except (frames.FrameTooBigError, TypeError, ValueError, OverflowError, RecursionError):
            line.send(_refusal(call.id, "crash", f"{type(error).__name__}: {error}"))
        return
    _flush()
    try:
        line.send(frames.Result(call.id, plain(value), job.last))
    except frames.FrameTooBigError as error:
        line.send(_refusal(call.id, "limit", f"the result of {call.name!r} is {error}"))
    except (TypeError, ValueError, OverflowError, RecursionError) as error:
        line.send(
            _refusal(
                call.id,
                "invalid-output",
                f"{call.name!r} returned a {type(value).__name__} that is not plain data: {error}",
            )
        )


def _flush() -> None:
    for stream in (sys.stdout, sys.stderr):
        if not stream.closed:
            stream.flush()


def serve(sock: socket.socket, start: frames.Start, work: Work | None) -> int:
    """Serve calls until the engine closes the socket, or once after a fork for one call.

    Returns:
        The exit code of this process.
    """
    return serve_begun(sock, start, begun(start, work))


def serve_begun(sock: socket.socket, start: frames.Start, ready: Work | BaseException) -> int:
    """Serve calls as `serve` does, in a process that was made ready by `begun`."""
    line = Line(sock)
    if isinstance(ready, BaseException):
        line.send(failure(0, ready))
        return 1
    if not start.fork:
        line.send(frames.Ready(os.getpid()))
    try:
        return _loop(line, start, ready)
    except ConnectionError:
        return 0  # the engine has gone
    except SystemExit as error:
        _flush()
        if error.code is None or isinstance(error.code, int):
            return (error.code or 0) & 0xFF
        sys.stderr.write(f"{error.code}\n")
        return 1


def _loop(line: Line, start: frames.Start, work: Work) -> int:
    while (frame := line.receive()) is not None:
        if isinstance(frame, frames.Call):
            _answer(line, work, frame)
            if start.fork:
                return 0
        elif isinstance(frame, frames.Ping):
            line.send(frame)
    return 0
