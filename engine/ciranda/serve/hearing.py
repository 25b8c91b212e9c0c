"""What a listener of a plugin calls with its events: from one of them to a run that is durable."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any, Final, final

import anyio
import anyio.to_thread

from ciranda.errors import InputError, StoreError
from ciranda.expressions import ExpressionError
from ciranda.serve.flow import Flow
from ciranda.serve.health import Health
from ciranda.serve.lines import Lines
from ciranda.serve.occurrence import Occurrence
from ciranda.serve.trigger import Triggering
from ciranda.serve.work import Accepted, Order
from ciranda.trigger import Heard

__all__ = ["Hearing"]

_ROOM: Final = 0.25  # seconds between two looks whether there is room


@final
class Hearing:
    """Takes the events of one trigger, in the loop of its listener.

    Args:
        flow: The file.
        trigger: The trigger.
        keep: Keeps an order in the backlog; None if there is no room. Blocks.
        wake: Called when there is work; any thread may.
        health: Counts.
        lines: Tells.
        new_id: Makes ids of runs, and of events that have none.
    """

    def __init__(
        self,
        flow: Flow,
        trigger: Triggering,
        keep: Callable[[Order], Accepted | None],
        wake: Callable[[], None],
        *,
        health: Health,
        lines: Lines,
        new_id: Callable[[], str],
    ) -> None:
        self._flow: Final = flow.file
        self._trigger: Final = trigger
        self._keep: Final = keep
        self._wake: Final = wake
        self._health: Final = health
        self._lines: Final = lines
        self._new_id: Final = new_id
        self._waits = False  # whether it was told that events wait
        self._deaf = False

    def close(self) -> None:
        """Accept nothing more, whoever calls; any thread may say so."""
        self._deaf = True

    async def __call__(
        self,
        data: Any,
        *,
        id: str = "",  # noqa: A002  (the word of CloudEvents)
        source: str = "",
        subject: str = "",
        time: str = "",
    ) -> Heard:
        """Accept the run of an event, or say why there is none; see `ciranda.trigger.Hear`."""
        event = self._event(data, id, source, subject, time)
        try:
            if not self._trigger.takes(event):
                return Heard.DROPPED
            accepted = await self._accepted(event)
        except (ExpressionError, InputError) as error:
            self._lines.warning(
                "not begun", flow=self._flow, trigger=self._trigger.name, why=str(error)
            )
            return Heard.REFUSED
        word = "known already" if accepted.duplicate else "accepted"
        self._lines.info(word, run=accepted.run, trigger=self._trigger.name, flow=self._flow)
        if accepted.duplicate:
            return Heard.KNOWN
        self._health.count("accepted", self._trigger.kind)
        self._wake()
        return Heard.ACCEPTED

    def _event(self, data: Any, number: str, source: str, subject: str, time: str) -> Occurrence:
        named = {"id": number, "source": source, "subject": subject, "time": time}
        for name, text in named.items():
            if not isinstance(text, str):
                raise InputError(f"`{name}` of an event is a text, not {type(text).__name__}")
            if any("\ud800" <= each <= "\udfff" for each in text):
                raise InputError(
                    f"`{name}` of an event has half of a character, which nobody can keep"
                )
        if time:
            try:
                datetime.fromisoformat(time)
            except ValueError:
                raise InputError("`time` of an event is an RFC 3339 date and time") from None
        return self._trigger.named(
            Occurrence(
                id=number or self._new_id(),
                source=source or self._trigger.kind,
                type=self._trigger.kind,
                subject=subject,
                time=time,
                data=data,
                unique=bool(number),
            )
        )

    async def _accepted(self, event: Occurrence) -> Accepted:
        """Return the run, once it is kept: there is room some time, or the listener ends."""
        while True:
            if self._deaf:
                await anyio.sleep_forever()  # it was cancelled, and this is where it notices
            order = self._trigger.order(event, self._new_id)
            try:
                accepted = await anyio.to_thread.run_sync(self._keep, order)
                why = "too many runs wait to begin"
            except StoreError as error:
                accepted, why = None, str(error)
                self._health.failing = True
            if accepted is not None:
                self._waits = self._health.failing = False
                return accepted
            if not self._waits:
                self._waits = True
                self._lines.warning("waits", flow=self._flow, trigger=self._trigger.name, why=why)
            await anyio.sleep(_ROOM)
