"""From how a call ended to the error its caller sees."""

import os
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from ciranda.errors import StepError

from .worker import frames

_OUTPUT: Final = 1 << 20  # characters of output passed on for one call
Notify = Callable[[frames.Notice], None]


def from_error(frame: frames.Error) -> StepError:
    """Return the error of an error frame, the worker's traceback as a note."""
    error = StepError(
        frame.kind,
        frame.message,
        retryable=frame.retryable,
        retry_after=frame.retry_after,
        detail=frame.detail,
    )
    if frame.traceback:
        error.add_note(f"In the worker:\n{frame.traceback.rstrip()}")
    return error


def lost(kind: str, call: str, status: int | None, stderr: str, *, oom: bool) -> StepError:
    """Return the error for a worker that ended during a call.

    Args:
        kind: Name of the kind of worker.
        call: What was called.
        status: As `os.waitpid` gave it, None when nobody knows.
        stderr: Last thing it wrote there.
        oom: Whether the kernel killed for memory meanwhile.
    """
    detail: dict[str, Any] = {"stderr": stderr} if stderr else {}
    how = "was lost"
    if status is not None and os.WIFSIGNALED(status):
        number = os.WTERMSIG(status)
        name = signal.Signals(number).name if number in set(signal.Signals) else str(number)
        detail["signal"] = name
        how = f"was killed by {name}"
        if number == signal.SIGKILL and oom:
            message = f"worker {kind!r} ran out of memory during {call!r}"
            return StepError("memory", message, retryable=False, detail=detail)
    elif status is not None:
        detail["exit_code"] = os.waitstatus_to_exitcode(status)
        how = f"ended with exit code {detail['exit_code']}"
    message = f"worker {kind!r} {how} during {call!r}"
    return StepError("worker-lost", message, retryable=True, detail=detail)


def garbage(kind: str, call: str, error: frames.FrameError) -> StepError:
    """Return the error for a worker that broke the protocol."""
    message = f"worker {kind!r} was killed during {call!r}: {error}"
    return StepError("invalid-output", message, retryable=False)


def encode_call(call: frames.Call) -> bytes:
    """Return the bytes of a call.

    Raises:
        StepError: `limit` when the payload is above the cap, `invalid-input` when it is not
            plain data.
    """
    try:
        return frames.encode(call)
    except frames.FrameTooBigError as error:
        message = f"the payload of {call.name!r} is {error}"
        raise StepError("limit", message, retryable=False) from None
    except (TypeError, ValueError, OverflowError, RecursionError) as error:
        message = f"the payload of {call.name!r} is not plain data: {error}"
        raise StepError("invalid-input", message, retryable=False) from None


class Output:
    """Passes on what one call writes to its descriptors, up to a bound."""

    __slots__ = ("_call", "_dropped", "_left", "_notify")

    def __init__(self, call: int, notify: Notify) -> None:
        self._call = call
        self._notify = notify
        self._left = _OUTPUT
        self._dropped = 0

    def hear(self, stream: str, text: str) -> None:
        """Take a piece of captured text."""
        kept = text[: self._left]
        self._left -= len(kept)
        self._dropped += len(text) - len(kept)
        if kept:
            self._notify(frames.Log(self._call, stream, kept))

    def end(self) -> None:
        """Say how much was dropped, when anything was."""
        if self._dropped:
            text = f"{self._dropped:,} characters of output dropped after the first {_OUTPUT:,}"
            self._notify(frames.Log(self._call, "warning", text))


def oom_kills(path: Path = Path("/proc/vmstat")) -> int:
    """Return how often the kernel has killed for memory since boot; 0 when it does not say."""
    try:
        text = path.read_text()
    except OSError:
        return 0
    _, _, after = text.partition("\noom_kill ")
    return int(after.split("\n", 1)[0]) if after else 0
