"""What the scheduler asks the runner to do."""

from __future__ import annotations

from typing import NamedTuple

import msgspec

__all__ = ["Cancel", "Command", "EndMap", "Finish", "SetTimer", "Skip", "Start"]


class Start(msgspec.Struct, frozen=True, order=True):  # made and compared twice as fast
    """Begin an attempt; sorts by urgency, then by item, so that maps go depth first."""

    urgency: float  # the negated rank
    item: int  # -1 = the step itself
    node: int
    attempt: int


class Skip(NamedTuple):
    """Record that a step does not run because of what became of a need."""

    node: int
    reason: str
    because: str


class EndMap(NamedTuple):
    """Record that every item of a map has ended."""

    node: int
    status: str


class Cancel(NamedTuple):
    """Stop what is running."""

    node: int
    item: int
    reason: str


class SetTimer(NamedTuple):
    """Say `TimerFired` at this time of the wall clock."""

    node: int
    item: int
    at: float


class Finish(NamedTuple):
    """Record that the run has ended."""

    status: str


Command = Start | Skip | EndMap | Cancel | SetTimer | Finish
