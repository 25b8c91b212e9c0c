"""The place of a run among the runs of its group: at most `max` of them work at once."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Set as AbstractSet
from typing import TYPE_CHECKING, Final, final

import anyio
import msgspec

from ciranda.errors import RunNotFoundError, StepError
from ciranda.events import Event, Failure, RunCompleted, RunParked, RunResumed, RunStarted
from ciranda.middleware.naming import name_in
from ciranda.runs.messages import CANCEL
from ciranda.store.members import Member, Members
from ciranda.workflow.binding import bind
from ciranda.workflow.model import Concurrency

if TYPE_CHECKING:
    from ciranda.context import Context
    from ciranda.engine import Engine
    from ciranda.runs.journal import Journal
    from ciranda.runs.runner import Runner
    from ciranda.runs.stage import Stage
    from ciranda.store import Lease, Log

__all__ = ["Turn", "turn_of"]

_LOOK: Final = 0.05  # seconds between two looks of who is next; others look less often
_LONGEST: Final = 1.0


@final
class Turn:
    """Lets a run begin, or go on, when there is a place for it in its group.

    Args:
        options: What the file says.
        name: Returns the name of the group.
        book: Who belongs to which group.
        runner: The run's.
        journal: Where the run's events go.
        tell: Tells observers of an event.
        mask: Takes secrets out of text.
        log: The store; None for a run in memory.
        lease: The right to write; None for a run in memory.
        alive: Tells whether a process executes a run; one that died holds no place.
        stop: Asks a run of this process to stop; for runs in memory.
        begins: Whether the run is new: one that goes on waits, whatever the policy.
        above: The runs of which this one is a part: it works in their place.
    """

    def __init__(  # noqa: PLR0913  (each is one thing of the surroundings)
        self,
        options: Concurrency,
        name: Callable[[], str],
        book: Members,
        runner: Runner,
        journal: Journal,
        *,
        tell: Callable[[Event], bool],
        mask: Callable[[str], str],
        log: Log | None,
        lease: Lease | None,
        alive: Callable[[str], bool],
        stop: Callable[[str, str], None],
        begins: bool,
        above: AbstractSet[str] = frozenset(),
    ) -> None:
        self._options: Final = options
        self._name_of: Final = name
        self._book: Final = book
        self._runner: Final = runner
        self._journal: Final = journal
        self._tell: Final = tell
        self._mask: Final = mask
        self._log: Final = log
        self._lease: Final = lease
        self._alive: Final = alive
        self._stop: Final = stop
        self._begins: Final = begins
        self._above: Final = above
        self._name = ""
        self._ticket = 0
        self._cancelled = ""
        self.waiting = False

    def cancel(self, reason: str) -> None:
        """Give up waiting."""
        self._cancelled = self._cancelled or reason or "cancelled"

    async def come(self, first: Event, deaf: int) -> Event | None:
        """Wait for a place.

        Args:
            first: What the run is to begin, or go on, with.
            deaf: Id of the last message whose wish to stop counts no more.

        Returns:
            What it begins with now; None when it has ended without a step.

        Raises:
            StoreError: The store fails.
        """
        self.waiting = True
        try:
            return await self._come(first, deaf)
        finally:
            self.waiting = False

    async def _come(self, first: Event, deaf: int) -> Event | None:
        try:
            self._name = self._name_of()
        except StepError as error:
            self._end(first, "failed", error.kind, str(error))
            return None
        runner, options = self._runner, self._options
        self._ticket = self._book.join(self._name, runner.run, options.max)
        ahead = self._ahead()
        if self._fits(ahead):
            return first
        if self._begins and options.policy in ("fail", "cancel-new"):
            self.leave()
            text = f"the group `{self._name}` is full: run {ahead[0].run} is in it"
            if options.policy == "fail":
                self._end(first, "failed", "conflict", text)
            else:
                self._end(first, "cancelled", "cancelled", text)
            return None
        if self._begins and options.policy == "cancel-old":
            self._oust(ahead)
        going = self._queued(first)
        while not self._fits(ahead):
            await anyio.sleep(min(_LONGEST, _LOOK * max(1, len(ahead) - options.max + 1)))
            self._listen(deaf)
            if self._cancelled:
                self.leave()
                self._end(going, "cancelled", "cancelled", self._cancelled)
                return None
            ahead = self._ahead()
        return msgspec.structs.replace(going, at=runner.wall())

    def leave(self) -> None:
        """Give the place to the next."""
        if self._ticket:
            self._book.leave(self._ticket)
            self._ticket = 0

    # Who is next

    def _ahead(self) -> list[Member]:
        """Return the living members that came before; the dead leave."""
        found = []
        for member in self._book.ahead(self._name, self._ticket):
            if member.run in self._above or self._lives(member.run):
                found.append(member)
            else:
                self._book.leave(member.ticket)
        return found

    def _lives(self, run: str) -> bool:
        try:
            return self._alive(run)
        except RunNotFoundError:  # pruned
            return False

    def _fits(self, ahead: list[Member]) -> bool:
        most = min([self._options.max, *(member.most for member in ahead)])
        return len(ahead) < most or any(member.run in self._above for member in ahead)

    def _oust(self, ahead: list[Member]) -> None:
        """Ask the oldest members to stop until one more fits."""
        staying = [member for member in ahead if not member.ousted]
        for member in staying[: max(0, len(staying) + 1 - self._options.max)]:
            if self._book.oust(member.ticket):
                text = f"run {self._runner.run} of the group `{self._name}` took its place"
                if self._log is None:
                    self._stop(text, member.run)
                else:
                    self._log.post(member.run, CANCEL, text.encode())

    # What the log tells

    def _queued(self, first: Event) -> Event:
        """Tell that the run waits; return what it goes on with."""
        runner = self._runner
        parked = RunParked(
            run=runner.run,
            seq=first.seq,
            at=runner.wall(),
            due=runner.wall(),  # whoever finds its process gone may take it
            seen=runner.seen,
            events=[],
            group=self._name,
        )
        if self._lease is None:
            self._tell(parked)
            return first
        if isinstance(first, RunStarted):
            parked = msgspec.structs.replace(parked, seq=runner.next_seq())
            self._journal.append([first, parked])
            self._tell(first)
            runner.replay()
            first = RunResumed(**runner.stamp(), epoch=self._lease.epoch)
        else:
            self._journal.append([parked])
            first = msgspec.structs.replace(first, seq=runner.next_seq())
        self._tell(parked)
        return first

    def _listen(self, deaf: int) -> None:
        """Hear the wish to stop; other messages wait until the run goes on."""
        if self._log is None:
            return
        for message in self._log.take(self._runner.run, max(deaf, self._runner.seen)):
            if message.kind == CANCEL:
                self.cancel(message.payload.decode("utf-8", "replace"))

    def _end(self, first: Event, status: str, kind: str, message: str) -> None:
        """End the run without a step."""
        runner = self._runner
        failure = Failure(kind=kind, message=self._mask(message), retryable=kind == "conflict")
        first = msgspec.structs.replace(first, at=runner.wall())
        ended = RunCompleted(**runner.stamp(), status=status, error=failure)
        self._journal.append([first, ended])
        self._tell(first)
        self._tell(ended)
        runner.completed = ended


def turn_of(
    engine: Engine,
    options: Concurrency,
    runner: Runner,
    stage: Stage,
    journal: Journal,
    *,
    lease: Lease | None,
    begins: bool,
    part_of: Context | None,
) -> Turn:
    """Return what waits for the place of a run."""

    def bound(value: object) -> Callable[[Mapping[str, object]], object]:
        read = bind(value, functions=engine.functions)
        return lambda scope: stage.vault.conceal(read(scope))  # other runs read the name

    def stop(reason: str, run: str) -> None:
        engine.cancel(reason, run=run)

    name = name_in(options.group, "concurrency.group", bound, engine.key)
    log = None if lease is None else engine.log
    return Turn(
        options,
        lambda: name(stage.scope),
        engine.books.members(None if log is None else log.folder),
        runner,
        journal,
        tell=stage.tell,
        mask=stage.mask,
        log=log,
        lease=lease,
        alive=engine.sessions.__contains__ if log is None else log.held,
        stop=stop,
        begins=begins,
        above=_around(log, part_of),
    )


def _around(log: Log | None, part_of: Context | None) -> set[str]:
    """Return the runs of which a new one is a part."""
    found: set[str] = set()
    run = None if part_of is None else part_of.run.id
    while run is not None and run not in found:
        found.add(run)
        run = None if log is None else log.run(run).parent
    return found
