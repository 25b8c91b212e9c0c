"""What a sandbox is made of, and what it lacks."""

from enum import IntEnum
from typing import Final, final

import msgspec

from .error import SandboxError

__all__ = ["Gap", "Level", "SandboxReport", "require"]


class Level(IntEnum):
    """How far a process is confined; each level holds all below it.

    L0 own session, clean environment, closed descriptors, resource limits. L1 Landlock.
    L2 seccomp. L3 namespaces. L4 bubblewrap.
    """

    L0 = 0
    L1 = 1
    L2 = 2
    L3 = 3
    L4 = 4


@final
class Gap(msgspec.Struct, frozen=True):
    """One layer, or a part of one, that is not there.

    Args:
        name: One or two words, as in the line of a report.
        why: What was tried and how it failed.
        level: The level that cannot be reached without it; None when one can.
    """

    name: str
    why: str
    level: Level | None = None


@final
class SandboxReport(msgspec.Struct, frozen=True):
    """The level reached, the layers in force, and what is missing.

    Args:
        level: The highest level of which nothing is missing.
        layers: In force, with their version or size: `landlock 7`, `seccomp 213`, `userns`.
        gaps: Not in force, each with its reason.
    """

    level: Level
    layers: tuple[str, ...] = ()
    gaps: tuple[Gap, ...] = ()

    @property
    def missing(self) -> tuple[str, ...]:
        """Names of what is not in force."""
        return tuple(gap.name for gap in self.gaps)

    def line(self) -> str:
        """Return the report in one line."""
        held = f" ({', '.join(self.layers)})" if self.layers else ""
        lacks = f" missing: {', '.join(self.missing)}" if self.gaps else ""
        return f"sandbox: {self.level.name}{held}{lacks}"


_BUBBLEWRAP: Final = Gap("bubblewrap", "the process was not started below it", Level.L4)


def require(report: SandboxReport, level: Level) -> None:
    """Refuse a sandbox below a level.

    Raises:
        SandboxError: The report's level is lower; names what is missing and why.
    """
    if report.level >= level:
        return
    lacking = [gap for gap in report.gaps if gap.level is not None and gap.level <= level]
    if level == Level.L4 and _BUBBLEWRAP.name not in (*report.layers, *report.missing):
        lacking.append(_BUBBLEWRAP)
    reasons = "; ".join(f"{gap.name}: {gap.why}" for gap in lacking)
    raise SandboxError(
        f"sandbox {level.name} is required and this machine gives {report.level.name}"
        f" ({reasons}); allow less with --require-sandbox {report.level.name}"
    )
