"""Asking the experts: all at once, each at most once for the same thing."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, NamedTuple, final

import anyio

from ciranda.events.judging import Opinion

from ..expert import Expert, Isolation, Question
from ..intent.intent import Intent
from .answer import late
from .handover import Purity, Settling
from .running import Flight, Running
from .shelf import Shelf

__all__ = ["Bench", "Heard", "Pledge"]

_MARGIN: Final = 0.05  # seconds

Hear = Callable[[Opinion], None]
Start = Callable[[Expert], None]


class Pledge(NamedTuple):
    """A question whose expert is to be told what came of it."""

    settling: Settling
    expert: Expert
    question: Question


class Heard(NamedTuple):
    """What the experts said; `lasting` when all of it holds for whoever asks the same again.

    `waited` is the seconds that an expert waited for a free worker, of the one that waited most.
    """

    opinions: list[Opinion]
    lasting: bool
    waited: float = 0.0


@final
class Bench:
    """The experts that sit, and what they are busy with.

    Args:
        running: Where they work.
        shelf: Where findings of pure experts are remembered.

    Attributes:
        epoch: Changes when what was found before is worth nothing.
    """

    def __init__(self, running: Running, shelf: Shelf) -> None:
        self._running: Final = running
        self._shelf: Final = shelf
        self._flights: dict[tuple[str, str], Flight] = {}
        self.epoch = 0
        self._owners: dict[str, tuple[Settling | None, Purity | None]] = {}

    def clear(self) -> None:
        """Forget findings, also those that are on their way, and who the experts are."""
        self._owners = {}
        self.epoch += 1
        self._flights = {}
        self._shelf.clear()

    async def hear(
        self,
        intent: Intent,
        chosen: tuple[Expert, ...],
        budget: float,
        *,
        limit: float,
        key: str,
        pledges: list[Pledge],
        start: Start | None = None,
        hear: Hear | None = None,
    ) -> Heard:
        """Ask experts about an intent, all of them at once.

        Args:
            intent: The intent.
            chosen: The experts.
            budget: Seconds of work for all of it; waiting for a free worker is none.
            limit: Seconds of work for each of them.
            key: Of the step on whose behalf it is asked.
            pledges: Filled with those who are to be told what came of it.
            start: Called when an expert begins.
            hear: Called with each opinion as it comes.
        """
        opinions: list[Opinion] = []
        flights: list[Flight] = []
        places: list[int] = []  # of the flights, among the opinions
        lasting = True
        for expert in chosen:
            settling, purity = self._owner(expert)
            if purity is not None:
                pure = purity.is_pure(intent)
            else:
                pure = expert.pure and not (settling is not None and intent.transaction)
            lasting = lasting and pure
            known = self._shelf.opinion(intent.key, expert.name) if pure else None
            if known is None:
                seconds = min(expert.timeout, limit, budget)
                # A little less than it has: it can say better what there was no time for.
                told = seconds - min(_MARGIN, seconds / 10)
                question = Question(intent=intent, budget=told, key="" if pure else key)
                if settling is not None and not pure:
                    pledges.append(Pledge(settling, expert, question))
                found = self._ask(expert, question, seconds, pure, start)
                if type(found) is Flight:
                    places.append(len(opinions) + len(flights))
                    flights.append(found)
                    continue
                known = found
            opinions.append(known)
            if hear is not None:
                hear(known)
        waited = 0.0
        if flights:
            landed, waited = await self._landed(flights, hear)
            for place, opinion in zip(places, landed, strict=True):
                opinions.insert(place, opinion)  # everybody where they sit
        return Heard(opinions, lasting, waited)

    def _ask(
        self, expert: Expert, question: Question, seconds: float, pure: bool, start: Start | None
    ) -> Opinion | Flight:
        place = (question.intent.key, expert.name)
        if seconds <= 0:
            return late(expert, 0.0, 0.0)
        if pure:
            flight = self._flights.get(place)
            # Whoever asks at the same time has not read its intent in the same time.
            if flight is not None and flight.budget + _MARGIN >= seconds:
                return flight
        if start is not None:
            start(expert)
        waiting: Any = None
        if expert.isolation is Isolation.INLINE:
            waiting = self._running.at_once(expert, question, seconds)
            if type(waiting) is Opinion:
                if pure:
                    self._shelf.keep_opinion(question.intent.key, waiting)
                return waiting
        flight = Flight(expert, seconds)
        if pure and question.intent.key:
            self._flights[place] = flight
            epoch = self.epoch

            def keep(landed: Flight) -> None:
                if epoch != self.epoch or landed.opinion is None:
                    return
                if self._flights.get(place) is landed:
                    del self._flights[place]
                self._shelf.keep_opinion(place[0], landed.opinion)

            flight.landed = keep
        self._running.begin(flight, question, waiting)
        return flight

    async def _landed(
        self, flights: list[Flight], hear: Hear | None
    ) -> tuple[list[Opinion], float]:
        """Wait for flights until they are due, and return how long workers kept one waiting."""
        done = anyio.Event()
        left = len(flights)
        begun = anyio.current_time()
        scope = anyio.CancelScope(deadline=max(flight.due for flight in flights))

        def told(opinion: Opinion) -> None:
            nonlocal left
            left -= 1
            if hear is not None:
                hear(opinion)
            if not left:
                done.set()

        def moved() -> None:
            scope.deadline = max(flight.due for flight in flights)

        for flight in flights:
            flight.watch(told, moved)
        try:
            with scope:
                await done.wait()
            waited = min(max(flight.waited for flight in flights), anyio.current_time() - begun)
            return [self._outcome(flight, hear) for flight in flights], waited
        finally:
            for flight in flights:
                flight.leave(told)

    def _outcome(self, flight: Flight, hear: Hear | None) -> Opinion:
        if flight.opinion is not None:
            return flight.opinion
        opinion = late(flight.expert, flight.budget, flight.budget)  # and cannot be stopped
        if hear is not None:
            hear(opinion)
        return opinion

    def _owner(self, expert: Expert) -> tuple[Settling | None, Purity | None]:
        """Return the object whose method the expert is, as far as it has more to say."""
        found = self._owners.get(expert.name)
        if found is None:
            owner = getattr(expert.judge, "__self__", expert.judge)
            found = (
                owner if isinstance(owner, Settling) else None,
                owner if isinstance(owner, Purity) else None,
            )
            self._owners[expert.name] = found
        return found
