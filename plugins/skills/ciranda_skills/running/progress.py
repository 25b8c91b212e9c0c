"""What is told of a run while it goes on."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal, NamedTuple

import msgspec

from .outcome import Outcome, Sandbox

__all__ = [
    "Chunk",
    "Finished",
    "Found",
    "Killed",
    "Listener",
    "Observer",
    "Progressed",
    "Ran",
    "Started",
    "Written",
]


class Started(msgspec.Struct, frozen=True, tag="started"):
    """The script is confined and about to run."""

    script: str
    sandbox: Sandbox


class Written(msgspec.Struct, frozen=True, tag="chunk"):
    """It wrote something; what is above the bound is not told."""

    stream: str  # "stdout" or "stderr"
    text: str


class Progressed(msgspec.Struct, frozen=True, tag="progress"):
    """It says how far it is: a line on stderr such as `{"progress": 3, "total": 10, "text": ""}`.

    `total` is 0 where it does not say; the line itself is told as `Written`, too.
    """

    progress: float
    total: float = 0.0
    text: str = ""


class Finished(msgspec.Struct, frozen=True, tag="finished"):
    """It ended by itself."""

    outcome: Outcome


class Killed(msgspec.Struct, frozen=True, tag="killed"):
    """It was killed: its time was up, it took too much, or nobody waits for it any more."""

    outcome: Outcome


Chunk = Started | Written | Progressed | Finished | Killed
Listener = Callable[[Chunk], None]


# What a run found: a process that had to be started first, a zygote that was there, one that had
# served others; nothing when it did not come that far.
Found = Literal["", "cold", "ready", "warm"]


class Ran(NamedTuple):
    """A run that has ended.

    Attributes:
        skill: Its name.
        script: Which.
        outcome: How it ended.
        found: In what state it found its process.
        seconds: From when it was asked for to its end, waiting included.
    """

    skill: str
    script: str
    outcome: Outcome
    found: Found
    seconds: float


Observer = Callable[[Ran], None]
