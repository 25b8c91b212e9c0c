"""What travels in and out of a log: records, runs, leases, messages, output."""

from __future__ import annotations

import enum
from typing import Any

import msgspec


class Durability(enum.StrEnum):
    """What an acknowledged record survives."""

    POWER = "power"  # loss of power, at one disk sync a commit
    PROCESS = "process"  # kill -9; a power loss may take a suffix
    OFF = "off"  # nothing


class Record(msgspec.Struct, frozen=True):
    """One event of one run, as it lies in the log.

    Args:
        run: Id of the run.
        seq: Place in the run, from 0 without gaps.
        at: Unix time in seconds.
        type: Name of the event type.
        version: Version of the type's fields.
        payload: The event's fields, encoded by the caller.
    """

    run: str
    seq: int
    at: float
    type: str
    version: int
    payload: bytes


class Examined(msgspec.Struct, frozen=True):
    """A record as it is found, sound or not.

    Args:
        seq: Place in the run.
        at: As in `Record`, if it is sound; else whatever lies there. So are the next three.
        type: See `at`.
        version: See `at`.
        digest: SHA-256 of the payload in hexadecimal, also of one whose blob is gone.
        fault: What is wrong with it; "" if nothing is.
    """

    seq: int
    at: Any
    type: Any
    version: Any
    digest: str
    fault: str = ""


class RunRow(msgspec.Struct, frozen=True):
    """What a list of runs shows; times are unix seconds, digests are of blobs.

    `parent` is the run that this one is a part of.
    """

    id: str
    name: str
    file: str
    status: str
    created: float
    finished: float | None = None
    parent: str | None = None
    source: str = ""
    workflow: str = ""


class Head(msgspec.Struct, frozen=True):
    """Where the log of a run stands.

    Attributes:
        number: Runs that began later have greater ones.
        run: Its id.
        status: As in `RunRow`.
        seq: The place of its last record; -1 if there is none.
    """

    number: int
    run: str
    status: str
    seq: int


class Lease(msgspec.Struct, frozen=True):
    """The right to write for a run; `epoch` is what every write is checked against."""

    run: str
    owner: str
    epoch: int
    ttl: float


class Message(msgspec.Struct, frozen=True):
    """Something another process asked of a run: cancel, approve, emit.

    One with a `topic` wakes only the parked runs that named it. Of one that is damaged nothing is
    known but its id: its kind is `damaged`.
    """

    id: int
    run: str
    kind: str
    payload: bytes
    at: float
    topic: str = ""


class OutputChunk(msgspec.Struct, frozen=True):
    """Some of what a step printed.

    `offset` counts the bytes of the step's output before this chunk, both streams together;
    a chunk that does not start where the one before it ended follows a dropped middle.
    """

    id: int
    path: str
    stream: str
    at: float
    offset: int
    data: bytes


class Cached(msgspec.Struct, frozen=True):
    """A cached result; `parts` is what its key was made of, encoded by the caller."""

    key: str
    payload: bytes
    created: float
    expires: float | None
    label: str = ""
    parts: bytes = b""


class Pruned(msgspec.Struct, frozen=True):
    """How much a prune removed."""

    runs: int
    records: int
    blobs: int
