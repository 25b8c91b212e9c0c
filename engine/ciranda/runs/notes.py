"""Events that plugins publish in a run: kept in its log, then told."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

import anyio
import msgspec

from ciranda.events import Event, ForeignEvent

if TYPE_CHECKING:
    from ciranda.runs.host import Host
    from ciranda.runs.runner import Runner

__all__ = ["Notes"]


class _Note(NamedTuple):
    event: Event
    told: anyio.Event


class Notes:
    """What plugins published and the journal has not kept yet.

    Args:
        runner: Whose log they go into.
        host: What tells observers.
    """

    def __init__(self, runner: Runner, host: Host) -> None:
        self._runner: Final = runner
        self._host: Final = host
        self._notes: Final[dict[int, _Note]] = {}  # by place in the log

    async def keep(self, event: Event) -> None:
        """Keep an event and tell observers of it; both are done on return.

        Raises:
            ActionError: It cannot be kept.
        """
        runner = self._runner
        event = msgspec.structs.replace(event, run=runner.run, seq=runner.seq)
        foreign = ForeignEvent(
            run=event.run,
            seq=event.seq,
            at=event.at,
            type=type(event).__name__,
            raw=self._host.packed(event),  # it must not fail once it has a place in the log
            version=event.VERSION,
        )
        if not runner.note(foreign):
            self._host.tell(msgspec.structs.replace(event, seq=-1))
            return
        note = self._notes[event.seq] = _Note(event, anyio.Event())
        await note.told.wait()

    def tell(self, event: ForeignEvent) -> bool:
        """Tell observers of what was kept; say whether they could take more."""
        note = self._notes.pop(event.seq)
        note.told.set()
        return self._host.tell(note.event)

    def drop(self) -> None:
        """Let everybody go on whose event will not be kept: the run is lost."""
        for note in self._notes.values():
            note.told.set()
