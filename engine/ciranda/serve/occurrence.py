"""What happened outside and may begin a run, in the words of CloudEvents."""

from __future__ import annotations

from typing import Any

import msgspec

__all__ = ["Occurrence"]


class Occurrence(msgspec.Struct, frozen=True, kw_only=True):
    """One event; `source` and `id` together tell it from all others.

    Args:
        id: Names it among those of its source.
        source: Who tells of it.
        type: What kind of thing happened: the name that `on: {event: {name}}` matches.
        subject: What it is about; may be empty.
        time: When it happened, as RFC 3339; may be empty.
        data: Plain data.
        extensions: Further attributes of a CloudEvent, by name.
        unique: Whether the id was given, so that a second one like it is the same event.
    """

    id: str
    source: str
    type: str
    subject: str = ""
    time: str = ""
    data: Any = None
    extensions: dict[str, Any] = {}
    unique: bool = True

    def scope(self) -> dict[str, Any]:
        """Return the names that a trigger's expressions read."""
        view = {
            name: getattr(self, name)
            for name in ("id", "source", "type", "subject", "time", "data", "extensions")
        }
        return {"event": view}
