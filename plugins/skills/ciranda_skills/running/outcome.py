"""How a run of a skill's script ended."""

from __future__ import annotations

from enum import StrEnum
from typing import Any

import msgspec

__all__ = ["Outcome", "Sandbox", "Status"]


class Status(StrEnum):
    """The verdict on a run."""

    OK = "ok"
    FAILED = "failed"
    TIMEOUT = "timeout"
    CANCELLED = "cancelled"
    REFUSED = "refused"
    KILLED_MEMORY = "killed_memory"


class Sandbox(msgspec.Struct, frozen=True):
    """What a run was confined by.

    Attributes:
        level: `L0` to `L4`.
        missing: Names of what was not in force.
    """

    level: str = "L0"
    missing: tuple[str, ...] = ()


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """One run, ended; nothing that it started is alive.

    Attributes:
        status: The verdict.
        exit_code: None when a signal ended it, or when it never began.
        signal: Number of the signal that ended it.
        stdout: What it wrote, up to the bound; bytes that are not UTF-8 are replaced.
        stderr: The same.
        stdout_total_bytes: How much it wrote, whatever was kept.
        stderr_total_bytes: The same.
        truncated: Whether some of what it wrote is missing.
        json: The one JSON value that its stdout is, or what its function returned.
        wall_s: Seconds from the moment it was confined to its end.
        sandbox: What it was confined by.
        message: One sentence for people when it did not go well; empty otherwise.
        kind: Dotted word for programs on why it was refused, or `skills.room` where its private
            folder had no more; empty otherwise.
    """

    status: Status
    exit_code: int | None = None
    signal: int | None = None
    stdout: str = ""
    stderr: str = ""
    stdout_total_bytes: int = 0
    stderr_total_bytes: int = 0
    truncated: bool = False
    json: Any = None
    wall_s: float = 0.0
    sandbox: Sandbox = Sandbox()
    message: str = ""
    kind: str = ""

    @property
    def ok(self) -> bool:
        """Whether it went well."""
        return self.status is Status.OK
