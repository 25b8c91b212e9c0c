"""What other processes say to a run: its messages, as they lie in the inbox."""

from __future__ import annotations

from typing import Any, Final, final

import msgspec

from ciranda.errors import InputError
from ciranda.events import (
    ApprovalGiven,
    Event,
    EventReceived,
    ForeignEvent,
    RunCancelled,
    RunCompleted,
    RunParked,
)
from ciranda.store import Message

__all__ = ["CANCEL", "Answered", "Emitted", "Heard", "decode", "encode"]

CANCEL: Final = "cancel"  # its payload is the reason, as text


class Emitted(msgspec.Struct, frozen=True, kw_only=True):
    """An event; `id` tells a second copy of it from another one."""

    id: str
    event: str
    data: Any = None
    source: str = ""


class Answered(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody's word on the approval that a step asks for."""

    path: str
    approved: bool
    by: str
    form: dict[str, Any] = {}


_TYPES: Final[dict[str, type[Emitted | Answered]]] = {"event": Emitted, "answer": Answered}
_KINDS: Final = {kind: name for name, kind in _TYPES.items()}


def encode(message: Emitted | Answered) -> tuple[str, bytes, str]:
    """Return the kind, the payload and the topic with which it is posted.

    Raises:
        InputError: Its data is no plain data.
    """
    try:
        payload = msgspec.msgpack.encode(message)
    except (TypeError, ValueError, OverflowError, RecursionError) as error:
        raise InputError(f"a message holds what cannot be kept: {error}") from None
    topic = message.event if isinstance(message, Emitted) else ""
    return _KINDS[type(message)], payload, topic


def decode(message: Message) -> Emitted | Answered:
    """Return what was posted.

    Raises:
        InputError: It is neither, or is malformed.
    """
    kind = _TYPES.get(message.kind)
    whom = f"message {message.id} to run {message.run}"
    if message.kind == "damaged":
        raise InputError(f"{whom} is damaged: send it again")
    if kind is None:
        raise InputError(f"{whom} is of the unknown kind '{message.kind}'")
    try:
        return msgspec.msgpack.decode(message.payload, type=kind)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise InputError(f"{whom} is no {message.kind}: {error}") from None


@final
class Heard:
    """How far a run has listened to its messages, folded from its log.

    Attributes:
        seen: Id of the last message that was looked at: those that follow are still to take.
    """

    def __init__(self) -> None:
        self.seen = 0
        self._parked = False

    def apply(self, event: Event | ForeignEvent) -> None:
        """Take in the next event of the run."""
        if isinstance(event, EventReceived | ApprovalGiven):
            self.seen = max(self.seen, event.message)
        elif isinstance(event, RunParked):
            self.seen = max(self.seen, event.seen)
            self._parked = True
        elif isinstance(event, RunCompleted | RunCancelled):
            self._parked = False

    def deaf(self, newest: int) -> int:
        """Return the message up to which the wish to stop is one of an earlier try.

        Nobody wishes to stop a run that nobody executes, unless it is parked.

        Args:
            newest: Id of the last message that was there when the run was taken.
        """
        return self.seen if self._parked else newest
