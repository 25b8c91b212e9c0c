"""Simulated crashes: a run that stops dead at a named point."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal, final, get_args

import msgspec

from ciranda.events import Request
from ciranda.hooks import hookimpl
from ciranda.layer import Call, Layer, Next, Place, StepPlan
from ciranda.store import Log, Record

__all__ = ["CrashPoint", "Crashes", "SimulatedCrash"]

CrashPoint = Literal["before_effect", "after_effect", "before_commit", "after_commit"]


class SimulatedCrash(BaseException):
    """The process is gone; no step's code may catch this."""


@dataclass(frozen=True, slots=True)
class _Plan:
    point: CrashPoint
    path: str
    attempt: int


@final
class Crashes:
    """A plugin that crashes runs at the points that are set.

    An effect is the call of an action; a commit is the log's acknowledgement that the step
    succeeded, failed or was skipped.
    """

    def __init__(self) -> None:
        self._set: Final[list[_Plan]] = []

    def at(self, point: CrashPoint, path: str, attempt: int = 1) -> None:
        """Crash the next time that the step or item at `path` comes by.

        Raises:
            ValueError: There is no such point.
        """
        if point not in get_args(CrashPoint):
            known = ", ".join(get_args(CrashPoint))
            raise ValueError(f"there is no point '{point}': {known}")
        self._set.append(_Plan(point, path, attempt))

    @hookimpl
    def middleware(self, target: StepPlan | type[Request[Any]]) -> Layer | None:
        """Stand around the executor of every step."""
        if not isinstance(target, StepPlan):
            return None

        async def call(call: Call, next: Next) -> Any:  # noqa: A002  (the word of the contract)
            self._reach("before_effect", call.path, call.attempt)
            try:
                return await next(call)
            finally:
                self._reach("after_effect", call.path, call.attempt)

        return Layer(call, Place.TIMEOUT, name="crash", after=("timeout",))

    def around(self, log: Log) -> Log:
        """Return the log, which crashes before or after it keeps the end of a step."""
        keep = log.append
        inside = False

        def append(
            run: str,
            epoch: int,
            records: Sequence[Record],
            status: str | None = None,
            finished: float | None = None,
        ) -> None:
            nonlocal inside
            if inside:  # a log may keep records and status one after the other in one commit
                keep(run, epoch, records, status, finished)
                return
            ends = [_ended(record) for record in records if self._set]
            for path, attempt in ends:
                self._reach("before_commit", path, attempt)
            inside = True
            try:
                keep(run, epoch, records, status, finished)
            finally:
                inside = False
            for path, attempt in ends:
                self._reach("after_commit", path, attempt)

        log.append = append  # type: ignore[method-assign]  # the log is the harness's own
        return log

    def _reach(self, point: CrashPoint, path: str, attempt: int) -> None:
        here = _Plan(point, path, attempt)
        if here in self._set:
            self._set.remove(here)
            raise SimulatedCrash(f"{point} of {path}, attempt {attempt}")


class _End(msgspec.Struct):
    """The fields of any step's end that say which one it was."""

    path: str = ""
    attempt: int = 1
    attempts: int = 1


def _ended(record: Record) -> tuple[str, int]:
    if record.type not in {"StepCompleted", "StepFailed", "StepAttemptFailed", "StepSkipped"}:
        return "", 0
    end = msgspec.msgpack.decode(record.payload, type=_End)
    return end.path, max(end.attempt, end.attempts)
