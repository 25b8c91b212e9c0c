"""One way out for spans: a queue, the thread that makes them, and what they are handed to."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final, NamedTuple, Protocol, final

from ciranda.observe.outbox import Delivery, Outbox
from ciranda.observe.outline import Outline
from ciranda.observe.timeline import Segment, Timeline
from ciranda.observe.track import Track

if TYPE_CHECKING:
    from opentelemetry.sdk.trace import ReadableSpan

    from ciranda.observe.spans import Spans

__all__ = ["Carried", "Carrier", "Ended", "Way"]


class Way(Protocol):
    """What spans are handed to at last."""

    @property
    def trouble(self) -> str:
        """Why the last request failed; empty when it did not, or when `send` says so itself."""
        ...

    def send(self, spans: Sequence[ReadableSpan]) -> int:
        """Send spans and return their number; what it raises means that they are lost."""
        ...

    def hurry(self) -> None:
        """Do not wait for what is not there."""
        ...

    def close(self) -> None:
        """Break off what is under way."""
        ...


class Ended(NamedTuple):
    """Something of which spans are to be made, in the thread of each carrier."""

    timeline: Timeline
    segment: Segment
    track: Track | None
    outline: Outline | None


class Carried(NamedTuple):
    """A span as a worker sent it."""

    data: Any


@final
class Carrier:
    """Makes spans of what is put into it, and hands them on, in a thread of its own.

    Args:
        way: Where they go.
        warn: Told, at most once, why some were lost.
        limit: Things that wait at the most.
        batch: Things sent at once at the most.
        delay: Seconds that they wait for company.
        finish: Called by the thread when everything was sent.
        late: What is told when there is no time for the rest.
    """

    def __init__(
        self,
        way: Way,
        warn: Callable[[str], None],
        *,
        limit: int,
        batch: int,
        delay: float,
        finish: Callable[[], None] | None = None,
        late: str = "the endpoint does not take them in time",
    ) -> None:
        self._way: Final = way
        self._say: Final = warn
        self._spans: Spans | None = None
        self._outbox: Final = Outbox(
            self._deliver,
            self._warn,
            limit=limit,
            batch=batch,
            delay=delay,
            finish=finish,
            late=late,
        )

    def put(self, thing: Any, spans: int = 1) -> None:
        """Queue something that is worth so many spans; never blocks."""
        self._outbox.put(thing, spans)

    @property
    def delivery(self) -> Delivery:
        """What became of the spans so far."""
        return self._outbox.delivery

    def hasten(self) -> None:
        """Take nothing more, and send what waits; nobody waits for it here."""
        self._way.hurry()
        self._outbox.hasten()

    def close(self, timeout: float) -> Delivery:
        """Send what waits, for at most `timeout` seconds, and say what became of all spans."""
        self._way.hurry()
        delivery = self._outbox.close(timeout)
        self._way.close()
        return delivery

    # In its thread

    def _deliver(self, things: list[Any]) -> int:
        from ciranda.observe.carried import unpack
        from ciranda.observe.spans import Spans

        if self._spans is None:
            self._spans = Spans()
        found: list[ReadableSpan] = []
        for thing in things:
            if isinstance(thing, Ended):
                found += self._spans.of(*thing)
            elif isinstance(thing, Carried):
                with suppress(ValueError):  # a worker's nonsense: lost, and counted as that
                    found.append(unpack(thing.data, self._spans.sender))
            else:
                found.append(thing)
        return self._way.send(found)

    def _warn(self, problem: str) -> None:
        trouble = self._way.trouble
        if trouble and trouble not in problem:
            problem = f"{problem} ({trouble})"
        self._say(problem)
