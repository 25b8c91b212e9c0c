"""The council: reads an intent, asks whom the gate chooses, merges what they say."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Mapping, Sequence
from types import TracebackType
from typing import Any, Final, Self, final

import msgspec

from ciranda.actions import NotPlainError
from ciranda.errors import InputError, StoreError
from ciranda.events.judging import Judge, Judgement, Opinion, Verdict

from ..expert import Expert
from ..intent.error import IntentError
from ..intent.features import features as features_of
from ..intent.intent import Feature, Intent
from ..intent.reading import read_intent
from ..settings import ExpertsSettings
from ..solver.missing import MISSING
from .bench import Bench, Pledge
from .crisis import Crisis
from .frozen import FrozenDict, freeze
from .gate import Gate, Route
from .handover import Adviser, Desk, Recorder
from .modes import Mode
from .pledges import settle, settle_all
from .proof import proof_of
from .reasons import ALARMS, FAILURES
from .running import Running
from .seats import Seats
from .shelf import Entry, Shelf, raw_of
from .telling import Telling
from .verdict import Weighed, budget_of, off, refused, terms_of, weighed

__all__ = ["Council"]

_replace: Final = msgspec.structs.replace


@final
class Council:
    """Judges intents; an async context manager.

    Args:
        settings: The project's.
        experts: Who sits on it; several versions of one name may.
        telling: Tells others what happens.
        recorder: Takes every judgement.
        desk: Takes what is uncertain.
        adviser: Says what was learned.
        read: Reads an intent.
        features: Says what an intent has.
        clock: Seconds, for latencies and crises.
        chance: Returns a number from 0 up to 1.

    Attributes:
        gate: Chooses among the experts.
        crisis: Whether there is one.
    """

    def __init__(
        self,
        settings: ExpertsSettings,
        *,
        experts: Sequence[Expert] = (),
        telling: Telling | None = None,
        recorder: Recorder | None = None,
        desk: Desk | None = None,
        adviser: Adviser | None = None,
        read: Callable[[Mapping[str, Any] | str], Intent] = read_intent,
        features: Callable[[Intent], frozenset[Feature]] = features_of,
        clock: Callable[[], float] = time.perf_counter,
        chance: Callable[[], float] = random.random,
    ) -> None:
        self.settings: Final = settings
        self.crisis: Final = Crisis(settings.crisis)
        self._telling: Final = telling
        self._recorder: Final = recorder
        self._desk: Final = desk
        self._adviser: Final = adviser
        self._read: Final = read
        self._features: Final = features
        self._clock: Final = clock
        self._chance: Final = chance
        self._running: Final = Running(
            threads=settings.threads, processes=settings.processes, clock=clock
        )
        self._shelf: Final = Shelf(settings.cache)
        self._bench: Final = Bench(self._running, self._shelf)
        self._under_way = 0
        self._in_crisis = False
        self._revision = 0 if adviser is None else adviser.revision
        self.seat(experts)

    async def __aenter__(self) -> Self:
        await self._running.__aenter__()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self._running.__aexit__(kind, error, trace)
        if self._in_crisis:
            self._turn("")  # nobody would ever tell that it is over

    @property
    def experts(self) -> tuple[Expert, ...]:
        """Who sits on it, in the version that counts."""
        return self._seats.experts

    @property
    def busy_threads(self) -> int:
        """Places that experts in threads hold, those that are too late included."""
        return self._running.busy_threads

    @property
    def offered(self) -> tuple[Expert, ...]:
        """All experts, with the versions of each that do not count."""
        return self._offered

    def seat(self, experts: Sequence[Expert]) -> None:
        """Let others sit on the council; what was found before is forgotten."""
        self._offered = tuple(experts)
        self._seats = Seats(self._offered, self._adviser)
        self._terms = self.settings.terms({one.name: one.weight for one in self.experts})
        self.gate = Gate(
            self.experts,
            self.settings.mandatory,
            features=self._features,
            kinds=self.settings.kinds,
            size=max(self.settings.cache, 1),
            share=self.settings.shadow,
            chance=self._chance,
        )
        self._bench.clear()

    async def judge(self, request: Judge, *, only: Sequence[str] | None = None) -> Judgement:
        """Judge an intent.

        Args:
            request: What is asked.
            only: Experts that take the place of the mandatory ones, and of all others, for this
                once.

        Raises:
            InputError: One of `only` does not sit on the council.
        """
        begun = self._clock()
        if self.settings.mode is Mode.OFF:
            return _replace(off(), id=request.id)
        if self._adviser is not None and self._adviser.revision != self._revision:
            self._revision = self._adviser.revision
            self.seat(self._offered)
        raw, named, size = raw_of(request.intent)
        chosen = None if only is None else tuple(only)
        place = None if raw is None else (raw, request.experts, chosen)
        entry = None if place is None else self._shelf.entry(place)
        if entry is not None and entry.judgement is not None and not self.crisis.level(begun):
            name = request.id or named or entry.judgement.id
            judgement = _replace(entry.judgement, id=name, latency=self._clock() - begun)
            self._record(judgement, entry.opinions, entry.route)
            self._note(judgement, request, again=True)
            return judgement
        self._under_way += 1
        epoch = self._bench.epoch
        try:
            entry = entry or self._entry(request, raw, size, only)
            name = request.id or named or ("" if entry.intent is None else entry.intent.id)
            found, lasting = await self._judge(request, entry, begun, name)
        finally:
            self._under_way -= 1
        if place is not None and epoch == self._bench.epoch:
            self._keep(place, entry, found if lasting else None)
        latency = self._clock() - begun
        judgement = _replace(found.judgement, id=name, latency=latency, waited=found.waited)
        self._look_aside(judgement, entry, found.opinions)
        self._note(judgement, request, again=False)
        return judgement

    def _entry(self, request: Judge, raw: object, size: int, only: Sequence[str] | None) -> Entry:
        """Read an intent and choose its experts."""
        try:
            intent = _sealed(self._read(request.intent))
            if not isinstance(request.intent, str):
                intent = _replace(intent, id="")  # the next one to ask may have another
            terms_of(self._terms, intent, None, self._terms.threshold)
        except IntentError as error:
            return Entry(None, None, refused(error, self.settings, raw), size)
        if only is None:
            return Entry(intent, self.gate.route(intent, request.experts), None, size)
        return Entry(intent, self._narrow(only), None, size)

    def _narrow(self, only: Sequence[str]) -> Route:
        known = {one.name: one for one in self.experts}
        for name in only:
            if name not in known:
                raise InputError(
                    f"there is no expert `{name}` on the council, which has "
                    f"{', '.join(sorted(known)) or 'nobody'}"
                )
        return Route(tuple(known[name] for name in dict.fromkeys(only)), frozenset(only))

    async def _judge(
        self, request: Judge, entry: Entry, begun: float, name: str
    ) -> tuple[Weighed, bool]:
        """Return a judgement, and whether it holds for whoever asks the same."""
        intent, route = entry.intent, entry.route
        if intent is None or route is None:
            return Weighed(entry.judgement or off(), ()), True
        pledges: list[Pledge] = []
        try:
            found, lasting, waited = await self._hear(request, intent, route, begun, pledges)
            if pledges:
                found = await self._settled(found, intent, route, pledges)
        except BaseException:
            await settle_all(pledges, None)
            raise
        judgement = _replace(found.judgement, id=name)
        if judgement.verdict is Verdict.UNCERTAIN:
            return Weighed(self._reviewed(judgement, intent), found.opinions, waited), False
        proof = proof_of(intent, judgement)
        if proof is not None:
            judgement = _replace(judgement, proof=proof)
        return Weighed(judgement, found.opinions, waited), lasting

    async def _hear(
        self, request: Judge, intent: Intent, route: Route, begun: float, pledges: list[Pledge]
    ) -> tuple[Weighed, bool, float]:
        settings, crisis, telling = self.settings, self.crisis, self._telling
        now = self._clock()
        budget = crisis.timeout(budget_of(settings, intent, request.budget), now)
        heard = await self._bench.hear(
            intent,
            route.chosen,
            max(0.0, budget - (now - begun)),
            limit=crisis.timeout(settings.timeout, now),
            key=request.key,
            pledges=pledges,
            start=None if telling is None else telling.starting(request, intent),
            hear=None if telling is None or request.run else telling.hearing(request, intent),
        )
        return self._weighed(intent, route, heard.opinions), heard.lasting, heard.waited

    def _weighed(self, intent: Intent, route: Route, said: Sequence[Opinion]) -> Weighed:
        threshold = self._terms.threshold
        if self._adviser is not None:
            threshold = self._adviser.threshold(threshold)
        threshold = self.crisis.threshold(threshold, self._clock())
        terms = terms_of(self._terms, intent, self.gate.kind(intent), threshold)
        return weighed(intent, route, said, terms, self.settings, self._adviser)

    async def _settled(
        self, found: Weighed, intent: Intent, route: Route, pledges: list[Pledge]
    ) -> Weighed:
        """Tell experts what came of it; one of them may still say that it cannot be."""
        while pledges:
            opinion = await settle(pledges[0], found.judgement)
            del pledges[0]
            if opinion is not None:
                others = [one for one in found.opinions if one.expert != opinion.expert]
                found = self._weighed(intent, route, [*others, opinion])
        return found

    def _reviewed(self, judgement: Judgement, intent: Intent) -> Judgement:
        """Put an uncertain judgement before a human, where it binds and a human can help."""
        if self._desk is None or not judgement.enforced or judgement.reason == MISSING:
            return judgement
        try:
            review = self._desk.open(judgement, intent.source)
        except StoreError as error:
            text = f"{judgement.message} No human can be asked: {error}.".strip()
            return _replace(judgement, message=text)
        return _replace(judgement, review=review)

    def _look_aside(
        self, judgement: Judgement, entry: Entry, opinions: tuple[Opinion, ...]
    ) -> None:
        """Record a judgement, with what others would have said where somebody wants to know."""
        intent, route = entry.intent, entry.route
        if intent is None or route is None:
            self._record(judgement, opinions, None)
            return
        skipped = self.gate.sample(route)
        candidates = self._seats.candidates(route.chosen, intent.key)
        if candidates:
            self._running.run_soon(self._compare, judgement, opinions, intent, route, candidates)
        else:
            self._record(judgement, opinions, route)
        if skipped:
            self._running.run_soon(self._measure, judgement, intent, skipped)

    async def _compare(
        self,
        judgement: Judgement,
        opinions: tuple[Opinion, ...],
        intent: Intent,
        route: Route,
        candidates: list[Expert],
    ) -> None:
        """Record a judgement with what versions on trial say."""
        said: tuple[Opinion, ...] = ()
        try:
            said = await self._unheard(intent, candidates)
        finally:
            self._record(judgement, opinions, route, said)

    async def _measure(self, judgement: Judgement, intent: Intent, skipped: list[Expert]) -> None:
        """Ask experts that the gate skipped; what they say counts for the gate alone."""
        shadow = await self._unheard(intent, skipped)
        for one in shadow:
            wrong = one.verdict in {Verdict.REJECTED, Verdict.UNCERTAIN}
            if wrong and one.reason not in FAILURES:
                self.gate.miss(one.expert)
        if self._recorder is not None:
            self._recorder.record_late(judgement, shadow)

    async def ask(self, name: str, intent: Intent) -> Opinion | None:
        """Ask one expert anew about an intent without a transaction; None where there is none."""
        expert = next((one for one in self.experts if one.name == name), None)
        if expert is None:
            return None
        (opinion,) = await self._unheard(_replace(intent, transaction=""), [expert])
        return opinion

    def required(self, intent: Intent) -> frozenset[str]:
        """Name the experts without whom an intent is not approved, its transaction aside."""
        # Without a key: what is asked here is not what the gate remembers.
        return self.gate.route(_replace(intent, transaction="", key="")).required

    async def _unheard(self, intent: Intent, experts: list[Expert]) -> tuple[Opinion, ...]:
        """Ask experts whose answers count for nothing and are not remembered."""
        pledges: list[Pledge] = []
        limit = self.settings.timeout
        bench = Bench(self._running, Shelf(0))
        try:
            heard = await bench.hear(
                intent, tuple(experts), limit, limit=limit, key="", pledges=pledges
            )
        finally:
            await settle_all(pledges, None)
        return tuple(heard.opinions)

    def _record(
        self,
        judgement: Judgement,
        opinions: tuple[Opinion, ...],
        route: Route | None,
        candidates: tuple[Opinion, ...] = (),
    ) -> None:
        if self._recorder is not None:
            skipped = () if route is None else route.skipped_names
            self._recorder.record(judgement, opinions, skipped=skipped, candidates=candidates)

    def _keep(self, place: object, entry: Entry, found: Weighed | None) -> None:
        if found is not None and not self.crisis.level(self._clock()):
            judged = found.judgement
            said = tuple(_replace(one, cached=True, latency=0.0) for one in judged.experts)
            name = entry.intent.id if entry.intent is not None else ""
            judged = _replace(judged, id=name, experts=said)
            entry = Entry(entry.intent, entry.route, judged, entry.size, found.opinions)
        self._shelf.keep_entry(place, entry)

    def _note(self, judgement: Judgement, request: Judge, *, again: bool) -> None:
        self.crisis.observe(
            self._clock(),
            anomaly=judgement.reason in ALARMS,
            latency=judgement.latency - judgement.waited,
            queue=self._under_way,
        )
        if bool(self.crisis.cause) is not self._in_crisis:
            self._turn(self.crisis.cause)
        if self._telling is not None and not request.run:
            self._telling.judged(judgement, request, again=again)

    def _turn(self, cause: str) -> None:
        """Record that a crisis begins, or ends where nothing is the cause of one."""
        self._in_crisis = bool(cause)
        if self._recorder is not None:
            self._recorder.crisis(began=self._in_crisis, reason=cause)


def _sealed(intent: Intent) -> Intent:
    """Return an intent whose dicts no expert can change for the others."""
    try:
        source = freeze(intent.source)
    except (NotPlainError, RecursionError):  # text that no encoding can keep, and the like
        source = intent.source
    return _replace(intent, sorts=FrozenDict(intent.sorts), source=source)
