"""What the log of a run holds for one observer: told apart, decoded, in order."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple, final

import msgspec

from ciranda.errors import CirandaError, ReplayError, RunNotFoundError
from ciranda.events import Event, ForeignEvent, RunEvent, RunResumed, RunStarted
from ciranda.runs.journal import decode
from ciranda.store import Log, Record
from ciranda.store.cursors import NOWHERE, Cursor
from ciranda.vault import Vault, redacted

__all__ = ["News", "Reading"]

MOST: Final = 256  # records that are read at once
BYTES: Final = 1 << 20  # of payloads; what is read at once ends with the record that passes it
_OWN: Final[frozenset[type[Event]]] = frozenset(RunEvent.__args__)


class News(NamedTuple):
    """One record of a log.

    Attributes:
        cursor: Its place.
        event: What it tells; None if that is nothing to the observer.
    """

    cursor: Cursor
    event: Event | None


@final
class Reading:
    """Reads logs for an observer of some types of events.

    Secrets are not shown to it: the log only names them.

    Args:
        types: Event classes; those beneath them are meant too.
    """

    def __init__(self, types: Sequence[type[Event]]) -> None:
        self._types: Final = tuple(types)
        self._own: Final = frozenset(
            kind.__name__ for kind in _OWN if issubclass(kind, self._types)
        )
        self._ext_hook: Final = Vault().ext_hook
        self._decoder: Final = msgspec.msgpack.Decoder(RunEvent, ext_hook=self._ext_hook)

    def news(self, log: Log, run: str, cursor: Cursor) -> list[News]:
        """Return what comes next after a cursor, none at the log's end.

        A log that lost its end and grew another one is read from its beginning.

        Raises:
            RunNotFoundError: The run was pruned.
            StoreError: The next record is missing or damaged.
            ReplayError: The next record is not the event it says it is.
        """
        if cursor.seq >= 0 and _is_another(log, run, cursor):
            cursor = NOWHERE
        found: list[News] = []
        size = 0
        try:
            repeated = self._repeated(log, run)
            for record in log.read(run, cursor.seq, MOST):
                event = None if 0 < record.seq <= repeated else self._event(record)
                found.append(News(Cursor(record.seq, record.at), event))
                size += len(record.payload)
                if size > BYTES:
                    break
        except RunNotFoundError:
            raise
        except CirandaError:
            if not found:
                raise
        return found

    def _repeated(self, log: Log, run: str) -> int:
        """Return the place up to which a log repeats another run's; 0 if it does not."""
        first = next(iter(log.read(run, -1, 1)), None)
        started = None if first is None else decode(first, self._decoder)
        if not isinstance(started, RunStarted) or not started.reuses:
            return 0
        last = 0
        for record in log.read(run, 0):
            if record.type == RunResumed.__name__:
                break
            last = record.seq
        return last

    def _event(self, record: Record) -> Event | None:
        if record.type in self._own:
            event = decode(record, self._decoder)
            return None if isinstance(event, ForeignEvent) else event
        kind = next(_named(self._types, record.type), None)
        if kind is None:
            return None
        try:
            plain = redacted(msgspec.msgpack.decode(record.payload, ext_hook=self._ext_hook))
            told = msgspec.convert(plain, kind, builtin_types=(bytes,), str_keys=True)
        except msgspec.MsgspecError as error:
            raise ReplayError(
                f"event {record.seq} of run {record.run} is no {record.type}: {error}"
            ) from error
        return msgspec.structs.replace(told, run=record.run, seq=record.seq, at=record.at)


def _is_another(log: Log, run: str, cursor: Cursor) -> bool:
    found = next(iter(log.read(run, cursor.seq - 1, 1)), None)
    return found is None or found.at != cursor.at


def _named(types: Sequence[type[Event]], name: str) -> Iterator[type[Event]]:
    """Yield the plugins' classes of a name among types and those beneath them, nearest first."""
    level = list(types)
    while level:
        yield from (kind for kind in level if kind.__name__ == name and kind not in _OWN)
        level = [below for kind in level for below in kind.__subclasses__()]
