"""What the scheduler asks the runner to do."""

from __future__ import annotations

from typing import NamedTuple

import msgspec

from ciranda.runs.status import Status

__all__ = [
    "Cancel",
    "Command",
    "EndMap",
    "Enter",
    "Expire",
    "Finish",
    "Leave",
    "Offer",
    "SetTimer",
    "Skip",
    "Start",
    "Turn",
]


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


class Enter(NamedTuple):
    """Record that a block begins; the node -1 is the run itself."""

    node: int
    item: int
    block: str


class Leave(NamedTuple):
    """Record the end of a step, an item or a turn whose blocks are over."""

    node: int
    item: int
    status: Status


class Turn(NamedTuple):
    """Record that a loop goes on or ends, now that its turn has ended."""

    node: int
    turn: int


class Offer(NamedTuple):
    """See whether an event that was kept is what a step waits for."""

    node: int
    item: int


class Expire(NamedTuple):
    """Record the end of a wait whose time is over."""

    node: int
    item: int


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


Command = Start | Skip | EndMap | Enter | Leave | Turn | Offer | Expire | Cancel | SetTimer | Finish
