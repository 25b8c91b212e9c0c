"""What the bus tells an operator about observers."""

from __future__ import annotations

import sys
from typing import Any

import msgspec

__all__ = ["ObserverCounts", "ObserverFailure", "log_failure", "logger"]


class ObserverFailure(msgspec.Struct, frozen=True):
    """An observer that went wrong; the run goes on without it.

    Attributes:
        plugin: The plugin's name.
        observer: The function's name.
        event: The type's name; empty when it was not about one event.
        reason: One sentence.
        error: What was raised, if anything was.
    """

    plugin: str
    observer: str
    event: str
    reason: str
    error: BaseException | None = None


class ObserverCounts(msgspec.Struct, frozen=True):
    """What became of the events meant for one buffered observer.

    Every event is in exactly one of `delivered` (the function returned), `failed` (it raised or
    was cut short), `dropped` (pushed out by newer ones), `undelivered` (refused or left over at
    the end) and `waiting`.
    """

    plugin: str
    observer: str
    delivered: int
    failed: int
    dropped: int
    undelivered: int
    waiting: int


def log_failure(failure: ObserverFailure) -> None:
    """Write the failure to the log."""
    about = {"event_type": failure.event} if failure.event else {}
    logger().error(
        "observer failed",
        plugin=failure.plugin,
        observer=failure.observer,
        **about,
        reason=failure.reason,
        exc_info=failure.error,
    )


def logger() -> Any:
    """Return what writes log lines: to stderr, or where the program sends those of structlog."""
    # Importing structlog takes longer than a short run; most runs never get here.
    import structlog

    if structlog.is_configured():
        return structlog.get_logger("ciranda")
    # Its own defaults write to stdout, where outputs are, and show local variables.
    return structlog.wrap_logger(
        structlog.WriteLogger(sys.stderr),
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="%H:%M:%S", utc=False),
            structlog.dev.ConsoleRenderer(
                colors=False, exception_formatter=structlog.dev.plain_traceback
            ),
        ],
    )
