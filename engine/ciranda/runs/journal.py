"""Where the runner writes its events: a list in memory, or the store's log."""

from __future__ import annotations

from array import array
from bisect import bisect_left
from collections.abc import Callable, Iterator
from typing import Any, Final, Protocol

import msgspec

from ciranda.errors import ReplayError
from ciranda.events import (
    Event,
    ForeignEvent,
    RunCompleted,
    RunEvent,
    RunParked,
    RunResumed,
    RunStarted,
    StepCompleted,
)
from ciranda.store import Log, Record

__all__ = ["Journal", "MemoryJournal", "StoreJournal", "decode"]


class Journal(Protocol):
    """The events of one run, in order; what `append` took is kept when it returns."""

    durable: bool

    def append(self, events: list[Event | ForeignEvent]) -> None:
        """Keep events; blocks until they are durable at the store's level."""
        ...

    def read(self) -> Iterator[Event | ForeignEvent]:
        """Return all events from the first."""
        ...

    def output(self, seq: int) -> Any:
        """Return the output of the completion at this place of the log."""
        ...


class MemoryJournal:
    """Nothing but the outputs of items, which the results of a large map read again.

    A run in memory has no later process that could replay its events.
    """

    durable = False

    def __init__(self) -> None:
        self._seqs: Final = array("q")  # ascending
        self._outputs: Final[list[Any]] = []

    def append(self, events: list[Event | ForeignEvent]) -> None:
        """Keep the outputs of items."""
        for event in events:
            if type(event) is StepCompleted and "/" in event.path and event.path[-1].isdigit():
                self._seqs.append(event.seq)
                self._outputs.append(event.output)

    def read(self) -> Iterator[Event | ForeignEvent]:
        """Return no event."""
        return iter(())

    def output(self, seq: int) -> Any:
        """Return the output of the item whose completion is at this place."""
        return self._outputs[bisect_left(self._seqs, seq)]


Hook = Callable[[Any], Any]
ExtHook = Callable[[int, memoryview], Any]

_KNOWN: Final = frozenset(
    event.__struct_config__.tag
    for event in RunEvent.__args__  # the closed union is the vocabulary of the log
)


def decode(
    record: Record, decoder: msgspec.msgpack.Decoder[RunEvent] | None = None
) -> Event | ForeignEvent:
    """Return the event of a record; a type that nobody here knows stays raw.

    Raises:
        ReplayError: The payload is not the event it says it is.
    """
    if record.type not in _KNOWN:
        return ForeignEvent(
            run=record.run,
            seq=record.seq,
            at=record.at,
            type=record.type,
            raw=record.payload,
            version=record.version,
        )
    try:
        return (decoder or msgspec.msgpack.Decoder(RunEvent)).decode(record.payload)
    except msgspec.MsgspecError as error:
        raise ReplayError(
            f"event {record.seq} of run {record.run} is no {record.type}: {error}"
        ) from error


class StoreJournal:
    """Events in the store's log, fenced by the lease's epoch.

    Args:
        log: The store.
        run: The run's id.
        epoch: The lease's fencing number.
        enc_hook: Turns what is not plain data (a secret) into its stored form.
        ext_hook: Turns it back.
    """

    durable = True

    def __init__(
        self,
        log: Log,
        run: str,
        epoch: int,
        *,
        enc_hook: Hook | None = None,
        ext_hook: ExtHook | None = None,
    ) -> None:
        self._log: Final = log
        self._run: Final = run
        self._epoch: Final = epoch
        self._encode: Final = msgspec.msgpack.Encoder(enc_hook=enc_hook).encode
        self._decoder: Final = msgspec.msgpack.Decoder(RunEvent, ext_hook=ext_hook)

    def append(self, events: list[Event | ForeignEvent]) -> None:
        """Write events in one transaction."""
        encode, run, last = self._encode, self._run, events[-1]
        ended = isinstance(last, RunCompleted)
        begun = isinstance(events[0], RunStarted | RunResumed)
        records = [
            Record(run, event.seq, event.at, event.type, event.version, event.raw)
            if isinstance(event, ForeignEvent)
            else Record(
                run=run,
                seq=event.seq,
                at=event.at,
                type=type(event).__name__,
                version=event.VERSION,
                payload=encode(event),
            )
            for event in events
        ]
        if isinstance(last, RunParked):  # with the record, so that no wake-up is lost
            self._log.park(run, self._epoch, last.due, last.seen, records, last.events)
            return
        self._log.append(
            run,
            self._epoch,
            records,
            status=last.status if isinstance(last, RunCompleted) else "running" if begun else None,
            finished=last.at if ended else None,
        )

    def read(self) -> Iterator[Event | ForeignEvent]:
        """Return all events from the first."""
        for record in self._log.read(self._run):
            yield decode(record, self._decoder)

    def output(self, seq: int) -> Any:
        """Return the output of the completion at this place."""
        return getattr(decode(self._log.record(self._run, seq), self._decoder), "output", None)
