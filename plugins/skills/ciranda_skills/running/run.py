"""One run while it goes on: what it wrote, what is known of it, who hears of it."""

from __future__ import annotations

import json
import math
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager
from typing import Any, Final, final

import anyio
import msgspec

from ciranda.executors.pool import Event, Notice

from ..inside.order import Told
from ..sandbox import Level
from .captured import Captured, bounded
from .outcome import Outcome, Sandbox, Status
from .progress import Finished, Found, Killed, Listener, Progressed, Started, Written
from .verdict import Verdict

__all__ = ["Run", "shown", "value_of", "watching"]

_DECODE: Final = msgspec.json.Decoder().decode
_KILL: Final = 9
_PROGRESS: Final = '{"progress"'
_LONGEST: Final = 4096  # characters of a line on progress
_LEVELS: Final = tuple(level.name for level in Level)


class _Line(msgspec.Struct):
    progress: float
    total: float = 0.0
    text: str = ""


_LINE: Final = msgspec.json.Decoder(_Line)


def _progress(line: str) -> Progressed | None:
    if not line.startswith(_PROGRESS):
        return None
    try:
        found = _LINE.decode(line)
    except (msgspec.DecodeError, ValueError):
        return None  # it only looks like one
    return Progressed(found.progress, found.total, found.text)


@final
class Run:
    """The state of one run.

    Args:
        script: What people call it.
        timeout: Seconds it has from the moment it is confined.
        max_output: Bytes kept of each stream.
        listener: Hears of it.
        clock: Seconds, for the wall time.

    Attributes:
        captured: What it wrote.
        scope: Cancelled when its time is up; None where somebody else sees to that.
        answer: What its function returned, as JSON.
        began: Whether it was confined.
        found: In what state it found its process.
        lacks: What its process cannot know that it lacks.
    """

    def __init__(
        self,
        script: str,
        timeout: float,
        max_output: int,
        listener: Listener | None,
        clock: Callable[[], float],
    ) -> None:
        self.script = script
        self.captured = Captured(max_output, self._written if listener is not None else None)
        self.scope: anyio.CancelScope | None = None
        self.answer: bytes | None = None
        self.began = False
        self.called_off = False
        self.found: Found = ""
        self.lacks: tuple[str, ...] = ()
        self._timeout = timeout
        self._listener = listener
        self._clock = clock
        self._start = clock()
        self._sandbox = Sandbox()
        self._early: list[Written] = []
        self._begun = ""  # a line on progress that has no end yet

    @property
    def patience(self) -> float | None:
        """Seconds it has; None for any time."""
        return self._timeout if self._timeout < math.inf else None

    def _written(self, stream: str, text: str) -> None:
        # What it writes and that it began come by different ways, and may overtake.
        if not self.began:
            self._early.append(Written(stream, text))
        else:
            self._tell(Written(stream, text))

    def _tell(self, written: Written) -> None:
        assert self._listener is not None
        self._listener(written)
        if written.stream == "stderr" and (self._begun or _PROGRESS in written.text):
            *lines, last = (self._begun + written.text).split("\n")
            self._begun = last[:_LONGEST] if last.startswith(_PROGRESS[: len(last)]) else ""
            for progress in filter(None, map(_progress, lines)):
                self._listener(progress)

    def notice(self, frame: Notice) -> None:
        """Take what its process tells before, or after, the script runs in it."""
        if not isinstance(frame, Event):
            return
        if frame.name == "confined" and not self.began:  # later ones are the script's
            self.confined_by(frame.data["level"], frame.data["missing"])
            self.begin()
        elif frame.name == "answer" and isinstance(frame.data, bytes):
            self.answer = frame.data

    def told(self, answer: object) -> Told:
        """Take what a warm process answers; return it."""
        told = msgspec.convert(answer, Told)
        self.confined_by(told.level, told.missing)
        self.answer = told.answer
        return told

    def begin(self) -> None:
        """Start the clock."""
        self.began = True
        self._start = self._clock()
        if self.scope is not None and self._timeout < math.inf:
            self.scope.deadline = anyio.current_time() + self._timeout
        if self._listener is not None:
            self._listener(Started(self.script, self._sandbox))
            for written in self._early:
                self._tell(written)

    def confined_by(self, level: int, missing: Iterable[str]) -> None:
        """Learn what it is, or would be, confined by."""
        self._sandbox = Sandbox(_LEVELS[level], (*self.lacks, *missing))

    def stopped(self) -> Verdict:
        """Return the verdict on a run that was stopped before its end."""
        signal = _KILL if self.began else None
        if self.called_off:
            return Verdict(Status.CANCELLED, None, signal, f"`{self.script}` was cancelled")
        message = f"`{self.script}` was killed after its {self._timeout:g} seconds"
        return Verdict(Status.TIMEOUT, None, signal, message)

    def end(self, verdict: Verdict) -> Outcome:
        """Return the outcome, and tell it."""
        outcome = self._outcome(verdict)
        if self._listener is not None:
            killed = verdict.signal == _KILL or verdict.status is Status.CANCELLED
            self._listener(Killed(outcome) if killed else Finished(outcome))
        return outcome

    def _outcome(self, verdict: Verdict) -> Outcome:
        out, err = self.captured.stdout, self.captured.stderr
        text = out.text()
        value, total, cut = None, out.total, out.truncated or err.truncated
        if self.answer is not None:
            value = value_of(self.answer)
            if not out.total:
                returned = shown(self.answer, value)
                text, total = bounded(returned, out.limit), len(returned.encode())
                cut = cut or len(text) < len(returned)
        elif text and not out.truncated:
            value = value_of(text)
        return Outcome(
            status=verdict.status,
            exit_code=verdict.exit_code,
            signal=verdict.signal,
            stdout=text,
            stderr=err.text(),
            stdout_total_bytes=total,
            stderr_total_bytes=err.total,
            truncated=cut,
            json=value,
            wall_s=self._clock() - self._start,
            sandbox=self._sandbox,
            message=verdict.message,
            kind=verdict.kind,
        )


def value_of(text: str | bytes) -> Any:
    """Return the one JSON value that a text is, or None."""
    try:
        return _DECODE(text.removeprefix("\ufeff") if isinstance(text, str) else text)
    except (msgspec.DecodeError, ValueError, RecursionError):
        return None


def shown(answer: bytes | None, value: Any) -> str:
    """Return what a function's answer is as output, where it wrote nothing itself."""
    if answer is None or value is None:
        return ""
    if answer.isdigit():
        return answer.decode() + "\n"
    return json.dumps(value, ensure_ascii=False) + "\n"


@asynccontextmanager
async def watching(cancel: anyio.Event, run: Run) -> AsyncIterator[None]:
    """Call a run off when an event is set: what goes on within is cancelled."""

    async def watch() -> None:
        await cancel.wait()
        run.called_off = True
        tasks.cancel_scope.cancel()

    failed: Exception | None = None
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(watch)
        try:
            yield
        except Exception as error:
            failed = error
        tasks.cancel_scope.cancel()
    if failed is not None:
        raise failed  # as it is, not in a group
