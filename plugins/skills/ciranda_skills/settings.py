"""What a project says about its skills."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Final, Literal

from msgspec import Meta

from ciranda import Settings

__all__ = ["LEVELS", "OPEN_NETWORK", "Isolation", "LevelName", "SkillsSettings"]

LevelName = Literal["L0", "L1", "L2", "L3", "L4"]
Isolation = Literal["fresh", "warm", "strict"]
LEVELS: tuple[LevelName, ...] = ("L0", "L1", "L2", "L3", "L4")
# Trust is given to the files of a skill, and this is not one of them: so it is said at each run.
OPEN_NETWORK: Final = "the network is open to {}: the project's settings say `network = true`"
_Count = Annotated[int, Meta(ge=1)]
_Seconds = Annotated[float, Meta(gt=0.0)]


class SkillsSettings(Settings, section="skills"):
    """The section `[skills]` of `ciranda.toml`.

    Attributes:
        roots: Folders with skills, besides the usual places; they need trust as those do.
        require: The least sandbox that scripts run in.
        timeout: Seconds that a script has, unless its step says otherwise.
        max_output: Bytes that are kept of each of its streams.
        memory_mb: MiB that all its processes may hold together.
        max_processes: Processes it may have at a time.
        folder_mb: MiB that the private folder of a run has room for.
        folder_files: Files and folders that it has room for.
        network: Whether scripts may open internet sockets; each run of one warns of it.
        slots: Scripts that run at a time; two a processor, from 2 to 10, by default.
        zygotes: Import sets, and warm skills, whose processes are kept.
        idle: Seconds after which a process that nobody needed ends.
        ageing: Seconds of waiting that make up for one level of priority.
        warm: Names of skills whose Python processes serve one run after another.
        strict: Names of skills that run below bubblewrap, where there is one.
        preload: Names of skills whose processes are made ready before they are needed; those that
            say `priority: high` in their metadata are too.
        preload_most_used: How many of the skills that ran most often are made ready too.
    """

    roots: tuple[Path, ...] = ()
    require: LevelName = "L0"
    timeout: _Seconds = 30.0
    max_output: _Count = 1 << 20
    memory_mb: _Count = 256
    max_processes: _Count = 32
    folder_mb: _Count = 256
    folder_files: _Count = 10_000
    network: bool = False
    slots: _Count | None = None
    zygotes: _Count = 8
    idle: _Seconds = 300.0
    ageing: _Seconds = 10.0
    warm: tuple[str, ...] = ()
    strict: tuple[str, ...] = ()
    preload: tuple[str, ...] = ()
    preload_most_used: Annotated[int, Meta(ge=0, le=64)] = 0
