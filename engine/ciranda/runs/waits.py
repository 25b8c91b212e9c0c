"""What a run waits for, as its log tells."""

from __future__ import annotations

from typing import Final, final

import msgspec

from ciranda.errors import InputError
from ciranda.events import (
    ApprovalGiven,
    Event,
    EventReceived,
    RunCompleted,
    RunEvent,
    RunParked,
    StepAttemptFailed,
    StepCancelled,
    StepCompleted,
    StepFailed,
    StepSkipped,
    StepWaits,
    TimerFired,
)
from ciranda.runs.journal import decode
from ciranda.runs.messages import Heard
from ciranda.store import Log
from ciranda.workflow.nearest import nearest

__all__ = ["Waits", "waits_of"]

_ENDS: Final = {
    kind.__name__
    for kind in (
        StepAttemptFailed,
        StepCancelled,
        StepCompleted,
        StepFailed,
        StepSkipped,
        TimerFired,
    )
}
_TOLD: Final = {
    kind.__name__ for kind in (ApprovalGiven, EventReceived, RunCompleted, RunParked, StepWaits)
}


@final
class Waits:
    """What is open, by path, in the order in which it was asked.

    Args:
        run: The run's id.

    Attributes:
        open: What the steps wait for that nobody answered.
        given: The answers that counted.
        heard: How far the run listened to its messages.
        due: Unix time at which it goes on by itself, if it was parked last with such a time.
        group: The group of runs in which it waits for a place, if it does.
    """

    def __init__(self, run: str) -> None:
        self.run: Final = run
        self.heard: Final = Heard()
        self.due: float | None = None
        self.group = ""
        self.open: Final[dict[str, StepWaits]] = {}
        self.given: Final[dict[str, ApprovalGiven]] = {}

    def apply(self, event: Event) -> None:
        """Take in the next event of the run."""
        self.heard.apply(event)
        if isinstance(event, StepWaits):
            self.open[event.path] = event
            self.given.pop(event.path, None)
        elif isinstance(event, ApprovalGiven):
            self.given[event.path] = event
            self.open.pop(event.path, None)
        elif isinstance(event, RunParked):
            self.due, self.group = event.due, event.group
        elif isinstance(event, RunCompleted):
            self.open.clear()
        elif type(event).__name__ in _ENDS:
            self.open.pop(event.path, None)  # type: ignore[attr-defined]  # all of them have one

    def approval(self, step: str | None) -> str:
        """Return the path of the step that a person means.

        Args:
            step: Its path, the beginning or the last word of it; None is the only one that waits
                for approval. The path of a step that does not wait is returned as it is.

        Raises:
            InputError: None waits for approval, or several fit.
        """
        asking = [path for path, asked in self.open.items() if asked.what == "approval"]
        if step is None:
            if len(asking) == 1:
                return asking[0]
            if asking:
                raise InputError(
                    f"run {self.run} waits for approval of {', '.join(asking)}: name one of them"
                )
            raise InputError(f"no step of run {self.run} waits for approval")
        if step in self.open or step in self.given:
            return step
        for fitting in (
            [path for path in asking if path.startswith(step)],
            [path for path in asking if path.endswith(f"/{step}")],
        ):
            if len(fitting) == 1:
                return fitting[0]
            if fitting:
                raise InputError(
                    f"`{step}` fits several steps of run {self.run} that wait for approval "
                    f"({', '.join(fitting)}): write more of the path"
                )
        meant = nearest(step, asking)
        if meant is not None:
            raise InputError(
                f"no step `{step}` of run {self.run} waits for approval: did you mean `{meant}`?"
            )
        return step


class _Path(msgspec.Struct):
    path: str = ""


def waits_of(log: Log, run: str) -> Waits:
    """Return what a run waits for; of the other events no more is read than has to be.

    Raises:
        ReplayError: An event is none.
        StoreError: Its log is damaged.
    """
    waits = Waits(run)
    decoder = msgspec.msgpack.Decoder(RunEvent, ext_hook=_hidden)
    for record in log.read(run):
        if record.type in _TOLD:
            event = decode(record, decoder)
            assert isinstance(event, Event)  # its type is known
            waits.apply(event)
        elif waits.open and record.type in _ENDS:  # may have a large output
            waits.open.pop(msgspec.msgpack.decode(record.payload, type=_Path).path, None)
    return waits


def _hidden(_: int, __: memoryview) -> str:
    return "***"  # a secret
