"""Telling the bus what the council does; it costs next to nothing where nobody listens."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Final, final

from ciranda.bus import Bus
from ciranda.events.judging import (
    ExpertAnswered,
    ExpertStarted,
    IntentJudged,
    Judge,
    Judgement,
    Opinion,
)

from ..expert import Expert
from ..intent.intent import Intent

__all__ = ["Telling", "answered", "judged"]


@final
class Telling:
    """Publishes on a bus.

    A step that asks (`Judge.run`) tells of answers itself, in its run's log: those are left to it.

    Args:
        bus: The engine's.
        wall: Seconds since the epoch.
    """

    def __init__(self, bus: Bus, *, wall: Callable[[], float] = time.time) -> None:
        self._bus: Final = bus
        self._wall: Final = wall
        self._started: Final = bus.channel(ExpertStarted)
        self._answered: Final = bus.channel(ExpertAnswered)
        self._judged: Final = bus.channel(IntentJudged)

    def starting(self, request: Judge, intent: Intent) -> Callable[[Expert], None] | None:
        """Return what tells that an expert begins; None when nobody listens."""
        if self._started.send is None:
            return None

        def tell(expert: Expert) -> None:
            self._bus.publish_nowait(
                ExpertStarted(
                    run=request.run,
                    at=self._wall(),
                    expert=expert.name,
                    key=intent.key,
                    path=request.path,
                )
            )

        return tell

    def hearing(self, request: Judge, intent: Intent) -> Callable[[Opinion], None] | None:
        """Return what tells that an expert has answered; None when nobody listens."""
        if self._answered.send is None:
            return None

        def tell(opinion: Opinion) -> None:
            self._bus.publish_nowait(answered(opinion, intent.key, request.path, self._wall()))

        return tell

    def judged(self, judgement: Judgement, request: Judge, *, again: bool) -> None:
        """Tell of a judgement; `again` when it was remembered, with all that experts said."""
        if again and self._answered.send is not None:
            for one in judgement.experts:
                self._bus.publish_nowait(answered(one, judgement.key, request.path, self._wall()))
        if self._judged.send is not None:
            self._bus.publish_nowait(judged(judgement, request.path, self._wall()))


def answered(opinion: Opinion, key: str, path: str, at: float) -> ExpertAnswered:
    """Return the event of an opinion."""
    return ExpertAnswered(
        at=at,
        expert=opinion.expert,
        key=key,
        verdict=opinion.verdict,
        confidence=opinion.confidence,
        reason=opinion.reason,
        latency=opinion.latency,
        cached=opinion.cached,
        path=path,
    )


def judged(judgement: Judgement, path: str, at: float) -> IntentJudged:
    """Return the event of a judgement."""
    return IntentJudged(
        at=at,
        id=judgement.id,
        key=judgement.key,
        verdict=judgement.verdict,
        confidence=judgement.confidence,
        reason=judgement.reason,
        latency=judgement.latency,
        experts=tuple(one.expert for one in judgement.experts),
        review=judgement.review,
        path=path,
    )
