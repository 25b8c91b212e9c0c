"""What reaches the run of a case from outside: events, answers, and an end to endless waits."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, final

import anyio
from anyio.abc import TaskGroup

from ciranda.errors import InputError
from ciranda.events import LoopTurned, StepAttemptFailed, StepWaits
from ciranda.events.path import place
from ciranda.runs.answers import accepted
from ciranda.runs.messages import Answered, Emitted, encode

if TYPE_CHECKING:
    from ciranda.engine import Engine
    from ciranda.trials.case import Answer, Case
    from ciranda.trials.standin import StandIn

__all__ = ["Outside"]

_PATIENCE: Final = 120.0  # virtual seconds without an event after which a run is stuck
_ENDS: Final = ("StepCompleted", "StepFailed", "StepSkipped", "StepCancelled")


@final
class Outside:
    """Speaks to a run as the case says.

    Args:
        engine: Performs the run.
        case: What is said, and when.
        standin: Hears what happens.
        run: The run's id.

    Attributes:
        stuck: Paths of the steps that wait for what never comes.
        refused: Why an answer of the case does not count, by the path of the step that asked.
    """

    def __init__(self, engine: Engine, case: Case, standin: StandIn, run: str) -> None:
        self._engine: Final = engine
        self._case: Final = case
        self._standin: Final = standin
        self._run: Final = run
        self._coming = len(case.events)
        self.stuck: tuple[str, ...] = ()
        self.refused: Final[dict[str, str]] = {}

    async def speak(self, group: TaskGroup) -> None:
        """Say all there is to say for as long as the run goes on."""
        for number, sent in enumerate(self._case.events):
            message = Emitted(
                id=sent.id or f"event-{number}",
                event=sent.event,
                data=sent.data,
                source=sent.source,
            )
            group.start_soon(self._send, sent.at, message)
        seen = 0
        if self._case.time == "virtual":
            group.start_soon(self._watch)
        while True:
            news, heard = self._standin.news, self._standin.heard
            for event in heard[seen:]:
                if isinstance(event, StepWaits) and event.what == "approval":
                    answer = self._answer(event.path)
                    if answer is not None and self._counts(event, answer):
                        self._coming += 1
                        group.start_soon(self._send, answer.after, _said(event.path, answer))
            seen = len(heard)
            await news.wait()

    def _answer(self, path: str) -> Answer | None:
        for name in (path, place(path), place(path).rpartition("/")[2]):
            if name in self._case.approvals:
                return self._case.approvals[name]
        return None

    def _counts(self, asked: StepWaits, answer: Answer) -> bool:
        """Tell whether a run would take the answer; `refused` says why not."""
        try:
            accepted(self._run, asked, _said(asked.path, answer))
        except InputError as error:
            self.refused[asked.path] = str(error).replace(f" of run {self._run}", "")
            return False
        return True

    async def _send(self, after: float, message: Emitted | Answered) -> None:
        await anyio.sleep(after)
        while self._run not in self._engine.sessions:
            await self._standin.news.wait()
        self._engine.log.post(self._run, *encode(message))
        self._engine.sessions[self._run].look()
        self._coming -= 1

    async def _watch(self) -> None:
        """Stop a run that waits for ever: in virtual time that would be at once."""
        while True:
            heard = self._standin.heard
            count = len(heard)
            now = heard[-1].at if heard else 0.0
            due = max((_due(event) for event in heard), default=0.0)
            await anyio.sleep(max(0.0, due - now) + _PATIENCE)
            waiting = _open_waits(self._standin)
            idle = len(heard) == count and not self._coming and not self._standin.busy
            if idle and waiting and heard:
                self.stuck = tuple(waiting)
                self._engine.cancel("it waits for what never comes", run=self._run)
                return


def _said(path: str, answer: Answer) -> Answered:
    return Answered(path=path, approved=answer.approved, by=answer.by, form=answer.form)


def _due(event: object) -> float:
    """Return when something happens by itself after an event; 0 for nothing."""
    match event:
        case StepWaits():
            return event.until or 0.0
        case StepAttemptFailed():
            return event.retry_at
        case LoopTurned():
            return event.due
    return 0.0


def _open_waits(standin: StandIn) -> list[str]:
    found: dict[str, None] = {}
    for event in standin.heard:
        if isinstance(event, StepWaits) and event.until is None:
            found[event.path] = None
        elif type(event).__name__ in _ENDS:
            found.pop(getattr(event, "path", ""), None)
    return list(found)
