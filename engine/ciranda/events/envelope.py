"""The two shapes that travel on the bus: facts and requests."""

from __future__ import annotations

from typing import ClassVar, Generic, TypeVar

import msgspec

Answer = TypeVar("Answer")


class Event(msgspec.Struct, frozen=True, kw_only=True):
    """A fact about a run, named in the past tense.

    `run` is the run's id, `seq` its place in the run's log (from 0; -1 before it is logged),
    `at` the wall clock in seconds since the epoch.
    """

    VERSION: ClassVar[int] = 1

    run: str = ""
    seq: int = -1
    at: float = 0.0


class Request(msgspec.Struct, Generic[Answer], frozen=True, kw_only=True):
    """A question in the imperative; `bus.ask` takes the first answer that is not None."""


class ForeignEvent(msgspec.Struct, frozen=True, kw_only=True):
    """A logged event that is none of the run's own: a plugin's; shown, never folded.

    `raw` is the event as MessagePack, `version` the `VERSION` of its type.
    """

    run: str
    seq: int
    at: float
    type: str
    raw: bytes
    version: int = 1
