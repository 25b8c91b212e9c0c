"""A plugin that keeps everything the bus carries."""

from __future__ import annotations

from typing import Final, TypeVar, final

from ciranda.events import Event
from ciranda.hooks import observer

__all__ = ["Recorder"]

E = TypeVar("E", bound=Event)


@final
class Recorder:
    """Hears every event; register it like any plugin."""

    def __init__(self) -> None:
        self.heard: Final[list[Event]] = []

    @observer(Event)
    def hear(self, event: Event) -> None:
        """Keep an event."""
        self.heard.append(event)

    def events(self, kind: type[E], run: str | None = None) -> list[E]:
        """Return what was heard of a type, oldest first; of one run, if it is given."""
        return [
            event for event in self.heard if isinstance(event, kind) and run in {None, event.run}
        ]
