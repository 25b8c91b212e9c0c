"""What a caller may say of a lane, and what of it is asked for each call."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypedDict

from ..sandbox import Level
from .plan import Asked
from .waiting import Priority

__all__ = ["Words", "asked_by"]


class Words(TypedDict, total=False):
    """What a lane can be told; what `Runner.run` can be told too means the same.

    Attributes:
        timeout: Seconds that each call has from when it begins; 30 by default.
        priority: Where batches wait in line for a slot.
        workers: Processes at a time; one a processor by default.
        limit: Calls that may wait, 4096 by default; further callers wait before they are let in.
    """

    timeout: float
    max_output: int
    memory_mb: int
    max_processes: int
    network: bool
    env: Mapping[str, str]
    require: Level
    priority: Priority
    workers: int
    limit: int


def asked_by(script: str | None, words: Words) -> Asked:
    """Return what is asked for, of each call."""
    return Asked(
        script=script,
        timeout=words.get("timeout", 30.0),
        memory_mb=words.get("memory_mb", 256),
        max_processes=words.get("max_processes", 32),
        network=words.get("network", False),
        env=words.get("env", {}),
        require=words.get("require", Level.L0),
        warm=True,
    )
