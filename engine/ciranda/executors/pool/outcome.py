"""From how a call ended to the error its caller sees."""

import codecs
import os
import signal
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, final

from ciranda.errors import StepError

from .worker import frames

_OUTPUT: Final = 1 << 20  # characters of output passed on for one call
Notify = Callable[[frames.Notice], None]


@final
@dataclass(frozen=True, slots=True)
class Exit:
    """How the process of one call ended; everything it had started is gone too.

    Args:
        code: Its exit code, None when a signal ended it.
        signal: Number of the signal that ended it.
        over: The limit for which all was killed: `processes`, `memory`, `size` or `files` of the
            folder, or nothing.
        oom: Whether the kernel killed for memory meanwhile.
        value: What the handler returned, None when it did not.
    """

    code: int | None
    signal: int | None = None
    over: str = ""
    oom: bool = False
    value: Any = None


def exit_of(ended: frames.Ended, value: Any, *, oom: bool) -> Exit:
    """Return how a call's process ended, from what its keeper said."""
    if os.WIFSIGNALED(ended.status):
        return Exit(None, os.WTERMSIG(ended.status), ended.over, oom, value)
    return Exit(os.waitstatus_to_exitcode(ended.status), None, ended.over, oom, value)


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

    __slots__ = ("_call", "_decoders", "_dropped", "_left", "_notify")

    def __init__(self, call: int, notify: Notify) -> None:
        self._call = call
        self._decoders: dict[str, codecs.IncrementalDecoder] = {}
        self._notify = notify
        self._left = _OUTPUT
        self._dropped = 0

    def hear(self, stream: str, data: bytes) -> None:
        """Take a piece of captured output."""
        if stream not in self._decoders:
            self._decoders[stream] = codecs.getincrementaldecoder("utf-8")("replace")
        self._pass(stream, self._decoders[stream].decode(data))

    def _pass(self, stream: str, text: str) -> None:
        kept = text[: self._left]
        self._left -= len(kept)
        self._dropped += len(text) - len(kept)
        if kept:
            self._notify(frames.Log(self._call, stream, kept))

    def end(self) -> None:
        """Pass on a character that was cut short; say how much was dropped, if anything."""
        for stream, decoder in self._decoders.items():
            self._pass(stream, decoder.decode(b"", final=True))
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
