"""What templates tell others: the event of `q:dispatchEvent`, and its hook."""

from __future__ import annotations

from typing import Any

from ciranda.events import Event
from ciranda.hooks import hookspec

__all__ = ["TemplateEvent", "template_event"]


class TemplateEvent(Event, frozen=True, kw_only=True, tag=True):
    """A template dispatched an event; `data` is what it said, plain data."""

    path: str  # of the step
    name: str
    data: Any = None


@hookspec
def template_event(event: TemplateEvent) -> None:
    """Fire when a template of a step runs `q:dispatchEvent`.

    Args:
        event: The fact; frozen.

    Example:
        ```python
        @hookimpl
        def template_event(event):
            print(event.name, event.data)
        ```
    """
